"""An image on which one paints with the mouse where it should be made anew."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme
from studio.widgets import qimages
from studio.widgets.qimages import Pixels
from studio.widgets.tiles import on_device

Mask = NDArray[np.bool_]  # (height, width), True where it is painted anew
MOVES = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
VEIL = 0.55  # how much of what is painted anew is covered


def disc(shape: tuple[int, int], x: float, y: float, size: float) -> Mask:
    """The pixels of a round brush of ``size`` pixels at (x, y), in pixels; at least the one that it is in."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    found: Mask = np.hypot(columns + 0.5 - x, rows + 0.5 - y) <= size / 2
    row, column = int(y), int(x)
    if 0 <= row < shape[0] and 0 <= column < shape[1]:
        found[row, column] = True
    return found


class MaskCanvas(QWidget):
    """Left button paints, right button erases; keys: arrows move the brush, Space paints, Delete erases."""

    stroked = Signal(object)  # the whole mask, once a stroke has ended

    def __init__(self) -> None:
        super().__init__()
        self.pixels: Pixels = np.zeros((1, 1, 1), np.uint8)
        self.area: Mask = np.zeros((1, 1), bool)
        self.size_ = 5  # of the brush, pixels of the image
        self.erasing = False
        self._brush: QPointF | None = None  # in pixels of the image
        self._last: QPointF | None = None  # where the stroke is; None between strokes
        self._erase = False  # whether this stroke erases
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(96, 96)
        self.setAccessibleName("Where the image is generated again")

    def show_canvas(self, pixels: Pixels, mask: Mask) -> None:
        """Show uint8 (h, w, c) with a mask (h, w); a stroke that is being made is forgotten."""
        self.pixels = pixels
        self.area = mask.copy()
        self._last = None
        self.setAccessibleDescription(f"{int(mask.sum())} of {mask.size} pixels")
        self.update()

    def set_brush(self, size: int) -> None:
        """How wide the brush is, in pixels of the image."""
        self.size_ = size
        self.update()

    def sizeHint(self) -> QSize:
        """It grows with the window."""
        return QSize(250, 250)

    def _place(self) -> tuple[int, int, float]:
        """Left, top and zoom of the image, in device pixels."""
        ratio, (height, width) = self.devicePixelRatioF(), self.pixels.shape[:2]
        zoom = qimages.best_zoom(width, height, self.width() * ratio - 8, self.height() * ratio - 8)
        return round((self.width() * ratio - width * zoom) / 2), 4, zoom

    def spot_of(self, x: float, y: float) -> QPointF:
        """Where a place of the image (in its pixels) lies in the widget."""
        left, top, zoom = self._place()
        ratio = self.devicePixelRatioF()
        return QPointF((left + x * zoom) / ratio, (top + y * zoom) / ratio)

    def _at(self, spot: QPointF) -> QPointF:
        left, top, zoom = self._place()
        ratio = self.devicePixelRatioF()
        return QPointF((spot.x() * ratio - left) / zoom, (spot.y() * ratio - top) / zoom)

    # --- painting ---

    def _stroke(self, to: QPointF) -> None:
        begin = self._last or to
        steps = max(1, math.ceil(math.hypot(to.x() - begin.x(), to.y() - begin.y())))
        for i in range(steps + 1):
            spot = begin + (to - begin) * (i / steps)
            hit = disc(self.area.shape, spot.x(), spot.y(), self.size_)
            self.area[hit] = not self._erase
        self._last = to
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._erase = self.erasing or event.button() == Qt.MouseButton.RightButton
            self._stroke(self._at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        self._brush = self._at(event.position())
        if self._last is not None:
            self._stroke(self._brush)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The end of a stroke."""
        if self._last is not None:
            self._last = None
            self.stroked.emit(self.area.copy())

    def leaveEvent(self, event: QEvent) -> None:
        """The brush has gone."""
        self._brush = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the brush, Space paints, Delete erases."""
        key, (height, width) = Qt.Key(event.key()), self.area.shape
        brush = self._brush or QPointF(width / 2, height / 2)
        if key in MOVES:
            x, y = brush.x() + MOVES[key][0], brush.y() + MOVES[key][1]
            self._brush = QPointF(min(max(x, 0.5), width - 0.5), min(max(y, 0.5), height - 0.5))
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Delete):
            self._brush, self._erase = brush, self.erasing or key == Qt.Key.Key_Delete
            self._stroke(brush)
            self._last = None
            self.stroked.emit(self.area.copy())
        else:
            super().keyPressEvent(event)

    # --- looking ---

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, the veil over what is painted anew, and the brush."""
        painter = QPainter(self)
        left, top, zoom = self._place()
        image = qimages.fitted(self.pixels, zoom)
        painter.save()
        on_device(painter, self.devicePixelRatioF())
        painter.drawImage(left, top, image)
        painter.drawImage(QRectF(left, top, image.width(), image.height()), self._veil())
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._brush is not None:
            painter.setPen(QPen(theme.color(theme.series(1)), 1.5))
            reach = zoom * self.size_ / 2 / self.devicePixelRatioF()
            painter.drawEllipse(self.spot_of(self._brush.x(), self._brush.y()), reach, reach)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), theme.RING))
            painter.drawRect(QRectF(self.spot_of(0, 0), self.spot_of(*self.pixels.shape[1::-1])).adjusted(-2, -2, 2, 2))

    def _veil(self) -> QImage:
        colour = theme.color("accent")
        tint = np.zeros((*self.area.shape, 4), np.uint8)
        tint[self.area] = (colour.red(), colour.green(), colour.blue(), round(255 * VEIL))
        return QImage(tint.data, tint.shape[1], tint.shape[0], 4 * tint.shape[1], QImage.Format.Format_RGBA8888).copy()
