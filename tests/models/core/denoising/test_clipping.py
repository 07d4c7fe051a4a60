"""Noise that was cut off at black and white is measured as it was, and drawn again for those who need it whole."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.denoising import clipping, noise
from models.core.images.convert import to_uint8

SIDE = 64


def half_black() -> np.ndarray:  # type: ignore[type-arg]
    """Black on the left, a soft slope of light on the right, (64, 64, 1)."""
    ramp = np.linspace(0.3, 0.7, SIDE // 2, dtype=np.float32)
    row = np.concatenate([np.zeros(SIDE // 2, np.float32), ramp])
    return np.repeat(row[None, :, None], SIDE, axis=0)


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("turned", [False, True])
def test_noise_on_black_and_on_white_is_measured_as_it_was_before_it_was_cut_off(sigma: float, turned: bool) -> None:
    """It came out as 0.71 of what it was on images that are half black."""
    clean = 1.0 - half_black() if turned else half_black()
    noisy = noise.add(clean, "gaussian", sigma, 1)
    assert noise.estimated_sigma(noisy) == pytest.approx(sigma, rel=0.1)
    assert noise.estimated_sigma(to_uint8(noisy)) == pytest.approx(sigma, rel=0.1)
    colour = noise.add(np.repeat(clean, 3, axis=2), "gaussian", sigma, 2)
    assert noise.estimated_sigma(colour) == pytest.approx(sigma, rel=0.1)


def test_a_large_image_is_looked_at_here_and_there() -> None:
    clean = np.tile(half_black(), (24, 24, 1))  # 1536 x 1536: more than half a million blocks
    assert noise.estimated_sigma(noise.add(clean, "gaussian", 0.2, 1)) == pytest.approx(0.2, rel=0.05)


def test_a_flat_black_margin_says_nothing_of_the_noise_elsewhere() -> None:
    grey = np.full((SIDE, SIDE, 1), 0.5, np.float32)
    noisy = noise.add(grey, "gaussian", 0.05, 3)
    noisy[: SIDE // 4] = 0.0
    assert clipping.sigma(noisy[..., 0], 1) is None
    assert 0.03 < noise.estimated_sigma(noisy) < 0.06
    assert noise.estimated_sigma(np.zeros((SIDE, SIDE, 3), np.float32)) == 0.0
    assert noise.estimated_sigma(half_black()) < 0.01
    assert clipping.sigma(noise.add(grey, "gaussian", 0.1, 4)[..., 0], 1) is None  # nothing is cut off


@pytest.mark.parametrize("level", [0.0, 0.1, 0.3, 0.9, 1.0])
def test_what_is_drawn_again_has_the_mean_and_the_deviation_that_was_cut_off(level: float) -> None:
    clean = np.full((2, 96, 96, 1), level, np.float32)
    noisy = noise.add(clean, "gaussian", 0.2, 5)
    whole = clipping.restored(noisy, 0.2)
    assert whole.dtype == np.float32
    assert whole.mean() == pytest.approx(level, abs=0.02) and whole.std() == pytest.approx(0.2, rel=0.08)
    inside = (noisy > 0.0) & (noisy < 1.0)
    np.testing.assert_array_equal(whole[inside], noisy[inside])
    assert (whole[noisy <= 0.0] <= 0.0).all() and (whole[noisy >= 1.0] >= 1.0).all()
    np.testing.assert_array_equal(whole, clipping.restored(noisy, 0.2))
    assert not np.array_equal(whole, clipping.restored(noisy, 0.2, seed=1))


def test_without_noise_nothing_is_drawn() -> None:
    clean = np.stack([half_black(), 1.0 - half_black()])
    np.testing.assert_array_equal(clipping.restored(clean, 0.0), clean)
