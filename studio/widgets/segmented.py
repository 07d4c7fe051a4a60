"""A few choices side by side, one of them chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme


class Segmented(QWidget):
    """A few choices side by side; one is chosen by mouse, by the arrow keys, or by Home and End."""

    chosen = Signal(int)

    def __init__(self, options: Sequence[str], index: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = list(options)
        self._index = index
        self._hovered = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._say()

    def options(self) -> list[str]:
        """The words on the segments."""
        return list(self._options)

    def set_options(self, options: Sequence[str], index: int = 0) -> None:
        """Show other choices, without a signal."""
        self._options, self._index = list(options), index
        self._say()
        self.updateGeometry()
        self.update()

    def index(self) -> int:
        """Which segment is chosen."""
        return self._index

    def text(self) -> str:
        """The word on the chosen segment, or "" if there is none."""
        return self._options[self._index] if 0 <= self._index < len(self._options) else ""

    def set_index(self, index: int) -> None:
        """Choose a segment without a signal."""
        self._index = index
        self._say()
        self.update()

    def choose(self, index: int) -> None:
        """Choose a segment as a person would: with a signal if it is another one."""
        index = min(max(index, 0), len(self._options) - 1)
        if index != self._index:
            self.set_index(index)
            self.chosen.emit(index)

    def _say(self) -> None:
        self.setAccessibleDescription(f"{self.text()}, one of {', '.join(self._options)}")

    def _widths(self, gap: int = theme.GAP_M) -> list[int]:
        metrics = QFontMetrics(theme.font(theme.BODY - 1, QFont.Weight.DemiBold))
        return [metrics.horizontalAdvance(option) + 2 * gap for option in self._options]

    def sizeHint(self) -> QSize:
        """All words with room around them."""
        return QSize(sum(self._widths()) + 2, theme.CONTROL)

    def minimumSizeHint(self) -> QSize:
        """All words, with little room between them: never narrower."""
        return QSize(sum(self._widths(theme.GAP_XS)) + 2, theme.CONTROL)

    def _rects(self) -> list[QRectF]:
        widths = self._widths()
        spare = (self.width() - 2 - sum(widths)) / max(len(widths), 1)
        rects, left = [], 1.0
        for width in widths:
            rects.append(QRectF(left, 1, width + spare, self.height() - 2))
            left += width + spare
        return rects

    def _at(self, spot: QPointF) -> int:
        return next((i for i, rect in enumerate(self._rects()) if rect.contains(spot)), -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose what was pressed."""
        found = self._at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found >= 0:
            self.choose(found)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up what is under the mouse."""
        self._hovered = self._at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Put the light out."""
        self._hovered = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows step, Home and End jump."""
        moves = {
            Qt.Key.Key_Left: self._index - 1,
            Qt.Key.Key_Up: self._index - 1,
            Qt.Key.Key_Right: self._index + 1,
            Qt.Key.Key_Down: self._index + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._options) - 1,
        }
        target = moves.get(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
        else:
            self.choose(target)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the chosen segment, the words and the focus ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(outline, theme.RADIUS_CONTROL, theme.RADIUS_CONTROL)
        painter.fillPath(path, theme.color("field"))
        for i, rect in enumerate(self._rects()):
            self._paint_segment(painter, path, i, rect)
        ring = self.hasFocus()
        painter.setPen(QPen(theme.color("accent" if ring else "line"), theme.RING if ring else 1))
        inset = 0.5 if ring else 0.0
        painter.drawRoundedRect(
            outline.adjusted(inset, inset, -inset, -inset), theme.RADIUS_CONTROL, theme.RADIUS_CONTROL
        )

    def _paint_segment(self, painter: QPainter, path: QPainterPath, i: int, rect: QRectF) -> None:
        picked = i == self._index
        cell = QPainterPath()
        cell.addRect(rect.adjusted(-1, -1, 1, 1) if picked else rect)
        if picked:
            painter.fillPath(path.intersected(cell), theme.color("accent_back"))
        elif i == self._hovered:
            painter.fillPath(path.intersected(cell), theme.color("raised"))
        role = ("accent" if picked else "text") if self.isEnabled() else "disabled"
        painter.setPen(theme.color(role))
        weight = QFont.Weight.DemiBold if picked else QFont.Weight.Medium
        painter.setFont(theme.font(theme.BODY - 1, weight))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._options[i])
        if i and not picked and i - 1 != self._index:
            painter.setPen(QPen(theme.color("line"), 0))
            painter.drawLine(rect.topLeft(), rect.bottomLeft())
