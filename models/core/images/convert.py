"""Images as arrays: between uint8 and float32, fitted to a shape, side by side in one sheet."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.core.arrays import check_pixels
from models.core.images.pixels import Pixels


def fit(image: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """Cut the middle out of an image and resize it to a model's shape, in grey or colour as the model wants it.

    Args:
        image: uint8 (height, width, 1 or 3).
        shape: (height, width, 1 or 3) of the result.

    Raises:
        ValueError: if the image or the shape is not of that kind.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise ValueError(f"an image is uint8 (height, width, 1 or 3), not {image.dtype} {image.shape}")
    height, width, channels = shape
    if height < 1 or width < 1 or channels not in (1, 3):
        raise ValueError(f"a shape is (height, width, 1 or 3), not {shape}")
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    picture = picture.convert("L") if channels == 1 else picture
    if picture.size != (width, height):
        box = _middle(picture.size, width / height)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    pixels = np.array(picture, dtype=np.uint8).reshape(height, width, -1)
    return np.repeat(pixels, channels, axis=2) if pixels.shape[2] < channels else pixels


def _middle(size: tuple[int, int], aspect: float) -> tuple[float, float, float, float]:
    """The largest box of an aspect (width / height) in the middle of an image."""
    width, height = size
    inner_width, inner_height = min(float(width), height * aspect), min(float(height), width / aspect)
    left, top = (width - inner_width) / 2, (height - inner_height) / 2
    return left, top, min(left + inner_width, width), min(top + inner_height, height)


def to_float(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 0..255 of any shape into float32 in [0, 1].

    Raises:
        TypeError: if it is no uint8: floats would come out nearly black.
    """
    check_pixels(images, "to_float")
    floats: NDArray[np.float32] = images.astype(np.float32) / np.float32(255.0)
    return floats


def to_uint8(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Turn floats in [0, 1] of any shape into uint8 0..255, rounded; what lies outside is clipped.

    Raises:
        TypeError: if these are no floats: uint8 would come out white.
        ValueError: if a value is NaN, because an image of it would hide that a model is broken.
    """
    if not np.issubdtype(images.dtype, np.floating):
        raise TypeError(f"to_uint8 wants floats in [0, 1], not {images.dtype}")
    if np.isnan(images).any():
        raise ValueError("an image holds values that are not numbers")
    rounded: NDArray[np.uint8] = np.rint(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def grid(images: NDArray[np.uint8], columns: int | None = None, gap: int = 1, ground: int = 0) -> Pixels:
    """Lay images out in rows.

    Args:
        images: uint8 (n, height, width, channels), n at least 1.
        columns: images in a row; as close to a square as possible by default.
        gap: pixels between two images.
        ground: grey value 0..255 of the gaps and of empty places.

    Raises:
        ValueError: if there is no image, or no column.
    """
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(f"a grid wants images (n, height, width, channels), not {images.shape}")
    count, height, width, channels = images.shape
    columns = min(count, int(np.ceil(np.sqrt(count))) if columns is None else columns)
    if columns < 1 or gap < 0:
        raise ValueError("a grid has at least one column and no negative gap")
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), ground, np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def enlarge(image: Pixels, factor: int) -> Pixels:
    """Repeat each pixel ``factor`` times (at least 1) in both directions, so that small images stay crisp."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)
