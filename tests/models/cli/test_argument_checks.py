"""Arguments of all commands: whatever is wrong is named, all at once, before anything is loaded or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import __main__ as command_line
from models.cli.argument_checks import Wrong, number, whole
from models.cli.arguments import parser
from models.core import device
from models.core.record import Run
from tests.tools.record_tools import make_run

FILE, DIR = "a file.txt", "a folder"
GONE = "nowhere/at all"
SEEDS, COUNTS = ["-1", "2147483648", "1.5", "x", ""], ["0", "-3", "1e3", "many"]
ENDINGS = ["x.jpg", "x"]
PLACES = [DIR, "", f"{FILE}/x.png", "n" * 300 + ".png"]

# command -> (what it must be given, what is wrong by argument)
GROUNDS = ["no colour", ""]
STRENGTHS = ["red", "=2", "red=", "red=-1", "red=2.1", "red=nan"]
BAD: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "info": ([], {"run": [GONE, DIR, FILE, ""]}),
    "doctor": ([], {"run": [GONE, DIR]}),
    "datasets": ([], {"dataset": [GONE, FILE], "--size": ["7", "257", "x"]}),
    "train": (
        ["vae", "--dataset", "digits"],
        {
            "--dataset": [GONE, FILE, ""], "--size": ["7", "257", "x"], "--epochs": ["0", "-1", "x"], "--seed": SEEDS,
            "--set": ["oops", "=3"], "--run": ["a run", FILE, "", f"{FILE}/run", "taken"],
            "--checkpoint-steps": ["0", "-1", "x"],
        },
    ),
    "resume": (
        ["a run"],
        {
            "run": [GONE, DIR], "--epochs": ["0", "x"], "--learning-rate": ["0", "-1", "nan", "inf", "x"],
            "--set": ["oops"], "--checkpoint-steps": ["0"], "--dataset": [GONE, FILE, "mnist"],
        },
    ),
    "branch": (
        ["a run", "--out", "new"],
        {
            "run": [GONE, DIR], "--step": ["-1", "x"], "--set": ["oops"], "--size": ["0", "x"],
            "--out": ["a run", FILE, "", f"{FILE}/run", "taken"],
        },
    ),
    "preset": (
        [],
        {
            "preset": [GONE, DIR, "stable_diffusion_9"], "--size": ["63", "2049", "x"], "--precision": ["int8", ""],
            "--run": [FILE, "", f"{FILE}/run"],
        },
    ),
    "sample": (
        ["a run", "--out", "x.png"],
        {
            "run": [GONE, DIR], "--count": COUNTS, "--seed": SEEDS, "--out": [*PLACES, *ENDINGS],
            "--images": [GONE, DIR], "--from": ["0", "x"], "--sampler": ["fast"], "--steps": ["0", "x"],
            "--eta": ["-0.1", "2", "nan"], "--guidance": ["-1", "21", "inf"], "--background": GROUNDS,
            "--attributes": ["x" * 501], "--prompt": ["x" * 501], "--negative": ["x" * 501], "--strength": STRENGTHS,
        },
    ),
    "reconstruct": (
        ["a run", "--images", FILE, "--out", "x.png"],
        {"run": [GONE], "--images": [GONE, DIR], "--out": [*PLACES, *ENDINGS, "x.gif"], "--background": GROUNDS},
    ),
    "interpolate": (
        ["a run", "--from", "1", "--to", "2", "--out", "x.png"],
        {
            "run": [GONE], "--from": ["x", *SEEDS], "--to": ["x", *SEEDS], "--steps": ["1", "1001", "x"],
            "--out": [*PLACES, *ENDINGS], "--scale": ["0", "65", "x"], "--fps": ["0", "101", "nan"],
            "--axis": ["-1", "1.5", "x"], "--seed": [*SEEDS, "1"],
        },
    ),
    "export": (
        ["a run", "--format", "keras", "--out", "net"],
        {"run": [GONE], "--format": ["pickle", ""], "--out": PLACES},
    ),
    "denoise": (
        ["a run", "--images", FILE, "--out", "clean"],
        {
            "run": [GONE], "--images": [GONE], "--out": [FILE, "", f"{FILE}/clean"],
            "--strength": ["-0.1", "1.1", "nan", "x"], "--format": ["bmp", ""], "--quality": ["0", "101", "x"],
            "--background": GROUNDS,
        },
    ),
    "score": (
        ["a run"],
        {"run": [GONE], "--count": ["1", "100001", "x"], "--seed": SEEDS, "--sampler": ["fast"], "--steps": ["0"]},
    ),
    "transfer": (
        ["a run"],
        {
            "run": [GONE], "--labels": ["0", "x"], "--seeds": ["0"], "--layers": ["-1"], "--epochs": ["0"],
            "--frozen-epochs": ["-1"], "--optimizer": ["none"], "--learning-rate": ["0", "nan"],
            "--fine-tuning-rate": ["2"], "--seed": ["-1", "x"], "--out": PLACES,
        },
    ),
    "arithmetic": (
        ["a run"],
        {
            "run": [GONE], "--people": ["100", "5001", "x"], "--seed": SEEDS, "--images": [GONE, DIR],
            "--minus": [GONE, FILE], "--plus": [GONE, FILE], "--out": [*PLACES, *ENDINGS, "x.png"],
            "--noise": ["-1", "1.5", "nan", "0.5"], "--background": GROUNDS,
        },
    ),
    "words": (
        ["a run", "--prompt", "a face", "--out", "maps"],
        {
            "run": [GONE], "--prompt": ["x" * 501], "--negative": ["x" * 501], "--seed": SEEDS,
            "--out": [FILE, "", f"{FILE}/maps"], "--sampler": ["fast"], "--steps": ["0"],
            "--eta": ["2"], "--guidance": ["21"],
        },
    ),
    "table": (
        ["a run", "--across", "red, green hair", "--down", "glasses", "--out", "x.png"],
        {
            "run": [GONE], "--prompt": ["x" * 501], "--across": ["x" * 501], "--down": ["x" * 501],
            "--negative": ["x" * 501], "--seed": SEEDS, "--out": [*PLACES, *ENDINGS, "x.gif"], "--steps": ["0"],
            "--sampler": ["fast"], "--eta": ["2"], "--guidance": ["21"],
        },
    ),
    "inpaint": (
        ["a run", "--image", FILE, "--mask", FILE, "--out", "x.png"],
        {
            "run": [GONE], "--image": [GONE, DIR], "--mask": [GONE, DIR], "--out": [*PLACES, *ENDINGS, "x.gif"],
            "--count": COUNTS, "--seed": SEEDS, "--repeats": ["0", "51", "x"], "--background": GROUNDS,
            "--attributes": ["x" * 501], "--prompt": ["x" * 501], "--negative": ["x" * 501], "--sampler": ["fast"],
            "--steps": ["0"], "--eta": ["2"], "--guidance": ["21"], "--strength": STRENGTHS,
        },
    ),
    "mixing": (
        ["a run"],
        {
            "run": [GONE], "--crossover": ["0", "x"], "--truncation": ["-1", "2.1", "nan"], "--count": ["1", "10001"],
            "--seed": SEEDS, "--out": [*PLACES, *ENDINGS, "x.gif"],
        },
    ),
}  # fmt: skip
SLOW = ("train", "transfer")  # their settings are checked by the family, which imports the backend
ONE = [
    (command, name, value) for command, (_, wrong) in BAD.items() for name, values in wrong.items() for value in values
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: with a run, a file, a folder, and a folder with a file that a run would write over."""
    where = tmp_path / "here"
    make_run(where / "a run").close()
    (where / FILE).write_text("words")
    (where / DIR).mkdir()
    (where / "taken" / "checkpoints").mkdir(parents=True)
    (where / "taken" / "checkpoints" / "step-3.npz").write_bytes(b"somebody else's")
    monkeypatch.chdir(where)
    return where


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def words_of(command: str, changes: dict[str, str]) -> list[str]:
    """The command line with some arguments changed; those without dashes take the place of the first word."""
    needed = list(BAD[command][0])
    for name, value in changes.items():
        if not name.startswith("--"):
            needed[:1] = [value]
        elif name in needed:
            needed[needed.index(name) + 1] = value
        else:
            needed.append(f"{name}={value}")
    return [command, *needed]


