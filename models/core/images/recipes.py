"""The recipe that an exported image or animation carries: written as JSON, and read from files that nobody trusts."""

from __future__ import annotations

import itertools
import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from models.core.disk import files
from models.core.disk.operations import shown
from models.core.disk.strict_json import parse_json
from models.core.errors import ImageError, RunFormatError
from models.core.images import mp4_comment, parts
from models.core.images.decoding import MAX_BYTES
from models.core.images.limits import MOST_PARTS

Recipe = dict[str, Any]

RECIPE_KEY = "generative-studio"
MAX_RECIPE_BYTES = 1_000_000
MOST_TEXT = MAX_RECIPE_BYTES + 100_000  # bytes: with a camera's notes beside it
MAX_RESULTS_BYTES = 20_000_000  # of a JSON file of results with a recipe among them
MAX_DEPTH = 16  # of a recipe; ours have six
DESCRIPTION = 0x010E  # EXIF ImageDescription
DETAILS, USER_COMMENT = 0x8769, 0x9286  # EXIF: the directory of details, and the UserComment in it
ASCII = b"ASCII\0\0\0"  # how a UserComment in ASCII begins

_JPEG_COMMENT, _GIF_COMMENT = b"\xff\xfe", b"\xfe"


def as_json(recipe: Recipe) -> str:
    """A recipe as JSON.

    Raises:
        ImageError: if it cannot be written as JSON or is larger than 1 MB.
    """
    try:
        written = json.dumps(recipe, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        advice = "It may hold text, whole and finite numbers, lists and names only."
        raise ImageError("The recipe of this image cannot be written.", advice=advice) from error
    if len(written) > MAX_RECIPE_BYTES:
        raise ImageError("The recipe of this image is larger than 1 MB.", advice="Save it without the recipe.")
    return written


def comment(recipe: Recipe | None) -> str:
    """What GIF, MP4 and EXIF hold as words: our name and the recipe, or nothing."""
    return "" if recipe is None else f"{RECIPE_KEY}:{as_json(recipe)}"


def read_recipe(path: Path) -> Recipe | None:
    """Read the recipe that an exported PNG, APNG, GIF, WebP, MP4 or JSON file of results carries.

    Returns:
        The recipe, or None if the file is none of ours, carries none, or cannot be read at all.

    Raises:
        ImageError: if there is a recipe but it is not a JSON object that this program could have written.
    """
    try:
        with files.opened(path) as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                return None
            text = _from_results(path, stream) if path.suffix.lower() == ".json" else _text_in(stream)
    except Exception:  # noqa: BLE001 - a file from anywhere; whatever is wrong with it, it has no recipe for us
        return None
    return None if text is None else _parsed(text, shown(path))


def _text_in(stream: BinaryIO) -> bytes | None:
    """By how the file begins, whatever its name is; no pixel is decoded."""
    start = stream.read(12)
    if mp4_comment.is_mp4(start):
        return _after_name(mp4_comment.comment(stream, MOST_TEXT) or b"")
    find = {"PNG": _in_png, "JPEG": _in_jpeg, "GIF": _in_gif, "WEBP": _in_webp}.get(parts.kind_of(start))
    return None if find is None else find(stream)


def _from_results(path: Path, stream: BinaryIO) -> bytes | None:
    """Take the recipe out of a JSON object of results."""
    found = parse_json(stream.read(MAX_RESULTS_BYTES + 1), shown(path))
    recipe = found.get(RECIPE_KEY) if isinstance(found, dict) else None
    return None if recipe is None else json.dumps(recipe).encode()


def _in_png(stream: BinaryIO) -> bytes | None:
    """The first uncompressed text chunk with our key."""
    for kind, place, length in _parts(parts.png_chunks(stream)):
        if kind not in (b"tEXt", b"iTXt") or length > MOST_TEXT:
            continue
        stream.seek(place)
        body = stream.read(length)
        if struct.unpack(">I", stream.read(4))[0] != zlib.crc32(kind + body):
            return None
        key, _, text = body.partition(b"\0")
        if key == RECIPE_KEY.encode():
            # iTXt: compression flag, method, language, translated key
            return text if kind == b"tEXt" else text[2:].split(b"\0", 2)[2]
    return None


def _in_jpeg(stream: BinaryIO) -> bytes | None:
    """The first comment that is ours."""
    for marker, place, length in _parts(parts.jpeg_segments(stream)):
        if marker == _JPEG_COMMENT:
            stream.seek(place)
            if (text := _after_name(stream.read(length))) is not None:
                return text
    return None


def _in_gif(stream: BinaryIO) -> bytes | None:
    """The first comment before the first frame that is ours."""
    for kind, place, _ in parts.gif_blocks(stream, MOST_PARTS):
        if kind == b",":
            return None
        if kind == _GIF_COMMENT and (text := _after_name(parts.gif_text(stream, place, MOST_TEXT))) is not None:
            return text
    return None


def _in_webp(stream: BinaryIO) -> bytes | None:
    """The description, or the user's comment, in the camera's notes."""
    for kind, place, length in _parts(parts.webp_chunks(stream)):
        if kind != b"EXIF":
            continue
        if length > MOST_TEXT:
            return None
        stream.seek(place)
        exif = Image.Exif()
        exif.load(stream.read(length))
        comment = exif.get_ifd(DETAILS).get(USER_COMMENT, b"")
        places = [exif.get(DESCRIPTION), bytes(comment).removeprefix(ASCII) if isinstance(comment, bytes) else b""]
        texts = (found.encode() if isinstance(found, str) else bytes(found or b"") for found in places)
        return next((text for text in map(_after_name, texts) if text is not None), None)
    return None


def _parts(found: Iterator[parts.Part]) -> Iterator[parts.Part]:
    """As many of them as a file may have."""
    return itertools.islice(found, MOST_PARTS)


def _after_name(text: bytes) -> bytes | None:
    """What follows our name in a comment; None if it is not ours."""
    start = f"{RECIPE_KEY}:".encode()
    return text[len(start) :].rstrip(b"\0") if text.startswith(start) else None


def _parsed(text: bytes, where: str) -> Recipe:
    problem = "The recipe in this image is damaged."
    try:
        if len(text) > MAX_RECIPE_BYTES:
            raise ValueError("too long")
        recipe = parse_json(text, where, max_depth=MAX_DEPTH)
    except (ValueError, RunFormatError) as error:
        raise ImageError(problem, where=where, advice="The image itself can still be opened.") from error
    if not isinstance(recipe, dict):
        raise ImageError(problem, where=where, advice="The image itself can still be opened.")
    return recipe
