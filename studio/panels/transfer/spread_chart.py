"""Curves of several repetitions: their mean as a line, from the worst to the best as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme

LEFT, FOOT, HEAD = 44, 22, 24  # px


class SpreadChart(QWidget):
    """Shares in [0, 1] by epoch, one colour a group."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[str, NDArray[np.float64]] = {}
        self._mark: tuple[int, str] | None = None
        self.setMinimumSize(240, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_groups(self, groups: Mapping[str, Sequence[Sequence[float]]], mark: tuple[int, str] | None = None) -> None:
        """Show groups of curves (repetitions, epochs); ``mark`` is an epoch with a word."""
        self._groups = {name: np.asarray(curves, float) for name, curves in groups.items() if len(curves)}
        self._mark = mark
        ends = [f"{name}: {curves[:, -1].mean():.1%} at the end" for name, curves in self._groups.items()]
        self.setAccessibleDescription("; ".join(ends))
        self.update()

    def band(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Lowest, mean and highest value of a group by epoch."""
        curves = self._groups[name]
        return curves.min(axis=0), curves.mean(axis=0), curves.max(axis=0)

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(520, 280)

    def _limits(self) -> tuple[float, float, int]:
        low = min(float(curves.min()) for curves in self._groups.values())
        high = max(float(curves.max()) for curves in self._groups.values())
        room = max(0.05, high - low) * 0.08
        return max(0.0, low - room), min(1.0, high + room), max(c.shape[1] for c in self._groups.values())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, bands, lines and their names."""
        if not self._groups:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        low, high, count = self._limits()
        room = QRectF(LEFT, HEAD, self.width() - LEFT - 8, self.height() - HEAD - FOOT)

        def spot(epoch: int, value: float) -> QPointF:
            x = room.left() + room.width() * epoch / max(count - 1, 1)
            return QPointF(x, room.bottom() - room.height() * (value - low) / max(high - low, 1e-9))

        self._paint_axes(painter, room, (low, high, count), spot(self._mark[0], low).x() if self._mark else None)
        left = room.left()
        for index, name in enumerate(self._groups):
            worst, mean, best = self.band(name)
            colour = theme.series(index)
            around = [spot(i, v) for i, v in enumerate(best)]
            around += [spot(i, worst[i]) for i in reversed(range(len(worst)))]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(colour, 0.18))
            painter.drawPolygon(QPolygonF(around))
            style = Qt.PenStyle.SolidLine if index == 0 else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.color(colour), 2, style))
            painter.drawPolyline(QPolygonF([spot(i, v) for i, v in enumerate(mean)]))
            painter.drawLine(QPointF(left, 10), QPointF(left + 18, 10))
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(left + 24, 14), name)
            left += 48 + painter.fontMetrics().horizontalAdvance(name)

    def _paint_axes(
        self, painter: QPainter, room: QRectF, limits: tuple[float, float, int], mark: float | None
    ) -> None:
        low, high, count = limits
        middle = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        step = next((s for s in (0.01, 0.02, 0.05, 0.1) if (high - low) / s <= 6), 0.2)
        for value in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
            y = room.bottom() - room.height() * (value - low) / max(high - low, 1e-9)
            painter.setPen(QPen(theme.color("line"), 0))
            painter.drawLine(QPointF(room.left(), y), QPointF(room.right(), y))
            painter.setPen(theme.color("secondary"))
            painter.drawText(QRectF(0, y - 8, LEFT - 8, 16), middle, f"{value:.0%}")
        foot = QRectF(room.left(), room.bottom() + 4, room.width(), FOOT - 4)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "epoch 1")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, str(count))
        if mark is not None and self._mark is not None:
            painter.setPen(QPen(theme.color("edge"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(mark, room.top()), QPointF(mark, room.bottom()))
            painter.setPen(theme.color("secondary"))
            painter.drawText(QPointF(mark + 4, room.bottom() - 6), self._mark[1])
