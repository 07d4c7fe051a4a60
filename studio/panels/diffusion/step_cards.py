"""One step of a walk: the image now, what the model thinks it will be, the noise it sees, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from models.core.images import convert
from studio import theme
from studio.panels.diffusion.recording import Frame, Pixels
from studio.widgets.basics import Elided, hbox
from studio.widgets.card import Card, Segmented
from studio.widgets.grid import PictureGrid
from studio.widgets.lightbox import Lightbox

NONE = np.zeros((0, 1, 1, 1), np.uint8)
STEP = "Change in this step"
WALK = (
    ("xₜ", "the image now"),
    ("Predicted x₀", "expected result"),
    ("Predicted noise", ""),
    (STEP, ""),
)
INTO_NOISE = (("xₜ", "the noisy image"), ("x₀", "the image"), ("Noise", ""), ("", ""))
WIDE = 1_000  # px from which all four cards stand side by side
NOISE, CHANGE = range(2)
GAP, GROUND = 6, 128  # pixels and grey between the sheets of an exported image
Names = Sequence[tuple[str, str]]  # for each card, what stands above its two sheets
NAMELESS: Names = (("", ""),) * 4


class StepCard(Card):
    """A sheet of images; a second one beneath it while a walk is forked."""

    def __init__(self) -> None:
        super().__init__(" ")
        self.layout().setContentsMargins(theme.GAP_M + 2, theme.GAP_S, theme.GAP_M + 2, theme.GAP_S)  # type: ignore[union-attr]
        self.grids = [PictureGrid(cell=56, max_size=420) for _ in range(2)]
        self.names = [Elided(), Elided()]
        for name, grid in zip(self.names, self.grids, strict=True):
            self.body.addWidget(name)
            self.body.addWidget(grid, 1)
            grid.clicked.connect(lambda index, grid=grid: self.open(grid, index))
        self.show_sheets(NONE, None)

    def show_sheets(self, first: Pixels, second: Pixels | None, names: tuple[str, str] = ("", "")) -> None:
        """Show one sheet, or two with their names."""
        for grid, name, sheet, words in zip(self.grids, self.names, (first, second), names, strict=True):
            grid.setVisible(sheet is not None)
            name.setVisible(second is not None)
            name.setText(words)
            if sheet is not None:
                grid.set_images(sheet)

    def open(self, grid: PictureGrid, index: int) -> None:
        """One image large."""
        pixels = grid.image(index)
        if pixels is not None:
            Lightbox(grid, pixels.copy(), f"{self.title()}, image {index + 1}", grid.recipe)


class StepCards(QWidget):
    """Four cards side by side; in a narrow window the third shows the predicted noise or what the step has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.cards = [StepCard() for _ in range(4)]
        self.kind = Segmented(["Noise", "Change"])
        self.kind.setToolTip("The noise that the model predicts, or what the last step changed (enlarged)")
        self.kind.setAccessibleName("What the third card shows")
        self.kind.chosen.connect(lambda index: self._show_again())
        self.cards[2].tools.addWidget(self.kind)
        self._shown: tuple[Frame | None, Frame | None, Names] = (None, None, NAMELESS)
        self._forward, self._noisy, self._wide = False, True, False
        row = hbox(*self.cards, spacing=12)
        for index in range(len(self.cards)):
            row.setStretch(index, 1)
        self.setLayout(row)
        self.set_forward(False)

    def set_forward(self, forward: bool) -> None:
        """Whether images go into noise (forward) or come out of it."""
        self._forward = forward
        self._show_again()

    def show_noise(self, wanted: bool) -> None:
        """Whether there is room for noise and change beside something else."""
        self._noisy = wanted
        self._show_again()

    def _changes(self) -> bool:
        """Whether the third card shows the change, because there is no room for a fourth."""
        return self.kind.index() == CHANGE and not self._forward and not self._wide

    def _name(self) -> None:
        for card, (title, words) in zip(self.cards, INTO_NOISE if self._forward else WALK, strict=True):
            card.set_title(title)
            card.set_subtitle(words)
        if self._changes():
            self.cards[2].set_title(STEP)

    def show_frames(self, first: Frame | None, second: Frame | None, names: Names = NAMELESS) -> None:
        """Show a step, and beneath it the same moment of the other future with what to say of both in each card."""
        self._shown = (first, second, names)
        room = self._wide or second is None  # two futures need the room of a narrow window
        self.cards[2].setVisible(room and (self._noisy or self._wide))
        self.cards[3].setVisible(self._wide and not self._forward)
        self.kind.setVisible(not self._forward and not self._wide)
        for card, mine, other, words in zip(self.cards, self._parts(first), self._parts(second), names, strict=True):
            card.show_sheets(NONE if mine is None else mine, other, words)

    def frame(self) -> Frame | None:
        """The step that is shown."""
        return self._shown[0]

    def picture(self) -> Pixels:
        """The sheets that are shown in one image: a column for each card, beneath it the other future."""
        seen = [
            part for part in zip(self.cards, *map(self._parts, self._shown[:2]), strict=True) if part[0].isVisible()
        ]
        sheets = [convert.grid(sheet) for row in (1, 2) for part in seen if (sheet := part[row]) is not None]
        return convert.grid(np.stack(sheets), columns=len(seen), gap=GAP, ground=GROUND)

    def _parts(self, frame: Frame | None) -> tuple[Pixels | None, Pixels | None, Pixels | None, Pixels | None]:
        if frame is None:
            return None, None, None, None
        return frame.x, frame.x_0, frame.change if self._changes() else frame.noise, frame.change

    def _show_again(self) -> None:
        self._name()
        self.show_frames(*self._shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wide window has room for all four."""
        super().resizeEvent(event)
        if (self.width() >= WIDE) != self._wide:
            self._wide = not self._wide
            self._show_again()
