"""A loaded image of any mode as pixels: upright, in sRGB, opaque, uint8; made in bands, which takes little memory.

Pillow needs four bytes a pixel for each step on the way. A band of some rows takes the whole way at once, so that
beside the loaded image and the result there is never more than a band.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Pixels = NDArray[np.uint8]  # (height, width, channels)

MAX_PROFILE_BYTES = 4_000_000
BAND = 2**20  # pixels
_SRGB = ImageCms.createProfile("sRGB")
_SAMPLE_FORMAT, _BITS, _PHOTOMETRIC, _WHITE_IS_ZERO, _UNSIGNED = 339, 258, 262, 0, 1  # of a TIFF
_WIDE = ("I", "F")  # how modes of more than eight bits begin


class NotFinite(ValueError):
    """Values that are NaN or infinite, of which no shade of grey can be made."""


def pixels_of(image: Image.Image, ground: tuple[int, int, int]) -> Pixels:
    """A loaded image as pixels: the way up it was taken, in sRGB, over the colour ``ground`` where transparent.

    Returns:
        uint8 of shape (height, width, channels); one channel if the image stores grey values, else three.

    Raises:
        NotFinite: if it stores numbers that are not finite.
    """
    if image.mode.startswith(_WIDE):
        return _scaled(image)
    upright = _upright(image)
    change = _to_srgb(upright)
    mode = "RGB" if change is not None and upright.mode == "CMYK" else upright.mode
    grey = mode in ("1", "L", "LA", "La") or (mode in ("P", "PA") and all(map(_has_grey_palette, bands_of(upright))))
    if upright.has_transparency_data:
        grey = grey and len(set(ground)) == 1
    result = np.empty((upright.height, upright.width, 1 if grey else 3), np.uint8)
    top = 0
    for band in bands_of(upright):
        colours = _opaque(band if change is None else change(band), ground)
        result[top : top + band.height] = np.asarray(colours)[..., : result.shape[2]]
        top += band.height
    return result


def bands_of(image: Image.Image) -> Iterator[Image.Image]:
    """The image in bands of full width, from the top."""
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height)))


def _upright(image: Image.Image) -> Image.Image:
    """Turn a photo the way its camera was held; damaged camera data only means that it stays as stored."""
    try:
        turned = ImageOps.exif_transpose(image, in_place=False) if _is_turned(image) else image
    except Exception:  # noqa: BLE001 - the metadata parser raises anything, and the pixels are good
        return image
    return turned


def _is_turned(image: Image.Image) -> bool:
    """Whether it is worth a copy."""
    return bool(image.getexif().get(0x0112, 1) != 1)


def _to_srgb(image: Image.Image) -> Callable[[Image.Image], Image.Image] | None:
    """What converts bands from the file's own colour profile; None if it has none, or one that does not fit."""
    profile = image.info.get("icc_profile")
    if not profile or len(profile) > MAX_PROFILE_BYTES or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return None
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(own, _SRGB, image.mode, target)
        ImageCms.applyTransform(image.crop((0, 0, 1, 1)), transform)
    except Exception:  # noqa: BLE001 - best effort: a profile that does not fit is ignored
        return None

    def change(band: Image.Image) -> Image.Image:
        turned = ImageCms.applyTransform(band, transform)
        assert turned is not None
        return turned.convert("L") if band.mode == "L" else turned

    return change


def _opaque(image: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    """An RGB image, over the colour ``ground`` where it is transparent."""
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, (*ground, 255))
        image = Image.alpha_composite(behind, image.convert("RGBA"))
    return image.convert("RGB")


def _has_grey_palette(image: Image.Image) -> bool:
    """Whether the colours that a palette image uses are all grey."""
    used = image.convert("RGB").getcolors(256)
    return used is not None and all(r == g == b for _, (r, g, b) in used)  # type: ignore[misc]


# --- more than eight bits ---


def _scaled(image: Image.Image) -> Pixels:
    """Bring 16-bit, 32-bit and float grey values to 0..255 by the range they are stored in, never by clipping."""
    tags: Any = getattr(image, "tag_v2", {})
    unsigned = tags.get(_BITS) == (32,) and tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)) in (_UNSIGNED, (_UNSIGNED,))
    negative = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO and image.format == "TIFF"
    upright = _upright(image)

    def each() -> Iterator[NDArray[Any]]:
        for band in bands_of(upright):
            values = np.asarray(band)
            yield values.view(np.uint32) if unsigned and values.dtype == np.int32 else values  # Pillow has no uint32

    low, high, kind = _range(each())
    low, high = _meant(low, high, kind)
    result, top = np.empty((upright.height, upright.width, 1), np.uint8), 0
    factor = 255.0 / (high - low) if high > low else 0.0
    for values in each():
        scaled = np.rint((values.astype(np.float64) - low) * factor)
        result[top : top + len(values), :, 0] = 255.0 - scaled if negative else scaled
        top += len(values)
    return result


def _range(bands: Iterator[NDArray[Any]]) -> tuple[float, float, np.dtype[Any]]:
    """The least and the largest value, and the type of both.

    Raises:
        NotFinite: if a value is not.
    """
    low = np.inf
    high = -np.inf
    kind = np.dtype(np.float32)
    for values in bands:
        if not np.isfinite(values).all():
            raise NotFinite
        low = min(low, float(values.min()))
        high = max(high, float(values.max()))
        kind = values.dtype
    return low, high, kind


def _meant(low: float, high: float, kind: np.dtype[Any]) -> tuple[float, float]:
    """What black and white are, of values of this range: the natural range if they lie in one, else their own."""
    if kind.itemsize == 2 and kind.kind == "u":
        return 0.0, 65535.0
    if low >= 0.0 and kind.kind == "f" and high <= 255.0:
        return 0.0, (1.0 if high <= 1.0 else 255.0)
    if low >= 0.0 and high <= 65535.0:
        return 0.0, (255.0 if high <= 255.0 else 65535.0)
    return low, high
