"""What comes out: the sum in the middle of a 3 x 3 grid whose other images carry a little noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from models.core.diffusion.prompt import Offer
from models.core.latent.arithmetic import MOST_NOISE, Equation
from studio.widgets.card import Card, EmptyState, button, hbox, icon_button
from studio.widgets.condition_picker import ConditionPicker, Values
from studio.widgets.lightbox import Lightbox
from studio.widgets.picture import PictureGrid
from studio.widgets.qimages import Pixels
from studio.widgets.sliders import CodingSlider
from studio.widgets.tile_menu import TileMenu, slot_key

CENTRE = 4
OF_THE_SUM = "As the sum gives it"
EXPORTS = {
    "Centre image (PNG)": "picture",
    "Enlarged image (PNG)": "enlarged",
    "All nine (PNG)": "sheet",
    "Codings (.npy)": "codings",
}


class ResultCard(Card):
    """Shows the nine images of an equation; every change is a signal with the new equation.

    Args:
        recipe_at: gives what one of the nine carries when it is dragged out.
    """

    previewed = Signal(object)  # Equation, while the slider moves
    changed = Signal(object)  # Equation
    committed = Signal()  # the slider has come to rest
    put = Signal(int, object)  # (slot, coding)
    sent = Signal(object)  # a coding to be opened in Latent
    example_asked = Signal()
    export_asked = Signal(str)
    dropped = Signal(list)

    def __init__(self, recipe_at: Callable[[int], Mapping[str, str]]) -> None:
        super().__init__("A − B + C")
        self._equation = Equation.empty(1)
        self.back = icon_button("arrow-u-up-left", "Back to A − B + C")
        self.back.clicked.connect(self._back_to_sum)
        self.save = button("Export")
        menu = QMenu(self.save)
        for words, what in EXPORTS.items():
            menu.addAction(words).triggered.connect(lambda _on=False, w=what: self.export_asked.emit(w))
        self.save.setMenu(menu)
        self.tools.addWidget(self.back)
        self.tools.addWidget(self.save)
        self.grid = PictureGrid(cell=48, max_size=420, columns=3)
        self.grid.setAccessibleName("The sum, and variations around it")
        self.grid.recipe_at = self._recipe_at = recipe_at
        self.grid.set_droppable(True)
        self.grid.dropped.connect(self.dropped)
        self.grid.clicked.connect(self._open)
        slots = {f"Put into {slot}": partial(self._put, index) for index, slot in enumerate("ABC")}
        self.menu = TileMenu(self.grid, {**slots, "Enlarge": self._open, "Open in Latent": self._send})
        self.empty = EmptyState("plus-minus", "Drag images into A, B and C: the sum appears here.", "Show an example")
        self.empty.asked.connect(self.example_asked)
        self.condition = ConditionPicker(OF_THE_SUM)
        self.condition.changed.connect(self._ask_for)
        self.noise = CodingSlider("Noise", 0.0, MOST_NOISE, 0.25)
        self.noise.words.setMinimumWidth(0)
        self.noise.lock.hide()
        self.noise.setToolTip("Noise of the variations, in standard deviations of the prior")
        self.noise.changed.connect(self._preview)
        self.noise.committed.connect(self.committed)
        self.draw = icon_button("arrows-clockwise", "New noise", "small")
        self.draw.clicked.connect(self._draw_noise)
        self.below = hbox(self.noise, self.draw)
        self.below.setStretch(0, 1)
        self.body.addWidget(self.grid, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addWidget(self.condition)
        self.body.addLayout(self.below)
        self.show_equation(Equation.empty(1))

    def show_offer(self, offer: Offer) -> None:
        """Another model, whose codings end in these conditions."""
        self.condition.show_offer(offer)

    def show_equation(self, equation: Equation) -> None:
        """Set title and slider; show the way in while there is nothing to add."""
        self._equation = equation
        self.set_title(equation.words())
        used = [f"{amount:+.2f} {one.name}" for one, amount in zip(equation.directions, equation.amounts, strict=True)
                if amount]  # fmt: skip
        self.set_subtitle("  ".join(used) or ("in the middle, variations with a little noise"))
        self.noise.set_value(equation.noise)
        one = equation.base is not None
        self.back.setVisible(one and any(len(group) for group in equation.groups))
        for widget in (self.grid, self.save, self.noise, self.draw):
            widget.setVisible(equation.filled)
        self.condition.setVisible(equation.filled and bool(equation.condition))
        self.condition.show_values(equation.condition)
        self.empty.setVisible(not equation.filled)

    def show_pictures(self, pictures: Pixels) -> None:
        """Show nine images (9, height, width, channels), the middle one ringed."""
        self.grid.set_images(pictures)
        if self.grid.current() < 0:
            self.grid.set_current(CENTRE)

    def _preview(self, noise: float) -> None:
        self.previewed.emit(replace(self._equation, noise=noise))

    def _ask_for(self, condition: Values) -> None:
        self.changed.emit(replace(self._equation, condition=condition))

    def _draw_noise(self) -> None:
        self.changed.emit(replace(self._equation, seed=self._equation.seed + 1))

    def _back_to_sum(self) -> None:
        self.changed.emit(replace(self._equation, base=None))

    def _put(self, slot: int, at: int) -> None:
        self.put.emit(slot, self._equation.neighbours()[at])

    def _send(self, at: int) -> None:
        self.sent.emit(self._equation.neighbours()[at])

    def _open(self, at: int) -> None:
        pixels = self.grid.image(at)
        if pixels is not None:
            words = self._equation.words() + ("" if at == CENTRE else ", with a little noise")
            Lightbox(self.grid, pixels, words, self._recipe_at(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """1, 2 and 3 put the ringed image into A, B and C."""
        slot, index = slot_key(event), self.grid.current()
        if slot is not None and index >= 0:
            self._put(slot, index)
        else:
            super().keyPressEvent(event)
