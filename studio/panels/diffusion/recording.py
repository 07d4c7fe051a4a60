"""Walks from noise to images that are kept, so that they can be watched forth and back. No widget in here.

A walk is made once, in the inference thread; what is looked at afterwards is what was kept, so that a step shows the
same pixels however often one comes back to it.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion import samplers
from models.core.diffusion.capability import Kept, Labels, Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.diffusion.rates import Rates, States
from models.core.images import convert
from models.core.work import SILENT, Work
from studio.panels.diffusion.start_images import Beginning

Pixels = NDArray[np.uint8]
LIMIT = 256 * 2**20  # bytes that one walk may keep: all 4,000 steps of eight grey images of 28 x 28
NOTHING, EACH = -1, -2  # classes that are asked for: none, or one after another
MOST = 32  # images of a sheet
STRIDES = 100  # times at which an image on its way into noise is shown
TELL_S = 0.03  # a walk says so often how far it is


@dataclass(frozen=True)
class Setup:
    """What a walk is asked for: how it goes, the class (or NOTHING, or EACH), how many images, attributes or text."""

    sampling: Sampling = field(default_factory=Sampling)
    label: int = NOTHING
    count: int = 8
    prompt: Prompt = field(default_factory=Prompt)

    def conditions(self, condition: Any) -> dict[str, Any]:
        """What a model's ``condition`` makes of it, as the model's methods take it."""
        if condition.kind == "class":
            return {"conditions": self.labels(len(condition.names))}
        return wanted(condition, self.prompt, self.count)

    def labels(self, names: int) -> Labels:
        """The class of each image, (count,), for a model that knows ``names`` classes."""
        if self.label == EACH and names:
            return (np.arange(self.count) % names).astype(np.int32)
        return np.full(self.count, self.label if 0 <= self.label < names else NOTHING, np.int32)

    def steps(self, rates: Rates, start: int | None = None) -> int:
        """How many steps its walk has, the first and the last counted; DDPM takes all of them."""
        strides = self.sampling.taken(rates.timesteps)
        return len(samplers.times(rates.timesteps, strides, start, rates.last))

    def numbers(self) -> dict[str, Any]:
        """For a recipe."""
        return {**asdict(self.sampling), "label": self.label, "count": self.count, **self.prompt.numbers()}


@dataclass(frozen=True)
class View:
    """What can be undone: how the walk goes and what it begins with, and how and where a fork leaves it."""

    main: Setup
    fork: Setup | None = None
    time: int = 0  # of the step at which it leaves
    begin: Beginning | None = None  # None for pure noise

    def recipe(self) -> dict[str, Any]:
        """For an exported image."""
        found: dict[str, Any] = {"walk": self.main.numbers()}
        if self.fork is not None:
            found |= {"fork": self.fork.numbers(), "fork_time": self.time}
        if self.begin is not None:
            found["begin"] = self.begin.packed
        return found


class Frame(NamedTuple):
    """One step as images, each uint8 (n, height, width, channels); ``change`` is scaled so that it can be seen."""

    t: int
    x: Pixels
    x_0: Pixels
    noise: Pixels
    change: Pixels


class Recording:
    """The steps of one walk in bounded memory: every one, or every k-th where all would be too many.

    One thread adds, another looks; what was added once is never changed.

    Args:
        total: steps that the walk will have.
        limit: bytes that may be kept; first and last step are kept in any case.
    """

    def __init__(self, total: int, limit: int = LIMIT) -> None:
        self.total, self.limit = total, limit
        self.every = 1  # which steps are kept; known once the first has come
        self.made = 0  # steps that have come, kept or not
        self.seconds = 0.0
        self.done = False
        self._frames: list[Frame] = []
        self._states: list[States] = []

    def __len__(self) -> int:
        return len(self._states)  # they are added last

    def __getitem__(self, index: int) -> Frame:
        return self._frames[index]

    @property
    def planned(self) -> int:
        """How many steps will have been kept at the end; known once the first has come."""
        return (self.total - 1) // self.every + 1 + ((self.total - 1) % self.every > 0)

    def times(self) -> list[int]:
        """The time t of each step that is kept."""
        return [frame.t for frame in self._frames[: len(self)]]

    def state(self, index: int) -> tuple[int, States]:
        """(t, x_t) as the walk had it: where another one can begin."""
        return self._frames[index].t, self._states[index]

    def wants(self, number: int) -> bool:
        """Whether a step, counted from 0, will be kept."""
        return number % self.every == 0 or number == self.total - 1

    def add(self, frame: Frame, state: States) -> None:
        """Keep a step."""
        if not self._frames:
            size = state.nbytes + sum(part.nbytes for part in frame[1:])
            room = max(2, self.limit // max(size, 1))
            self.every = max(1, -(-(self.total - 1) // (room - 1)))
        self._frames.append(frame)
        self._states.append(state)

    def nbytes(self) -> int:
        """What is kept, in bytes."""
        frames = sum(part.nbytes for frame in self._frames for part in frame[1:])
        return frames + sum(state.nbytes for state in self._states)

    def nearest(self, t: int) -> int:
        """The step whose time is nearest to t; of two, the noisier."""
        return int(np.argmin([abs(time - t) for time in self.times()]))

    def words(self) -> str:
        """How many steps in what time, and whether all of them are kept."""
        kept = "" if self.every == 1 else f", every {ordinal(self.every)} step kept"
        return f"{self.made:,} steps in {self.seconds:.2f} s{kept}" if self.done else f"step {self.made:,}{kept}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def walk(
    model: Any, setup: Setup, recording: Recording, *, start: tuple[int, States] | None = None,
    kept: Kept | None = None, work: Work = SILENT
) -> Recording:  # fmt: skip
    """Walk a model that ``Diffuses`` and record it.

    Args:
        model: in whose thread this runs.
        setup: what is asked for.
        recording: is filled; another thread may look at it meanwhile.
        start: (t, x_t) to begin with; pure noise otherwise.
        kept: paint only where its mask says so; at t = 0 the rest is as it was, bit for bit.
        work: told (steps made, steps in all) at the first step, the last, and now and then; checked before every
            look of the network.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    begin = told = time.perf_counter()
    before = None
    where = {"count": setup.count} if start is None else {"start": start}
    steps = model.reverse(setup.sampling, **setup.conditions(model.condition), kept=kept, work=work, **where)
    for number, step in enumerate(steps):
        work.check()
        if recording.wants(number):
            recording.add(_frame(model, step, before, kept), step.x)
        recording.made, before = number + 1, step.x
        recording.seconds = time.perf_counter() - begin
        if not number or time.perf_counter() - told >= TELL_S:
            work.tell("Step", recording.made, recording.total)
            told = time.perf_counter()
    recording.done = True
    work.tell("Step", recording.made, recording.total)
    return recording


