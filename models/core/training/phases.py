"""An adversarial run in slow motion: one phase of one network at a time, on a copy that nobody else sees.

Training takes both phases in one differentiable step whose two gradients cannot mix (core/adversarial/base.py). A
phase is that same step, of which only one network keeps its half: all that belongs to the other one (weights,
statistics, random state, slots of the optimizer) is put back afterwards. So a phase moves its network exactly as far
as training would have moved it, on any backend, with any optimizer and remedy.

Source: I. Goodfellow et al., "Generative Adversarial Nets", 2014, algorithm 1 (it alternates the two phases).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import loading, state
from models.core.adversarial.probabilities import Probabilities
from models.core.arrays import Images
from models.core.batches import Batches, Known, conditions
from models.core.capabilities import TakesPhases
from models.core.datasets import Dataset
from models.core.datasets.rows import evenly
from models.core.errors import UserError
from models.core.images import convert
from models.core.keras_internals import read_variable
from models.core.record import Run
from models.core.training import train

BOTH = "batch"
SHOWN = 16  # fakes and real images that are looked at


@dataclass(frozen=True)
class Change:
    """What one phase did.

    Attributes:
        phase: "discriminator", "generator" or "batch".
        before: the look before it; ``after`` the one after.
        moved: Euclidean norm of the change of each network's trained weights, by its name.
        size: Euclidean norm of these weights before.
        gradients: norm of the gradient of each network in this step, of the one that rested, too.
    """

    phase: str
    before: Probabilities
    after: Probabilities
    moved: Mapping[str, float]
    size: Mapping[str, float]
    gradients: Mapping[str, float]


class Phases:
    """Single phases of a compiled adversarial model.

    Args:
        model: built and compiled, with the state that it should begin with. It is changed: give a copy.
        shown: real images that are looked at, (n, h, w, c) in [0, 1], and what is known of them.
        seed: of the codings whose fakes are looked at; as many as real images.

    Raises:
        UserError: if the model does not consist of two such networks.
    """

    def __init__(self, model: Any, shown: tuple[Images, Known | None], seed: int) -> None:
        if not isinstance(model, TakesPhases):
            raise UserError(
                "This model does not learn in phases.", advice="Choose a run with a generator and a discriminator."
            )
        self.model, self.shown = model, shown
        self.codings = model.sample_codings(len(shown[0]), seed)  # type: ignore[attr-defined]
        self.networks = tuple(model.owned())
        self._begin = state.capture(model)

    def look(self) -> Probabilities:
        """Both networks as they are now, on the same codings and real images each time."""
        return self.model.probabilities(*self.shown, self.codings)

    def reset(self) -> None:
        """Go back to the beginning, random state included: the same phases then do the same again."""
        state.restore(self.model, self._begin, training=True)

    def discriminator_phase(self, real: Images, known: Known | None = None) -> Change:
        """The discriminator learns from real images (b, h, w, c) and as many fakes; the generator rests."""
        return self._take("discriminator", real, known)

    def generator_phase(self, count: int, known: Known | None = None) -> Change:
        """The generator learns from the predictions on ``count`` new fakes; the discriminator rests.

        Args:
            count: how many fakes.
            known: their conditions as ``fit`` takes them, (count, ...); for a model that ``Conditions``.
        """
        nothing = np.zeros((count, *self.shown[0].shape[1:]), np.float32)  # the generator never sees a real image
        return self._take("generator", nothing, known)

    def batch(self, real: Images, known: Known | None = None) -> Change:
        """Both at once, from real images (b, h, w, c): a step of training."""
        return self._take(BOTH, real, known)

    def _take(self, phase: str, real: Images, known: Known | None) -> Change:
        model, before = self.model, self.look()
        resting = [name for name in self.networks if phase not in (name, BOTH)]
        owned, slots = model.owned(), model.optimizer.owned()  # type: ignore[attr-defined]
        held = [(v, read_variable(v)) for name in resting for v in (*owned[name], *slots[name])]
        old = {name: [read_variable(v) for v in owned[name] if v.trainable] for name in self.networks}
        model.train_on_batch(real, known)  # type: ignore[attr-defined]
        state.settle(model)
        gradients = {name: float(norm) for name, norm in model.optimizer.norms.items()}  # type: ignore[attr-defined]
        for variable, value in held:
            variable.assign(value)
        new = {name: [read_variable(v) for v in owned[name] if v.trainable] for name in self.networks}
        moved = {name: _norm([a - b for a, b in zip(new[name], old[name], strict=True)]) for name in self.networks}
        size = {name: _norm(values) for name, values in old.items()}
        change = Change(phase, before, self.look(), moved, size, gradients)
        if not all(map(math.isfinite, (*moved.values(), *change.after.losses.values()))):
            raise UserError("After this phase the losses are no longer finite numbers.", advice="Reset, then go on.")
        return change


class SteppedRun:
    """A copy of a run's newest checkpoint, fed with the images that training would see next.

    Args:
        run: open for reading; nothing is written to it.
        dataset: what it was started with.

    Raises:
        RunFormatError: if it has no checkpoint that training could go on from.
        UserError: if the dataset is another one, or the model does not learn in phases.
    """

    def __init__(self, run: Run, dataset: Dataset) -> None:
        train.check_dataset(run, dataset)
        model = loading.compiled(run)
        entry, arrays = run.load_checkpoint(state.expected(model, training=True))
        state.restore(model, arrays, training=True)
        config, known = model.config, conditions(model, dataset)
        model.optimizer.learning_rate = config.learning_rate
        self.step, self._taken = entry.step, 0
        self._batches = Batches(dataset.images, dataset.train, config.batch_size, seed=config.seed, conditions=known)
        held_out = dataset.validation if dataset.validation.stop > dataset.validation.start else dataset.train
        seen = evenly(held_out, SHOWN)
        shown = convert.to_float(np.asarray(dataset.images[seen])), None if known is None else known[seen]
        self.phases = Phases(model, shown, config.seed)

    def reals(self) -> NDArray[np.uint8]:
        """The real images that are looked at."""
        return convert.to_uint8(self.phases.shown[0])

    def take(self, phase: str) -> Change:
        """Take "discriminator", "generator" or "batch"; the generator's phase uses up no real images."""
        real, known = self._next()
        if phase == "generator":
            return self.phases.generator_phase(len(real), known)
        change = self.phases.batch(real, known) if phase == BOTH else self.phases.discriminator_phase(real, known)
        self._taken += 1
        return change

    def reset(self) -> Probabilities:
        """Back to the checkpoint and to the images that come after it."""
        self._taken = 0
        self.phases.reset()
        return self.phases.look()

    def _next(self) -> tuple[Images, Known | None]:
        """The batch that training would see after those that were taken."""
        epoch, index = divmod(self.step + self._taken, self._batches.whole_epoch)
        self._batches.epoch = epoch
        batch = self._batches[index]
        return batch[0], batch[1] if len(batch) > 1 else None


def _norm(arrays: list[NDArray[Any]]) -> float:
    """Euclidean norm of all numbers together."""
    return math.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays))
