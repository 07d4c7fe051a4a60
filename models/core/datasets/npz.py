"""Datasets from an .npz file that anybody may have written: read without objects, every size checked beforehand.

The file holds ``images`` (or ``x``, or ``x_train``), uint8 0..255 or floats in [0, 1], of shape (n, height, width) or
(n, height, width, 1 or 3); and, if it likes, ``labels`` (or ``y``, ``y_train``), ``label_names``, ``attributes`` and
``attribute_names``.
"""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import Cancel, Dataset, Progress, report, splits
from models.core.errors import DatasetError
from models.core.images import to_uint8
from models.core.operations import shown

MAX_BYTES = 8_000_000_000
MAX_ENTRIES = 1000
MAX_SIDE = 2048
MAX_LABELS = 10_000
_RATIO = 1032  # deflate cannot squeeze further
_HEADER_BYTES = 10_000
_KEYS = {
    "images": ("images", "x", "x_train"),
    "labels": ("labels", "y", "y_train"),
    "label_names": ("label_names",),
    "attributes": ("attributes",),
    "attribute_names": ("attribute_names",),
}
_ADVICE = "Write it with numpy.savez(path, images=..., labels=...), images uint8 of shape (n, height, width, 3)."


def load(
    path: Path, *, size: int | None = None, progress: Progress | None = None, cancelled: Cancel | None = None
) -> Dataset:
    """Load a dataset from an .npz file; the caller resizes it.

    The rows are put into a fixed random order, because files are often sorted by label and splits are contiguous.

    Raises:
        DatasetError: naming the file and the array that is wrong.
        Cancelled: if ``cancelled`` said so.
    """
    where = shown(path)
    report("Reading the file", 0, 1, progress, cancelled)
    arrays = read_arrays(path, {key for keys in _KEYS.values() for key in keys})
    parts = {part: next((arrays[key] for key in keys if key in arrays), None) for part, keys in _KEYS.items()}
    images = _images(parts["images"], where)
    report("Reading the file", 1, 1, progress, cancelled)
    order = np.random.default_rng(0).permutation(len(images))
    labels, label_names = _labels(parts["labels"], parts["label_names"], len(images), where)
    attributes, names = _attributes(parts["attributes"], parts["attribute_names"], len(images), where)
    train, validation, test = splits(len(images))
    return Dataset(
        name=where,
        title=shown(Path(path.stem)),
        images=images[order],
        train=train,
        validation=validation,
        test=test,
        labels=None if labels is None else labels[order],
        label_names=label_names,
        attributes=None if attributes is None else attributes[order],
        attribute_names=names,
        source=f"Read from {where}.",
    )


def outline(path: Path) -> tuple[tuple[int, int, int], int] | None:
    """The shape of the images and how many there are, from the file's header alone; None if it is unclear."""
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(f"{key}.npy" for key in _KEYS["images"] if f"{key}.npy" in archive.namelist())
            with archive.open(name) as stream:
                shape, _, _ = _header(stream, "", "images")
    except Exception:  # noqa: BLE001 - loading it will say what is wrong
        return None
    if len(shape) == 3:
        shape = (*shape, 1)
    return ((shape[1], shape[2], shape[3]), shape[0]) if len(shape) == 4 and min(shape) > 0 else None


