"""Walks of a denoising diffusion model: from noise, from a step in the middle, from an image; and denoising."""

import numpy as np
import pytest

from models import ddpm
from models.core.capabilities import Denoises, capabilities
from models.core.diffusion import reverse, samplers, schedules
from models.core.diffusion.capability import Diffuses, Kept, Sampling
from models.core.errors import Cancelled, ConfigError
from models.core.work import Callbacks
from tests.tools.diffusers import TINY, made, stirred


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)


@pytest.mark.parametrize("sampler", samplers.offered("diffusion"))
def test_a_walk_goes_from_noise_to_pictures_and_can_be_taken_up_anywhere(sampler):
    model = stirred()
    assert isinstance(model, Diffuses) and isinstance(model, Denoises)
    assert capabilities(model) == {"Diffuses", "Denoises"}
    sampling = Sampling(sampler, steps=10, eta=0.5, seed=4)
    whole = list(model.reverse(sampling, count=5))
    assert [step.t for step in whole] == list(range(100, -1, -1 if sampler == "ddpm" else -10))
    assert all(step.x.shape == (5, 8, 8, 1) for step in whole)
    pictures = model.pictures(whole[-1].x)
    assert pictures.dtype == np.float32 and pictures.min() >= 0 and pictures.max() <= 1 and pictures.std() > 0.01
    middle = whole[len(whole) // 2]
    rest = list(model.reverse(sampling, start=(middle.t, middle.x)))
    np.testing.assert_array_equal(rest[-1].x, whole[-1].x)
    shown = model.noise_pictures(middle.noise)
    assert shown.shape == (5, 8, 8, 1) and 0 <= shown.min() <= shown.max() <= 1


def test_samples_depend_on_the_seed_alone_and_not_on_how_many_there_are(monkeypatch):
    model = stirred()
    sampling = Sampling(steps=5)
    few, many = model.sample(3, 1, sampling=sampling), model.sample(40, 1, sampling=sampling)
    np.testing.assert_allclose(few, many[:3], atol=1e-5)
    assert np.abs(few - model.sample(3, 2, sampling=sampling)).max() > 0.01
    monkeypatch.setattr(reverse, "AT_ONCE", 16)
    apart = model.sample(40, 1, sampling=sampling)
    np.testing.assert_allclose(apart[:16], many[:16], atol=1e-5)
    assert len({picture.tobytes() for picture in apart}) == 40
    assert model.sample(0, 1).shape == (0, 8, 8, 1)


def test_an_image_can_be_the_beginning():
    model = stirred()
    x = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    np.testing.assert_allclose(model.pictures(model.forward(x, 0, seed=1)), x, atol=1e-6)
    t = 30
    state = model.forward(x, t, seed=1)
    np.testing.assert_array_equal(state, model.forward(x, t, seed=1))
    steps = list(model.reverse(Sampling(steps=20), start=(t, state)))
    assert steps[0].t == 30 and steps[-1].t == 0
    np.testing.assert_array_equal(steps[0].x, state)


def test_inpainting_leaves_what_is_not_masked_bit_for_bit():
    model = stirred()
    x = (np.random.default_rng(0).integers(0, 256, (1, 8, 8, 1)) / np.float32(255)).astype(np.float32)
    mask = np.zeros((1, 8, 8, 1), bool)
    mask[:, 2:6, 2:6] = True
    kept = Kept(x, mask)
    ends = []
    for seed in range(16):
        last = list(model.reverse(Sampling(steps=5, eta=1.0, seed=seed, repeats=2), count=2, kept=kept))[-1]
        generated = model.pictures(last.x, kept)
        for picture in generated:
            np.testing.assert_array_equal(picture[~mask[0]], x[0][~mask[0]])
        ends.append(generated[0][mask[0]])
    assert all(np.abs(a - b).max() > 0.01 for i, a in enumerate(ends) for b in ends[:i])


@pytest.mark.parametrize(
    ("values", "name"),
    [({"sampler": "fastest"}, "sampler"), ({"steps": 0}, "steps"), ({"steps": 101}, "steps"), ({"eta": 2.0}, "eta"),
     ({"guidance": -1.0}, "guidance"), ({"repeats": 0}, "repeats")],
)  # fmt: skip
def test_a_walk_that_cannot_be_is_refused_before_it_begins(values, name):
    with pytest.raises(ConfigError) as caught:
        made().reverse(Sampling(**{"steps": 10, **values}))
    assert set(caught.value.fields) == {name}


@pytest.mark.parametrize(("t", "shape"), [(101, (1, 8, 8, 1)), (-1, (1, 8, 8, 1)), (5, (1, 8, 9, 1))])
def test_a_start_that_cannot_be_is_refused(t, shape):
    with pytest.raises(ConfigError, match="start"):
        made().reverse(Sampling(steps=10), start=(t, np.zeros(shape, np.float32)))


def test_a_walk_can_be_cancelled_between_batches():
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) == 4

    with pytest.raises(Cancelled):
        made().sample(40, 0, sampling=Sampling(steps=10), work=Callbacks(cancelled=cancelled))  # two batches a step
    assert len(asked) == 4


