"""Images inside a recipe: plain JSON that is checked when it comes back."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import export, images
from models.core.errors import ImageError

MOST = 64  # images in one recipe


def pack(pictures: NDArray[np.uint8]) -> dict[str, Any]:
    """Images (n, h, w, c) as one PNG in base64, all above each other; n is from 1 to 64."""
    count, height, width, channels = pictures.shape
    data = export.png_bytes(pictures.reshape(count * height, width, channels))
    return {"count": count, "channels": channels, "png": base64.b64encode(data).decode("ascii")}


def unpack(packed: object) -> NDArray[np.uint8] | None:
    """What ``pack`` wrote; None if it cannot be read."""
    if not isinstance(packed, dict):
        return None
    count, channels, text = packed.get("count"), packed.get("channels"), packed.get("png")
    if not isinstance(count, int) or channels not in (1, 3) or not isinstance(text, str) or not 1 <= count <= MOST:
        return None
    try:
        tall = images.decode(base64.b64decode(text, validate=True), name="the recipe")
    except (ImageError, binascii.Error, ValueError):
        return None
    if len(tall) % count or not len(tall):
        return None
    fitted = tall[..., :channels] if tall.shape[-1] >= channels else np.repeat(tall, channels, axis=-1)
    return np.ascontiguousarray(fitted.reshape(count, len(tall) // count, *fitted.shape[1:]))
