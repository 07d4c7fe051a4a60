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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from models.core import image_kinds, image_limits, image_parts
from models.core.arrays import check_pixels
from models.core.errors import Cancelled, ImageError
from models.core.image_limits import TooManyParts
from models.core.image_pixels import NotFinite, Pixels, pixels_of
from models.core.image_stream import MOST_SECONDS, ROOM, Cancel, TooLittleMemory, TooSlow, Watched
from models.core.operations import shown

IMAGE_SUFFIXES, FORMATS = image_kinds.SUFFIXES, image_kinds.FORMATS
MAX_BYTES = 100_000_000
MAX_PIXELS = 50_000_000
MAX_FRAMES = image_limits.MOST_FRAMES  # counting stops here
WHITE = (255, 255, 255)

_OTHER_FILE = "Open a PNG, JPEG, WebP, AVIF, BMP, GIF or TIFF picture instead."
_CONVERT = "Save it as PNG or JPEG in another program first."
_AGAIN = "Open it in another program and save it again as PNG or JPEG."
_SMALLER = "Make the picture smaller in another program first."

# Set once for the process, because catching warnings is not safe in a pool of threads. Pillow's remarks about odd
# metadata are of no use to a person; its remark about a suspicious size is an error.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode(
    source: Path | bytes, *, name: str = "", ground: tuple[int, int, int] = WHITE, least: int = 0,
    cancelled: Cancel | None = None,
) -> Pixels:  # fmt: skip
    """Decode the first frame of a picture the way up it was taken, in sRGB, without transparency.

    It may take 10 s of a processor; of large pictures only so many are decoded at a time, and where there is memory.

    Args:
        source: a path, or the bytes of a file.
        name: what to call bytes in an error.
        ground: the colour (0..255 each) behind transparent parts.
        least: if above 0, both sides may come back smaller than stored, but never below this many pixels: a large
            JPEG that is to be made small anyway is decoded several times faster.
        cancelled: asked again and again while it is read.

    Returns:
        uint8 of shape (height, width, channels); one channel if the file stores grey values, else three.

    Raises:
        ImageError: whatever is wrong with the file; nothing else.
        Cancelled: if ``cancelled`` said so.
    """
    with opened(source, name, least=least, cancelled=cancelled) as image:
        return pixels_of(image, ground)


def frames(source: Path | bytes, *, name: str = "") -> int:
    """Count the frames or pages of a picture, up to 1,000, without decoding one; ``decode`` shows the first.

    Raises:
        ImageError: as ``decode``.
    """
    where = _where(source, name)
    with _explaining(where), _stream(source, where) as stream:
        count = image_parts.frames(stream)
        if count is not None:
            return count
        with _recognised(stream, where, None) as image:
            return min(int(getattr(image, "n_frames", 1)), MAX_FRAMES)


@contextmanager
def opened(
    source: Path | bytes, name: str, *, least: int = 0, cancelled: Cancel | None = None
) -> Iterator[Image.Image]:
    """Open and load a picture (arguments as of ``decode``); failures in the block become ``ImageError``s."""
    where = _where(source, name)
    with _explaining(where), _stream(source, where) as stream, _recognised(stream, where, cancelled) as image:
        if least:
            image.draft(None, (least, least))
        with ROOM.of(image.width * image.height, image.format or "", cancelled):
            image.load()
            yield image


@contextmanager
def _recognised(stream: BinaryIO, where: str, cancelled: Cancel | None) -> Iterator[Image.Image]:
    """An image whose parts and size were looked at; nothing of it is decoded yet."""
    size = image_parts.check(stream)
    if size is not None:
        _check_pixels(*size, where)
    stream.seek(0)
    stream_watched: Any = Watched(stream, cancelled)
    with Image.open(stream_watched, formats=FORMATS) as image:
        _check_pixels(*image.size, where)
        yield image


def _where(source: Path | bytes, name: str) -> str:
    return name or ("" if isinstance(source, bytes) else shown(source))


def _check_pixels(width: int, height: int, where: str) -> None:
    if width * height > MAX_PIXELS:
        raise _too_large(where, f" of {width} x {height} pixels")


@contextmanager
def _explaining(where: str) -> Iterator[None]:
    """Every failure in the block becomes an ``ImageError``."""
    try:
        yield
    except (ImageError, Cancelled):
        raise
    except Exception as error:
        raise _explained(error, where) from error


def _too_large(where: str, detail: str = "") -> ImageError:
    text = f"This picture{detail} is larger than the {MAX_PIXELS // 1_000_000} megapixels that can be opened here."
    return ImageError(text, where=where, advice=_SMALLER)


