"""A map of how much happened where, laid over an image: grey and dark where nothing did, bright where most did."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
BRIGHT = (160, 184, 255)  # of the most
SHARE = 0.35  # brightness of an image beneath
FULL = 99.0  # per cent of all pixels that are not of full brightness
GAMMA = 0.6  # of the heat, so that what did a fifth of the most is still seen; which word did more stays true
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue (ITU-R BT.601)


def brightest(maps: NDArray[np.float32]) -> float:
    """The heat that is to be brightest in maps of any shape: a few single pixels must not darken all the others."""
    return float(np.percentile(maps, FULL)) if maps.size else 0.0


def over(image: Pixels, heat: NDArray[np.float32], most: float) -> Pixels:
    """The image (h, w, 1 or 3) beneath its heat, (h, w, 3).

    Args:
        image: uint8.
        heat: at least 0, (a, b) of which h and w are multiples.
        most: the heat that is brightest.
    """
    height, width, channels = image.shape
    weights = LUMA if channels == 3 else (1.0,)
    grey = (image.astype(np.float32) @ np.asarray(weights, np.float32))[..., None] * SHARE  # (h, w, 1)
    share = np.clip(heat / max(most, 1e-12), 0.0, 1.0) ** np.float32(GAMMA)
    share = np.kron(share, np.ones((height // heat.shape[0], width // heat.shape[1]), np.float32))[..., None]
    return np.asarray(np.rint(grey + share * (np.asarray(BRIGHT, np.float32) - grey)), np.uint8)
