"""The IDX format of the MNIST family, read strictly: a file is right in every byte or it is refused."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import device
from models.core.disk import files
from models.core.disk.operations import shown
from models.core.errors import DatasetError

MAX_BYTES = 2_000_000_000
MAX_DIMENSIONS = 4
_RATIO = 1032  # deflate cannot squeeze further
_TYPES = {0x08: "|u1", 0x09: "|i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_ADVICE = "Fetch the file again, or remove it and another copy is used."


def read_idx(path: Path, *, dimensions: int | None = None, count: int | None = None) -> NDArray[Any]:
    """Read an array from a gzipped IDX file.

    Args:
        path: a file such as ``train-images-idx3-ubyte.gz``.
        dimensions: how many dimensions the array must have.
        count: how long its first dimension must be (as many labels as images).

    Returns:
        An array in the machine's byte order, of the type and shape that the file declares.

    Raises:
        DatasetError: naming the file and the field that is wrong. No more memory is taken than the file's own size
            allows for (deflate squeezes 1032 times at most), and never more than 2 GB.
    """
    where = shown(path)
    try:
        with files.opened(path) as packed, gzip.open(packed, "rb") as stream:
            compressed = os.fstat(packed.fileno()).st_size
            dtype, shape = _header(stream, where)
            if dimensions is not None and len(shape) != dimensions:
                raise _wrong(where, "dimensions", f"{len(shape)} of them, not {dimensions}")
            if count is not None and shape[0] != count:
                raise _wrong(where, "count", f"{shape[0]:,}, but {count:,} are needed")
            size = math.prod(shape) * dtype.itemsize
            if size > MAX_BYTES or size > _RATIO * compressed:
                raise _wrong(where, "dimensions", f"{shape} would need {size:,} bytes, which the file cannot hold")
            if 0 < device.memory_free() < 2 * size:
                raise _wrong(where, "dimensions", f"{2 * size:,} bytes of memory are needed, which are not free")
            content = bytearray(size)
            if _fill(stream, content) != size:
                raise _wrong(where, "data", "the file ends too early")
            if stream.read(1):
                raise _wrong(where, "data", "the file is longer than its dimensions say")
    except (OSError, EOFError, zlib.error, MemoryError, ValueError) as error:
        raise _wrong(where, "gzip", files.reason(error)) from error
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(stream: Any, where: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise _wrong(where, "magic", f"it is {magic.hex() or 'missing'}")
    if not 1 <= magic[3] <= MAX_DIMENSIONS:
        raise _wrong(where, "dimensions", f"{magic[3]} of them")
    sizes = stream.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise _wrong(where, "dimensions", "the file ends too early")
    return np.dtype(_TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def _fill(stream: Any, content: bytearray) -> int:
    view, done = memoryview(content), 0
    while done < len(content) and (got := stream.readinto(view[done : done + (1 << 20)])):
        done += got
    return done


def _wrong(where: str, field: str, problem: str) -> DatasetError:
    return DatasetError(f"This is not a valid IDX file: {field}: {problem}.", where=where, advice=_ADVICE)
