"""Safe decoding of image files: PNG, JPEG, WebP, AVIF, HEIC, BMP, GIF and TIFF, whoever wrote them.

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

from PIL import Image, UnidentifiedImageError

from models.core.disk.operations import shown
from models.core.errors import Cancelled, ImageError
from models.core.images import apart, kinds, limits, parts
from models.core.images.limits import TooManyParts
from models.core.images.pixels import NotFinite, Pixels, pixels_of
from models.core.images.stream import MOST_SECONDS, ROOM, TooLittleMemory, TooSlow, Watched
from models.core.work import SILENT, Work

IMAGE_SUFFIXES, FORMATS = kinds.SUFFIXES, kinds.FORMATS
MAX_BYTES = 100_000_000
MAX_PIXELS = 50_000_000
MAX_FRAMES = limits.MOST_FRAMES  # counting stops here
WHITE = (255, 255, 255)

_OTHER_FILE = "Open a PNG, JPEG, WebP, AVIF, BMP, GIF or TIFF image instead."
_CONVERT = "Save it as PNG or JPEG in another program first."
_AGAIN = "Open it in another program and save it again as PNG or JPEG."
_SMALLER = "Make the image smaller in another program first."

# Set once for the process, because catching warnings is not safe in a pool of threads. Pillow's remarks about odd
# metadata are of no use to a person; its remark about a suspicious size is an error.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode(
    source: Path | bytes, *, name: str = "", ground: tuple[int, int, int] = WHITE, least: int = 0, work: Work = SILENT
) -> Pixels:
    """Decode the first frame of an image the way up it was taken, in sRGB, without transparency.

    It may take 10 s of a processor; of large images only so many are decoded at a time, and where there is memory.

    Args:
        source: a path, or the bytes of a file.
        name: what to call bytes in an error.
        ground: the colour (0..255 each) behind transparent parts.
        least: if above 0, both sides may come back smaller than stored, but never below this many pixels: a large
            JPEG that is to be made small anyway is decoded several times faster.
        work: checked again and again while it is read.

    Returns:
        uint8 of shape (height, width, channels); one channel if the file stores grey values, else three.

    Raises:
        ImageError: whatever is wrong with the file; nothing else.
        Cancelled: if ``work`` is cancelled.
    """
    with opened(source, name, least=least, work=work) as image:
        return pixels_of(image, ground)


def frames(source: Path | bytes, *, name: str = "") -> int:
    """Count the frames or pages of an image, up to 1,000, without decoding one; ``decode`` shows the first.

    Raises:
        ImageError: as ``decode``.
    """
    where = _where(source, name)
    with _explaining(where), _stream(source, where) as stream:
        count = parts.frames(stream)
        if count is not None:
            return count
        with _recognised(stream, where, SILENT) as image:
            return min(int(getattr(image, "n_frames", 1)), MAX_FRAMES)


@contextmanager
def opened(source: Path | bytes, name: str, *, least: int = 0, work: Work = SILENT) -> Iterator[Image.Image]:
    """Open and load an image (arguments as of ``decode``); failures in the block become ``ImageError``s."""
    with opened_frames(source, name, 1, least=least, work=work) as frames:
        yield next(frames)


@contextmanager
def opened_frames(
    source: Path | bytes, name: str, count: int, *, least: int = 0, work: Work = SILENT
) -> Iterator[Iterator[Image.Image]]:
    """Open an image (arguments as of ``decode``) and load its first frames, each when it is asked for.

    Failures in the block become ``ImageError``s. A frame is only there until the next one is.
    """
    where = _where(source, name)
    with _explaining(where), _stream(source, where) as stream, _recognised(stream, where, work) as image:
        kind = image.format or ""
        if least and kind not in apart.FORMATS:
            image.draft(None, (least, least))
        with ROOM.of(image.width * image.height, kind, work):
            if kind in apart.FORMATS:
                stream.seek(0)
                yield apart.frames(stream.read(), kind, count=count, least=least, work=work)
            else:
                yield _loaded(image, count, work)


def _loaded(image: Image.Image, count: int, work: Work) -> Iterator[Image.Image]:
    for number in range(count):
        work.check()
        if number:
            image.seek(number)
        image.load()
        yield image


@contextmanager
def _recognised(stream: BinaryIO, where: str, work: Work) -> Iterator[Image.Image]:
    """An image whose parts and size were looked at; nothing of it is decoded yet."""
    size = parts.check(stream)
    if size is not None:
        _check_pixels(*size, where)
    stream.seek(0)
    stream_watched: Any = Watched(stream, work)
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
    text = f"This image{detail} is larger than the {MAX_PIXELS // 1_000_000} megapixels that can be opened here."
    return ImageError(text, where=where, advice=_SMALLER)


def _explained(error: Exception, where: str) -> ImageError:
    """Say in plain words what a decoder's error means."""
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return _too_large(where)
    if isinstance(error, TooManyParts):
        return ImageError(f"This image has {error}: it cannot be opened here.", where=where, advice=_AGAIN)
    if isinstance(error, TooSlow):
        text = f"This image takes more than {MOST_SECONDS:.0f} s to open."
        return ImageError(text, where=where, advice=_AGAIN)
    if isinstance(error, TooLittleMemory):
        text = f"This image needs {error.needed // 10**6:,} MB of memory, and {error.free // 10**6:,} MB are free."
        return ImageError(text, where=where, advice="Close other programs, or make the image smaller.")
    if isinstance(error, NotFinite):
        text = "This image holds values that are not finite numbers (NaN or infinity)."
        return ImageError(text, where=where, advice="Replace them in another program first.")
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