@pytest.mark.parametrize("case", ONE, ids="-".join)
def test_a_bad_value_is_named_before_anything_is_loaded(case, place, monkeypatch, capsys):
    command, name, value = case
    if command not in SLOW:
        monkeypatch.setattr(device, "prepare", lambda: pytest.fail("the backend was loaded"))
        monkeypatch.setattr(Run, "open", lambda *_, **__: pytest.fail("the run was opened"))
    before = contents(place)
    assert command_line.main(words_of(command, {name: value})) == 2
    said = capsys.readouterr().err
    named = name.lstrip("-").replace("-", "_") if name not in said else name
    assert any(line.startswith(f"{command}: {named} ") for line in said.splitlines()), said
    assert "Traceback" not in said and contents(place) == before


@pytest.mark.parametrize("command", BAD)
def test_all_that_is_wrong_is_named_at_once(command, capsys):
    wrong = BAD[command][1]
    words = words_of(command, {name: values[0] for name, values in wrong.items()})
    assert command_line.main([*words, "--nonsense"]) == 2
    said = capsys.readouterr().err
    for name in (*wrong, "--nonsense"):
        assert f"{command}: {name} " in said or f"{command}: {name.lstrip('-').replace('-', '_')} " in said, said


@pytest.mark.parametrize("command", [command for command, (needed, _) in BAD.items() if needed])
def test_what_is_missing_is_named_with_the_rest(command, capsys):
    needed = BAD[command][0]
    assert command_line.main([command, "--nonsense"]) == 2
    said = capsys.readouterr().err
    for name in [word for word in needed if word.startswith("--") and word != "--dataset"]:
        assert f"{command}: {name} is missing" in said
    assert f"{command}: {'family' if command == 'train' else 'run'} is missing" in said


