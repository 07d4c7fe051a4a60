"""Sliced Wasserstein distance between local patches of images, scale by scale: do the details look alike?

Images are taken apart into a Laplacian pyramid, whose levels hold what one scale adds to the next smaller one. From
each level patches of 7 x 7 pixels are drawn. The distance of two clouds of patches is the mean, over random
directions, of how far the sorted projections of one cloud lie from those of the other.

Source: T. Karras, T. Aila, S. Laine and J. Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation", 2018, arXiv:1710.10196, section 5; the sliced distance: J. Rabin et al., "Wasserstein Barycenter and Its
Application to Texture Mixing", 2012.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.rows import evenly
from models.core.work import SILENT, Work

SIDE = 7  # of a patch, in pixels
SMALLEST = 14  # sides of the smallest level: two patches
PATCHES = 128  # of each image and level
DIRECTIONS = 512
AT_ONCE = 32  # directions that are projected on together
BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16
UNIT = 1000.0  # the paper's tables are in thousandths

Floats = NDArray[np.float32]


def sides(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """(height, width) of the levels for images (height, width, channels), the largest first; none for tiny ones."""
    height, width = int(shape[0]), int(shape[1])
    found = []
    while min(height, width) >= SMALLEST:
        found.append((height, width))
        if height % 2 or width % 2:
            break
        height, width = height // 2, width // 2
    return found


def _filtered(images: Floats, gain: float) -> Floats:
    """The binomial filter along both sides, mirrored at the edges; ``gain`` along each."""
    from scipy import ndimage

    for axis in (1, 2):
        images = ndimage.correlate1d(images, BINOMIAL * gain, axis=axis, mode="mirror")
    return images


def smaller(images: Floats) -> Floats:
    """Filter and take every second pixel: (n, h, w, c) -> (n, h / 2, w / 2, c)."""
    return _filtered(images, 1.0)[:, ::2, ::2]


def larger(images: Floats) -> Floats:
    """The opposite: zeros between the pixels, filtered, (n, h, w, c) -> (n, 2 h, 2 w, c)."""
    count, height, width, channels = images.shape
    upsampled = np.zeros((count, 2 * height, 2 * width, channels), np.float32)
    upsampled[:, ::2, ::2] = images
    return _filtered(upsampled, 2.0)


def pyramid(images: Floats) -> list[Floats]:
    """The levels of ``sides``, the largest first: each what it adds to the next, the last one the small image."""
    levels: list[Floats] = []
    rest = np.asarray(images, np.float32)
    count = len(sides(images.shape[1:]))
    for _ in range(count - 1):
        below = smaller(rest)
        levels.append(rest - larger(below))
        rest = below
    return [*levels, rest] if count else []


def patches(level: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Draw ``count`` patches of each image, each channel normalised over all of them: (n * count, 7 * 7 * c)."""
    number, height, width, channels = level.shape
    tops = rng.integers(0, height - SIDE + 1, (number, count, 1, 1))
    lefts = rng.integers(0, width - SIDE + 1, (number, count, 1, 1))
    rows, columns = np.arange(SIDE)[:, None], np.arange(SIDE)[None]
    drawn = level[np.arange(number)[:, None, None, None], tops + rows, lefts + columns]  # (n, count, 7, 7, c)
    drawn = drawn.reshape(-1, SIDE, SIDE, channels)
    mean, std = drawn.mean(axis=(0, 1, 2)), drawn.std(axis=(0, 1, 2))
    return np.asarray((drawn - mean) / np.maximum(std, 1e-6), np.float32).reshape(len(drawn), -1)


def sliced(
    first: Floats, second: Floats, rng: np.random.Generator, directions: int = DIRECTIONS, work: Work = SILENT
) -> float:
    """Mean distance of sorted projections of two clouds of as many points, both (n, d).

    Raises:
        Cancelled: if ``work`` is cancelled between some directions and the next.
    """
    if first.shape != second.shape:
        raise ValueError(f"point sets must be equally large, not {first.shape} and {second.shape}")
    found = []
    for begin in range(0, directions, AT_ONCE):
        work.check()
        axes = rng.standard_normal((first.shape[1], min(AT_ONCE, directions - begin)), dtype=np.float32)
        axes /= np.linalg.norm(axes, axis=0)
        one, two = (np.sort((cloud @ axes).T, axis=1) for cloud in (first, second))  # (directions, n)
        found.append(np.abs(one - two).mean(axis=1))
    return float(np.concatenate(found).mean())


def distances(
    first: Floats,
    second: Floats,
    *,
    seed: int = 0,
    count: int = PATCHES,
    directions: int = DIRECTIONS,
    work: Work = SILENT,
) -> dict[str, float]:
    """The distance at each scale in thousandths, by names such as "64 x 64"; smaller is better.

    Args:
        first: (n, height, width, channels) in [0, 1].
        second: of the same shape; of the larger of the two as many images are compared, spread evenly over it.
        seed: of patches and directions.
        count: patches of each image and scale.
        directions: projections.
        work: checked now and then.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    number = min(len(first), len(second))
    first, second = (one[evenly(slice(0, len(one)), number)] for one in (first, second))
    found = {}
    for place, levels in enumerate(_pairs(first, second)):
        rng = np.random.default_rng([seed, place])
        one, two = (patches(level, rng, count) for level in levels)
        height, width = levels[0].shape[1:3]
        found[f"{height} x {width}"] = UNIT * sliced(one, two, rng, directions, work)
    return found


def _pairs(first: Floats, second: Floats) -> Iterator[tuple[Floats, Floats]]:
    yield from zip(pyramid(first), pyramid(second), strict=True)
