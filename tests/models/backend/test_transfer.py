"""Transfer: labels drawn fairly, layers reused, the same classifier in both arms, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from models import __main__ as command_line
from models import denoising, transfer
from models.core import datasets
from models.core.errors import Cancelled, ConfigError, UserError
from models.core.family import DataSpec
from models.core.training import train as training
from models.core.work import Callbacks

DIGITS = DataSpec((8, 8, 1), 10)
QUICK = {"labels": 50, "seeds": 1, "epochs": 3, "frozen_epochs": 1}


@pytest.fixture
def digits() -> datasets.Dataset:
    return datasets.load("digits")


def model() -> denoising.Denoiser:
    return denoising.build(denoising.CONFIG(latent_size=6), DIGITS)


def test_labels_are_drawn_evenly_from_the_training_images_alone(digits: datasets.Dataset) -> None:
    learn, choose = transfer.draw_labels(digits, 100, 3)
    assert (len(learn.labels), len(choose.labels)) == (80, 20)
    np.testing.assert_array_equal(np.bincount(np.concatenate([learn.labels, choose.labels])), np.full(10, 10))
    assert np.bincount(choose.labels, minlength=10).min() >= 1
    train = {image.tobytes() for image in digits.images[digits.train].astype(np.float32) / 255}
    assert all(image.tobytes() in train for image in [*learn.images, *choose.images])
    again, _ = transfer.draw_labels(digits, 100, 3)
    np.testing.assert_array_equal(learn.images, again.images)
    assert not np.array_equal(learn.images, transfer.draw_labels(digits, 100, 4)[0].images)


def test_where_not_every_class_can_have_one_more_any_may(digits: datasets.Dataset) -> None:
    """It was always the first classes that had one more, and they alone chose the epoch."""
    drawn = [transfer.draw_labels(digits, 25, seed) for seed in range(30)]
    extra = [np.flatnonzero(np.bincount(np.concatenate([a.labels, b.labels])) == 3) for a, b in drawn]
    assert {len(classes) for classes in extra} == {5}
    assert set(np.concatenate(extra)) == set(np.concatenate([choose.labels for _, choose in drawn])) == set(range(10))


def test_more_labels_than_there_are_is_refused(digits: datasets.Dataset) -> None:
    with pytest.raises(ConfigError, match="labels must be at most"):
        transfer.draw_labels(digits, 100_000, 0)


def test_lower_layers_are_the_first_ones_of_the_encoder() -> None:
    whole = model()
    assert transfer.lower_layers(whole).output_shape == (None, 6)
    assert transfer.lower_layers(whole, 1).output_shape == (None, 100)
    with pytest.raises(ConfigError, match="layers must be at most 2"):
        transfer.lower_layers(whole, 3)
    conv = denoising.build(denoising.CONFIG(architecture="conv", **denoising.PHOTOS), DIGITS)
    with pytest.raises(UserError, match="no encoder"):
        transfer.lower_layers(conv)


def test_both_arms_are_the_same_classifier_with_other_beginnings() -> None:
    lower = transfer.lower_layers(model())
    (mine, copy), (scratch, fresh) = (transfer.classifier(lower, 10, 5, pretrained=p) for p in (True, False))
    assert [v.shape for v in mine.weights] == [v.shape for v in scratch.weights]
    for kept, original in zip(copy.get_weights(), lower.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, original)
    kernels = [layer.kernel for layer in fresh.layers if hasattr(layer, "kernel")]
    for kernel, original in zip(kernels, lower.get_weights()[::2], strict=True):
        assert not np.allclose(np.asarray(kernel), original)
        assert np.std(np.asarray(kernel)) == pytest.approx(np.std(original), rel=0.2)  # drawn by the same rule
    np.testing.assert_array_equal(mine.get_weights()[-2], scratch.get_weights()[-2])  # the new layer is the same


def test_the_reused_layers_stay_as_they_are_while_frozen(digits: datasets.Dataset) -> None:
    whole = model()
    lower = transfer.lower_layers(whole)
    before = [array.copy() for array in lower.get_weights()]
    config = transfer.TransferConfig(**{**QUICK, "epochs": 2, "frozen_epochs": 2})
    seen: list[list[np.ndarray]] = []
    original = keras.Model.set_weights

    def watch(self: keras.Model, weights: list[np.ndarray]) -> None:
        seen.append(weights)
        original(self, weights)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "set_weights", watch)
        transfer.compare(whole, digits, config)
    kept = next(weights for weights in seen if len(weights) == len(before) + 2)
    for mine, old in zip(kept, before, strict=False):
        np.testing.assert_array_equal(mine, old)
    for mine, old in zip(lower.get_weights(), before, strict=True):  # the model itself is never touched
        np.testing.assert_array_equal(mine, old)


def test_a_comparison_has_curves_confusion_and_gain(digits: datasets.Dataset) -> None:
    told: list[tuple[int, int]] = []
    config = transfer.TransferConfig(**QUICK)
    found = transfer.compare(model(), digits, config, work=Callbacks(lambda _, done, total: told.append((done, total))))
    assert told == [(number, 6) for number in range(1, 7)]
    assert [arm.arm for arm in found.arms] == ["pretrained", "scratch"]
    tests = digits.test.stop - digits.test.start
    for arm in found.arms:
        confusion = np.array(arm.confusion)
        assert confusion.shape == (10, 10) and confusion.sum() == tests
        assert arm.accuracy == pytest.approx(np.trace(confusion) / tests)
        assert {name: len(values) for name, values in arm.curves.items()} == dict.fromkeys(
            ("loss", "accuracy", "val_loss", "val_accuracy"), 3
        )
        assert 1 <= arm.best_epoch <= 3
    assert found.gain == pytest.approx(100 * (found.arms[0].accuracy - found.arms[1].accuracy))
    json.dumps(found.data(), allow_nan=False)


def test_cancel(digits: datasets.Dataset) -> None:
    with pytest.raises(Cancelled):
        transfer.compare(model(), digits, transfer.TransferConfig(**QUICK), work=Callbacks(cancelled=lambda: True))


def test_another_shape_is_refused(digits: datasets.Dataset) -> None:
    other = denoising.build(denoising.CONFIG(), DataSpec((28, 28, 1)))
    with pytest.raises(UserError, match="another shape"):
        transfer.compare(other, digits, transfer.TransferConfig(**QUICK))


def test_the_command_prints_seeds_means_and_gain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = datasets.load("digits")
    config = denoising.CONFIG(latent_size=6, epochs=1, batch_size=256)
    with training.start(tmp_path / "run", "denoising", config, dataset) as run:
        training.train(run, dataset)
    out = tmp_path / "found.json"
    arguments = ["transfer", str(tmp_path / "run"), "--labels", "50", "--seeds", "2", "--epochs", "2"]
    assert command_line.main([*arguments, "--frozen-epochs", "1", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "seed 42: pretrained" in said and "seed 43: pretrained" in said
    assert "mean: pretrained" in said and "points of test accuracy with 50 labels" in said
    assert len(json.loads(out.read_text())["arms"]) == 4
    assert command_line.main(["transfer", str(tmp_path / "run"), "--labels", "5"]) == 2
    assert "labels must be at least 20" in capsys.readouterr().err
