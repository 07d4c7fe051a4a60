"""What an argument of the command line may be: declared where the argument is, checked before anything is loaded.

The parser collects what is wrong with each argument, so that a command names everything at once. A number is read by a
type that gives a ``Wrong`` for what it is not; of a path, which has a type of its own, a check says what is wrong.
"""

from __future__ import annotations

import argparse
import errno
import importlib.util
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from models.core.disk.operations import native, shown
from models.core.errors import ConfigError, UserError
from models.core.record import preset, sealed

MOST_SEED = 2**31 - 1
PACKAGE_OF = {".mp4": ("av", "video")}  # a file name's ending -> (package, extra) that writes such files


@dataclass(frozen=True)
class Wrong:
    """What stands in the place of a value that cannot be used; ``problem`` goes on after the argument's name."""

    problem: str


class Assignment(NamedTuple):
    """FIELD=VALUE, as ``--set`` takes it."""

    name: str
    value: str


Check = Callable[[Any], str]  # what is wrong with a value, or ""
Reader = Callable[[str], Any]  # a value, or a Wrong


# --- values ---


def whole(low: int, high: int | None = None) -> Reader:
    """A whole number from ``low`` to ``high`` (None: as large as you like)."""

    def check(text: str) -> int | Wrong:
        try:
            value = int(text)
        except ValueError:
            return Wrong(f"must be a whole number (it is {text[:60]!r})")
        if value < low or (high is not None and value > high):
            return Wrong(f"{_range(low, high)} (it is {text[:60]})")
        return value

    return check


def number(low: float, high: float | None = None, *, above: bool = False) -> Reader:
    """A finite number from ``low`` (or, with ``above``, more than that) to ``high`` (None: as large as you like)."""

    def check(text: str) -> float | Wrong:
        try:
            value = float(text)
        except ValueError:
            return Wrong(f"must be a number (it is {text[:60]!r})")
        if not math.isfinite(value):
            return Wrong(f"must be a finite number (it is {text[:60]})")
        if value < low or (above and value == low) or (high is not None and value > high):
            return Wrong(f"{f'must be more than {low:g}' if above else _range(low, high)} (it is {text[:60]})")
        return value

    return check


def _range(low: float, high: float | None) -> str:
    return f"must be at least {low:g}" if high is None else f"must be from {low} to {high}"


def sentence(most: int) -> Reader:
    """A text of at most so many characters."""

    def read(text: str) -> str | Wrong:
        return text if len(text) <= most else Wrong(f"must have at most {most} characters (it has {len(text):,})")

    return read


def one_of(choices: Iterable[str]) -> Reader:
    """One of some words."""
    known = tuple(choices)

    def check(text: str) -> str | Wrong:
        return text if text in known else Wrong(f"must be one of {', '.join(known)} (it is {text[:60]!r})")

    return check


def colour(text: str) -> tuple[int, int, int] | Wrong:
    """A colour by its name or as #rrggbb: (red, green, blue), 0..255 each."""
    from PIL import ImageColor

    try:
        found = ImageColor.getrgb(text)
    except ValueError:
        return Wrong(f"must be a colour such as white, black or #336699 (it is {text[:60]!r})")
    return found[0], found[1], found[2]


