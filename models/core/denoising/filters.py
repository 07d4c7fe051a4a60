"""What was used before networks: filters that remove noise, the yardsticks of every denoising model.

All take and give uint8 (height, width, channels); large images go in tiles, so that each can be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.denoising import noise, tiling
from models.core.images import convert
from models.core.work import SILENT, Part, Work

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
TILE, MARGIN = 256, 16  # the filters see at most 13 pixels around


def median(tile: Floats, sigma: float) -> Floats:
    """The median of 3 x 3 pixels, or of 5 x 5 where the noise is strong; (height, width, channels) in [0, 1]."""
    from scipy import ndimage

    side = 3 if sigma < 0.12 else 5
    found: Floats = ndimage.median_filter(tile, size=(side, side, 1), mode="mirror")
    return found


def gaussian(tile: Floats, sigma: float) -> Floats:
    """A blur whose width grows with the noise."""
    from scipy import ndimage

    width = 0.5 + min(5.0 * sigma, 1.5)
    found: Floats = ndimage.gaussian_filter(tile, sigma=(width, width, 0), mode="mirror")
    return found


def non_local_means(tile: Floats, sigma: float) -> Floats:
    """Mean of patches that look alike, as scikit-image's gallery sets it (Buades et al. 2005)."""
    from skimage.restoration import denoise_nl_means

    strength = max(sigma, 1e-3)
    found = denoise_nl_means(
        tile, patch_size=5, patch_distance=6, h=0.8 * strength, sigma=strength, fast_mode=True, channel_axis=2
    )
    return np.asarray(found, np.float32)


FILTERS: dict[str, Callable[[Floats, float], Floats]] = {
    "Median filter": median,
    "Gaussian filter": gaussian,
    "Non-local means": non_local_means,
}


def clean(picture: Pixels, name: str, *, sigma: float | None = None, work: Work = SILENT) -> Pixels:
    """Clean an image with one of ``FILTERS``.

    Args:
        image: uint8 (height, width, channels), at least 1 x 1.
        name: of the filter.
        sigma: standard deviation of the noise as a share of full scale; None lets it be measured.
        work: told (tiles done, tiles in all); checked before every tile; ``Cancelled`` is raised if it says so.
    """
    if sigma is None:
        sigma = noise.estimated_sigma(convert.to_float(picture))

    def network(tile: Any) -> Any:
        return FILTERS[name](tile[0], sigma)[None]

    answer = tiling.in_tiles(picture, network, tile=TILE, margin=MARGIN, work=Part(work, name))
    return convert.to_uint8(answer)