def _explained(error: Exception, where: str) -> ImageError:
    """Say in plain words what a decoder's error means."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return _too_large(where)
    if isinstance(error, TooManyParts):
        return ImageError(f"This picture has {error}: it cannot be opened here.", where=where, advice=_AGAIN)
    if isinstance(error, TooSlow):
        text = f"This picture takes more than {MOST_SECONDS:.0f} s to open."
        return ImageError(text, where=where, advice=_AGAIN)
    if isinstance(error, TooLittleMemory):
        text = f"This picture needs {error.needed // 10**6:,} MB of memory, and {error.free // 10**6:,} MB are free."
        return ImageError(text, where=where, advice="Close other programs, or make the picture smaller.")
    if isinstance(error, NotFinite):
        text = "This picture holds values that are not finite numbers (NaN or infinity)."
        return ImageError(text, where=where, advice="Replace them in another program first.")
    if isinstance(error, MemoryError):
        return ImageError("There is not enough memory to open this picture.", where=where, advice=_SMALLER)
    if isinstance(error, UnidentifiedImageError):
        if kind := image_kinds.unreadable(where):
            return ImageError(kind, where=where, advice=_CONVERT)
        return ImageError("This is not a picture that can be opened here.", where=where, advice=_OTHER_FILE)
    if isinstance(error, PermissionError):
        return ImageError("This file may not be read.", where=where, advice="Change its permissions or copy it.")
    return ImageError("This picture is damaged or of an unusual kind.", where=where, advice=_OTHER_FILE)


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
        advice = "Open it as a dataset, or choose a picture in it."
        raise ImageError("This is a folder, not a picture.", where=where, advice=advice)
    if not stat.S_ISREG(found.st_mode):
        raise ImageError("This is a device or a pipe, not a picture.", where=where, advice=_OTHER_FILE)
    _check_size(found.st_size, where)


def _check_size(size: int, where: str) -> None:
    if size == 0:
        raise ImageError("This file is empty.", where=where, advice=_OTHER_FILE)
    if size > MAX_BYTES:
        text = f"This file is larger than the {MAX_BYTES // 1_000_000} MB that can be opened here."
        raise ImageError(text, where=where, advice=_SMALLER)


def fit(image: Pixels, shape: tuple[int, int, int]) -> Pixels:
    """Cut the middle out of an image and resize it to a model's shape, in grey or colour as the model wants it.

    Args:
        image: uint8 (height, width, 1 or 3).
        shape: (height, width, 1 or 3) of the result.

    Raises:
        ValueError: if the image or the shape is not of that kind.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
        raise ValueError(f"an image is uint8 (height, width, 1 or 3), not {image.dtype} {image.shape}")
    height, width, channels = shape
    if height < 1 or width < 1 or channels not in (1, 3):
        raise ValueError(f"a shape is (height, width, 1 or 3), not {shape}")
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    picture = picture.convert("L") if channels == 1 else picture
    if picture.size != (width, height):
        box = _middle(picture.size, width / height)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    pixels = np.array(picture, dtype=np.uint8).reshape(height, width, -1)
    return np.repeat(pixels, channels, axis=2) if pixels.shape[2] < channels else pixels


def _middle(size: tuple[int, int], aspect: float) -> tuple[float, float, float, float]:
    """The largest box of an aspect (width / height) in the middle of a picture."""
    width, height = size
    inner_width, inner_height = min(float(width), height * aspect), min(float(height), width / aspect)
    left, top = (width - inner_width) / 2, (height - inner_height) / 2
    return left, top, min(left + inner_width, width), min(top + inner_height, height)


def to_float(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 0..255 of any shape into float32 in [0, 1].

    Raises:
        TypeError: if it is no uint8: floats would come out nearly black.
    """
    check_pixels(images, "to_float")
    floats: NDArray[np.float32] = images.astype(np.float32) / np.float32(255.0)
    return floats


def to_uint8(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Turn floats in [0, 1] of any shape into uint8 0..255, rounded; what lies outside is clipped.

    Raises:
        TypeError: if these are no floats: uint8 would come out white.
        ValueError: if a value is NaN, because a picture of it would hide that a model is broken.
    """
    if not np.issubdtype(images.dtype, np.floating):
        raise TypeError(f"to_uint8 wants floats in [0, 1], not {images.dtype}")
    if np.isnan(images).any():
        raise ValueError("an image holds values that are not numbers")
    rounded: NDArray[np.uint8] = np.rint(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8)
    return rounded


def grid(images: NDArray[np.uint8], columns: int | None = None, gap: int = 1, ground: int = 0) -> Pixels:
    """Lay images out in rows.

    Args:
        images: uint8 (n, height, width, channels), n at least 1.
        columns: images in a row; as close to a square as possible by default.
        gap: pixels between two images.
        ground: grey value 0..255 of the gaps and of empty places.

    Raises:
        ValueError: if there is no image, or no column.
    """
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(f"a grid wants images (n, height, width, channels), not {images.shape}")
    count, height, width, channels = images.shape
    columns = min(count, int(np.ceil(np.sqrt(count))) if columns is None else columns)
    if columns < 1 or gap < 0:
        raise ValueError("a grid has at least one column and no negative gap")
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), ground, np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def enlarge(image: Pixels, factor: int) -> Pixels:
    """Repeat each pixel ``factor`` times (at least 1) in both directions, so that small images stay crisp."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)
