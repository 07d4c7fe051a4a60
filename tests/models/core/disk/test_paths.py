"""However a path is written, it means the same in every argument; a run has a name, too."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from models.cli import argument_types, arguments
from models.core import record
from models.core.disk import places
from tests.tools.folders import ROOT

KINDS = (argument_types.path, argument_types.run, argument_types.own_run, argument_types.dataset)
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


SCRIPT = """#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""  # as pip writes it


def commands() -> dict[str, argparse.ArgumentParser]:
    found = next(a for a in arguments.parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


def takers() -> list[tuple[str, argparse.Action]]:
    """Every argument that is a path, of every command."""
    named = {"run", "images", "out", "dataset"}
    return [
        (name, action) for name, command in commands().items() for action in command._actions if action.dest in named
    ]


def test_every_argument_that_is_a_path_has_one_of_these_types() -> None:
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
    assert argument_types.dataset("faces") == "faces"
    assert argument_types.dataset("./faces") == str(tmp_path / "faces")


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
        argument_types.path("x.png")
    assert argument_types.path(str(tmp_path / "x.png")) == tmp_path / "x.png"


def test_a_shipped_run_has_its_bare_name_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = record.list_runs(places.pretrained())
    assert shipped
    for run in shipped:
        assert argument_types.run(run.folder.name) == run.folder == argument_types.run(f"{run.folder.name}/")
        assert record.Run.open(argument_types.run(run.folder.name)).info.family == run.family
    assert argument_types.run("./vae-fashion") == tmp_path / "vae-fashion"  # a path is a path
    assert argument_types.run("..") == tmp_path / ".."
    assert argument_types.run("nothing-of-this-name") == tmp_path / "nothing-of-this-name"


def test_a_run_in_the_working_folder_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = {"family": "vae", "config": {}, "dataset": {}, "seed": 1, "versions": {}}
    record.Run.create(tmp_path / "vae-fashion", **own).close()
    assert argument_types.run("vae-fashion") == tmp_path / "vae-fashion"
    record.Run.create(places.runs() / "mine", **own).close()
    assert argument_types.run("mine") == places.runs() / "mine"


def test_a_shipped_run_is_never_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("vae-fashion", str(places.pretrained() / "vae-fashion")):
        with pytest.raises(SystemExit) as end:
            arguments.parser().parse_args(["resume", name])
        assert end.value.code == 2 and "branch vae-fashion" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["sample", "vae-fashion", "--out", "-x.png"], ["info", "-x"]])
def test_a_path_that_begins_with_a_dash_is_refused_with_the_way_to_write_it(
    words, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record.Run.create(Path("-x"), family="vae", config={}, dataset={}, seed=1, versions={}).close()
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(words)
    assert "./-NAME" in capsys.readouterr().err
    given = arguments.parser().parse_args(["info", "./-x"])
    assert given.run == Path.cwd() / "-x" == arguments.parser().parse_args(["info", "--", "-x"]).run


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The console script of the command line as ``pip install`` writes it."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]["generative-studio"]
    module, function = entry.split(":")
    place = tmp_path / "bin" / "generative-studio"
    place.parent.mkdir()
    place.write_text(SCRIPT.format(python=sys.executable, module=module, function=function))
    return place


def test_the_console_script_works_in_a_folder_that_has_its_own_models(script: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    for name in ("models", "studio"):
        (here / name).mkdir(parents=True)
        (here / name / "__init__.py").write_text("raise SystemExit('the wrong package')")

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(script), *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)

    version = call("--version")
    assert version.returncode == 0 and version.stdout.startswith("generative-studio "), version
    told = call("info", "vae-fashion")
    assert told.returncode == 0 and "family: vae" in told.stdout, told
    assert "usage: generative-studio info" in call("info").stderr
