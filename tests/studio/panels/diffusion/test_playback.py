"""Playback: what was walked once is looked at as often as one likes, in bounded memory."""

from __future__ import annotations

import threading
import tracemalloc
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from models.core.diffusion import samplers, schedules
from models.core.diffusion.capability import Kept, Sampling
from models.core.diffusion.prompt import Offer
from models.core.diffusion.rates import Rates
from models.core.errors import Cancelled, RunFormatError
from models.core.images import convert
from models.core.work import Callbacks
from studio.panels.diffusion import recording as playback
from studio.panels.diffusion import state
from studio.panels.diffusion.recording import EACH, NOTHING, Recording, Setup, View

SIDE = 4
RATES = Rates.preserving(schedules.cosine(100))


class Sees:
    """Diffuses without a network: what it sees in x_t depends on x_t, the time and the class."""

    condition = SimpleNamespace(kind="class", names=("grey", "black", "white"))

    def __init__(self, timesteps: int = 60) -> None:
        self.schedule = schedules.cosine(timesteps)
        self.looks = 0

    def reverse(self, sampling: Sampling, *, count: int = 1, conditions: Any = None, negative: Any = None,
                start: Any = None, kept: Any = None, work: Any = None) -> Any:  # fmt: skip
        timesteps = len(self.schedule) - 1
        sampling.check(timesteps)
        shape = (count, SIDE, SIDE, 1)
        t, x = start or (timesteps, samplers.draw(shape, sampling.seed, timesteps, samplers.START))
        steps = timesteps if sampling.sampler == "ddpm" else sampling.steps
        known = None if kept is None else samplers.Known(2 * kept.images - 1, kept.mask)
        walk = samplers.Walk(self.schedule, x, samplers.times(timesteps, steps, t), sampling.seed, sampling.eta,
                              1.0, known, sampling.repeats)  # fmt: skip

        def predict(x: Any, t: int) -> Any:
            self.looks += 1
            return np.tanh(x + conditions[:, None, None, None] / 4).astype(np.float32)

        return samplers.SAMPLERS[sampling.sampler].back(predict, walk)

    def pictures(self, states: Any, kept: Any = None) -> Any:
        shown = np.clip((states + 1) / 2, 0, 1)
        return shown if kept is None else np.where(kept.mask, shown, kept.images)

    def noise_pictures(self, noise: Any) -> Any:
        return np.clip(0.5 + noise / 6, 0, 1)


def recorded(setup: Setup, *, model: Any = None, limit: int = playback.LIMIT, start: Any = None, **more: Any) -> Any:
    model = model or Sees()
    total = setup.steps(Rates.preserving(model.schedule), start and start[0])
    return playback.walk(model, setup, Recording(total, limit), start=start, **more)


def pixels(recording: Recording, index: int) -> list[bytes]:
    return [part.tobytes() for part in recording[index][1:]]


def test_a_thousand_steps_back_and_forth_show_the_same_pixels_in_flat_memory() -> None:
    found = recorded(Setup(Sampling(steps=20)))
    first = [pixels(found, index) for index in range(len(found))]
    rng = np.random.default_rng(0)
    at, kept = 0, found.nbytes()
    tracemalloc.start()
    for number in range(1_100):
        if number == 100:
            before = tracemalloc.get_traced_memory()[0]
        at = int(np.clip(at + rng.choice([-3, -1, 1, 3]), 0, len(found) - 1))
        assert pixels(found, at) == first[at]
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert found.nbytes() == kept and abs(grown) < 16_384


def test_all_steps_are_kept_in_their_order_from_noise_to_picture() -> None:
    found = recorded(Setup(Sampling(steps=20)))
    assert (found.total, found.made, len(found), found.every, found.done) == (21, 21, 21, 1, True)
    assert [found[i].t for i in range(21)] == list(samplers.times(60, 20))
    assert found[0].change.min() == found[0].change.max() == 128  # nothing has happened yet
    assert found[5].change.std() > 20  # enlarged, however small a step was
    assert found.words().startswith("21 steps in")


