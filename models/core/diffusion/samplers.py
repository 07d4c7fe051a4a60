"""Diffusion in plain numpy: the way into noise, and samplers that walk back, one step at a time.

Notation. t = 1..T time, x_0 clean image in [-1, 1], x_t noisy image, eps noise, alpha_bar_t the share of the variance
of x_t that is still the image: alpha_bar_0 = 1 and alpha_bar_T is nearly 0.

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps                 (Ho, Jain and Abbeel 2020, equation 4)

A schedule is its alpha_bar by t (schedules.py), or a pair of rates (rates.py), as of rectified flow.

All samplers have one signature, ``(predict, walk)``, and are generators of ``Step``. A step depends on (t, x_t) and the
seed alone: whoever starts again from a step in the middle gets the same images bit for bit.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion.rates import AlphaBar, Path, Prediction, Rates, States, rates_of
from models.core.diffusion.schedules import signal_to_noise

Predict = Callable[[States, int], States]  # (x_t, t) -> predicted eps, or predicted velocity
STEP, START, KNOWN, AGAIN, FORWARD = range(5)  # what a draw of noise is for


# --- Times -----------------------------------------------------------------------------------------------------------


def times(timesteps: int, steps: int, start: int | None = None, last: int = 0) -> tuple[int, ...]:
    """Times from T (or ``start``) down to 0 in ``steps`` strides that are as equal as whole numbers can be.

    From a start in the middle the rest is the same as on the whole way down. Where the last stride begins at ``last``
    (see ``Rates``), the others are as equal.
    """
    most = min(steps, timesteps)
    equal = np.linspace(timesteps, last, most if last else most + 1)
    whole = [*np.unique(np.round(equal).astype(int))[::-1].tolist(), *([0] if last else [])]
    begin = timesteps if start is None else start
    return (begin, *(t for t in whole if t < begin))


# --- Into noise ------------------------------------------------------------------------------------------------------


def draw(shape: tuple[int, ...], seed: int, t: int, use: int = STEP, turn: int = 0) -> States:
    """Noise N(0, I) that depends on its arguments alone; the first rows of a larger batch are those of a smaller."""
    return np.random.default_rng((seed, t, use, turn)).standard_normal(shape, np.float32)


def forward(x_0: States, schedule: AlphaBar | Rates, t: int, noise: States) -> States:
    """q(x_t | x_0): mean signal_t x_0, variance noise_t^2 (Ho et al. 2020, equation 4)."""
    return rates_of(schedule).noisy(x_0, t, noise)


# --- Back: what all samplers share -----------------------------------------------------------------------------------


class Step(NamedTuple):
    """One step of a walk back: at t the image is ``x``, and this is what the network sees in it.

    At t = 0 the walk is over: ``x_0`` is ``x`` and ``noise`` is 0. All are (n, height, width, channels).
    """

    t: int
    x: States
    x_0: States
    noise: States


class Known(NamedTuple):
    """What an inpainting keeps: clean ``x_0`` (n or 1, h, w, c), and where to paint, ``mask`` (n or 1, h, w, 1)."""

    x_0: States
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Walk:
    """Where a sampler begins and how it goes.

    Attributes:
        schedule: alpha_bar by t, or the rates of another path.
        x: the image at the first of the times, (n, h, w, c).
        times: falling, the last one is 0.
        seed: of all noise.
        eta: how much noise DDIM adds, as a share of the posterior's standard deviation, 0 to 1; the other samplers do
            not look at it.
        clip: predicted clean values are cut at -clip and clip; None leaves them as they are.
        known: what is kept while the rest is painted, or None.
        repeats: how often each stride is walked when something is known (RePaint's resampling).
        prediction: what ``predict`` says: the noise, or the velocity.
    """

    schedule: AlphaBar | Rates
    x: States
    times: tuple[int, ...]
    seed: int = 0
    eta: float = 0.0
    clip: float | None = 1.0
    known: Known | None = None
    repeats: int = 1
    prediction: Prediction = "noise"

    @functools.cached_property
    def rates(self) -> Rates:
        """Of image and noise, by t."""
        return rates_of(self.schedule)


Noise = Callable[[], States]
Move = Callable[[Step, int, Noise], States]  # from a step to the image at an earlier time


def look(predict: Predict, walk: Walk, x: States, t: int) -> Step:
    """Ask the network what it sees at (t, x): x_0 = (x_t - noise_t eps) / signal_t, then cut."""
    x_0, noise = walk.rates.seen(x, t, predict(x, t), walk.prediction)
    if walk.clip is not None:
        np.clip(x_0, -walk.clip, walk.clip, out=x_0)
        noise = walk.rates.eps(x, t, x_0)
    return Step(t, x, x_0, noise)


def _back(predict: Predict, walk: Walk, move: Move) -> Iterator[Step]:
    """Walk from the first of the times to 0.

    Where something is known, RePaint (Lugmayr et al. 2022, algorithm 1): the known part of each x_t is drawn from the
    forward process, and each stride is walked ``repeats`` times, with fresh noise up and down, so that both parts grow
    together. At t = 0 the known part is what it was, bit for bit.
    """
    x = walk.x
    for t, to in itertools.pairwise(walk.times):
        step = look(predict, walk, x, t)
        yield step
        for turn in range(walk.repeats if walk.known and to else 1):
            if turn:  # back up to t, and down again
                again = draw(x.shape, walk.seed, t, AGAIN, turn)
                step = look(predict, walk, walk.rates.later(x, to, t, again), t)
            x = move(step, to, lambda t=t, turn=turn: draw(walk.x.shape, walk.seed, t, STEP, turn))  # type: ignore[misc]
            if walk.known:
                noise = draw(x.shape, walk.seed, t, KNOWN, turn)
                kept = forward(walk.known.x_0, walk.rates, to, noise) if to else walk.known.x_0
                x = np.where(walk.known.mask, x, kept)
    yield Step(0, x, x, np.zeros_like(x))


# --- Back: the samplers ----------------------------------------------------------------------------------------------


def ddpm(predict: Predict, walk: Walk) -> Iterator[Step]:
    """DDPM: mean of q(x_{t-1} | x_t, x_0), plus noise of variance beta_t but at the end (Ho et al. 2020, algorithm 2).

    Without cutting this is the textbook's x_{t-1} = (x_t - beta_t / sqrt(1 - alpha_bar_t) eps) / sqrt(alpha_t) + ...
    It is meant for all T steps. The paper's other variance, the posterior's, is that of ``ddim`` with eta = 1. Where
    the variance is not preserved none of this holds.
    """
    alpha_bar = walk.rates.alpha_bar

    def move(step: Step, to: int, noise: Noise) -> States:
        now, then = float(alpha_bar[step.t]), float(alpha_bar[to])
        alpha = now / then
        mean: States = math.sqrt(then) * (1.0 - alpha) / (1.0 - now) * step.x_0
        mean = mean + math.sqrt(alpha) * (1.0 - then) / (1.0 - now) * step.x
        return mean + math.sqrt(1.0 - alpha) * noise() if to else mean

    return _back(predict, walk, move)


def ddim(predict: Predict, walk: Walk) -> Iterator[Step]:
    """DDIM: from predicted x_0 and eps straight to an earlier time (Song, Meng and Ermon 2020, equations 12 and 16).

    eta = 0 adds no noise, so x_T is a coding of the image. eta = 1 with all steps is DDPM with the smaller of the two
    variances of Ho et al. 2020, section 3.2: the posterior's, (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t) beta_t, where
    ``ddpm`` has beta_t; the mean of a step is the same. A rectified flow with eta above 0 is
    walked as the variance-preserving path that it is but for the scale of its states (Rates.scale).
    """
    alpha_bar, rates = walk.rates.alpha_bar, walk.rates

    def move(step: Step, to: int, noise: Noise) -> States:
        if not walk.eta:
            return rates.noisy(step.x_0, to, step.noise)
        now, then = float(alpha_bar[step.t]), float(alpha_bar[to])
        sigma = walk.eta * math.sqrt((1.0 - then) / (1.0 - now) * (1.0 - now / then))
        x = math.sqrt(then) * step.x_0 + math.sqrt(max(0.0, 1.0 - then - sigma**2)) * step.noise
        x = x + sigma * noise() if sigma else x
        return np.float32(rates.scale(to)) * x

    return _back(predict, walk, move)


def dpm_solver(predict: Predict, walk: Walk) -> Iterator[Step]:
    """DPM-Solver++(2S): second order, no noise, asks the network twice a stride (Lu et al. 2022, algorithm 1).

    Unlike (2M) it needs no memory of earlier steps. The second look is half way in time: with equal strides of time its
    error on Gaussian data was mostly several times smaller than half way in log SNR. At t = 0 the log SNR is infinite:
    the last stride aims at t = 1; where no signal is left it is, too: the first stride of a flow is DDIM's.
    """
    rates = walk.rates
    with np.errstate(divide="ignore"):
        lambdas = 0.5 * np.log(signal_to_noise(rates.alpha_bar))  # log(signal_t / noise_t)

    def towards(step: Step, x_0: States, to: int) -> States:
        return rates.noisy(x_0, to, rates.eps(step.x, step.t, x_0))

    def move(step: Step, to: int, noise: Noise) -> States:
        last = max(to, 1)
        if step.t == 1:
            return step.x_0
        if not np.isfinite(lambdas[step.t]):
            return towards(step, step.x_0, to)
        begin, end = lambdas[step.t], lambdas[last]
        middle = (last + step.t) // 2
        r = float((lambdas[middle] - begin) / (end - begin))
        second = look(predict, walk, towards(step, step.x_0, middle), middle)
        return towards(step, (1.0 - 0.5 / r) * step.x_0 + 0.5 / r * second.x_0, to)

    return _back(predict, walk, move)


def euler(predict: Predict, walk: Walk) -> Iterator[Step]:
    """Euler: along the velocity eps - x_0 (Liu et al. 2022); on a flow the same as DDIM without noise."""

    def move(step: Step, to: int, noise: Noise) -> States:
        return _along(walk, step, to, step.noise - step.x_0)

    return _back(predict, walk, move)


def heun(predict: Predict, walk: Walk) -> Iterator[Step]:
    """Heun: Euler, then once more with the mean of the velocities at both ends; asks the network twice a stride.

    The trapezoidal rule (Karras et al. 2022, algorithm 1); the last stride, at whose end nothing is asked, is Euler's.
    """

    def move(step: Step, to: int, noise: Noise) -> States:
        velocity = step.noise - step.x_0
        x = _along(walk, step, to, velocity)
        if not to:
            return x
        there = look(predict, walk, x, to)
        return _along(walk, step, to, 0.5 * (velocity + there.noise - there.x_0))

    return _back(predict, walk, move)


def _along(walk: Walk, step: Step, to: int, velocity: States) -> States:
    """From a step of a flow along a straight line."""
    return step.x + float(walk.rates.noise[to] - walk.rates.noise[step.t]) * velocity


@dataclass(frozen=True)
class Sampler:
    """A way from noise to images, as it is offered everywhere.

    Attributes:
        title: for people.
        about: what it does; goes on after the title.
        back: walks from noise to an image, step by step.
        all_steps: whether it takes all T steps, however many are asked for.
        noise: whether it adds new noise on the way: never, always, or as much as eta says.
        paths: what it can walk on: schedules that preserve the variance ("diffusion"), rectified flows ("flow").
    """

    title: str
    about: str
    back: Callable[[Predict, Walk], Iterator[Step]]
    all_steps: bool = False
    noise: Literal["never", "eta", "always"] = "never"
    paths: tuple[Path, ...] = ("diffusion", "flow")

    def repeatable(self, eta: float) -> bool:
        """Whether the images follow from the first noise alone, so that another seed on the way changes nothing."""
        return self.noise == "never" or (self.noise == "eta" and eta == 0)


SAMPLERS = {
    "ddim": Sampler("DDIM", "takes large steps", ddim, noise="eta"),
    "ddpm": Sampler("DDPM", "takes every step with new noise", ddpm, True, "always", ("diffusion",)),
    "dpm_solver": Sampler("DPM-Solver++", "takes two network evaluations a step", dpm_solver),
    "euler": Sampler("Euler", "takes straight steps along the flow", euler, paths=("flow",)),
    "heun": Sampler("Heun", "corrects each straight step by a second network evaluation", heun, paths=("flow",)),
}


def offered(path: Path) -> tuple[str, ...]:
    """The keys of the samplers that can walk on a path, the usual one first."""
    fitting = [key for key, one in SAMPLERS.items() if path in one.paths]
    return tuple(sorted(fitting, key=lambda key: path == "flow" and key != "euler"))


def guided(conditional: Predict, unconditional: Predict, scale: float) -> Predict:
    """Classifier-free guidance: eps_without + scale (eps_with - eps_without) (Ho and Salimans 2022, equation 6).

    Their w is ``scale - 1``: 0 forgets the condition, 1 is the condition alone, more exaggerates it.
    """
    if scale == 1.0:
        return conditional

    def predict(x: States, t: int) -> States:
        without = unconditional(x, t)
        return without + scale * (conditional(x, t) - without)

    return unconditional if scale == 0.0 else predict
