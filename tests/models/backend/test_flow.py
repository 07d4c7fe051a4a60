"""Rectified flow, velocity and patches: what a model of each kind learns, and that every sampler walks it back."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models import ddpm
from models.core import device
from models.core.diffusion import samplers, unet
from models.core.diffusion.capability import Sampling, begun
from models.core.errors import ConfigError
from tests.tools.diffusers import TINY, made, stirred

FLOW = {"schedule": "flow", "prediction": "velocity"}
PATHS = [FLOW, {"schedule": "cosine", "prediction": "velocity"}, {}, {"schedule": "linear", "prediction": "velocity"}]
NAMES = ["flow", "cosine velocity", "cosine noise", "linear velocity"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)


def perfect(model, x_0):
    """A Keras network in place of the model's that knows x_0, (h, w, c) in [-1, 1], and says what it shall say."""
    noisy, time = keras.Input(x_0.shape), keras.Input((), dtype="int32")
    rates = [np.asarray(part, np.float32) for part in (model.rates.signal, model.rates.noise, *model.rates.slopes())]

    class Knows(layers.Layer):
        def call(self, inputs):
            x, t = inputs
            signal, noise, image, eps = (
                ops.take(ops.convert_to_tensor(part), t)[:, None, None, None] for part in rates
            )
            seen = (x - signal * x_0) / noise
            return seen if model.config.prediction == "noise" else image * x_0 + eps * seen

        def compute_output_shape(self, input_shape):
            return input_shape[0]

    return keras.Model([noisy, time], Knows()([noisy, time]))


@pytest.mark.parametrize("values", PATHS, ids=NAMES)
def test_a_perfect_network_gives_back_the_image_from_any_time(values):
    model = made(ema=0, **values)
    x_0 = np.random.default_rng(0).uniform(-0.9, 0.9, (8, 8, 1)).astype(np.float32)
    model.network = perfect(model, x_0)
    for t in (1, 2, 13, 50, 90):
        x = model.rates.noisy(x_0[None], t, samplers.draw((1, 8, 8, 1), 5, t))
        for sampler in samplers.offered(model.rates.path):
            steps = 100 if sampler == "ddpm" else 7
            *_, last = model.reverse(Sampling(sampler, steps, seed=1), start=(t, x))
            np.testing.assert_allclose(last.x, x_0[None], atol=1e-5, err_msg=f"{sampler} from {t}")


@pytest.mark.parametrize("values", PATHS[:2], ids=NAMES[:2])
def test_the_loss_is_the_distance_of_the_velocities(values):
    model = stirred(ema=0, loss="mse", **values)
    rng = np.random.default_rng(0)
    x, noise = rng.random((4, 8, 8, 1), np.float32), rng.standard_normal((4, 8, 8, 1)).astype(np.float32)
    time = np.array([1, 30, 70, 100], np.int32)
    loss = model.compute_loss(x, y_pred={"time": ops.array(time), "noise": noise, "told": np.ones(4, bool)})
    x_0, signal, rest = 2 * x - 1, model.rates.signal[time], model.rates.noise[time]
    signal, rest = (part[:, None, None, None].astype(np.float32) for part in (signal, rest))
    wanted = noise - x_0 if values["schedule"] == "flow" else signal * noise - rest * x_0
    seen = ops.convert_to_numpy(model.network([signal * x_0 + rest * noise, time]))
    assert np.abs(seen).max() > 0.01
    assert float(loss) == pytest.approx(np.square(wanted - seen).mean(), rel=1e-4)


def test_times_may_be_drawn_more_often_in_the_middle():
    drawn = made(drawn_times="logit_normal")(np.zeros((8000, 8, 8, 1), np.float32))["time"]
    time = ops.convert_to_numpy(drawn)
    assert time.min() >= 1 and time.max() <= 100
    middle = ((time > 30) & (time <= 70)).mean()
    assert middle == pytest.approx(0.603, abs=0.03)  # P(|N(0, 1)| < logit(0.7))


@pytest.mark.parametrize("drawn", ["uniform", "logit_normal"])
def test_a_validation_looks_at_times_as_often_as_the_training(drawn):
    model, images = made(drawn_times=drawn), np.zeros((4000, 8, 8, 1), np.float32)
    times = [ops.convert_to_numpy(draw["time"]) for draw in (model(images), model.fixed(images))]
    quantiles = [np.quantile(time, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]) for time in times]
    np.testing.assert_allclose(quantiles[0], quantiles[1], atol=3)
    assert times[1].min() >= 1 and times[1].max() <= 100


def test_noise_cannot_be_predicted_on_a_flow():
    with pytest.raises(ConfigError, match="velocity") as caught:
        made(schedule="flow")
    assert set(caught.value.fields) == {"prediction"}


