"""The ways out of the Styles panel: images seen large, dragged out with their recipe, and exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from models.core.images import convert
from models.core.styles.table import SIDE, Mixture
from studio.panels.styles.features_card import FeaturesCard
from studio.panels.styles.mix_card import StyleCard
from studio.panels.styles.table_card import MixingCard
from studio.panels.styles.table_grid import cell_of, line_of
from studio.widgets.exporting import Exporter
from studio.widgets.lightbox import Lightbox
from studio.workers.recipes import Later, text_chunk

LARGER = 8  # times
MAP = 64  # px to which small feature maps are enlarged in an exported sheet


class StyleExports(QObject):
    """Answers what the cards ask for.

    Args:
        exporter: writes into the Gallery.
        mixes, features, one: the cards.
        recipe_of: gives the recipe of a table.
    """

    def __init__(
        self, exporter: Exporter, mixes: MixingCard, features: FeaturesCard, one: StyleCard,
        recipe_of: Callable[[Mixture], dict[str, Any]],
    ) -> None:  # fmt: skip
        super().__init__()
        self.exporter = exporter
        self.mixes = mixes
        self.features = features
        self.one = one
        self._recipe_of = recipe_of
        self._table = Mixture.begin(1)
        mixes.opened.connect(self._open_tile)
        mixes.grid.recipe_at = self.recipe_at
        one.picture.recipe = one.heat.recipe = features.grid.recipe = Later(self._text)
        one.export_asked.connect(self.export)
        one.large_asked.connect(self._open_one)
        features.export_asked.connect(self._export_maps)
        features.opened.connect(self._open_map)

    def show_table(self, table: Mixture) -> None:
        """What goes out is of this table."""
        self._table = table

    def recipe(self) -> dict[str, Any]:
        """Of this moment; a frame of the animation says which one it is."""
        frame = {} if self.one.frame is None else {"frame": self.one.frame}
        return {**self._recipe_of(self._table), **frame}

    def _text(self) -> dict[str, str]:
        return text_chunk(self.recipe())

    def recipe_at(self, tile: int) -> dict[str, str]:
        """What a tile carries: a mix is itself, a source is a mix in which it paints all layers."""
        line = line_of(tile)
        cell = cell_of(tile)
        table = self._table
        if line is not None:
            coarse = line < SIDE
            here = table.with_cell(line if coarse else 0, 0 if coarse else line - SIDE)
            return text_chunk(self._recipe_of(replace(here, amounts=(float(not coarse),) * table.layers)))
        return {} if cell is None else text_chunk(self._recipe_of(table.with_cell(*cell)))

    @Slot(str)
    def export(self, what: str) -> None:
        """Into the Gallery: the image, enlarged or not, the whole table, or the variation by noise."""
        picture = self.one.picture.image()
        heat = self.one.heat.image()
        sheet = self.mixes.grid.table()
        if what == "sheet" and sheet is not None:
            self.exporter.picture(sheet, self.recipe())
        elif what == "variation" and heat is not None:
            self.exporter.picture(convert.enlarge(heat, LARGER), self.recipe())
        elif what in ("picture", "enlarged") and picture is not None:
            self.exporter.picture(convert.enlarge(picture, LARGER if what == "enlarged" else 1), self.recipe())

    def _export_maps(self) -> None:
        maps = self.features.shown()
        if maps is not None:
            large = [convert.enlarge(one, max(1, MAP // len(one))) for one in maps.maps]
            self.exporter.picture(convert.grid(np.stack(large), gap=2), self.recipe())

    def _open_one(self, pixels: Any, words: str) -> None:
        Lightbox(self.one.picture, pixels, words, self._text())

    def _open_tile(self, tile: int) -> None:
        pixels = self.mixes.grid.image(tile)
        if pixels is not None:
            Lightbox(self.mixes.grid, pixels, self.mixes.words(tile), self.recipe_at(tile))

    def _open_map(self, at: int) -> None:
        maps = self.features.shown()
        if maps is not None:
            Lightbox(self.features.grid, maps.maps[at], f"channel {maps.channels[at]}", self._text())
