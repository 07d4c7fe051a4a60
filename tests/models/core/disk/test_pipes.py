"""A pipe in the place of any file must not hold a reader: each runs in a thread of its own, which has an end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.datasets import arrays, cache, celeba, download, idx
from models.core.disk import files, places, trash
from models.core.errors import UserError
from models.core.images import recipes
from models.core.latent import coding_files, direction_files
from models.core.record import Run, list_runs, listing, lock
from tests.tools.record_tools import expected, make_run, state

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")

PATIENCE = 60.0  # seconds; a reader that waits for a pipe does so for ever
RUN_FILES = [
    "run.json", "run.copy.json", "metrics.jsonl", "events.jsonl", ".lock", "checkpoints/MANIFEST.json",
    "checkpoints/MANIFEST.copy.json", "checkpoints/step-2.npz", "samples/stats-000000001.json",
    "samples/samples-000000001.png",
]  # fmt: skip


def ended(work: Callable[[], Any]) -> Any:
    """What the work gives, or the ``UserError`` or ``OSError`` that it raises; AssertionError if it does not end."""
    answers: list[Any] = []

    def do() -> None:
        try:
            answers.append(work())
        except (UserError, OSError) as error:
            answers.append(error)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the test
            answers.append(AssertionError(f"{type(error).__name__}: {error}"))

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert answers, "it waits for ever"
    if isinstance(answers[0], AssertionError):
        raise answers[0]
    return answers[0]


def piped(path: Path) -> Path:
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with make_run(tmp_path / "runs" / "run") as run:
        for step in (1, 2):
            run.append_metrics({"step": step, "loss": 1.0})
            run.save_checkpoint(step, state(step))
        run.save_stats(1, {"codings": {"mean": [0.0], "std": [1.0]}})
        run.save_sample(1, "samples", b"picture")
        run.event("config", {"learning_rate": 0.1})
    make_run(tmp_path / "runs" / "other").close()
    return run.folder


def read_all(folder: Path) -> None:
    run = Run.open(folder)
    for look in (run.metrics, run.events, run.stats, run.checkpoints, lambda: run.samples("samples")):
        ended(look)
    assert isinstance(run.interrupted, bool)
    run.load_checkpoint(expected(state(0)))


@pytest.mark.parametrize("name", RUN_FILES)
@pytest.mark.parametrize("twin", [False, True], ids=["alone", "with its copy"])
def test_no_file_of_a_run_holds_its_readers_or_hides_other_runs(folder: Path, name: str, twin: bool) -> None:
    piped(folder / name)
    if twin and name.endswith(".json") and ".copy" not in name and "stats" not in name:
        piped((folder / name).with_suffix(".copy.json"))
    ended(lambda: read_all(folder))
    listed = ended(lambda: list_runs(folder.parent))
    assert "other" in [run.folder.name for run in listed]
    ended(lambda: Run.open(folder, write=True).close())
    ended(lambda: make_run(folder))
    ended(lambda: listing.delete_run(folder))
    ended(lambda: trash.entries(folder.parent))


@pytest.mark.parametrize("name", ["metrics.jsonl", "events.jsonl", ".lock"])
def test_what_is_written_to_a_pipe_is_an_error(folder: Path, name: str) -> None:
    piped(folder / name)

    def write() -> None:
        with Run.open(folder, write=True) as run:
            run.append_metrics({"step": 9})
            run.event("config", {})

    assert isinstance(ended(write), UserError)


READERS: dict[str, Callable[[Path], Any]] = {
    "json": files.read_json,
    "bytes": files.read_bytes,
    "sha256": files.sha256,
    "codings": coding_files.read_codings,
    "recipe": recipes.read_recipe,
    "recipe.json": recipes.read_recipe,
    "npz": lambda path: arrays.read_arrays(path, {"images"}),
    "npz headers": arrays.headers,
    "idx": idx.read_idx,
    "attributes": celeba.read,
    "lock": lambda path: lock.foreign(path.parent),
    "lock held": lambda path: lock.held_by_other(path.parent),
    "cache index": lambda path: cache.open_cached(path.parent),
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_no_reader_waits(tmp_path: Path, kind: str, what: str) -> None:
    name = {"lock": ".lock", "lock held": ".lock", "cache index": "index.json"}.get(kind, "file.json")
    path = tmp_path / "here" / name
    if what == "pipe":
        piped(path)
    elif what == "folder":
        path.mkdir(parents=True)
    else:
        path.parent.mkdir()
        path.symlink_to("/dev/zero")
    answer = ended(lambda: READERS[kind](path))
    assert answer is None or answer is False or isinstance(answer, (UserError, OSError))


def test_no_array_of_a_cache_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    np.save(folder / "images.npy", np.zeros((2, 4, 4, 1), np.uint8))
    cache.write_rest(folder, np.zeros(2, np.int32), None, {})
    cached = cache.open_cached(folder)
    assert cached is not None and cached.labels is not None and len(cached.images) == 2
    piped(folder / "labels.npy")
    assert ended(lambda: cache.open_cached(folder)) is None


def test_directions_and_what_is_left_of_a_download_are_not_waited_for(tmp_path: Path) -> None:
    piped(direction_files.folder_of("some-run") / "a.json")
    found, bad = ended(lambda: direction_files.load("some-run", 4))
    assert not found and len(bad) == 1
    part = piped(tmp_path / "file.gz.part")

    def check(path: Path) -> None:
        idx.read_idx(path)

    address = (tmp_path / "source").as_uri()
    (tmp_path / "source").write_bytes(b"x")
    assert isinstance(ended(lambda: download.fetch([address], part.with_suffix(""), check, most=10)), UserError)
    assert places.data()
