"""Datasets: one file a source, one shape for all of them.

``load`` takes the key of a dataset that comes with the program, a folder of images or an .npz file. Pixels stay
uint8 on the way; folders and rendered faces are memory maps, so that a dataset may be larger than the memory.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import captions
from models.core.disk.operations import expanded, shown
from models.core.errors import DatasetError
from models.core.family import DataSpec
from models.core.images.convert import fit
from models.core.work import SILENT, Work, advance

DATASETS: dict[str, str] = {
    "fashion_mnist": "models.core.datasets.fashion_mnist",
    "faces": "models.core.datasets.faces",
    "captioned_faces": "models.core.datasets.captioned_faces",
    "digits": "models.core.datasets.digits",
}
DATASET_TITLES: dict[str, str] = {
    "fashion_mnist": "Fashion-MNIST: 70,000 images of clothes, grey, 28 x 28",
    "faces": "Voxel faces: 10,000 people with known attributes, colour, 64 x 64",
    "captioned_faces": "Voxel faces with captions: 10,000 people in words, colour, 64 x 64",
    "digits": "Digits: 1,797 handwritten digits, grey, 8 x 8",
}
_OUTLINES = {
    "fashion_mnist": ((28, 28, 1), 55_000), "faces": ((64, 64, 3), 8_000), "captioned_faces": ((64, 64, 3), 8_000),
    "digits": ((8, 8, 1), 1_439),
}  # fmt: skip
RULES = 3  # how folders and files become datasets: runs say by which rules they were started, and keep them
CAPTIONED = 3  # the first rules by which captions come with folders and files
SMALLEST, LARGEST = 8, 256  # sides of images, in pixels
MAX_BYTES = 8_000_000_000
_FINGERPRINT_IMAGES = 2000


@dataclass(frozen=True)
class Skipped:
    """A file of a dataset that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with what is known of them.

    Attributes:
        name: its key, or the path it was read from.
        title: its name for a person.
        images: uint8 (n, height, width, channels); may be a memory map.
        train: a slice of ``images``; so are ``validation`` and ``test``. They do not overlap.
        labels: int32 (n,), or None. A label is a place in ``label_names``.
        attributes: bool (n, len(attribute_names)), or None.
        source: where it came from, in words.
        notice: what a person must know of it.
        skipped: files that were left out.
        path: where it was read from, absolute; None for one that comes with the program.
        rules: by which of the rules (1 to ``RULES``) it was read.
        captions: a sentence an image, (n,); () where none came with them, see ``captions.captions_of``.
    """

    name: str
    title: str
    images: NDArray[np.uint8]
    train: slice
    validation: slice
    test: slice
    labels: NDArray[np.int32] | None
    label_names: tuple[str, ...]
    attributes: NDArray[np.bool_] | None
    attribute_names: tuple[str, ...]
    source: str
    notice: str = ""
    skipped: tuple[Skipped, ...] = ()
    path: Path | None = None
    rules: int = RULES
    captions: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    @cached_property
    def spec(self) -> DataSpec:
        """What a model must know of it before it is built."""
        about = captions.described(self)
        words, examples = (tuple(about.get(name, ())) for name in ("words", "examples"))
        return DataSpec(
            self.image_shape, len(self.label_names), self.attribute_names, self.label_names, words, examples
        )  # fmt: skip

    @property
    def trained_classes(self) -> NDArray[np.int64]:
        """The classes that have training images, as sorted places in ``label_names``; none without labels."""
        labels = np.zeros(0, np.int64) if self.labels is None else self.labels[self.train]
        return np.unique(labels).astype(np.int64)

    @cached_property
    def word_counts(self) -> dict[str, int]:
        """In how many of the captions that came with it each word stands, the most frequent first."""
        found = captions.frequencies(self.captions).items()
        return dict(sorted(found, key=lambda item: (-item[1], item[0])))

    @cached_property
    def fingerprint(self) -> str:
        """Hex sha256 of shape, splits, labels, attributes, captions and at most 2,000 evenly spaced images."""
        digest = hashlib.sha256()
        splits = [(part.start, part.stop) for part in (self.train, self.validation, self.test)]
        digest.update(
            repr((self.images.shape, splits, self.label_names, self.attribute_names)).encode("utf-8", "replace")
        )
        for known in (self.labels, self.attributes):
            digest.update(b"-" if known is None else np.ascontiguousarray(known).tobytes())
        if self.captions:
            digest.update("\n".join(self.captions).encode("utf-8", "replace"))
        count = len(self.images)
        for index in np.unique(np.linspace(0, count - 1, min(count, _FINGERPRINT_IMAGES)).astype(np.int64)):
            digest.update(np.ascontiguousarray(self.images[index]).tobytes())
        return digest.hexdigest()


def load(name: str | Path, *, size: int | None = None, rules: int = RULES, work: Work = SILENT) -> Dataset:
    """Load a dataset.

    Args:
        name: a key of ``DATASETS``, the path of a folder of images, or the path of an .npz file.
        size: height and width of the images, 8 to 256; the dataset's own (a folder: 64) by default.
        rules: 1 reads a folder or file as the first version of the program did, 2 leaves captions out, as the second
            did, for runs that they started.
        work: told (what is being done, how much is done, how much there is); checked now and then.

    Raises:
        DatasetError: if there is no such dataset or it cannot be read.
        StorageError: if its cache cannot be written.
        Cancelled: if ``work`` is cancelled.
    """
    check(name, size=size)
    if str(name) in DATASETS:
        found: Dataset = import_module(DATASETS[str(name)]).load(size=size, work=work)
        return _resized(found, size, work)
    path = expanded(name).absolute()  # a run that is resumed from another folder finds it again
    module = import_module(f"models.core.datasets.{_kind(path)}")
    found = module.load(path, size=size, rules=rules, work=work)
    loaded = _resized(replace(found, path=path, rules=rules), size, work)
    if rules == RULES:
        _LOADED[str(path)] = Outline(loaded.spec, loaded.train.stop - loaded.train.start)
    return loaded


def check(name: str | Path, *, size: int | None = None) -> None:
    """Refuse a dataset that is not there, or a size that is out of range, before anything slow begins.

    Raises:
        DatasetError: naming what is wrong.
    """
    if size is not None and not SMALLEST <= size <= LARGEST:
        advice = f"Choose one from {SMALLEST} to {LARGEST}: --size {min(max(size, SMALLEST), LARGEST)} is the nearest."
        raise DatasetError(f"Images of {size} x {size} pixels are not supported.", where="size", advice=advice)
    if str(name) not in DATASETS and not _kind(expanded(name)):
        advice = f"Use {', '.join(DATASETS)}, the path of a folder of images, or the path of an .npz file."
        raise DatasetError("There is no such dataset.", where=shown(Path(name)), advice=advice)


@dataclass(frozen=True)
class Outline:
    """What is known of a dataset before it is loaded; ``training`` is None where nobody has counted yet."""

    spec: DataSpec
    training: int | None


_LOADED: dict[str, Outline] = {}  # folders and files that this process has loaded


def outline(name: str, size: int = 64) -> Outline:
    """What a dataset holds without loading it.

    A folder's images are colour and square, its classes and words not known; but once it was loaded, they are.
    """
    if name not in _OUTLINES:
        return _outline(expanded(name), size)
    shape, count = _OUTLINES[name]
    module = import_module(DATASETS[name])
    labels, attributes = getattr(module, "LABELS", ()), getattr(module, "ATTRIBUTES", ())
    examples = getattr(module, "EXAMPLES", None)
    about = captions.described_classes(labels) if examples is None else captions.described_all(examples)
    return Outline(DataSpec(shape, len(labels), attributes, labels, *map(tuple, about.values())), count)


def _outline(path: Path, size: int) -> Outline:
    """The outline of a folder or file, or of one that is not there."""
    kind = _kind(path)
    found = import_module("models.core.datasets.npz").outline(path) if kind == "npz" else None
    shape, count = found or ((size, size, 3), None)
    loaded = _LOADED.get(str(path.absolute())) if kind else None
    if loaded is None:
        return Outline(DataSpec(shape), count)
    if kind == "folder":
        shape = (size, size, loaded.spec.image_shape[2])
    return Outline(replace(loaded.spec, image_shape=shape), loaded.training)


def training_images(name: str, most: int = 20_000, work: Work = SILENT) -> int | None:
    """About how many images of a folder will be trained on, by their names; None if there are more than ``most``.

    Raises:
        DatasetError: if the folder cannot be read.
        Cancelled: if ``work`` is cancelled.
    """
    if _kind(expanded(name)) != "folder":
        return None
    count = import_module("models.core.datasets.walk").count(expanded(name), most, work)
    return None if count is None else splits(count)[0].stop


def _kind(path: Path) -> str:
    """The module that reads a path: "folder", "npz" or none."""
    if _is(path, Path.is_dir):
        return "folder"
    return "npz" if path.suffix.lower() == ".npz" and _is(path, Path.is_file) else ""


def _is(path: Path, test: Callable[[Path], bool]) -> bool:
    """Test a path that may be no path at all; an empty name is not the working folder."""
    try:
        return path != Path() and test(path)
    except (OSError, ValueError):
        return False


def _resized(dataset: Dataset, size: int | None, work: Work) -> Dataset:
    """Fit the images of a dataset that has a size of its own to the one that was asked for."""
    if size is None or dataset.image_shape[:2] == (size, size):
        return dataset
    count, channels = len(dataset.images), dataset.image_shape[2]
    if count * size * size * channels > MAX_BYTES:
        most = math.isqrt(MAX_BYTES // (count * channels))
        advice = f"At most {most} x {most} pixels do: --size {most}."
        raise DatasetError(
            f"{count:,} images of {size} x {size} pixels are too many.", where=dataset.name,
            advice=advice if most >= SMALLEST else "Take fewer images.",
        )  # fmt: skip
    images = np.empty((count, size, size, channels), np.uint8)
    for index in range(count):
        if index % 1000 == 0:
            advance(work, "Resizing", index, count)
        images[index] = fit(np.asarray(dataset.images[index]), (size, size, channels))
    advance(work, "Resizing", count, count)
    return replace(dataset, images=images)


def splits(count: int) -> tuple[slice, slice, slice]:
    """Cut ``count`` images into 80 % to train, 10 % to validate and 10 % to test; at least one each from three on."""
    tenth = max(1, count // 10) if count >= 3 else 0
    return slice(0, count - 2 * tenth), slice(count - 2 * tenth, count - tenth), slice(count - tenth, count)


def describe(dataset: Dataset) -> dict[str, Any]:
    """Say in JSON-able values what a dataset holds."""
    labels, attributes = dataset.labels, dataset.attributes
    counts: Any = np.bincount(labels, minlength=len(dataset.label_names)) if labels is not None else []
    shares: Any = attributes.mean(axis=0) if attributes is not None and len(attributes) else []
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {
        "name": dataset.name,
        "title": dataset.title,
        "images": {name: part.stop - part.start for name, part in parts.items()},
        "image_shape": list(dataset.image_shape),
        "labels": {name: int(count) for name, count in zip(dataset.label_names, counts, strict=False)},
        "attributes": {n: round(float(s), 4) for n, s in zip(dataset.attribute_names, shares, strict=False)},
        **({"captions": captions.in_words(dataset)} if dataset.captions else {}),
        "source": dataset.source,
        "notice": dataset.notice,
        "skipped": [{"path": item.path, "reason": item.reason} for item in dataset.skipped],
    }
