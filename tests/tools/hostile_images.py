"""Small image files that are whole, and that cost a reader far more than their size: in time, memory or parts."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

from tests.tools.picture_files import chunk, png


def progressive(scans: int, side: int = 1024) -> bytes:
    """A grey progressive JPEG of side x side pixels (at most 1024) and ``scans`` scans of 12 bytes each."""

    def segment(marker: int, body: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

    def table(place: int, symbol: int) -> bytes:
        """A Huffman table with one symbol, whose code is a single zero bit."""
        return segment(0xC4, bytes([place, 1, *[0] * 15, symbol]))

    blocks = (-(-side // 8)) ** 2
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00")
    quantised = segment(0xDB, b"\0" + b"\1" * 64)
    mean = segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(-(-blocks // 8))
    nothing = segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + b"\x00\x01"  # no coefficient in any of 16,384 blocks
    return b"".join(
        (b"\xff\xd8", quantised, frame, table(0, 0), table(0x10, 0xE0), mean, nothing * (scans - 1), b"\xff\xd9")
    )


def many_segments(count: int) -> bytes:
    """A JPEG with so many empty application segments before its frame."""
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "JPEG")
    return stream.getvalue()[:2] + b"\xff\xe9\x00\x02" * count + stream.getvalue()[2:]


def many_chunks(count: int) -> bytes:
    """A PNG of one pixel with so many empty chunks before it."""
    return png(1, 1, b"\0\0", before=chunk(b"abCd", b"") * count)


def flat_png(side: int, channels: int) -> bytes:
    """A PNG of one colour that is a thousandth of its size in memory: 1 channel, 3, or 4 (half transparent)."""
    rows, squeezed = b"\0" + b"\x80" * (side * channels), zlib.compressobj(9)
    body = b"".join(squeezed.compress(rows) for _ in range(side)) + squeezed.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gif(side: int, frames: int, *, blocks: int = 0) -> bytes:
    """A GIF of equal frames of one colour, with so many empty comments before the first."""
    stream = io.BytesIO()
    Image.new("P", (side, side)).save(stream, "GIF")
    whole = stream.getvalue()
    start = whole.index(b",", 13)  # after the global colours
    frame = whole[start:-1]
    return whole[:start] + b"!\xfe\x01x\x00" * blocks + frame * frames + b";"


def tiff(side: int = 4, *, pages: int = 1, strips: int = 1, entries: int = 0) -> bytes:
    """An uncompressed grey TIFF; its pages share one strip of pixels, which each page can name many times."""
    pixels, place = bytes(side * side), 8
    body = pixels + struct.pack(f"<{strips}I", *([place] * strips)) + struct.pack(f"<{strips}I", *([side] * strips))
    offsets, counts = place + len(pixels), place + len(pixels) + 4 * strips
    tags = [
        (256, 3, 1, side), (257, 3, 1, side * strips if strips > 1 else side), (258, 3, 1, 8), (259, 3, 1, 1),
        (262, 3, 1, 1), (273, 4, strips, offsets if strips > 1 else place), (277, 3, 1, 1),
        (278, 3, 1, 1 if strips > 1 else side), (279, 4, strips, counts if strips > 1 else side * side),
        *((60_000 + number % 5_000, 3, 1, 0) for number in range(entries)),
    ]  # fmt: skip
    size, first = 2 + 12 * len(tags) + 4, place + len(body)
    found = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    page = [struct.pack("<H", len(tags)) + found + struct.pack("<I", first + size * n) for n in range(1, pages)]
    return b"II*\0" + struct.pack("<I", first) + body + b"".join(page) + struct.pack("<H", len(tags)) + found + bytes(4)


def webp_animation(side: int, frames: int) -> bytes:
    """An animated WebP of frames that differ in one pixel."""
    pictures = [Image.new("RGB", (side, side)) for _ in range(frames)]
    for number, picture in enumerate(pictures):
        picture.putpixel((number % side, 0), (255, number % 256, 0))
    stream = io.BytesIO()
    pictures[0].save(stream, "WEBP", save_all=True, append_images=pictures[1:], lossless=True, method=0, duration=20)
    return stream.getvalue()


def apng(side: int, frames: int) -> bytes:
    """An animated PNG that says that it has so many frames, and has one."""
    whole = flat_png(side, 1)
    begin = whole.index(b"IDAT") - 4
    control = struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 10, 0, 0)
    return whole[:begin] + chunk(b"acTL", struct.pack(">II", frames, 0)) + chunk(b"fcTL", control) + whole[begin:]


def notes(entries: int, size: int = 60_000) -> bytes:
    """A camera's notes (EXIF) whose tags all point at the same bytes, as many as are asked for."""
    tags = b"".join(struct.pack("<HHII", 700 + number, 7, size, 8) for number in range(entries))
    body = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", entries) + tags + bytes(4)
    return b"Exif\0\0" + body.ljust(size + 8, b"x")
