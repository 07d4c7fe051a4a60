"""Keras copies, writes and reads whole models of every family, and ``fit`` takes images as datasets hold them."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest

import models
from models import transfer
from models.core.errors import UserError
from models.core.keras_internals import read_variable
from tests.tools import small_models

ONE_EACH = [case for case in small_models.CASES if case in models.FAMILIES]
LABELS = np.arange(8, dtype=np.int32) % len(small_models.CLASSES)


def test_every_family_is_among_the_cases() -> None:
    assert {key for key, _, _ in small_models.CASES.values()} == set(models.FAMILIES)


def images_for(model: Any) -> Any:
    return np.random.default_rng(1).integers(0, 256, (8, *model.spec.image_shape), np.uint8)


def known(model: Any) -> Any:
    return None if getattr(model, "condition_kind", "none") == "none" else LABELS


def values(variables: Any) -> list[Any]:
    return [read_variable(variable) for variable in variables]


def kept(model: Any) -> list[Any]:
    """What Keras writes: it leaves the state of random generators out, also in its own layers."""
    return [variable for variable in model.variables if "seed_generator" not in variable.path]


def same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(values(first), values(second), strict=True))


def counted(monkeypatch: pytest.MonkeyPatch, family: type[Any]) -> list[str]:
    """Grows by one whenever a step of training is traced."""
    traces: list[str] = []
    plain = family.train_step

    def noted(self: Any, *arguments: Any) -> Any:
        traces.append(self.name)
        return plain(self, *arguments)

    monkeypatch.setattr(family, "train_step", noted)
    return traces


@pytest.mark.parametrize("case", small_models.CASES)
def test_a_whole_model_is_copied_written_by_a_callback_and_read_again(case, tmp_path, monkeypatch) -> None:
    model = small_models.build(case, monkeypatch)
    assert json.loads(json.dumps(model.get_config())) == model.get_config()
    twin = keras.models.clone_model(model)
    assert type(twin) is type(model) and twin.get_config() == model.get_config()
    assert [v.shape for v in twin.variables] == [v.shape for v in model.variables]
    path, images = tmp_path / "whole.keras", images_for(model)
    traces = counted(monkeypatch, type(model))
    model.compile(optimizer=model.make_optimizer())
    callback = keras.callbacks.ModelCheckpoint(str(path))
    seen = model.fit(images, known(model), batch_size=4, shuffle=False, verbose=0, callbacks=[callback]).history
    assert len(traces) == 1 or keras.backend.backend() == "jax"  # the longest part of a start, so once
    twin.compile(optimizer=twin.make_optimizer())
    floats = images.astype(np.float32) / 255.0
    assert twin.fit(floats, known(model), batch_size=4, shuffle=False, verbose=0).history["loss"] == pytest.approx(
        seen["loss"], rel=1e-3
    )  # bytes and floats are the same images, and the copy begins with the same weights
    back = keras.saving.load_model(path)
    assert type(back) is type(model) and same(kept(back), kept(model))
    assert type(back.optimizer) is type(model.optimizer) and same(back.optimizer.variables, model.optimizer.variables)
    assert back.config == model.config and back.spec == model.spec


def test_a_model_with_an_optimizer_of_keras_keeps_it(tmp_path, monkeypatch) -> None:
    model = small_models.build("gan", monkeypatch)
    model.compile(optimizer=keras.optimizers.SGD(0.25))
    model.save(tmp_path / "whole.keras")
    back = keras.saving.load_model(tmp_path / "whole.keras")
    assert isinstance(back.optimizer, keras.optimizers.SGD) and float(back.optimizer.learning_rate) == 0.25


def test_a_classifier_of_the_transfer_experiment_is_copied_and_written(tmp_path, monkeypatch) -> None:
    lower = transfer.lower_layers(small_models.build("vae", monkeypatch))
    model, _ = transfer.classifier(lower, 3, 0, pretrained=True)
    assert keras.models.clone_model(model).get_config() == model.get_config()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    images = np.random.default_rng(0).random((8, 8, 8, 1), np.float32)
    callback = keras.callbacks.ModelCheckpoint(str(tmp_path / "whole.keras"))
    model.fit(images, LABELS, verbose=0, callbacks=[callback])
    back = keras.saving.load_model(tmp_path / "whole.keras")
    np.testing.assert_array_equal(back.predict_on_batch(images), model.predict_on_batch(images))


@pytest.mark.parametrize("case", small_models.CASES)
def test_keras_copies_the_networks_inside(case, monkeypatch) -> None:
    model = small_models.moved(small_models.build(case, monkeypatch))
    for network in model.parts().values():
        if not isinstance(network, keras.Model) or any("Levels" in type(one).__name__ for one in network.layers):
            continue
        copy = keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
        given = [np.full((2, *(s or 8 for s in t.shape[1:])), 1, t.dtype) for t in network.inputs]
        given = given if len(given) > 1 else given[0]
        for mine, theirs in zip(*(keras.tree.flatten(n.predict_on_batch(given)) for n in (network, copy)), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.parametrize("case", ONE_EACH)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [(np.full((4, 8, 8, 1), 200.0, np.float32), "reach from 200 to 200"), (np.ones((4, 8, 8, 1), np.int64), "int64"),
     (np.full((4, 8, 8, 1), np.nan, np.float32), "nan")],
)  # fmt: skip
def test_fit_says_what_it_wants(case, wrong, said, monkeypatch) -> None:
    model = small_models.build(case, monkeypatch)
    model.compile(optimizer=model.make_optimizer())
    for use in (model.fit, model.evaluate):
        with pytest.raises(UserError, match=r"float32 in \[0, 1\] or uint8") as caught:
            use(wrong, verbose=0)
        assert said in str(caught.value) and "255" in caught.value.advice


class Integers(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> tuple[Any]:
        return (np.ones((4, 8, 8, 1), np.int32),)


def test_fit_says_so_for_batches_that_come_one_by_one_too(monkeypatch) -> None:
    model = small_models.build("vae", monkeypatch)
    model.compile(optimizer=model.make_optimizer())
    with pytest.raises(UserError, match="these are int32"):
        model.fit(Integers(), verbose=0)


def test_predict_takes_bytes_too(monkeypatch) -> None:
    model = small_models.build("sparse", monkeypatch)
    images = images_for(model)
    mine, theirs = (model.predict(one, verbose=0)["image"] for one in (images, images / np.float32(255)))
    np.testing.assert_allclose(mine, theirs, atol=1e-6)
