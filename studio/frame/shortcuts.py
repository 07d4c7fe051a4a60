"""The keys of the whole window; a panel's own are in its ``HINTS``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtGui import QKeySequence, QShortcut, QUndoStack
from PySide6.QtWidgets import QMainWindow

QUIT = "Ctrl+Q"  # QKeySequence.StandardKey.Quit is nothing at all where no desktop says what it is


def connect(
    window: QMainWindow, undo: QUndoStack, switch_theme: Callable[[], object], panels: Iterable[str],
    show_panel: Callable[[str], object],
) -> None:  # fmt: skip
    """Give the window its keys.

    Args:
        window: which they belong to; leaving closes it, so that a training is saved.
        undo: what Undo and Redo act on.
        switch_theme: from light to dark, or back.
        panels: their keys in the order of the rail; the first ten have a digit.
        show_panel: is told the key of one.
    """
    for digit, key in zip("1234567890", panels, strict=False):
        QShortcut(QKeySequence(f"Ctrl+{digit}"), window, partial(show_panel, key))
    QShortcut(QKeySequence.StandardKey.Undo, window, undo.undo)
    QShortcut(QKeySequence.StandardKey.Redo, window, undo.redo)
    QShortcut(QKeySequence("Ctrl+T"), window, switch_theme)
    QShortcut(QKeySequence(QUIT), window, window.close)
