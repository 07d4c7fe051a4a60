"""Pictures, masks and points inside a recipe: plain JSON that is checked when it comes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion import schedules
from models.core.errors import ImageError
from models.core.images import decoding, export

MOST_POINTS = 12
MOST = 64  # images in one recipe
MOST_TEXT = 600_000  # characters of images inside a recipe
MOST_BYTES = 6 * 2**20  # of images that are tried


def pack(pictures: NDArray[np.uint8]) -> dict[str, Any]:
    """Pictures (n, h, w, c) as one PNG in base64, all above each other."""
    count, height, width, channels = pictures.shape
    data = export.png_bytes(pictures.reshape(count * height, width, channels))
    return {"count": count, "channels": channels, "png": base64.b64encode(data).decode("ascii")}


class Packer:
    """Packs the same array once: a recipe is written at every frame of an animation."""

    def __init__(self) -> None:
        self._of: NDArray[np.uint8] | None = None
        self._packed: dict[str, Any] = {}

    def __call__(self, pictures: NDArray[np.uint8]) -> dict[str, Any]:
        """As ``pack``, for images that nobody changes in place."""
        if pictures is not self._of:
            self._of, self._packed = pictures, pack(pictures)
        return self._packed


def small(pictures: NDArray[np.uint8]) -> dict[str, Any] | None:
    """As ``pack``; None if that is too much for a recipe."""
    if pictures.nbytes > MOST_BYTES or len(pictures) > MOST:
        return None
    packed = pack(pictures)
    return packed if len(packed["png"]) <= MOST_TEXT else None


def mark_of(pixels: NDArray[np.uint8]) -> str:
    """A fingerprint of an image uint8 (h, w, c)."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def source(pixels: NDArray[np.uint8], *, whole: bool = True) -> dict[str, Any]:
    """What a recipe says of the image (h, w, c) that something was made of; ``whole``: itself, too, if it is small."""
    packed = small(pixels[None]) if whole else None
    return {"mark": mark_of(pixels), **({} if packed is None else {"source": packed})}


def unpack(packed: object) -> NDArray[np.uint8] | None:
    """What ``pack`` wrote; None if it cannot be read."""
    if not isinstance(packed, dict):
        return None
    count, channels, text = packed.get("count"), packed.get("channels"), packed.get("png")
    if not isinstance(count, int) or channels not in (1, 3) or not isinstance(text, str) or not 1 <= count <= MOST:
        return None
    try:
        tall = decoding.decode(base64.b64decode(text, validate=True), name="the recipe")
    except (ImageError, binascii.Error, ValueError):
        return None
    if len(tall) % count or not len(tall):
        return None
    fitted = tall[..., :channels] if tall.shape[-1] >= channels else np.repeat(tall, channels, axis=-1)
    return np.ascontiguousarray(fitted.reshape(count, len(tall) // count, *fitted.shape[1:]))


def points(listed: object) -> tuple[tuple[float, float], ...] | None:
    """Points of a schedule; None if no schedule goes through them."""
    if not isinstance(listed, list) or len(listed) > MOST_POINTS:
        return None
    try:
        found = tuple((float(share), float(height)) for share, height in listed)
        schedules.from_alpha_bar(found, 100)
    except (TypeError, ValueError):
        return None
    return found
