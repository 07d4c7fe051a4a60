"""Arguments of the command line: a path means the same in every one of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from models.cli.arguments import parser


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found.choices)


def path_arguments() -> list[tuple[str, str]]:
    """(command, argument) of each argument that takes a path or a dataset."""
    words = ("run", "images", "image", "mask", "minus", "plus", "out", "dataset")
    return [(name, action.dest) for name, command in commands().items() for action in command._actions
            if action.dest in words]  # fmt: skip


def test_no_command_has_been_overlooked() -> None:
    assert {name for name, _ in path_arguments()} == set(commands()) - {"list"}


@pytest.mark.parametrize(("name", "argument"), path_arguments())
def test_a_tilde_is_the_home_folder_in_every_path(
    name: str, argument: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    action = next(a for a in commands()[name]._actions if a.dest == argument)
    assert callable(action.type), f"{name} {argument} takes a text as it is"
    assert str(action.type("~/a b/c")) == str(tmp_path / "a b" / "c")
    assert str(action.type("~nobody-of-this-name/c")) == str(Path.cwd() / "~nobody-of-this-name" / "c")
    assert str(action.type("x~")) == str(Path.cwd() / "x~")


def test_names_of_datasets_stay_names() -> None:
    assert parser().parse_args(["train", "vae"]).dataset == "fashion_mnist"
    assert parser().parse_args(["datasets", "digits"]).dataset == "digits"
