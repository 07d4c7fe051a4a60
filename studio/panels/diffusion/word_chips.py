"""The words of a prompt as chips: what each did, how much it counts, and another word in its place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)  # fmt: skip
from PySide6.QtWidgets import QCompleter, QLineEdit, QSizePolicy, QWidget

from models.core.diffusion.prompt import STRONGEST, Prompt
from models.core.diffusion.words import words_read
from studio import theme
from studio.widgets.basics import button, hbox, plain
from studio.widgets.card import Card
from studio.widgets.flow_row import FlowRow
from studio.widgets.sliders import CodingSlider, LabelledSlider

HIGH, SIDE, BAR = 34, 10, 3  # px: of a chip, left and right of its word, of the bar beneath it
EARLY = 2  # the step at which another word takes over, unless somebody says otherwise


class WordChip(QWidget):
    """A word, and beneath it a bar that says how much it did; unknown words are underlined."""

    hovered = Signal(bool)
    chosen = Signal()

    def __init__(self, word: str, *, known: bool) -> None:
        super().__init__()
        self.word, self._known = word, known
        self.amount, self.strength = 0.0, 1.0
        self.selected, self._lit = False, False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Word {word}")
        self.setToolTip(plain("" if known else f"The model has never read “{word}”."))

    def show_amount(self, amount: float) -> None:
        """How much it did, 0 to 1."""
        self.amount = amount
        self.setAccessibleDescription(f"{amount:.0%} of the word that did most")
        self.update()

    def show_strength(self, strength: float) -> None:
        """How much it counts; said beside the word if that is not 1."""
        if strength != self.strength:
            self.strength = strength
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        """What is written on it."""
        return self.word if self.strength == 1.0 else f"{self.word} ×{self.strength:.2g}"

    def select(self, selected: bool) -> None:
        """Whether the slider beneath means this word."""
        self.selected = selected
        self.update()

    def sizeHint(self) -> QSize:
        """The word with room around it."""
        return QSize(QFontMetrics(theme.font()).horizontalAdvance(self.text()) + 2 * SIDE, HIGH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, word, bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        lit = self._lit or self.hasFocus()
        painter.setPen(QPen(theme.color("accent"), 1.5) if self.selected or lit else Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent_back" if self.selected else "hover" if lit else "raised"))
        painter.drawRoundedRect(ground, theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)
        face = theme.font()
        face.setUnderline(not self._known)
        painter.setFont(face)
        painter.setPen(theme.color("text" if self._known else "warning"))
        painter.drawText(ground.adjusted(0, 0, 0, -2 * BAR), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.setPen(Qt.PenStyle.NoPen)
        room = QRectF(SIDE, HIGH - 2 * BAR - 2, self.width() - 2 * SIDE, BAR)
        painter.setBrush(theme.color("track"))
        painter.drawRoundedRect(room, 1.5, 1.5)
        painter.setBrush(theme.color("accent"))
        room.setWidth(room.width() * min(max(self.amount, 0.0), 1.0))
        painter.drawRoundedRect(room, 1.5, 1.5)

    def _light(self, lit: bool) -> None:
        self._lit = lit
        self.hovered.emit(lit)
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show what the word did."""
        self._light(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Show the images again."""
        self._light(False)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The same by keyboard."""
        self._light(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The same by keyboard."""
        self._light(False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose it."""
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space choose it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class WordsCard(Card):
    """The chips, and for the chosen one its strength and another word in its place."""

    hovered = Signal(int)  # the place of a word, -1 for none
    word_chosen = Signal()
    strength_asked = Signal(int, float)
    replace_asked = Signal(int, str)
    time_asked = Signal(int)  # the step at which the other word takes over

    def __init__(self) -> None:
        super().__init__()  # the images say what can be done with words: they get the room of a title
        self.setAccessibleName("Words")
        self.chips: list[WordChip] = []
        self._prompt, self._vocabulary = Prompt(), frozenset[str]()
        self._words: list[str] = []
        self._chosen = -1
        self._row = FlowRow()
        self.strength = CodingSlider("Strength", 0.0, STRONGEST, 1.0)
        self.strength.lock.hide()
        self.strength.setToolTip("0 leaves the word out, 1 is as it is, 2 doubles its effect")
        self.strength.committed.connect(lambda: self.strength_asked.emit(self._chosen, self.strength.value()))
        self.other = QLineEdit()
        self.other.setPlaceholderText("another word instead")
        self.other.setAccessibleName("Another word in its place")
        self.other.returnPressed.connect(self._replace)
        self.do = button("Replace")
        self.do.setToolTip("Keep the image and change this word: before and after side by side")
        self.do.clicked.connect(self._replace)
        self.time = LabelledSlider(0, 1, lambda step: f"from step {step + 1}")
        self.time.setToolTip("The later the word is replaced, the less changes, and the less it obeys")
        self.time.committed.connect(lambda: self.time_asked.emit(self.time.value()))
        self.time.set_value(EARLY)
        self._tools = QWidget()
        row = hbox(self.strength, self.other, self.do, self.time, spacing=theme.GAP_M)
        for place, share in ((0, 3), (1, 2), (3, 2)):
            row.setStretch(place, share)
        self._tools.setLayout(row)
        self._tools.hide()
        self.body.addWidget(self._row)
        self.body.addWidget(self._tools)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def set_vocabulary(self, words: Sequence[str]) -> None:
        """The words that the model knows."""
        self._vocabulary = frozenset(words)
        completer = QCompleter(sorted(words), self.other)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.other.setCompleter(completer)

    def set_steps(self, steps: int) -> None:
        """How many steps the walk has: a word can be replaced at all but the last."""
        before = self.time.value()
        self.time.set_range(0, max(1, steps - 2))
        self.time.set_value(before)

    def show_prompt(self, prompt: Prompt) -> None:
        """Its words."""
        words = words_read(prompt.text)
        self._prompt = prompt
        if words != self._words:
            self._words = words
            self._chosen = -1
            row = FlowRow()
            self.chips = []
            for place, word in enumerate(words):
                chip = WordChip(word, known=not self._vocabulary or word in self._vocabulary)
                chip.hovered.connect(partial(self._hover, place))
                chip.chosen.connect(partial(self.choose, place))
                row.add(chip)
                self.chips.append(chip)
            self.body.replaceWidget(self._row, row)
            self._row.deleteLater()
            self._row = row
        for place, chip in enumerate(self.chips):
            chip.show_strength(prompt.strength(place))
        self.setVisible(bool(words))
        self._show_chosen()

    def show_amounts(self, amounts: NDArray | None) -> None:  # type: ignore[type-arg]
        """How much each word did; None until that is known."""
        for place, chip in enumerate(self.chips):
            chip.show_amount(0.0 if amounts is None or place >= len(amounts) else float(amounts[place]))

    def choose(self, place: int) -> None:
        """Show the tools of a word; once more hides them."""
        self._chosen = -1 if place == self._chosen else place
        self.other.clear()
        self._show_chosen()
        if self._chosen >= 0:
            self.word_chosen.emit()

    def _show_chosen(self) -> None:
        for place, chip in enumerate(self.chips):
            chip.select(place == self._chosen)
        self._tools.setVisible(self._chosen >= 0)
        if self._chosen >= 0:
            word = self._words[self._chosen]
            self.strength.track.setAccessibleName(f"Strength of {word}")
            self.strength.set_value(self._prompt.strength(self._chosen))

    def _hover(self, place: int, lit: bool) -> None:
        self.hovered.emit(place if lit else -1)

    def _replace(self) -> None:
        word = " ".join(self.other.text().split())
        if self._chosen >= 0 and word:
            self.replace_asked.emit(self._chosen, word)
