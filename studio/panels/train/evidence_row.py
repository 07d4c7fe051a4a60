"""One signal that speaks for a diagnosis: its name, what it is now, and its course with the limit as a dashed line."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from models.core.doctor.rules import Evidence
from studio import theme
from studio.widgets.basics import plain

NAME, FIGURE, LEAST = 18, 24, 34  # px: the words, the figure, the lowest course
WIDE = 50.0  # times the limit; a course that reaches further is drawn by its logarithm


class EvidenceFigure(QWidget):
    """A small figure; ``role`` colours its line: "good", "warning" or "bad"."""

    def __init__(self, evidence: Evidence, role: str) -> None:
        super().__init__()
        self._evidence, self._role = evidence, role
        self.setMinimumSize(92, NAME + FIGURE + LEAST)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(evidence.words)
        self.setToolTip(plain(evidence.words))

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(220, 110)

    def _heights(self) -> tuple[list[float], float]:
        """The course and the limit as heights from 0 (bottom) to 1."""
        values, limit = np.asarray(self._evidence.values, float), self._evidence.limit
        if abs(values).max() > WIDE * max(abs(limit), 1e-9):
            values, limit = np.sign(values) * np.log1p(abs(values)), float(np.sign(limit) * np.log1p(abs(limit)))
        low, high = min(float(values.min()), limit, 0.0), max(float(values.max()), limit)
        span = max(high - low, 1e-9)
        return ((values - low) / span).tolist(), (limit - low) / span

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw name, figure, course and limit."""
        painter, found = QPainter(self), self._evidence
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = theme.font(theme.SMALL)
        painter.setFont(small)
        painter.setPen(theme.color("secondary"))
        name = QFontMetrics(small).elidedText(found.signal, Qt.TextElideMode.ElideRight, self.width())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, 0, self.width(), NAME), middle, name)
        large = theme.mono(theme.BODY + 2)
        painter.setFont(large)
        painter.setPen(theme.color("text"))
        figure = f"{found.value:,.0f}" if abs(found.value) >= 1000 else f"{found.value:.3g}"
        painter.drawText(QRectF(0, NAME, self.width(), FIGURE), middle, figure)
        left = QFontMetrics(large).horizontalAdvance(figure) + theme.GAP_S
        painter.setFont(small)
        painter.setPen(theme.color("secondary"))
        side = f"{'above' if found.above else 'below'} {found.limit:.3g}"
        if QFontMetrics(small).horizontalAdvance(side) <= self.width() - left:  # else the tool tip says it
            painter.drawText(QRectF(left, NAME + 1, self.width() - left, FIGURE), middle, side)
        if len(found.values) > 1:
            top = NAME + FIGURE + 4
            self._paint_course(painter, QRectF(1, top, self.width() - 2, self.height() - top - 4))

    def _paint_course(self, painter: QPainter, room: QRectF) -> None:
        heights, limit = self._heights()
        steps = self._evidence.steps
        span = max(steps[-1] - steps[0], 1)

        def spot(step: int, height: float) -> QPointF:
            x = room.left() + room.width() * (step - steps[0]) / span
            return QPointF(x, room.bottom() - room.height() * height)

        pen = QPen(theme.color("edge"), 1, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawLine(spot(steps[0], limit), spot(steps[-1], limit))
        points = [spot(step, height) for step, height in zip(steps, heights, strict=True)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._role, 0.12))
        feet = [QPointF(end.x(), room.bottom()) for end in (points[-1], points[0])]
        painter.drawPolygon(QPolygonF([*points, *feet]))
        painter.setPen(QPen(theme.color(self._role), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))
