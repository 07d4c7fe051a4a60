"""Energy distance of batches, against its slow definition, and what a generator that pays for it does."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from models.core.adversarial import energy_distance
from tests.tools.stylegans import array, tiny


def compiled(function):
    """The function as the backend's own graph: hundreds of calls op by op take a minute."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function)


DISTANCE = compiled(energy_distance.distance)


def found(fake, real) -> float:
    return float(array(DISTANCE(np.asarray(fake, np.float32), np.asarray(real, np.float32))))


def slow(fake, real) -> float:
    """By its definition, for images that are one scale: pair by pair, of 2 x 2 cells and of 8 x 8 cells."""

    def apart(first, second, side, same=False):
        pairs = [
            np.linalg.norm(one[y : y + side, x : x + side] - two[y : y + side, x : x + side])
            for (i, one), (j, two) in itertools.product(enumerate(first), enumerate(second))
            for y in range(0, fake.shape[1] - side + 1, side)
            for x in range(0, fake.shape[2] - side + 1, side)
            if not (same and i == j)
        ]
        return np.mean(pairs)

    gaps = []
    for side in (2, 8):
        inside = apart(real, real, side, same=True)
        gaps.append((2 * apart(fake, real, side) - apart(fake, fake, side, same=True) - inside) / inside)
    return np.mean(gaps)


@pytest.mark.parametrize("shape", [(8, 8, 1), (16, 16, 3), (28, 20, 1)])
def test_it_is_what_its_definition_says(shape):
    rng = np.random.default_rng(0)
    fake, real = rng.random((5, *shape)), 0.5 * rng.random((5, *shape))
    assert found(fake, real) == pytest.approx(slow(fake, real), rel=1e-4)


def test_scales_add_up_to_the_picture():
    images = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    levels = [array(level) for level in energy_distance._scales(images)]
    assert [level.shape[1] for level in levels] == [64, 32, 16]
    whole = sum(level.repeat(64 // level.shape[1], axis=1).repeat(64 // level.shape[1], axis=2) for level in levels)
    np.testing.assert_allclose(whole, images, atol=1e-5)
    flat = images[:, ::4, ::4].repeat(4, axis=1).repeat(4, axis=2)
    assert all(np.abs(array(level)).max() < 1e-6 for level in energy_distance._scales(flat)[:2])


def test_small_batches_say_nothing_else_than_large_ones():
    """Without bias: the mean over batches of one distribution is 0, of few images and of many."""
    rng = np.random.default_rng(1)
    kinds = rng.random((4, 16, 16, 1), np.float32)
    for size in (8, 24):
        many = [found(kinds[rng.integers(0, 4, size)], kinds[rng.integers(0, 4, size)]) for _ in range(4800 // size)]
        rare = [found(kinds[rng.integers(0, 2, size)], kinds[rng.integers(0, 4, size)]) for _ in range(480 // size)]
        assert abs(np.mean(many)) < 0.05
        assert np.mean(rare) > 0.2


def test_who_pays_for_it_makes_what_was_missing():
    """Fakes of one colour, real images of two: about half of them change."""
    real = np.concatenate([np.full((8, 8, 8, 1), 0.1), np.full((8, 8, 8, 1), 0.9)]).astype(np.float32)
    fake = keras.Variable(0.9 + 0.02 * np.random.default_rng(0).standard_normal((16, 8, 8, 1)).astype(np.float32))
    optimizer = keras.optimizers.Adam(0.02)
    optimizer.build([fake])
    before, slope = found(array(fake), real), compiled(slope_of)
    for _ in range(300):
        optimizer.apply([slope(ops.convert_to_tensor(fake), real)], [fake])
    levels = array(fake).mean(axis=(1, 2, 3))
    assert 4 <= (levels < 0.4).sum() <= 9
    assert 4 <= (levels > 0.6).sum() <= 12
    assert found(array(fake), real) < before / 5


def slope_of(fake, real):
    if keras.backend.backend() == "jax":
        import jax

        return jax.grad(lambda value: energy_distance.distance(value, real))(fake)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(fake)
        cost = energy_distance.distance(fake, real)
    return tape.gradient(cost, fake)


def test_one_picture_costs_nothing_and_pictures_that_are_all_alike_cost_little_more_than_others():
    images = np.random.default_rng(0).random((4, 16, 16, 3), np.float32)
    assert found(images[:1], images[1:2]) == 0
    alike = np.full((4, 16, 16, 3), 0.5, np.float32)
    assert found(alike, alike) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(found(images, alike))


def test_a_model_pays_for_it_while_it_trains():
    rng = np.random.default_rng(0)
    images = np.full((8, 16, 16, 3), 0.5, np.float32)
    costs = []
    for value in (0.0, 7.0):
        model = tiny(style="modulated", energy=value)
        codings = rng.standard_normal((8, 2 * model.latent_size)).astype(np.float32)
        codings[:] = codings[:1]
        costs.append([float(array(model.compute_loss(images, None, codings, None, training=t))) for t in (True, False)])
        fakes = model.generate(codings, None, True)
        wanted = value * found(array(fakes), images)
        assert float(array(model.penalties(images, fakes))) == pytest.approx(wanted, rel=1e-3)
    assert costs[1][0] > costs[0][0] + 1
    assert costs[1][1] == pytest.approx(costs[0][1], rel=0.2)  # not in a validation
