"""Pictures, masks and points inside a recipe: plain JSON that is checked when it comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import diffusion
from models.core.packing import pack, unpack

__all__ = ["MOST_POINTS", "Packer", "pack", "points", "unpack"]

MOST_POINTS = 12


class Packer:
    """Packs the same array once: a recipe is written at every frame of a film."""

    def __init__(self) -> None:
        self._of: NDArray[np.uint8] | None = None
        self._packed: dict[str, Any] = {}

    def __call__(self, pictures: NDArray[np.uint8]) -> dict[str, Any]:
        """As ``pack``, for pictures that nobody changes in place."""
        if pictures is not self._of:
            self._of, self._packed = pictures, pack(pictures)
        return self._packed


def points(listed: object) -> tuple[tuple[float, float], ...] | None:
    """Points of a schedule; None if no schedule goes through them."""
    if not isinstance(listed, list) or len(listed) > MOST_POINTS:
        return None
    try:
        found = tuple((float(share), float(height)) for share, height in listed)
        diffusion.from_alpha_bar(found, 100)
    except (TypeError, ValueError):
        return None
    return found
