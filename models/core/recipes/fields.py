"""Reading the values of a recipe as untrusted input: each method refuses by name what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.errors import RunFormatError

Array = NDArray[np.float32]
LARGEST = 1e6  # of a number of a coding
_MISSING = object()


class Fields:
    """The values of a recipe, or of a group in it.

    Args:
        values: as JSON gave them.
        of: the name of the group, for messages.
    """

    def __init__(self, values: Mapping[str, Any], of: str = "") -> None:
        self.values, self._of = values, of

    def bad(self, name: str, problem: str) -> RunFormatError:
        """The error that says what is wrong with a field."""
        place = f"{self._of}.{name}" if self._of else name
        text = f"The recipe does not fit: {place} {problem}."
        return RunFormatError(text, where=place, advice="Nothing was changed.")

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        return self.values.get(name) is not None

    def _value(self, name: str, default: Any) -> Any:
        value = self.values.get(name)
        if value is None:
            if default is _MISSING:
                raise self.bad(name, "is missing")
            return default
        return value

    def whole(self, name: str, low: int, high: int, default: Any = _MISSING) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.bad(name, f"must be a whole number (it is {short(value)})")
        if not low <= value <= high:
            raise self.bad(name, f"must be from {low:,} to {high:,} (it is {short(value)})")
        return value

    def number(self, name: str, low: float, high: float, default: Any = _MISSING) -> float:
        """A number from ``low`` to ``high``."""
        value = self._value(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.bad(name, f"must be a number (it is {short(value)})")
        if not low <= value <= high:
            raise self.bad(name, f"must be from {low:g} to {high:g} (it is {short(value)})")
        return float(value)

    def choice(self, name: str, options: Collection[str], default: Any = _MISSING) -> str:
        """One of some words."""
        value = self._value(name, default)
        if not isinstance(value, str) or value not in options:
            raise self.bad(name, f"must be one of {', '.join(options)} (it is {short(value)})")
        return value

    def text(self, name: str, most: int = 200, default: Any = _MISSING) -> str:
        """A text of at most so many characters."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > most:
            raise self.bad(name, f"must be text of at most {most} characters")
        return value

    def group(self, name: str) -> Fields:
        """A group of fields."""
        value = self._value(name, _MISSING)
        if not isinstance(value, dict):
            raise self.bad(name, f"must be a group of fields (it is {short(value)})")
        return Fields(value, name)

    def coding(self, name: str, size: int) -> Array:
        """A coding, float32 (size,)."""
        return self._coding(name, self._value(name, _MISSING), size)

    def codings(self, name: str, size: int, most: int) -> Array:
        """Codings, float32 (n, size), n from 1 to ``most``."""
        rows = self._value(name, _MISSING)
        if not isinstance(rows, list) or not 1 <= len(rows) <= most:
            raise self.bad(name, f"must be a list of 1 to {most:,} codings")
        return np.stack([self._coding(name, row, size) for row in rows])

    def _coding(self, name: str, row: Any, size: int) -> Array:
        if not isinstance(row, list):
            raise self.bad(name, f"must be a list of numbers (it is {short(row)})")
        if len(row) != size:
            raise self.bad(name, f"has {len(row):,} numbers, and the model's codings have {size:,}")
        if not all(isinstance(v, int | float) and not isinstance(v, bool) and -LARGEST <= v <= LARGEST for v in row):
            raise self.bad(name, f"must be numbers from {-LARGEST:g} to {LARGEST:g}")
        return np.array(row, np.float32)


def short(value: Any) -> str:
    """A foreign value in a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def plain(coding: Array) -> list[float]:
    """A coding (size,) as JSON: the shortest figures that give the same float32."""
    return [float(str(value)) for value in coding]


def coding_in(values: Mapping[str, Any], size: int) -> Array | None:
    """The coding (size,) that a recipe's values hold; None if they hold none that fits."""
    try:
        return Fields(values).coding("codings", size)
    except RunFormatError:
        return None
