"""How near a picture is to the one it should be: PSNR and SSIM, for pictures of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.errors import Cancelled

BAND = 256  # rows that SSIM looks at at a time: a photo needs no gigabytes
WINDOW = 7  # side of SSIM's window in pixels


def psnr(clean: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """10 log10(255² / MSE) in decibels; infinite for equal pictures (height, width, channels)."""
    total = 0.0
    for top in range(0, clean.shape[0], BAND):
        rows = slice(top, top + BAND)
        total += float(np.square(clean[rows].astype(np.float32) - other[rows].astype(np.float32)).sum(dtype=np.float64))
    return float("inf") if total == 0.0 else float(10.0 * np.log10(255.0**2 * clean.size / total))


def ssim(
    clean: NDArray[np.uint8], other: NDArray[np.uint8], *, cancelled: Callable[[], bool] | None = None
) -> float | None:
    """Structural similarity of two pictures (height, width, channels), mean over pixels and channels; 1 if equal.

    Returns:
        None for a picture that is smaller than the window.

    Raises:
        Cancelled: if ``cancelled`` said so between two bands of rows.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004, equation 13.
    """
    from skimage.metrics import structural_similarity

    height, width = clean.shape[:2]
    if min(height, width) < WINDOW:
        return None
    total = 0.0
    rows, edge = int(height) - WINDOW + 1, WINDOW - 1
    for top in range(0, rows, BAND):
        if cancelled and cancelled():
            raise Cancelled
        part = slice(top, min(top + BAND, rows) + edge)  # the window's centres of neighbouring bands do not overlap
        value: Any = structural_similarity(clean[part], other[part], win_size=WINDOW, channel_axis=2, data_range=255)
        total += float(value) * (part.stop - part.start - edge)
    return float(total / rows)
