"""What a diffusion model can be asked for: classes, attributes, sentences; left out, refused, learned."""

import keras
import numpy as np
import pytest
from keras import ops

from models import ddpm, latent_diffusion
from models.core import device
from models.core.batches import conditions, no_conditions
from models.core.diffusion import text, tokenizer
from models.core.diffusion.capability import Sampling
from models.core.diffusion.conditions import AttributeCondition, TextCondition, condition_of
from models.core.diffusion.prompt import Prompt
from models.core.errors import ConfigError, DatasetError, UserError
from models.core.family import DataSpec, parse_config
from tests.tools.diffusers import TINY
from tests.tools.images import blobs

WORDS = ("a", "bright", "dark", "image")
SPEC = DataSpec((8, 8, 1), 3, ("bright", "left"), ("one", "two", "three"), WORDS, ("a bright image", "a dark image"))
FLOW = {"schedule": "flow", "prediction": "velocity", "drawn_times": "logit_normal", "loss": "mse"}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    monkeypatch.setitem(latent_diffusion.SIZES, "small", TINY)


def built(kind, **values):
    config = parse_config(ddpm.CONFIG, {"size": "small", "timesteps": 100, "condition": kind, "ema": 0, **values})
    return ddpm.build(config, SPEC)


# --- Sentences ---


def test_sentences_become_tokens():
    found = tokenizer.tokens_of(["A bright image!", "", "a purple image"], WORDS)
    assert found.shape == (3, tokenizer.LENGTH) and found.dtype == np.int32
    assert found[0, :5].tolist() == [tokenizer.BEGIN, 3, 4, 6, tokenizer.PADDING]
    assert found[1].tolist() == [tokenizer.BEGIN] + [tokenizer.PADDING] * (tokenizer.LENGTH - 1)
    assert found[2, :4].tolist() == [tokenizer.BEGIN, 3, tokenizer.RARE, 6]
    assert tokenizer.tokens_of(["a " * 100], WORDS)[0].tolist() == [tokenizer.BEGIN] + [3] * (tokenizer.LENGTH - 1)


def test_each_word_of_a_sentence_is_left_out_in_turn():
    tokens = tokenizer.tokens_of(["a bright image"], WORDS)[0]
    found = tokenizer.without_each(tokens)
    assert found[:, :4].tolist() == [[1, 0, 4, 6], [1, 3, 0, 6], [1, 3, 4, 0]]


def test_padding_is_not_attended_to_and_order_counts():
    tokens = keras.Input((tokenizer.LENGTH,), dtype="int32")
    encoder = keras.Model(tokens, text.encoded(tokens, len(WORDS), 0))
    rows = tokenizer.tokens_of(["a bright image", "image bright a"], WORDS)
    found = ops.convert_to_numpy(encoder(rows))
    padded = rows.copy()
    table = next(layer for layer in encoder.layers if layer.name == "words")
    embeddings = ops.convert_to_numpy(table.embeddings).copy()
    embeddings[tokenizer.PADDING] += 5.0
    table.embeddings.assign(embeddings)
    again = ops.convert_to_numpy(encoder(padded))
    np.testing.assert_allclose(found[:, :4], again[:, :4], atol=1e-5)
    assert np.abs(found[0, 2] - found[1, 2]).max() > 1e-4  # "bright" between other neighbours


# --- What is asked for, and what is left out ---


def test_attributes_are_one_minus_one_or_open():
    condition = AttributeCondition(("bright", "left"))
    known = condition.known(np.array([[1, 0], [0, 1]], np.float32))
    assert ops.convert_to_numpy(known).tolist() == [[1, -1], [-1, 1]]
    assert ops.convert_to_numpy(condition.left_out(known, np.array([True, False]))).tolist() == [[1, -1], [0, 0]]
    some = condition.left_out(known, np.array([[True, False], [False, True]]))
    assert ops.convert_to_numpy(some).tolist() == [[1, 0], [0, 1]]
    asked, negative = condition.asked(Prompt((("left", False),)), 2)
    assert asked.tolist() == [[0, -1], [0, -1]] and negative is None


def test_a_sentence_that_is_left_out_is_its_beginning():
    condition = TextCondition(WORDS)
    known = condition.known(condition.sentences(["a bright image", "a dark image"]))
    found = ops.convert_to_numpy(condition.left_out(known, np.array([True, False])))
    assert np.array_equal(found[0], ops.convert_to_numpy(known)[0])
    assert np.array_equal(found[1], condition.nothing(1)[0])
    asked, negative = condition.asked(Prompt(text="a dark image", negative="bright"), 3)
    assert np.array_equal(asked, condition.sentences(["a dark image"] * 3))
    assert np.array_equal(negative, condition.sentences(["bright"] * 3))


@pytest.mark.parametrize("kind", ["class", "attributes", "text"])
def test_training_draws_leave_it_out_now_and_then(kind):
    told = ops.convert_to_numpy(built(kind, drop=0.25)(np.zeros((4000, 8, 8, 1), np.float32))["told"])
    if kind == "attributes":
        assert told.shape == (4000, 2)
        assert told.any(axis=1).mean() == pytest.approx(0.75 * (1 - 0.25**2), abs=0.03)
    else:
        assert told.mean() == pytest.approx(0.75, abs=0.03)


