"""Real events that QTest has no word for: wheel, drag and drop."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def wheel(widget: QWidget, turn: int = 120, spot: QPointF | None = None) -> QWheelEvent:
    at = spot or QPointF(widget.rect().center())
    where = QPointF(widget.mapToGlobal(at.toPoint()))
    buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, where, QPoint(), QPoint(0, turn), buttons, NONE, phase, False)
    QApplication.sendEvent(widget, event)
    return event


def enter_drag(widget: QWidget, mime: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, mime, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget: QWidget, mime: QMimeData) -> bool:
    enter_drag(widget, mime)
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def move(widget: QWidget, spot: QPoint, buttons: Qt.MouseButton = LEFT) -> None:
    at = QPointF(spot)
    kind = QMouseEvent.Type.MouseMove
    where = QPointF(widget.mapToGlobal(spot))
    QApplication.sendEvent(widget, QMouseEvent(kind, at, where, Qt.MouseButton.NoButton, buttons, NONE))


def drag(widget: QWidget, *spots: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(widget, button, NONE, spots[0])
    for spot in spots[1:]:
        move(widget, spot, button)
    QTest.mouseRelease(widget, button, NONE, spots[-1])
