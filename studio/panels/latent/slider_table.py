"""Many coding sliders painted by one widget: 512 cost as little as ten."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QLineEdit, QSizePolicy, QWidget

from studio import theme
from studio.panels.latent.slider_row import RowState, paint_row
from studio.widgets.track import fraction_at

ROW = 27  # px
FIGURES = 62  # px, the exact value
LOCK = 26  # px


class SliderTable(QAbstractScrollArea):
    """One row a coding: name, slider, exact value (click to type), lock; double-click or Delete sets a row to zero."""

    changed = Signal()
    committed = Signal()
    locks_changed = Signal()

    def __init__(
        self, labels: Sequence[str] = (), low: float = -3.0, high: float = 3.0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._low, self._high = low, high
        self._row, self._dragging, self._moved, self._hovered = 0, False, False, -1
        self._editor = QLineEdit(self.viewport())
        self._editor.setStyleSheet(f'font-family: "{theme.MONO}"; font-size: 12px; min-height: 20px; padding: 0 3px;')
        self._editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._editor.hide()
        self._editor.editingFinished.connect(self._typed)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("SliderTable { background: transparent; border: none; }")
        self.viewport().setAutoFillBackground(False)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.verticalScrollBar().valueChanged.connect(self._close_editor)
        self.set_labels(labels)

    def set_labels(self, labels: Sequence[str], low: float | None = None, high: float | None = None) -> None:
        """Other rows, all at zero and open; optionally another range."""
        self._labels = list(labels)
        self._low = self._low if low is None else low
        self._high = self._high if high is None else high
        self._values = np.zeros(len(self._labels), np.float32)
        self._locked = np.zeros(len(self._labels), bool)
        self._row = 0
        metrics = QFontMetrics(theme.font())
        self._words = min(max((metrics.horizontalAdvance(text) for text in self._labels), default=20) + 14, 160)
        self._layout_rows()
        self.updateGeometry()

    def values(self) -> NDArray[np.float32]:
        """A copy of all codings."""
        return self._values.copy()

    def set_values(self, values: Sequence[float] | NDArray[np.float32]) -> None:
        """Set all codings without a signal; values beyond the range are kept as they are."""
        given = np.asarray(values, np.float32).reshape(-1)
        if given.shape != self._values.shape:
            raise ValueError(f"{len(self._values)} codings are shown, {len(given)} were given")
        self._values = given.copy()
        self.viewport().update()

    def locked(self) -> NDArray[np.bool_]:
        """Which rows are locked."""
        return self._locked.copy()

    def set_locked(self, mask: Sequence[bool] | NDArray[np.bool_]) -> None:
        """Lock rows by a mask."""
        self._locked = np.asarray(mask, bool).copy()
        self.viewport().update()

    def row(self) -> int:
        """The row that has the keyboard."""
        return self._row

    def sizeHint(self) -> QSize:
        """All rows up to ten."""
        return QSize(300, ROW * min(max(len(self._labels), 3), 10) + 4)

    def minimumSizeHint(self) -> QSize:
        """Three rows."""
        return QSize(self._words + 60 + FIGURES + LOCK, 3 * ROW)

    def _layout_rows(self) -> None:
        bar, high = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(len(self._labels) * ROW - high, 0))
        bar.setPageStep(high)
        bar.setSingleStep(ROW)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scroll by the new height."""
        super().resizeEvent(event)
        self._layout_rows()

    def row_rects(self, row: int) -> tuple[QRectF, QRectF, QRectF, QRectF]:
        """Where name, track, figures and lock of a row lie in the viewport."""
        top = row * ROW - self.verticalScrollBar().value()
        right = self.viewport().width() - LOCK
        track = QRectF(self._words, top, right - FIGURES - self._words, ROW)
        names = QRectF(4, top, self._words - 8, ROW)
        return names, track, QRectF(right - FIGURES, top, FIGURES - 4, ROW), QRectF(right, top, LOCK, ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows on screen."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        first = self.verticalScrollBar().value() // ROW
        for row in range(first, min(first + self.viewport().height() // ROW + 2, len(self._labels))):
            self._paint_row(painter, row)

    def _paint_row(self, painter: QPainter, row: int) -> None:
        zero, value = self._fraction(min(max(0.0, self._low), self._high)), self._fraction(float(self._values[row]))
        state = RowState(
            self._labels[row],
            float(self._values[row]),
            (zero, value),
            locked=bool(self._locked[row]),
            focused=self.hasFocus() and row == self._row,
            hovered=row == self._hovered,
            enabled=self.isEnabled(),
        )
        paint_row(painter, self.row_rects(row), state)

    def _fraction(self, value: float) -> float:
        return (value - self._low) / ((self._high - self._low) or 1.0)

    def move_to(self, row: int, value: float) -> None:
        """Move one coding as a person would: within the range, with a signal."""
        value = min(max(value, self._low), self._high)
        if float(self._values[row]) != value:
            self._values[row] = value
            self._moved = True
            self.viewport().update()
            self.changed.emit()

    def _commit(self) -> None:
        if self._moved:
            self._moved = False
            self.committed.emit()

    def _row_at(self, spot: QPointF) -> int:
        row = int((spot.y() + self.verticalScrollBar().value()) // ROW)
        return row if 0 <= row < len(self._labels) else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a handle, type a value or turn a lock."""
        row = self._row_at(event.position())
        self._commit_editor()
        if row < 0 or event.button() != Qt.MouseButton.LeftButton:
            return
        self._row = row
        _names, track, figures, lock = self.row_rects(row)
        if lock.contains(event.position()):
            self.toggle_lock(row)
        elif figures.contains(event.position()):
            self.edit(row)
        elif track.contains(event.position()):
            self._dragging = True
            self._follow(event.position())
        self.viewport().update()

    def _follow(self, spot: QPointF) -> None:
        part = fraction_at(self.row_rects(self._row)[1], spot.x())
        self.move_to(self._row, self._low + part * (self._high - self._low))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self._dragging:
            self._follow(event.position())
        elif (row := self._row_at(event.position())) != self._hovered:
            self._hovered = row
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The end of a drag."""
        self._dragging = False
        self._commit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to zero."""
        row = self._row_at(event.position())
        if row >= 0 and self.row_rects(row)[1].contains(event.position()):
            self.move_to(row, 0.0)
            self._commit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls; it never moves a coding."""
        if self.verticalScrollBar().maximum() == 0:
            event.ignore()
        else:
            super().wheelEvent(event)

    def toggle_lock(self, row: int) -> None:
        """Lock a row or open its lock."""
        self._locked[row] = not self._locked[row]
        self.viewport().update()
        self.locks_changed.emit()

    def edit(self, row: int) -> None:
        """Open the field for exact entry."""
        self._row = row
        self._editor.setGeometry(self.row_rects(row)[2].adjusted(-2, 1, 4, -1).toRect())
        self._editor.setText(f"{self._values[row]:.2f}")
        self._editor.show()
        self._editor.selectAll()
        self._editor.setFocus()

    def _typed(self) -> None:
        self._commit_editor()
        self.setFocus()

    def _commit_editor(self) -> None:
        if self._editor.isHidden():
            return
        text = self._editor.text().replace(",", ".")
        self._close_editor()
        try:
            self.move_to(self._row, float(text))
        except ValueError:
            return  # not a number: the coding stays as it was
        self._commit()

    def _close_editor(self) -> None:
        self._editor.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down walk, Left and Right move the coding, Enter types, Delete zeroes, L locks."""
        if not len(self._labels):
            return
        leap = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        key, step = Qt.Key(event.key()), leap * (self._high - self._low) / 200
        value = float(self._values[self._row])
        moves = {Qt.Key.Key_Left: value - step, Qt.Key.Key_Right: value + step, Qt.Key.Key_Delete: 0.0}
        rows = {
            Qt.Key.Key_Up: self._row - 1,
            Qt.Key.Key_Down: self._row + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._labels) - 1,
        }
        if key in moves:
            self.move_to(self._row, moves[key])
        elif key in rows:
            self._walk(rows[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.edit(self._row)
        elif key == Qt.Key.Key_L:
            self.toggle_lock(self._row)
        else:
            super().keyPressEvent(event)

    def _walk(self, row: int) -> None:
        self._row = min(max(row, 0), len(self._labels) - 1)
        bar, top = self.verticalScrollBar(), self._row * ROW
        if top < bar.value():
            bar.setValue(top)
        elif top + ROW > bar.value() + self.viewport().height():
            bar.setValue(top + ROW - self.viewport().height())
        self.viewport().update()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A row of key presses ends when the key comes up."""
        if not event.isAutoRepeat():
            self._commit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self.viewport().update()
