"""Caches of images that took long to make: folders with ``images.npy`` and ``index.json``, whole or absent."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files, foreign
from models.core.disk.operations import shown
from models.core.errors import RunFormatError, StorageError

log = logging.getLogger(__name__)
_VERSION = 1
_ARRAYS = ("images.npy", "labels.npy", "attributes.npy", "captions.npy")
_STALE_SECONDS = 86_400
_CHUNK = 256
_MOST_INDEX = 2**26  # bytes; it names the files that could not be used
_NEW = re.compile(r"\.new-[a-z0-9_]{8}")  # as tempfile names them
_OWN = re.compile(
    r"(?:images|labels|attributes|captions)\.npy|images\.(?:colour|order)|index\.json|files\.sqlite(?:-journal|-wal|-shm)?"
)


@dataclass(frozen=True)
class Cached:
    """What a cache holds: a memory map, what goes with it, and the words that were stored; captions are () if none."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32] | None
    attributes: NDArray[np.bool_] | None
    words: dict[str, Any]
    captions: tuple[str, ...] = ()


@contextmanager
def new_folder(home: Path) -> Iterator[Path]:
    """Make a temporary folder in ``home`` that is gone afterwards unless ``publish`` moved it.

    Raises:
        StorageError: if it cannot be made, or if the block met an error of the disk.
    """
    temporary: Path | None = None
    try:
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
        yield temporary
    except (OSError, sqlite3.Error) as error:
        advice = "Free some space, or set STUDIO_HOME to a folder on another disk."
        raise StorageError("The cache of this dataset cannot be written.", where=shown(home), advice=advice) from error
    finally:
        if temporary is not None:
            _remove(temporary)


def _sweep(home: Path) -> None:
    """Remove what a program that was killed a day ago or earlier left behind."""
    for left in home.iterdir():
        with suppress(OSError):
            if _NEW.fullmatch(left.name) and time.time() - left.stat().st_mtime > _STALE_SECONDS:
                _remove(left)


def _remove(folder: Path) -> None:
    """Remove the files of a cache, by name, then the folder if nothing else is in it; of a linked one nothing."""
    if folder.is_symlink():
        return
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            if _OWN.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
        folder.rmdir()


def publish(temporary: Path, target: Path) -> None:
    """Give a finished folder its name; if another process was faster, its equal result stays."""
    try:
        temporary.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        if not (target / "index.json").exists():  # a damaged cache was removed, but for somebody's file in it
            for path in sorted(temporary.iterdir(), key=lambda path: path.name == "index.json"):
                os.replace(path, target / path.name)


