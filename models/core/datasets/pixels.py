"""Arrays of any layout and range of numbers become images: uint8 (n, height, width, 1 or 3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.arrays import ADVICE, wrong
from models.core.images.convert import to_uint8
from models.core.work import SILENT, Work

MAX_SIDE = 2048
MOST_IMAGES = 20_000_000  # putting them into their order takes 16 bytes for each, however small they are
_CHUNK = 1_000_000  # numbers at a time
Shape = tuple[int, int, int, int]


def layout(shape: tuple[int, ...]) -> Shape:
    """(n, height, width, channels) of an array of images, whose channels may come first or be missing.

    Raises:
        ValueError: if this is no shape of images.
    """
    if len(shape) == 3:
        return (*shape, 1)
    if len(shape) != 4:
        raise ValueError(f"its shape is {shape}")
    if shape[3] not in (1, 3) and shape[1] in (1, 3):
        return shape[0], shape[2], shape[3], shape[1]
    if shape[3] not in (1, 3):
        raise ValueError(f"its shape is {shape}")
    return shape


def as_images(values: NDArray[Any] | None, where: str, name: str, work: Work = SILENT) -> NDArray[np.uint8]:
    """The array as uint8 (n, height, width, 1 or 3).

    Raises:
        DatasetError: naming what is wrong with it and what to do.
        Cancelled: if ``work`` is cancelled.
    """
    if values is None:
        raise wrong(where, name, "it is missing")
    try:
        shape = layout(values.shape)
    except ValueError as error:
        raise wrong(where, name, str(error), _shape_advice(values.shape)) from None
    if shape[0] == 0:
        raise wrong(where, name, f"its shape is {values.shape}")
    if shape[0] > MOST_IMAGES:
        raise wrong(where, name, f"it holds {shape[0]:,} images", f"At most {MOST_IMAGES:,} are read.")
    if not all(1 <= side <= MAX_SIDE for side in shape[1:3]):
        raise wrong(where, name, f"its images are {shape[1]} x {shape[2]} pixels", f"At most {MAX_SIDE} are read.")
    if values.ndim == 4 and values.shape != shape:
        values = np.moveaxis(values, 1, -1)
    return _as_uint8(values.reshape(shape), where, name, work)


def _as_uint8(values: NDArray[Any], where: str, name: str, work: Work) -> NDArray[np.uint8]:
    """Numbers 0 to 255 stay as they are; floats that are all in [0, 1], and true and false, are stretched."""
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "biuf":
        raise wrong(where, name, f"its type is {values.dtype}, not one of numbers")
    low, high = math.inf, -math.inf
    for part in _chunks(values, work):
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        if not math.isfinite(low) or not math.isfinite(high) or np.isnan(part).any():
            raise wrong(where, name, "some of its numbers are not finite", "Replace NaN and infinity, then save it.")
    if low < 0.0 or high > 255.0:
        advice = f"Bring them to 0 to 255 first: numpy.uint8(255 * (images - {low:g}) / {high - low:g})."
        raise wrong(where, name, f"its numbers are from {low:g} to {high:g}, not from 0 to 255", advice)
    unit = values.dtype.kind in "bf" and high <= 1.0
    images = np.empty(values.shape, np.uint8)
    place = 0
    for part in _chunks(values, work):
        plain = part.astype(np.float32) if part.dtype.kind == "b" else part
        images[place : place + len(part)] = to_uint8(plain) if unit else np.rint(plain)
        place += len(part)
    return images


def _chunks(values: NDArray[Any], work: Work) -> Iterator[NDArray[Any]]:
    """Some megabytes of an array at a time; raises Cancelled."""
    rows = max(1, _CHUNK // max(1, math.prod(values.shape[1:])))
    for start in range(0, len(values), rows):
        work.check()
        yield values[start : start + rows]


def _shape_advice(shape: tuple[int, ...]) -> str:
    """What to do with an array that has no shape of images."""
    side = math.isqrt(shape[1]) if len(shape) == 2 else 0
    if side and side * side == shape[1]:
        return f"Save it as images.reshape(-1, {side}, {side}) if each row is one grey image."
    if len(shape) == 4 and shape[3] == 4:
        return "Save images[..., :3]: transparency is not used."
    return ADVICE
