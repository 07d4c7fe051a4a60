"""What a model that diffuses can do, and how it is asked: numbers alone, so that a recipe can hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.core import arrays
from models.core.diffusion.prompt import Asked, Conditioning, Emphasis, Kind, Offer
from models.core.diffusion.rates import AlphaBar, Path, Rates, States
from models.core.diffusion.samplers import FORWARD, SAMPLERS, Step, draw, offered
from models.core.errors import ConfigError
from models.core.work import SILENT, Work

Images = arrays.Images  # (n, height, width, channels) in [0, 1]
Labels = NDArray[np.int32]  # (n,) a class each; -1 asks for nothing
LIMITS = {"eta": (0.0, 1.0), "guidance": (0.0, 20.0), "repeats": (1, 50), "seed": (0, 2**31 - 1)}


@dataclass(frozen=True)
class Sampling:
    """How images are made out of noise.

    Attributes:
        sampler: a key of ``SAMPLERS``.
        steps: strides from T to 0, 1 to T; what takes all steps does not look at it, see ``taken``.
        eta: how much noise DDIM adds, 0 to 1; 1 with all steps is DDPM with the posterior's variance instead of beta_t.
        guidance: how much the class counts: 0 not at all, 1 as learned, more exaggerates it; 0 to 20.
        seed: of all noise.
        repeats: how often an inpainting walks each stride (RePaint's resampling), 1 to 50.
    """

    sampler: str = "ddim"
    steps: int = 50
    eta: float = 0.0
    guidance: float = 2.0
    seed: int = 0
    repeats: int = 1

    @classmethod
    def usual(cls, rates: Rates, offer: Offer) -> Sampling:
        """The default for a model with such rates and such an offer: Euler in 30 steps on a flow, else DDIM in 50."""
        steps = offer.steps or (30 if rates.path == "flow" else cls.steps)
        guidance = 3.0 if offer.kind == "text" else cls.guidance  # a sentence says more than a class
        guidance = guidance if offer.guidance is None else offer.guidance
        return cls(offered(rates.path)[0], min(steps, rates.timesteps), guidance=guidance)

    def taken(self, timesteps: int) -> int:
        """How many strides lead from T ``timesteps`` to 0: DDPM takes them all."""
        return timesteps if SAMPLERS[self.sampler].all_steps else self.steps

    def check(self, timesteps: int, path: Path = "diffusion") -> None:
        """Refuse what no walk of T ``timesteps`` on such a path could be made of.

        Raises:
            ConfigError: naming everything that is wrong at once.
        """
        wrong = {}
        if self.sampler not in offered(path):
            wrong["sampler"] = f"must be one of {', '.join(offered(path))} (it is {self.sampler[:60]!r})"
        for name, (low, high) in {**LIMITS, "steps": (1, timesteps)}.items():
            value = getattr(self, name)
            if not low <= value <= high:
                wrong[name] = f"must be from {low} to {high} (it is {value})"
        if wrong:
            raise ConfigError(wrong)


QUICK = Sampling(steps=10)  # what a preview is worth while a model learns


class Kept(NamedTuple):
    """What an inpainting keeps: ``images`` (n or 1, h, w, c) in [0, 1] but where ``mask`` (n or 1, h, w, 1) is True."""

    images: Images
    mask: NDArray[np.bool_]


def begun(model: Diffuses, images: Images, time: int, seed: int) -> tuple[int, States]:
    """Where a reverse process from images (n, h, w, c) begins, (t, x_t): image to image.

    The noise of a seed is the same at every time, as on the way into noise that the window shows.
    """
    x_0, last = model.forward(images, 0, seed), len(model.schedule) - 1
    return time, model.rates.noisy(x_0, time, draw(x_0.shape, seed, last, FORWARD))


@runtime_checkable
class Diffuses(Protocol):
    """Makes images out of noise, step by step.

    ``schedule`` is the alpha_bar of its ``rates``, (T + 1,); ``condition_names`` are its classes, attributes or words.
    States are what it diffuses: images in [-1, 1], or codings of an autoencoder.
    """

    schedule: AlphaBar
    rates: Rates
    condition: Conditioning
    condition_kind: Kind
    condition_names: tuple[str, ...]

    def forward(self, images: Images, t: int, seed: int) -> States:
        """The state x_t of images (n, h, w, c) in [0, 1]; t = 0 adds no noise."""
        ...

    def reverse(
        self,
        sampling: Sampling,
        *,
        count: int = 1,
        conditions: Asked | None = None,
        negative: Asked | None = None,
        emphasis: Emphasis = (),
        start: tuple[int, States] | None = None,
        kept: Kept | None = None,
        work: Work = SILENT,
    ) -> Iterator[Step]:
        """Walk from noise to images, one step an iteration; the first step comes after one look of the network.

        Args:
            sampling: how.
            count: of images; only without a start.
            conditions: what is asked for, a row an image (conditions.py); None asks for nothing.
            negative: what to lead away from; None is nothing at all.
            emphasis: what is asked for without one of its words, and how much more than 1 that word counts.
            start: (t, x_t) to begin with: a step of an earlier walk, or ``forward(images, t, seed)``.
            kept: paint only where its mask says so.
            work: checked before every batch.

        Raises:
            ConfigError: if ``sampling`` or a condition is out of range.
            Cancelled: if ``work`` is cancelled.
        """
        ...

    def pictures(self, states: States, kept: Kept | None = None) -> Images:
        """States x_t or x_0 as images in [0, 1]; what is kept is put into them bit for bit."""
        ...

    def noise_pictures(self, noise: States) -> Images:
        """Noise, or the difference of two states, as images in [0, 1]: grey is nothing."""
        ...

    def sample(
        self,
        count: int,
        seed: int,
        *,
        conditions: Asked | None = None,
        negative: Asked | None = None,
        emphasis: Emphasis = (),
        sampling: Sampling | None = None,
        work: Work = SILENT,
    ) -> Images:
        """The ends of ``count`` walks, (count, h, w, c) in [0, 1]; ``seed`` counts, not the one of ``sampling``."""
        ...
