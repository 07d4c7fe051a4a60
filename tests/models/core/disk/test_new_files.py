"""A new file gets a name of its own, whatever other processes do at the same moment; none writes over another."""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.core.disk import files, new_files, trash
from models.core.disk.operations import Operations
from models.core.errors import StorageError, UserError
from models.core.images import export
from models.core.network_export import formats
from tests.tools.bounds import end
from tests.tools.record_tools import use

PROCESSES, EXPORTS = 4, 12


def export_many(folder: str, barrier: Barrier, answers: multiprocessing.Queue, own: int) -> None:
    """Child: export to one name again and again, at the same moment as the others; tell each name that it got."""
    for number in range(EXPORTS):
        image = np.full((2, 2, 1), own * EXPORTS + number, np.uint8)
        barrier.wait(30)
        path = export.write_png(Path(folder) / "same.png", image)
        answers.put((path.name, int(image[0, 0, 0])))


def write_only_one(folder: str, barrier: Barrier, answers: multiprocessing.Queue, own: int) -> None:
    """Child: want one name for itself alone; tell whether it got it."""
    for number in range(EXPORTS):
        barrier.wait(30)
        try:
            new_files.write_only(Path(folder) / f"{number}.bin", lambda stream: stream.write(bytes([own])))
            answers.put((number, own))
        except StorageError as error:
            answers.put((number, "refused" if "already" in error.what else str(error)))


def race(child, folder: Path) -> list[tuple]:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(PROCESSES), context.Queue()
    workers = [context.Process(target=child, args=(str(folder), barrier, answers, own)) for own in range(PROCESSES)]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=60) for _ in range(PROCESSES * EXPORTS)]
    end(*workers)
    return found


def test_processes_that_export_to_one_name_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    told = race(export_many, tmp_path / "out")
    kept = {path.name: int(Image.open(path).getpixel((0, 0))) for path in (tmp_path / "out").iterdir()}
    assert dict(told) == kept and len(kept) == PROCESSES * EXPORTS
    assert sorted(kept.values()) == list(range(PROCESSES * EXPORTS))


def test_of_processes_that_want_a_name_alone_one_gets_it(tmp_path: Path) -> None:
    told = race(write_only_one, tmp_path)
    for number in range(EXPORTS):
        winners = [who for file, who in told if file == number and who != "refused"]
        assert len(winners) == 1 and (tmp_path / f"{number}.bin").read_bytes() == bytes(winners)


class NoLinks(Operations):
    """A disk without hard links, a FAT for instance."""

    def publish(self, source: Path, target: Path) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "link", refuse)
            super().publish(source, target)


@pytest.mark.skipif(sys.platform == "win32", reason="it renames there")
def test_without_hard_links_nothing_is_overwritten_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, NoLinks())
    paths = [new_files.write_new(tmp_path / "a.b", lambda stream, n=n: stream.write(bytes([n]))) for n in range(3)]
    assert [path.name for path in paths] == ["a.b", "a (2).b", "a (3).b"]
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1", b"\2"]
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(StorageError, match="already"):
        new_files.write_only(tmp_path / "a.b", lambda stream: stream.write(b"other"))
    assert len(list(tmp_path.iterdir())) == 3 and paths[0].read_bytes() == b"\0"


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_a_new_file_has_the_modes_of_any_other(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "replaced", b"")
    path = new_files.write_new(tmp_path / "new", lambda stream: None)
    state = path.stat()
    assert stat.S_IMODE(state.st_mode) == stat.S_IMODE((tmp_path / "replaced").stat().st_mode) and state.st_nlink == 1


def test_what_comes_back_from_the_trash_takes_no_place_of_another(tmp_path: Path) -> None:
    first = export.write_png(tmp_path / "a.png", np.zeros((2, 2, 1), np.uint8))
    deleted = trash.put(first)
    newer = export.write_png(tmp_path / "a.png", np.ones((3, 3, 1), np.uint8)).read_bytes()
    assert trash.restore(deleted).name == "a (2).png"
    assert first.read_bytes() == newer


def test_an_export_of_a_model_names_what_it_would_replace(tmp_path: Path) -> None:
    class Model:
        def parts(self) -> dict[str, object]:
            return {"encoder": None, "decoder": None}

    names = formats.names(Model(), "keras", tmp_path / "net.keras")
    assert [path.name for path in names.values()] == ["net-encoder.keras", "net-decoder.keras", "net.keras.json"]
    formats.check_names(names.values())
    names["decoder"].write_bytes(b"mine")
    names[""].symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="exist already") as caught:
        formats.export_model(Model(), "keras", tmp_path / "net")
    assert "net-decoder.keras" in caught.value.where and "net.keras.json" in caught.value.where
    assert "--overwrite" in caught.value.advice
