"""What comes out: the sum in the middle of a 3 x 3 grid whose other images carry a little noise."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from models.core.latent.arithmetic import MOST_NOISE, Equation
from studio.widgets.card import Card, EmptyState, button, hbox, icon_button
from studio.widgets.picture import PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.sliders import CodingSlider
from studio.widgets.tile_menu import TileMenu, slot_key

CENTRE = 4
EXPORTS = {
    "Centre image (PNG)": "picture",
    "Enlarged image (PNG)": "enlarged",
    "All nine (PNG)": "sheet",
    "Codings (.npy)": "codings",
}


class ResultCard(Card):
    """Shows the nine images; asks for every change by a signal."""

    example_asked = Signal()
    export_asked = Signal(str)
    put = Signal(int, int)  # (slot, which of the nine)
    opened = Signal(int)
    sent = Signal(int)
    sum_asked = Signal()  # back from one image to A - B + C
    noise_moved = Signal(float)
    committed = Signal()
    noise_drawn = Signal()
    dropped = Signal(list)

    def __init__(self) -> None:
        super().__init__("A − B + C")
        self.back = icon_button("arrow-u-up-left", "Back to A − B + C")
        self.back.clicked.connect(self.sum_asked)
        self.save = button("Export")
        menu = QMenu(self.save)
        for words, what in EXPORTS.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        self.save.setMenu(menu)
        self.tools.addWidget(self.back)
        self.tools.addWidget(self.save)
        self.grid = PictureGrid(cell=48, max_size=420, columns=3)
        self.grid.setAccessibleName("The sum, and variations around it")
        self.grid.set_droppable(True)
        self.grid.dropped.connect(self.dropped)
        self.grid.clicked.connect(self.opened)
        actions = {f"Put into {slot}": self._putter(index) for index, slot in enumerate("ABC")}
        actions |= {"Enlarge": self.opened.emit, "Open in Latent": self.sent.emit}
        self.menu = TileMenu(self.grid, actions)
        self.empty = EmptyState("plus-minus", "Drag images into A, B and C: the sum appears here.", "Show an example")
        self.empty.asked.connect(self.example_asked)
        self.noise = CodingSlider("Noise", 0.0, MOST_NOISE, 0.25)
        self.noise.words.setMinimumWidth(0)
        self.noise.lock.hide()
        self.noise.setToolTip("Noise of the variations, in standard deviations of the prior")
        self.noise.changed.connect(self.noise_moved)
        self.noise.committed.connect(self.committed)
        self.draw = icon_button("arrows-clockwise", "New noise", "small")
        self.draw.clicked.connect(self.noise_drawn)
        self.below = hbox(self.noise, self.draw)
        self.below.setStretch(0, 1)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addLayout(self.below)
        self.show_equation(Equation.empty(1))

    def _putter(self, slot: int) -> Callable[[int], None]:
        return lambda index: self.put.emit(slot, index)

    def show_equation(self, equation: Equation) -> None:
        """Set title and slider; show the way in while there is nothing to add."""
        self.set_title(equation.words())
        used = [f"{amount:+.2f} {one.name}" for one, amount in zip(equation.directions, equation.amounts, strict=True)
                if amount]  # fmt: skip
        self.set_subtitle("  ".join(used) or ("in the middle, variations with a little noise"))
        self.noise.set_value(equation.noise)
        one = equation.base is not None
        self.back.setVisible(one and any(len(group) for group in equation.groups))
        for widget in (self.grid, self.save, self.noise, self.draw):
            widget.setVisible(equation.filled)
        self.empty.setVisible(not equation.filled)

    def show_pictures(self, pictures: Pixels) -> None:
        """Show nine images (9, height, width, channels), the middle one ringed."""
        self.grid.set_images(pictures)
        if self.grid.current() < 0:
            self.grid.set_current(CENTRE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1, 2 and 3 put the ringed image into A, B and C."""
        slot, index = slot_key(event), self.grid.current()
        if slot is not None and index >= 0:
            self.put.emit(slot, index)
        else:
            super().keyPressEvent(event)