def forward(model: Any, pictures: Pixels, rates: Rates, seed: int, work: Work = SILENT) -> Recording:
    """Pictures (n, h, w, c) on their way into noise: q(x_t | x_0) for times from 0 to T, always with the same noise.

    The ``noise`` of a frame is what has been added, noise_t eps.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    begin, last = time.perf_counter(), rates.timesteps
    times = np.unique(np.linspace(0, last, min(STRIDES, last) + 1).round().astype(int)).tolist()
    recording, x_0 = Recording(len(times)), model.forward(convert.to_float(pictures), 0, seed)
    eps, before = samplers.draw(x_0.shape, seed, last, samplers.FORWARD), None
    for number, t in enumerate(times):
        work.check()
        x = rates.noisy(x_0, t, eps) if t else x_0
        if recording.wants(number):
            noise = np.float32(rates.noise[t]) * eps
            frame = _frame(model, samplers.Step(t, x, x_0, noise), before, None)
            recording.add(frame._replace(x_0=pictures), x)
        recording.made, before = number + 1, x
    recording.seconds, recording.done = time.perf_counter() - begin, True
    return recording


def _frame(model: Any, step: samplers.Step, before: States | None, kept: Kept | None) -> Frame:
    """The images of a step; what is kept is clean only at the end, as the walk has it."""
    ended = kept if step.t == 0 else None
    change = np.zeros_like(step.x) if before is None else step.x - before
    change = change / max(float(change.std()), 1e-6)
    shown = (
        model.pictures(step.x, ended), model.pictures(step.x_0, ended),
        model.noise_pictures(step.noise), model.noise_pictures(change),
    )  # fmt: skip
    return Frame(step.t, *(convert.to_uint8(part) for part in shown))


def distance(a: Pixels, b: Pixels) -> float:
    """How far two sheets are apart: the root of the mean squared difference of all pixels, of full scale."""
    return float(np.sqrt(np.mean(np.square(convert.to_float(a) - convert.to_float(b)))))


def another(setup: Setup) -> Setup:
    """The same with the next seed; where no noise is added on the way, so that a seed means nothing, with DDIM's."""
    sampling = replace(setup.sampling, seed=(setup.sampling.seed + 1) % 2**31)
    if samplers.SAMPLERS[sampling.sampler].repeatable(sampling.eta):
        sampling = replace(sampling, sampler="ddim", eta=1.0)
    return replace(setup, sampling=sampling)
