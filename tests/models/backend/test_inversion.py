"""Codings that are searched for: far better than where the search began, the same every time, the model untouched."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import models
from models.core.errors import Cancelled, UserError
from models.core.family import DataSpec, parse_config
from models.core.latent import inversion
from models.core.work import Callbacks


@pytest.fixture(scope="module")
def model():
    """A VAE whose decoder paints clearly different images; it need not have learned anything."""
    module = models.family("vae")
    made = module.build(parse_config(module.CONFIG, {"latent_size": 4}), DataSpec((8, 8, 1)))
    for layer in made.decoder.layers:
        layer.set_weights([2.5 * weights for weights in layer.get_weights()])
    return made


@pytest.fixture(scope="module")
def pictures(model):
    return model.decode(np.clip(model.sample_codings(3, 77), -1.5, 1.5))


def error(model, codings, pictures):
    return ((model.decode(codings) - pictures) ** 2).mean(axis=(1, 2, 3))


def test_the_search_beats_its_start_by_far_and_is_the_same_every_time(model, pictures):
    start = inversion.invert(model, pictures, steps=0)
    found = inversion.invert(model, pictures, steps=120)
    assert found.shape == (3, 4) and found.dtype == np.float32
    assert (error(model, found, pictures) < 0.25 * error(model, start, pictures)).all()
    np.testing.assert_array_equal(found, inversion.invert(model, pictures, steps=120))


def test_each_picture_is_searched_as_if_it_were_alone(model, pictures):
    together = inversion.invert(model, pictures, steps=30)
    alone = np.concatenate([inversion.invert(model, picture[None], steps=30) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=2e-3)


def test_the_model_can_learn_afterwards_and_its_weights_have_not_moved(model, pictures):
    before = [np.array(weights) for weights in model.decoder.get_weights()]
    inversion.invert(model, pictures[:1], steps=5)
    assert model.decoder.trainable and model.decoder.trainable_weights
    for old, new in zip(before, model.decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_it_says_how_far_it_is_and_stops_when_asked(model, pictures):
    seen = []
    with pytest.raises(Cancelled):
        inversion.invert(
            model, pictures, steps=50, work=Callbacks(lambda *now: seen.append(now), lambda: len(seen) == 4)
        )
    assert seen[-1] == ("Searching for codings", 3, 50)
    assert model.decoder.trainable


class Painter:
    """Paints in [0, 1] with a network of its own: in [-1, 1], or in units that nobody knows."""

    def __init__(self, activation: str, factor: float = 1.0) -> None:
        coding = keras.Input((3,))
        pixels = keras.layers.Dense(16, activation=activation, kernel_initializer=keras.initializers.HeNormal(seed=1))
        self.network = keras.Model(coding, keras.layers.Reshape((4, 4, 1))(pixels(coding)))
        self.factor = factor

    def parts(self):
        return {"generator": self.network}

    def sample_codings(self, count, seed):
        return np.random.default_rng(seed).standard_normal((count, 3), dtype=np.float32)

    def decode(self, codings):
        return self.factor * (0.5 + 0.5 * np.asarray(self.network.predict_on_batch(codings)))


def test_a_generator_that_paints_from_minus_one_to_one_is_searched_in_its_own_range():
    model = Painter("tanh")
    pictures = model.decode(model.sample_codings(2, 5))
    found = inversion.invert(model, pictures, steps=150)
    start = inversion.invert(model, pictures, steps=0)
    assert (error(model, found, pictures) < 0.1 * error(model, start, pictures)).all()


def test_a_network_whose_pixels_are_not_those_of_the_model_is_refused_in_words():
    with pytest.raises(UserError, match="cannot search"):
        inversion.invert(Painter("tanh", 0.5), np.zeros((1, 4, 4, 1), np.float32))
