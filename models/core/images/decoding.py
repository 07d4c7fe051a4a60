"""Pictures in and pictures side by side: safe decoding of any file, fitting to a model's shape, grids.

Files come from anywhere, so ``decode`` trusts nothing: it looks at a path before it opens it, knows a few formats only,
refuses sizes that would fill the memory, and lets no error out but ``ImageError``.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from models.core.disk.operations import shown
from models.core.errors import ImageError
from models.core.images import kinds

Pixels = NDArray[np.uint8]  # (height, width, channels)

IMAGE_SUFFIXES, FORMATS = kinds.SUFFIXES, kinds.FORMATS
MAX_BYTES = 100_000_000
MAX_PIXELS = 50_000_000
MAX_PROFILE_BYTES = 4_000_000
MAX_FRAMES = 1000  # counting stops here
WHITE = (255, 255, 255)

_OTHER_FILE = "Open a PNG, JPEG, WebP, AVIF, BMP, GIF or TIFF image instead."
_CONVERT = "Save it as PNG or JPEG in another program first."
_SMALLER = "Make the image smaller in another program first."
_SRGB = ImageCms.createProfile("sRGB")

# Set once for the process, because catching warnings is not safe in a pool of threads. Pillow's remarks about odd
# metadata are of no use to a person; its remark about a suspicious size is an error.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode(source: Path | bytes, *, name: str = "", ground: tuple[int, int, int] = WHITE, least: int = 0) -> Pixels:
    """Decode the first frame of a picture the way up it was taken, in sRGB, without transparency.

    Args:
        source: a path, or the bytes of a file.
        name: what to call bytes in an error.
        ground: the colour (0..255 each) behind transparent parts.
        least: if above 0, both sides may come back smaller than stored, but never below this many pixels: a large
            JPEG that is to be made small anyway is decoded several times faster.

    Returns:
        uint8 of shape (height, width, channels); one channel if the file stores grey values, else three.

    Raises:
        ImageError: whatever is wrong with the file; nothing else.
    """
    with opened(source, name) as image:
        if least:
            image.draft(None, (least, least))
        image.load()
        return pixels_of(image, ground)


def frames(source: Path | bytes, *, name: str = "") -> int:
    """Count the frames or pages of a picture, up to 1,000; ``decode`` shows the first.

    Raises:
        ImageError: as ``decode``.
    """
    with opened(source, name) as image:
        if image.format in ("PNG", "WEBP") or not getattr(image, "is_animated", False):  # or their headers say it
            return min(int(getattr(image, "n_frames", 1)), MAX_FRAMES)
        count = 1
        with suppress(EOFError):
            while count < MAX_FRAMES:
                image.seek(count)
                count += 1
        return count


def pixels_of(image: Image.Image, ground: tuple[int, int, int] = WHITE) -> Pixels:
    """A loaded image as pixels: the way up it was taken, in sRGB, over the colour ``ground`` where transparent."""
    return _to_array(_in_srgb(_upright(image)), ground)


@contextmanager
def opened(source: Path | bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture; every failure in the block becomes an ``ImageError``."""
    where = name or ("" if isinstance(source, bytes) else shown(source))
    try:
        with _stream(source, where) as stream, Image.open(stream, formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_large(where, f" of {width} x {height} pixels")
            yield image
    except ImageError:
        raise
    except Exception as error:
        raise _explained(error, where) from error


def _too_large(where: str, detail: str = "") -> ImageError:
    text = f"This image{detail} is larger than the {MAX_PIXELS // 1_000_000} megapixels that can be opened here."
    return ImageError(text, where=where, advice=_SMALLER)


def _explained(error: Exception, where: str) -> ImageError:
    """Say in plain words what a decoder's error means."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return _too_large(where)
    if isinstance(error, MemoryError):
        return ImageError("There is not enough memory to open this image.", where=where, advice=_SMALLER)
    if isinstance(error, UnidentifiedImageError):
        if kind := kinds.unreadable(where):
            return ImageError(kind, where=where, advice=_CONVERT)
        return ImageError("This is not an image that can be opened here.", where=where, advice=_OTHER_FILE)
    if isinstance(error, PermissionError):
        return ImageError("This file may not be read.", where=where, advice="Change its permissions or copy it.")
    return ImageError("This image is damaged or of an unusual kind.", where=where, advice=_OTHER_FILE)


def _stream(source: Path | bytes, where: str) -> BinaryIO:
    """Check a file before it is opened (a pipe or a device would block or never end) and again once it is."""
    if isinstance(source, bytes):
        _check_size(len(source), where)
        return io.BytesIO(source)
    try:
        found = os.stat(source)
    except FileNotFoundError:
        raise ImageError("There is no such file.", where=where, advice="Check the name and the folder.") from None
    except (OSError, ValueError):
        raise ImageError("This file cannot be reached.", where=where, advice="Check the name and the disk.") from None
    _check_kind(found, where)
    handle = os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        _check_kind(os.fstat(handle), where)
    except ImageError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def _check_kind(found: os.stat_result, where: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        advice = "Open it as a dataset, or choose an image in it."
        raise ImageError("This is a folder, not an image.", where=where, advice=advice)
    if not stat.S_ISREG(found.st_mode):
        raise ImageError("This is a device or a pipe, not an image.", where=where, advice=_OTHER_FILE)
    _check_size(found.st_size, where)


def _check_size(size: int, where: str) -> None:
    if size == 0:
        raise ImageError("This file is empty.", where=where, advice=_OTHER_FILE)
    if size > MAX_BYTES:
        text = f"This file is larger than the {MAX_BYTES // 1_000_000} MB that can be opened here."
        raise ImageError(text, where=where, advice=_SMALLER)


def _upright(image: Image.Image) -> Image.Image:
    """Turn a photo the way its camera was held; damaged camera data only means that it stays as stored."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - the metadata parser raises anything, and the pixels are good
        return image


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert from the file's own colour profile as well as it goes; a profile that does not fit is ignored."""
    profile = image.info.get("icc_profile")
    if not profile or len(profile) > MAX_PROFILE_BYTES or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image, own, _SRGB, outputMode=target)
    except Exception:  # noqa: BLE001 - best effort, see above
        return image
    if turned is None:
        return image
    return turned.convert("L") if image.mode == "L" else turned


