"""The dense GAN and the DCGAN: the textbook's networks, conditions, and what their panels need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import dcgan, gan
from models.core import datasets, loading, state
from models.core.batches import Batches, conditions
from models.core.capabilities import Conditions, capabilities
from models.core.errors import ConfigError, UserError
from models.core.family import DataSpec
from models.core.images import convert, decoding
from models.core.training import estimate, train
from tests.tools.images import blobs

CLASSES = DataSpec((28, 28, 1), 3, (), ("coat", "bag", "boot"))
TRAITS = DataSpec((32, 32, 3), 0, ("glasses", "beard"))
SMALL = {"latent_size": 5, "width": 4, "batch_size": 8, "epochs": 1}


def small(spec, **values):
    return dcgan.build(dcgan.CONFIG(**{**SMALL, **values}), spec)


def labelled(count=24):
    dataset = blobs(count, (28, 28, 1))
    labels = (np.arange(count) % 3).astype(np.int32)
    return replace(dataset, labels=labels, label_names=CLASSES.label_names)


def test_the_gan_s_defaults_are_the_textbook_s():
    config = gan.CONFIG()
    assert (config.latent_size, config.epochs, config.batch_size, config.optimizer) == (30, 50, 32, "rmsprop")
    assert not any((config.replay, config.minibatch, config.smoothing, config.separate_rates, config.ema))
    model = gan.build(config, DataSpec((28, 28, 1)))
    assert [layer.units for layer in model.generator.layers if hasattr(layer, "units")] == [100, 150, 784]
    assert [layer.units for layer in model.discriminator.layers if hasattr(layer, "units")] == [150, 100, 1]
    assert model.make_optimizer().name.startswith("two_rates_rm")


def test_the_dcgan_s_defaults_are_the_textbook_s():
    model = dcgan.build(dcgan.CONFIG(), DataSpec((28, 28, 1)))
    shapes = [tuple(layer.output.shape[1:]) for layer in model.generator.layers if layer.name[:2] in ("re", "up", "pi")]
    assert shapes[0] == (7, 7, 128) and (14, 14, 64) in shapes and shapes[-1] == (28, 28, 1)
    downs = [layer for layer in model.discriminator.layers if layer.name.startswith("down")]
    assert [layer.filters for layer in downs] == [64, 128]
    assert {(layer.kernel_size, layer.strides) for layer in downs} == {((5, 5), (2, 2))}
    assert dcgan.CONFIG().dropout == 0.4 and dcgan.LEAK == 0.2
    assert capabilities(model) == {"Decodes", "TakesPhases"}


@settings(deadline=None, max_examples=40)
@given(small_side=st.integers(4, 9), levels=st.integers(2, 5), wide=st.booleans())
def test_any_side_that_halves_twice_is_halved_until_it_is_small(small_side, levels, wide):
    side = small_side * 2**levels
    shape = (side, side * (2 if wide else 1), 3)
    if side < 28 or max(shape) > 128:
        return
    found = dcgan.halvings(shape)
    rest = side // 2**found
    assert rest * 2**found == side and rest >= 4 and found >= levels
    assert rest % 2 or rest < 8


@pytest.mark.parametrize("shape", [(8, 8, 1), (30, 30, 1), (256, 256, 3), (64, 200, 3)])
def test_sides_that_do_not_suit_are_named(shape):
    with pytest.raises(ConfigError, match=f"{shape[0]} x {shape[1]}"):
        small(DataSpec(shape))


@pytest.mark.parametrize("shape", [(28, 28, 1), (48, 32, 3), (64, 64, 3)])
def test_it_paints_what_it_is_given_the_shape_of(shape):
    model = small(DataSpec(shape))
    generated = model.decode(model.sample_codings(3, 1))
    assert generated.shape == (3, *shape) and generated.min() >= 0 and generated.max() <= 1
    np.testing.assert_array_equal(generated, small(DataSpec(shape)).decode(model.sample_codings(3, 1)))
    assert set(model.parts()) == {"generator"}


def test_suggestions_suit_the_data():
    assert gan.suggest(DataSpec((28, 28, 1))) == {}
    for spec in (DataSpec((28, 28, 1)), DataSpec((64, 64, 3)), DataSpec((128, 128, 3))):
        assert dcgan.CONFIG(**dcgan.suggest(spec)).optimizer == "adam"
    assert gan.CONFIG(**gan.suggest(DataSpec((64, 64, 3)))).batch_size == 64


@pytest.mark.parametrize(("kind", "spec"), [("class", TRAITS), ("attributes", CLASSES)])
def test_a_condition_that_the_dataset_does_not_know_is_refused(kind, spec):
    with pytest.raises(ConfigError) as caught:
        small(spec, condition=kind)
    assert set(caught.value.fields) == {"condition"}


def test_labels_become_one_hot_and_attributes_numbers():
    model, other = small(CLASSES, condition="class"), small(TRAITS, condition="attributes")
    assert capabilities(model) == capabilities(other) == {"Decodes", "Conditions", "TakesPhases"}
    assert isinstance(model, Conditions) and not isinstance(small(CLASSES), Conditions)
    assert (model.condition_names, other.condition_names) == (("coat", "bag", "boot"), ("glasses", "beard"))
    np.testing.assert_array_equal(model.conditions_of(np.array([2, 0], np.int32)), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(other.conditions_of(np.array([[1, 0]], bool)), [[1.0, 0.0]])
    assert (model.latent_size, other.latent_size) == (8, 7)  # noise and condition
    with pytest.raises(UserError, match="together"):
        model.conditions_of(None)


def test_batches_keep_each_image_with_its_label():
    dataset = labelled()
    model = small(CLASSES, condition="class")
    known = conditions(model, dataset)
    batches = Batches(dataset.images, dataset.train, 5, seed=3, conditions=known)
    for index in range(len(batches)):
        pictures, labels = batches[index]
        for picture, label in zip(pictures, labels, strict=True):
            at = next(i for i, image in enumerate(dataset.images) if np.array_equal(convert.to_float(image), picture))
            assert known[at] == label
    assert len(Batches(dataset.images, dataset.train, 5)[0]) == 1
    assert conditions(small(CLASSES), dataset) is None
    with pytest.raises(UserError, match="no class"):
        conditions(model, blobs())


@pytest.mark.parametrize(("kind", "spec"), [("class", CLASSES), ("attributes", TRAITS)])
def test_what_is_asked_for_goes_into_both_networks(kind, spec):
    model = small(spec, condition=kind, ema=0.0)
    codings = model.sample_codings(2, 0)
    asked = model.preview_conditions()[:2]
    assert not np.array_equal(*(model.decode_with(codings[:1], one[None]) for one in asked))
    mine = codings.copy()
    mine[:, -len(model.condition_names) :] = asked
    np.testing.assert_array_equal(model.decode(mine), model.decode_with(codings, asked))
    mine[0, -1] = 7.0  # out of range: brought back to 1
    limited = mine.copy()
    limited[0, -1] = 1.0
    np.testing.assert_array_equal(model.decode(mine), model.decode(limited))
    pictures = np.random.default_rng(0).random((2, *spec.image_shape), np.float32)
    verdicts = [np.asarray(model.logits(pictures, np.repeat(one[None], 2, 0), False)) for one in asked]
    assert not np.array_equal(*verdicts)


def test_codings_are_drawn_with_conditions_that_training_saw():
    model = small(CLASSES, condition="class")
    assert set(model.sample_codings(64, 0)[:, -3:].argmax(axis=1)) == {0, 1, 2}  # before: each class alike
    model.compile(optimizer=model.make_optimizer())
    pictures = np.random.default_rng(0).random((600, 28, 28, 1), np.float32)
    model.fit(pictures, np.full(600, 1, np.int32), batch_size=300, verbose=0)
    state.settle(model)
    drawn = model.sample_codings(50, 0)
    np.testing.assert_array_equal(drawn[:, -3:], np.tile([[0, 1, 0]], (50, 1)))
    np.testing.assert_array_equal(drawn, model.sample_codings(50, 0))


@pytest.mark.parametrize("condition", ["none", "class"])
def test_truncation_brings_samples_nearer_to_the_middle_and_leaves_conditions(condition):
    spec = DataSpec((28, 28, 1), 3)
    whole, nearer = (small(spec, condition=condition, truncation=amount) for amount in (1.0, 0.5))
    far, near = (model.sample_codings(40, 7) for model in (whole, nearer))
    kept = 3 if condition == "class" else 0
    free = far.shape[1] - kept
    np.testing.assert_allclose(near[:, :free], 0.5 * far[:, :free], rtol=1e-6)
    np.testing.assert_array_equal(near[:, free:], far[:, free:])


def test_a_conditional_run_trains_resumes_and_shows_a_column_a_class(tmp_path):
    dataset = labelled()
    config = dcgan.CONFIG(**SMALL, condition="class", replay=True, replay_size=8)
    with train.start(tmp_path / "run", "dcgan", config, dataset) as run:
        assert train.train(run, dataset).status == "finished"
        train.change(run, {"epochs": 2})
        assert train.train(run, dataset).status == "finished"
        sheet = decoding.decode(run.samples("samples")[-1][1])
        assert sheet.shape[:2] == (4 * 28, 3 * 28)
        model, _ = loading.load(run)
        assert model.condition_names == CLASSES.label_names


def test_attributes_train_from_a_dataset(tmp_path):
    dataset = blobs(16, (32, 32, 3))
    traits = np.random.default_rng(0).random((16, 2)) > 0.5
    dataset = replace(dataset, attributes=traits, attribute_names=TRAITS.attribute_names)
    config = dcgan.CONFIG(**SMALL, condition="attributes")
    with train.start(tmp_path / "run", "dcgan", config, dataset) as run:
        assert train.train(run, dataset).status == "finished"


def test_the_cost_of_a_conditional_run_can_be_estimated():
    config = dcgan.CONFIG(**SMALL, condition="class")
    cost = estimate.estimate(dcgan, config, CLASSES, 80)
    assert cost.seconds > 0 and cost.weights > 1000


def test_an_outline_knows_the_conditions_of_the_datasets_that_come_with_the_program():
    assert datasets.outline("digits").spec == datasets.load("digits").spec
