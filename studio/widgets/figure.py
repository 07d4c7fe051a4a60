"""The figure of an explanation: a few computed curves with their names, axes and one mark."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from models.core.family import Figure
from studio import theme

HEIGHT, LEFT, FOOT, HEAD = 164, 30, 22, 22  # px
STYLES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)


class FigureView(QWidget):
    """Draws a ``Figure``; hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._figure: Figure | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(200)
        self.setMaximumWidth(420)
        self.hide()

    def set_figure(self, figure: Figure | None) -> None:
        """Show other curves, or none."""
        self._figure = figure
        self.setVisible(figure is not None)
        if figure is not None:
            self.setAccessibleName(figure.caption)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as a fold-out of the form."""
        return QSize(280, HEIGHT)

    def spot(self, x: float, y: float) -> QPointF:
        """Where a point of the figure lies, in px."""
        assert self._figure is not None
        room, ends = self._room(), (self._figure.x[0], self._figure.x[-1])
        along = (x - ends[0]) / (ends[1] - ends[0])
        return QPointF(room.left() + room.width() * along, room.bottom() - room.height() * y / self._figure.top)

    def _room(self) -> QRectF:
        return QRectF(LEFT, HEAD, self.width() - LEFT - 4, self.height() - HEAD - FOOT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, mark, curves and their names."""
        figure = self._figure
        if figure is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        self._paint_axes(painter, figure)
        left = 0.0
        for index, (name, heights) in enumerate(figure.lines):
            painter.setPen(QPen(theme.color(theme.series(index)), 2, STYLES[index % len(STYLES)]))
            painter.drawLine(QPointF(left, 9), QPointF(left + 18, 9))
            painter.setClipRect(self._room())
            painter.drawPolyline(QPolygonF([self.spot(x, y) for x, y in zip(figure.x, heights, strict=True)]))
            painter.setClipping(False)
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(left + 23, 13), name)
            left += 23 + painter.fontMetrics().horizontalAdvance(name) + theme.GAP_M

    def _paint_axes(self, painter: QPainter, figure: Figure) -> None:
        room, line = self._room(), QPen(theme.color("line"), 0)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for height in np.arange(0.0, figure.top, 2.5 * 10.0 ** np.floor(np.log10(figure.top / 2.5))):
            y = self.spot(figure.x[0], float(height)).y()
            painter.setPen(line)
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(theme.color("secondary"))
            painter.drawText(QRectF(0, y - 8, LEFT - 5, 16), right, f"{height:.2g}")
        foot = QRectF(room.left(), room.bottom() + 2, room.width(), 15)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"{round(figure.x[0], 2):g}")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{round(figure.x[-1], 2):g}")
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, figure.x_label)
        place, words = figure.mark
        top = self.spot(place, figure.top)
        painter.setPen(QPen(theme.color("edge"), 1, Qt.PenStyle.DotLine))
        painter.drawLine(top, self.spot(place, 0.0))
        painter.setPen(theme.color("secondary"))
        painter.drawText(QPointF(top.x() + 4, top.y() + 12), words)
