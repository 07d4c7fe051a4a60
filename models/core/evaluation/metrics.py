"""Figures of merit: PSNR and SSIM of one image, Fréchet distance of many, and how sparse codings are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import check_pixels
from models.core.work import SILENT, Work

BAND = 256  # rows that SSIM looks at at a time: a photo needs no gigabytes
WINDOW = 7  # side of SSIM's window in pixels
ACTIVE, QUIET = 0.5, 0.02  # a unit is active above the first and quiet below the second


def psnr(clean: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """10 log10(255² / MSE) in decibels; infinite for equal images (height, width, channels).

    Raises:
        TypeError: if one of them is not uint8.
    """
    for image in (clean, other):
        check_pixels(image, "psnr")
    total = 0.0
    for top in range(0, clean.shape[0], BAND):
        rows = slice(top, top + BAND)
        total += float(np.square(clean[rows].astype(np.float32) - other[rows].astype(np.float32)).sum(dtype=np.float64))
    return float("inf") if total == 0.0 else float(10.0 * np.log10(255.0**2 * clean.size / total))


def ssim(clean: NDArray[np.uint8], other: NDArray[np.uint8], *, work: Work = SILENT) -> float | None:
    """Structural similarity of two images (height, width, channels), mean over pixels and channels; 1 if equal.

    Returns:
        None for an image that is smaller than the window.

    Raises:
        TypeError: if one of them is not uint8.
        Cancelled: if ``work`` is cancelled between two bands of rows.

    Source: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004, equation 13.
    """
    from skimage.metrics import structural_similarity

    for image in (clean, other):
        check_pixels(image, "ssim")
    height, width = clean.shape[:2]
    if min(height, width) < WINDOW:
        return None
    total = 0.0
    rows, edge = int(height) - WINDOW + 1, WINDOW - 1
    for top in range(0, rows, BAND):
        work.check()
        part = slice(top, min(top + BAND, rows) + edge)  # the window's centres of neighbouring bands do not overlap
        value: Any = structural_similarity(clean[part], other[part], win_size=WINDOW, channel_axis=2, data_range=255)
        total += float(value) * (part.stop - part.start - edge)
    return float(total / rows)


def sparseness(activations: NDArray[np.floating[Any]]) -> dict[str, float]:
    """What sparsity is, image by image, and then the mean over images; a mean activation does not tell.

    Args:
        activations: (n, units) in [0, 1], n and units at least 1.

    Returns:
        ``hoyer``: (sqrt(units) - sum |a| / sqrt(sum a^2)) / (sqrt(units) - 1), 0 where all units are equally active, 1
        where one alone is; ``share_active``: of units above 0.5; ``share_quiet``: of units below 0.02.

    Source: P. Hoyer, "Non-negative Matrix Factorization with Sparseness Constraints", 2004, equation 8.
    """
    values = np.asarray(activations, np.float64)
    root = float(np.sqrt(values.shape[1]))
    length = np.maximum(np.sqrt(np.square(values).sum(axis=1)), 1e-7)
    hoyer = (root - np.abs(values).sum(axis=1) / length) / max(root - 1.0, 1e-7)
    active, quiet = float((values > ACTIVE).mean()), float((values < QUIET).mean())
    return {"hoyer": float(hoyer.mean()), "share_active": active, "share_quiet": quiet}


def frechet(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> float:
    """Fréchet distance of two clouds of features, each taken as a normal distribution: 0 if mean and spread agree.

        |m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))

    Args:
        first: (n, d), n at least 2.
        second: (m, d), m at least 2. Fewer points than d give covariances that say little.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, equation 6 (on features of our own).
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or min(len(first), len(second)) < 2:
        raise ValueError(f"features are (n, d) with n at least 2, not {first.shape} and {second.shape}")
    one, two = first.astype(np.float64), second.astype(np.float64)
    c1, c2 = np.atleast_2d(np.cov(one, rowvar=False)), np.atleast_2d(np.cov(two, rowvar=False))
    values, vectors = np.linalg.eigh(c1)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    product = np.linalg.eigvalsh(root @ c2 @ root)
    shared = np.sqrt(np.clip(product, 0.0, None)).sum()
    apart = float(np.square(one.mean(axis=0) - two.mean(axis=0)).sum())
    return max(0.0, apart + float(np.trace(c1) + np.trace(c2) - 2.0 * shared))
