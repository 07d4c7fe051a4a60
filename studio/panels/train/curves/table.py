"""The numbers behind the curves: a table that grows, smoothing, and thinning to what a screen can show."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files

Floats = NDArray[np.float64]
NOT_METRICS = ("step", "epoch", "time", "seconds", "when")


class Table:
    """Steps and metrics in arrays that double when they are full; a metric that a row lacks is NaN there."""

    def __init__(self) -> None:
        self._steps = np.empty(0)
        self._columns: dict[str, Floats] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def names(self) -> list[str]:
        """Metrics in the order in which they first appeared."""
        return list(self._columns)

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows with a "step" (else they are counted); only numbers are kept."""
        for row in rows:
            if self._size == len(self._steps):
                self._grow(max(1024, 2 * self._size))
            self._steps[self._size] = float(row.get("step", self._size))
            for name, value in row.items():
                if name in NOT_METRICS or isinstance(value, (bool, str)) or value is None:
                    continue
                if isinstance(value, (int, float, np.number)):
                    self._column(name)[self._size] = float(value)
            self._size += 1

    def set_columns(self, steps: Floats, columns: Mapping[str, Floats]) -> None:
        """Take whole arrays at once."""
        self._size = len(steps)
        self._steps = np.array(steps, np.float64)
        self._columns = {name: np.array(values, np.float64) for name, values in columns.items()}

    def _grow(self, capacity: int) -> None:
        def larger(old: Floats) -> Floats:
            new = np.full(capacity, np.nan)
            new[: self._size] = old[: self._size]
            return new

        self._steps = larger(self._steps)
        self._columns = {name: larger(values) for name, values in self._columns.items()}

    def _column(self, name: str) -> Floats:
        if name not in self._columns:
            self._columns[name] = np.full(len(self._steps), np.nan)
        return self._columns[name]

    def count(self, name: str) -> int:
        """How many values a metric has."""
        return int(np.count_nonzero(~np.isnan(self._columns[name][: self._size])))

    def curve(self, name: str) -> tuple[Floats, Floats]:
        """Steps and values of one metric, where it has any."""
        values = self._columns[name][: self._size]
        there = ~np.isnan(values)
        return self._steps[: self._size][there], values[there]

    def to_csv(self, path: str | Path) -> None:
        """Write step and all metrics; what is missing stays empty.

        Raises:
            StorageError: the disk says no; what was there before is still there.
        """
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(["step", *self._columns])
        for i in range(self._size):
            values = (float(column[i]) for column in self._columns.values())
            step = float(self._steps[i])
            whole = int(step) if step.is_integer() else step
            writer.writerow([whole, *("" if math.isnan(value) else repr(value) for value in values)])
        files.write_bytes(Path(path), file.getvalue().encode())


def smooth(values: Floats, amount: float) -> Floats:
    """Exponential moving average from the first value on; ``amount`` 0 is none, 0.99 is strong."""
    if amount <= 0 or len(values) < 2:
        return values
    from scipy.signal import lfilter

    kept, _state = lfilter([1 - amount], [1, -amount], np.nan_to_num(values), zi=[amount * values[0]])
    return np.asarray(kept, np.float64)


def thin(x: Floats, y: Floats, most: int) -> tuple[Floats, Floats]:
    """At most ``most`` points with the lowest and the highest of each bucket, so that no spike is lost."""
    if len(x) <= most:
        return x, y
    buckets = most // 2
    width = len(x) // buckets
    used = buckets * width
    folded = np.where(np.isfinite(y[:used]), y[:used], 0.0).reshape(buckets, width)
    low, high = folded.argmin(axis=1), folded.argmax(axis=1)
    starts = np.arange(buckets) * width
    picks = np.stack([starts + np.minimum(low, high), starts + np.maximum(low, high)], axis=1).reshape(-1)
    picks[-1] = len(x) - 1
    return x[picks], y[picks]


def twin(name: str) -> str:
    """The metric that a val_ metric belongs to."""
    return name.removeprefix("val_")
