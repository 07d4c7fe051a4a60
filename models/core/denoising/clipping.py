"""Noise on an image whose values were cut to [0, 1]: half of it is gone wherever the image is black or white.

A black pixel x = 0 with Gaussian noise becomes max(0, s n): its mean is 0.4 s instead of 0 and its standard deviation
0.58 s instead of s. So noise that is measured as usual comes out too weak, and whoever takes the image for one with
Gaussian noise sees a grey veil over the dark. Both are mended here, for black and for white.

Source: J. Tobin, "Estimation of Relationships for Limited Dependent Variables", 1958: a censored normal distribution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images

QUARTILE = 0.6744897501960817  # of a standard normal: its median without sign, its three-quarter quantile with it
NEIGHBOURS = 4  # cut off, of a pixel's 8: the pixel itself lies about at the border
LEAST, FEWEST = 0.1, 64  # share and number of such pixels that tell the noise better than the whole image does
FLAT = 0.1  # share of them that may be cut off with all 8 neighbours; noise makes 1 of 160, a black margin all
WINDOW = 5  # pixels a side over which a cut-off pixel's mean is estimated
MOST_ABOVE = 4.0  # standard deviations: a mean farther from the border than that is not changed by it


def full_scale(image: NDArray[Any]) -> np.float32:
    """What white is in an image: 255 for uint8, else 1."""
    return np.float32(255.0 if image.dtype == np.uint8 else 1.0)


def sigma(channel: NDArray[Any], apart: int) -> float | None:
    """The standard deviation of the noise where one channel (h, w) is cut off; None if it hardly is.

    Nor does it say anything of an image whose black or white is flat: there is no noise on it.

    Of pixels that lie at the border without noise, one half is cut off and the other one half-normal: the three-quarter
    quantile is 0.6745 s. They are known by their neighbours, which are cut off, too.

    Args:
        channel: of an image, float in [0, 1] or uint8.
        apart: pixels from one pixel that is looked at to the next.
    """
    height, width = channel.shape
    if min(height, width) < 2:
        return None
    padded = np.pad(channel, 1, mode="reflect")
    near = [
        np.asarray(padded[row : height + row : apart, column : width + column : apart], np.float32)
        / full_scale(channel)
        for row in range(3)
        for column in range(3)
    ]
    values, flat = max(
        (_at_border(near), _at_border([np.float32(1.0) - part for part in near])), key=lambda one: len(one[0])
    )
    if len(values) < max(FEWEST, LEAST * near[0].size) or flat > FLAT * len(values):
        return None
    return float(np.quantile(values, 0.75)) / QUARTILE


def _at_border(near: list[Images]) -> tuple[Images, int]:
    """The values (n,) of pixels at the lower border, and how many are flat black; of 3 x 3 shifted images (h, w)."""
    middle, others = near[4], near[:4] + near[5:]
    cut = np.sum([part <= 0.0 for part in others], axis=0)
    return middle[cut >= NEIGHBOURS], int(((cut == len(others)) & (middle <= 0.0)).sum())


def restored(images: Images, strength: float, seed: int = 0) -> Images:
    """Images with Gaussian noise as it was before it was cut off, as far as that can be told; outside of [0, 1].

    What was cut off is drawn again from a normal distribution that ends at the border; its mean is the one whose noise,
    cut off, has the mean that is seen around the pixel.

    Args:
        images: (..., h, w, c) in [0, 1]; where nothing is cut off they stay as they are.
        strength: standard deviation of the noise, a share of full scale.
        seed: of what is drawn.
    """
    draws = np.random.default_rng(seed).random((2, *images.shape), np.float32)
    below = _extended(images, strength, draws[0])
    above = np.float32(1.0) - _extended(np.float32(1.0) - images, strength, draws[1])
    return np.where(images <= 0.0, below, np.where(images >= 1.0, above, images))


def _extended(images: Images, strength: float, draws: Images) -> Images:
    """For each pixel a value below 0, as if it had been cut off there."""
    from scipy import ndimage, special

    if strength <= 0.0:
        return images
    a = np.linspace(0.0, MOST_ABOVE, 401)  # a mean, in standard deviations above the border
    seen = a * special.ndtr(a) + np.exp(-0.5 * a**2) / np.sqrt(2.0 * np.pi)  # and that of max(0, a + n)
    size = (*(1 for _ in images.shape[:-3]), WINDOW, WINDOW, 1)
    mean = np.interp(ndimage.uniform_filter(images, size, mode="mirror") / strength, seen, a)
    tail = special.ndtri(np.maximum(draws, 1e-6) * special.ndtr(-mean))  # n < -mean
    return np.asarray(strength * (mean + tail), np.float32)
