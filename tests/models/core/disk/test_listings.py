"""A folder may change between being listed and being read: what has gone, or leads nowhere, never hides the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.core import datasets, record
from models.core.datasets import walk
from models.core.disk import files
from models.core.errors import Cancelled, DatasetError, ImageError
from models.core.images import decoding
from models.core.latent import direction_files
from models.core.record import timeline
from models.core.work import Callbacks

LINKS = hasattr(os, "mkfifo")  # what Windows has no equal of


def fill(folder: Path) -> Path:
    """A file, and beside it everything that is none: a broken link, one to itself, a folder, a pipe."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "good.png")
    (folder / "folder.png").mkdir()
    if LINKS:
        (folder / "dangling.png").symlink_to(folder / "nowhere")
        (folder / "circle.png").symlink_to(folder / "circle.png")
        os.mkfifo(folder / "pipe.png")
    return folder


def vanishing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The file of this name is removed as soon as a folder has been listed."""
    listed, scanned = os.listdir, os.scandir

    def remove(folder: Any) -> None:
        Path(os.fsdecode(folder), name).unlink(missing_ok=True)

    def listdir(folder: Any = ".") -> list[Any]:
        found = listed(folder)
        remove(folder)
        return found

    class Scan:
        """What ``os.scandir`` gives, complete before the file goes."""

        def __init__(self, folder: Any) -> None:
            self.entries = list(scanned(folder))
            remove(folder)

        def __iter__(self) -> Iterator[Any]:
            return iter(self.entries)

        def __enter__(self) -> Scan:
            return self

        def __exit__(self, *details: object) -> None:
            pass

    monkeypatch.setattr(os, "listdir", listdir)
    monkeypatch.setattr(os, "scandir", Scan)


def test_only_files_that_are_there_are_listed(tmp_path: Path) -> None:
    folder = fill(tmp_path / "mixed")
    assert [path.name for path, _ in files.listed(folder)] == ["good.png"]
    assert files.listed(folder)[0][1].st_size == (folder / "good.png").stat().st_size
    assert files.listed(tmp_path / "nothing") == []
    assert files.listed(folder / "good.png") == []
    assert files.listed(Path("a\0b")) == []


def test_a_file_that_goes_while_it_is_listed_is_left_out(tmp_path: Path, monkeypatch) -> None:
    folder = fill(tmp_path / "mixed")
    (folder / "going.png").write_bytes(b"soon gone")
    vanishing(monkeypatch, "going.png")
    assert [path.name for path, _ in files.listed(folder)] == ["good.png"]


def test_a_dataset_folder_that_changes_while_it_is_walked_is_read_without_what_went(tmp_path, monkeypatch) -> None:
    folder = fill(tmp_path / "mixed")
    (folder / "going.png").write_bytes(b"soon gone")
    vanishing(monkeypatch, "going.png")
    found = {os.fsdecode(path) for path, _ in walk.Walk(folder)}
    assert "good.png" in found and "going.png" not in found
    monkeypatch.undo()
    assert len(datasets.load(str(folder), size=8).images) == 1  # the others are counted as files that cannot be read


def test_a_folder_below_that_goes_is_left_out_and_the_folder_itself_is_an_error(tmp_path: Path, monkeypatch) -> None:
    folder = fill(tmp_path / "mixed")
    inner = folder / "inner"
    inner.mkdir()
    real = os.scandir

    def scandir(place: Any) -> Any:
        if os.fsdecode(place).endswith("inner"):
            raise FileNotFoundError(2, "it has gone", place)
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [os.fsdecode(path) for path, _ in walk.Walk(folder) if path == b"good.png"] == ["good.png"]
    with pytest.raises(DatasetError, match="cannot be read"):
        list(walk.Walk(tmp_path / "nothing"))


@pytest.mark.parametrize("what", ["run", "checkpoint list"])
def test_one_thing_that_is_no_run_hides_no_other(tmp_path: Path, tiny: Path, what: str) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    tiny.rename(runs / "good")
    (runs / "file").write_text("no folder")
    bad = runs / "bad"
    (bad / "checkpoints").mkdir(parents=True)
    if LINKS:
        (runs / "dangling").symlink_to(runs / "nowhere")
        name = bad / ("run.json" if what == "run" else "checkpoints/MANIFEST.json")
        name.symlink_to(runs / "nowhere")
    assert [run.folder.name for run in record.list_runs(runs)] == ["good"]


def test_a_run_that_goes_while_the_runs_are_listed_hides_no_other(tmp_path: Path, tiny: Path, monkeypatch) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    tiny.rename(runs / "good")
    (runs / "going").write_text("soon gone")
    vanishing(monkeypatch, "going")
    assert [run.folder.name for run in record.list_runs(runs)] == ["good"]


def test_directions_and_samples_that_are_none_are_named_or_left_out(tmp_path: Path) -> None:
    folder = direction_files.folder_of("some-run")
    folder.mkdir(parents=True)
    if LINKS:
        (folder / "dangling.json").symlink_to(folder / "nowhere")
    (folder / "folder.json").mkdir()
    found, bad = direction_files.load("some-run", 4)
    assert not found and len(bad) == (2 if LINKS else 1)
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "stats-000000001.json").mkdir()
    if LINKS:
        (samples / "stats-000000002.json").symlink_to(samples / "nowhere")
    assert timeline.stats(tmp_path) == []


@pytest.mark.parametrize("moment", ["before it is looked at", "before it is opened"])
def test_an_image_that_has_gone_is_an_image_error(tmp_path: Path, monkeypatch, moment: str) -> None:
    path = fill(tmp_path / "mixed") / "good.png"
    if moment == "before it is looked at":
        path.unlink()
    else:
        real: Callable[..., int] = os.open

        def gone(place: Any, *arguments: Any, **more: Any) -> int:
            Path(place).unlink()
            return real(place, *arguments, **more)

        monkeypatch.setattr(os, "open", gone)
    with pytest.raises(ImageError):
        decoding.decode(path)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A run with nothing in it but its name."""
    from models.core.record.run import Run

    run = Run.create(tmp_path / "made", family="vae", config={}, dataset={"name": "digits"}, seed=1, versions={})
    run.close()
    return tmp_path / "made"


def test_a_walk_can_be_cancelled_where_nothing_is_an_image(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}.txt").touch()
    (tmp_path / "inner").mkdir()
    for most in range(4):  # folders, and every 256 entries
        looks = iter(range(most))
        with pytest.raises(Cancelled):
            list(walk.Walk(tmp_path, work=Callbacks(cancelled=lambda looks=looks: next(looks, None) is None)))
    with pytest.raises(Cancelled):
        datasets.training_images(str(tmp_path), work=Callbacks(cancelled=lambda: True))
    assert datasets.training_images(str(tmp_path)) == 0
