"""Labels of any kind become classes: numbers with gaps, text, or one column a class; names and captions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets.arrays import wrong
from models.core.datasets.caption_files import MOST_LETTERS, cleaned, noticed, shortened
from models.core.work import SILENT, Work

MAX_LABELS = 10_000
_LETTERS = 100  # of a name
_PIECE = 100_000  # labels that are looked at between two looks at whether anybody still wants them


@dataclass(frozen=True)
class Classes:
    """``labels`` int32 (n,) are places in ``names``; each name is that of at least one image."""

    labels: NDArray[np.int32]
    names: tuple[str, ...]


def classes(
    values: NDArray[Any], names: NDArray[Any] | None, count: int, where: str, work: Work = SILENT
) -> Classes | None:
    """Find the classes of ``count`` images; None if there is a row of several true and false each (attributes).

    Args:
        values: whole numbers or text (n,) or (n, 1), or one column a class (n, k) with a single 1 in each row.
        names: text; the name of number i is at place i. By default a number is its own name.
        count: n.
        where: the file, for errors.
        work: checked again and again.

    Raises:
        DatasetError: naming the array.
        Cancelled: if ``work`` is cancelled.
    """
    values = values[:, 0] if values.shape == (count, 1) else values
    if values.ndim == 2 and len(values) == count and 1 < values.shape[1] <= MAX_LABELS and _are_bits(values):
        if not ((values != 0).sum(axis=1) == 1).all():
            return None
        values = values.argmax(axis=1)
    if values.shape != (count,) or values.dtype.kind not in "biufUS":
        text = f"it is {values.dtype} {values.shape}, not {count:,} whole numbers or words"
        raise wrong(where, "labels", text, "Give one label for each image: a number, a word, or a row with a single 1.")
    if values.dtype.kind in "US":
        return _of_words(values, where, work)
    return _of_numbers(values, names, where, work)


def words(values: NDArray[Any], where: str, name: str) -> tuple[str, ...]:
    """A list of names as text of at most 100 letters each.

    Raises:
        DatasetError: if the array is something else.
    """
    if values.ndim != 1 or values.dtype.kind not in "US" or len(values) > MAX_LABELS:
        raise wrong(where, name, f"it is {values.dtype} {values.shape}, not a list of text")
    return tuple(map(_word, values.tolist()))


def captions(values: NDArray[Any] | None, count: int, where: str) -> tuple[tuple[str, ...], str]:
    """A caption an image and what must be known of them; () where there are none.

    Raises:
        DatasetError: if the array does not hold ``count`` texts.
    """
    if values is None:
        return (), ""
    if values.shape != (count,) or values.dtype.kind not in "US":
        text = f"it is {values.dtype} {values.shape}, not {count:,} texts"
        raise wrong(where, "captions", text, "Save them as captions=numpy.array(list_of_texts), one for each image.")
    found = [cleaned(_text(value)) for value in values.tolist()]
    if not any(found):
        return (), "Its captions are all empty."
    return tuple(map(shortened, found)), noticed(found, sum(len(caption) > MOST_LETTERS for caption in found))


def _text(value: bytes | str) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text.encode("utf-8", "replace").decode("utf-8")


def _word(value: bytes | str) -> str:
    return _text(value)[:_LETTERS]


def _are_bits(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biuf" and bool(np.isin(values, (0, 1)).all())


def _distinct(values: NDArray[Any], where: str, what: str, work: Work) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The different values of (n,), sorted, and the place of each in them, as ``np.unique``, in pieces.

    Raises:
        DatasetError: if they are too many for classes, found out in the first pieces.
        Cancelled: if ``work`` is cancelled.
    """
    pieces = [values[start : start + _PIECE] for start in range(0, len(values), _PIECE)]
    found = values[:0]
    for piece in pieces:
        work.check()
        found = np.unique(np.concatenate([found, np.unique(piece)]))
        if len(found) > MAX_LABELS:
            raise wrong(where, "labels", f"it has more than {MAX_LABELS:,} different {what}, too many for classes")
    places = np.empty(len(values), np.int64)
    for start, piece in zip(range(0, len(values), _PIECE), pieces, strict=True):
        work.check()
        places[start : start + _PIECE] = np.searchsorted(found, piece)
    return found, places


def _of_words(values: NDArray[Any], where: str, work: Work) -> Classes:
    found, places = _distinct(values, where, "words", work)
    named = [_word(value) for value in found.tolist()]
    names = tuple(dict.fromkeys(named))  # two that differ only beyond 100 letters are one
    number = {name: place for place, name in enumerate(names)}
    return Classes(np.array([number[name] for name in named], np.int32)[places], names)


def _of_numbers(values: NDArray[Any], names: NDArray[Any] | None, where: str, work: Work) -> Classes:
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.rint(values))).all():
        raise wrong(where, "labels", "its numbers are not whole", "Give each class a whole number.")
    found, places = _distinct(values, where, "numbers", work)
    low, high = int(found[0]), int(found[-1])
    if low < 0:
        text = f"its numbers are from {low} to {high}, and a class is not negative"
        raise wrong(where, "labels", text, "Leave images out that have no label, or give them a class of their own.")
    if names is None:
        return Classes(places.astype(np.int32), tuple(str(int(value)) for value in found.tolist()))
    known = words(names, where, "label_names")
    if len(known) <= high:
        raise wrong(where, "label_names", f"it has {len(known)} names, but a label is {high}")
    return Classes(places.astype(np.int32), tuple(known[int(value)] for value in found.tolist()))
