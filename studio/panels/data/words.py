"""The words that captions use, how many captions each stands in, and one of them to look for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from models.core.terminal import visible
from studio import theme
from studio.widgets.basics import label, plain, vbox

MOST = 2_000  # words in the list; a vocabulary has no more
HEIGHT = 236  # px: eight words or so


class CaptionWords(QWidget):
    """A list to search; choosing a word asks for the images whose captions use it, choosing it again for all.

    Attributes:
        chosen: a word was chosen; "" for none.
    """

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.head = label("", "secondary", True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a word")
        self.search.setAccessibleName("Find a word of the captions")
        self.search.textChanged.connect(self._filter)
        self.list = QTreeWidget()
        self.list.setAccessibleName("Words of the captions")
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setFixedHeight(HEIGHT)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(self._toggle)
        self.list.itemActivated.connect(self._choose)
        self.word = ""
        self.setLayout(vbox(self.head, self.search, self.list))

    def show_words(self, counts: Mapping[str, int], images: int) -> None:
        """Show words, the most frequent first, of the captions of so many images; without any the list is away."""
        self.word = ""
        self.search.clear()
        self.list.clear()
        most = f", the {MOST:,} most frequent of them here" if len(counts) > MOST else ""
        self.head.setText(f"{len(counts):,} words in captions{most}. Click one to see its images.")
        for word, count in list(counts.items())[:MOST]:
            item = QTreeWidgetItem([visible.line(word), f"{count:,}"])
            item.setData(0, Qt.ItemDataRole.UserRole, word)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setForeground(1, theme.color("secondary"))
            item.setToolTip(0, plain(f"in {count:,} of {images:,} captions ({count / max(1, images):.1%})"))
            self.list.addTopLevelItem(item)
        self.setVisible(bool(counts))

    def clear(self) -> None:
        """Look for no word any more."""
        self.list.clearSelection()
        self._say("")

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        for item in self.list.findItems("", Qt.MatchFlag.MatchContains):
            item.setHidden(wanted not in item.data(0, Qt.ItemDataRole.UserRole))

    def _toggle(self, item: QTreeWidgetItem) -> None:
        if item.data(0, Qt.ItemDataRole.UserRole) == self.word:
            self.clear()
        else:
            self._choose(item)

    def _choose(self, item: QTreeWidgetItem) -> None:
        self._say(item.data(0, Qt.ItemDataRole.UserRole))

    def _say(self, word: str) -> None:
        if word != self.word:
            self.word = word
            self.chosen.emit(word)
