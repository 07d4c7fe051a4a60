"""A resume that is refused leaves the run as it was, to the byte: all is checked first and written then."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models.core import loading
from models.core.datasets import npz
from models.core.disk import files, places
from models.core.errors import ConfigError, StorageError
from models.core.family import parse_config
from models.core.record import Run
from models.core.training import train
from models.vae import CONFIG
from tests.tools.images import blobs


@pytest.fixture
def finished(tmp_path: Path, dataset) -> Path:
    """A run that is finished after an epoch."""
    config = parse_config(CONFIG, {"latent_size": 3, "batch_size": 16, "epochs": 1})
    with train.start(tmp_path / "run", "vae", config, dataset) as run:
        assert train.train(run, dataset).status == "finished"
    return tmp_path / "run"


def contents(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_another_dataset_leaves_a_finished_run_finished_with_its_old_settings(finished: Path) -> None:
    before = contents(finished)
    with Run.open(finished, write=True) as run:
        outcome = train.train(run, blobs(95), wanted={"epochs": 9, "learning_rate": 0.01})
    assert outcome.status == "failed" and outcome.error is not None and "not the one" in outcome.error.what
    assert contents(finished) == before and Run.open(finished).info.status == "finished"


@pytest.mark.parametrize("wanted", [{"epochs": 0}, {"latent_size": 4, "epochs": 9}, {"colour": 1}])
def test_settings_that_cannot_be_leave_the_run_as_it_was(finished: Path, dataset, wanted) -> None:
    before = contents(finished)
    with Run.open(finished, write=True) as run:
        outcome = train.train(run, dataset, wanted=wanted)
    assert outcome.status == "failed" and isinstance(outcome.error, ConfigError)
    assert set(outcome.error.fields) <= set(wanted) and contents(finished) == before


def test_no_memory_for_the_model_leaves_the_run_as_it_was(finished: Path, dataset, monkeypatch) -> None:
    before = contents(finished)

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(loading, "compiled", full)
    with Run.open(finished, write=True) as run:
        outcome = train.train(run, dataset, wanted={"epochs": 2})
    assert outcome.error is not None and "memory" in outcome.error.what and contents(finished) == before


def test_a_full_disk_at_the_first_write_leaves_the_run_as_it_was(finished: Path, dataset, monkeypatch) -> None:
    before = contents(finished)
    with Run.open(finished, write=True) as run:
        full = StorageError("The disk is full.")

        def write(path: Path, values: object) -> None:
            raise full

        monkeypatch.setattr(files, "write_json", write)
        assert train.train(run, dataset, wanted={"epochs": 2}).error is full
    assert contents(finished) == before


def test_a_resume_that_goes_on_records_its_new_settings_with_its_first_step(finished: Path, dataset) -> None:
    with Run.open(finished, write=True) as run:
        assert train.train(run, dataset, wanted={"epochs": "2", "learning_rate": None}).status == "finished"
    run = Run.open(finished)
    assert run.info.config["epochs"] == 2 and run.checkpoints()[-1].epoch == 2
    assert [event["values"] for event in run.events() if event["kind"] == "config"] == [{"epochs": 2}]


def test_the_command_line_refuses_a_changed_dataset_and_changes_nothing(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    place = tmp_path / "small.npz"
    np.savez(place, images=rng.integers(0, 256, (64, 8, 8), dtype=np.uint8))
    config = parse_config(CONFIG, {"latent_size": 3, "batch_size": 16, "epochs": 1})
    dataset = npz.load(place)
    with train.start(tmp_path / "run", "vae", config, dataset) as run:
        assert train.train(run, dataset).status == "finished"
    before = contents(tmp_path / "run")
    assert command_line.main(["resume", str(tmp_path / "run"), "--set", "latent_size=4"]) == 2
    np.savez(place, images=rng.integers(0, 256, (64, 8, 8), dtype=np.uint8))
    assert command_line.main(["resume", str(tmp_path / "run"), "--epochs", "3"]) == 1
    assert "The dataset is not the one" in capsys.readouterr().err
    assert contents(tmp_path / "run") == before
    place.unlink()
    assert command_line.main(["resume", str(tmp_path / "run"), "--epochs", "3"]) == 1
    assert contents(tmp_path / "run") == before


def test_a_start_without_room_leaves_no_folder(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(files, "free_bytes", lambda path: 1000)
    mine = tmp_path / "mine"
    (mine / "samples").mkdir(parents=True)
    (mine / "samples" / "holiday.png").write_bytes(b"dear")
    words = ["train", "vae", "--dataset", "digits", "--epochs", "1"]
    assert command_line.main(words) == 1 and list(places.runs().iterdir()) == []
    assert command_line.main([*words, "--run", str(mine)]) == 1
    assert "not enough room" in capsys.readouterr().err
    assert contents(tmp_path / "mine") == {"samples/holiday.png": b"dear"}
    assert sorted(path.name for path in mine.iterdir()) == ["samples"]


def test_a_branch_that_fails_leaves_the_users_folder_as_it_was(finished: Path, tmp_path: Path, monkeypatch) -> None:
    from models.core.record import timeline
    from models.core.training import branch as branching

    mine = tmp_path / "mine"
    (mine / "checkpoints").mkdir(parents=True)
    (mine / "checkpoints" / "thesis.doc").write_bytes(b"dear")

    def full(*_: object) -> None:
        raise files.storage_error(OSError(errno.ENOSPC, "full"), mine)

    monkeypatch.setattr(timeline, "copy", full)
    with pytest.raises(StorageError):
        branching.branch(Run.open(finished), Run.open(finished).checkpoints()[-1].step, mine, {})
    assert contents(mine) == {"checkpoints/thesis.doc": b"dear"} and [p.name for p in mine.iterdir()] == ["checkpoints"]
