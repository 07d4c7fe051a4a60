"""The mix that is shown large, how much other noise would change it, and one row a layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu

from models.core.family import About
from models.core.styles.mixing import StyleLayer
from models.core.styles.table import Mixture
from studio import theme
from studio.panels.styles.layer_rows import LayerRows
from studio.panels.styles.table_grid import COARSE, FINE
from studio.panels.styles.tasks import NOISES, Variation
from studio.widgets.card import Card, Foldout, button, hbox, icon_button, label
from studio.widgets.picture import Picture
from studio.widgets.qimages import Pixels

EXPORTS = {
    "Image (PNG)": "picture",
    "Enlarged image (PNG)": "enlarged",
    "Table of mixes (PNG)": "sheet",
    "Variation by noise (PNG)": "variation",
}


class StyleCard(Card):
    """Shows the chosen mix of a table; its ``rows`` change it."""

    export_asked = Signal(str)
    large_asked = Signal(object, str)  # (pixels, words)

    def __init__(self, about: About) -> None:
        super().__init__("Image")
        self.frame: int | None = None  # of the animation, if one of its frames is shown
        self.picture, self.heat = Picture(), Picture()
        for one in (self.picture, self.heat):
            one.setAcceptDrops(False)
            one.setMinimumSize(96, 112)
        self.picture.setToolTip("Click to see it larger, drag it out, or drag it onto a source")
        self.heat.setToolTip("Light where other noise would change the image, dark where it would not")
        self.picture.clicked.connect(lambda: self._open(self.picture))
        self.heat.clicked.connect(lambda: self._open(self.heat))
        self._make_tools()
        self.rows = LayerRows()
        pair = hbox(self.picture, self.heat, spacing=theme.GAP_M)
        self.about = Foldout("What am I looking at?", about)
        self.body.addLayout(pair, 1)
        self.body.addLayout(self._make_legend())
        self.body.addWidget(self.rows)
        self.body.addWidget(self.about)

    def _make_tools(self) -> None:
        copy, self.save = button("Copy"), button("Export")
        copy.clicked.connect(self.picture.copy)
        menu = QMenu(self.save)
        for words, what in EXPORTS.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        self.save.setMenu(menu)
        self.tools.addWidget(copy)
        self.tools.addWidget(self.save)

    def _make_legend(self) -> QHBoxLayout:
        self.coarse, self.fine = label("coarse", "secondary"), label("fine", "secondary")
        self.reset = icon_button("arrow-u-up-left", "Blend the layers as in the table", "small")
        self.reset.clicked.connect(self.rows.reset)
        theme.bus().changed.connect(self._colour)
        self._colour()
        return hbox(
            label("Layer by layer", "title"), self.reset, None, self.coarse, label("to", "secondary"), self.fine
        )

    def _colour(self) -> None:
        for one, index in ((self.coarse, COARSE), (self.fine, FINE)):
            one.setStyleSheet(f"color: {theme.color(theme.series(index)).name()};")

    def set_layers(self, layers: Sequence[StyleLayer]) -> None:
        """Another model."""
        self.rows.set_layers(layers)
        for one in (self.picture, self.heat):
            one.set_image(None)

    def show_table(self, table: Mixture) -> None:
        """Set the rows and say what is shown."""
        self.rows.show_table(table)
        row, column = table.cell
        blended = "as in the table" if table.amounts is None else "layers blended by hand"
        self.set_subtitle(f"row {row + 1}, column {column + 1}, {blended}")
        self.reset.setEnabled(table.amounts is not None)

    def show_picture(self, pixels: Pixels, words: str = "", frame: int | None = None) -> None:
        """Show the large image, or a frame of the animation."""
        self.frame = frame
        self.picture.set_image(pixels)
        self.picture.caption = words or f"{pixels.shape[1]} × {pixels.shape[0]}"

    def show_variation(self, found: Variation) -> None:
        """Show where other noise would change it."""
        self.heat.set_image(np.ascontiguousarray(found.heat))
        if found.most > 1e-6:
            spread = f"standard deviation {found.mean:.1%} on average, {found.most:.1%} at most"
        else:
            spread = "no noise, no difference"
        self.heat.caption = f"Variation over {NOISES} noises: {spread}"

    def _open(self, one: Picture) -> None:
        pixels = one.image()
        if pixels is not None:
            self.large_asked.emit(pixels, one.caption)
