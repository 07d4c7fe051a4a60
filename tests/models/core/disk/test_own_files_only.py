"""What is deleted is a file that this program wrote, by name: nothing of the user's ever goes with it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core import datasets, record
from models.core.datasets import cache
from models.core.disk import files, places, trash
from models.core.errors import RunBusyError, RunFormatError, StorageError
from models.core.record import Run
from models.core.record import files as run_files
from models.core.record.lock import Lock
from tests.tools.record_tools import META, Shim, expected, make_run, same, state

USERS = (  # in the very folders that a run has, and by names that look a little like ours
    "samples/holiday.png", "samples/2026/boat.jpg", "samples/samples-1.png", "checkpoints/thesis.doc",
    "checkpoints/step-a.npz", "checkpoints/old/step-1.npz", "quarantine/virus.exe", "quarantine/notes.json",
    ".gs-tmp-mine", "run.json.bak", "letters/love.txt",
)  # fmt: skip


def fill(folder: Path) -> None:
    for name in USERS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"dear {name}")


def contents(folder: Path) -> dict[str, bytes | None]:
    found = (path for path in folder.rglob("*") if trash.FOLDER not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in found}


def busy_run(folder: Path) -> None:
    """A run with a file of every kind that we write."""
    with make_run(folder) as run:
        run.save_checkpoint(1, state(1))
        run.save_checkpoint(2, state(2))
        run.append_metrics({"step": 1})
        run.event("config", {})
        run.save_sample(1, "samples", b"png")
        run.save_stats(1, {"codings": 1})
        (folder / "checkpoints" / "MANIFEST.json").write_bytes(b"{}")
        run.checkpoints()  # moves it to quarantine
        (folder / "samples" / f"{files.PREFIX}1-{'0' * 32}").write_bytes(b"torn")


def test_every_file_of_a_run_has_a_name_that_is_known(tmp_path: Path) -> None:
    busy_run(tmp_path / "run")
    there = {path.relative_to(tmp_path / "run") for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert set(run_files.own_files(tmp_path / "run", strays=True)) == there - {Path(".lock")}
    assert any(path.parts[0] == "quarantine" for path in there) and len(there) > 10
    assert run_files.own_files(tmp_path / "run")[-1] == Path("run.json")


def test_deleting_a_run_leaves_the_users_files_and_undo_brings_the_run_back(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    fill(folder)
    users = contents(folder)
    busy_run(folder)
    before = {name: data for name, data in contents(folder).items() if name != ".lock"}
    deleted = record.delete_run(folder)
    assert contents(folder) == users
    assert trash.restore(deleted) == folder
    assert contents(folder) == before and not (tmp_path / trash.FOLDER).exists()
    entry, arrays = Run.open(folder).load_checkpoint(expected(state(2)))
    assert entry.step == 2 and same(arrays, state(2))


def test_a_run_that_is_alone_in_its_folder_goes_with_it_and_comes_back(tmp_path: Path) -> None:
    busy_run(tmp_path / "runs" / "one")
    before = contents(tmp_path / "runs" / "one")
    deleted = record.delete_run(tmp_path / "runs" / "one")
    assert not (tmp_path / "runs" / "one").exists() and record.list_runs(tmp_path / "runs") == []
    assert trash.entries(tmp_path / "runs") == [deleted.kept]
    trash.restore(deleted)
    assert contents(tmp_path / "runs" / "one") == {n: d for n, d in before.items() if n != ".lock"}


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_a_delete_that_fails_half_way_leaves_the_run_as_it_was(tmp_path: Path, monkeypatch, code: int) -> None:
    busy_run(tmp_path / "run")
    before = contents(tmp_path / "run")
    for number in range(1, 100):
        shim = Shim(number, code)
        with monkeypatch.context() as patched:
            patched.setattr(files, "OPS", shim)
            with contextlib.suppress(StorageError):
                record.delete_run(tmp_path / "run")
        if not shim.fired:
            break
        if (tmp_path / "run").exists():
            assert contents(tmp_path / "run") == before, number
    assert number > 10 and not (tmp_path / "run").exists()


def test_undo_writes_over_nothing(tmp_path: Path) -> None:
    busy_run(tmp_path / "run")
    deleted = record.delete_run(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("newer")
    with pytest.raises(StorageError, match=r"run\.json is there again"):
        trash.restore(deleted)
    assert (tmp_path / "run" / "run.json").read_text() == "newer"
    shutil.rmtree(tmp_path / "run")
    trash.restore(deleted)
    assert Run.open(tmp_path / "run").checkpoints()
    image = tmp_path / "image.png"
    image.write_bytes(b"first")
    deleted = trash.put(image)
    image.write_bytes(b"second")
    assert trash.restore(deleted) == tmp_path / "image (2).png"
    assert image.read_bytes() == b"second" and (tmp_path / "image (2).png").read_bytes() == b"first"
    with pytest.raises(StorageError, match="not in the trash any more"):
        trash.restore(deleted)


def test_a_file_that_is_gone_or_cannot_be_moved_is_said(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(StorageError, match="gone"):
        trash.put(tmp_path / "nothing.png")
    assert not (tmp_path / trash.FOLDER).exists()
    (tmp_path / "image.png").write_bytes(b"first")
    for number in range(1, 9):
        shim = Shim(number, errno.ENOSPC)
        with monkeypatch.context() as patched:
            patched.setattr(files, "OPS", shim)
            try:
                trash.restore(trash.put(tmp_path / "image.png"))
            except StorageError:
                left = trash.entries(tmp_path)
                if left:
                    monkeypatch.undo()
                    trash.restore(trash.Trashed(tmp_path / "image.png", left[0]))
        assert (tmp_path / "image.png").read_bytes() == b"first"


# --- a start that is refused ---


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_run_that_cannot_be_made_leaves_everything_as_it_was(tmp_path: Path, monkeypatch, code: int) -> None:
    mine, new = tmp_path / "mine", tmp_path / "a" / "b" / "new"
    fill(mine)
    before = contents(tmp_path)
    for folder in (mine, new):
        for number in range(1, 100):
            shim = Shim(number, code)
            with monkeypatch.context() as patched:
                patched.setattr(files, "OPS", shim)
                try:
                    Run.create(folder, **META).close()
                except StorageError:
                    assert shim.fired, number
            if not shim.fired:
                break
            assert (folder / "run.json").exists() or contents(tmp_path) == before, (number, shim.fired)
            if (folder / "run.json").exists():
                break  # the last calls only wait for the disk
        assert number > 10
        record.delete_run(folder)
        shutil.rmtree(tmp_path / "a", ignore_errors=True)
        shutil.rmtree(tmp_path / trash.FOLDER, ignore_errors=True)
        assert contents(tmp_path) == before


def test_a_run_that_is_taken_back_leaves_the_users_empty_folders(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    fill(folder)
    (folder / "samples" / "2026" / "boat.jpg").unlink()
    shutil.rmtree(folder / "checkpoints")
    (folder / "checkpoints").mkdir()
    before = contents(tmp_path)
    run = make_run(folder)
    run.save_checkpoint(1, state(1))
    run.event("branch", {})
    run.take_back()
    assert contents(tmp_path) == before and not Lock(folder).held


@pytest.mark.parametrize(
    "name", ["checkpoints/step-3.npz", "samples/samples-000000003.png", "metrics.jsonl", "checkpoints/MANIFEST.json"]
)
def test_a_run_does_not_begin_where_it_would_write_over_something(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "mine"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("somebody else's")
    before = contents(tmp_path)
    with pytest.raises(RunFormatError, match="would write over") as refused:
        make_run(folder)
    assert name in str(refused.value) and contents(tmp_path) == before


def test_a_lock_file_of_another_program_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("4711 another program")
    with pytest.raises(RunFormatError, match=r"\.lock"):
        make_run(tmp_path)
    assert (tmp_path / ".lock").read_text() == "4711 another program" and os.listdir(tmp_path) == [".lock"]


def test_a_start_that_is_too_late_takes_nothing_from_the_one_that_was_first(tmp_path: Path, monkeypatch) -> None:
    first: list[Run] = []
    acquire = Lock.acquire

    def late(self: Lock) -> None:
        if not first:
            with monkeypatch.context() as patched:
                patched.setattr(Lock, "acquire", acquire)
                first.append(make_run(tmp_path / "run"))
        acquire(self)

    monkeypatch.setattr(Lock, "acquire", late)
    with pytest.raises(RunBusyError):
        make_run(tmp_path / "run")
    first[0].save_sample(1, "samples", b"png")
    assert first[0].save_checkpoint(1, state(1)).step == 1
    first[0].close()


# --- caches of datasets ---


def test_a_damaged_cache_is_made_again_around_somebody_elses_file(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        Image.fromarray(np.full((12, 12, 3), 40 * number, np.uint8)).save(photos / f"{number}.png")
    first = datasets.load(photos, size=8)
    home = places.cache() / "folders"
    (cached,) = [path for path in home.iterdir() if (path / "index.json").exists()]
    (cached / "thesis.doc").write_text("dear")
    (cached / "index.json").write_text("damaged")
    again = datasets.load(photos, size=8)
    assert again.fingerprint == first.fingerprint
    assert (cached / "thesis.doc").read_text() == "dear" and (cached / "index.json").read_text() != "damaged"


def test_only_folders_of_a_killed_program_are_swept_and_only_its_files(tmp_path: Path) -> None:
    names = {".new-abcd1234/images.npy": False, ".new-abcd1234/mine.doc": True, ".new-ideas/images.npy": True}
    for name in (*names, ".new-00000000/index.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
        os.utime((tmp_path / name).parent, (1e9, 1e9))
    for name in (*names, ".new-00000000/index.json"):
        os.utime((tmp_path / name).parent, (1e9, 1e9))
    with cache.new_folder(tmp_path) as fresh:
        assert fresh.is_dir()
    assert {name: (tmp_path / name).exists() for name in names} == names
    assert not fresh.exists() and not (tmp_path / ".new-00000000").exists()
