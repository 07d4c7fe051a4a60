"""Which images are for training, validation and test, and that every class has images to train on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import splits

TRAIN, VALIDATION, TEST = 0, 1, 2
_NAMED = 5  # classes that a notice names
Slices = tuple[slice, slice, slice]
Rows = NDArray[np.int64]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Arranged:
    """The rows to use in their order, the splits as slices of that order, and what is known of each row.

    Attributes:
        order: (m,) rows.
        slices: for training, validation and test.
        labels: (m,) places in ``names``, or None.
        names: of classes that have training images.
        notice: what was left out, and why; "" if nothing was.
        dropped: rows that were left out because their class has no training image.
    """

    order: Rows
    slices: Slices
    labels: Labels | None
    names: tuple[str, ...]
    notice: str
    dropped: Rows


def arranged(
    count: int, labels: Labels | None, names: tuple[str, ...], parts: NDArray[np.int8] | None = None
) -> Arranged:
    """Put rows that are in random order into an order in which contiguous slices are the splits.

    A class that would have no training image gets one, in exchange for one of a class that has several. Where the
    dataset has splits of its own, nothing moves from its test images into the training images, so a class may still
    have none: its images are left out. Where there are more classes than training images, there are no labels.

    Args:
        count: rows.
        labels: (count,) places in ``names``, -1 for rows to leave out; or None.
        names: of the classes.
        parts: (count,) ``TRAIN``, ``VALIDATION`` or ``TEST`` of each row; or None: 80, 10 and 10 % are taken.
    """
    rows = np.arange(count) if labels is None else np.flatnonzero(labels >= 0)
    order, slices, movable = _cut(rows, None if parts is None else parts[rows])
    nothing = np.zeros(0, np.int64)
    if labels is None:
        return Arranged(order, slices, None, (), "", nothing)
    mixed = _with_training_images(order, slices[0], labels, movable)
    trained = np.unique(labels[mixed[slices[0]]])
    kept = np.isin(labels[mixed], trained)
    if parts is None and not kept.all():
        text = "Labels are not used, because there are more classes than training images."
        return Arranged(order, slices, None, (), text, nothing)
    ends = [0, *(int(kept[: part.stop].sum()) for part in slices)]
    cut = (slice(0, ends[1]), slice(ends[1], ends[2]), slice(ends[2], ends[3]))
    missing = sorted({names[label] for label in labels[mixed[~kept]].tolist()})
    some = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
    notice = f"Left out, because no training image is of this class: {some}." if missing else ""
    order = mixed[kept]
    used = tuple(names[label] for label in trained.tolist())
    return Arranged(order, cut, np.searchsorted(trained, labels[order]).astype(np.int32), used, notice, mixed[~kept])


def _with_training_images(order: Rows, train: slice, labels: Labels, movable: NDArray[np.bool_]) -> Rows:
    """Exchange rows until each class has a training image, as far as that goes."""
    order, stop = order.copy(), train.stop
    counts = np.bincount(labels[order[:stop]], minlength=int(labels.max(initial=0)) + 1)
    outside = stop + np.flatnonzero(movable[stop:])
    for place in outside[counts[labels[order[outside]]] == 0].tolist():
        label = int(labels[order[place]])
        if counts[label]:
            continue  # an earlier one of this class has moved
        rich = np.flatnonzero(counts[labels[order[:stop]]] > 1)
        if not len(rich):
            break
        donor = int(rich[-1])
        counts[labels[order[donor]]] -= 1
        counts[label] += 1
        order[donor], order[place] = order[place], order[donor]
    return order


def _cut(rows: Rows, parts: NDArray[np.int8] | None) -> tuple[Rows, Slices, NDArray[np.bool_]]:
    """Rows by part, their slices, and which of them may move into the training part."""
    if parts is None:
        return rows, splits(len(rows)), np.ones(len(rows), np.bool_)
    order = np.concatenate([rows[parts == part] for part in (TRAIN, VALIDATION, TEST)])
    train, validation, test = (int((parts == part).sum()) for part in (TRAIN, VALIDATION, TEST))
    return order, cut(train, validation, test), np.arange(len(order)) < train


def cut(train: int, validation: int, test: int) -> Slices:
    """The slices of so many training, validation and test images, one part after the other.

    What is missing is cut off the end of another part: a tenth of the training images for validation, half of the
    validation images for the test.
    """
    count = train + validation + test
    if not (validation or test):
        return splits(count)
    first, second = train, train + validation
    if not validation:
        first -= max(1, train // 10) if train >= 3 else 0
    elif not test and validation >= 2:
        second = train + validation // 2
    return slice(0, first), slice(first, second), slice(second, count)
