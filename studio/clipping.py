"""What does not fit its place in a window: widgets that stick out of their parents, and words that are cut off."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QMainWindow,
    QScrollArea,
    QToolButton,
    QWidget,
)

from studio.widgets.basics import Elided, QuietCombo
from studio.widgets.segmented import Segmented

SIZES = ((1024, 600), (1280, 800), (1440, 900))  # of screens that people have, in logical pixels
LEAST_ELIDED = 24  # px: an ellipsis and a letter; less than that says nothing (only a card's small words may vanish)


def misfits(window: QMainWindow) -> list[str]:
    """Everything that is visible and does not fit, one sentence each."""
    return outside(window) + clipped(window)


def misfits_at(window: QMainWindow, size: tuple[int, int]) -> list[str]:
    """What does not fit while the window has another size; afterwards it has its own again."""
    before = window.size()
    _resize(window, QSize(*size))
    found = misfits(window)
    if (window.width(), window.height()) != size:
        found.append(f"the window cannot be made smaller than {window.width()} x {window.height()}")
    _resize(window, before)
    return found


def _resize(window: QMainWindow, size: QSize) -> None:
    window.resize(size)
    for _ in range(3):  # a layout may ask for another one
        QApplication.processEvents()


def in_view(widget: QWidget) -> bool:
    """Whether a widget is the page of a scroll area, or a part of Qt's own kinds of them: it may be larger."""
    parent = widget.parentWidget()
    area = parent.parentWidget() if parent is not None else None
    if isinstance(area, QAbstractScrollArea) and area.viewport() is parent:
        return True
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea) and not isinstance(parent, QScrollArea):
            return True
        parent = parent.parentWidget()
    return False


def outside(window: QMainWindow) -> list[str]:
    """Visible widgets that stick out of their parents."""
    found = []
    for widget in window.findChildren(QWidget):
        parent = widget.parentWidget()
        if not widget.isVisible() or widget.isWindow() or parent is None or in_view(widget):
            continue
        if not parent.rect().contains(widget.geometry()):
            found.append(
                f"{_name(widget)} {_box(widget.geometry())} sticks out of {_name(parent)} {_box(parent.rect())}"
            )
    return found


def clipped(window: QMainWindow) -> list[str]:
    """Visible words that have less room than they need, and no ellipsis that says so."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.isWindow():
            continue
        needed, words = _needed(widget)
        if words and (widget.width() < needed.width() or widget.height() < needed.height()):
            found.append(f"{words!r}: {_size(widget.size())} of {_size(needed)} px")
        if words and not _shown(widget, window):
            found.append(f"{words!r} lies outside the window")
    return found


def _needed(widget: QWidget) -> tuple[QSize, str]:
    """The room that the words of a widget need at least, and the words; "" for a widget without words."""
    if isinstance(widget, Elided):
        return QSize(min(LEAST_ELIDED, widget.sizeHint().width()) if widget.width() else 0, 0), widget.text()
    if isinstance(widget, QLabel):
        if widget.wordWrap():
            return QSize(0, widget.heightForWidth(widget.width())), widget.text()[:60]
        return (QSize(0, 0), "") if not widget.pixmap().isNull() else (written(widget), widget.text())
    if isinstance(widget, QuietCombo):
        return QSize(3 * LEAST_ELIDED, 0), widget.currentText()  # it elides by itself
    if isinstance(widget, QComboBox):
        return widget.sizeHint(), widget.currentText()
    if isinstance(widget, Segmented):
        return widget.minimumSizeHint(), " ".join(widget.options())
    if isinstance(widget, QCheckBox) or (isinstance(widget, QAbstractButton) and not isinstance(widget, QToolButton)):
        return QSize(widget.sizeHint().width(), 0), widget.text()
    return QSize(0, 0), ""


def written(words: QLabel) -> QSize:
    """The room that a label needs for its text: measured, as Qt's own hint keeps a minimum size that it once had."""
    words.ensurePolished()
    text = words.fontMetrics().size(0, words.text())
    inside, margin = words.contentsRect(), 2 * words.margin()
    wide = text.width() + words.width() - inside.width() + margin
    return QSize(wide, text.height() + words.height() - inside.height() + margin)


def _shown(widget: QWidget, window: QMainWindow) -> bool:
    """Whether a widget lies in the window, or where one can scroll to it."""
    parent = widget.parentWidget()
    while parent is not None and parent is not window:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return window.rect().contains(QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()))


def _name(widget: QWidget) -> str:
    return type(widget).__name__ + (f" {widget.accessibleName()!r}" if widget.accessibleName() else "")


def _size(size: QSize) -> str:
    return f"{size.width()} x {size.height()}"


def _box(rect: QRect) -> str:
    return f"{rect.width()} x {rect.height()} at {rect.x()}, {rect.y()}"
