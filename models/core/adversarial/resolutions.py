"""The sizes of an image from its smallest to its own: each is half of the next one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from keras import ops

from models.core.errors import ConfigError

SMALLEST = 4  # pixels


def halvings(shape: tuple[int, int, int], family: str, *, within: tuple[int, int], least: int) -> int:
    """How often both sides can be halved while they stay whole and at least 4 pixels (28 -> 2, 32 -> 3, 64 -> 4).

    Args:
        shape: (height, width, channels).
        family: for the message.
        within: least and most pixels of a side.
        least: how often they must halve.

    Raises:
        ConfigError: if the sides are out of range, or cannot be halved often enough.
    """
    height, width, _ = shape
    levels = 0
    while height % 2 == 0 and width % 2 == 0 and min(height, width) >= 2 * SMALLEST:
        height = height // 2
        width = width // 2
        levels = levels + 1
    low, high = within
    if not (min(shape[:2]) >= low and max(shape[:2]) <= high and levels >= least):
        size, often = f"{shape[0]} x {shape[1]}", "once" if least == 1 else "twice"
        text = f"{family} needs sides of {low} to {high} pixels that halve {often}; these are {size}"
        raise ConfigError({"family": text + instead(shape, range(low + -low % 2**least, high + 1, 2**least))})
    return levels


def check_multiple(shape: tuple[int, int, int], unit: int, field: str) -> None:
    """Refuse sides that are no multiples of ``unit`` pixels.

    Raises:
        ConfigError: under the name ``field``.
    """
    if shape[0] % unit or shape[1] % unit:
        text = f"needs sides of multiples of {unit} pixels, not {shape[0]} x {shape[1]}"
        raise ConfigError({field: text + instead(shape, range(2 * unit, 257, unit))})


def instead(shape: tuple[int, int, int], sides: Iterable[int]) -> str:
    """The end of a sentence that refuses a size: the square size nearest to it that would do, for --size.

    Args:
        shape: (height, width, channels) that is refused.
        sides: in pixels, that would do.
    """
    side = min(sides, key=lambda known: abs(math.log(known / max(1.0, math.sqrt(shape[0] * shape[1])))))
    return f". Fitted to {side} x {side} they would do: --size {side}"


def sizes(shape: tuple[int, int, int], family: str) -> list[tuple[int, int]]:
    """(height, width) of each resolution, the smallest first: 64 -> 4, 8, 16, 32, 64; 28 -> 7, 14, 28.

    Raises:
        ConfigError: if the sides are not 8 to 256 pixels or cannot be halved.
    """
    levels = halvings(shape, family, within=(8, 256), least=1)
    return [(shape[0] >> level, shape[1] >> level) for level in range(levels, -1, -1)]


def shrunk(images: Any, times: int) -> Any:
    """Means over squares of 2^times pixels: (b, h, w, c) -> (b, h / 2^times, w / 2^times, c)."""
    # without strides, Keras 3.15 fails on JAX
    return ops.average_pool(images, 2**times, 2**times) if times else images


def enlarged(images: Any, times: int) -> Any:
    """The opposite: each pixel becomes a square of 2^times, (b, h, w, c) -> (b, 2^times h, 2^times w, c)."""
    return ops.repeat(ops.repeat(images, 2**times, axis=1), 2**times, axis=2) if times else images
