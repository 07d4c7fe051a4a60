"""Arrays of pixels as Qt images, enlarged crisply or fitted into a room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from models.core.images.convert import enlarge

Pixels = NDArray[np.uint8]  # (height, width, channels)


def to_qimage(pixels: Pixels) -> QImage:
    """A QImage that owns its memory, from (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) uint8."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise ValueError(f"an image is uint8 (height, width, channels), not {pixels.dtype} {pixels.shape}")
    flat = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
    kinds = {2: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888, 4: QImage.Format.Format_RGBA8888}
    kind = kinds[2 if flat.ndim == 2 else flat.shape[-1]]
    flat = np.ascontiguousarray(flat)
    return QImage(flat.data, flat.shape[1], flat.shape[0], flat.strides[0], kind).copy()


def fitted(pixels: Pixels, zoom: float) -> QImage:
    """The image at ``zoom`` device pixels a pixel: exact when it grows, smooth when it shrinks."""
    if zoom >= 1:
        return to_qimage(enlarge(pixels, int(zoom)))
    height, width = pixels.shape[:2]
    size = (max(round(width * zoom), 1), max(round(height * zoom), 1))
    aspect, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return to_qimage(pixels).scaled(*size, aspect, smooth)


def best_zoom(pixels_wide: int, pixels_high: int, room_wide: float, room_high: float) -> float:
    """The largest whole zoom that fits into the room (device pixels), or the fraction that shrinks into it."""
    exact = min(room_wide / max(pixels_wide, 1), room_high / max(pixels_high, 1))
    return float(int(exact)) if exact >= 1 else max(exact, 1e-3)
