"""Schedules that preserve the variance: alpha_bar by t, the share of the variance of x_t that is still the image.

alpha_bar_0 = 1 and alpha_bar_T is nearly 0; beta_t = 1 - alpha_bar_t / alpha_bar_(t-1) is what step t turns into noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion.rates import AlphaBar

MAX_BETA = 0.999  # the share of the variance that one step may turn into noise
MIN_BETA = 1e-9


def cosine(timesteps: int, s: float = 0.008, max_beta: float = MAX_BETA) -> AlphaBar:
    """f(t) / f(0) with f(t) = cos^2(pi/2 (t/T + s) / (1 + s)) (Nichol and Dhariwal 2021, equation 17)."""
    f = np.cos((np.linspace(0.0, 1.0, timesteps + 1) + s) / (1 + s) * np.pi / 2) ** 2
    return from_betas(np.minimum(1.0 - f[1:] / f[:-1], max_beta))


def linear(timesteps: int) -> AlphaBar:
    """beta from 0.0001 to 0.02 for T = 1000 (Ho et al. 2020, section 4), scaled so that every T ends alike."""
    scale = 1000.0 / timesteps
    return from_betas(np.linspace(1e-4 * scale, 0.02 * scale, timesteps))


def from_betas(betas: NDArray[np.float64]) -> AlphaBar:
    """alpha_bar_t = product of (1 - beta_i) up to t, and 1 at t = 0."""
    return np.concatenate([[1.0], np.cumprod(1.0 - np.clip(betas, MIN_BETA, MAX_BETA))])


def from_alpha_bar(points: Sequence[tuple[float, float]], timesteps: int) -> AlphaBar:
    """A schedule bent by hand: a monotone curve through points, from 1 at the beginning to 0 at the end.

    Args:
        points: (share of the time, alpha_bar), both between 0 and 1; the shares rise and the alpha_bars fall.
        timesteps: T.

    Returns:
        As the other schedules: no step takes more than 99.9 % of the variance.

    Raises:
        ValueError: if the points are not in order.
    """
    from scipy.interpolate import PchipInterpolator

    curve = np.array([(0.0, 1.0), *points, (1.0, 0.0)], np.float64)
    if not (np.diff(curve[:, 0]) > 0).all() or not (np.diff(curve[:, 1]) < 0).all():
        raise ValueError("the times must rise and the alpha_bars must fall, all between 0 and 1")
    smooth = np.asarray(PchipInterpolator(curve[:, 0], curve[:, 1])(np.linspace(0.0, 1.0, timesteps + 1)))
    smooth = np.clip(smooth, 1e-12, 1.0)
    return from_betas(1.0 - smooth[1:] / smooth[:-1])


def signal_to_noise(schedule: AlphaBar) -> NDArray[np.float64]:
    """alpha_bar / (1 - alpha_bar) by t; infinite at t = 0."""
    with np.errstate(divide="ignore"):
        return schedule / (1.0 - schedule)


def time_of_noise(schedule: AlphaBar, sigma: float) -> int:
    """The t at which x_t, divided by sqrt(alpha_bar_t), has noise nearest to ``sigma`` (of data in [-1, 1]); >= 1."""
    with np.errstate(divide="ignore"):  # at the end of a flow no signal is left
        noise_std = np.sqrt(1.0 / schedule[1:] - 1.0)
    return int(np.argmin(np.abs(noise_std - sigma))) + 1