def assignment(text: str) -> Assignment | Wrong:
    """FIELD=VALUE."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        return Wrong(f"{text[:60]} must be FIELD=VALUE")
    return Assignment(name.strip(), value.strip())


def strength(most: float) -> Reader:
    """WORD=NUMBER: how much a word counts, from 0 to ``most``."""
    amount = number(0.0, most)

    def read(text: str) -> tuple[str, float] | Wrong:
        word, equals, value = text.partition("=")
        if not equals or not word.strip():
            return Wrong(f"{text[:60]} must be WORD=NUMBER")
        found = amount(value)
        return found if isinstance(found, Wrong) else (word.strip(), found)

    return read


def dataset(text: str) -> str:
    """A dataset that is there: a name, a folder of images or an .npz file."""
    from models.core import datasets

    try:
        datasets.check(text)
    except UserError as error:
        return f"cannot be used: {error}"
    return ""


# --- paths: what is wrong with one, or "" ---


def run_folder(path: Path) -> str:
    """The folder of a run that is there."""
    if sealed.exists(path / "run.json") or preset.is_preset(path):
        return ""
    there = "holds no run: choose the folder that holds run.json" if os.path.isdir(path) else "is not there"
    return f"{there} (it is {shown(path)!r})"


def preset_source(text: str) -> str:
    """A preset by its name, or a folder that holds one."""
    from models.core.hub.presets import PRESETS

    if text in PRESETS or preset.is_preset(Path(text)):
        return ""
    names = ", ".join(PRESETS)
    return f"must be one of {names}, or the folder of a Stable Diffusion 3 preset (it is {shown(Path(text))!r})"


def new_run_folder(path: Path) -> str:
    """A folder that can become a run: it need not exist, can be written, and holds nothing that a run would change."""
    from models.core.record import files

    problem = _unwritable(path, folder=True)
    if not problem and sealed.exists(path / "run.json"):
        problem = "holds a run already: choose another folder, or resume that run"
    if not problem and (taken := files.own_files(path)):
        problem = f"holds {shown(taken[0])}, which a run would write over: choose another folder"
    return problem and f"{problem} (it is {shown(path)!r})"


def source(path: Path) -> str:
    """A file or a folder that is there."""
    return "" if os.path.exists(native(path)) else f"{shown(path)} is not there"


def source_file(path: Path) -> str:
    """A file that is there; what it holds is looked at later, and one of many that is damaged is left out."""
    return f"{shown(path)} is a folder, not an image" if os.path.isdir(path) else source(path)


def out_file(*suffixes: str) -> Check:
    """A file that can be written, with one of these endings (none given: any); missing folders are made for it."""

    def check(path: Path) -> str:
        problem = _unwritable(path, folder=False)
        if not problem and suffixes and path.suffix.lower() not in suffixes:
            problem = f"must end in {' or '.join(suffixes)}"
        package, extra = PACKAGE_OF.get(path.suffix.lower(), ("", ""))
        if not problem and package and importlib.util.find_spec(package) is None:
            problem = f"needs the package {package}: pip install 'generative-studio[{extra}]'"
        return problem and f"{problem} (it is {shown(path)!r})"

    return check


def out_folder(path: Path) -> str:
    """A folder that can be written; it and its parents are made if they are missing."""
    problem = _unwritable(path, folder=True)
    return problem and f"{problem} (it is {shown(path)!r})"


def _unwritable(path: Path, *, folder: bool) -> str:
    """What keeps a file (or folder) from being written there, found out without writing; "" if nothing does."""
    try:
        os.lstat(native(path))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return "has a name that is too long"
    if not folder and os.path.isdir(path):
        return "is a folder: give the name of a file"
    for place in (path, *path.parents) if folder else path.parents:
        if os.path.lexists(native(place)):
            if not os.path.isdir(place):
                return f"cannot be made: {shown(place)} is a file, not a folder"
            if not os.access(place, os.W_OK | os.X_OK):
                return f"cannot be written: {shown(place)} is read-only or belongs to another user"
            break
    return ""


# --- all of them ---


def name_of(action: argparse.Action) -> str:
    """An argument as a person knows it: ``--out``, or ``run`` for one without dashes."""
    return action.option_strings[-1] if action.option_strings else action.dest


def problems(values: argparse.Namespace, actions: Iterable[argparse.Action]) -> dict[str, str]:
    """What is wrong with each argument, by its name; of a list each item that is wrong."""
    found: dict[str, str] = {}
    for action in actions:
        value = getattr(values, action.dest, None)
        wrong = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Wrong)]
        if wrong:
            found[name_of(action)] = "; ".join(item.problem for item in wrong)
    return found


def together(*checks: Callable[[], Any]) -> list[Any]:
    """Run checks that need more than the argument itself, all of them, and return what each returned.

    Raises:
        ConfigError: with the fields of every check that raised one.
    """
    found: list[Any] = []
    wrong: dict[str, str] = {}
    for check in checks:
        try:
            found.append(check())
        except ConfigError as error:
            wrong |= error.fields
    if wrong:
        raise ConfigError(wrong)
    return found


def refuse(arguments: argparse.Namespace) -> None:
    """Refuse a command with arguments that cannot be used, before it begins.

    Raises:
        ConfigError: naming every one.
    """
    if arguments.wrong:
        raise ConfigError(arguments.wrong)
