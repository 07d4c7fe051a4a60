"""The pages and tags of a TIFF, found without decoding a pixel."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from models.core.images.limits import MOST_PARTS, MOST_SCANS, MOST_TAGS, MOST_VALUES, TooManyParts

STARTS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}  # the latter two: BigTIFF
_CHUNK = 2**20
_SCAN = b"\xff\xda"
_JPEG = (6, 7)  # compressions
_BYTES_OF = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_AS_BYTES = (1, 2, 6, 7)  # types


@dataclass(frozen=True)
class Tag:
    """A tag of a TIFF: its type, how many values it has, and the bytes of the value, or of where the values lie."""

    kind: int
    count: int
    value: bytes


def pages(stream: BinaryIO) -> Iterator[dict[int, Tag]]:
    """The tags of each page of a TIFF; a page that was there before ends it.

    Raises:
        struct.error: if the file ends before its last page.
        TooManyParts: of tags in a page.
    """
    stream.seek(0)
    start = stream.read(4)
    order, large = STARTS[start], b"+" in start
    stream.seek(8 if large else 4)
    (place,) = _numbers(order + ("Q" if large else "I"), stream)
    seen = set()
    while place and place not in seen:
        seen.add(place)
        stream.seek(place)
        tags, end = _directory(stream, order, large)
        yield dict(tags)
        stream.seek(end)
        (place,) = _numbers(order + ("Q" if large else "I"), stream)


def _directory(stream: BinaryIO, order: str, large: bool) -> tuple[list[tuple[int, Tag]], int]:
    """The tags that begin where the stream stands, and where they end."""
    count_of, tag_of = ("Q", "HHQ8s") if large else ("H", "HHI4s")
    (count,) = _numbers(order + count_of, stream)
    if count > MOST_TAGS:
        raise TooManyParts(f"more than {MOST_TAGS:,} tags")
    begin, size = stream.tell(), struct.calcsize(order + tag_of)
    body = stream.read(count * size)
    found = struct.iter_unpack(order + tag_of, body[: len(body) // size * size])
    return [(tag, Tag(kind, many, value)) for tag, kind, many, value in found], begin + count * size


def _check_tags(tags: Iterable[Tag], size: int) -> None:
    """Tags are read whole: together they have no more values, and no more bytes, than a file of this size can hold."""
    counts = [(tag.kind, tag.count) for tag in tags]
    if sum(count for kind, count in counts if kind not in _AS_BYTES) > MOST_VALUES:
        raise TooManyParts(f"more than {MOST_VALUES:,} values in its tags")
    if sum(count * _BYTES_OF.get(kind, 0) for kind, count in counts) > size:
        raise TooManyParts("tags that hold more than the file")


def check(stream: BinaryIO) -> None:
    """Refuse a TIFF whose first page, which alone is decoded, has too many parts: values in tags, strips, scans.

    Raises:
        TooManyParts: naming the parts.
        struct.error: if the file ends early.
    """
    stream.seek(0)
    order = STARTS[stream.read(4)]
    tags, size = next(pages(stream), {}), stream.seek(0, os.SEEK_END)
    strips = max((tags[tag].count for tag in (273, 279, 324, 325) if tag in tags), default=0)
    if strips > MOST_PARTS:
        raise TooManyParts(f"more than {MOST_PARTS:,} strips")
    _check_tags(tags.values(), size)
    compression = tags.get(259)
    if compression is not None and struct.unpack(order + "H", compression.value[:2])[0] in _JPEG:
        _check_scans(stream, strips)


def _check_scans(stream: BinaryIO, strips: int) -> None:
    """Each strip or tile may be a JPEG of its own: one scan each, and not many more in all."""
    stream.seek(0)
    found, last = 0, b""
    while data := stream.read(_CHUNK):
        found += (last + data).count(_SCAN)
        last = data[-1:]
    if found > MOST_SCANS + strips:
        raise TooManyParts(f"more than {MOST_SCANS + strips:,} scans")


def _numbers(form: str, stream: BinaryIO) -> tuple[int, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))
