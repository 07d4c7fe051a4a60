"""Everything that leaves the program as an image, with the recipe it can be made again from.

Nothing is ever overwritten: if a name is taken, the new file gets " (2)" and the function says which name it used.
A file appears whole or not at all. A recipe is a JSON object: PNG and APNG carry it in a text chunk, GIF, JPEG and MP4
in a comment, WebP in its EXIF: the description, or the user's comment where a photo has a description of its own.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from models.core.disk import new_files
from models.core.disk.operations import shown
from models.core.errors import ImageError, StorageError
from models.core.images import mp4, photos, recipes
from models.core.images.recipes import Recipe
from models.core.work import SILENT, Work

PHOTO_KINDS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
PHOTO_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SHORT_NOTES = (".jpg", ".jpeg")  # a recipe in them has 65,533 bytes at most
QUALITY = 92  # of JPEG and WebP, 1 to 100
ANIMATION_SUFFIXES = (".gif", ".apng", ".png", ".webp", mp4.SUFFIX)


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


def write_photo(
    path: Path, image: NDArray[np.uint8], recipe: Recipe | None = None, *, quality: int = QUALITY, exif: bytes = b""
) -> Path:
    """Write one image as .png, .jpg, .jpeg or .webp, by the name's ending, and return the path that was used.

    Args:
        path: where to.
        image: uint8 (height, width, 1 or 3).
        recipe: as in ``png_bytes``.
        quality: of JPEG and WebP, 1 to 100; PNG loses nothing.
        exif: a camera's notes, as in ``photos.Photo``; they are kept.

    Raises:
        ImageError: if the ending is none of these, the recipe cannot be written, or the format cannot hold the image.
        StorageError: if the disk refuses.
    """
    suffix = path.suffix.lower()
    if suffix not in PHOTO_SUFFIXES or not 1 <= quality <= 100:
        advice = "Give it a name that ends in one of " + ", ".join(PHOTO_SUFFIXES) + ", and a quality of 1 to 100."
        raise ImageError("An image cannot be saved like this.", where=shown(path), advice=advice)
    stream, picture = io.BytesIO(), _picture(image)
    exif = photos.sized(exif, *image.shape[:2]) if exif else b""  # a model may have changed the size
    try:
        if suffix == ".webp":
            notes = _exif(recipe, exif)
            picture.save(stream, "WEBP", quality=quality, method=4, exif=notes)
        elif suffix == ".png":
            picture.save(stream, "PNG", pnginfo=_png_text(recipe), exif=exif)
        else:
            words = recipes.comment(recipe).encode()
            sampling = 0 if quality >= 90 else 2  # colours at full size, or at half
            picture.save(stream, "JPEG", quality=quality, subsampling=sampling, comment=words, exif=exif)
    except (ValueError, OSError) as error:  # too large for the format, or a recipe too long for it
        raise ImageError(f"This image cannot be saved as {suffix}.", where=shown(path), advice="Choose PNG.") from error
    return _write(path, stream.getvalue())


def write_animation(
    path: Path,
    frames: NDArray[np.uint8],
    *,
    seconds_a_frame: float = 0.1,
    recipe: Recipe | None = None,
    work: Work = SILENT,
) -> Path:
    """Write a looping animation as .gif, .apng, .png (animated), lossless .webp or .mp4, by the name's ending.

    Args:
        path: where to; the path that was used is returned.
        frames: uint8 (n, height, width, 1 or 3), n at least 1. A GIF has 256 colours a frame, the others all of
            them; an MP4 does not loop by itself.
        seconds_a_frame: 0.01 to 60.
        recipe: as in ``png_bytes``.
        work: told (frames done, frames in all); checked before every frame and before the file is written.

    Raises:
        ImageError: if the ending is none of these, the recipe cannot be written, or .mp4 lacks its package.
        StorageError: if the disk refuses.
        Cancelled: if ``work`` is cancelled; no file is left.
    """
    suffix = path.suffix.lower()
    if suffix not in ANIMATION_SUFFIXES:
        advice = "Give it a name that ends in one of " + ", ".join(ANIMATION_SUFFIXES) + "."
        raise ImageError(
            f"An animation cannot be saved as {suffix or 'a file without an ending'}.", where=shown(path), advice=advice
        )
    if frames.ndim != 4 or len(frames) == 0 or not 0.01 <= seconds_a_frame <= 60.0:
        raise ValueError(
            f"an animation needs frames (n, height, width, channels) and 0.01 to 60 s each, not {frames.shape}"
        )
    rest = _Rest(frames, work, silent_passes=int(suffix in (".png", ".apng")))
    content = _animation_bytes(suffix, _picture(frames[0]), rest, round(seconds_a_frame * 1000), recipe)
    work.check()
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
    text = json.dumps({**results, recipes.RECIPE_KEY: recipe}, allow_nan=False, indent=1)
    return _write(path, text.encode())


def _png_text(recipe: Recipe | None) -> PngImagePlugin.PngInfo | None:
    if recipe is None:
        return None
    info = PngImagePlugin.PngInfo()
    info.add_itxt(recipes.RECIPE_KEY, recipes.as_json(recipe))
    return info


def _exif(recipe: Recipe | None, kept: bytes = b"") -> bytes:
    """A photo's notes and the recipe as a WebP file holds them: a TIFF, without the head that a JPEG wants."""
    exif = Image.Exif()
    if kept:
        exif.load(kept)
    if recipe is not None:
        words = recipes.comment(recipe)
        if recipes.DESCRIPTION in exif:
            details = exif.get_ifd(recipes.DETAILS)
            details[recipes.USER_COMMENT] = recipes.ASCII + words.encode()
            exif[recipes.DETAILS] = details
        else:
            exif[recipes.DESCRIPTION] = words
    return exif.tobytes().removeprefix(photos.EXIF_START) if len(exif) else b""


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(f"an image is uint8 (height, width, 1 or 3), not {image.dtype} {image.shape}")
    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image))