def _to_array(image: Image.Image, ground: tuple[int, int, int]) -> Pixels:
    """Turn any mode into one grey or three colour channels."""
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled(np.asarray(image))[..., None]
    grey = image.mode in ("1", "L", "LA", "La") or (image.mode in ("P", "PA") and _has_grey_palette(image))
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, (*ground, 255))
        image = Image.alpha_composite(behind, image.convert("RGBA"))
        grey = grey and len(set(ground)) == 1
    pixels = np.array(image.convert("RGB"), dtype=np.uint8)
    return pixels[..., :1].copy() if grey else pixels


def _has_grey_palette(image: Image.Image) -> bool:
    """Whether the colours that a palette image uses are all grey."""
    used = image.convert("RGB").getcolors(256)
    return used is not None and all(r == g == b for _, (r, g, b) in used)  # type: ignore[misc]


def _scaled(values: NDArray[Any]) -> Pixels:
    """Bring 16-bit, 32-bit and float grey values to 0..255 by the range they are stored in, never by clipping."""
    wide = values.astype(np.float32)
    low, high = float(wide.min()), float(wide.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise ValueError("values that are not finite")
    if values.dtype.itemsize == 2 and values.dtype.kind == "u":
        low, high = 0.0, 65535.0
    elif low >= 0.0 and values.dtype.kind == "f" and high <= 255.0:
        low, high = 0.0, (1.0 if high <= 1.0 else 255.0)
    elif low >= 0.0 and high <= 65535.0:
        low, high = 0.0, (255.0 if high <= 255.0 else 65535.0)
    span = high - low
    scaled = (wide - low) * (255.0 / span) if span > 0.0 else np.zeros_like(wide)
    return np.rint(scaled).astype(np.uint8)
