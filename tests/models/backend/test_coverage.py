"""Class coverage is recorded while a GAN learns if an evaluator is there, and can be looked up afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import __main__ as command_line
from models import gan
from models.core import datasets, loading
from models.core.datasets import recorded
from models.core.errors import Cancelled, UserError
from models.core.evaluation import coverage, evaluator, swd
from models.core.images import convert
from models.core.record import Run
from models.core.training import previews, recorder
from models.core.training import train as training
from models.core.training.messages import Changes, StopRequest
from models.core.work import Callbacks
from tests.tools.images import blobs

NAMES = ("dark", "light", "never")


class Eye:
    """Calls an image light if its first pixel is lighter than its last one."""

    kind, names, accuracy = "class", NAMES, np.ones(1)

    def labels(self, images):
        return (images[:, 0, 0, 0] > images[:, -1, -1, 0]).astype(np.int64)


@pytest.fixture
def labelled(dataset):
    count = len(dataset.images)
    labels = (np.arange(count) % 3).astype(np.int32)
    train, validation, test = datasets.splits(count)
    return replace(dataset, labels=labels, label_names=NAMES, train=train, validation=validation, test=test)


SETTINGS = {"latent_size": 3, "batch_size": 16, "epochs": 2}


def trained(folder, dataset, **more):
    config = gan.CONFIG(**SETTINGS, **more)
    with training.start(folder, "gan", config, dataset) as run:
        assert training.train(run, dataset, checkpoint_steps=3).status == "finished"
    return Run.open(folder)


def expected(run, step):
    model, _ = loading.load(run, step=step)
    first = Eye().labels(model.decode(model.sample_codings(coverage.SAMPLES, run.info.seed))).mean()
    return {"names": list(NAMES), "shares": pytest.approx([1 - first, first, 0.0]), "count": coverage.SAMPLES}


def test_a_judge_that_is_there_looks_at_every_preview(tmp_path, labelled, monkeypatch):
    monkeypatch.setattr(previews, "cached", lambda dataset: Eye())
    monkeypatch.setattr(previews, "REST", 0)
    run = trained(tmp_path / "run", labelled)
    steps = [row["step"] for row in run.stats()]
    assert steps == [step for step, _ in run.samples("samples")] and len(steps) == 3
    assert run.stats()[-1]["coverage"] == expected(run, steps[-1])
    assert coverage.recorded(run)[-1] == {"step": steps[-1], **run.stats()[-1]["coverage"]}


def test_attributes_tell_of_no_coverage(tmp_path, labelled, monkeypatch):
    sides = np.stack([labelled.labels == 0, labelled.labels != 2], axis=1)
    dataset = replace(labelled, labels=None, label_names=(), attributes=sides, attribute_names=("one", "other"))
    monkeypatch.setattr(previews, "cached", lambda dataset: pytest.fail("attributes were judged"))
    run = trained(tmp_path / "run", dataset)
    assert run.stats() == []
    with pytest.raises(UserError, match="no classes"):
        coverage.look_back(run, dataset)


def test_none_is_trained_silently(tmp_path, labelled, dataset, monkeypatch):
    monkeypatch.setattr(evaluator, "train", lambda *_, **__: pytest.fail("a judge was trained"))
    assert evaluator.cached(labelled) is None
    for number, data in enumerate((labelled, dataset)):
        assert trained(tmp_path / str(number), data).stats() == []


class StopAfter(Changes):
    """Asks to stop after so many batches: whatever may change is looked at after each of them."""

    def __init__(self, steps):
        super().__init__()
        self.stop, self.left = StopRequest(), steps

    def take(self):
        self.left -= 1
        if not self.left:
            self.stop.ask()


def patches_by_step(run):
    return {row["step"]: row["swd_16"] for row in run.metrics() if "swd_16" in row}


def test_patches_are_compared_with_real_ones_while_two_networks_contest(tmp_path, monkeypatch):
    dataset = blobs(96, (16, 16, 1))
    run = trained(tmp_path / "run", dataset)
    model, _ = loading.load(run)
    real = convert.to_float(dataset.images[dataset.validation])
    generated = model.decode(model.sample_codings(len(real), run.info.seed))
    expected = swd.distances(generated, real, seed=run.info.seed, directions=previews.DIRECTIONS)
    last = run.metrics()[-1]["step"]
    assert patches_by_step(run) == {last: pytest.approx(expected["16 x 16"], rel=1e-3)}


def test_patches_are_compared_at_the_same_steps_after_an_interruption(tmp_path, monkeypatch):
    """It was decided by the clock: a run that was resumed had them at other steps."""
    monkeypatch.setattr(recorder, "FEWEST_STEPS", 2)
    dataset = blobs(96, (16, 16, 1))
    whole = patches_by_step(trained(tmp_path / "whole", dataset))
    last = max(whole)
    assert [*whole] == sorted({*range(2, last + 1, 2), last}) and len(whole) > 3
    training.start(tmp_path / "parts", "gan", gan.CONFIG(**SETTINGS), dataset).close()
    for steps in (3, 4, 100):
        after = StopAfter(steps)
        with Run.open(tmp_path / "parts", write=True) as run:
            outcome = training.train(run, dataset, stop=after.stop, changes=after)
        assert outcome.status == ("finished" if steps == 100 else "paused")
    assert patches_by_step(Run.open(tmp_path / "parts")) == whole


def test_looking_back_judges_every_checkpoint_once_and_is_recorded(tmp_path, labelled, monkeypatch):
    monkeypatch.setattr(evaluator, "evaluator_of", lambda dataset, **_: Eye())
    run = trained(tmp_path / "run", labelled)
    steps = [entry.step for entry in run.checkpoints()]
    assert steps[0] == 0 and len(steps) >= 3  # the first one is a milestone
    told = []
    looks = coverage.look_back(run, labelled, work=Callbacks(lambda what, done, total: told.append((done, total))))
    assert [look["step"] for look in looks] == steps and told[-1] == (len(steps) - 1, len(steps))
    assert run.stats() == []  # it was open for reading
    with Run.open(run.folder, write=True) as again:
        again.save_stats(steps[-1], {"codings": {"mean": [1.0], "std": [0.5]}})
        assert coverage.look_back(again, labelled) == looks
    assert coverage.recorded(run) == looks and run.stats()[-1]["codings"] == {"mean": [1.0], "std": [0.5]}
    assert {name: looks[-1][name] for name in ("names", "shares", "count")} == expected(run, steps[-1])
    with pytest.raises(Cancelled), Run.open(run.folder, write=True) as again:
        for path in (run.folder / "samples").glob("stats-*"):
            path.unlink()
        coverage.look_back(again, labelled, work=Callbacks(cancelled=lambda: True))


def test_the_command_lets_the_judge_look(tmp_path, labelled, monkeypatch, capsys):
    run = trained(tmp_path / "run", labelled)
    monkeypatch.setattr(recorded, "load", lambda *_, **__: labelled)
    monkeypatch.setattr(evaluator, "evaluator_of", lambda dataset, **_: Eye())
    assert command_line.main(["doctor", str(run.folder), "--judge"]) == 0
    assert "Too early" in capsys.readouterr().out
