"""Archives and arrays in files that anybody may have written: no number in them is believed before it is compared."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files

Header = tuple[tuple[int, ...], bool, np.dtype[Any]]  # (shape, whether column by column, type)

_HEADER_BYTES = 10_000  # of an array; numpy's own limit
_ENTRY_BYTES = 600  # of an entry in the directory of an archive whose names have at most 500 characters
_COMMENT_BYTES = 70_000  # where an archive ends: its comment and the end of its directory


class _TooMuchError(ValueError):
    """A file tells its reader to read more at once than any file of its kind needs."""


class _Limited:
    """A stream that refuses to read more than ``most`` bytes at once; zipfile and numpy read what a file says."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most = stream, most
        self.tell, self.seekable = stream.tell, stream.seekable

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            here = self._stream.tell()
            size = self._stream.seek(0, os.SEEK_END) - here
            self._stream.seek(here)
        if size > self._most:
            raise _TooMuchError(f"a part of it has {size:,} bytes, {self._most:,} are the most")
        return self._stream.read(size)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(place, whence)


def opened_zip(stream: BinaryIO, most: int) -> zipfile.ZipFile:
    """Open an archive that has at most so many members; one that has more is refused before they are read.

    Raises:
        ValueError: it has more members.
        zipfile.BadZipFile, OSError and what else zipfile raises: it is no sound archive.
    """
    limit = max(_COMMENT_BYTES, most * _ENTRY_BYTES)
    try:
        archive = zipfile.ZipFile(cast(BinaryIO, _Limited(stream, limit)))
    except _TooMuchError as error:
        raise ValueError(f"it holds more than {most:,} arrays") from error
    if len(archive.infolist()) > most:
        raise ValueError(f"it holds {len(archive.infolist()):,} arrays, {most:,} are the most")
    archive.fp = stream
    return archive


def header(stream: IO[bytes]) -> Header:
    """Read the header of an array in numpy's format; the stream is then at its first value.

    Raises:
        ValueError: it is none, or longer than 10,000 bytes.
    """
    limited: Any = _Limited(stream, _HEADER_BYTES)
    version = np.lib.format.read_magic(limited)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(limited, max_header_size=_HEADER_BYTES)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(limited, max_header_size=_HEADER_BYTES)
    raise ValueError(f"its version {version} is not known")


def mapped(path: Path) -> NDArray[Any]:
    """The array in an .npy file, mapped for reading: a header cannot promise more than the file holds.

    Raises:
        OSError: it cannot be opened, or is no regular file.
        ValueError: it holds no array of plain values.
    """
    with files.opened(path) as stream:
        shape, by_columns, dtype = header(stream)
        if dtype.hasobject:
            raise ValueError("it holds Python objects, which are never opened")
        order = "F" if by_columns else "C"
        return np.memmap(stream, dtype=dtype, mode="r", offset=stream.tell(), shape=shape, order=order)  # type: ignore[call-overload, no-any-return]
