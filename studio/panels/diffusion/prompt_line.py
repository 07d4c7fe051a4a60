"""The line in which a prompt is typed: words are completed from the vocabulary, examples and history can be taken."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractItemView, QCompleter, QLineEdit, QMenu, QWidget

from models.core.diffusion.prompt import MOST, doubts
from studio.widgets.basics import button, hbox, heading, icon_button, label, menu_words, vbox

FEWEST = 1  # letters of a word before it is completed
REMEMBERED = 12  # prompts of the history
TYPING_MS = 400  # so long after the last key words that the model does not know are named


class PromptEdit(QLineEdit):
    """Completes the word at the cursor; Tab or Enter takes what the list shows."""

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(MOST)
        self.setPlaceholderText("What the image should show, in the words of the captions")
        self.setAccessibleName("Prompt")
        self.setMinimumHeight(40)
        self._words = QStringListModel(self)
        self.completion = QCompleter(self._words, self)
        self.completion.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.completion.setWidget(self)
        self.completion.activated.connect(self._insert)
        self.textEdited.connect(self._complete)

    def set_vocabulary(self, words: Sequence[str]) -> None:
        """What words are completed to."""
        self._words.setStringList(sorted(words))

    def finished(self) -> str:
        """What is typed but for the word that is being typed at its end."""
        begin, end = self._span()
        return self.text()[:begin] if end == len(self.text()) else self.text()

    def _popup(self) -> QAbstractItemView:
        popup = self.completion.popup()
        assert popup is not None  # of a completer that shows a list
        return popup

    def _span(self) -> tuple[int, int]:
        """Where the word at the cursor begins, and the cursor."""
        end = self.cursorPosition()
        begin = end
        while begin and not self.text()[begin - 1].isspace() and self.text()[begin - 1] not in ",.;":
            begin -= 1
        return begin, end

    def _complete(self) -> None:
        begin, end = self._span()
        start = self.text()[begin:end]
        popup = self._popup()
        self.completion.setCompletionPrefix(start)
        if len(start) < FEWEST or self.completion.currentCompletion() in ("", start.lower()):
            popup.hide()
            return
        where = self.cursorRect()
        where.setWidth(180)
        self.completion.complete(where)

    def _insert(self, word: str) -> None:
        begin, end = self._span()
        text = self.text()
        self.setText(text[:begin] + word + (" " if end == len(text) else "") + text[end:])
        self.setCursorPosition(begin + len(word) + (end == len(text)))

    def focusNextPrevChild(self, forward: bool) -> bool:
        """While words are offered, Tab takes the first one instead of going on to the next control."""
        popup = self._popup()
        if not forward or not popup.isVisible():
            return super().focusNextPrevChild(forward)
        popup.hide()
        self._insert(self.completion.currentCompletion())
        return True


class PromptLine(QWidget):
    """The line with Examples and Generate; ``asked`` comes with a prompt that is to be painted."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.edit = PromptEdit()
        self.examples = icon_button("list", "Examples, and what was asked for before", "ghost")
        self.examples.setPopupMode(self.examples.ToolButtonPopupMode.InstantPopup)
        self.examples.setStyleSheet("QToolButton::menu-indicator { image: none; width: 0; }")
        self._menu = QMenu(self.examples)
        self.examples.setMenu(self._menu)
        self.go = button("Generate", "primary")
        self.go.clicked.connect(self._ask)
        self.edit.returnPressed.connect(self._ask)
        self.doubts = label("", "warning", wrap=True)
        self.doubts.hide()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._doubt)
        self.edit.textEdited.connect(lambda text: self._typing.start())
        self._shown = ""
        self._words: tuple[str, ...] = ()
        self._history: list[str] = []
        self._offered: tuple[str, ...] = ()
        row = hbox(self.edit, self.examples, self.go)
        row.setStretch(0, 1)
        self.setLayout(vbox(row, self.doubts, spacing=4))

    def show_offer(self, words: Sequence[str], examples: Sequence[str]) -> None:
        """Another model knows these words and learned from captions like these."""
        self.edit.set_vocabulary(words)
        self._words = tuple(words)
        self._offered, self._history = tuple(examples), []
        self._fill()

    def show_prompt(self, text: str, said: str) -> None:
        """What is shown beneath, and which of its words the model does not know."""
        if text != self._shown or not self.edit.isModified():  # what is being typed stays
            self.edit.setText(text)
        self._shown = text
        self._say(said)
        if text and text not in self._offered:
            self._history = [text, *(one for one in self._history if one != text)][:REMEMBERED]
            self._fill()

    def _say(self, said: str) -> None:
        self.doubts.setText(said)
        self.doubts.setVisible(bool(said))

    def _doubt(self) -> None:
        """Name what the model will not understand before it is asked."""
        if self.typed() is not None:
            self._say(doubts(self.edit.finished(), self._words))

    def typed(self) -> str | None:
        """What was typed and not asked for yet; None if nothing was."""
        text = " ".join(self.edit.text().split())
        return text if self.edit.isModified() and text != self._shown else None

    def _fill(self) -> None:
        self._menu.clear()
        for title, texts in (("Examples", self._offered), ("Asked for before", self._history)):
            if texts:
                heading(self._menu, title)
            for text in texts:
                self._menu.addAction(menu_words(text)).triggered.connect(
                    lambda checked=False, text=text: self._take(text)
                )

    def _take(self, text: str, checked: bool = False) -> None:
        self.edit.setText(text)
        self._ask()

    def _ask(self) -> None:
        self.asked.emit(" ".join(self.edit.text().split()))
