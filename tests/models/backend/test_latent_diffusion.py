"""Latent diffusion: two phases in one run, of which one network stands still, and walks in codings."""

import keras
import numpy as np
import pytest

from models import latent_diffusion
from models.core import device
from models.core.capabilities import capabilities
from models.core.diffusion import samplers
from models.core.diffusion.capability import Diffuses, Kept, Sampling
from models.core.errors import ConfigError
from models.core.family import DataSpec, parse_config
from models.core.images import convert
from models.core.keras_internals import read_variable
from models.core.training import estimate, train
from models.core.training.recorder import Recorder, StopRequest
from tests.tools.diffusers import NAMES, TINY
from tests.tools.images import blobs
from tests.tools.trainings import final_weights, same


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(latent_diffusion.SIZES, "small", TINY)


def settings(**values):
    return parse_config(latent_diffusion.CONFIG, {"timesteps": 100, "width": 4, "autoencoder_steps": 4, **values})


def made(shape=(8, 8, 1), **values):
    return latent_diffusion.build(settings(**values), DataSpec(shape, len(NAMES), (), NAMES))


@pytest.fixture(scope="module")
def taught():
    """A model that went through both phases, and its weights by network after every epoch."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(latent_diffusion.SIZES, "small", TINY)
        model = made(autoencoder_steps=80, learning_rate=5e-3, ema=0.5)
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((weights(model.encoder, model.decoder), weights(model.network)))
    )
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    x = convert.to_float(blobs(256).images)
    history = model.fit(x, epochs=20, batch_size=32, verbose=0, callbacks=[note]).history
    return model, history, seen, x


def weights(*networks):
    return [read_variable(v) for network in networks for v in network.weights]


def alike(left, right):
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_each_phase_moves_its_own_network_alone(taught):
    _, _, seen, _ = taught  # 8 steps an epoch, so the second phase begins with the eleventh
    for epoch in range(1, 10):
        assert not alike(seen[epoch][0], seen[epoch - 1][0]) and alike(seen[epoch][1], seen[0][1])
    for epoch in range(10, 20):
        assert alike(seen[epoch][0], seen[9][0]) and not alike(seen[epoch][1], seen[epoch - 1][1])


def test_both_phases_learn_and_the_curve_goes_on_where_it_was(taught):
    model, history, _, _ = taught
    assert set(history) == {"loss", "noise_mse", "reconstruction"}
    assert model.phase == "diffusion" and made().phase == "autoencoder"
    assert history["reconstruction"][9] < 0.5 * history["reconstruction"][0]
    assert history["noise_mse"][19] < 0.97 * history["noise_mse"][9]
    np.testing.assert_allclose(history["noise_mse"][1:10], 1.0, atol=0.1)  # a silent network's
    assert history["loss"][10] == pytest.approx(history["loss"][9], rel=0.2)


def test_codings_are_scaled_by_their_own_mean_and_spread(taught):
    model, _, _, x = taught
    states = model.states(x)
    assert states.shape == (256, 2, 2, 4)
    np.testing.assert_allclose(states.mean(axis=(0, 1, 2)), 0.0, atol=0.3)
    np.testing.assert_allclose(states.std(axis=(0, 1, 2)), 1.0, atol=0.3)
    scaled = np.asarray(keras.ops.convert_to_numpy(model.scaled(model.encoder(x)[0])))
    np.testing.assert_allclose(scaled, states, atol=1e-3)


def test_it_paints_what_it_squeezed_and_draws_new_ones(taught):
    model, _, _, x = taught
    error = np.square(model.reconstruct(x) - x).mean()
    assert error < 0.5 * x.var()
    assert capabilities(model) == {"Diffuses", "Reconstructs"} and isinstance(model, Diffuses)
    few, many = model.sample(3, 1), model.sample(40, 1)
    assert many.shape == (40, 8, 8, 1) and many.min() >= 0 and many.max() <= 1
    np.testing.assert_allclose(few, many[:3], atol=1e-4)


@pytest.mark.parametrize("sampler", samplers.offered("diffusion"))
def test_a_walk_can_be_taken_up_anywhere_and_every_step_shown(taught, sampler):
    model, _, _, _ = taught
    sampling = Sampling(sampler, steps=10, eta=1.0, seed=2)
    whole = list(model.reverse(sampling, count=3))
    middle = whole[len(whole) // 2]
    rest = list(model.reverse(sampling, start=(middle.t, middle.x)))
    np.testing.assert_array_equal(rest[-1].x, whole[-1].x)
    for shown in (model.pictures(middle.x), model.pictures(middle.x_0), model.noise_pictures(middle.noise)):
        assert shown.shape == (3, 8, 8, 1) and 0 <= shown.min() <= shown.max() <= 1


def test_inpainting_leaves_pixels_that_are_not_masked_bit_for_bit(taught):
    model, _, _, x = taught
    mask = np.zeros((1, 8, 8, 1), bool)
    mask[:, 3:5, 2:7] = True
    kept = Kept(x[:1], mask)
    assert model.known(kept).mask[0, :, :, 0].tolist() == [[True, True], [True, True]]
    mask[:, :, :4] = False
    assert model.known(kept).mask[0, :, :, 0].tolist() == [[False, True], [False, True]]
    last = list(model.reverse(Sampling(steps=5, repeats=2), count=2, kept=kept))[-1]
    np.testing.assert_array_equal(last.x[:, :, 0], np.repeat(model.states(x[:1]), 2, 0)[:, :, 0])
    generated = model.pictures(last.x, kept)
    outside = np.broadcast_to(~mask, generated.shape)
    np.testing.assert_array_equal(generated[outside], np.broadcast_to(x[:1], generated.shape)[outside])


def test_a_validation_is_the_same_for_every_batch_size(taught):
    model, _, _, x = taught
    found = [model.evaluate(x[:90], batch_size=size, verbose=0) for size in (30, 90)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3)


def test_a_pause_in_either_phase_changes_nothing(tmp_path, monkeypatch):
    dataset = blobs(42)  # two steps an epoch; the second phase begins after the second epoch
    config = settings(epochs=3, batch_size=16, autoencoder_steps=4)
    whole, run = (train.start(tmp_path / name, "latent_diffusion", config, dataset) for name in ("whole", "paused"))
    assert train.train(whole, dataset).step == 6
    for step in (3, 5):
        stop = StopRequest()

        class Watch(Recorder):
            last, asked = step, stop

            def on_train_batch_end(self, batch, logs=None):
                if self.step + 1 == self.last:
                    self.asked.ask("paused")
                super().on_train_batch_end(batch, logs)

        with monkeypatch.context() as patched:
            patched.setattr(train, "Recorder", Watch)
            assert train.train(run, dataset, stop=stop).status == "paused"
    assert train.train(run, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(run))
    left, right = whole.metrics(), run.metrics()
    assert [row.get("val_loss") for row in left] == [row.get("val_loss") for row in right]
    assert {0, 2, 4, 6} <= {at for at, _ in run.samples("samples")}


@pytest.mark.parametrize("shape", [(30, 28, 1), (4, 4, 1), (128, 128, 3)])
def test_images_that_do_not_suit_are_refused(shape):
    with pytest.raises(ConfigError) as caught:
        made(shape)
    assert set(caught.value.fields) == {"family"}


def test_classes_reach_the_noise_predictor():
    model = made(condition="class", ema=0)
    assert len(model.network.inputs) == 3 and model.condition_names == NAMES
    asked = np.array([0, 1, -1], np.int32)
    assert model.sample(3, 0, conditions=asked, sampling=Sampling(steps=2)).shape == (3, 8, 8, 1)


def test_a_run_that_hardly_comes_to_diffusion_says_so_beforehand():
    config, spec = latent_diffusion.CONFIG(autoencoder_steps=100, epochs=4, batch_size=10), DataSpec((28, 28, 1))
    assert estimate.too_short(latent_diffusion, config, spec, 500) == ""  # 200 steps: as many for the second
    assert "leaves 96 for diffusion" in estimate.too_short(latent_diffusion, config, spec, 490)
    assert "never comes to diffusion" in estimate.too_short(latent_diffusion, config, spec, 200)
