"""A photo with what belongs to it beside its pixels: its camera's notes (EXIF), and whether parts were transparent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from models.core.images import decoding
from models.core.images import pixels as image_pixels
from models.core.images.decoding import WHITE
from models.core.images.pixels import Pixels
from models.core.images.recipes import DETAILS
from models.core.work import SILENT, Work

EXIF_START = b"Exif\x00\x00"  # before the notes in a JPEG; PNG and WebP have them without it
MOST_EXIF = 64_000  # bytes: a JPEG has room for 65,533
PLACE = 0x8825  # the directory of where it was
COLOUR_SPACE, WIDTH, HEIGHT, SRGB = 0xA001, 0xA002, 0xA003, 1
# Of the first directory: how the pixels of the old file lie in it, which way up they are, and where others begin.
_STRUCTURE = {
    0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x010A, 0x0111, 0x0112, 0x0115, 0x0116, 0x0117, 0x011C, 0x013D,
    0x0140, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A, 0x0152, 0x0153, 0x0201, 0x0202, 0x02BC, 0x8649, 0x8773, DETAILS,
    PLACE,
}  # fmt: skip
_MAKER_NOTE, _INTEROPERABILITY = 0x927C, 0xA005  # offsets in them would point nowhere


@dataclass(frozen=True)
class Photo:
    """A decoded image.

    Attributes:
        pixels: uint8 (height, width, 1 or 3), upright, in sRGB, opaque.
        transparent: whether parts of it let the background through.
        exif: the camera's notes with the head ``EXIF_START``, fit for the pixels as they are now; b"" if it has none.
    """

    pixels: Pixels
    transparent: bool
    exif: bytes


def read(source: Path | bytes, *, name: str = "", ground: tuple[int, int, int] = WHITE, work: Work = SILENT) -> Photo:
    """Decode the first frame of an image as ``decoding.decode`` does, and keep what belongs to it.

    Args:
        source: a path, or the bytes of a file.
        name: what to call bytes in an error.
        ground: the colour (0..255 each) behind transparent parts.
        work: checked again and again while it is read.

    Raises:
        ImageError: whatever is wrong with the file; nothing else.
        Cancelled: if ``work`` is cancelled.
    """
    with decoding.opened(source, name, work=work) as image:
        pixels = image_pixels.pixels_of(image, ground)
        return Photo(pixels, is_transparent(image), _kept(image, pixels))


def sized(exif: bytes, height: int, width: int) -> bytes:
    """A camera's notes (as in ``Photo``) for an image of this size; b"" if they cannot be read."""
    try:
        notes = Image.Exif()
        notes.load(exif)
        if details := notes.get_ifd(DETAILS):
            notes[DETAILS] = {**details, WIDTH: width, HEIGHT: height}
        return notes.tobytes()
    except Exception:  # noqa: BLE001 - the metadata parser raises anything, and the pixels are good
        return b""


def is_transparent(image: Image.Image) -> bool:
    """Whether some pixel of a loaded image is not opaque."""
    if not image.has_transparency_data:
        return False
    least: Iterator[Any] = (
        band.convert("RGBA").getchannel("A").getextrema()[0] for band in image_pixels.bands_of(image)
    )
    return any(one < 255 for one in least)


def _kept(image: Image.Image, pixels: Pixels) -> bytes:
    """The notes of a loaded image for these pixels; b"" if there are none, or if they are damaged or too long."""
    try:
        found = image.getexif()
        kept = Image.Exif()
        for tag, value in found.items():
            if tag not in _STRUCTURE:
                kept[tag] = value
        details = {t: v for t, v in found.get_ifd(DETAILS).items() if t not in (_MAKER_NOTE, _INTEROPERABILITY)}
        if details:
            kept[DETAILS] = {**details, COLOUR_SPACE: SRGB, WIDTH: pixels.shape[1], HEIGHT: pixels.shape[0]}
        if place := dict(found.get_ifd(PLACE)):
            kept[PLACE] = place
        written: bytes = kept.tobytes() if len(kept) else b""
    except Exception:  # noqa: BLE001 - the metadata parser raises anything, and the pixels are good
        return b""
    return written if len(written) <= MOST_EXIF else b""
