"""Datasets from an .npz file that anybody may have written.

The file holds the images as ``images``, ``x``, ``data`` or ``arr_0``, or in parts: ``x_train``, ``x_val`` and
``x_test``, or MedMNIST's ``train_images``, ``val_images`` and ``test_images``. They are whole numbers or floats from 0
to 255, or floats in [0, 1], of shape (n, height, width) or (n, height, width, 1 or 3); (n, 1 or 3, height, width) is
understood, too. Beside them it may hold labels under the matching names, ``label_names``, ``attributes``,
``attribute_names``, and ``captions``: text (n,), in the order of the images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import CAPTIONED, RULES, Dataset, splits
from models.core.datasets.arrays import headers, listed, read_arrays, wrong
from models.core.datasets.classes import Classes, captions, classes, words
from models.core.datasets.parts import Arranged, arranged, cut
from models.core.datasets.pixels import as_images, layout
from models.core.disk.operations import shown
from models.core.errors import DatasetError
from models.core.work import SILENT, Work

Arrays = dict[str, NDArray[Any]]
_WHOLE = {
    "images": ("images", "x", "X", "data", "imgs", "arr_0"),
    "labels": ("labels", "y", "Y", "label", "targets", "target"),
}
_IN_PARTS = {  # for training, validation and test
    "images": (
        ("x_train", "X_train", "train_images"), ("x_val", "X_val", "x_valid", "val_images"),
        ("x_test", "X_test", "test_images"),
    ),
    "labels": (("y_train", "train_labels"), ("y_val", "y_valid", "val_labels"), ("y_test", "test_labels")),
}  # fmt: skip
_OTHERS = ("label_names", "attributes", "attribute_names")
_UNNAMED_LABELS = "arr_1"
_CAPTIONS = "captions"
_NAMES = {
    *_WHOLE["images"], *_WHOLE["labels"], *_OTHERS, _UNNAMED_LABELS,
    *(name for kind in _IN_PARTS.values() for names in kind for name in names),
}  # fmt: skip
_FIRST_MOST_LABELS = 1_000_000  # each number up to the largest is a class
_FIRST_RULES = {"images": ("images", "x", "x_train"), "labels": ("labels", "y", "y_train")}


@dataclass(frozen=True)
class _Content:
    """What a file holds: images uint8 (n, h, w, c), parts, classes or attributes bool (n, k), notices, captions."""

    images: NDArray[np.uint8]
    parts: NDArray[np.int8] | None
    known: Classes | None
    attributes: NDArray[np.bool_] | None
    attribute_names: tuple[str, ...]
    notices: tuple[str, ...]
    captions: tuple[str, ...] = ()


def load(path: Path, *, size: int | None = None, rules: int = RULES, work: Work = SILENT) -> Dataset:
    """Load a dataset from an .npz file; the caller resizes it.

    The rows are put into a fixed random order, because files are often sorted by label and splits are contiguous.

    Raises:
        DatasetError: naming the file and the array that is wrong.
        Cancelled: if ``work`` is cancelled.
    """
    where = shown(path)
    content = _content(path, work, rules) if rules > 1 else _first_content(path, work)
    work.check()
    count, known = len(content.images), content.known
    shuffled = np.random.default_rng(0).permutation(count)
    labels, names = (None, ()) if known is None else (known.labels[shuffled], known.names)
    if rules > 1:
        parts = None if content.parts is None else content.parts[shuffled]
        found = arranged(count, labels, names, parts)
    else:
        found = Arranged(np.arange(count), splits(count), labels, names, "", np.zeros(0, np.int64))
    order, bits = shuffled[found.order], content.attributes
    train, validation, test = found.slices
    return Dataset(
        name=where, title=shown(Path(path.stem)), images=np.ascontiguousarray(content.images[order]), train=train,
        validation=validation, test=test, labels=found.labels, label_names=found.names,
        attributes=None if bits is None else bits[order], attribute_names=content.attribute_names,
        source=f"Read from {where}.", notice=" ".join(filter(None, (*content.notices, found.notice))),
        captions=tuple(content.captions[row] for row in order.tolist()) if content.captions else (),
    )  # fmt: skip


def outline(path: Path) -> tuple[tuple[int, int, int], int] | None:
    """(height, width, channels) and the number of training images, from the headers alone; None if it is unclear."""
    try:
        found = headers(path, _NAMES)
        whole = _named(found, _WHOLE["images"])
        each = [_named(found, names) for names in _IN_PARTS["images"]]
        some = [name for name in (whole, *each) if name]
        count, height, width, channels = layout(found[some[0]][0])
        counts = [count] if whole else [found[name][0][0] if name else 0 for name in each]
    except (DatasetError, ValueError, IndexError):  # loading it will say what is wrong
        return None
    slices = splits(count) if whole else cut(*counts)
    shape = (height, width, channels)
    return (shape, slices[0].stop) if sum(counts) > 0 and min(shape) > 0 else None


def _named(found: Any, names: tuple[str, ...]) -> str:
    """The first of some names that is there, or ""."""
    return next((name for name in names if name in found), "")


def _content(path: Path, work: Work, rules: int) -> _Content:
    """Images, labels, attributes and captions of a file, under whatever of the known names they are."""
    names_read = {*_NAMES, _CAPTIONS} if rules >= CAPTIONED else _NAMES
    where, arrays = shown(path), read_arrays(path, names_read, work)
    whole = _named(arrays, _WHOLE["images"])
    if whole:
        images, parts = as_images(arrays[whole], where, whole, work), None
        labels, notices = _whole_labels(arrays, whole, len(images))
    elif each := [name for names in _IN_PARTS["images"] if (name := _named(arrays, names))]:
        images, parts = _joined_images(arrays, each, where, work)
        labels, notices = _joined_labels(arrays, where)
        if labels is not None and len(labels) != len(images):
            raise wrong(where, "labels", f"there are {len(labels):,} labels for {len(images):,} images")
    else:
        raise _no_images(path)
    count = len(images)
    attributes = arrays.get("attributes")
    names = arrays.get("attribute_names")
    known = None if labels is None else classes(labels, arrays.get("label_names"), count, where, work)
    if labels is not None and known is None and attributes is None:
        attributes, names = labels, arrays.get("label_names")
        notices += ("Its labels say yes or no to several things at once, so they are attributes here.",)
    bits, attribute_names = _attributes(attributes, names, count, where)
    spoken, said = captions(arrays.get(_CAPTIONS), count, where)
    return _Content(images, parts, known, bits, attribute_names, (*notices, said), spoken)


def _whole_labels(arrays: Arrays, whole: str, count: int) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    """The labels beside a whole array of images; of a file without names the second array, if it can be labels."""
    if name := _named(arrays, _WHOLE["labels"]):
        return arrays[name], ()
    second = arrays.get(_UNNAMED_LABELS) if whole == "arr_0" else None
    if second is None:
        return None, ()
    if second.ndim not in (1, 2) or len(second) != count:
        return None, ("arr_1 is not used, because it does not hold one label for each image.",)
    return second, ("arr_1 is taken for the labels.",)


def _joined_images(
    arrays: Arrays, each: list[str], where: str, work: Work
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """The images of all parts, one part after the other, and the part of each."""
    kinds = [part for part, names in enumerate(_IN_PARTS["images"]) if _named(arrays, names)]
    if kinds[0] != 0:
        raise wrong(where, each[0], "there are no training images beside it", "Save them as x_train.")
    found = [as_images(arrays[name], where, name, work) for name in each]
    for name, images in zip(each, found, strict=True):
        if images.shape[1:] != found[0].shape[1:]:
            raise wrong(where, name, f"its images are {images.shape[1:]}, those of {each[0]} {found[0].shape[1:]}")
    parts = np.repeat(np.array(kinds, np.int8), [len(images) for images in found])
    return (np.concatenate(found) if len(found) > 1 else found[0]), parts


def _joined_labels(arrays: Arrays, where: str) -> tuple[NDArray[Any] | None, tuple[str, ...]]:
    """The labels of all parts; none unless each part that has images has them."""
    pairs = zip(_IN_PARTS["images"], _IN_PARTS["labels"], strict=True)
    names = [_named(arrays, labels) for images, labels in pairs if _named(arrays, images)]
    if not all(names):
        given = [name for name in names if name]
        return None, (f"Labels are not used, because only {', '.join(given)} are there.",) if given else ()
    found = [arrays[name] for name in names]
    found = [values[:, None] if values.ndim == 1 else values for values in found]
    for name, values in zip(names, found, strict=True):
        text = values.dtype.kind in "US"
        if values.shape[1:] != found[0].shape[1:] or text != (found[0].dtype.kind in "US"):
            raise wrong(where, name, f"it is {values.dtype} {values.shape}, which does not go with {names[0]}")
    return np.concatenate(found), ()


def _no_images(path: Path) -> DatasetError:
    """Say which arrays a file holds and under which names images are looked for."""
    text = f"no array in it is called images. It holds {listed(headers(path))}"
    advice = "Call the images images, x, data or arr_0, or x_train and x_test, or train_images and test_images."
    return wrong(shown(path), "images", text, advice)


def _first_content(path: Path, work: Work) -> _Content:
    """What runs that were started by the first rules know: a class for each number up to the largest, no parts."""
    where, keys = shown(path), _FIRST_RULES
    arrays = read_arrays(path, {*keys["images"], *keys["labels"], *_OTHERS}, work)
    images = as_images(arrays.get(_named(arrays, keys["images"])), where, "images", work)
    labels = arrays.get(_named(arrays, keys["labels"]))
    names = arrays.get("label_names")
    known = None
    if labels is not None:
        known = classes(labels, names, len(images), where, work)  # refuses what is no label
    if labels is not None and labels.size == len(images) and labels.dtype.kind in "biu":
        numbers = labels.reshape(len(images)).astype(np.int32)
        if (high := int(numbers.max())) >= _FIRST_MOST_LABELS:
            raise wrong(where, "labels", f"a label is {high:,}, {_FIRST_MOST_LABELS - 1:,} is the largest")
        every = tuple(str(number) for number in range(high + 1))
        known = Classes(numbers, every if names is None else words(names, where, "label_names"))
    bits, attribute_names = _attributes(arrays.get("attributes"), arrays.get("attribute_names"), len(images), where)
    return _Content(images, None, known, bits, attribute_names, ())


def _attributes(
    values: NDArray[Any] | None, names: NDArray[Any] | None, count: int, where: str
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    if values is None:
        return None, ()
    if values.ndim != 2 or len(values) != count or not np.isin(values, (0, 1)).all():
        raise wrong(where, "attributes", f"it is {values.dtype} {values.shape}, not a row of true and false an image")
    width = values.shape[1]
    found = words(names, where, "attribute_names") if names is not None else tuple(f"{n + 1}" for n in range(width))
    if len(found) != width:
        raise wrong(where, "attribute_names", f"it has {len(found)} names, but there are {width} attributes")
    return values.astype(np.bool_), found