def test_progress_ends_with_all_pictures():
    told = []
    made().sample(3, 0, sampling=Sampling(steps=4), work=Callbacks(lambda *what: told.append(what)))
    assert told[-1] == ("Sampling", 3, 3) and [done for _, done, _ in told] == sorted(done for _, done, _ in told)


# --- Denoising ---


def perfect(x_0):
    """In place of a network: sees exactly the noise that lies over images it knows."""

    def predictor(self, asked, instead, guidance, *emphasis_and_work):
        def predict(x, t):
            alpha_bar = float(self.schedule[t])
            return ((x - np.sqrt(alpha_bar) * (2 * x_0 - 1)) / np.sqrt(1 - alpha_bar)).astype(np.float32)

        return predict

    return predictor


@pytest.mark.parametrize("strength", [0.1, None])
def test_denoising_begins_where_the_noise_is_as_strong(monkeypatch, strength):
    model = made()
    clean = np.full((1, 8, 8, 1), 0.5, np.float32)
    noisy = model.disturb(clean, 0)
    monkeypatch.setattr(type(model), "predictor", perfect(clean))
    begun = []
    reverse = model.reverse
    monkeypatch.setattr(model, "reverse", lambda *a, **named: begun.append(named["start"]) or reverse(*a, **named))
    found = model.denoise(noisy, strength=strength)
    np.testing.assert_allclose(found, clean, atol=1e-5)
    (t, x), sigma = begun[0], strength or ddpm.noise.estimated_sigma(noisy[0])
    assert t == schedules.time_of_noise(model.schedule, 2 * sigma) > 1
    np.testing.assert_allclose(x, np.sqrt(model.schedule[t]) * (2 * noisy - 1), atol=1e-6)


def test_denoising_begins_with_the_noise_that_was_cut_off_at_black(monkeypatch):
    """The network has never seen noise that ends at black: half of it stayed as a grey veil."""
    model = made(shape=(32, 32, 1))
    black = np.zeros((1, 32, 32, 1), np.float32)
    begun, end = [], samplers.Step(0, *[2 * black - 1] * 3)
    monkeypatch.setattr(model, "reverse", lambda *a, **named: begun.append(named["start"]) or [end])
    for strength in (0.2, None):
        model.denoise(model.disturb(black, 0), strength=strength)
        t, x = begun.pop()
        seen = (x / np.sqrt(model.schedule[t]) + 1) / 2
        assert t == pytest.approx(schedules.time_of_noise(model.schedule, 0.4), abs=2)
        assert abs(seen.mean()) < 0.02 and seen.std() == pytest.approx(0.2, rel=0.1)


def test_denoising_says_what_it_does_to_other_pictures_and_stops_when_told():
    model = made(shape=(12, 8, 1))
    assert model.effect((12, 8, 1)) == "" and "8 x 12" in model.effect((30, 40, 3))
    told = []
    found = model.denoise(np.full((2, 30, 40, 3), 0.5, np.float32), work=Callbacks(lambda *now: told.append(now)))
    assert found.shape == (2, 12, 8, 1) and told == [("Denoising", 1, 2), ("Denoising", 2, 2)]
    with pytest.raises(Cancelled):
        model.denoise(np.zeros((1, 12, 8, 1), np.float32), work=Callbacks(cancelled=lambda: True))