def write_rest(
    folder: Path, labels: NDArray[np.int32] | None, attributes: NDArray[np.bool_] | None, words: dict[str, Any],
    captions: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write what goes with ``images.npy``; the index comes last. A caption is one line."""
    letters = np.frombuffer("\n".join(captions).encode(), np.uint8) if any(captions) else None
    for name, values in (("labels", labels), ("attributes", attributes), ("captions", letters)):
        if values is not None:
            with (folder / f"{name}.npy").open("wb") as stream:
                np.lib.format.write_array(stream, values, version=(1, 0))
                _flush(stream)
    with (folder / "index.json").open("w", encoding="utf-8") as text:
        json.dump({"version": _VERSION, "words": words, "sha256": _fingerprints(folder, words)}, text)
        text.flush()
        os.fsync(text.fileno())


def _fingerprints(folder: Path, words: dict[str, Any]) -> dict[str, str]:
    """The sha256 of each array in a cache, and of the words beside them."""
    found = {name: files.sha256(folder / name) for name in _ARRAYS if (folder / name).exists()}
    return {**found, "words": hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()}


def open_cached(target: Path, needed: tuple[str, ...] = ()) -> Cached | None:
    """Open a cache that has the ``needed`` words; None if there is none.

    One that is damaged, to the last bit of an image, is removed, so that it is made again; that is in the log. So is
    one of an older version, which has no fingerprints.
    """
    if not target.is_dir():
        return None
    try:
        index = files.read_json(target / "index.json", max_bytes=_MOST_INDEX)
        images = foreign.mapped(target / "images.npy")
        labels, attributes = _array(target / "labels.npy"), _array(target / "attributes.npy")
        sound = index["version"] == _VERSION and images.dtype == np.uint8 and images.ndim == 4 and len(images) > 0
        for values, kind in ((labels, np.dtype(np.int32)), (attributes, np.dtype(np.bool_))):
            sound = sound and (values is None or (values.dtype == kind and len(values) == len(images)))
        words = dict(index["words"])
        if sound and words.keys() >= set(needed) and index["sha256"] == _fingerprints(target, words):
            return Cached(images, labels, attributes, words, _captions(target, len(images)))
    except (OSError, ValueError, KeyError, TypeError, RunFormatError):
        pass
    log.warning("the cache %s is damaged or of an older version: it is made again", shown(target))
    _remove(target)
    return None


def _array(path: Path) -> Any:
    return np.array(foreign.mapped(path)) if path.exists() else None


def _captions(target: Path, count: int) -> tuple[str, ...]:
    """The captions in a cache, () if there are none; ValueError if they are not ``count``."""
    letters = _array(target / "captions.npy")
    if letters is None:
        return ()
    found = tuple(letters.tobytes().decode("utf-8").split("\n"))
    if len(found) != count:
        raise ValueError(f"there are {len(found)} captions of {count} images")
    return found


def _flush(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


class ImageWriter:
    """Appends images to a .npy file, one after the other, in constant memory.

    The file has one channel for as long as all images are grey and three from the first colour image on. Its header is
    written at the end, in the room that was kept for it.
    """

    def __init__(self, path: Path, height: int, width: int) -> None:
        self.path = path
        self.height = height
        self.width = width
        self.count, self.channels = 0, 1
        self._stream: BinaryIO = path.open("w+b")
        self._room = self._write_header()

    def __enter__(self) -> ImageWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def append(self, image: NDArray[np.uint8]) -> None:
        """Add one image, uint8 (height, width, 1 or 3)."""
        if image.shape[2] > self.channels:
            self._to_colour()
        wide = np.repeat(image, self.channels, axis=2) if image.shape[2] < self.channels else image
        self._stream.write(np.ascontiguousarray(wide).tobytes())
        self.count += 1

    def arrange(self, order: NDArray[np.int64]) -> None:
        """Keep only some of the images, in another order: rows (m,) of those that were added."""
        self._stream.flush()
        size, old = self.height * self.width * self.channels, self._stream
        other = self.path.with_suffix(".order")
        self._stream = other.open("w+b")
        self._stream.seek(self._room)
        for row in order.tolist():
            old.seek(self._room + row * size)
            self._stream.write(old.read(size))
        old.close()
        os.replace(other, self.path)
        self.count = len(order)

    def close(self) -> None:
        """Write the header and flush to the disk."""
        self._stream.seek(0)
        if self._write_header() != self._room:
            raise OSError("the header of images.npy does not fit")
        _flush(self._stream)
        self._stream.close()

    def _write_header(self) -> int:
        shape = (self.count, self.height, self.width, self.channels)
        np.lib.format.write_array_header_1_0(self._stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        return self._stream.tell()

    def _to_colour(self) -> None:
        """Copy the grey images so far into a file with three channels."""
        old, size = self._stream, self.height * self.width
        old.seek(self._room)
        other = self.path.with_suffix(".colour")
        self.channels = 3
        self._stream = other.open("w+b")
        self._stream.seek(self._room)
        while grey := old.read(size * _CHUNK):
            self._stream.write(np.repeat(np.frombuffer(grey, np.uint8), 3).tobytes())
        old.close()
        os.replace(other, self.path)
