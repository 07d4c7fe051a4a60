"""A row that shows how far something is, with a Cancel that works."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from studio.widgets.basics import Title, button, hbox

LEAST = 24  # px of the bar, where there is little room


class ProgressRow(QWidget):
    """Hidden while nothing is done."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._words = Title("", "secondary", strong=False)
        self._bar = QProgressBar()
        cancel = button("Cancel", "ghost")
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(4)
        self._bar.setMinimumWidth(LEAST)
        cancel.clicked.connect(self.cancelled)
        self.setLayout(hbox(self._words, self._bar, cancel))
        self.hide()

    def begin(self, what: str) -> None:
        """Show the row; nobody knows yet how long it takes."""
        self._words.setText(what)
        self._bar.setRange(0, 0)
        self.show()

    def advance(self, what: str, done: int, total: int) -> None:
        """Show how far it is."""
        self._words.setText(f"{what}: {done:,} of {total:,}" if total else f"{what}: {done:,}")
        self._bar.setRange(0, 1000 if total else 0)
        self._bar.setValue(round(1000 * done / total) if total else 0)

    def end(self) -> None:
        """Put the row away."""
        self.hide()
