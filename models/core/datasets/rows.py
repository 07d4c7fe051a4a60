"""Which rows of a dataset stand for all of them: never the first ones, for a file may have an order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def evenly(part: slice, most: int) -> NDArray[np.int64]:
    """At most ``most`` rows of a part of a dataset, spread evenly over it, int64 (n,), rising and all different.

    Args:
        part: with a start and a stop, as the parts of a ``Dataset``.
        most: how many are wanted; a smaller part gives all of its rows.
    """
    count = max(0, part.stop - part.start)
    number = min(most, count)
    return np.asarray(part.start + np.arange(number) * (count - 1) // max(1, number - 1), np.int64)
