"""The images of a prompt, large, with the effect of a word laid over them; before and after a word is replaced."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.core.images import convert, heat
from studio.panels.diffusion.recording import Frame, Pixels
from studio.panels.diffusion.step_cards import GAP, GROUND, NAMELESS, NONE, Names
from studio.widgets.basics import Elided, hbox, vbox
from studio.widgets.card import Card, button
from studio.widgets.grid import PictureGrid
from studio.widgets.lightbox import Lightbox

HINT = "hover a word: what it did  ·  click it: strength, or another word"
SHORT_HINT = "hover a word: what it did"  # beside the images after a word was replaced
Maps = Callable[[int], NDArray[np.float32] | None]  # the map of an image, or None while it is not known


class PromptCard(Card):
    """One sheet of images."""

    def __init__(self, title: str) -> None:
        super().__init__(title, " ")
        self.name = Elided()
        self.grids = [PictureGrid(cell=56, max_size=420)]
        self.grids[0].clicked.connect(self._open)
        self.body.addWidget(self.name)
        self.body.addWidget(self.grids[0], 1)

    def show_sheet(self, sheet: Pixels, words: str) -> None:
        """Images, and what they were asked for."""
        self.name.setText(words)
        self.name.setVisible(bool(words))
        self.grids[0].set_images(sheet)

    def _open(self, index: int) -> None:
        pixels = self.grids[0].image(index)
        if pixels is not None:
            Lightbox(self.grids[0], pixels.copy(), f"{self.title()}, image {index + 1}", self.grids[0].recipe)


class PromptCards(QWidget):
    """As ``StepCards``: what a page shows of a step."""

    table_asked = Signal()
    kept = Signal()  # the sentence of the images after a word was replaced

    def __init__(self) -> None:
        super().__init__()
        self.cards = [PromptCard("Images"), PromptCard("After")]
        self.cards[0].set_subtitle(HINT)
        table = button("Table of words")
        table.setToolTip("Fill a table: one list of words across, one down")
        table.clicked.connect(self.table_asked)
        self.cards[0].tools.addWidget(table)
        keep = button("Use this sentence")
        keep.setToolTip("Generate from this sentence alone, from the same noise")
        keep.clicked.connect(self.kept)
        self.cards[1].tools.addWidget(keep)
        self._shown: tuple[Frame | None, Frame | None, Names] = (None, None, NAMELESS)
        self._effect: Maps | None = None
        self._words, self._most = "", 0.0
        row = hbox(*self.cards, spacing=12)
        row.setStretch(0, 1)
        row.setStretch(1, 1)
        self.setLayout(vbox(row))
        self.show_frames(None, None)

    def show_effect(self, effect: Maps | None, words: str, most: float = 0.0) -> None:
        """Lay the effect of a word over the images, or nothing.

        Args:
            words: say what is seen.
            most: the effect that is brightest, the same for all words, so that they can be compared.
        """
        self._effect = effect
        self._words, self._most = words, most
        self._draw()

    def show_frames(self, first: Frame | None, second: Frame | None, names: Names = NAMELESS) -> None:
        """Show a step, and beside it the same moment after a word was replaced."""
        self._shown = (first, second, names)
        self.cards[0].set_title("Images" if second is None else "Before")
        self.cards[1].setVisible(second is not None)
        self._draw()

    def frame(self) -> Frame | None:
        """The step that is shown."""
        return self._shown[0]

    def show_noise(self, wanted: bool) -> None:
        """Nothing but images is shown here."""

    def picture(self) -> Pixels:
        """The sheets that are shown in one image."""
        sheets = [convert.grid(self._sheet(0))]
        if self._shown[1] is not None:
            sheets.append(convert.grid(self._sheet(1)))
        return convert.grid(np.stack(sheets), columns=len(sheets), gap=GAP, ground=GROUND)

    def _draw(self) -> None:
        names = self._shown[2][0]
        self.cards[0].set_subtitle(self._words or (HINT if self._shown[1] is None else SHORT_HINT))
        for place, card in enumerate(self.cards):
            card.show_sheet(self._sheet(place), names[place] if self._shown[1] is not None else "")

    def _sheet(self, place: int) -> Pixels:
        """The images of a card, the first one's with the effect over those for which it is known."""
        frame = self._shown[1] if place else self._shown[0]
        if frame is None:
            return NONE
        maps = [] if self._effect is None or place else [self._effect(index) for index in range(len(frame.x))]
        if not any(one is not None for one in maps):
            return frame.x
        colour = np.repeat(frame.x, 3, axis=-1) if frame.x.shape[-1] == 1 else frame.x
        return np.stack(
            [colour[i] if one is None else heat.over(frame.x[i], one, self._most) for i, one in enumerate(maps)]
        )
