"""What lies still on the map: points by class and the images that find room among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPolygonF
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from studio import theme
from studio.widgets import qimages
from studio.widgets.qimages import Pixels

DOT = 4.5  # px across
THUMB = 40.0  # px, about
MOST_THUMBS = 400

Floats = NDArray[np.float64]


@dataclass
class Cloud:
    """Points with a class each and, perhaps, an image each."""

    points: Floats
    labels: NDArray[np.int64]
    names: list[str]
    picture: Callable[[int], Pixels | None] | None = None


def thumb_spots(spots: Floats, size: tuple[float, float], side: float, taken: int = MOST_THUMBS) -> list[int]:
    """Indices of points whose images of ``side`` px fit inside ``size`` without touching; earlier points win."""
    inside = np.all((spots >= side / 2) & (spots <= np.array(size) - side / 2), axis=1)
    cells: dict[tuple[int, int], list[int]] = {}
    chosen: list[int] = []
    where: list[tuple[float, float]] = spots.tolist()  # plain floats: an array would be asked 100,000 times
    for index in np.flatnonzero(inside).tolist():
        x, y = where[index]
        column, row = int(x // side), int(y // side)
        near = (i for dx in (-1, 0, 1) for dy in (-1, 0, 1) for i in cells.get((column + dx, row + dy), ()))
        if all(abs(where[i][0] - x) >= side or abs(where[i][1] - y) >= side for i in near):
            cells.setdefault((column, row), []).append(index)
            chosen.append(index)
            if len(chosen) >= taken:
                break
    return chosen


def paint_points(painter: QPainter, cloud: Cloud, spots: Floats, hidden: set[int]) -> None:
    """Draw the dots, one stroke a class."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for label in np.unique(cloud.labels).tolist():
        if label in hidden:
            continue
        mine = spots[cloud.labels == label]
        colour = theme.color(theme.series(label), 0.62 if len(spots) < 20_000 else 0.35)
        painter.setPen(QPen(colour, DOT, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(arrayToQPolygonF(mine[:, 0], mine[:, 1]))


def paint_thumbs(painter: QPainter, cloud: Cloud, spots: Floats, chosen: list[int], ratio: float) -> None:
    """Draw images at their points, framed in the colour of their class; the painter works in device pixels."""
    for index in chosen:
        pixels = cloud.picture(index) if cloud.picture else None
        if pixels is None:
            continue
        image: QImage = qimages.fitted(pixels, thumb_zoom(pixels, ratio))
        x, y = (spots[index] * ratio).round().astype(int)
        where = QRect(int(x) - image.width() // 2, int(y) - image.height() // 2, image.width(), image.height())
        painter.drawImage(where.topLeft(), image)
        painter.setPen(QPen(theme.color(theme.series(int(cloud.labels[index]))), max(round(ratio), 1)))
        painter.drawRect(where.adjusted(-1, -1, 0, 0))


def thumb_zoom(pixels: Pixels, ratio: float) -> float:
    """Device pixels a pixel of an image on the map."""
    return qimages.best_zoom(pixels.shape[1], pixels.shape[0], THUMB * ratio, THUMB * ratio)