WRONG = [
    ("class", np.array([3], np.int32)), ("class", np.zeros((1, 2), np.int32)), ("attributes", np.full((1, 2), 2.0)),
    ("attributes", np.zeros((1, 3))), ("text", np.full((1, tokenizer.LENGTH), 99)),
    ("text", np.zeros((1, 3), np.int32)),
    ("none", np.array([0], np.int32)), ("text", np.zeros((2, tokenizer.LENGTH), np.int32)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "rows"), WRONG)
def test_what_cannot_be_asked_for_is_refused(kind, rows):
    with pytest.raises(ConfigError) as caught:
        built(kind).sample(1, 0, conditions=rows, sampling=Sampling(steps=1))
    assert set(caught.value.fields) == {"conditions"}


@pytest.mark.parametrize(("kind", "spec"), [("class", DataSpec((8, 8, 1))), ("attributes", DataSpec((8, 8, 1))),
                                            ("text", DataSpec((8, 8, 1)))])  # fmt: skip
def test_a_dataset_without_it_is_refused(kind, spec):
    with pytest.raises(ConfigError) as caught:
        condition_of(kind, spec)
    assert set(caught.value.fields) == {"condition"}


def test_a_dataset_says_what_a_model_learns_from():
    dataset = blobs()
    with pytest.raises(DatasetError, match="attributes"):
        conditions(built("attributes"), dataset)
    model = built("text")
    assert no_conditions(model, 2).shape == (2, tokenizer.LENGTH)
    with pytest.raises(UserError, match="captions"):
        model.compute_loss(np.zeros((2, 8, 8, 1), np.float32), y_pred=model(np.zeros((2, 8, 8, 1), np.float32)))


def test_guidance_leads_from_the_negative_prompt_to_the_prompt():
    model = built("text")
    rng = np.random.default_rng(0)
    for layer in model.network.layers:  # residual blocks begin silent: let them speak
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel.assign(rng.normal(0, 0.1, layer.kernel.shape))
    x = rng.standard_normal((2, 8, 8, 1)).astype(np.float32)
    asked, away = (model.condition.sentences([one] * 2) for one in ("a bright image", "a dark image"))

    def seen(rows, instead, guidance):
        return model.predictor(rows, instead, guidance)(x, 40)

    there, here = seen(asked, away, 1.0), seen(away, asked, 1.0)
    assert np.abs(there - here).max() > 1e-4
    np.testing.assert_allclose(seen(asked, away, 3.0), here + 3.0 * (there - here), atol=1e-5)
    np.testing.assert_array_equal(seen(asked, asked, 3.0), there)


# --- Learned ---


def means(model, rows, **how):
    generated = model.sample(len(rows), 0, conditions=rows, sampling=Sampling("euler", 12, **how))
    return generated.mean(axis=(1, 2, 3))


@pytest.mark.parametrize("kind", ["attributes", "text"])
def test_a_model_learns_what_it_is_told(kind):
    model = built(kind, learning_rate=5e-3, **FLOW)
    bright = np.arange(192) % 2
    noise = 0.02 * np.random.default_rng(0).standard_normal((192, 8, 8, 1))
    x = np.clip(bright[:, None, None, None] + noise, 0.0, 1.0).astype(np.float32)
    if kind == "text":
        known = model.condition.sentences([f"a {'bright' if one else 'dark'} image" for one in bright])
        asked = model.condition.sentences(["a bright image", "a dark image"] * 4)
    else:
        known = np.stack([bright, np.random.default_rng(1).integers(0, 2, 192)], axis=1).astype(np.float32)
        asked = np.array([[1, 0], [-1, 0]] * 4, np.float32)
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    history = model.fit(x, known, epochs=25, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    found = means(model, asked, guidance=1.5)
    assert found[::2].mean() > found[1::2].mean() + 0.4


@pytest.mark.parametrize("kind", ["attributes", "text"])
@pytest.mark.parametrize("size", ["textbook", "small"])
def test_every_network_takes_every_condition(kind, size):
    model = built(kind, size=size)
    assert [one.name for one in model.network.inputs] == ["noisy", "time", model.condition.input]
    assert set(model.ports()) >= {"noisy", "time", model.condition.input}
    assert model.facts()["condition"]["kind"] == kind
    rows = model.condition.preview()
    assert model.sample(len(rows), 0, conditions=rows, sampling=Sampling(steps=1)).shape == (len(rows), 8, 8, 1)


def test_latent_diffusion_takes_text_as_well():
    values = {"size": "small", "width": 4, "autoencoder_steps": 1, "condition": "text", "ema": 0}
    model = latent_diffusion.build(parse_config(latent_diffusion.CONFIG, values), SPEC)
    rows = model.condition.sentences(["a bright image"])
    assert model.sample(1, 0, conditions=rows, sampling=Sampling(steps=1)).shape == (1, 8, 8, 1)
