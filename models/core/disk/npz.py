"""Arrays in an uncompressed npz file, as ``np.savez`` writes it, read as if an enemy had written it."""

from __future__ import annotations

import hashlib
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from models.core.disk.foreign import opened_zip
from models.core.errors import NotFiniteError, RunFormatError

Arrays = dict[str, NDArray[Any]]
Expected = Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]

_KINDS = "biuf"  # bool, int, unsigned, float: nothing that could hold an object
_HEADER = re.compile(
    r"\{'descr': '([<|][biuf]\d{1,2})', 'fortran_order': (False|True), 'shape': "
    r"\(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"  # a comma behind each number but the last: one way to read it
)
_MOST_HEADER = 10_000  # bytes, as numpy has it
_MAGIC = b"\x93NUMPY\x01\x00"
_CHUNK = 2**20
_MORE, _MORE_FOR_ALL = 4, 100  # arrays that a file may hold for each that is read, and in all
_BAD = (
    zipfile.BadZipFile,
    ValueError,
    EOFError,
    NotImplementedError,
    struct.error,
    OverflowError,
    RuntimeError,
    KeyError,
)


class _Hashed:
    """Passes on what is written and keeps its size and fingerprint."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()


def check_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse what must not be saved.

    Raises:
        NotFiniteError: an array holds NaN or infinity.
        RunFormatError: an array holds something else than numbers, or its name cannot be a file's name.
    """
    for name, array in arrays.items():
        if array.dtype.kind not in _KINDS:
            raise RunFormatError(f"The array {name!r} holds {array.dtype}, not plain numbers.", where=name)
        if not name or "\0" in name or "\\" in name or len(name) > 500:
            raise RunFormatError(f"An array cannot be called {name[:80]!r}.", where=name[:80])
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise NotFiniteError(
                f"The weights {name!r} contain NaN or infinity, so they are not saved.",
                where=name,
                advice="Resume from the last checkpoint with half the learning rate.",
            )


def write_npz(stream: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> tuple[int, str]:
    """Write the arrays one after the other; the same arrays give the same bytes. Returns size and sha256."""
    hashed = _Hashed(stream)
    with zipfile.ZipFile(cast(BinaryIO, hashed), "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
            member = zipfile.ZipInfo(name + ".npy", (1980, 1, 1, 0, 0, 0))
            with archive.open(member, "w", force_zip64=plain.nbytes > 2**31 - 2**20) as place:
                np.lib.format.write_array(place, plain, version=(1, 0), allow_pickle=False)
    return hashed.size, hashed.digest.hexdigest()


def size_limit(expected: Expected) -> int:
    """No file that holds exactly these arrays is larger."""
    return sum(bytes_of(shape, dtype) + 1024 + 4 * len(name) for name, (shape, dtype) in expected.items()) + 4096


def bytes_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """The size of an array, without overflow."""
    size = dtype.itemsize
    for length in shape:
        size *= length
    return size


def names_in(stream: BinaryIO, most: int) -> frozenset[str]:
    """The names of the arrays in a file; nothing of them is read.

    Raises:
        RunFormatError: the file is no archive, or holds more than ``most`` of them.
    """
    try:
        with opened_zip(stream, most) as archive:
            return frozenset(name.removesuffix(".npy") for name in archive.namelist())
    except _BAD as error:
        raise RunFormatError(f"The checkpoint cannot be used: {str(error)[:300]}.") from error


def read_npz(stream: BinaryIO, expected: Expected, *, partial: bool = False) -> Arrays:
    """Read exactly the expected arrays. Names, shapes, dtypes and sizes are compared before anything is allocated.

    Args:
        stream: the file.
        expected: name -> (shape, dtype).
        partial: let the file hold more arrays (optimizer slots, say), which are not read, and let float32 arrays be
            stored as float16, as shipped models are.

    Raises:
        RunFormatError: the file is not what our own code would have written for these arrays.
    """
    try:
        size = stream.seek(0, 2)
        if not partial and size > size_limit(expected):
            raise ValueError(f"it has {size:,} bytes, more than such a model needs")
        stream.seek(0)
        most = _MORE * len(expected) + _MORE_FOR_ALL
        with opened_zip(stream, most) as archive:
            _check_members(archive.infolist(), expected, partial)
            return {name: _read_member(archive, name, expected, partial) for name in expected}
    except _BAD as error:
        raise RunFormatError(f"The checkpoint cannot be used: {str(error)[:300]}.") from error


def _check_members(members: list[zipfile.ZipInfo], expected: Expected, partial: bool) -> None:
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise ValueError("an array is there twice")
    wanted = {name + ".npy" for name in expected}
    if partial and set(names) > wanted:
        members = [member for member in members if member.filename in wanted]
    elif set(names) != wanted:
        missing, extra = sorted(wanted - set(names)), sorted(set(names) - wanted)
        raise ValueError(f"its arrays are others than the model's (missing {missing[:3]}, too many {extra[:3]})")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
            raise ValueError(f"{member.filename} is compressed or encrypted")
        shape, dtype = expected[member.filename[:-4]]
        nbytes = bytes_of(shape, dtype)
        if partial and dtype == np.float32 and member.file_size <= nbytes // 2 + 1024:
            nbytes //= 2  # stored as float16
        if member.file_size != member.compress_size or not nbytes < member.file_size <= nbytes + 1024:
            raise ValueError(f"{member.filename} has {member.file_size} bytes, the model needs {nbytes}")


def _read_member(archive: zipfile.ZipFile, name: str, expected: Expected, partial: bool) -> NDArray[Any]:
    shape, dtype = expected[name]
    with archive.open(name + ".npy") as member:
        start = member.read(10)
        if start[:8] != _MAGIC or len(start) != 10:
            raise ValueError(f"{name} is not an array")
        length = int.from_bytes(start[8:], "little")
        header = _HEADER.fullmatch(member.read(length).decode("latin-1")) if length <= _MOST_HEADER else None
        if header is None:
            raise ValueError(f"the header of {name} is not one of ours")
        found = tuple(int(length) for length in header[3].replace(",", " ").split())
        stored = np.dtype(header[1])
        half = partial and stored == np.float16 and dtype == np.float32
        if (stored != dtype.newbyteorder("<") and not half) or header[2] == "True" or found != shape:
            raise ValueError(f"{name} is {header[1]} {found}, the model needs {dtype} {shape}")
        array = np.empty(shape, stored)
        _fill(member, array.reshape(-1).view(np.uint8), name)
        return array.astype(dtype, copy=False)


def _fill(member: Any, target: NDArray[np.uint8], name: str) -> None:
    """Read until the array is full; the end of the member must be there, too, so that its CRC is checked."""
    done = 0
    while done < target.size:
        chunk = member.read(min(_CHUNK, target.size - done))
        if not chunk:
            raise ValueError(f"{name} is too short")
        target[done : done + len(chunk)] = np.frombuffer(chunk, np.uint8)
        done += len(chunk)
    if member.read(1):
        raise ValueError(f"{name} is too long")
