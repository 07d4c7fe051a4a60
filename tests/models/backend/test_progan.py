"""Progressive growing: fading in is exact at both ends, growth follows from a count, and a pause changes nothing."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from models import progan
from models.core import loading, state
from models.core.adversarial import resolutions
from models.core.capabilities import capabilities
from models.core.errors import ConfigError
from models.core.family import DataSpec
from models.core.keras_internals import read_variable
from models.core.latent import inversion
from models.core.record import Run
from models.core.training import estimate, train
from models.core.training.phases import Phases
from models.core.training.recorder import StopRequest
from tests.tools.images import blobs
from tests.tools.trainings import final_weights, same, stop_at

TINY = {"latent_size": 5, "width": 6, "batch_size": 8, "phase_images": 16, "ema": 0.9}
GREY, LARGER = DataSpec((8, 8, 1)), DataSpec((16, 16, 3))
IMAGES = np.random.default_rng(0).random((24, 16, 16, 3), np.float32)


def tiny(spec=LARGER, **values):
    return progan.build(progan.CONFIG(**{**TINY, **values}), spec)


def compiled(spec=LARGER, **values):
    model = tiny(spec, **values)
    model.compile(optimizer=model.make_optimizer(), jit_compile=keras.backend.backend() == "jax")
    model.optimizer.build(model.trainable_variables)
    return model


def array(tensor):
    return read_variable(tensor)


def column(alpha, count=3):
    return np.full((count, 1), alpha, np.float32)


@pytest.mark.parametrize("level", [1, 2])
def test_what_fades_in_is_the_old_network_at_first_and_the_new_path_alone_in_the_end(level):
    model, codings = tiny(), np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    larger, smaller = (model.generator.networks[i] for i in (level, level - 1))
    old = array(smaller([codings, column(1.0)]))
    begun, ended = (array(larger([codings, column(alpha)])) for alpha in (0.0, 1.0))
    np.testing.assert_allclose(begun, old.repeat(2, axis=1).repeat(2, axis=2), atol=1e-5)
    inner = larger.get_layer(f"to_colour_{model.sizes[level][0]}").output
    path = keras.Model(larger.inputs, inner)
    np.testing.assert_allclose(ended, 0.5 + 0.5 * array(path([codings, column(0.3)])), atol=1e-5)
    assert np.abs(ended - begun).max() > 0.1
    half = array(larger([codings, column(0.5)]))
    np.testing.assert_allclose(half, 0.5 * (begun + ended), atol=1e-5)


@pytest.mark.parametrize("level", [1, 2])
def test_the_discriminator_judges_what_fades_in_as_its_smaller_picture_at_first(level):
    model = tiny()
    larger, smaller = (model.discriminator.networks[i] for i in (level, level - 1))
    images = array(resolutions.shrunk(IMAGES[:6], 2 - level))
    small = images.reshape(6, images.shape[1] // 2, 2, -1, 2, 3).mean(axis=(2, 4))
    known = array(smaller([small, column(1.0, 6)]))
    np.testing.assert_allclose(array(larger([images, column(0.0, 6)])), known, atol=1e-5)
    detail = images + 0.3 * np.indices(images.shape).sum(axis=0).__mod__(2)[..., :1]  # seen at full size only
    detail -= 0.15
    np.testing.assert_allclose(array(larger([detail, column(0.0, 6)])), known, atol=1e-4)
    assert np.abs(array(larger([detail, column(1.0, 6)])) - array(larger([images, column(1.0, 6)]))).max() > 1e-3


def test_real_images_fade_in_as_fakes_do():
    model = tiny()
    model.steps_done.assign(3)  # 24 images: in the middle of the first fade-in
    assert model.stage() == (1, 0.5)
    with model.at(1):
        found = array(model.real(IMAGES))
    fine = IMAGES.reshape(24, 8, 2, 8, 2, 3).mean(axis=(2, 4))
    coarse = IMAGES.reshape(24, 4, 4, 4, 4, 3).mean(axis=(2, 4)).repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(found, 0.5 * (fine + coarse), atol=1e-6)


def test_the_schedule_stays_fades_and_stays():
    schedule = progan.Schedule(images=100, batches=(10, 10, 10))
    assert [schedule.phase(step) for step in (0, 9, 10, 19, 20, 30, 39, 40, 999)] == [0, 0, 1, 1, 2, 3, 3, 4, 4]
    assert [schedule.level(step) for step in (0, 9, 10, 29, 30, 999)] == [0, 0, 1, 1, 2, 2]
    alphas = [float(schedule.alpha(schedule.level(step), step)) for step in (0, 10, 15, 20, 29, 30, 39, 40)]
    assert alphas == pytest.approx([1.0, 0.0, 0.5, 1.0, 1.0, 0.0, 0.9, 1.0])
    assert schedule.end == 40


def test_larger_sizes_take_smaller_batches_and_a_phase_still_sees_its_images():
    config = progan.CONFIG(batch_size=16, full_size_batch=4)
    assert progan.batches(config, 5) == (16, 11, 8, 6, 4) and progan.batches(config, 3) == (16, 8, 4)
    schedule = progan.Schedule(images=100, batches=progan.batches(config, 3))
    assert [schedule.steps(phase) for phase in range(5)] == [7, 13, 13, 25, 25] and schedule.end == 58
    assert [schedule.level(step) for step in (6, 7, 32, 33, 999)] == [0, 1, 1, 2, 2]
    assert float(schedule.alpha(2, 45)) == pytest.approx(12 / 25)
    with pytest.raises(ConfigError, match="full_size_batch"):
        progan.batches(progan.CONFIG(batch_size=16, full_size_batch=17), 3)


def test_a_step_at_a_larger_size_looks_at_its_own_batch(monkeypatch):
    model = compiled(full_size_batch=2)  # of 8: 8, 4, 2
    seen = []

    def noted(real, *arguments, plain=model.discriminator_loss):
        seen.append(tuple(real.shape[:2]))
        return plain(real, *arguments)

    monkeypatch.setattr(model, "discriminator_loss", noted)
    for _ in range(2 + 8 + 9):
        model.train_on_batch(IMAGES[:8])
    assert sorted(set(seen)) == [(2, 16), (4, 8), (8, 4)]
    model.test_on_batch(IMAGES[:8])
    assert seen[-1] == (8, 16)  # an evaluation looks at every image


def test_growth_is_live_and_both_networks_learn_at_every_level():
    model = compiled()
    seen = []
    for _ in range(10):  # two steps a phase, five phases
        before = [[read_variable(v) for v in net.trainable_variables] for net in (model.discriminator, model.generator)]
        logs = model.train_on_batch(IMAGES[:8], return_dict=True)
        state.settle(model)
        after = [[read_variable(v) for v in net.trainable_variables] for net in (model.discriminator, model.generator)]
        moved = [
            sum(not np.array_equal(a, b) for a, b in zip(*pair, strict=True))
            for pair in zip(before, after, strict=True)
        ]
        assert min(moved) > 0 and all(np.isfinite(value) for value in logs.values())
        seen.append((logs["resolution"], logs["alpha"], logs["phase"], *moved))
    assert [row[:3] for row in seen] == [
        (4, 1, 0), (4, 1, 0), (8, 0, 1), (8, 0.5, 1), (8, 1, 2), (8, 1, 2), (16, 0, 3), (16, 0.5, 3), (16, 1, 4),
        (16, 1, 4),
    ]  # fmt: skip
    assert seen[0][3] < seen[3][3] < seen[7][3] and seen[0][4] < seen[3][4] < seen[7][4]  # more weights take part


def test_a_single_fit_grows_and_a_validation_has_no_growth():
    model = compiled(GREY)
    pictures = IMAGES[:, :8, :8, :1]
    history = model.fit(pictures, batch_size=8, epochs=3, verbose=0, validation_data=(pictures,)).history
    assert history["resolution"] == [8, 8, 8] and history["alpha"] == [0.0, 1.0, 1.0]
    assert not {"val_alpha", "val_resolution", "val_phase"} & set(history)
    assert model.stage() == (1, 1.0)
    assert capabilities(model) == {"Decodes", "TakesPhases"}


def test_a_pause_in_the_middle_of_a_fade_in_changes_nothing(tmp_path, monkeypatch):
    dataset = blobs(48, (8, 8, 1))  # 36 to train with: five steps an epoch, the last one short
    config = progan.CONFIG(**{**TINY, "phase_images": 24}, epochs=2)  # phases of three steps
    whole = train.start(tmp_path / "whole", "progan", config, dataset)
    assert train.train(whole, dataset).status == "finished"
    run, stop = train.start(tmp_path / "paused", "progan", config, dataset), StopRequest()
    with monkeypatch.context() as patched:
        patched.setattr(train, "Recorder", stop_at(4, stop))
        assert train.train(run, dataset, stop=stop).status == "paused"
    run.close()
    again = Run.open(tmp_path / "paused", write=True)
    model, _ = loading.load(again)
    assert model.stage() == (1, pytest.approx(1 / 3))
    assert train.train(again, dataset).status == "finished"
    assert same(final_weights(whole), final_weights(again))
    expected = np.clip((np.arange(10) * 8 - 24) / 24, 0, 1)
    expected[:3] = 1.0
    for one in (whole, again):
        assert [row["alpha"] for row in one.metrics()] == pytest.approx(expected.tolist())
        assert [row["resolution"] for row in one.metrics()] == [4] * 3 + [8] * 7


def test_pictures_are_as_large_as_the_dataset_s_from_the_beginning():
    model = tiny()
    codings = model.sample_codings(2, 0)
    for step, side in ((0, 4), (3, 8), (7, 16)):
        model.steps_done.assign(step)
        generated = model.decode(codings)
        assert generated.shape == (2, 16, 16, 3) and generated.min() >= 0 and generated.max() <= 1
        times = 16 // side
        np.testing.assert_array_equal(generated, generated[:, ::times, ::times].repeat(times, 1).repeat(times, 2))
        exported = model.parts()["generator"].predict_on_batch(codings)
        np.testing.assert_allclose(exported, generated, atol=1e-5)
    assert inversion.invert(model, generated, steps=2).shape == (2, 5)


def test_a_phase_of_one_network_leaves_the_other_alone_and_sees_this_level_s_pictures():
    model = compiled()
    model.steps_done.assign(3)
    phases = Phases(model, (IMAGES[:4], None), seed=1)
    change = phases.discriminator_phase(IMAGES[:8])
    assert change.moved["generator"] == 0.0 < change.moved["discriminator"]
    assert change.before.fakes.shape == (4, 16, 16, 3) and change.before.losses != change.after.losses


def test_the_cost_is_that_of_the_largest_size():
    model = tiny()
    model.finish_growing()
    assert model.stage() == (2, 1.0)
    assert estimate.estimate(progan, progan.CONFIG(**TINY), GREY, 40).seconds > 0


def test_sides_that_cannot_grow_are_named():
    with pytest.raises(ConfigError, match="30 x 31"):
        tiny(DataSpec((30, 31, 1)))
    for spec in (DataSpec((28, 28, 1)), DataSpec((64, 64, 3))):
        assert progan.CONFIG(**progan.suggest(spec)).optimizer == "adam"


@pytest.mark.parametrize("shape", [(8, 8, 1), (64, 64, 3)])
def test_a_run_that_ends_before_it_has_grown_says_so_beforehand(shape):
    config, spec = progan.CONFIG(phase_images=100, batch_size=10), DataSpec(shape)
    levels = len(progan.resolutions.sizes(shape, "progan"))
    enough = 10 * (2 * levels - 1)
    assert progan.too_short(config, spec, enough) == ""
    said = progan.too_short(config, spec, enough - 1)
    assert f"{enough:,}" in said and "epochs" in said
    assert "at 4 x 4 pixels" in progan.too_short(config, spec, 1)