@pytest.mark.parametrize("room", [2, 3, 7, 40, 61])
def test_a_long_walk_keeps_every_kth_step_so_that_the_limit_holds(room: int) -> None:
    whole = recorded(Setup(Sampling("ddpm")))
    assert len(whole) == 61
    limit = room * (whole.nbytes() // 61)
    found = recorded(Setup(Sampling("ddpm")), limit=limit)
    assert found.nbytes() <= limit and found.made == 61
    assert (found[0].t, found[len(found) - 1].t) == (60, 0)
    assert found.every == 1 or f"every {playback.ordinal(found.every)} step" in found.words()
    for index in range(len(found) - 1):
        assert pixels(found, index) == pixels(whole, index * found.every)
    assert len(found) == found.planned >= room // 2


def test_a_walk_that_is_cancelled_stops_at_the_next_look() -> None:
    model, stop = Sees(), threading.Event()
    told = []

    def tell(what: str, done: int, total: int) -> None:
        told.append((what, done, total))
        stop.set()

    with pytest.raises(Cancelled):
        recorded(Setup(Sampling("ddpm")), model=model, work=Callbacks(tell, stop.is_set))
    assert told == [("Step", 1, 61)] and model.looks == 2


def test_a_fork_with_the_same_settings_has_the_same_future_and_another_seed_another_one() -> None:
    setup = Setup(Sampling("ddpm", seed=5))
    whole = recorded(setup)
    again = recorded(setup, start=whole.state(20))
    assert again.total == len(again) == 41
    assert all(again[i].x.tobytes() == whole[20 + i].x.tobytes() for i in range(41))
    other = recorded(playback.another(setup), start=whole.state(20))
    assert other[0].x.tobytes() == whole[20].x.tobytes() and other[40].x.tobytes() != whole[60].x.tobytes()
    assert playback.distance(other[40].x, whole[60].x) > 0 == playback.distance(again[40].x, whole[60].x)


def test_what_is_kept_is_the_same_at_the_end_and_noisy_before() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (1, SIDE, SIDE, 1), np.uint8)
    mask = np.zeros((1, SIDE, SIDE, 1), bool)
    mask[:, :2] = True
    kept = Kept(convert.to_float(picture), mask)
    found = recorded(Setup(Sampling(steps=10), count=3), kept=kept)
    last = found[len(found) - 1]
    assert all(np.array_equal(one[2:], picture[0, 2:]) for one in last.x)
    assert all(np.array_equal(one[2:], picture[0, 2:]) for one in last.x_0)
    assert not np.array_equal(found[0].x[0, 2:], picture[0, 2:])


def test_a_time_is_found_at_the_nearest_step() -> None:
    found = recorded(Setup(Sampling(steps=6)))  # 60, 50 .. 0
    assert [found.nearest(t) for t in (60, 56, 54, 5, 0)] == [0, 0, 1, 5, 6]


def test_a_class_is_asked_for_by_number_or_one_after_another() -> None:
    assert Setup(label=EACH, count=5).labels(3).tolist() == [0, 1, 2, 0, 1]
    assert Setup(label=1, count=2).labels(3).tolist() == [1, 1]
    assert Setup(label=NOTHING, count=2).labels(3).tolist() == [-1, -1]
    assert Setup(label=7, count=1).labels(3).tolist() == [-1] == Setup(label=EACH, count=1).labels(0).tolist()


def test_a_recipe_brings_the_setup_back_and_a_broken_one_does_not() -> None:
    def read(values: dict) -> View:
        return state.prepare(values, Mock(image_shape=(8, 8, 1)), RATES, Offer("class", ("cat", "dog"))).state.view

    setup = Setup(Sampling("ddim", 12, 0.5, 3.0, 9), EACH, 4)
    view = View(setup, playback.another(setup), 30)
    assert read(view.recipe()) == view and read(View(setup).recipe()) == View(setup)
    good = view.recipe()
    for bad in (
        {"steps": "many"},
        {"steps": 101},
        {"count": 0},
        {"label": -3},
        {"label": 2},
        {"seed": None},
        {"eta": [1]},
    ):
        with pytest.raises(RunFormatError, match=f"walk.{next(iter(bad))}"):
            read({**good, "walk": {**good["walk"], **bad}})
    for bad in ({"walk": 3}, {"walk": None}, {"fork": "x"}, {"fork_time": "now"}, {"mode": "sideways"}, {"time": 101}):
        with pytest.raises(RunFormatError, match=next(iter(bad))):
            read({**good, **bad})


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver", "ddpm"])
def test_another_future_is_another_one_for_every_sampler(sampler: str) -> None:
    setup = Setup(Sampling(sampler, 12, seed=2**31 - 1))
    whole, other = recorded(setup), playback.another(setup)
    assert other.sampling.seed == 0
    fork = recorded(other, start=whole.state(4))
    assert playback.distance(fork[len(fork) - 1].x, whole[len(whole) - 1].x) > 0.01
