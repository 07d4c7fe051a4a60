"""A schedule that is bent by hand: points on the curve of alpha_bar that can be dragged, added and taken away."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen

from models.core.diffusion import schedules
from studio import theme
from studio.panels.diffusion.signal_chart import SignalChart

Points = tuple[tuple[float, float], ...]  # (share of the time, alpha_bar)
NEAR = 12.0  # px within which a point is taken
APART = 0.01  # two points are at least so far apart
STEP = 0.02  # of an arrow key
MOST = 12  # points
START = (0.25, 0.5, 0.75)  # shares of the time at which the first points lie
MOVES = {
    Qt.Key.Key_Left: (-STEP, 0.0),
    Qt.Key.Key_Right: (STEP, 0.0),
    Qt.Key.Key_Up: (0.0, STEP),
    Qt.Key.Key_Down: (0.0, -STEP),
}


def points_of(schedule: NDArray[np.float64]) -> Points:
    """Points that lie on a schedule; where it is level they are moved so that each lies below the one before."""
    last = len(schedule) - 1
    heights = [float(schedule[round(share * last)]) for share in START]
    for index in range(len(heights)):  # each leaves room for those after it, and lies below those before it
        most = 1.0 - APART * (index + 1) if not index else heights[index - 1] - APART
        heights[index] = min(max(heights[index], APART * (len(heights) - index)), most)
    return tuple(zip(START, heights, strict=True))


def words_of(points: Points) -> str:
    """As a config writes them: "0.25:0.85, 0.5:0.49"."""
    return ", ".join(f"{share:.4g}:{height:.4g}" for share, height in points)


class ScheduleChart(SignalChart):
    """Drag a point; double-click adds one or takes one away. Keys: Tab comes here, Page Up and Down choose a point,
    arrows move it, Insert adds one, Delete takes it away.
    """

    bent = Signal(object)  # Points, while something moves
    let_go = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.own = self.schedule  # the model's
        self.points: Points = ()
        self.chosen = -1
        self._held = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_own(self, schedule: NDArray[np.float64]) -> None:
        """The schedule that the model has; nothing is bent."""
        self.own = schedule
        self.set_points(())

    def set_points(self, points: Points) -> None:
        """Bend the curve through points; () is the model's own, with points on it that wait to be taken."""
        self.points = points
        self.set_schedule(schedules.from_alpha_bar(points, len(self.own) - 1) if points else self.own)
        self.chosen = min(self.chosen, len(self.handles()) - 1)

    def handles(self) -> Points:
        """The points that can be taken."""
        return self.points or points_of(self.own)

    def _place(self, index: int, share: float, height: float) -> None:
        """Move a point, but never past its neighbours."""
        points = [(0.0, 1.0), *self.handles(), (1.0, 0.0)]
        (left, above), (right, below) = points[index], points[index + 2]
        share = min(max(share, left + APART), right - APART)
        height = min(max(height, below + APART / 2), above - APART / 2)
        points[index + 1] = (round(share, 4), round(height, 4))
        self._bend(tuple(points[1:-1]))

    def _bend(self, points: Points) -> None:
        self.set_points(points)
        self.bent.emit(points)

    def add(self, share: float) -> None:
        """A new point on the curve, unless there is one already or no room."""
        points = self.handles()
        if len(points) >= MOST or any(abs(share - other) < 2 * APART for other in (0.0, 1.0, *(p[0] for p in points))):
            return
        heights = [1.0, *(point[1] for point in points), 0.0]
        at = sum(other < share for other, _ in points)
        if heights[at] - heights[at + 1] < 2 * APART:
            return
        height = float(self.schedule[round(share * (len(self.schedule) - 1))])
        height = min(max(height, heights[at + 1] + APART / 2), heights[at] - APART / 2)
        self.chosen = at
        self._bend((*points[:at], (round(share, 4), round(height, 4)), *points[at:]))
        self.let_go.emit()

    def remove(self, index: int) -> None:
        """Take a point away; the last one stays."""
        points = self.handles()
        if 0 <= index < len(points) and len(points) > 1:
            self._bend((*points[:index], *points[index + 1 :]))
            self.let_go.emit()

    def _near(self, spot: QPointF) -> int:
        gaps = [math.hypot(*(self.spot(*point) - spot).toTuple()) for point in self.handles()]
        best = int(np.argmin(gaps))
        return best if gaps[best] <= NEAR else -1

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a point, or ask for a time."""
        near = self._near(event.position()) if event.button() == Qt.MouseButton.LeftButton else -1
        self._held = near >= 0
        self.chosen = near
        self.update()
        if not self._held:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the point."""
        if self._held:
            self._place(self.chosen, *self.share_at(event.position()))
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The end of a drag: one step of undo."""
        if self._held:
            self._held = False
            self.let_go.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take a point away, or add one."""
        near = self._near(event.position())
        self._held = False
        if near >= 0:
            self.remove(near)
        else:
            self.add(self.share_at(event.position())[0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose a point, move it, add one, take it away."""
        key, points = Qt.Key(event.key()), self.handles()
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.chosen = (self.chosen + (1 if key == Qt.Key.Key_PageUp else -1)) % len(points)
            self.update()
        elif key == Qt.Key.Key_Insert:
            self.add(self.time / (len(self.schedule) - 1))
        elif key == Qt.Key.Key_Delete and self.chosen >= 0:
            self.remove(self.chosen)
        elif key in MOVES and self.chosen >= 0:
            by, up = MOVES[key]
            share, height = points[self.chosen]
            self._place(self.chosen, share + by, height + up)
            self.let_go.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both curves, the points and the cursor."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_frame(painter)
        if self.points:
            self.paint_curve(painter, self.own, "edge", thin=True)
        self.paint_curve(painter, self.schedule, theme.series(0))
        self.paint_cursor(painter)
        for index, point in enumerate(self.handles()):
            picked = index == self.chosen
            ring = picked and (self.hasFocus() or self._held)
            painter.setPen(QPen(theme.color("text" if ring else theme.series(0)), 2))
            painter.setBrush(theme.color("accent" if picked else "card"))
            painter.drawEllipse(self.spot(*point), 6, 6)
