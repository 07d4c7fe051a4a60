"""What adversarial families share: two losses that do not mix, remedies that are what the papers say, exact resume."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import gan
from models.core import loading, state
from models.core.adversarial.config import GRADIENTS, SIGNALS
from models.core.adversarial.minibatch import MinibatchDiscrimination
from models.core.adversarial.replay import Replay
from models.core.errors import ConfigError
from models.core.keras_internals import read_variable
from models.core.record import Run
from models.core.training import train
from models.core.training.recorder import StopRequest
from tests.tools.adversarial import EVERYTHING, IMAGES, compiled, conditional, dense, gradients
from tests.tools.trainings import final_weights, same, stop_at


def both(model):
    return [[read_variable(v) for v in net.trainable_variables] for net in (model.discriminator, model.generator)]


@pytest.mark.parametrize("kind", ["plain", "everything", "conditional dcgan"])
def test_each_loss_has_no_gradient_at_all_for_the_other_network(kind):
    model = conditional() if kind == "conditional dcgan" else dense(**(EVERYTHING if kind == "everything" else {}))
    images = np.random.default_rng(1).random((6, *model.spec.image_shape), np.float32)
    known = model.conditions_of(np.arange(6) % 3)
    for which in (0, 1):
        found = gradients(model, images, which, known)
        assert all(not gradient.any() for gradient in found[1 - which])
        assert all(np.abs(gradient).max() > 0 for gradient in found[which])


@pytest.mark.parametrize("values", [{}, EVERYTHING, {"optimizer": "adam", "ema": 0.9}, {"optimizer": "nadam"}])
def test_both_networks_move_and_every_step_says_how_it_went(values):
    model = compiled(**values)
    before = both(model)
    history = model.fit(IMAGES, batch_size=16, epochs=2, verbose=0, validation_data=(IMAGES,)).history
    state.settle(model)
    for old, new in zip(before, both(model), strict=True):
        assert all(not np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    assert set(history) == {"loss", *SIGNALS, *GRADIENTS, "val_loss", *(f"val_{name}" for name in SIGNALS)}
    assert all(np.isfinite(row).all() for row in history.values())
    assert all(min(history[name]) > 0 for name in GRADIENTS)
    total = np.add(history["discriminator_loss"], history["generator_loss"])
    np.testing.assert_allclose(history["loss"], total, rtol=1e-5)


def test_a_keras_optimizer_of_one_s_own_learns_too_but_notes_no_gradients():
    model = dense()
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    assert set(model.fit(IMAGES, batch_size=16, verbose=0).history) == {"loss", *SIGNALS}


def test_the_noted_norm_is_that_of_the_gradients():
    looked, trained = dense(), compiled()
    expected = [np.sqrt(sum((g**2).sum() for g in gradients(dense(), IMAGES, which)[which])) for which in (0, 1)]
    logs = trained.train_on_batch(IMAGES, return_dict=True)
    np.testing.assert_allclose([float(logs[name]) for name in GRADIENTS], expected, rtol=1e-4)
    assert looked.generator.count_params() == trained.generator.count_params()


def test_rates_are_scaled_a_network_and_survive_a_new_learning_rate():
    model = compiled(separate_rates=True, discriminator_rate=0.01)
    model.optimizer.learning_rate = 1e-3  # as after a resume
    before = both(model)
    model.train_on_batch(IMAGES)
    state.settle(model)
    moved = [
        max(np.abs(a - b).max() for a, b in zip(*pair, strict=True)) for pair in zip(before, both(model), strict=True)
    ]
    first_step = 1e-3 / np.sqrt(0.1)  # RMSprop's first step is the rate over sqrt(1 - rho), whatever the gradient
    np.testing.assert_allclose(moved, [0.01 * first_step, first_step], rtol=1e-2)


@pytest.mark.parametrize(("smoothing", "label"), [(False, 1.0), (True, 0.8)])
def test_the_discriminator_s_loss_is_the_cross_entropy_of_half_and_half(smoothing, label):
    model = dense(smoothing=smoothing, smoothing_amount=0.2)
    fakes = np.random.default_rng(2).random((9, 8, 8, 1), np.float32)
    sure, unsure = (1 / (1 + np.exp(-np.asarray(model.discriminator(x)))) for x in (IMAGES, fakes))
    on_real = -(label * np.log(sure) + (1 - label) * np.log(1 - sure)).mean()
    expected = 0.5 * (on_real - np.log(1 - unsure).mean())
    loss, logits = model.discriminator_loss(IMAGES, fakes, (None, None), True)
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(np.asarray(logits), np.asarray(model.discriminator(IMAGES)))
    assert float(model.generator_loss(fakes, None, True)[0]) == pytest.approx(-np.log(unsure).mean(), rel=1e-4)


def test_the_steepness_of_a_flat_slope_is_its_squared_gradient():
    model = dense(gradient_penalty=1.0)
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.discriminator = flat
    real = np.random.default_rng(0).random((4000, 8, 8, 1), np.float32)
    found = float(keras.ops.convert_to_numpy(model.r1_penalty(real, None, model.logits(real, None, True))))
    kernel = read_variable(flat.layers[-1].kernel)
    assert found == pytest.approx(float((kernel**2).sum()), rel=0.1)


def test_a_validation_changes_nothing_and_diversity_compares_with_the_real_images():
    model = compiled(**EVERYTHING, ema=0.9)
    model.fit(IMAGES, batch_size=16, verbose=0)
    before = state.capture(model)
    found = model.evaluate(IMAGES, batch_size=32, verbose=0, return_dict=True)
    after = state.capture(model)
    assert all(np.array_equal(before[name], after[name]) for name in before if name.startswith(("weights", "optim")))
    state.restore(model, before, training=True)
    fakes = np.asarray(model.generate(model(IMAGES), None, False))
    assert found["diversity"] == pytest.approx(fakes.std(axis=0).mean() / IMAGES.std(axis=0).mean(), rel=1e-3)


def test_mean_weights_follow_the_generator_and_paint_the_samples():
    model = dense(ema=0.6)
    begin = [read_variable(v) for v in model.generator.weights]
    for variable in model.generator.weights:
        variable.assign(np.zeros(variable.shape, np.float32))
    for _ in range(3):
        model.note_step(None)
    left = np.prod([min(0.6, t / (t + 9)) for t in (1, 2, 3)])  # of what it began with
    for mean, first in zip(model.mean_generator.weights, begin, strict=True):
        np.testing.assert_allclose(np.asarray(mean.value), left * first, rtol=1e-5, atol=1e-6)
    model.generator.weights[-1].assign(np.full(64, 5.0, np.float32))  # paints white from now on
    codings = model.sample_codings(4, 0)
    np.testing.assert_allclose(model.decode(codings), np.asarray(model.mean_generator(codings)), atol=1e-5)
    assert not np.allclose(model.decode(codings), np.asarray(model.generator(codings)), atol=0.1)
    assert not any(v is mean for v in model.trainable_variables for mean in model.mean_generator.weights)


def test_minibatch_discrimination_is_the_paper_s():
    layer = MinibatchDiscrimination(4, 3, seed=1)
    features = np.random.default_rng(3).standard_normal((5, 7)).astype(np.float32)
    found = np.asarray(layer(features))
    m = (features @ np.asarray(layer.kernel.value)).reshape(5, 4, 3)
    for i in range(5):
        nearness = sum(np.exp(-np.abs(m[i] - m[j]).sum(axis=1)) for j in range(5) if j != i)
        np.testing.assert_allclose(found[i], np.concatenate([features[i], nearness]), rtol=1e-4, atol=1e-5)
    alike = np.asarray(layer(np.repeat(features[:1], 6, axis=0)))
    np.testing.assert_allclose(alike[:, 7:], 5.0, rtol=1e-5)  # each is at distance 0 from the five others
    assert layer.compute_output_shape((None, 7)) == (None, 11)


@settings(deadline=None, max_examples=8)  # JAX compiles each size anew
@given(share=st.integers(1, 100), batch=st.integers(1, 24), seed=st.integers(0, 9))
def test_replay_gives_back_exactly_its_share_once_it_is_full(share, batch, seed):
    buffer = Replay((2, 2, 1), 1, 24, share / 100, seed)
    first = np.full((batch, 2, 2, 1), 0.2, np.float32)
    fresh, marks = buffer(first, np.full((batch, 1), 0.2, np.float32))
    np.testing.assert_array_equal(np.asarray(fresh), first)  # nothing old is there yet
    assert int(np.asarray(buffer.filled.value).sum()) == batch * share // 100
    buffer.filled.assign(np.ones(24, np.uint8))
    buffer.images.assign(np.full((24, 2, 2, 1), 255, np.uint8))
    buffer.conditions.assign(np.ones((24, 1), np.float32))
    mixed, marks = (np.asarray(part) for part in buffer(first, np.full((batch, 1), 0.2, np.float32)))
    old = (mixed == 1.0).all(axis=(1, 2, 3))
    assert old.sum() == batch * share // 100 and not old[old.sum() :].any()
    np.testing.assert_allclose(marks[:, 0], mixed[:, 0, 0, 0], atol=1e-6)  # a condition stays with its image


def test_a_buffer_smaller_than_a_batch_is_refused():
    with pytest.raises(ConfigError) as caught:
        dense(replay=True, replay_size=8)
    assert set(caught.value.fields) == {"replay_size"}


@pytest.mark.parametrize("step", [4, 7])
def test_a_pause_with_replay_and_mean_weights_changes_nothing(tmp_path, dataset, monkeypatch, step):
    config = gan.CONFIG(latent_size=3, batch_size=16, epochs=2, ema=0.9, **EVERYTHING)
    whole = train.start(tmp_path / "whole", "gan", config, dataset)
    assert train.train(whole, dataset).status == "finished"
    run, stop = train.start(tmp_path / "paused", "gan", config, dataset), StopRequest()
    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", stop_at(step, stop))
        assert train.train(run, dataset, stop=stop).status == "paused"
    run.close()
    again = Run.open(tmp_path / "paused", write=True)
    assert train.train(again, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(again))
    left, right = whole.metrics(), again.metrics()
    assert [row["generator_gradient"] for row in left] == pytest.approx(
        [row["generator_gradient"] for row in right], rel=1e-3
    )
    assert [row.get("val_loss") for row in left] == [row.get("val_loss") for row in right]
    model, _ = loading.load(again)
    assert int(np.asarray(model.replay.filled.value).sum()) > 0 and float(model.mean_steps.value) == 10.0
