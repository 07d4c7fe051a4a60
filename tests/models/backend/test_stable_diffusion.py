"""Stable Diffusion 3, tiny and random: saved as a preset, loaded like a run, and walked with KerasHub's own numbers."""

import dataclasses

import keras
import numpy as np
import pytest

from models.core import capabilities, loading
from models.core.diffusion import words
from models.core.diffusion.capability import Diffuses, Kept, Sampling, begun
from models.core.diffusion.prompt import Prompt, wanted
from models.core.errors import Cancelled, RunFormatError, UserError
from models.core.hub import library, presets, tiny
from models.core.record import Run, preset
from models.core.training import warm_up
from models.core.work import Callbacks

pytestmark = pytest.mark.skipif(bool(library.missing()), reason="KerasHub is not installed: the extra stable-diffusion")
STEPS = Sampling("euler", 4, guidance=7.0, seed=3)
PROMPT = Prompt(text="a red cat", negative="dog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.save(tmp_path_factory.mktemp("presets") / "tiny")


@pytest.fixture(scope="module")
def model(folder):
    return loading.load(Run.open(folder))[0]


def asked(model, count=1, prompt=PROMPT):
    return wanted(model.condition, prompt, count)


def images_of(count, seed=0):
    return np.random.default_rng(seed).random((count, tiny.SIDE, tiny.SIDE, 3), np.float32)


def test_it_diffuses_like_any_other_model(model):
    assert isinstance(model, Diffuses) and isinstance(model, loading.ComesTrained)
    assert capabilities.capabilities(model) == {"Diffuses"}
    assert model.networks.task.backbone.count_params() == tiny.PARAMETERS
    assert model.condition.offer.kind == "text" and model.condition.offer.images == 8
    warm_up.warm(model)


@pytest.mark.parametrize("steps, guidance", [(4, 1.0), (28, 7.0)])
def test_steps_one_by_one_are_kerashub_s_own_generate(model, steps, guidance):
    task = model.networks.task
    task.generate_function = None  # KerasHub keeps the times of the number of steps that it was traced with
    texts = {"prompts": [PROMPT.text], "negative_prompts": [PROMPT.negative]}
    theirs = task.generate(texts, num_steps=steps, guidance_scale=guidance, seed=3)
    start = 1000, np.asarray(keras.ops.convert_to_numpy(keras.random.normal((1, *model.state_shape), seed=3)))
    sampling = Sampling("euler", steps, guidance=guidance)
    *_, last = model.reverse(sampling, start=start, **asked(model))
    np.testing.assert_allclose(255.0 * model.pictures(last.x), theirs, atol=1.0)
    assert theirs.std() > 10


def test_image_to_image_is_what_kerashub_s_steps_make(model):
    backbone, images = model.networks.task.backbone, images_of(1)
    backbone.configure_scheduler(4)
    time, x = begun(model, images, 667, seed=5)  # the second of the four times
    noise = (x - np.float32(model.rates.signal[667]) * model.states(images)) / np.float32(model.rates.noise[667])
    theirs = backbone.add_noise_step(model.states(images), noise, *map(keras.ops.convert_to_tensor, (1, 4)))
    np.testing.assert_allclose(x, theirs, atol=1e-5)
    tokens = [model.networks._preprocess([text]) for text in (PROMPT.text, PROMPT.negative)]
    sentences = backbone.encode_text_step(*tokens)
    for step in (1, 2, 3):
        theirs = backbone.denoise_step(theirs, sentences, step, 4, 7.0)
    *_, last = model.reverse(STEPS, start=(time, x), **asked(model))
    np.testing.assert_allclose(last.x, keras.ops.convert_to_numpy(theirs), atol=2e-4)


def test_the_same_seed_gives_the_same_image_whatever_is_loaded(model, folder):
    again = loading.load(Run.open(folder))[0]
    first, second = (one.sample(2, 5, sampling=STEPS, **asked(one, 2)) for one in (model, again))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - model.sample(2, 6, sampling=STEPS, **asked(model, 2))).max() > 0.05
    assert np.abs(first - model.sample(2, 5, sampling=STEPS, **asked(model, 2, Prompt(text="dog")))).max() > 0.01


def test_an_image_to_begin_with_is_encoded_the_same_way_each_time(model):
    np.testing.assert_array_equal(model.states(images_of(2)), model.states(images_of(2)))


