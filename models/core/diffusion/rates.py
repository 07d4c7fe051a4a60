"""How much image and how much noise there is at each time: the pair of rates that a diffusion model learns with.

    x_t = signal_t x_0 + noise_t eps,  eps ~ N(0, I),  t = 0..T

Two kinds of path lead from an image to noise:

    variance preserving   signal^2 + noise^2 = 1; signal^2 is alpha_bar (Ho, Jain and Abbeel 2020, equation 4)
    rectified flow        signal = 1 - s, noise = s, s = t / T: straight lines (Liu et al. 2022, equation 1;
                          Lipman et al. 2022, equation 22)

A network predicts the noise eps, or the velocity: in which direction x_t moves along its path.

    variance preserving   v = signal eps - noise x_0     (Salimans and Ho 2022, appendix D; by the angle of the path)
    rectified flow        v = eps - x_0                  (Liu et al. 2022; by s)

Unlike the noise, the velocity says something about x_0 at every time, also where no signal is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

AlphaBar = NDArray[np.float64]  # (T + 1,): the share of the variance of x_t that is image, 1 at t = 0
States = NDArray[np.float32]  # (n, height, width, channels)
Prediction = Literal["noise", "velocity"]
Path = Literal["diffusion", "flow"]


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates by t.

    Attributes:
        alpha_bar: signal^2 / (signal^2 + noise^2), (T + 1,); falls from 1.
        signal: of x_0, (T + 1,); falls from 1.
        noise: of eps, (T + 1,); rises from 0.
        straight: whether this is a rectified flow; else the variance is preserved.
        last: the time at which the last stride begins; 0 where it is as long as the others.
    """

    alpha_bar: AlphaBar
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]
    straight: bool = False
    last: int = 0

    @classmethod
    def preserving(cls, alpha_bar: AlphaBar) -> Rates:
        """Those of a variance-preserving schedule."""
        return cls(alpha_bar, np.sqrt(alpha_bar), np.sqrt(1.0 - alpha_bar))

    @classmethod
    def flow(cls, timesteps: int, last: int = 0) -> Rates:
        """Those of rectified flow in ``timesteps`` equal steps; at t = T nothing is left of the image."""
        return cls._straight(np.linspace(0.0, 1.0, timesteps + 1), last)

    @classmethod
    def shifted_flow(cls, timesteps: int, shift: float) -> Rates:
        """Those of rectified flow on which large images stay longer in noise: s' = shift s / (1 + (shift - 1) s).

        As in the scheduler of Stable Diffusion 3 (Esser et al. 2024, equation 23), whose ends are shifted before the
        times between them are: noise_1 is that of s = shift(1 / T) shifted once more, and sampling strides lead from T
        to 1 and from there to 0.
        """

        def shifted(s: NDArray[np.float64]) -> NDArray[np.float64]:
            return shift * s / (1.0 + (shift - 1.0) * s)

        ends = shifted(np.array([1.0 / timesteps, 1.0]))
        noise = np.concatenate([[0.0], shifted(np.linspace(ends[0], ends[1], timesteps))])
        return cls._straight(noise, last=1)

    @classmethod
    def _straight(cls, noise: NDArray[np.float64], last: int = 0) -> Rates:
        signal = 1.0 - noise
        return cls(signal**2 / (signal**2 + noise**2), signal, noise, straight=True, last=last)

    @property
    def timesteps(self) -> int:
        """T."""
        return len(self.signal) - 1

    @property
    def path(self) -> Path:
        """Which samplers can walk on it."""
        return "flow" if self.straight else "diffusion"

    def slopes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How signal and noise change along the path, each (T + 1,): the velocity is their sum with x_0 and eps."""
        if self.straight:
            return -np.ones_like(self.signal), np.ones_like(self.noise)
        return -self.noise, self.signal

    def scale(self, t: int) -> float:
        """x_t divided by it has the variance of a variance-preserving state with the same alpha_bar; 1 for those."""
        return float(np.hypot(self.signal[t], self.noise[t])) if self.straight else 1.0

    def noisy(self, x_0: States, t: int, eps: States) -> States:
        """x_t of clean states."""
        return float(self.signal[t]) * x_0 + float(self.noise[t]) * eps

    def seen(self, x: States, t: int, predicted: States, prediction: Prediction) -> tuple[States, States]:
        """(x_0, eps) as the network sees them in x_t; from predicted noise only where some signal is left."""
        signal, noise = float(self.signal[t]), float(self.noise[t])
        if prediction == "noise":
            return np.asarray((x - noise * predicted) / signal, np.float32), predicted
        if self.straight:
            return np.asarray(x - noise * predicted, np.float32), np.asarray(x + signal * predicted, np.float32)
        x_0 = np.asarray(signal * x - noise * predicted, np.float32)
        return x_0, np.asarray(noise * x + signal * predicted, np.float32)

    def eps(self, x: States, t: int, x_0: States) -> States:
        """The noise that is in x_t if x_0 is its clean image; t at least 1."""
        return np.asarray((x - float(self.signal[t]) * x_0) / float(self.noise[t]), np.float32)

    def later(self, x: States, t: int, to: int, eps: States) -> States:
        """From x_t on into noise, to a later time: q(x_to | x_t) with fresh noise."""
        if self.straight:
            kept = float(self.signal[to] / self.signal[t])
            added = float(np.sqrt(self.noise[to] ** 2 - kept**2 * self.noise[t] ** 2))
        else:
            share = float(self.alpha_bar[to] / self.alpha_bar[t])
            kept, added = float(np.sqrt(share)), float(np.sqrt(1.0 - share))
        return kept * x + added * eps


def rates_of(schedule: AlphaBar | Rates) -> Rates:
    """A schedule given by its alpha_bar is variance preserving."""
    return schedule if isinstance(schedule, Rates) else Rates.preserving(schedule)
