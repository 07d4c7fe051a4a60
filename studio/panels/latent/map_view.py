"""The map itself: points in the plane of codings, picked with a click, crossed by a drawn path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from studio import theme
from studio.panels.latent.map_layer import Cloud, paint_points, paint_thumbs, thumb_spots, thumb_zoom
from studio.widgets.tiles import on_device

FAR = 200.0  # times closer than the whole
NUDGE = 0.02  # of the width, one arrow press


class MapView(QWidget):
    """Paints the cloud and answers mouse and keys; map units on both axes are equally long."""

    picked = Signal(float, float)
    path_moving = Signal(object)
    path_drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cloud = Cloud(np.zeros((0, 2)), np.zeros(0, np.int64), [])
        self.hidden: set[int] = set()
        self.thumbnails = True
        self._middle = np.zeros(2)
        self._scale = self._fitted_scale = 60.0  # px a unit
        self._layer: QPixmap | None = None
        self._marker: tuple[float, float] | None = None
        self._path: list[tuple[float, float]] = []
        self._press: QPointF | None = None
        self._pan: QPointF | None = None
        self._space = self._touched = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 160)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        theme.bus().changed.connect(self.redraw)

    def sizeHint(self) -> QSize:
        """Square and generous."""
        return QSize(380, 380)

    def redraw(self) -> None:
        """Paint the still layer again."""
        self._layer = None
        self.update()

    def to_screen(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) map units -> (n, 2) px in this widget; y points up on the map."""
        half = np.array([self.width() / 2, self.height() / 2])
        placed = half + (np.asarray(points, np.float64) - self._middle) * self._scale * np.array([1.0, -1.0])
        return np.asarray(placed, np.float64)

    def to_map(self, spot: QPointF) -> tuple[float, float]:
        """A spot in this widget -> map units."""
        x = self._middle[0] + (spot.x() - self.width() / 2) / self._scale
        y = self._middle[1] - (spot.y() - self.height() / 2) / self._scale
        return float(x), float(y)

    def fit(self) -> None:
        """Show the whole cloud."""
        self._touched = False
        if len(self.cloud.points):
            low, high = self.cloud.points.min(axis=0), self.cloud.points.max(axis=0)
        else:
            low, high = np.full(2, -3.0), np.full(2, 3.0)
        span = np.maximum(high - low, 1e-6)
        self._middle = (low + high) / 2
        self._scale = float(min((self.width() - 48) / span[0], (self.height() - 48) / span[1]))
        self._scale = self._fitted_scale = max(self._scale, 1e-6)
        self.redraw()

    def zoom_at(self, spot: QPointF, factor: float) -> None:
        """Come closer or step back; the place under ``spot`` stays where it is."""
        before = np.array(self.to_map(spot))
        self._scale = min(max(self._scale * factor, self._fitted_scale / 4), self._fitted_scale * FAR)
        self._middle = self._middle + before - np.array(self.to_map(spot))
        self._touched = True
        self.redraw()

    def scale(self) -> float:
        """Pixels a map unit."""
        return self._scale

    def set_marker(self, spot: tuple[float, float] | None) -> None:
        """Mark the current point, or none."""
        self._marker = spot
        self.update()

    def marker(self) -> tuple[float, float] | None:
        """The current point."""
        return self._marker

    def set_path(self, path: NDArray[np.floating] | None) -> None:
        """Show a path of (k, 2) map units, or none."""
        self._path = [] if path is None else [(float(x), float(y)) for x, y in path]
        self.update()

    def path(self) -> NDArray[np.float64]:
        """The path as (k, 2) map units."""
        return np.array(self._path, np.float64).reshape(-1, 2)

    def thumbs(self) -> list[int]:
        """The points whose images have room now."""
        if self.cloud.picture is None or not self.thumbnails or not len(self.cloud.points):
            return []
        pixels = self.cloud.picture(0)
        if pixels is None:
            return []
        ratio = self.devicePixelRatioF()
        side = max(pixels.shape[:2]) * thumb_zoom(pixels, ratio) / ratio + 6
        spots = self.to_screen(self.cloud.points)
        spots[np.isin(self.cloud.labels, list(self.hidden))] = -1e9
        return thumb_spots(spots, (self.width(), self.height()), side)

    def _paint_layer(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        layer = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)
        painter = QPainter(layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QPainterPath()
        ground.addRoundedRect(QRectF(self.rect()), theme.RADIUS_PICTURE, theme.RADIUS_PICTURE)
        painter.fillPath(ground, theme.color("window"))
        painter.setClipPath(ground)
        spots = self.to_screen(self.cloud.points)
        if len(spots):
            paint_points(painter, self.cloud, spots, self.hidden)
            on_device(painter, ratio)
            paint_thumbs(painter, self.cloud, spots, self.thumbs(), ratio)
        painter.end()
        return layer

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the still layer, then path, marker and focus ring."""
        if self._layer is None or self._layer.devicePixelRatio() != self.devicePixelRatioF():
            self._layer = self._paint_layer()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if len(self._path) > 1:
            self._paint_path(painter)
        if self._marker is not None:
            self._paint_dot(painter, self._marker, 7.0, "accent")
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), theme.RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, theme.RADIUS_PICTURE, theme.RADIUS_PICTURE)

    def _paint_path(self, painter: QPainter) -> None:
        line = QPolygonF([QPointF(x, y) for x, y in self.to_screen(self.path())])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for role, width in (("window", 5.0), ("text", 2.0)):
            round_cap, round_join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
            painter.setPen(QPen(theme.color(role, 0.85), width, Qt.PenStyle.SolidLine, round_cap, round_join))
            painter.drawPolyline(line)
        for end in (self._path[0], self._path[-1]):
            self._paint_dot(painter, end, 6.0, "text")

    def _paint_dot(self, painter: QPainter, spot: tuple[float, float], radius: float, role: str) -> None:
        x, y = self.to_screen(np.array([spot]))[0]
        painter.setPen(QPen(theme.color(role), 2.2))
        painter.setBrush(theme.color("card"))
        painter.drawEllipse(QPointF(x, y), radius, radius)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left picks or draws; right, middle, or left with the space bar pans."""
        left = event.button() == Qt.MouseButton.LeftButton
        if left and not self._space:
            self._press = event.position()
        else:
            self._pan = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, or draw the path."""
        spot = event.position()
        if self._pan is not None:
            shift = (spot - self._pan) / self._scale
            self._middle = self._middle - np.array([shift.x(), -shift.y()])
            self._pan, self._touched = spot, True
            self.redraw()
        elif self._press is not None:
            self._extend(spot)

    def _extend(self, spot: QPointF) -> None:
        assert self._press is not None
        drawing = len(self._path) > 1 and self._path[0] == self.to_map(self._press)
        if not drawing:
            if (spot - self._press).manhattanLength() < QApplication.startDragDistance():
                return
            self._path = [self.to_map(self._press)]
        self._path.append(self.to_map(spot))
        self.update()
        self.path_moving.emit(self.path())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click picks; a drag has drawn a path."""
        if self._pan is not None:
            self._pan = None
            self.setCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.CrossCursor)
        elif self._press is not None:
            drawn = len(self._path) > 1 and self._path[0] == self.to_map(self._press)
            self._press = None
            if drawn:
                self.path_drawn.emit(self.path())
            else:
                self._pick(self.to_map(event.position()))

    def _pick(self, spot: tuple[float, float]) -> None:
        self.set_marker(spot)
        self.picked.emit(*spot)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole cloud."""
        self._press = None
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Come closer or step back."""
        self.zoom_at(event.position(), 1.2 ** (event.angleDelta().y() / 120))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the marker, + and - zoom, F or 0 fits, Escape forgets the path, Space with the mouse pans."""
        key, middle = Qt.Key(event.key()), QPointF(self.width() / 2, self.height() / 2)
        step = NUDGE * self.width() / self._scale
        moves = {
            Qt.Key.Key_Left: (-step, 0.0),
            Qt.Key.Key_Right: (step, 0.0),
            Qt.Key.Key_Up: (0.0, step),
            Qt.Key.Key_Down: (0.0, -step),
        }
        if key in moves:
            x, y = self._marker or self.to_map(middle)
            self._pick((x + moves[key][0], y + moves[key][1]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom_at(middle, 1 / 1.2 if key == Qt.Key.Key_Minus else 1.2)
        elif key in (Qt.Key.Key_F, Qt.Key.Key_0):
            self.fit()
        elif key == Qt.Key.Key_Escape and self._path:
            self._press = None
            self.set_path(None)
        elif key == Qt.Key.Key_Space:
            self._space = True
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Stop panning."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.setCursor(Qt.CursorShape.CrossCursor)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Grow with the window: fit again unless somebody has zoomed or panned."""
        super().resizeEvent(event)
        if self._touched:
            self.redraw()
        else:
            self.fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow font and style."""
        self._layer = None
        super().changeEvent(event)
