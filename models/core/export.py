"""Everything that leaves the program as a picture, with the recipe it can be made again from.

Nothing is ever overwritten: if a name is taken, the new file gets " (2)" and the function says which name it used.
A file appears whole or not at all. A recipe is a JSON object: PNG and APNG carry it in a text chunk, GIF in its
comment, WebP in its EXIF description.
"""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from models.core import files
from models.core.errors import Cancelled, ImageError, StorageError
from models.core.images import FORMATS, MAX_BYTES
from models.core.operations import shown

Recipe = dict[str, Any]

RECIPE_KEY = "generative-studio"
MAX_RECIPE_BYTES = 1_000_000
FILM_SUFFIXES = (".gif", ".apng", ".png", ".webp")

_PNG_START = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
_DESCRIPTION = 0x010E  # EXIF ImageDescription
_naming = threading.Lock()  # from the choice of a free name until the file is there


def png_bytes(image: NDArray[np.uint8], recipe: Recipe | None = None) -> bytes:
    """Encode one image as PNG.

    Args:
        image: uint8 (height, width, 1 or 3).
        recipe: what it was made from; only what JSON can say, and no NaN.

    Raises:
        ImageError: if the recipe cannot be written as JSON or is larger than 1 MB.
    """
    stream = io.BytesIO()
    _picture(image).save(stream, "PNG", pnginfo=_png_text(recipe))
    return stream.getvalue()


def write_png(path: Path, image: NDArray[np.uint8], recipe: Recipe | None = None) -> Path:
    """Write one image, uint8 (height, width, 1 or 3), as PNG and return the path that was used.

    Raises:
        ImageError: if the name does not end in .png, or the recipe cannot be written.
        StorageError: if the disk refuses.
    """
    if path.suffix.lower() != ".png":
        raise ImageError("An image is saved as PNG.", where=shown(path), advice="Give it a name that ends in .png.")
    return _write(path, png_bytes(image, recipe))


