"""The bare slider: a slim track that is filled from an origin, and a round handle."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme

HANDLE = 6.0  # px, radius
GROOVE = 4.0  # px
STEPS = 200  # arrow presses over the whole range
PAGES = 20


def paint_track(
    painter: QPainter,
    rect: QRectF,
    parts: tuple[float, float],
    *,
    colour: str = "accent",
    ring: bool = False,
    tick: bool = False,
) -> None:
    """Draw track, fill and handle into ``rect``; ``parts`` are origin and value as fractions of the track."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left = rect.left() + HANDLE + 2
    width = rect.width() - 2 * HANDLE - 4
    middle = rect.center().y()
    origin, value = (left + width * min(max(part, 0.0), 1.0) for part in parts)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("track"))
    groove = QRectF(left, middle - GROOVE / 2, width, GROOVE)
    painter.drawRoundedRect(groove, GROOVE / 2, GROOVE / 2)
    if tick:
        painter.fillRect(QRectF(origin - 0.5, middle - 5, 1, 10), theme.color("edge"))
    painter.setBrush(theme.color(colour))
    painter.drawRoundedRect(QRectF(min(origin, value), middle - GROOVE / 2, abs(value - origin), GROOVE), 1, 1)
    if ring:
        painter.setBrush(theme.color(colour, 0.25))
        painter.drawEllipse(QPointF(value, middle), HANDLE + 4, HANDLE + 4)
    painter.setPen(QPen(theme.color(colour), 3))
    painter.setBrush(theme.color("card"))
    painter.drawEllipse(QPointF(value, middle), HANDLE - 0.5, HANDLE - 0.5)


def fraction_at(rect: QRectF, x: float) -> float:
    """Where on the track of ``paint_track`` a mouse position lies, 0..1."""
    return min(max((x - rect.left() - HANDLE - 2) / max(rect.width() - 2 * HANDLE - 4, 1), 0.0), 1.0)


class Track(QWidget):
    """A slider for numbers: ``changed`` while it moves, ``committed`` when a move has ended (for undo)."""

    changed = Signal(float)
    committed = Signal()

    def __init__(
        self, low: float, high: float, origin: float, step: float = 0.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._low = low
        self._high = high
        self._origin = origin
        self._step = step
        self._value = origin
        self._dragging = self._moved = self._hovered = False
        self.colour = "accent"
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def value(self) -> float:
        """Where the handle stands."""
        return self._value

    def set_value(self, value: float) -> None:
        """Move the handle without a signal."""
        self._value = value
        self.setAccessibleDescription(f"{value:g}, from {self._low:g} to {self._high:g}")
        self.update()

    def set_range(self, low: float, high: float, origin: float) -> None:
        """Change both ends and the place from which the track is filled."""
        self._low = low
        self._high = high
        self._origin = origin
        self.set_value(min(max(self._value, low), high))

    def move_to(self, value: float) -> None:
        """Move the handle as a person would: within the range, to a whole step, with a signal if it moved."""
        if self._step:
            value = self._low + round((value - self._low) / self._step) * self._step
        value = min(max(value, self._low), self._high)
        if value != self._value:
            self._moved = True
            self.set_value(value)
            self.changed.emit(value)

    def sizeHint(self) -> QSize:
        """Long enough to aim at."""
        return QSize(140, 22)

    def minimumSizeHint(self) -> QSize:
        """Still a slider."""
        return QSize(60, 22)

    def fraction(self, value: float) -> float:
        """A value as a fraction of the range."""
        return (value - self._low) / ((self._high - self._low) or 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slider."""
        parts = (self.fraction(self._origin), self.fraction(self._value))
        ring = self.hasFocus() or (self._hovered and self.isEnabled())
        colour = self.colour if self.isEnabled() else "disabled"
        tick = self._origin not in (self._low, self._high)
        paint_track(QPainter(self), QRectF(self.rect()), parts, colour=colour, ring=ring, tick=tick)

    def _follow(self, event: QMouseEvent) -> None:
        part = fraction_at(QRectF(self.rect()), event.position().x())
        self.move_to(self._low + part * (self._high - self._low))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragging, self._moved = True, False
            self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self._dragging:
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The end of a drag."""
        self._dragging = False
        self._commit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the origin."""
        self.move_to(self._origin)

    def _commit(self) -> None:
        if self._moved:
            self._moved = False
            self.committed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One step a notch, but only with the focus."""
        if not self.hasFocus():
            event.ignore()
            return
        self.move_to(self._value + self._unit() * event.angleDelta().y() / 120)
        self._commit()
        event.accept()

    def _unit(self) -> float:
        return self._step or (self._high - self._low) / STEPS

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows step, Page Up and Down leap, Home and End go to the ends, Delete goes to the origin."""
        page = max((self._high - self._low) / PAGES, self._unit())
        targets = {
            Qt.Key.Key_Left: self._value - self._unit(),
            Qt.Key.Key_Down: self._value - self._unit(),
            Qt.Key.Key_Right: self._value + self._unit(),
            Qt.Key.Key_Up: self._value + self._unit(),
            Qt.Key.Key_PageDown: self._value - page,
            Qt.Key.Key_PageUp: self._value + page,
            Qt.Key.Key_Home: self._low,
            Qt.Key.Key_End: self._high,
            Qt.Key.Key_Delete: self._origin,
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
        else:
            self.move_to(target)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A row of key presses ends when the key comes up."""
        if not event.isAutoRepeat():
            self._commit()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be taken."""
        self._hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Calm down."""
        self._hovered = False
        self.update()
