"""The way back from noise to images, for every model that diffuses: what the network predicts is all it must say.

A family that trains derives from ``Diffuser`` (base.py), which adds how its network learns; a model that comes trained
derives from ``ReverseProcess`` alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Images
from models.core.contract import Contract
from models.core.diffusion import samplers
from models.core.diffusion.capability import Kept, Sampling
from models.core.diffusion.conditions import Condition
from models.core.diffusion.prompt import Asked, Emphasis
from models.core.diffusion.rates import Prediction, Rates, States
from models.core.diffusion.samplers import Known, Predict, Step, Walk
from models.core.errors import ConfigError
from models.core.work import SILENT, Work

AT_ONCE = 512  # images that are walked together


class ReverseProcess(Contract):
    """The capability Diffuses for a model that has ``told``; states are images in [-1, 1] unless it says otherwise.

    Attributes:
        rates: of image and noise, by t.
        condition: what the model can be asked for.
        clip: predicted clean states are cut at -clip and clip; None leaves them as they are.
    """

    rates: Rates
    condition: Condition
    condition_kind: Any
    condition_names: tuple[str, ...]
    clip: float | None = 1.0  # states of images are in [-1, 1]

    # --- What a model says of itself ---

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """Of what is diffused, (height, width, channels)."""
        raise NotImplementedError

    @property
    def shape_of_images(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        raise NotImplementedError

    @property
    def prediction(self) -> Prediction:
        """What the network predicts."""
        raise NotImplementedError

    def told(self, rows: Asked, work: Work) -> Predict:
        """The network as ``(x_t, t) -> noise`` or velocity, told what each row asks for."""
        raise NotImplementedError

    # --- The capability Diffuses ---

    def states(self, images: Images) -> States:
        """What is diffused, as arrays: (n, h, w, c) in [0, 1] -> [-1, 1]."""
        return 2.0 * np.asarray(images, np.float32) - 1.0

    def forward(self, images: Images, t: int, seed: int) -> States:
        """The state x_t of images in [0, 1]; t = 0 adds no noise."""
        x_0 = self.states(images)
        noise = samplers.draw(x_0.shape, seed, t, samplers.FORWARD)
        return self.rates.noisy(x_0, t, noise) if t else x_0

    def predictor(
        self, asked: Asked, instead: Asked, guidance: float, emphasis: Emphasis = (), work: Work = SILENT
    ) -> Predict:
        """The network as ``(x_t, t) -> noise`` or velocity, led from what is asked for ``instead`` to what is asked.

        ``emphasis`` is as the network takes it. A word of strength s adds s - 1 times what leaving it out takes away.
        """
        wanted, others = self.told(asked, work), [(self.told(rows, work), more) for rows, more in emphasis]

        def stressed(x: States, t: int) -> States:
            whole = wanted(x, t)
            return whole + sum(more * (whole - without(x, t)) for without, more in others)

        scale = 1.0 if np.array_equal(asked, instead) else guidance
        return samplers.guided(stressed if others else wanted, self.told(instead, work), scale)

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
        """Walk from noise to images; see ``Diffuses``."""
        timesteps = self.rates.timesteps
        sampling.check(timesteps, self.rates.path)
        if start is None:
            start = timesteps, samplers.draw((count, *self.state_shape), sampling.seed, timesteps, samplers.START)
        t, x = start
        if not 0 <= t <= timesteps or x.shape[1:] != self.state_shape:
            raise ConfigError({"start": f"must be t from 0 to {timesteps} and states of shape {self.state_shape}"})
        times = samplers.times(timesteps, sampling.taken(timesteps), t, self.rates.last)
        walk = Walk(
            self.rates, x, times, sampling.seed, sampling.eta, self.clip,
            None if kept is None else self.known(kept), sampling.repeats, self.prediction,
        )  # fmt: skip
        asked, instead = (self.condition.checked(rows, len(x)) for rows in (conditions, negative))
        checked = [(self.condition.checked(rows, len(x)), more) for rows, more in emphasis]
        predict = self.predictor(asked, instead, sampling.guidance, checked, work)
        return samplers.SAMPLERS[sampling.sampler].back(predict, walk)

    def known(self, kept: Kept) -> Known:
        """What an inpainting keeps, as states."""
        return Known(self.states(kept.images), np.asarray(kept.mask, bool))

    def pictures(self, states: States, kept: Kept | None = None) -> Images:
        """States in [-1, 1] as images in [0, 1]; what is kept is put into them bit for bit."""
        generated: Images = np.clip((states + np.float32(1)) / np.float32(2), 0.0, 1.0)
        return generated if kept is None else np.where(kept.mask, generated, kept.images)

    def noise_pictures(self, noise: States) -> Images:
        """Grey is nothing; three standard deviations are black or white."""
        shown: Images = np.clip(np.float32(0.5) + noise / np.float32(6), 0.0, 1.0)
        return shown

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
        """The ends of ``count`` walks, (count, h, w, c) in [0, 1]."""
        self.condition.checked(conditions, count)
        sampling = sampling or Sampling.usual(self.rates, self.condition.offer)
        generated = [np.zeros((0, *self.shape_of_images), np.float32)]
        for begin in range(0, count, AT_ONCE):
            here = slice(begin, min(begin + AT_ONCE, count))
            asked, instead = (None if rows is None else rows[here] for rows in (conditions, negative))
            drawn = seed if not begin else int(np.random.default_rng((seed, begin)).integers(2**31))
            walk = dataclasses.replace(sampling, seed=drawn)
            size = here.stop - begin
            stressed = [(rows[here], more) for rows, more in emphasis]
            words: dict[str, Any] = {"conditions": asked, "negative": instead, "emphasis": stressed}
            for step in self.reverse(walk, count=size, **words, work=work):
                done = (self.rates.timesteps - step.t) * size // self.rates.timesteps
                work.tell("Sampling", begin + done, count)
            generated.append(self.pictures(step.x))
        return np.concatenate(generated)


def coarser(mask: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    """A mask (n, h, w, 1) of codings that are ``times`` smaller a side: true where any of its pixels is."""
    count, height, width, _ = mask.shape
    tiles = np.asarray(mask, bool).reshape(count, height // times, times, width // times, times, 1)
    return np.asarray(tiles.any(axis=(2, 4)))