def write_film(
    path: Path,
    frames: NDArray[np.uint8],
    *,
    seconds_a_frame: float = 0.1,
    recipe: Recipe | None = None,
    on_frame: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write a looping film as .gif, .apng, .png (animated) or lossless .webp, by the name's ending.

    Args:
        path: where to; the path that was used is returned.
        frames: uint8 (n, height, width, 1 or 3), n at least 1. A GIF has 256 colours a frame, the others all of them.
        seconds_a_frame: 0.01 to 60.
        recipe: as in ``png_bytes``.
        on_frame: called with (frames done, frames in all).
        cancelled: asked before every frame and before the file is written.

    Raises:
        ImageError: if the ending is none of these, or the recipe cannot be written.
        StorageError: if the disk refuses.
        Cancelled: if ``cancelled`` said so; no file is left.
    """
    suffix = path.suffix.lower()
    if suffix not in FILM_SUFFIXES:
        advice = "Give it a name that ends in one of " + ", ".join(FILM_SUFFIXES) + "."
        raise ImageError(
            f"A film cannot be saved as {suffix or 'a file without an ending'}.", where=shown(path), advice=advice
        )
    if frames.ndim != 4 or len(frames) == 0 or not 0.01 <= seconds_a_frame <= 60.0:
        raise ValueError(f"a film wants frames (n, height, width, channels) and 0.01 to 60 s each, not {frames.shape}")
    rest = _Rest(frames, on_frame, cancelled, silent_passes=int(suffix in (".png", ".apng")))
    content = _film_bytes(suffix, _picture(frames[0]), rest, round(seconds_a_frame * 1000), recipe)
    _check(cancelled)
    return _write(path, content)


def write_codings(path: Path, codings: NDArray[np.float32]) -> Path:
    """Write codings, float32 (n, latent_size), as .npy and return the path that was used.

    Raises:
        ImageError: if the name does not end in .npy.
        StorageError: if the disk refuses.
    """
    if path.suffix.lower() != ".npy":
        raise ImageError("Codings are saved as .npy.", where=shown(path), advice="Give it a name that ends in .npy.")
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(codings, dtype=np.float32), version=(1, 0))
    return _write(path, stream.getvalue())


def write_results(path: Path, results: dict[str, Any], recipe: Recipe) -> Path:
    """Write figures as one JSON object with the recipe among them, and return the path that was used."""
    text = json.dumps({**results, RECIPE_KEY: recipe}, allow_nan=False, indent=1)
    return _write(path, text.encode())


def free_name(path: Path) -> Path:
    """Return the path itself if nothing has that name, else the first free of "name (2).png", "name (3).png", …"""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
    return free


def read_recipe(path: Path) -> Recipe | None:
    """Read the recipe that an exported picture or film carries.

    Returns:
        The recipe, or None if the file is none of ours, carries none, or cannot be read as a picture at all.

    Raises:
        ImageError: if there is a recipe but it is not a JSON object that this program could have written.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        with path.open("rb") as stream:
            is_png = stream.read(len(_PNG_START)) == _PNG_START
            text = _from_png(stream) if is_png else _from_metadata(stream)
    except Exception:  # noqa: BLE001 - a file from anywhere; whatever is wrong with it, it has no recipe for us
        return None
    return None if text is None else _parsed(text, shown(path))


def _from_png(stream: BinaryIO) -> bytes | None:
    """Walk the chunks without decoding a pixel; take the first uncompressed text chunk with our key."""
    for _ in range(_MAX_CHUNKS):
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind not in (b"tEXt", b"iTXt") or length > MAX_RECIPE_BYTES + 100:
            if kind == b"IEND":
                return None
            stream.seek(length + 4, os.SEEK_CUR)
            continue
        body = stream.read(length)
        if struct.unpack(">I", stream.read(4))[0] != zlib.crc32(kind + body):
            return None
        key, _, text = body.partition(b"\0")
        if key == RECIPE_KEY.encode():
            # iTXt: compression flag, method, language, translated key
            return text if kind == b"tEXt" else text[2:].split(b"\0", 2)[2]
    return None


def _from_metadata(stream: BinaryIO) -> bytes | None:
    """Take the recipe out of a GIF's comment or a WebP's description."""
    stream.seek(0)
    with Image.open(stream, formats=[name for name in FORMATS if name in ("GIF", "WEBP")]) as image:
        found = image.info.get("comment") if image.format == "GIF" else image.getexif().get(_DESCRIPTION)
    text = found.encode() if isinstance(found, str) else bytes(found or b"")
    start = f"{RECIPE_KEY}:".encode()
    return text[len(start) :].rstrip(b"\0") if text.startswith(start) else None


def _parsed(text: bytes, where: str) -> Recipe:
    problem = "The recipe in this picture is damaged."
    try:
        if len(text) > MAX_RECIPE_BYTES:
            raise ValueError("too long")
        recipe = json.loads(text.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ImageError(problem, where=where, advice="The picture itself can still be opened.") from error
    if not isinstance(recipe, dict):
        raise ImageError(problem, where=where, advice="The picture itself can still be opened.")
    return recipe


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not np.isfinite(number):
        raise ValueError(f"{digits[:20]} is too large")
    return number


def _recipe_text(recipe: Recipe) -> str:
    try:
        text = json.dumps(recipe, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        advice = "It may hold text, whole and finite numbers, lists and names only."
        raise ImageError("The recipe of this picture cannot be written.", advice=advice) from error
    if len(text) > MAX_RECIPE_BYTES:
        raise ImageError("The recipe of this picture is larger than 1 MB.", advice="Save it without the recipe.")
    return text


def _png_text(recipe: Recipe | None) -> PngImagePlugin.PngInfo | None:
    if recipe is None:
        return None
    info = PngImagePlugin.PngInfo()
    info.add_itxt(RECIPE_KEY, _recipe_text(recipe))
    return info


def _exif(recipe: Recipe | None) -> bytes:
    if recipe is None:
        return b""
    exif = Image.Exif()
    exif[_DESCRIPTION] = f"{RECIPE_KEY}:{_recipe_text(recipe)}"
    return exif.tobytes()


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(f"an image is uint8 (height, width, 1 or 3), not {image.dtype} {image.shape}")
    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))


class _Rest:
    """The frames after the first, one after the other; the encoder that takes them is stopped by ``Cancelled``."""

    def __init__(
        self,
        frames: NDArray[np.uint8],
        on_frame: Callable[[int, int], None] | None,
        cancelled: Callable[[], bool] | None,
        silent_passes: int,
    ) -> None:
        self.frames, self.on_frame, self.cancelled = frames, on_frame, cancelled
        self.silent_passes = silent_passes  # how often the encoder only looks at sizes before it encodes

    def __iter__(self) -> Iterator[Image.Image]:
        silent, self.silent_passes = self.silent_passes > 0, self.silent_passes - 1
        for index, frame in enumerate(self.frames):
            _check(self.cancelled)
            if index > 0:
                yield _picture(frame)
            if self.on_frame and not silent:
                self.on_frame(index + 1, len(self.frames))


def _film_bytes(suffix: str, first: Image.Image, rest: _Rest, milliseconds: int, recipe: Recipe | None) -> bytes:
    stream = io.BytesIO()
    common: dict[str, Any] = {"save_all": True, "append_images": rest, "loop": 0, "duration": milliseconds}
    if suffix == ".gif":
        comment = f"{RECIPE_KEY}:{_recipe_text(recipe)}".encode() if recipe is not None else b""
        first.save(stream, "GIF", **common, comment=comment, disposal=1, optimize=False)
    elif suffix == ".webp":
        first.save(stream, "WEBP", **common, lossless=True, exif=_exif(recipe))
    else:
        first.save(stream, "PNG", **common, pnginfo=_png_text(recipe))
    return stream.getvalue()


def _check(cancelled: Callable[[], bool] | None) -> None:
    if cancelled and cancelled():
        raise Cancelled


def _write(path: Path, content: bytes) -> Path:
    """Write a new file under a free name; the folder is made if need be."""

    def write(stream: BinaryIO) -> None:
        stream.write(content)

    with _naming:
        try:
            if "\0" in str(path):
                raise ValueError("a name with a null character")
            path.parent.mkdir(parents=True, exist_ok=True)
            free = free_name(path)
        except (OSError, ValueError) as error:
            advice = "Choose another folder or name."
            raise StorageError("The picture cannot be saved here.", where=shown(path), advice=advice) from error
        files.write_atomic(free, write)
        return free
