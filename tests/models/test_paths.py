"""However a path is written, it means the same in every argument; a run has a name, too."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from models import arguments
from models.core import places, record

KINDS = (arguments.path, arguments.run, arguments.dataset)
NAMES = (
    "plain",
    "with space",
    "ünï-码-🎈",
    "~tilde-is-no-user",
    "-dash",
    "trailing.",
    "'quote\"",
    os.fsdecode(b"\xff\xfe"),
)


def commands() -> dict[str, argparse.ArgumentParser]:
    found = next(a for a in arguments.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def takers() -> list[tuple[str, argparse.Action]]:
    """Every argument that is a path, of every command."""
    named = {"run", "images", "out", "dataset"}
    return [
        (name, action) for name, command in commands().items() for action in command._actions if action.dest in named
    ]


def test_every_argument_that_is_a_path_has_one_of_the_three_types() -> None:
    found = takers()
    assert len(found) >= 25
    assert [(name, action.dest) for name, action in found if action.type not in KINDS] == []
    others = [a for command in commands().values() for a in command._actions if a.type is Path]
    assert others == []


@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_writing_a_path_means_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / name).mkdir()
    ways = (name, f"./{name}", f"{name}/", f".//{name}/", f"~/{name}", f"~/./{name}/", str(tmp_path / name))
    for kind in KINDS:
        assert {str(kind(way)) for way in ways} == {str(tmp_path / name)}


def test_a_dataset_is_a_key_or_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces").mkdir()
    assert arguments.dataset("faces") == "faces"
    assert arguments.dataset("./faces") == str(tmp_path / "faces")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_path_is_refused_and_never_the_working_folder(kind) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must not be empty"):
        kind("")


def test_a_relative_path_without_a_working_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(argparse.ArgumentTypeError, match="working folder is gone"):
        arguments.path("x.png")
    assert arguments.path(str(tmp_path / "x.png")) == tmp_path / "x.png"


def test_a_shipped_run_has_its_bare_name_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = record.list_runs(places.pretrained())
    assert shipped
    for run in shipped:
        assert arguments.run(run.folder.name) == run.folder == arguments.run(f"{run.folder.name}/")
        assert record.Run.open(arguments.run(run.folder.name)).info.family == run.family
    assert arguments.run("./vae-fashion") == tmp_path / "vae-fashion"  # a path is a path
    assert arguments.run("..") == tmp_path / ".."
    assert arguments.run("nothing-of-this-name") == tmp_path / "nothing-of-this-name"


def test_a_run_in_the_working_folder_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"family": "vae", "config": {}, "dataset": {}, "seed": 1, "versions": {}}
    record.Run.create(tmp_path / "vae-fashion", **own).close()
    assert arguments.run("vae-fashion") == tmp_path / "vae-fashion"
    record.Run.create(places.runs() / "mine", **own).close()
    assert arguments.run("mine") == places.runs() / "mine"
