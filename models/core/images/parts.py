"""The parts that an image file is made of, found without decoding a pixel, and how many of them a file may have.

A small file can have a million parts: Pillow walks them in Python, and decodes the scans of a JPEG one after the other.
So each file is walked here first, where a part costs next to nothing and the walk has an end.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

from models.core.images import tiff_parts
from models.core.images.limits import MOST_BLOCKS, MOST_FRAMES, MOST_PARTS, MOST_SCANS, TooManyParts

PNG_START = b"\x89PNG\r\n\x1a\n"
_SCAN = b"\xff\xda"
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_CHUNK = 2**20

Part = tuple[bytes, int, int]  # (kind, where its content begins, bytes of it)


def kind_of(start: bytes) -> str:
    """The format whose parts are walked here, by the first bytes (12 or more) of a file; "" for another."""
    if start.startswith(PNG_START):
        return "PNG"
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    return "TIFF" if start[:4] in tiff_parts.STARTS else ""


def check(stream: BinaryIO) -> tuple[int, int] | None:
    """Walk a file and refuse it if it has too many parts; a file that ends early is the decoder's to judge.

    Returns:
        (width, height) of a WebP, whose decoder takes memory for it before anybody can ask; else None.

    Raises:
        TooManyParts: naming the parts.
    """
    stream.seek(0)
    kind = kind_of(stream.read(12))
    try:
        if kind == "PNG":
            _count(png_chunks(stream), "chunks", MOST_PARTS)
        elif kind == "JPEG":
            _count(jpeg_segments(stream), "segments", MOST_PARTS)
            _check_scans(stream)
        elif kind == "GIF":
            _first_frame(stream)
        elif kind == "TIFF":
            tiff_parts.check(stream)
        elif kind == "WEBP":
            _count(webp_chunks(stream), "chunks", MOST_PARTS)
            return webp_size(stream)
    except (struct.error, EOFError, OverflowError):
        pass
    return None


def frames(stream: BinaryIO) -> int | None:
    """Count the frames of a GIF or the pages of a TIFF, up to 1,000; None for another format."""
    stream.seek(0)
    kind = kind_of(stream.read(12))
    found = 0
    try:
        if kind == "GIF":
            for part, _, _ in gif_blocks(stream):
                found += part == b","
                if found >= MOST_FRAMES:
                    break
        elif kind == "TIFF":
            for _ in tiff_parts.pages(stream):
                found += 1
                if found >= MOST_FRAMES:
                    break
    except (struct.error, EOFError, OverflowError, TooManyParts):
        pass
    return max(found, 1) if kind in ("GIF", "TIFF") else None


def _count(parts: Iterator[object], what: str, most: int) -> None:
    for number, _ in enumerate(parts):
        if number >= most:
            raise TooManyParts(f"more than {most:,} {what}")


# --- PNG ---


def png_chunks(stream: BinaryIO) -> Iterator[Part]:
    """The chunks of a PNG, IEND included.

    Raises:
        struct.error: if the file ends before it.
    """
    place = len(PNG_START)
    while True:
        stream.seek(place)
        length, kind = struct.unpack(">I4s", stream.read(8))
        yield kind, place + 8, length
        if kind == b"IEND":
            return
        place += 12 + length


# --- JPEG ---


def jpeg_segments(stream: BinaryIO) -> Iterator[Part]:
    """The segments of a JPEG before its first scan, each with its marker (two bytes).

    Raises:
        struct.error: if the file ends before it.
    """
    place = 2
    while True:
        stream.seek(place)
        head = stream.read(4)
        if len(head) < 4:
            raise struct.error("the file ends")
        marker, length = head[:2], int.from_bytes(head[2:])
        if marker[0] != 0xFF or marker[1] in (0xDA, 0xD9):
            return
        alone = marker[1] in (0xFF, 0x00, 0x01) or 0xD0 <= marker[1] <= 0xD8  # fill bytes, and markers without a length
        yield marker, place + 4, 0 if alone else max(0, length - 2)
        place += (1 if marker[1] == 0xFF else 2) if alone else 2 + max(2, length)


def jpeg_scans(stream: BinaryIO) -> Iterator[Part]:
    """The scans of a JPEG and the segments between them, each with its marker, up to the end of the image.

    Within a scan a byte 0xFF is followed by a zero or by a marker that restarts it, so that its end is found by a look.

    Raises:
        struct.error: if the file ends before the image does.
    """
    place = 2
    for _, begin, length in jpeg_segments(stream):
        place = begin + length
    while True:
        stream.seek(place)
        data = stream.read(_CHUNK)
        found = _MARKER.search(data)
        if found is None:
            if len(data) < 2:
                raise struct.error("the file ends")
            place += len(data) - 1
            continue
        marker, begin = data[found.start() : found.end()], place + found.end()
        if marker == b"\xff\xd9":
            return
        stream.seek(begin)
        length = max(2, int.from_bytes(stream.read(2)))
        yield marker, begin + 2, length - 2
        place = begin + length


def _check_scans(stream: BinaryIO) -> None:
    scans = 0
    for number, (marker, _, _) in enumerate(jpeg_scans(stream)):
        scans += marker == _SCAN
        if scans > MOST_SCANS:
            raise TooManyParts(f"more than {MOST_SCANS:,} scans")
        if number > MOST_PARTS:
            raise TooManyParts(f"more than {MOST_PARTS:,} segments")


# --- GIF ---


def gif_blocks(stream: BinaryIO, most: int = MOST_BLOCKS) -> Iterator[Part]:
    """The parts of a GIF: b"," for a frame, else the label of an extension; where its first block lies, and 0.

    Raises:
        EOFError: if the file ends before its end is said.
        TooManyParts: more than ``most`` blocks, which are counted over all parts.
    """
    stream.seek(10)
    flags = _byte(stream)
    stream.seek(13 + ((3 << ((flags & 7) + 1)) if flags & 128 else 0))
    blocks = 0
    while True:
        begin = _byte(stream)
        if begin == 0x3B:
            return
        kind = b"," if begin == 0x2C else b""
        if begin == 0x21:
            kind = bytes([_byte(stream)])
        elif begin == 0x2C:
            stream.seek(8, os.SEEK_CUR)
            flags = _byte(stream)
            stream.seek(((3 << ((flags & 7) + 1)) if flags & 128 else 0) + 1, os.SEEK_CUR)
        if kind:
            place = stream.tell()
            yield kind, place, 0
            stream.seek(place)
        while kind and (length := _byte(stream)):
            stream.seek(length, os.SEEK_CUR)
            blocks += 1
            if blocks > most:
                raise TooManyParts(f"more than {most:,} blocks")
        blocks += 1
        if blocks > most:
            raise TooManyParts(f"more than {most:,} blocks")


def _byte(stream: BinaryIO) -> int:
    found = stream.read(1)
    if not found:
        raise EOFError
    return found[0]


def gif_text(stream: BinaryIO, place: int, most: int) -> bytes:
    """The content of the blocks of an extension, at most ``most`` bytes of it and a block more."""
    stream.seek(place)
    text = bytearray()
    while len(text) <= most and (length := _byte(stream)):
        text += stream.read(length)
    return bytes(text)


def _first_frame(stream: BinaryIO) -> None:
    """Only the first frame is decoded; what lies before it is walked in Python."""
    for kind, _, _ in gif_blocks(stream, MOST_PARTS):
        if kind == b",":
            return


# --- WebP ---


def webp_chunks(stream: BinaryIO) -> Iterator[Part]:
    """The chunks of a WebP.

    Raises:
        struct.error: if the file ends in the middle of one.
    """
    place, end = 12, stream.seek(0, os.SEEK_END)
    while place + 8 <= end:
        stream.seek(place)
        kind, length = struct.unpack("<4sI", stream.read(8))
        yield kind, place + 8, length
        place += 8 + length + length % 2


def webp_size(stream: BinaryIO) -> tuple[int, int] | None:
    """(width, height) that the first chunk tells; None if it tells none."""
    stream.seek(12)
    kind, _ = struct.unpack("<4sI", stream.read(8))
    body = stream.read(10)
    if len(body) < 10:
        raise EOFError
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None
