"""StyleGAN: styles decide layer by layer, mixing and truncation are what they say, and a pause changes nothing."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from models import stylegan
from models.core import state
from models.core.capabilities import capabilities
from models.core.errors import Cancelled, ConfigError
from models.core.family import DataSpec
from models.core.latent import inversion
from models.core.record import Run
from models.core.styles import mixing as styles
from models.core.styles.mixing import MixesStyles
from models.core.training import train as training
from models.core.training.recorder import StopRequest
from models.core.work import Callbacks
from tests.tools.adversarial import gradients
from tests.tools.images import blobs
from tests.tools.stylegans import TINY, array, tiny
from tests.tools.trainings import final_weights, same, stop_at


@pytest.fixture(scope="module")
def model():
    """Untrained, but its noise has a strength and its mean style is not zero."""
    made = tiny(truncation=0.5)
    rng = np.random.default_rng(3)
    network = made.sampler
    for layer in network.get_layer("synthesis").layers:
        if isinstance(layer, stylegan.NoiseAndBias):
            layer.scale.assign(np.full(layer.scale.shape, 0.3, np.float32))
    network.get_layer("mean_style").mean.assign(rng.standard_normal(6).astype(np.float32))
    return made


@pytest.fixture(scope="module")
def drawn(model):
    return model.styles(model.sample_codings(4, 0))


def test_it_says_what_it_can_do(model):
    assert capabilities(model) == {"Decodes", "MixesStyles", "TakesPhases"}
    assert isinstance(model, MixesStyles)
    assert [layer.name for layer in model.style_layers[:3]] == ["4 x 4, first", "4 x 4, second", "8 x 8, first"]
    assert [layer.channels for layer in model.style_layers] == [6] * 6
    assert model.noise_size == 2 * (16 + 64 + 256) == model.fixed_noise().size
    assert [layer.name for layer in tiny(DataSpec((28, 28, 1))).style_layers[::2]] == [
        "7 x 7, first", "14 x 14, first", "28 x 28, first",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="9 x 9"):
        tiny(DataSpec((9, 9, 1)))
    assert stylegan.CONFIG().channels((64, 64)) == 64 and stylegan.CONFIG().channels((8, 8)) == 256


def test_a_decoded_picture_is_that_of_its_truncated_style_with_the_fixed_noise(model, drawn):
    codings = model.sample_codings(4, 0)
    generated = model.decode(codings)
    assert generated.shape == (4, 16, 16, 3) and generated.min() >= 0 and generated.max() <= 1
    pulled = styles.truncate(drawn, model.mean_style(), 0.5)
    np.testing.assert_allclose(generated, model.synthesize(pulled), atol=1e-5)
    fixed = np.repeat(model.fixed_noise()[None], 4, axis=0)
    np.testing.assert_allclose(generated, model.synthesize(pulled, fixed), atol=1e-5)
    np.testing.assert_allclose(generated, model.parts()["generator"].predict_on_batch(codings), atol=1e-5)


def test_a_style_reaches_its_own_layer_and_those_after_it(model, drawn):
    maps = model.features(drawn[:1])
    assert [found.shape[1:] for found in maps] == [
        *((layer.height, layer.width, layer.channels) for layer in model.style_layers), (16, 16, 3),
    ]  # fmt: skip
    np.testing.assert_allclose(maps[-1], model.synthesize(drawn[:1]), atol=1e-5)
    for number in range(6):
        other = drawn[:1].copy()
        other[:, number] = drawn[1, 0]
        changed = [np.abs(a - b).max() > 1e-4 for a, b in zip(maps, model.features(other), strict=True)]
        assert changed[:number] == [False] * number and all(changed[number:-1])


def test_adaptive_normalisation_gives_each_map_the_asked_mean_and_spread(model, drawn):
    layer = model.sampler.get_layer("synthesis").get_layer("layer_3")
    asked = array(layer.affine(drawn[:1, 3]))[0]
    found = model.features(drawn[:1])[3][0]
    np.testing.assert_allclose(found.mean(axis=(0, 1)), asked[6:], atol=1e-3)
    np.testing.assert_allclose(found.std(axis=(0, 1)), np.abs(1 + asked[:6]), rtol=1e-2, atol=1e-3)


def test_a_modulated_convolution_is_one_with_a_kernel_of_its_own_for_each_image():
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((3, 5, 5, 4)).astype(np.float32), rng.standard_normal((3, 6)).astype(np.float32)
    layer = stylegan.ModulatedConv(7, 3, bias=None, seed=2)
    found = array(layer([x, w]))
    scale, kernel = array(layer.affine(w)), array(layer.scaled())
    for image, s, answer in zip(x, scale, found, strict=True):
        own = kernel * s[None, None, :, None]
        own = own / np.sqrt(np.square(own).sum(axis=(0, 1, 2)) + 1e-8)
        np.testing.assert_allclose(answer, array(keras.ops.conv(image[None], own, padding="same"))[0], atol=1e-4)
    generated = tiny(style="modulated")
    assert generated.decode(generated.sample_codings(2, 0)).shape == (2, 16, 16, 3)


def test_the_first_edition_normalises_and_the_second_one_modulates():
    found = {}
    for style in ("adain", "modulated"):
        network = tiny(style=style).sampler.get_layer("synthesis")
        names = {layer.name: type(layer) for layer in network.layers}
        found[style] = [
            (names.get(f"conv_{number}") is stylegan.ModulatedConv, names[f"layer_{number}"] is stylegan.AdaIN)
            for number in range(6)
        ]
    assert found == {"adain": [(False, True)] * 6, "modulated": [(True, False)] * 6}


def test_mixing_takes_coarse_layers_from_one_and_fine_ones_from_the_other(model, drawn):
    mixed = styles.mix(drawn[:1], drawn[1:2], 2)
    np.testing.assert_array_equal(mixed[:, :2], drawn[:1, :2])
    np.testing.assert_array_equal(mixed[:, 2:], drawn[1:2, 2:])
    sheet = styles.grid(drawn[:2], drawn[2:], 3)
    np.testing.assert_array_equal(sheet[1], styles.mix(drawn[:1], drawn[3:], 3)[0])
    np.testing.assert_array_equal(sheet[2], styles.mix(drawn[1:2], drawn[2:3], 3)[0])
    half = styles.blend(drawn[:1], drawn[1:2], [0, 0.5, 1, 0, 0, 0])
    np.testing.assert_allclose(half[0, 1], (drawn[0, 1] + drawn[1, 1]) / 2, rtol=1e-5)
    np.testing.assert_array_equal(half[0, 2], drawn[1, 2])
    np.testing.assert_allclose(styles.truncate(drawn, model.mean_style(), 0.0)[0, 0], model.mean_style())


def test_noise_is_chosen_layer_by_layer(model, drawn):
    fixed = model.fixed_noise()
    same_as_ever = styles.noise_of(model.style_layers, fixed, [styles.FIXED] * 6)
    np.testing.assert_array_equal(same_as_ever[0], fixed)
    chosen = styles.noise_of(model.style_layers, fixed, [styles.FIXED, styles.OFF, 5, styles.FIXED, 5, 6])
    first, off, seeded = (model.style_layers[i].place for i in (0, 1, 2))
    np.testing.assert_array_equal(chosen[0, first], fixed[first])
    assert not chosen[0, off].any() and 0.7 < chosen[0, seeded].std() < 1.3
    np.testing.assert_array_equal(chosen, styles.noise_of(model.style_layers, fixed, [-1, -2, 5, -1, 5, 6]))
    maps, others = model.features(drawn[:1]), model.features(drawn[:1], chosen)
    assert [np.abs(a - b).max() > 1e-4 for a, b in zip(maps, others, strict=True)][:2] == [False, True]


def crossings(model, count=4000):
    """At which layer the styles of fakes cross over, as training draws them: (count,); 6 for nowhere."""
    network = model.generator
    seen = {}

    class Spy:
        def get_layer(self, name):
            if name == "mapping":
                return lambda z: z
            if name == "synthesis":
                return lambda inputs, training: seen.update(styles=array(inputs[0])) or inputs[0]
            return network.get_layer(name)

    model.generator, spied = Spy(), model.generator
    codings = np.concatenate([np.zeros((count, 6)), np.ones((count, 6))], axis=1).astype(np.float32)
    model.generate(keras.ops.convert_to_tensor(codings), None, True)
    model.generator = spied
    return 6 - seen["styles"][..., 0].sum(axis=1)


@pytest.mark.parametrize("mixing", [0.9, 0.5, 0.0])
def test_mixing_regularisation_crosses_over_anywhere_as_often_as_the_config_says(mixing):
    model = tiny(mixing=mixing)
    found = np.bincount(crossings(model).astype(int), minlength=7) / 4000
    assert found[0] == 0 and found[6] == pytest.approx(1 - mixing, abs=0.03)
    np.testing.assert_allclose(found[1:6], mixing / 5, atol=0.03)


def test_a_cpu_gets_narrower_layers_and_in_colour_the_second_edition():
    grey, colour = (stylegan.CONFIG(**stylegan.suggest(DataSpec(shape))) for shape in ((28, 28, 1), (64, 64, 3)))
    assert grey.style == stylegan.FIRST_EDITION and colour.style == stylegan.SECOND_EDITION
    assert max(grey.width, colour.width) < stylegan.CONFIG().width


@pytest.mark.parametrize(
    ("side", "values"),
    [(8, {}), (16, {"palette": 5.0, "outline": 5.0, "style": "modulated"})],
    ids=["plain", "penalty"],
)
def test_each_loss_has_no_gradient_for_the_other_network_and_both_learn(side, values):
    model = tiny(DataSpec((side, side, 1)), **values)
    images = np.random.default_rng(1).random((8, side, side, 1), np.float32)
    for which in (0, 1):
        found = gradients(model, images, which)
        assert all(not gradient.any() for gradient in found[1 - which])
        assert np.mean([np.abs(gradient).max() > 0 for gradient in found[which]]) > 0.9  # noise scales begin at 0
    model.compile(optimizer=model.make_optimizer(), jit_compile=keras.backend.backend() == "jax")
    before = [[np.array(array(v)) for v in net.trainable_variables] for net in (model.discriminator, model.generator)]
    logs = model.train_on_batch(images, return_dict=True)
    state.settle(model)
    for old, net in zip(before, (model.discriminator, model.generator), strict=True):
        assert all(not np.array_equal(a, array(v)) for a, v in zip(old, net.trainable_variables, strict=True))
    assert all(np.isfinite(value) for value in logs.values())
    assert np.abs(array(model.generator.get_layer("mean_style").mean)).max() > 0


@pytest.mark.parametrize("step", [3])
def test_a_pause_changes_nothing(tmp_path, monkeypatch, step):
    dataset = blobs(32, (8, 8, 1))
    config = stylegan.CONFIG(**TINY, epochs=2)
    whole = training.start(tmp_path / "whole", "stylegan", config, dataset)
    assert training.train(whole, dataset).status == "finished"
    run, stop = training.start(tmp_path / "paused", "stylegan", config, dataset), StopRequest()
    with monkeypatch.context() as patched:
        patched.setattr(training, "Recorder", stop_at(step, stop))
        assert training.train(run, dataset, stop=stop).status == "paused"
    run.close()
    again = Run.open(tmp_path / "paused", write=True)
    assert training.train(again, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(again))


def test_a_picture_is_found_again_better_with_a_style_for_each_layer(model, drawn):
    pictures = model.synthesize(styles.mix(drawn[:2], drawn[2:], 2))
    seen, before = [], [layer.trainable for layer in model.sampler._flatten_layers()]
    error = {}
    for plus in (False, True):
        found = model.project(pictures, plus=plus, steps=40, work=Callbacks(lambda *now: seen.append(now)))
        assert found.shape == drawn[:2].shape
        error[plus] = ((model.synthesize(found) - pictures) ** 2).mean()
        assert np.ptp(found, axis=1).max() > 0 if plus else np.ptp(found, axis=1).max() == 0
    begun = ((model.synthesize(drawn[2:]) - pictures) ** 2).mean()
    assert error[True] < error[False] < begun
    assert seen[0] == ("Searching in W", 0, 40) and seen[-1] == ("Searching in W+", 79, 80)
    with pytest.raises(Cancelled):
        model.project(pictures, steps=5, work=Callbacks(cancelled=lambda: True))
    inversion.invert(model, pictures[:1], steps=1)
    assert [layer.trainable for layer in model.sampler._flatten_layers()] == before and not any(before)
