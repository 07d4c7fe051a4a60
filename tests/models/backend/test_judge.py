"""The evaluator: it learns the labels, is kept, found damaged, cancelled; and what it says of samples is right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models import denoising, gan, vae
from models.core import datasets
from models.core.datasets import Dataset
from models.core.diffusion.capability import Sampling
from models.core.diffusion.conditions import ClassCondition
from models.core.diffusion.rates import Rates
from models.core.errors import Cancelled, UserError
from models.core.evaluation import evaluator, metrics, scores
from models.core.family import DataSpec
from models.core.images import convert
from models.core.training import train as training
from models.core.work import SILENT, Callbacks
from tests.tools.images import blobs

NAMES = ("left", "right", "both")


def marked(count: int = 120) -> Dataset:
    """Pictures with a bright bar at the left, the right or at both sides, on a noisy ground."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 60, (count, 16, 16, 1)).astype(np.uint8)
    labels = (np.arange(count) % 3).astype(np.int32)
    pixels[labels != 1, :, 1:5] = 220
    pixels[labels != 0, :, 11:15] = 220
    train, validation, test = datasets.splits(count)
    return replace(
        blobs(), images=pixels, labels=labels, label_names=NAMES, train=train, validation=validation, test=test
    )


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen steps are enough for images as plain as these."""
    monkeypatch.setattr(evaluator, "epochs_for", lambda count, shape: 12)


def with_attributes() -> Dataset:
    dataset = marked()
    assert dataset.labels is not None
    sides = np.stack([dataset.labels != 1, dataset.labels != 0], axis=1)
    return replace(dataset, labels=None, label_names=(), attributes=sides, attribute_names=("at left", "at right"))


@pytest.mark.parametrize("dataset", [marked(), with_attributes()], ids=["classes", "attributes"])
def test_it_learns_the_labels_and_is_kept(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    made = evaluator.evaluator_of(dataset, work=Callbacks(lambda what, done, total: told.append((done, total))))
    assert made.accuracy.min() > 0.9 and told[-1][0] == told[-1][1]
    monkeypatch.setattr(evaluator, "train", lambda *_, **__: pytest.fail("it was trained again"))
    kept = evaluator.evaluator_of(dataset)
    np.testing.assert_array_equal(kept.accuracy, made.accuracy)
    test = convert.to_float(dataset.images[dataset.test])
    for mine, other in zip(made.predict(test), kept.predict(test), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)
    assert made.predict(test)[0].shape == (12, evaluator.FEATURES)
    assert made.labels(test).shape == ((12,) if dataset.labels is not None else (12, 2))
    assert evaluator.path_of(dataset) != evaluator.path_of(replace(dataset, label_names=("a", "b", "c")))


def test_a_damaged_one_is_made_again_and_a_cancelled_one_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = marked()
    monkeypatch.setattr(evaluator, "epochs_for", lambda count, shape: 2)
    with pytest.raises(Cancelled):
        evaluator.evaluator_of(dataset, work=Callbacks(cancelled=lambda: True))
    path = evaluator.path_of(dataset)
    assert not path.exists()
    evaluator.evaluator_of(dataset)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    trained: list[int] = []
    real = evaluator.train
    monkeypatch.setattr(evaluator, "train", lambda *args, **more: trained.append(1) or real(*args, **more))
    again = evaluator.evaluator_of(dataset)
    assert trained == [1] and np.isfinite(again.accuracy).all()


def test_a_dataset_without_labels_is_refused() -> None:
    with pytest.raises(UserError, match="neither classes nor attributes"):
        evaluator.evaluator_of(replace(marked(), labels=None))
    with pytest.raises(UserError, match="too few"):
        evaluator.kind_of(replace(marked(), test=slice(0, 0)))


def test_shares_coverage_and_agreement() -> None:
    verdicts = np.array([0] * 97 + [1] * 2 + [2], np.int64)
    found = evaluator.shares(verdicts, ("a", "b", "c", "d"))
    np.testing.assert_allclose(found, [0.97, 0.02, 0.01, 0.0])
    assert evaluator.covered(found) == 2  # 2 % is enough, 1 % is not
    many = np.array([[1, 0], [1, 1], [0, 0], [1, 0]])
    np.testing.assert_allclose(evaluator.shares(many, ("x", "y")), [0.75, 0.25])
    np.testing.assert_allclose(evaluator.agreement(many, np.ones((4, 2), np.int64)), [0.75, 0.25])
    np.testing.assert_allclose(evaluator.agreement(verdicts, np.zeros(100, np.int64)), [0.97])


def test_frechet_distance_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    cloud = rng.standard_normal((4000, 3))
    assert metrics.frechet(cloud, cloud) == pytest.approx(0.0, abs=1e-9)
    assert metrics.frechet(cloud, cloud + 2.0) == pytest.approx(12.0, rel=1e-9)
    spreads = np.array([1.0, 3.0, 0.5])
    variances = cloud.var(axis=0, ddof=1)
    diagonal = np.square((spreads - 1.0) * np.sqrt(variances)).sum() + np.square(cloud.mean(0) * (spreads - 1)).sum()
    whitened = cloud @ np.linalg.inv(np.linalg.cholesky(np.cov(cloud, rowvar=False)).T)
    shift = np.square(whitened.mean(0) * (spreads - 1)).sum()
    assert metrics.frechet(whitened, whitened * spreads) == pytest.approx(((spreads - 1) ** 2).sum() + shift, rel=1e-6)
    assert metrics.frechet(cloud, cloud * spreads) == pytest.approx(diagonal, rel=0.05)
    assert metrics.frechet(cloud, whitened) == pytest.approx(metrics.frechet(whitened, cloud), abs=1e-9)
    with pytest.raises(ValueError, match="features"):
        metrics.frechet(cloud, cloud[:1])


class Painter:
    """Paints the bars that it is asked for, but a "both" as "left"."""

    latent_size = 3
    condition_kind = "class"
    condition_names = NAMES

    def decode(self, codings: np.ndarray) -> np.ndarray:
        asked = codings.argmax(axis=1)
        dataset = marked()
        pictures = convert.to_float(dataset.images)
        return np.stack([pictures[0 if label == 2 else label] for label in asked])

    def sample_codings(self, count: int, seed: int) -> np.ndarray:
        return np.eye(3, dtype=np.float32)[np.random.default_rng(seed).integers(0, 2, count)]

    def decode_with(self, codings: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        return self.decode(conditions)

    def preview_conditions(self) -> np.ndarray:
        return np.eye(3, dtype=np.float32)


class Beside(Painter):
    """Is asked for a bar at the left always and at the right every other time, but paints it at the left only."""

    latent_size = 2
    condition_kind = "attributes"
    condition_names = ("at left", "at right")

    def decode(self, codings: np.ndarray) -> np.ndarray:
        return np.repeat(convert.to_float(marked().images[:1]), len(codings), axis=0)

    def sample_codings(self, count: int, seed: int) -> np.ndarray:
        return np.stack([np.ones(count), np.arange(count) % 2], axis=1).astype(np.float32)


class Walker:
    """Walks to "left" unless a class is asked for; says how it was asked."""

    schedule = np.linspace(1.0, 0.1, 11)
    rates = Rates.preserving(schedule)
    condition = ClassCondition(NAMES)
    condition_kind = "class"
    condition_names = NAMES

    def __init__(self) -> None:
        self.asked: list[Sampling | None] = []

    def sample(self, count, seed, *, conditions=None, sampling=None, work=SILENT):  # type: ignore[no-untyped-def]
        self.asked.append(sampling)
        pictures = convert.to_float(marked().images)
        return pictures[np.zeros(count, int) if conditions is None else np.minimum(conditions, 1)]

    def forward(self, *arguments):  # type: ignore[no-untyped-def]
        raise AssertionError("a score walks to the end")

    reverse = pictures = noise_pictures = forward


def test_a_model_that_diffuses_is_judged_free_and_class_by_class() -> None:
    model, sampling = Walker(), Sampling(steps=3)
    found = scores.score(model, marked(), count=30, sampling=sampling)
    assert found.shares == {"left": 1.0, "right": 0.0, "both": 0.0}
    assert found.conditional == {"left": 1.0, "right": 1.0, "both": 0.0, "all": pytest.approx(2 / 3)}
    assert model.asked == [sampling, sampling]


def test_a_score_says_which_classes_are_missing_and_which_wishes_are_not_met() -> None:
    found = scores.score(Painter(), marked(), count=90)
    assert found.covered == 2 and found.shares["both"] == 0.0
    assert found.conditional == {"left": 1.0, "right": 1.0, "both": 0.0, "all": pytest.approx(2 / 3)}
    assert found.frechet > found.frechet_real > 0
    json.dumps(found.data(), allow_nan=False)


class Gapped(Walker):
    """Knows classes without images, as runs did whose labels had gaps; notes what it is asked for."""

    condition_names = ("left", "1", "right", "3", "both")

    def sample(self, count, seed, *, conditions=None, **more):  # type: ignore[no-untyped-def]
        if conditions is not None:
            self.asked.append(set(conditions.tolist()))
        return super().sample(count, seed, conditions=None if conditions is None else conditions // 2, **more)


def test_only_classes_with_training_images_are_asked_for() -> None:
    dataset, model = marked(), Gapped()
    assert dataset.labels is not None
    gapped = replace(dataset, labels=dataset.labels * 2, label_names=Gapped.condition_names)
    assert gapped.trained_classes.tolist() == [0, 2, 4]
    found = scores.score(model, gapped, count=30)
    assert {0, 2, 4} in model.asked and list(found.shares) == ["left", "right", "both"]
    assert found.conditional == {"left": 1.0, "right": 1.0, "both": 0.0, "all": pytest.approx(2 / 3)}


def test_attributes_are_scored_one_by_one() -> None:
    dataset = with_attributes()
    found = scores.score(Beside(), dataset, count=20)
    assert found.covered is None and found.shares == {"at left": 1.0, "at right": 0.0}
    assert found.conditional == {"at left": 1.0, "at right": pytest.approx(0.5), "all": pytest.approx(0.75)}


def test_a_model_that_draws_nothing_or_another_size_is_refused() -> None:
    with pytest.raises(UserError, match="generates no samples"):
        scores.score(object(), marked())
    with pytest.raises(UserError, match="another shape"):
        scores.score(gan.build(gan.CONFIG(), DataSpec((8, 8, 1))), marked(), count=4)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(evaluator, "epochs_for", lambda count, shape: 1)
    dataset = datasets.load("digits")
    with training.start(tmp_path / "run", "gan", gan.CONFIG(epochs=1, batch_size=512), dataset) as made:
        assert training.train(made, dataset).status == "finished"
    return tmp_path / "run"


def test_the_command_prints_a_table_and_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["score", str(run), "--count", "50"]) == 0
    said = capsys.readouterr().out
    assert "of 10 (at least 2 % of 50 samples)" in said and "Fréchet distance:" in said
    assert sum(line.startswith(tuple("0123456789")) for line in said.splitlines()) == 10
    assert command_line.main(["score", str(run), "--count", "50", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sum(last["shares"].values()) == pytest.approx(1.0) and last["conditional"] is None


def test_the_command_says_what_does_not_suit(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command_line.main(["score", str(run), "--count", "1", "--seed", "-1"]) == 2
    said = capsys.readouterr().err
    assert "--count must be from 2" in said and "--seed must be" in said
    pixels = np.random.default_rng(0).integers(0, 255, (40, 16, 16, 3)).astype(np.uint8)
    np.savez(tmp_path / "plain.npz", images=pixels)
    dataset = datasets.load(tmp_path / "plain.npz")
    for name, module, values in (
        ("vae", vae, {"latent_size": 2}),
        ("denoising", denoising, {"architecture": "conv", "width": 8, **denoising.PHOTOS}),
    ):
        config = module.CONFIG(epochs=1, batch_size=64, **values)
        with training.start(tmp_path / name, name, config, dataset) as made:
            training.train(made, dataset)
    assert command_line.main(["score", str(tmp_path / "vae"), "--count", "9", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])  # no labels: patches alone
    assert last["judged"] is None and last["swd"]["16 x 16"] > last["swd_real"]["16 x 16"] > 0
    assert command_line.main(["score", str(tmp_path / "denoising")]) == 1
    assert "generates no samples" in capsys.readouterr().err