def test_every_argument_of_every_command_is_in_the_table():
    """A new argument takes a check, and a line here."""
    free = {
        "--json",
        "-h",
        "--help",
        "--version",
        "--linear",
        "--judge",
        "--overwrite",
        "--defaults",
        "family",
        "--class",
        "--attribute",
    }
    commands = next(action for action in parser()._actions if action.dest == "command").choices
    assert commands is not None
    for name, command in commands.items():
        known = {action.option_strings[-1] if action.option_strings else action.dest for action in command._actions}
        walk = {"--sampler", "--steps", "--eta", "--guidance"} if name == "score" else set()  # those of sample
        assert known - free - walk - set(BAD.get(name, ([], {}))[1]) == set(), name


@pytest.mark.parametrize("command", [command for command in BAD if command not in SLOW])
def test_good_arguments_have_nothing_wrong(command):
    values = parser().parse([command, *BAD[command][0]])
    if command not in ("info", "doctor"):
        assert values.wrong == {}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_folder_that_belongs_to_someone_else_is_named(place, capsys):
    (place / DIR).chmod(0o500)
    assert command_line.main(["sample", "a run", "--out", f"{DIR}/x.png"]) == 2
    assert "read-only or belongs to another user" in capsys.readouterr().err
    (place / DIR).chmod(0o700)


def test_a_folder_that_cannot_be_written_is_named(place, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: DIR not in str(path))
    assert command_line.main(["sample", "a run", "--out", f"{DIR}/new/x.png"]) == 2
    assert "a folder is read-only or belongs to another user" in capsys.readouterr().err


def test_a_home_folder_is_written_as_everywhere(place, monkeypatch):
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("USERPROFILE", str(place))
    words = ["reconstruct", "~/a run", "--images", f"~/{FILE}", "--out", "~/x.png"]
    values = parser().parse(words)
    assert values.run == place / "a run" and values.images == [place / FILE] and values.out == place / "x.png"


def test_numbers_are_finite_and_within_their_range() -> None:
    assert whole(1, 3)("3") == 3 and number(0.0, 1.0)("0") == 0.0 and number(0.0, above=True)("1e-9") == 1e-9
    for check, texts in ((whole(1, 3), ["4", "0", "1.0"]), (number(0.0, above=True), ["0", "nan", "-1", "inf"])):
        for text in texts:
            found = check(text)
            assert isinstance(found, Wrong) and text in found.problem


def test_the_ends_of_an_axis_are_numbers_and_the_ends_without_one_are_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    along = ["interpolate", "a run", "--axis", "3", "--out", "x.png"]
    values = parser().parse([*along, "--from", "-0.8", "--to", ".8"])
    assert values.wrong == {} and (values.begin, values.end, values.seed) == (-0.8, 0.8, None)
    assert command_line.main([*along, "--from", "x", "--to", "nan", "--linear", "--seed", "1"]) == 2
    said = capsys.readouterr().err
    assert "--from must be a number" in said and "--to must be a finite number" in said
    assert "--linear is not for --axis" in said and "interpolate: --seed" not in said


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    yield


def test_a_film_that_needs_a_package_says_which(no_package: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["interpolate", "a run", "--from", "1", "--to", "2", "--out", "x.mp4"]) == 2
    assert "--out needs the package av" in capsys.readouterr().err
