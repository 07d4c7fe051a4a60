"""Pictures of any size and colour, brought to the one shape that a model knows."""

from __future__ import annotations

import numpy as np

from models.core.arrays import Images, check_images
from models.core.denoising import tiling
from models.core.images import convert


def effect(shape: tuple[int, int, int], known: tuple[int, int, int]) -> str:
    """What ``fitted`` does to an image of ``shape``, in words; "" if nothing."""
    if shape == known:
        return ""
    height, width, channels = known
    colour = "grey" if channels == 1 else "colour"
    return (
        f"This model knows only {colour} images of {width} x {height} pixels: it crops the middle of the "
        f"image, scales it to that size and returns a {colour} image of {width} x {height} pixels."
    )


def fitted(images: Images, known: tuple[int, int, int]) -> Images:
    """Pictures (n, h, w, 1 to 4) in [0, 1] in the shape (height, width, channels) that a model knows."""
    check_images(images, "fitted")
    if images.shape[1:] == known:
        return images
    shown = convert.to_uint8(tiling.opaque(images))
    return convert.to_float(np.stack([convert.fit(image, known) for image in shown]))