def test_a_fork_goes_on_from_a_step_bit_for_bit(model):
    steps = list(model.reverse(STEPS, **asked(model)))
    rest = list(model.reverse(STEPS, start=(steps[2].t, steps[2].x), **asked(model)))
    np.testing.assert_array_equal(rest[-1].x, steps[-1].x)


def test_pixels_outside_the_mask_stay_as_they_are(model):
    images, mask = images_of(1), np.zeros((1, tiny.SIDE, tiny.SIDE, 1), bool)
    mask[:, 5:30, 7:40] = True
    kept = Kept(images, mask)
    *_, last = model.reverse(dataclasses.replace(STEPS, repeats=2), kept=kept, **asked(model))
    found = model.pictures(last.x, kept)
    np.testing.assert_array_equal(np.where(mask, 0, found), np.where(mask, 0, images))
    assert np.abs(np.where(mask, found - images, 0)).max() > 0.1


def test_a_step_can_be_cancelled_within_it(model):
    asks = iter([False, True])
    work = Callbacks(cancelled=lambda: next(asks))  # the prompt is seen, the negative prompt no more
    with pytest.raises(Cancelled):
        next(model.reverse(STEPS, **asked(model), work=work))


def test_each_word_has_a_map_and_a_strength(model):
    *_, before, _ = model.reverse(STEPS, **asked(model))
    maps = words.by_step(model, PROMPT.text, [(before.t, before.x[0]), (0, before.x[0])])
    assert maps.shape == (2, 3, *model.state_shape[:2]) and not maps[1].any()
    assert (maps[0].max(axis=(1, 2)) > 0).all()
    plain = model.sample(1, 5, sampling=STEPS, **asked(model, prompt=Prompt(text="a red cat")))
    for strength, same in ((1.0, True), (2.0, False)):
        strong = asked(model, prompt=Prompt(text="a red cat", strengths=(1.0, strength)))
        assert np.array_equal(plain, model.sample(1, 5, sampling=STEPS, **strong)) == same
    without = model.condition.without_each("A red, red cat")
    np.testing.assert_array_equal(without[1:2], model.condition.sentences(["red, red cat"]))


def test_too_little_memory_is_said_before_anything_is_read(folder, monkeypatch):
    built = loading.build(Run.open(folder))
    monkeypatch.setattr("models.core.device.memory_free", lambda: 10_000_000)
    with pytest.raises(UserError, match=r"needs 0\.0 GB of memory, 0\.0 GB are free.*--precision bfloat16"):
        built.fetch()
    with pytest.raises(UserError, match="not loaded"):
        built.condition.sentences(["a cat"])


def test_memory_that_runs_out_is_survived(model, monkeypatch):
    def fail(*given):
        raise MemoryError

    with monkeypatch.context() as patched, pytest.raises(UserError, match=r"Memory ran out.*fewer images"):
        patched.setattr(model.networks.diffuser, "predict_on_batch", fail)
        next(model.reverse(STEPS, **asked(model)))
    assert model.sample(1, 5, sampling=STEPS, **asked(model)).shape == (1, tiny.SIDE, tiny.SIDE, 3)


def test_damaged_weights_are_one_sentence(folder, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in folder.rglob("*"):
        copy = damaged / path.relative_to(folder)
        copy.mkdir() if path.is_dir() else copy.write_bytes(path.read_bytes())
    whole = (damaged / preset.WEIGHTS).read_bytes()
    (damaged / preset.WEIGHTS).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunFormatError, match=r"cannot be read.*Copy the whole folder"):
        loading.load(Run.open(damaged))


def test_half_precision_makes_nearly_the_same_image(model, folder, tmp_path):
    half = presets.adopt(str(folder), {"precision": "bfloat16"}, tmp_path / "run")
    other = loading.load(Run.open(half))[0]
    backbone = other.networks.task.backbone
    for part in (backbone.diffuser, backbone.vae, backbone.clip_l, backbone.clip_g):
        assert all(variable.dtype == "bfloat16" for variable in part.trainable_variables)
    assert other.bytes_needed < model.bytes_needed
    first, second = (one.sample(1, 5, sampling=STEPS, **asked(one)) for one in (model, other))
    assert 0 < np.abs(first - second).mean() < 0.05


def test_another_size_makes_larger_images(folder, tmp_path):
    large = presets.adopt(str(folder), {"size": 80}, tmp_path / "run")
    other = loading.load(Run.open(large))[0]
    assert other.sample(1, 5, sampling=STEPS, **asked(other)).shape == (1, 80, 80, 3)
