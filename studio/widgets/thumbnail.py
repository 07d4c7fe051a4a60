"""Small images of runs, which come from a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap
from shiboken6 import isValid

from studio import theme
from studio.workers.worker import Worker


def rounded(picture: NDArray[np.uint8] | None, side: int, ratio: float) -> QPixmap:
    """A square pixmap of ``side`` px with round corners; a plain ground where there is no image."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    path = QPainterPath()
    path.addRoundedRect(QRectF(0, 0, side, side), theme.RADIUS_TILE, theme.RADIUS_TILE)
    painter.setClipPath(path)
    if picture is None:
        painter.fillPath(path, theme.color("raised"))
    else:
        colour = np.ascontiguousarray(np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture)
        height, width = colour.shape[:2]
        image = QImage(colour.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
        painter.drawImage(QRectF(0, 0, side, side), image)
    painter.end()
    return pixmap


def show_later(looks: Worker, key: str, work: Callable[[], Any], widget: QObject, show: Callable[[Any], None]) -> None:
    """Let a worker make something, then show it, if the widget that wants it still is there; the newest wish wins."""

    def come(found: Any) -> None:
        if isValid(widget):
            show(found)

    looks.ask(key, lambda task: work(), come, lambda error: None)
