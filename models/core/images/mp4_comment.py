"""The comment of an MP4 file, found by walking its boxes: no frame is decoded, no codec sees a foreign file.

Source: ISO/IEC 14496-12, section 4.2 (boxes); the comment is moov/udta/meta/ilst/(c)cmt/data, as iTunes writes it.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

PATH = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
_HEAD = {b"meta": 4, b"data": 8}  # bytes of a box before its content: version and flags, or type and locale
_MOST_BOXES = 10_000


def is_mp4(start: bytes) -> bool:
    """Whether the first twelve bytes of a file are those of an MP4."""
    return start[4:8] == b"ftyp"


def comment(stream: BinaryIO, most: int) -> bytes | None:
    """The comment, or None if there is none or it has more than ``most`` bytes.

    Raises:
        OSError, struct.error: if the file ends in the middle of a box.
    """
    begin, end = 0, stream.seek(0, os.SEEK_END)
    for name in PATH:
        found = _find(stream, name, begin, end)
        if found is None:
            return None
        begin, end = found[0] + _HEAD.get(name, 0), found[1]
    if not 0 <= end - begin <= most:
        return None
    stream.seek(begin)
    return stream.read(end - begin)


def _find(stream: BinaryIO, name: bytes, begin: int, end: int) -> tuple[int, int] | None:
    """Where the content of the first box of this name begins and ends, between two places of the file."""
    for _ in range(_MOST_BOXES):
        if begin + 8 > end:
            return None
        stream.seek(begin)
        size, kind = struct.unpack(">I4s", stream.read(8))
        head = 8
        if size == 1:  # the size is written after the name, in eight bytes
            (size,), head = struct.unpack(">Q", stream.read(8)), 16
        elif size == 0:  # to the end of the file
            size = end - begin
        if size < head or begin + size > end:
            return None
        if kind == name:
            return begin + head, begin + size
        begin += size
    return None
