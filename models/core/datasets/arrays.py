"""The arrays of an .npz file that anybody may have written: no objects, every size checked before memory is taken."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from models.core import device
from models.core.disk import files, foreign
from models.core.disk.foreign import Header
from models.core.disk.operations import shown
from models.core.errors import Cancelled, DatasetError
from models.core.work import SILENT, Work, advance

MAX_BYTES = 8_000_000_000
MAX_ENTRIES = 1000
_LISTED = 12  # arrays that a message names
_LOOKED = 50  # arrays whose headers are looked at
_RATIO = 1032  # deflate cannot squeeze further
ADVICE = "Write it with numpy.savez(path, images=..., labels=...), images uint8 of shape (n, height, width, 3)."


def wrong(where: str, name: str, problem: str, advice: str = ADVICE) -> DatasetError:
    """The error about one array of a file, or about the whole file if ``name`` is empty."""
    place = f"{where}, array {name.removesuffix('.npy')}" if name else where
    return DatasetError(f"This .npz file cannot be used: {problem}.", where=place, advice=advice)


def read_arrays(path: Path, names: set[str], work: Work = SILENT) -> dict[str, NDArray[Any]]:
    """Read the arrays of an .npz file that have one of these names; ``work`` is told how much of it is read.

    Raises:
        DatasetError: if the file is damaged, holds Python objects, says a name twice, or declares more than 8 GB,
            than there is room for or than its compressed size allows; found out before memory is taken.
        Cancelled: if ``work`` is cancelled.
    """
    where = shown(path)
    try:
        with files.opened(path) as stream, _archive(stream, where) as archive:
            wanted = [entry for entry in archive.infolist() if entry.filename.removesuffix(".npy") in names]
            total = sum(entry.file_size for entry in wanted)
            _check_memory(total, where)
            read = _Read(work, total)
            return {entry.filename.removesuffix(".npy"): _array(archive, entry, where, read) for entry in wanted}
    except (DatasetError, Cancelled):
        raise
    except Exception as error:
        raise wrong(where, "", files.reason(error)) from error


class _Read:
    """Tells how many bytes of all arrays are read."""

    def __init__(self, work: Work, total: int) -> None:
        self._work, self._total = work, total
        self._done = 0

    def more(self, count: int) -> None:
        """So many more are read; raises Cancelled."""
        self._done += count
        advance(self._work, "Reading the file", self._done, self._total)


def _check_memory(size: int, where: str) -> None:
    """Refuse arrays that this machine has no room for: they are there twice while they are put into their order."""
    if size > MAX_BYTES:
        raise wrong(where, "", "its arrays are larger than 8 GB")
    needed, free = 2 * size, device.memory_free()
    if free and needed > free:
        text = f"its arrays need {needed:,} bytes of memory, {free:,} bytes are free"
        raise wrong(where, "", text, "Close other programs, or save fewer or smaller images as uint8.")


def headers(path: Path, names: set[str] | None = None) -> dict[str, Header]:
    """Shape, order and type of arrays, read from the headers alone; one without a sound header is left out.

    Args:
        path: the file.
        names: of the arrays; by default the first ``_LOOKED`` of the file, because a bad header takes 40 ms.

    Raises:
        DatasetError: if this is no sound archive.
    """
    where, found = shown(path), dict[str, Header]()
    try:
        with files.opened(path) as stream, _archive(stream, where) as archive:
            entries = archive.infolist()
            wanted = [entry for entry in entries if names is None or entry.filename.removesuffix(".npy") in names]
            for entry in wanted[:_LOOKED]:
                try:
                    with archive.open(entry) as packed:
                        known = foreign.header(packed)
                        if _fits(known, entry, packed.tell()):
                            found[entry.filename.removesuffix(".npy")] = known
                except Exception:  # noqa: BLE001 - the arrays that are read are checked one by one
                    continue
    except DatasetError:
        raise
    except Exception as error:
        raise wrong(where, "", files.reason(error)) from error
    return found


def _claims_too_much(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > _RATIO * entry.compress_size + 64


def _fits(known: Header, entry: zipfile.ZipInfo, begin: int) -> bool:
    """Whether an array has the size that its header promises; what is in the archive begins at ``begin``."""
    shape, _, dtype = known
    fits = dtype.hasobject or entry.file_size - begin == math.prod(shape) * dtype.itemsize
    return fits and not _claims_too_much(entry)


def listed(found: dict[str, Header]) -> str:
    """What a file holds, in words: "x uint8 (70, 8, 8), y int64 (70,)"."""
    words = [f"{name[:40]} {dtype} {shape}" for name, (shape, _, dtype) in list(found.items())[:_LISTED]]
    more = len(found) - len(words)
    return (", ".join(words) or "no arrays") + (f" and {more} more" if more else "")


def _archive(stream: BinaryIO, where: str) -> zipfile.ZipFile:
    archive = foreign.opened_zip(stream, MAX_ENTRIES)
    if len({entry.filename for entry in archive.infolist()}) != len(archive.infolist()):
        raise wrong(where, "", "it holds two arrays of the same name")
    return archive


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, read: _Read) -> NDArray[Any]:
    """Check one array's declared size against the archive's, then read it."""
    name = entry.filename
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise wrong(where, name, "it is encrypted or packed in an unusual way")
    if _claims_too_much(entry):
        raise wrong(where, name, "it claims to be larger than it can be")
    with archive.open(entry) as packed:
        stream = cast(zipfile.ZipExtFile, packed)
        shape, fortran, dtype = _header(packed, where, name)
        read.more(packed.tell())
        if dtype.hasobject:
            advice = "Turn it into numbers or text before you save it: array.astype(str), or numpy.stack(list)."
            raise wrong(where, name, "it holds Python objects, which are never opened", advice)
        if dtype.kind not in "biufUS" or dtype.itemsize == 0:
            raise wrong(where, name, f"its type {dtype} is not one of numbers or text")
        if any(side < 0 for side in shape):
            raise wrong(where, name, "its shape is negative")
        size = math.prod(shape) * dtype.itemsize
        if size != entry.file_size - packed.tell():
            raise wrong(where, name, f"its shape {shape} does not fit its size")
        content, done = bytearray(size), 0
        while done < size and (got := stream.readinto(memoryview(content)[done : done + (1 << 20)])):
            done += got
            read.more(got)
        if done != size or packed.read(1):
            raise wrong(where, name, "it ends too early")
    flat: NDArray[Any] = np.frombuffer(content, dtype)
    array = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(stream: IO[bytes], where: str, name: str) -> Header:
    try:
        return foreign.header(stream)
    except ValueError as error:
        raise wrong(where, name, str(error)) from error
