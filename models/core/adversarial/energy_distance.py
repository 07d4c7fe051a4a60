"""Energy distance: how differently two batches of images are distributed, cell by cell and scale by scale.

    E(F, R) = 2 mean |f - r| - mean |f - f'| - mean |r - r'|

It is 0 only if fakes F and real images R have one distribution. Its estimate from a small batch is without bias (only
the unit that it is measured in comes from the batch itself): batch after batch each fake is drawn to the real images
and pushed off the other fakes. What is missing comes, what is too frequent becomes rarer. A discriminator tells finer
differences, but one image at a time: that purple hair comes a little too often it learns late.

Sources: G. Székely and M. Rizzo, "Energy statistics", 2013; M. Bellemare et al., "The Cramer Distance as a Solution to
Biased Wasserstein Gradients", 2017, arXiv:1705.10743 (there between learned features, here between pixels).
"""

from __future__ import annotations

import itertools
from typing import Any

from keras import ops

from models.core.adversarial.resolutions import enlarged, shrunk

CELLS = (2, 8)  # pixels a side of what is compared as one thing: is it flat? what is it?
SMALLEST = 16  # pixels a side of the last scale, at most
TINY = 1e-6  # keeps the root's slope finite
LEAST = 0.01  # what real cells are thought to lie apart at least, where they are all alike


def distance(fake: Any, real: Any) -> Any:
    """Mean over scales and sizes of the energy distance of cells, in units of how far real cells lie apart: a scalar.

    Args:
        fake: (b, h, w, c); of a single image nothing can be said, it has 0.
        real: of the same shape.
    """
    found = []
    for (generated, seen), side in itertools.product(zip(_scales(fake), _scales(real), strict=True), CELLS):
        ours, theirs = _cells(generated, side), _cells(seen, side)  # (cells, b, d)
        apart = _mean(_lengths(theirs, theirs), same=True)
        gap = 2.0 * _mean(_lengths(ours, theirs), same=False) - _mean(_lengths(ours, ours), same=True) - apart
        found.append(gap / ops.maximum(apart, LEAST))
    return ops.where(ops.shape(fake)[0] > 1, sum(found) / len(found), 0.0)


def _scales(images: Any) -> list[Any]:
    """What each scale adds to the next smaller one, and at last the small image itself."""
    levels = []
    while min(images.shape[1:3]) >= 2 * SMALLEST and not any(side % 2 for side in images.shape[1:3]):
        below = shrunk(images, 1)
        levels.append(images - enlarged(below, 1))
        images = below
    return [*levels, images]


def _cells(images: Any, side: int) -> Any:
    """Cut images into cells, without what is left at the edges: (b, h, w, c) -> (cells, b, side * side * c)."""
    height, width, channels = images.shape[1:]
    down, across = height // side, width // side
    cut = ops.reshape(images[:, : down * side, : across * side], (-1, down, side, across, side, channels))
    return ops.reshape(ops.transpose(cut, (1, 3, 0, 2, 4, 5)), (down * across, -1, side * side * channels))


def _lengths(first: Any, second: Any) -> Any:
    """|x - y| of each two: (cells, b, d) twice -> (cells, b, b)."""
    squares = [ops.sum(ops.square(one), axis=-1) for one in (first, second)]
    products = ops.matmul(first, ops.swapaxes(second, 1, 2))
    return ops.sqrt(ops.relu(squares[0][:, :, None] + squares[1][:, None] - 2.0 * products) + TINY)


def _mean(lengths: Any, same: bool) -> Any:
    """Mean over cells and pairs (cells, b, b); in the ``same`` batch nothing is its own pair."""
    if not same:
        return ops.mean(lengths)
    number = ops.arange(ops.shape(lengths)[1])
    pairs = ops.cast(number[:, None] != number[None], "float32")
    return ops.sum(pairs * ops.mean(lengths, axis=0)) / ops.maximum(ops.sum(pairs), 1.0)