def read_arrays(path: Path, names: set[str]) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz file that have one of these names.

    Raises:
        DatasetError: if the file is damaged, holds Python objects, says the same name twice, or declares more than 8 GB
            or more than its compressed size allows for; found out before memory is taken.
    """
    where = shown(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ENTRIES or len({entry.filename for entry in entries}) != len(entries):
                raise _wrong(where, "", "it holds too many arrays, or two of the same name")
            wanted = [entry for entry in entries if entry.filename.removesuffix(".npy") in names]
            if sum(entry.file_size for entry in wanted) > MAX_BYTES:
                raise _wrong(where, "", "its arrays are larger than 8 GB")
            return {entry.filename.removesuffix(".npy"): _array(archive, entry, where) for entry in wanted}
    except DatasetError:
        raise
    except Exception as error:
        raise _wrong(where, "", f"{error}" or type(error).__name__) from error


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> NDArray[Any]:
    """Check one array's declared size against the archive's, then read it."""
    name = entry.filename
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _wrong(where, name, "it is encrypted or packed in an unusual way")
    if entry.file_size > _RATIO * entry.compress_size + 64:
        raise _wrong(where, name, "it claims to be larger than it can be")
    with archive.open(entry) as packed:
        stream = cast(zipfile.ZipExtFile, packed)
        shape, fortran, dtype = _header(packed, where, name)
        if dtype.kind not in "biufUS" or dtype.itemsize == 0:
            raise _wrong(where, name, f"its type {dtype} is not one of numbers or text")
        if fortran and len(shape) > 1:
            raise _wrong(where, name, "it is stored column by column")
        if any(side < 0 for side in shape):
            raise _wrong(where, name, "its shape is negative")
        size = math.prod(shape) * dtype.itemsize
        if size != entry.file_size - packed.tell():
            raise _wrong(where, name, f"its shape {shape} does not fit its size")
        content, done = bytearray(size), 0
        while done < size and (got := stream.readinto(memoryview(content)[done : done + (1 << 20)])):
            done += got
        if done != size or packed.read(1):
            raise _wrong(where, name, "it ends too early")
    array: NDArray[Any] = np.frombuffer(content, dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(stream: IO[bytes], where: str, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream, max_header_size=_HEADER_BYTES)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream, max_header_size=_HEADER_BYTES)
    raise _wrong(where, name, f"its version {version} is not known")


def _wrong(where: str, name: str, problem: str) -> DatasetError:
    place = f"{where}, array {name.removesuffix('.npy')}" if name else where
    return DatasetError(f"This .npz file cannot be used: {problem}.", where=place, advice=_ADVICE)


def _images(values: NDArray[Any] | None, where: str) -> NDArray[np.uint8]:
    if values is None:
        raise _wrong(where, "images", "it is missing")
    if values.ndim == 3:
        values = values[..., None]
    if values.ndim != 4 or len(values) == 0 or values.shape[3] not in (1, 3):
        raise _wrong(where, "images", f"its shape is {values.shape}")
    if not all(1 <= side <= MAX_SIDE for side in values.shape[1:3]):
        raise _wrong(where, "images", f"its images are {values.shape[1]} x {values.shape[2]} pixels")
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind != "f":
        raise _wrong(where, "images", f"its type is {values.dtype}, not uint8 or float")
    images = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), 1000):
        part = values[start : start + 1000]
        if not (part >= 0.0).all() or not (part <= 1.0).all():  # NaN is neither
            raise _wrong(where, "images", "its floats are not all in [0, 1]")
        images[start : start + 1000] = to_uint8(part)
    return images


def _labels(
    values: NDArray[Any] | None, names: NDArray[Any] | None, count: int, where: str
) -> tuple[NDArray[np.int32] | None, tuple[str, ...]]:
    if values is None:
        return None, ()
    values = values[:, 0] if values.shape == (count, 1) else values
    if values.shape != (count,) or values.dtype.kind not in "biu":
        raise _wrong(where, "labels", f"it is {values.dtype} {values.shape}, not {count:,} whole numbers")
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= MAX_LABELS:
        raise _wrong(where, "labels", f"its numbers are from {low} to {high}, not from 0 to at most {MAX_LABELS - 1}")
    words = _words(names, where, "label_names") if names is not None else tuple(str(n) for n in range(high + 1))
    if len(words) <= high:
        raise _wrong(where, "label_names", f"it has {len(words)} names, but a label is {high}")
    return values.astype(np.int32), words


def _attributes(
    values: NDArray[Any] | None, names: NDArray[Any] | None, count: int, where: str
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    if values is None:
        return None, ()
    if values.ndim != 2 or len(values) != count or not np.isin(values, (0, 1)).all():
        raise _wrong(where, "attributes", f"it is {values.dtype} {values.shape}, not a row of true and false an image")
    width = values.shape[1]
    words = _words(names, where, "attribute_names") if names is not None else tuple(f"{n + 1}" for n in range(width))
    if len(words) != width:
        raise _wrong(where, "attribute_names", f"it has {len(words)} names, but there are {width} attributes")
    return values.astype(np.bool_), words


def _words(values: NDArray[Any], where: str, name: str) -> tuple[str, ...]:
    if values.ndim != 1 or values.dtype.kind not in "US" or len(values) > MAX_LABELS:
        raise _wrong(where, name, f"it is {values.dtype} {values.shape}, not a list of text")
    words = tuple(w.decode("utf-8", "replace") if isinstance(w, bytes) else str(w) for w in values.tolist())
    return tuple(word.encode("utf-8", "replace").decode("utf-8")[:100] for word in words)
