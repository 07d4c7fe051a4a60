"""A real window on real threads, for tests that use the studio as a person would."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from studio.window import Window
from studio.workers.desk import Desk

LONG = 60_000  # ms; nothing is measured, only waited for
LEFT = Qt.MouseButton.LeftButton


def open_window(qtbot, *, size: tuple[int, int] = (1280, 800), backend: bool = True) -> Window:
    window = Window(Desk.open())
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    if backend:
        window.start_backend()
        wait_idle(qtbot, window)
    return window


def wait_idle(qtbot, window: Window, until: Callable[[], bool] = lambda: True) -> None:
    """Wait until ``until`` and no thread has anything to do any more, and every answer was delivered."""

    def at_rest() -> bool:
        if not (until() and window.desk.idle):
            return False
        QApplication.processEvents()
        return window.desk.idle and until()

    qtbot.waitUntil(at_rest, timeout=LONG)


def button_of(parent: QWidget, text: str) -> QPushButton:
    found = [b for b in parent.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    assert len(found) == 1, f"{len(found)} visible buttons say {text!r}"
    return found[0]


def click(parent: QWidget, text: str) -> None:
    widget = button_of(parent, text)
    assert widget.isEnabled(), f"{text!r} is disabled"
    QTest.mouseClick(widget, LEFT)


def retype(editor: QWidget, text: str) -> None:
    editor.setFocus()
    editor.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(editor, text)


def files_mime(paths: Sequence[object]) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def banner_text(window: Window) -> str:
    return window.banner.accessibleName() if window.banner.isVisible() else ""
