"""Equalised layers: signals keep their size through any depth, and minibatch statistics see one kind of image only."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from models import progan, stylegan
from models.core.adversarial.equalised_layers import EqualisedConv, EqualisedDense, Leaky, MinibatchDeviation, PixelNorm
from models.core.family import DataSpec
from models.core.keras_internals import read_variable

RNG = np.random.default_rng(0)


def array(tensor):
    return read_variable(tensor)


@pytest.mark.parametrize("rate", [1.0, 0.01])
def test_eight_dense_layers_keep_the_variance(rate):
    found = np.zeros(8)
    for network in range(8):  # a single draw of weights wanders by a quarter over eight layers
        x = RNG.standard_normal((200, 512)).astype(np.float32)
        for number in range(8):
            before = EqualisedDense(512, rate=rate, seed=10 * network + number)(x)
            found[number] += array(before).var() / 8
            x = Leaky()(before)
    np.testing.assert_allclose(found, 1.0, atol=0.2)


def test_eight_convolutions_keep_the_variance_away_from_the_edges():
    found = np.zeros(8)
    for network in range(4):
        x = RNG.standard_normal((2, 26, 26, 64)).astype(np.float32)
        for number in range(8):
            before = EqualisedConv(64, 3, seed=10 * network + number)(x)
            inner = array(before)[:, number + 1 : 25 - number, number + 1 : 25 - number]  # zeros lie around the image
            found[number] += inner.var() / 4
            x = Leaky()(before)
    np.testing.assert_allclose(found, 1.0, atol=0.2)


@pytest.mark.parametrize("family", [progan, stylegan])
def test_each_layer_of_the_built_networks_answers_unit_variance_with_unit_variance(family):
    model = family.build(family.CONFIG(latent_size=64, width=64, ema=0.0), DataSpec((16, 16, 3)))
    found = {id(one): one for one in model._flatten_layers() if isinstance(one, EqualisedConv | EqualisedDense)}
    assert len(found) > 12
    for layer in found.values():
        kernel = array(layer.scaled())
        drawn = array(layer.kernel.value) * layer.rate
        if kernel.size > 5000:
            assert drawn.std() == pytest.approx(1.0, rel=0.1)  # Keras' default would be 0.05
            x = RNG.standard_normal((500, kernel[..., 0].size)).astype(np.float32)
            assert (x @ kernel.reshape(-1, layer.units)).var() == pytest.approx(1.0, rel=0.2)


def test_the_mapping_and_the_synthesis_of_a_stylegan_keep_the_variance_through_all_layers():
    found = []
    codings = RNG.standard_normal((64, 256)).astype(np.float32)
    for seed in range(12):
        mapping = stylegan.mapping(stylegan.CONFIG(seed=seed))
        dense = [layer.output for layer in mapping.layers if isinstance(layer, EqualisedDense)]
        found.append([array(out).var() for out in keras.Model(mapping.inputs, dense).predict_on_batch(codings)])
    np.testing.assert_allclose(np.mean(found, axis=0), np.ones(8), atol=0.2)
    model = stylegan.build(stylegan.CONFIG(width=64, ema=0.0), DataSpec((16, 16, 3)))
    inner = model.generator.get_layer("synthesis")
    normal = [layer for layer in inner.layers if isinstance(layer, stylegan.AdaIN)]
    for layer in normal:  # without a style: normalised alone
        layer.affine.kernel.assign(np.zeros(layer.affine.kernel.shape, np.float32))
    for features in model.features(model.styles(codings[:2]))[:-1]:
        assert features.var() == pytest.approx(1.0, rel=0.2)


def test_a_convolution_in_half_precision_rounds_its_factors_and_answers_in_full():
    x = RNG.standard_normal((2, 8, 8, 32)).astype(np.float32)
    full, half = (EqualisedConv(16, 3, half=which, seed=1) for which in (False, True))
    exact, rounded = array(full(x)), array(half(x))
    assert rounded.dtype == np.float32
    assert array(half.kernel.value).dtype == np.float32
    error = np.sqrt(np.square(rounded - exact).mean())
    assert 1e-5 < error < 0.01  # of a spread of 1; eight bits are left


@pytest.mark.parametrize("family", [progan, stylegan])
def test_half_precision_learns_like_full_and_paints_samples_exactly(family):
    images, losses = RNG.random((8, 8, 8, 3), np.float32), []
    for half in (False, True):
        model = family.build(family.CONFIG(latent_size=8, width=16, half_precision=half, seed=3), DataSpec((8, 8, 3)))
        model.compile(optimizer=model.make_optimizer())
        found = {layer.half for layer in model.mean_generator._flatten_layers() if isinstance(layer, EqualisedConv)}
        learning = {layer.half for layer in model.generator._flatten_layers() if isinstance(layer, EqualisedConv)}
        assert found == {False}
        assert (True in learning) == half
        before = [array(v.value) for v in model.trainable_variables]
        losses.append(model.fit(images, batch_size=8, shuffle=False, verbose=0).history["loss"][0])
        assert all(np.isfinite(array(v.value)).all() for v in model.trainable_variables)
        assert any(np.abs(array(v.value) - b).max() > 0 for v, b in zip(model.trainable_variables, before, strict=True))
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_a_layer_that_learns_slowly_moves_a_hundredth_of_the_way():
    x = RNG.standard_normal((4, 8)).astype(np.float32)
    moved = []
    for rate in (1.0, 0.01):
        layer = EqualisedDense(8, rate=rate, seed=1)
        before = array(layer(x))
        layer.kernel.assign(array(layer.kernel.value) + 0.1)  # as Adam does: the same step for every weight
        moved.append(np.abs(array(layer(x)) - before).mean())
    assert moved[1] == pytest.approx(0.01 * moved[0], rel=1e-3)


def test_pixel_norm_brings_the_mean_square_over_channels_to_one():
    x = 7 * RNG.standard_normal((3, 4, 4, 16)).astype(np.float32)
    np.testing.assert_allclose(np.square(array(PixelNorm()(x))).mean(axis=-1), 1.0, rtol=1e-4)


def test_minibatch_deviation_is_the_mean_spread_over_the_batch():
    x = RNG.standard_normal((6, 4, 4, 3)).astype(np.float32)
    found = array(MinibatchDeviation()(x))
    np.testing.assert_array_equal(found[..., :3], x)
    np.testing.assert_allclose(found[..., 3], x.std(axis=0).mean(), rtol=1e-4)
    alike = array(MinibatchDeviation()(np.repeat(x[:1], 6, axis=0)))
    assert np.abs(alike[..., 3]).max() < 1e-3


@pytest.mark.parametrize("family", [progan, stylegan])
def test_minibatch_statistics_are_those_of_real_and_fake_apart(family):
    model = family.build(family.CONFIG(latent_size=4, width=6), DataSpec((8, 8, 1)))
    if family is progan:
        model.finish_growing()
        model.generator.level = model.discriminator.level = 1
    condition = model.conditions_of(None)
    real, fake = RNG.random((6, 8, 8, 1), np.float32), np.full((6, 8, 8, 1), 0.3, np.float32)
    _, sure = model.discriminator_loss(real, fake, (condition, condition), True)
    _, again = model.discriminator_loss(real, 1.0 - real, (condition, condition), True)
    np.testing.assert_allclose(array(sure), array(again), atol=1e-6)  # whatever the fakes are
    mixed = array(model.logits(np.concatenate([real, fake]), condition, True))[:6]
    assert np.abs(mixed - array(sure)).max() > 1e-4  # together with the fakes it would have been another verdict