class _Rest:
    """The frames after the first, one after the other; the encoder that takes them is stopped by ``Cancelled``."""

    def __init__(self, frames: NDArray[np.uint8], work: Work, silent_passes: int) -> None:
        self.frames = frames
        self.work = work
        self.silent_passes = silent_passes  # how often the encoder only looks at sizes before it encodes

    def __iter__(self) -> Iterator[Image.Image]:
        silent, self.silent_passes = self.silent_passes > 0, self.silent_passes - 1
        for index, frame in enumerate(self.frames):
            self.work.check()
            if index > 0:
                yield _picture(frame)
            if not silent:
                self.work.tell("Writing frames", index + 1, len(self.frames))


def _animation_bytes(suffix: str, first: Image.Image, rest: _Rest, milliseconds: int, recipe: Recipe | None) -> bytes:
    if suffix == mp4.SUFFIX:
        words = recipes.comment(recipe)
        return mp4.mp4_bytes(rest.frames, milliseconds, words, work=rest.work)
    stream = io.BytesIO()
    common: dict[str, Any] = {"save_all": True, "append_images": rest, "loop": 0, "duration": milliseconds}
    if suffix == ".gif":
        first.save(stream, "GIF", **common, comment=recipes.comment(recipe).encode(), disposal=1, optimize=False)
    elif suffix == ".webp":
        first.save(stream, "WEBP", **common, lossless=True, exif=_exif(recipe))
    else:
        first.save(stream, "PNG", **common, pnginfo=_png_text(recipe))
    return stream.getvalue()


def _write(path: Path, content: bytes) -> Path:
    """Write a new file under a free name; the folder is made if need be."""

    def write(stream: BinaryIO) -> None:
        stream.write(content)

    try:
        if "\0" in str(path):
            raise ValueError("a name with a null character")
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        advice = "Choose another folder or name."
        raise StorageError("The image cannot be saved here.", where=shown(path), advice=advice) from error
    return new_files.write_new(path, write, needed=len(content))
