"""The arrays that functions hand to each other, and the check that an array is what its name promises.

A uint8 image that is taken for one in [0, 1] does not fail: it comes out white. So types say which of the two a
function wants (mypy sees a uint8 given for a float32), and what is called from far away checks it when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]  # (n, height, width, channels) in [0, 1]
Codings = NDArray[np.float32]  # (n, latent_size)
Pixels = NDArray[np.uint8]  # (height, width, channels), or (n, height, width, channels): on disk and in datasets

ROUNDING = 1e-4  # so far beyond 0 and 1 an image may be


def check_images(images: Any, where: str = "this function") -> None:
    """Refuse what is not images: float32 (n, height, width, channels) in [0, 1].

    Args:
        images: anything.
        where: the name of the function that wants them, for the error.

    Raises:
        TypeError: if it is no array of float32.
        ValueError: if it has not four axes, or holds values outside of [0, 1] or that are no numbers.
    """
    check_unit(images, where)
    if images.ndim != 4:
        raise ValueError(f"{where} wants images (n, height, width, channels), not {images.shape}")


def check_unit(values: Any, where: str = "this function") -> None:
    """Refuse what is not float32 in [0, 1], of any shape.

    Raises:
        TypeError: if it is no array of float32.
        ValueError: if it holds values outside of [0, 1] or that are no numbers.
    """
    _check_dtype(values, where, "images in [0, 1]; models.core.images.decoding.to_float makes them of uint8")
    if values.size:
        low, high = float(values.min()), float(values.max())
        if not (low >= -ROUNDING and high <= 1.0 + ROUNDING):  # NaN fails, too
            raise ValueError(f"{where} wants images in [0, 1], not from {low:.4g} to {high:.4g}")


def check_codings(codings: Any, where: str = "this function") -> None:
    """Refuse what is not codings: float32 (n, latent_size), finite.

    Raises:
        TypeError: if it is no array of float32.
        ValueError: if it has not two axes, or holds values that are not finite.
    """
    _check_dtype(codings, where, "codings")
    if codings.ndim != 2:
        raise ValueError(f"{where} wants codings (n, latent_size), not {codings.shape}")
    if not np.isfinite(codings).all():
        raise ValueError(f"{where} wants finite codings")


def check_pixels(pixels: Any, where: str = "this function") -> None:
    """Refuse what is not uint8 pixels 0..255 of any shape.

    Raises:
        TypeError: if it is no array of uint8.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        raise TypeError(f"{where} wants uint8 pixels 0..255, not {_kind(pixels)}")


def _check_dtype(values: Any, where: str, wanted: str) -> None:
    if not isinstance(values, np.ndarray) or values.dtype != np.float32:
        raise TypeError(f"{where} wants float32 {wanted}, not {_kind(values)}")


def _kind(values: Any) -> str:
    return str(values.dtype) if isinstance(values, np.ndarray) else type(values).__name__


CHECKS: dict[str, Callable[[Any, str], None]] = {"Images": check_images, "Codings": check_codings}
