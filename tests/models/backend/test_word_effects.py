"""What each word of a prompt does: its map, its strength, and another word in its place."""

import numpy as np
import pytest

from models import ddpm
from models.core.diffusion import words
from models.core.diffusion.capability import Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.errors import Cancelled, ConfigError
from models.core.family import DataSpec, parse_config
from models.core.work import Callbacks
from tests.tools.diffusers import TINY

WORDS = ("a", "bright", "dark", "image")
SPEC = DataSpec((8, 8, 3), words=WORDS, examples=("a bright image",))
FLOW = {"schedule": "flow", "prediction": "velocity", "loss": "mse"}
STEPS = Sampling("euler", 4, guidance=3.0, seed=5)


def built(condition="text", **values):
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(ddpm.SIZES, "small", TINY)
        settings = {"size": "small", "timesteps": 100, "ema": 0, "condition": condition, **FLOW, **values}
        model = ddpm.build(parse_config(ddpm.CONFIG, settings), SPEC)
    rng = np.random.default_rng(3)  # layers that begin at 0 would answer 0 to any sentence
    model.network.set_weights([rng.normal(0, 0.15, w.shape).astype(np.float32) for w in model.network.get_weights()])
    return model


@pytest.fixture(scope="module")
def model():
    return built()


def sampled(model, prompt):
    return model.sample(2, 5, sampling=STEPS, **wanted(model.condition, prompt, 2))


def test_a_word_of_strength_1_changes_nothing_and_one_of_strength_0_is_left_out(model):
    plain, said = sampled(model, Prompt(text="a bright image")), Prompt(text="a bright image", strengths=(1.0, 1.0))
    np.testing.assert_array_equal(plain, sampled(model, said))
    weak = sampled(model, Prompt(text="a bright image").with_strength(1, 0.0))
    tokens = model.condition.sentences(["a bright image"] * 2)
    tokens[:, 2] = 0  # "bright" as padding
    without = model.sample(2, 5, conditions=tokens, sampling=STEPS)
    np.testing.assert_allclose(weak, without, atol=1e-5)
    assert np.abs(weak - plain).max() > 1e-3


def test_strength_2_doubles_what_the_word_does(model):
    state = np.random.default_rng(0).normal(size=(1, 8, 8, 3)).astype(np.float32)
    condition = model.condition
    whole, without = (np.copy(condition.sentences(["a bright image"])) for _ in range(2))
    without[:, 2] = 0

    def seen(rows, emphasis=()):
        return model.predictor(rows, rows, 1.0, emphasis)(state, 60)

    strong = condition.emphasis(Prompt(text="a bright image", strengths=(1.0, 2.0)), 1)
    difference = seen(whole) - seen(without)
    np.testing.assert_allclose(seen(whole, strong) - seen(without), 2 * difference, atol=1e-5)
    assert np.abs(difference).max() > 1e-3


@pytest.mark.parametrize("values", [{}, {"schedule": "cosine", "prediction": "noise"}])
def test_the_map_of_a_word_is_what_leaving_it_out_changes_in_the_predicted_image(values):
    model = built(**values)
    state = np.random.default_rng(1).normal(size=(8, 8, 3)).astype(np.float32)
    found = words.effects(model, "a bright image", 40, state)
    assert found.shape == (3, 8, 8) and found.dtype == np.float32
    rows = model.condition.sentences(["a bright image"] * 2)
    rows[1, 2] = 0
    predicted = model.predictor(rows, rows, 1.0)(np.repeat(state[None], 2, axis=0), 40)
    x_0 = np.clip(model.rates.seen(state[None], 40, predicted, model.config.prediction)[0], -1, 1)
    np.testing.assert_allclose(found[1], np.abs(x_0[0] - x_0[1]).mean(axis=-1), atol=1e-5)


def test_the_maps_of_a_walk_are_the_sum_of_those_of_its_steps(model):
    steps = [(step.t, step.x[0]) for step in model.reverse(STEPS, **wanted(model.condition, Prompt(text="dark"), 1))]
    assert steps[-1][0] == 0
    found = words.by_step(model, "dark", steps).sum(axis=0)
    each = [words.effects(model, "dark", t, x) for t, x in steps if t]
    np.testing.assert_allclose(found, np.sum(each, axis=0), atol=1e-6)
    assert words.amounts(found).tolist() == [1.0] and words.amounts(found[:0]).shape == (0,)
    assert words.by_step(model, "", steps).shape == (5, 0, 8, 8)
    nobody_waits = Callbacks(cancelled=lambda: True)
    with pytest.raises(Cancelled):
        words.by_step(model, "dark", steps, nobody_waits)


def test_a_model_without_text_has_no_words():
    with pytest.raises(ConfigError, match="text"):
        words.effects(built("none"), "a", 4, np.zeros((8, 8, 3), np.float32))
