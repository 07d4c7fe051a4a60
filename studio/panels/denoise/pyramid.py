"""An image at its own size and at halves of it, so that a photo is drawn in no time at any zoom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from studio.widgets.qimages import Pixels, to_qimage

SMALLEST = 512  # px; below this an image is scaled from where it is


@dataclass(frozen=True)
class Layers:
    """Attributes: ``pixels`` as they are, ``images`` at 1, 1/2, 1/4 and so on of that size."""

    pixels: Pixels
    images: tuple[QImage, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def draw(self, painter: QPainter, target: QRectF, source: QRectF, zoom: float) -> None:
        """Draw a part: exact pixels where it grows, smooth from the nearest larger layer where it shrinks."""
        level = 0
        while level + 1 < len(self.images) and 0.5 ** (level + 1) >= zoom:
            level += 1
        image = self.images[level]
        across, down = image.width() / self.size[0], image.height() / self.size[1]
        part = QRectF(source.x() * across, source.y() * down, source.width() * across, source.height() * down)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < 1)
        painter.drawImage(target, image, part)


def layers(pixels: Pixels) -> Layers:
    """Prepare an image uint8 (height, width, 1 or 3); call this in a worker, a photo takes a tenth of a second.

    Pillow halves it, because it lets the window go on meanwhile: ``QImage.scaled`` holds the interpreter's lock.
    """
    small = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    made = [to_qimage(pixels)]
    while max(small.size) > SMALLEST and min(small.size) > 1:
        small = small.resize((small.width // 2, small.height // 2), Image.Resampling.BOX)
        made.append(to_qimage(np.asarray(small)))
    return Layers(pixels, tuple(made))
