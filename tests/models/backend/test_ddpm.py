"""Denoising diffusion: the textbook's network, its loss, what it learns, classes and guidance, runs."""

import keras
import numpy as np
import pytest

from models import ddpm
from models.core import device, loading
from models.core.batches import conditions
from models.core.diffusion import samplers, schedules
from models.core.diffusion.capability import Sampling
from models.core.errors import ConfigError, UserError
from models.core.family import DataSpec, parse_config
from models.core.images import convert
from models.core.training import train
from tests.tools.diffusers import TINY, made, stirred
from tests.tools.images import blobs


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)


@pytest.fixture(scope="module")
def taught():
    """A model that was taught that a class is a brightness, with plain compile and fit, and how that went.

    The schedule dwells where the image is all but drowned, so that the class is worth knowing.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(ddpm.SIZES, "small", TINY)
        model = made(condition="class", learning_rate=5e-3, ema=0.9, schedule="own",
                     schedule_points="0.1:0.3, 0.3:0.05, 0.6:0.01")  # fmt: skip
    y = np.arange(192, dtype=np.int32) % 3
    noise = 0.02 * np.random.default_rng(0).standard_normal((192, 8, 8, 1))
    x = np.clip((y / 2.0)[:, None, None, None] + noise, 0.0, 1.0).astype(np.float32)
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    return model, model.fit(x, y, epochs=45, batch_size=32, verbose=0).history


def test_the_defaults_are_the_textbook_s():
    config = ddpm.CONFIG()
    assert (config.size, config.timesteps, config.schedule, config.loss) == ("textbook", 4000, "cosine", "huber")
    assert (config.epochs, config.batch_size, config.learning_rate) == (100, 32, 1e-3)
    model = ddpm.build(ddpm.CONFIG(ema=0), DataSpec((28, 28, 1)))
    assert model.network.count_params() == 280_369
    assert isinstance(model.make_optimizer(), keras.optimizers.Nadam)
    assert model.mean_network is None


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (36, 28, 1)])
def test_the_textbook_s_network_takes_other_sizes_too(shape):
    model = made(shape, size="textbook", condition="class", ema=0)
    inputs = [np.zeros((2, *shape), np.float32), np.array([1, 7], np.int32), np.array([0, 3], np.int32)]
    assert model.network(inputs).shape == (2, *shape)


@pytest.mark.parametrize(("shape", "sizes"), [((28, 28, 1), [7, 14, 28]), ((64, 64, 3), [8, 16, 32, 64])])
def test_the_modern_network_looks_at_several_sizes_and_attends_at_the_smallest(shape, sizes, monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", ddpm.unet.Size(8, (1, 2, 3, 3), 1))
    layers = made(shape, ema=0).network.layers
    assert sorted({layer.output.shape[1] for layer in layers if isinstance(layer, keras.layers.Conv2D)}) == sizes
    attending = {layer.output.shape[1] for layer in layers if isinstance(layer, ddpm.unet.Attention)}
    assert attending == {sizes[0]}


def test_attention_is_what_its_formula_says():
    rng = np.random.default_rng(0)
    given = rng.standard_normal((2, 3, 2, 12)).astype(np.float32)  # 2 heads of 2 channels
    found = np.asarray(keras.ops.convert_to_numpy(ddpm.unet.Attention(2)(given)))
    flat = given.reshape(2, 6, 3, 2, 2)
    for picture in range(2):
        for head in range(2):
            q, k, v = (flat[picture, :, part, head] for part in range(3))
            weights = np.exp(q @ k.T / np.sqrt(2))
            wanted = weights / weights.sum(1, keepdims=True) @ v
            np.testing.assert_allclose(found[picture, :, :, 2 * head : 2 * head + 2].reshape(6, 2), wanted, atol=1e-5)


def test_times_are_told_by_sines_and_cosines_in_turn():
    found = np.asarray(keras.ops.convert_to_numpy(ddpm.unet.TimeEncoding(64)(np.array([0, 1, 3999], np.int32))))
    rates = 10_000.0 ** (-np.arange(0, 64, 2) / 64)
    for row, t in zip(found, (0, 1, 3999), strict=True):
        np.testing.assert_allclose(row[::2], np.sin(t * rates), atol=1e-3)
        np.testing.assert_allclose(row[1::2], np.cos(t * rates), atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "formula"),
    [("mse", np.square), ("mae", np.abs), ("huber", lambda e: np.where(np.abs(e) < 1, e**2 / 2, np.abs(e) - 0.5))],
)
def test_the_loss_is_the_distance_of_the_noises(kind, formula):
    model = stirred(loss=kind, ema=0)
    rng = np.random.default_rng(0)
    x, noise = rng.random((5, 8, 8, 1), dtype=np.float32), rng.standard_normal((5, 8, 8, 1)).astype(np.float32)
    time = np.array([1, 20, 50, 99, 100], np.int32)
    loss = model.compute_loss(x, y_pred={"time": keras.ops.array(time), "noise": noise, "told": np.ones(5, bool)})
    noisy = np.stack(
        [samplers.forward(2 * a - 1, model.schedule, t, n) for a, t, n in zip(x, time, noise, strict=True)]
    )
    seen = np.asarray(keras.ops.convert_to_numpy(model.network([noisy, time])))
    assert np.abs(seen).max() > 0.01
    assert float(loss) == pytest.approx(formula(noise - seen).mean(), rel=1e-4)


def test_draws_cover_all_times_and_keep_the_class_back_now_and_then():
    model = made(drop=0.25)
    drawn = model(np.zeros((4000, 8, 8, 1), np.float32))
    time, told, noise = (np.asarray(keras.ops.convert_to_numpy(drawn[name])) for name in ("time", "told", "noise"))
    assert set(time) == set(range(1, 101))
    assert told.mean() == pytest.approx(0.75, abs=0.03)
    assert noise.std() == pytest.approx(1.0, abs=0.01) and abs(noise.mean()) < 0.01


def test_a_validation_is_the_same_every_time_and_for_every_batch_size():
    model = stirred(ema=0)
    model.compile(optimizer="sgd", jit_compile=device.compiles())
    x = convert.to_float(blobs(90).images)
    found = [model.evaluate(x, batch_size=size, verbose=0) for size in (16, 16, 30, 90)]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-4)


def test_it_learns_with_plain_compile_and_fit(taught):
    model, history = taught
    assert set(history) == {"loss", "noise_mse"}
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert float(model.steps_done) == 45 * 6
    generated = model.sample(12, 0, conditions=np.array([0, 1, 2] * 4, np.int32))
    noise = model.pictures(samplers.draw((12, 8, 8, 1), 0, 0))
    assert np.abs(np.diff(generated, axis=1)).mean() < 0.2 * np.abs(np.diff(noise, axis=1)).mean()  # flat, as taught


def test_the_mean_weights_follow_and_paint(taught):
    model, _ = taught
    assert model.sampler is model.mean_network
    for mean, own in zip(model.mean_network.weights, model.network.weights, strict=True):
        apart = np.abs(np.asarray(keras.ops.convert_to_numpy(mean - own)))
        assert 0 < apart.max() < 0.5
    assert made(ema=0).sampler.name == "denoiser"


# --- Classes ---


def test_classes_are_learned_from_images_together_with_labels(taught):
    model, _ = taught
    labels = np.array([0, 1, 2] * 4, np.int32)
    for sampler in ("ddim", "ddpm", "dpm_solver"):
        sampling = Sampling(sampler, steps=20, guidance=1.0)
        means = model.sample(12, 0, conditions=labels, sampling=sampling).mean(axis=(1, 2, 3))
        assert means[labels == 0].mean() + 0.15 < means[labels == 1].mean() < means[labels == 2].mean() - 0.15


def test_guidance_exaggerates_the_class_and_counts_only_where_one_is_asked_for():
    model = stirred(condition="class", ema=0)
    x = samplers.draw((3, 8, 8, 1), 0, 0)
    embedding = model.sampler.get_layer("class").embeddings
    embedding.assign(np.random.default_rng(0).normal(0, 2.0, embedding.shape))
    for layer in model.sampler.layers:  # residual blocks begin silent: let them speak
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(np.random.default_rng(1).normal(0, 0.1, layer.kernel.shape))
    asked, nothing = np.array([0, 1, -1], np.int32), np.full(3, -1, np.int32)

    def seen(labels, guidance):
        return model.predictor(model.condition.checked(labels, 3), model.condition.nothing(3), guidance)(x, 30)

    with_class, without = seen(asked, 1.0), seen(nothing, 1.0)
    assert np.abs(with_class - without)[:2].max() > 1e-3
    np.testing.assert_allclose(with_class[2], without[2], atol=1e-6)
    np.testing.assert_allclose(seen(asked, 3.0), without + 3.0 * (with_class - without), atol=1e-4)
    np.testing.assert_array_equal(seen(nothing, 3.0), without)
    np.testing.assert_array_equal(seen(asked, 0.0), without)


def test_a_conditional_model_says_what_it_needs():
    model = made(condition="class")
    model.compile(optimizer=model.make_optimizer())
    with pytest.raises(UserError, match="classes"):
        model.compute_loss(np.zeros((2, 8, 8, 1), np.float32), y_pred=model(np.zeros((2, 8, 8, 1), np.float32)))
    for labels in ([3], [0, 1], [-2]):
        with pytest.raises(ConfigError, match="conditions"):
            model.sample(1, 0, conditions=np.array(labels, np.int32))
    with pytest.raises(ConfigError, match="knows no condition"):
        made().sample(1, 0, conditions=np.array([0], np.int32))
    with pytest.raises(ConfigError, match="no classes"):
        ddpm.build(ddpm.CONFIG(condition="class"), DataSpec((8, 8, 1)))
    assert conditions(made(), blobs()) is None


# --- Settings and runs ---


@pytest.mark.parametrize("points", ["", "0.5", "0.5:0.2, 0.4:0.1", "0.3:0.1, 0.6:0.4", "a:b", "0.5:nan"])
def test_points_that_make_no_schedule_are_refused_by_name(points):
    if points == "":
        assert made(schedule="own", schedule_points="").schedule.shape == (101,)  # a straight line needs none
        return
    with pytest.raises(ConfigError) as caught:
        made(schedule="own", schedule_points=points)
    assert set(caught.value.fields) == {"schedule_points"}


def test_the_schedule_is_the_one_of_the_config():
    np.testing.assert_array_equal(made().schedule, schedules.cosine(100))
    np.testing.assert_array_equal(made(schedule="linear", timesteps=200).schedule, schedules.linear(200))
    own = made(schedule="own", schedule_points="0.5:0.9").schedule
    assert own[50] == pytest.approx(0.9)


@pytest.mark.parametrize("shape", [(27, 27, 1), (30, 28, 1), (4, 4, 1), (128, 128, 3)])
def test_images_that_do_not_suit_are_refused(shape):
    with pytest.raises(ConfigError) as caught:
        made(shape)
    assert set(caught.value.fields) == {"family"}


def test_colour_and_large_images_get_the_modern_network():
    assert ddpm.suggest(DataSpec((28, 28, 1))) == {}
    for shape in ((32, 32, 3), (64, 64, 1)):
        assert parse_config(ddpm.CONFIG, ddpm.suggest(DataSpec(shape))).size == "small"


def test_a_run_shows_samples_and_denoised_pictures(tmp_path, dataset):
    config = parse_config(ddpm.CONFIG, {"size": "small", "timesteps": 100, "epochs": 2, "batch_size": 16})
    run = train.start(tmp_path / "run", "ddpm", config, dataset)
    assert train.train(run, dataset).status == "finished"
    for kind in ("samples", "denoised"):
        assert {0, 5, 10} <= {step for step, _ in run.samples(kind)}
    model, _ = loading.load(run)
    assert float(model.steps_done) == 10
    assert model.parts()["denoiser"] is model.mean_network
