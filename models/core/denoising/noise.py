"""Kinds of noise: for trying out on an image (numpy) and for training on batches (Keras operations).

The strength means, by kind:

    gaussian         standard deviation of what is added, as a share of full scale (25 of 255 is 0.098)
    mask             share of pixels set to black
    salt_and_pepper  share of pixels set to black or white, half and half
    speckle          standard deviation of what is added, as a share of the pixel's own value
    dropout          share of values set to 0; in training the others are divided by what is left (Srivastava et al.
                     2014), which an image file cannot hold: whoever shows it to a model divides then (``undropped``)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images, check_unit
from models.core.denoising import clipping

KINDS = ("gaussian", "mask", "salt_and_pepper", "speckle")
TRAINING_KINDS = (*KINDS, "dropout")
MOST_BLOCKS = 500_000  # about, that the noise is measured on
FLAT, MOST_FLAT, LEAST_FLAT = 16, 4_000, 16  # side of a block in pixels; blocks looked at; the fewest that tell
CLIPPED = 0.06  # blocks this near to black or white are left out
TEXTURE = 1.7  # times the noise: what changes more than that is no flat block
CLEARLY = 1.4  # times the noise at the scale of pixels
MOST_MISSING = 0.95  # the most that training drops
DARK = 0.02  # values below it count as missing, where their neighbours are brighter
UNTOUCHED = 0.15  # a smaller share that is missing is the picture's own
NEAR = 0.1  # so far from the training range a share is taken to lie in it


def add(images: Images, kind: str, strength: float, seed: int) -> Images:
    """Disturb images; the same seed gives the same noise.

    Args:
        images: float32 (..., height, width, channels) in [0, 1].
        kind: one of ``TRAINING_KINDS``.
        strength: see the head of this file; 0 changes nothing.
        seed: of the draws.

    Returns:
        As ``images``, clipped to [0, 1] as an image file would be.

    Raises:
        TypeError: if the images are not float32.
        ValueError: if there is no such kind, or they are not in [0, 1].
    """
    check_unit(images, "noise.add")
    draw = np.random.default_rng(seed)
    noisy: Images = _function(kind)(images, np.float32(strength), draw)
    return np.asarray(np.clip(noisy, 0.0, 1.0), np.float32)


def _function(kind: str) -> Callable[[Images, np.float32, np.random.Generator], Images]:
    found = {"gaussian": gaussian, "mask": mask, "salt_and_pepper": salt_and_pepper, "speckle": speckle,
             "dropout": dropout}  # fmt: skip
    if kind not in found:
        raise ValueError(f"{kind!r} is not a kind of noise; choose one of {', '.join(TRAINING_KINDS)}")
    return found[kind]


def gaussian(images: Images, sigma: np.float32, draw: np.random.Generator) -> Images:
    """x + sigma * n with n ~ N(0, 1) for every value; not clipped."""
    return images + sigma * draw.standard_normal(images.shape, np.float32)


def mask(images: Images, share: np.float32, draw: np.random.Generator) -> Images:
    """A share of the pixels becomes black in all channels."""
    return images * (draw.random((*images.shape[:-1], 1), np.float32) >= share)


def dropout(images: Images, share: np.float32, draw: np.random.Generator) -> Images:
    """A share of the values becomes 0, each channel by itself; the others stay, as in an image file."""
    return images * (draw.random(images.shape, np.float32) >= share)


def salt_and_pepper(images: Images, share: np.float32, draw: np.random.Generator) -> Images:
    """Half of a share of the pixels becomes black, half of it white."""
    dice = draw.random((*images.shape[:-1], 1), np.float32)
    return np.where(dice < share / 2, np.float32(0), np.where(dice >= 1 - share / 2, np.float32(1), images))


def speckle(images: Images, sigma: np.float32, draw: np.random.Generator) -> Images:
    """x + x * sigma * n with n ~ N(0, 1) for every value; not clipped."""
    return images + images * sigma * draw.standard_normal(images.shape, np.float32)


def estimated_sigma(image: NDArray[Any]) -> float:
    """The standard deviation of the Gaussian noise in an image, measured at two scales.

    At the scale of pixels the finest diagonal wavelet coefficients tell, all over the image. But JPEG throws just
    these away first: at a quality of 75 a third of the noise is left in them, most of it at twice the scale. So where
    the flattest blocks show clearly more noise there, it is believed.

    Args:
        image: (height, width, channels), float in [0, 1] or uint8; channels are judged one by one and the median is
            taken. Of a large image some of its blocks are looked at, evenly spread.

    Returns:
        A share of full scale, 0 for an image of less than 2 x 2 pixels (Donoho and Johnstone 1994, equation 31:
        median(abs(d)) / 0.6745 for the Haar wavelet). Noise that was cut off at black or white counts as it was before.
    """
    fine, coarse = _finest_sigma(image), _flat_sigma(image)
    return coarse if coarse > CLEARLY * fine else fine


def _finest_sigma(image: NDArray[Any]) -> float:
    """From the finest diagonal coefficients of the whole image (height, width, channels)."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    if not height or not width:
        return 0.0
    apart = 2 * max(1, math.isqrt(height * width // 4 // MOST_BLOCKS))  # pixels from one block to the next
    corners = [image[row:height:apart, column:width:apart].astype(np.float32) for row in (0, 1) for column in (0, 1)]
    diagonal = (corners[0] - corners[1] - corners[2] + corners[3]) / 2
    std = np.median(np.abs(diagonal), axis=(0, 1)) / 0.6745 / clipping.full_scale(image)
    for number in range(image.shape[2]):
        cut_off = clipping.sigma(image[..., number], 1 if apart == 2 else apart)
        std[number] = std[number] if cut_off is None else cut_off
    return float(np.median(std))


def _flat_sigma(image: NDArray[Any]) -> float:
    """From the diagonal coefficients at twice the finest scale, in the flattest blocks; 0 if none is flat enough.

    Flat is what changes least at four times the finest scale: noise is as strong there as at the finer scales (wavelet
    coefficients of white noise are independent), texture and edges are stronger.
    """
    height = image.shape[0] // FLAT
    width = image.shape[1] // FLAT
    channels = image.shape[2]
    apart = max(1, math.isqrt(height * width // MOST_FLAT))
    grid = image[: height * FLAT, : width * FLAT].reshape(height, FLAT, width, FLAT, channels)[::apart, :, ::apart]
    full = 255.0 if image.dtype == np.uint8 else 1.0
    blocks = grid.swapaxes(1, 2).reshape(-1, FLAT, FLAT, channels).astype(np.float32) / np.float32(full)
    grey = blocks.mean(axis=(1, 2, 3)) if len(blocks) else np.zeros(0, np.float32)
    blocks = blocks[(grey > CLIPPED) & (grey < 1.0 - CLIPPED)]  # what is black or white shows no noise
    if len(blocks) < LEAST_FLAT:
        return 0.0
    middle, low = _haar(_haar(blocks)[1])
    change = np.square(_haar(low)[0]).mean(axis=(0, 2, 3, 4))  # of each block
    flattest = np.argsort(change, kind="stable")[: max(LEAST_FLAT, len(blocks) // 20)]
    found = float(np.median(np.median(np.abs(middle[0][flattest]), axis=(0, 1, 2)))) / 0.6745
    return found if math.sqrt(float(change[flattest].mean())) < TEXTURE * found else 0.0


def _haar(blocks: Any) -> tuple[Any, Any]:
    """One step of the Haar transform, (n, s, s, c) -> bands (3, n, s/2, s/2, c), diagonal first, and the low band.

    White noise has the same standard deviation in all of them.
    """
    one, two, three, four = (blocks[:, row::2, column::2] for row in (0, 1) for column in (0, 1))
    bands = np.stack([one - two - three + four, one + two - three - four, one - two + three - four]) / 2
    return bands, (one + two + three + four) / 2


def missing_share(image: NDArray[Any]) -> float:
    """The share of the values that are missing (about 0) in an image (h, w, c), float in [0, 1] or uint8.

    A black background is not missing: only values with at least four brighter ones among their eight neighbours are
    looked at. Clothes of Fashion-MNIST that miss nothing come out at 0.07 (0.26 for one in a hundred), those that miss
    half at 0.51 (0.43 to 0.68).

    Returns:
        0 to 1; 0 where fewer than eight values tell.
    """
    bright = np.pad(image > (DARK * 255 if image.dtype == np.uint8 else DARK), ((1, 1), (1, 1), (0, 0)))
    height, width = image.shape[:2]
    sides = [(row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1)]
    around = np.zeros(image.shape, np.uint8)
    for row, column in sides:
        around += bright[row : row + height, column : column + width]
    inside = around >= 4
    return float(1.0 - bright[1:-1, 1:-1][inside].mean()) if inside.sum() >= 8 else 0.0


def undropped(images: Images, share: float | NDArray[np.floating[Any]]) -> Images:
    """Values of which a share is missing as training shows them: the others divided by what is left, above 1, too."""
    return np.asarray(images / (1.0 - np.minimum(share, MOST_MISSING)), np.float32)


def assumed(image: NDArray[Any], kind: str, limits: tuple[float, float]) -> float:
    """How strong the noise of an image (h, w, c), float in [0, 1] or uint8, is taken to be, within ``limits``.

    Gaussian noise is measured. So is what dropout left out, roughly: near the limits it is taken to lie within them,
    elsewhere it is what was measured, and a small share is nobody's doing (0). For any other kind it is the middle.
    """
    low, high = limits
    if kind == "dropout":
        found = missing_share(image)
        if low - NEAR <= found <= high + NEAR:
            return min(max(found, low), high)
        return found if found >= UNTOUCHED else 0.0
    if kind != "gaussian":
        return (low + high) / 2
    return min(max(estimated_sigma(image), low), high)


def levels(
    images: NDArray[Any], kind: str, limits: tuple[float, float], told: float | None = None
) -> NDArray[np.float64]:
    """How strong the noise of each image (n, h, w, c) is taken to be, or as told: (n, 1, 1, 1); see ``assumed``."""
    found = [assumed(image, kind, limits) if told is None else told for image in images]
    return np.reshape(np.asarray(found, np.float64), (-1, 1, 1, 1))


def some_grey(images: Any, share: float, seed: Any) -> tuple[Any, Any]:
    """Make a share of a batch grey: (b, height, width, channels) -> the same, and which of them are (b, 1, 1, 1)."""
    from keras import ops, random

    grey = random.uniform((ops.shape(images)[0], 1, 1, 1), seed=seed) < share
    return ops.where(grey, ops.mean(images, axis=3, keepdims=True), images), grey


def disturb(images: Any, kind: str, strength: Any, seed: Any, grey: Any = None) -> Any:
    """Disturb a batch in training, on any backend; nothing is clipped.

    Args:
        images: tensor (b, height, width, channels).
        kind: one of ``TRAINING_KINDS``.
        strength: tensor (b, 1, 1, 1).
        seed: a ``keras.random.SeedGenerator``, or an int for draws that are the same at every call.
        grey: which images are grey (b, 1, 1, 1): their channels get the same Gaussian or speckle noise.
    """
    from keras import ops, random

    shape = ops.shape(images)
    if kind in ("gaussian", "speckle"):
        wave = strength * random.normal(shape, seed=seed)
        if grey is not None:
            wave = ops.where(grey, wave[..., :1], wave)
        return images + (wave if kind == "gaussian" else images * wave)
    dice = random.uniform(shape if kind == "dropout" else (*shape[:-1], 1), seed=seed)
    if kind == "dropout":
        return ops.where(dice >= strength, images / (1.0 - strength), 0.0)
    if kind == "mask":
        return ops.where(dice >= strength, images, 0.0)
    return ops.where(dice < strength / 2, 0.0, ops.where(dice >= 1.0 - strength / 2, 1.0, images))


def psnr(clean: Any, cleaned: Any) -> Any:
    """10 log10(1 / MSE) in decibels, as a tensor: (b, h, w, c) twice, the second one clipped to [0, 1] -> (b,)."""
    from keras import ops

    error = ops.mean(ops.square(clean - ops.clip(cleaned, 0.0, 1.0)), axis=(1, 2, 3))
    return -10.0 * ops.log(error + 1e-10) / math.log(10.0)
