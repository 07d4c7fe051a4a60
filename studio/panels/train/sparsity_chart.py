"""How sparse the codings are: how many units are active how often, and each unit on a few images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme

BINS = 40
FOOT, HEAD = 18, 16  # px


class Histogram(QWidget):
    """How many units have which mean activation, with the mean of all and the target as lines."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: NDArray[np.int64] = np.zeros(BINS, np.int64)
        self._reach, self._mean, self._target = 1.0, 0.0, 0.0
        self.setMinimumSize(140, 84)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip("How many units have which mean activation over 512 images")

    def set_means(self, means: Sequence[float], target: float) -> None:
        """Show the mean activation of each unit, 0 to 1."""
        values = np.clip(np.asarray(means, float), 0.0, 1.0)
        self._target, self._mean = target, float(values.mean()) if len(values) else 0.0
        self._reach = float(min(1.0, max(2.5 * target, float(values.max(initial=0.0)), 0.1)))
        self._counts = np.histogram(values, BINS, (0.0, self._reach))[0]
        self.setAccessibleDescription(f"{len(values)} units, mean {self._mean:.3f}, target {target:.3f}")
        self.update()

    def counts(self) -> NDArray[np.int64]:
        """Units in each bin."""
        return self._counts

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(280, 110)

    def x_of(self, value: float) -> float:
        """Where a mean activation lies, in px."""
        return min(value / self._reach, 1.0) * (self.width() - 2) + 1

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw bars, the two lines with their words, and the axis."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        floor = self.height() - FOOT
        wide, most = (self.width() - 2) / BINS, max(1, int(self._counts.max()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(theme.series(0)))
        for index, count in enumerate(self._counts):
            if count:
                high = max(2.0, (floor - HEAD) * np.sqrt(count / most))  # a root, so that few units are still seen
                painter.drawRect(QRectF(1 + index * wide, floor - high, max(wide - 1, 1.0), high))
        painter.setPen(QPen(theme.color("line"), 0))
        painter.drawLine(0, floor, self.width(), floor)
        painter.setFont(theme.font(theme.SMALL))
        self._paint_mark(painter, self._target, f"target {self._target:.2f}", theme.series(1), dashed=True)
        self._paint_mark(painter, self._mean, "", theme.series(2), dashed=False)
        painter.setPen(theme.color("secondary"))
        right = Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, floor + 3, self.width(), FOOT - 3), right, f"{self._reach:.2f}")
        painter.drawText(QRectF(0, floor + 3, self.width(), FOOT - 3), Qt.AlignmentFlag.AlignLeft, "0")

    def _paint_mark(self, painter: QPainter, value: float, words: str, colour: str, dashed: bool) -> None:
        x, floor = self.x_of(value), self.height() - FOOT
        painter.setPen(QPen(theme.color(colour), 2, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        painter.drawLine(round(x), HEAD - 2, round(x), floor)
        wide = painter.fontMetrics().horizontalAdvance(words) + 4
        left = min(max(x - wide / 2, 0), self.width() - wide)
        painter.drawText(QRectF(left, 0, wide, HEAD), Qt.AlignmentFlag.AlignCenter, words)


class HeatMap(QWidget):
    """Units from left to right, images from top to bottom: the brighter, the more active."""

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self.setMinimumSize(140, 72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip("Each column is a unit, each row an image; the brighter, the more active")
        theme.bus().changed.connect(self._paint_again)
        self._values: NDArray[np.float64] = np.zeros((0, 0))

    def set_values(self, values: Sequence[Sequence[float]]) -> None:
        """Show activations (images, units), 0 to 1."""
        self._values = np.clip(np.asarray(values, float).reshape(len(values), -1), 0.0, 1.0)
        self.setAccessibleDescription(f"{self._values.shape[0]} images, {self._values.shape[1]} units")
        self._paint_again()

    def image(self) -> QImage | None:
        """One pixel a unit and image."""
        return self._image

    def _paint_again(self) -> None:
        self._image = None
        if self._values.size:
            ends = [theme.color(role) for role in ("raised", theme.series(0))]
            low, high = (np.array([end.red(), end.green(), end.blue()], float) for end in ends)
            pixels = np.rint(low + (high - low) * np.sqrt(self._values)[..., None]).astype(np.uint8)
            pixels = np.ascontiguousarray(pixels)
            wide, high_ = pixels.shape[1], pixels.shape[0]
            self._image = QImage(pixels.data, wide, high_, 3 * wide, QImage.Format.Format_RGB888).copy()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw one block a unit and image, edges sharp."""
        if self._image is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() > self.width())
            painter.drawImage(self.rect(), self._image)
