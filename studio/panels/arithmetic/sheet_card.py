"""The sheet of images that can be put into the slots: painted by the model, from its dataset, or one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog

from models.core.images import decoding
from studio.widgets.basics import QuietSpin
from studio.widgets.card import Card, EmptyState, Segmented, hbox, icon_button, label
from studio.widgets.picture import PictureGrid
from studio.widgets.progress import ProgressRow
from studio.widgets.qimages import Pixels
from studio.widgets.tile_menu import TileMenu, slot_key

COUNT = 48  # images on a sheet
KINDS = ("Generated", "Dataset", "Mine")
GENERATED, DATASET, OWN = range(3)
HINTS = {
    GENERATED: "Drag one into A, B or C, or press 1, 2, 3.",
    DATASET: "Images that the model has not learned from. Drag them, or press 1, 2, 3.",
    OWN: "Your images. Drag them, or press 1, 2, 3.",
}


@dataclass(frozen=True, eq=False)
class Tile:
    """An image on the sheet; ``coding`` is None until somebody has found it."""

    picture: Pixels
    coding: NDArray[np.float32] | None = None


class SheetCard(Card):
    """Holds the tiles of the three kinds; its controller fills them.

    Args:
        recipe_at: gives what a tile carries when it is dragged out.
    """

    wanted = Signal(int, int)  # a sheet of this kind and seed is wanted
    put = Signal(int, int)  # (slot, tile)
    picked = Signal(int)  # a tile was clicked
    opened = Signal(int)  # a tile is to be seen large
    sent = Signal(int)  # a tile is to be opened in Latent
    files_chosen = Signal(list)
    cancelled = Signal()

    def __init__(self, recipe_at: Callable[[int], Mapping[str, str]]) -> None:
        super().__init__("Source images")
        self._tiles: dict[int, list[Tile]] = {kind: [] for kind in range(len(KINDS))}
        self._make_tools()
        self.kind = Segmented(KINDS)
        self.kind.setAccessibleName("Which images")
        self.kind.chosen.connect(self.show_kind)
        self.hint = label("", "secondary", wrap=True)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self.cancelled)
        self.grid = PictureGrid(cell=56, max_size=160)
        self.grid.setAccessibleName("Source images for the slots")
        self.grid.recipe_at = recipe_at
        self.grid.set_droppable(True)
        self.grid.dropped.connect(self.files_chosen)
        self.grid.clicked.connect(self.picked)
        self.grid.opened.connect(self.opened)
        slots = {f"Put into {slot}": partial(self.put.emit, index) for index, slot in enumerate("ABC")}
        rest = {"Change this image": self.picked.emit, "Enlarge": self.opened.emit, "Open in Latent": self.sent.emit}
        self.menu = TileMenu(self.grid, {**slots, **rest})
        self.empty = EmptyState("image-square", "Drop your own images here. The model finds their codings.", "Open")
        self.empty.asked.connect(self._choose)
        self.body.addLayout(hbox(self.kind, None))
        self.body.addWidget(self.progress)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addWidget(self.hint)
        self.empty.hide()
        self.setAcceptDrops(True)

    def _make_tools(self) -> None:
        self.seed = QuietSpin()
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(1)
        self.seed.setFixedWidth(76)
        self.seed.setToolTip("Seed: the same number gives the same images")
        self.seed.setAccessibleName("Seed of the sheet")
        self.seed.setKeyboardTracking(False)
        self.seed.valueChanged.connect(self._ask)
        self.shuffle = icon_button("arrows-clockwise", "Shuffle")
        self.shuffle.clicked.connect(lambda: self.seed.setValue((self.seed.value() + 1) % 2**31))
        self.open = icon_button("upload-simple", "Open your own images; you can also drop them")
        self.open.clicked.connect(self._choose)
        for widget in (self.seed, self.shuffle, self.open):
            self.tools.addWidget(widget)

    def _choose(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in sorted(decoding.IMAGE_SUFFIXES))
        paths, _ = QFileDialog.getOpenFileNames(self, "Your images", "", f"Images ({kinds})")
        if paths:
            self.files_chosen.emit(paths)

    # --- what is shown ---

    def begin(self, seed: int) -> None:
        """Another model: nothing is known yet; ask for its images."""
        self._tiles = {kind: [] for kind in range(len(KINDS))}
        self.seed.blockSignals(True)
        self.seed.setValue(seed)
        self.seed.blockSignals(False)
        self.kind.set_index(GENERATED)
        self.show_kind()

    def forget(self) -> None:
        """The model has learned more: its images and the codings of others are no longer right."""
        own = [Tile(tile.picture) for tile in self._tiles[OWN]]
        self._tiles = {GENERATED: [], DATASET: [], OWN: own}
        self.show_kind()

    def show_kind(self) -> None:
        """Show the chosen kind; ask for it if it is not there."""
        kind, own = self.kind.index(), self.kind.index() == OWN
        for widget, there in ((self.seed, not own), (self.shuffle, not own), (self.open, own)):
            widget.setVisible(there)
        self.hint.setText(HINTS[kind])
        self._show()
        if not self._tiles[kind] and not own:
            self._ask()

    def _ask(self) -> None:
        self.wanted.emit(self.kind.index(), self.seed.value())

    def _show(self) -> None:
        tiles = self._tiles[self.kind.index()]
        nothing = self.kind.index() == OWN and not tiles
        self.grid.setVisible(not nothing)
        self.empty.setVisible(nothing)
        self.grid.set_images([tile.picture for tile in tiles])

    def set_tiles(self, kind: int, tiles: Sequence[Tile]) -> None:
        """Fill a kind."""
        self._tiles[kind] = list(tiles)
        if kind == self.kind.index():
            self.grid.set_current(-1)
            self._show()

    def add_own(self, tiles: Sequence[Tile]) -> None:
        """Add own images and show them, the first new one chosen."""
        before = len(self._tiles[OWN])
        self._tiles[OWN] += tiles
        self.kind.set_index(OWN)
        self.show_kind()
        self.grid.set_current(before)

    def tile(self, index: int) -> Tile | None:
        """A tile of the kind that is shown."""
        tiles = self._tiles[self.kind.index()]
        return tiles[index] if 0 <= index < len(tiles) else None

    def tiles(self) -> list[Tile]:
        """All that are shown."""
        return list(self._tiles[self.kind.index()])

    def learn(self, tile: Tile, coding: NDArray[np.float32]) -> None:
        """Remember the coding that was found for a tile."""
        for tiles in self._tiles.values():
            for place, one in enumerate(tiles):
                if one is tile:
                    tiles[place] = Tile(tile.picture, coding)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1, 2 and 3 put the ringed image into A, B and C."""
        slot, index = slot_key(event), self.grid.current()
        if slot is not None and index >= 0:
            self.put.emit(slot, index)
        else:
            super().keyPressEvent(event)
