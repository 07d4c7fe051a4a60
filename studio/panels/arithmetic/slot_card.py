"""One of the slots A, B and C: the images in it, the image of their mean coding, and the strength of the term."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QKeySequence

from models.core.latent.arithmetic import STRONGEST, Array, Equation
from studio import theme
from studio.widgets import drag_drop
from studio.widgets.basics import plain
from studio.widgets.card import Card, hbox, icon_button
from studio.widgets.lightbox import Lightbox
from studio.widgets.picture import Picture, PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.sliders import CodingSlider

COLOURS = (0, 3, 2)  # of the theme's series
FRAME = 8  # px around a tile, for the ring
NOTHING = np.zeros((0, 1, 1, 1), np.uint8)


class SlotCard(Card):
    """Shows one group of an equation; every change is a signal with the new equation.

    Args:
        recipe: gives what an image with a coding (latent_size,) carries when it is dragged out.
    """

    previewed = Signal(object)  # Equation, while the slider moves
    changed = Signal(object)  # Equation
    committed = Signal()  # the slider has come to rest
    dropped = Signal(int, list)  # (slot, paths)

    def __init__(self, index: int, title: str, words: str, recipe: Callable[[Array], Mapping[str, str]]) -> None:
        super().__init__(title, words)
        self._index, self._words = index, words
        self._recipe = recipe
        self._equation = Equation.empty(1)
        self.setAcceptDrops(True)
        self.strip = PictureGrid(cell=32, max_size=128)
        self.strip.setAccessibleName(f"Images in {title}")
        self.strip.recipe_at = self._recipe_at
        self.strip.opened.connect(lambda at: self._open(self.strip.image(at), f"image {at + 1} in {title}"))
        self.mean = Picture()
        self.mean.setAcceptDrops(False)
        self.mean.setAccessibleName(f"Mean of the codings in {title}, decoded")
        self.mean.clicked.connect(lambda: self._open(self.mean.image(), f"mean of {title}"))
        self.slider = CodingSlider(f"Strength of {title}", -STRONGEST, STRONGEST, 1.0)
        self.slider.words.hide()
        self.slider.lock.hide()
        self.slider.changed.connect(self._preview)
        self.slider.committed.connect(self.committed)
        self.remove = icon_button("minus-circle", f"Take the chosen image out of {title} (Delete)", "small")
        self.clear = icon_button("trash", f"Take all images out of {title}", "small")
        self.remove.clicked.connect(self._remove)
        self.clear.clicked.connect(self._clear)
        self.tools.addWidget(self.remove)
        self.tools.addWidget(self.clear)
        self.nothing = Picture("Drop images here")
        self.nothing.setAcceptDrops(False)
        self.nothing.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = hbox(self.strip, self.mean, self.nothing)
        row.setStretch(0, 1)
        row.setStretch(2, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.slider)
        self.set_tile(64)
        self.show_pictures(NOTHING, None)
        theme.bus().changed.connect(self._colour)
        self._colour()

    def _colour(self) -> None:
        colour = theme.series(COLOURS[self._index])
        self.set_accent(colour)
        self.slider.set_colour(colour)

    def set_tile(self, side: int) -> None:
        """Show tiles of about this side, in px."""
        self.mean.setFixedSize(side + FRAME, side + FRAME)
        self.nothing.setFixedHeight(side + FRAME)
        self.strip.setFixedHeight(side + FRAME)
        self.strip.set_cell(32, side)

    def show_equation(self, equation: Equation) -> None:
        """Set the slider; the images come by ``show_pictures`` when they are decoded."""
        self._equation = equation
        self.slider.set_value(equation.strengths[self._index])

    def show_pictures(self, pictures: Pixels, mean: Pixels | None) -> None:
        """Show the decoded codings (n, height, width, channels) and their decoded mean."""
        count = len(pictures)
        self.strip.set_images(pictures)
        self.mean.set_image(mean)
        self.mean.setToolTip(plain(f"Mean of {count} codings, decoded" if count > 1 else "Its coding, decoded"))
        self.set_subtitle(f"{self._words}, {count} + mean" if count > 1 else self._words)
        for widget in (self.strip, self.mean):
            widget.setVisible(count > 0)
        self.nothing.setVisible(count == 0)
        self.remove.setEnabled(count > 0)
        self.clear.setEnabled(count > 0)

    def count(self) -> int:
        """How many images are in the slot."""
        return self.strip.count()

    def _preview(self, strength: float) -> None:
        self.previewed.emit(self._equation.with_strength(self._index, strength))

    def _remove(self) -> None:
        if self.count():
            at = self.strip.current()
            self.changed.emit(self._equation.take(self._index, at if at >= 0 else self.count() - 1))

    def _clear(self) -> None:
        self.changed.emit(self._equation.clear(self._index))

    def _recipe_at(self, at: int) -> Mapping[str, str]:
        return self._recipe(self._equation.groups[self._index][at])

    def _open(self, pixels: Pixels | None, words: str) -> None:
        if pixels is not None:
            Lightbox(self, pixels, words, {})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the chosen image out."""
        if event.matches(QKeySequence.StandardKey.Delete) and self.strip.hasFocus():
            self._remove()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say yes to images and files."""
        if drag_drop.carries(event.mimeData()) and event.source() is not self.strip.viewport():
            self.set_accent("accent")
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The drag has gone elsewhere."""
        self._colour()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped."""
        self._colour()
        paths = drag_drop.paths_in(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(self._index, paths)


def show_slots(slots: Sequence[SlotCard], counts: Sequence[int], pictures: Pixels) -> None:
    """Deal out decoded codings: ``counts`` for each slot, then the mean of each slot that is not empty."""
    parts = np.split(pictures, np.cumsum(counts))
    means = iter(parts[-1])
    for slot, count, part in zip(slots, counts, parts, strict=False):
        slot.show_pictures(part, next(means) if count else None)