@pytest.mark.parametrize("sampler", samplers.offered("flow"))
def test_a_flow_is_walked_taken_up_anywhere_and_begun_with_an_image(sampler):
    model = stirred(**FLOW)
    sampling = Sampling(sampler, steps=10, eta=0.5, seed=4)
    whole = list(model.reverse(sampling, count=3))
    assert [step.t for step in whole] == list(range(100, -1, -10))
    middle = whole[5]
    rest = list(model.reverse(sampling, start=(middle.t, middle.x)))
    np.testing.assert_array_equal(rest[-1].x, whole[-1].x)
    pictures = np.random.default_rng(0).random((2, 8, 8, 1), dtype=np.float32)
    time, states = begun(model, pictures, 40, seed=3)
    noise = samplers.draw(states.shape, 3, 100, samplers.FORWARD)
    np.testing.assert_allclose(states, 0.6 * (2 * pictures - 1) + 0.4 * noise, atol=1e-5)
    assert next(model.reverse(sampling, start=(time, states))).t == 40


def test_what_cannot_walk_a_flow_is_refused():
    with pytest.raises(ConfigError, match="euler, ddim, dpm_solver, heun") as caught:
        made(**FLOW).reverse(Sampling("ddpm"))
    assert set(caught.value.fields) == {"sampler"}
    with pytest.raises(ConfigError, match="sampler"):
        made().reverse(Sampling("euler", 10))


def test_a_flow_learns_with_plain_compile_and_fit_what_a_class_looks_like():
    model = made(condition="class", learning_rate=5e-3, ema=0.9, loss="mse", drawn_times="logit_normal", **FLOW)
    y = np.arange(192, dtype=np.int32) % 3
    noise = 0.02 * np.random.default_rng(0).standard_normal((192, 8, 8, 1))
    x = np.clip((y / 2.0)[:, None, None, None] + noise, 0.0, 1.0).astype(np.float32)
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    history = model.fit(x, y, epochs=40, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.3 * history["loss"][0]
    labels = np.array([0, 1, 2] * 4, np.int32)
    for sampler in samplers.offered("flow"):
        sampling = Sampling(sampler, 20, guidance=1.0)
        means = model.sample(12, 0, conditions=labels, sampling=sampling).mean(axis=(1, 2, 3))
        for number in range(3):
            assert abs(means[labels == number].mean() - number / 2) < 0.2, sampler


def test_denoising_begins_on_the_flow_where_the_noise_is_as_strong(monkeypatch):
    model = made(ema=0, **FLOW)
    clean = np.full((1, 8, 8, 1), 0.5, np.float32)
    model.network = perfect(model, np.zeros((8, 8, 1), np.float32))
    starts = []
    reverse = model.reverse
    monkeypatch.setattr(model, "reverse", lambda *a, **named: starts.append(named["start"]) or reverse(*a, **named))
    found = model.denoise(model.disturb(clean, 0), strength=0.2)
    np.testing.assert_allclose(found, clean, atol=1e-5)
    t, state = starts[0]
    assert t == 29  # noise / signal = 2 * 0.2
    assert state.std() == pytest.approx(0.29, abs=0.05)


# --- Patches ---


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_patches_are_put_together_as_they_were_taken_apart(patch):
    image = keras.Input((8, 16, 3))
    apart = unet.to_patches(image, patch)
    assert apart.shape[1:] == (8 // patch, 16 // patch, 3 * patch**2)
    both = keras.Model(image, [apart, unet.from_patches(apart, patch)])
    x = np.random.default_rng(0).random((2, 8, 16, 3), np.float32)
    thick, back = (ops.convert_to_numpy(part) for part in both(x))
    np.testing.assert_array_equal(back, x)
    place = x[:, patch : 2 * patch, 2 * patch : 3 * patch]
    np.testing.assert_array_equal(thick[:, 1, 2].reshape(2, patch, patch, 3), place)


@pytest.mark.parametrize("patch", ["2", "4"])
def test_a_network_on_patches_predicts_whole_images_and_works_on_small_ones(patch):
    model = stirred(shape=(32, 32, 3), patch=patch, ema=0)
    sides = {layer.output.shape[1] for layer in model.network.layers if isinstance(layer, layers.Conv2D)}
    assert max(sides) == 32 // int(patch)
    assert model.sample(2, 0, sampling=Sampling(steps=2)).shape == (2, 32, 32, 3)


@pytest.mark.parametrize("values", [{"size": "textbook", "patch": "2"}, {"patch": "4"}])
def test_patches_that_do_not_fit_are_refused(values):
    with pytest.raises(ConfigError) as caught:
        made(**values)
    assert set(caught.value.fields) == {"patch"}


def test_a_network_on_patches_lets_x_t_through_as_the_time_says():
    """32 channels cannot carry the 48 values of a patch: noise stayed on the images."""
    model = made(shape=(32, 32, 3), patch="4", ema=0)
    x = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    time = np.array([10, 90], np.int32)
    np.testing.assert_allclose(ops.convert_to_numpy(model.network([x, time])), x, atol=1e-6)  # before it learns
    stirred_model = stirred(shape=(32, 32, 3), patch="4", ema=0)
    changed = x.copy()
    changed[:, 17, 18] += 1.0
    before, after = (ops.convert_to_numpy(stirred_model.network([one, time])) for one in (x, changed))
    gains = (after - before)[:, 17, 18]
    assert np.abs(gains[0] - gains[1]).max() > 1e-3
