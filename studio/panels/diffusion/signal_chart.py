"""How much of an image is left by time: the curve of alpha_bar, and where the walk is now."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.widgets.basics import plain

LEFT, RIGHT, HEAD, FOOT = 22, 10, 22, 18  # px around the curve
POINTS = 200  # of the curve that is drawn


def decibels(alpha_bar: float) -> str:
    """The signal-to-noise ratio in words."""
    if alpha_bar >= 1.0:
        return "no noise"
    return f"{10 * np.log10(max(alpha_bar, 1e-30) / (1.0 - alpha_bar)):+.1f} dB"


class SignalChart(QWidget):
    """alpha_bar against t with a cursor; press or drag to ask for a time."""

    asked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.schedule: NDArray[np.float64] = np.array([1.0, 0.0])
        self.time = 0
        self.setMinimumSize(160, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Signal left by time")

    def set_schedule(self, schedule: NDArray[np.float64]) -> None:
        """Show another curve, alpha_bar by t, (T + 1,)."""
        self.schedule = schedule
        self.set_time(min(self.time, len(schedule) - 1))

    def set_time(self, t: int) -> None:
        """Move the cursor."""
        self.time = t
        self.setAccessibleDescription(f"t = {t}: {self.words()}")
        self.setToolTip(plain(f"t = {t:,}: alpha_bar {self.schedule[t]:.4f}, {decibels(float(self.schedule[t]))}"))
        self.update()

    def words(self) -> str:
        """What the cursor says."""
        return f"{100 * self.schedule[self.time]:.0f} % signal"

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(260, 130)

    def plot(self) -> QRectF:
        """Where the curve lies."""
        return QRectF(self.rect()).adjusted(LEFT, HEAD, -RIGHT, -FOOT)

    def spot(self, share: float, alpha_bar: float) -> QPointF:
        """Where a share of the time and an alpha_bar, both 0 to 1, lie."""
        room = self.plot()
        return QPointF(room.left() + share * room.width(), room.bottom() - alpha_bar * room.height())

    def share_at(self, spot: QPointF) -> tuple[float, float]:
        """The share of the time and the alpha_bar under the mouse, 0 to 1."""
        room = self.plot()
        share = (spot.x() - room.left()) / max(room.width(), 1)
        return min(max(share, 0.0), 1.0), min(max((room.bottom() - spot.y()) / max(room.height(), 1), 0.0), 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, the curve and the cursor."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_frame(painter)
        self.paint_curve(painter, self.schedule, theme.series(0))
        self.paint_cursor(painter)

    def paint_frame(self, painter: QPainter) -> None:
        """Lines at 0, 1/2 and 1, and the ends of both axes."""
        room = self.plot()
        painter.setPen(QPen(theme.color("line"), 0))
        for height in (0.0, 0.5, 1.0):
            painter.drawLine(self.spot(0.0, height), self.spot(1.0, height))
        painter.setFont(theme.mono(theme.SMALL))
        painter.setPen(theme.color("secondary"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for height in (0, 1):
            painter.drawText(QRectF(0, self.spot(0, height).y() - 8, LEFT - 6, 16), right, str(height))
        foot = QRectF(room.left(), room.bottom() + 3, room.width(), FOOT - 3)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, "t = 0")
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{len(self.schedule) - 1:,}")

    def paint_curve(self, painter: QPainter, schedule: NDArray[np.float64], colour: str, *, thin: bool = False) -> None:
        """One schedule as a line."""
        last = len(schedule) - 1
        places = np.unique(np.linspace(0, last, min(POINTS, last + 1)).round().astype(int))
        painter.setPen(
            QPen(theme.color(colour), 1 if thin else 2, Qt.PenStyle.DashLine if thin else Qt.PenStyle.SolidLine)
        )
        painter.drawPolyline(QPolygonF([self.spot(t / last, float(schedule[t])) for t in places]))

    def paint_cursor(self, painter: QPainter) -> None:
        """A line at t, and what is left there beside it."""
        x, room = self.spot(self.time / (len(self.schedule) - 1), 0).x(), self.plot()
        painter.setPen(QPen(theme.color(theme.series(1)), 1.5))
        painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
        painter.setFont(theme.mono(theme.SMALL))
        painter.setPen(theme.color("text"))
        wide = painter.fontMetrics().horizontalAdvance(self.words()) + 4
        left = min(max(x - wide / 2, 0.0), self.width() - wide)
        painter.drawText(QRectF(left, 0, wide, 14), Qt.AlignmentFlag.AlignCenter, self.words())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for the time under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._ask(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse while it is pressed."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event.position())

    def _ask(self, spot: QPointF) -> None:
        self.asked.emit(round(self.share_at(spot)[0] * (len(self.schedule) - 1)))
