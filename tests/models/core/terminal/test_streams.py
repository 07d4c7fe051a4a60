"""Whatever standard output and error are, a command says one clear line or goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.cli.progress import EVERY, Lines
from models.core.disk import places
from models.core.record import Run
from models.core.terminal import standard_streams, visible
from tests.tools.folders import ROOT

COMMAND = f'"{sys.executable}" -m models'
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")


def shell(words: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", words], cwd=ROOT, capture_output=True, env={**os.environ, **env}, timeout=240, check=False
    )


@needs_full
@pytest.mark.parametrize("words", ["--help", "--version", "datasets", "datasets --json", "info vae-fashion"])
def test_output_into_a_full_disk_is_one_line_and_a_failure(words: str) -> None:
    done = shell(f"{COMMAND} {words} >/dev/full")
    assert done.stderr.decode() == "standard output could not be written: No space left on device\n"
    assert done.returncode == 1


@needs_full
def test_errors_into_a_full_disk_change_nothing() -> None:
    done = shell(f"{COMMAND} datasets 2>/dev/full")
    assert done.returncode == 0 and b"fashion_mnist" in done.stdout
    assert shell(f"{COMMAND} info nothing 2>/dev/full").returncode == 2
    assert shell(f"{COMMAND} fly 2>/dev/full").returncode == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_change_nothing(closed: str) -> None:
    done = shell(f"{COMMAND} info vae-fashion {closed}")
    assert done.returncode == 0 and done.stderr == b""
    assert shell(f"{COMMAND} info nothing {closed}").returncode == 2


CLOSED = """
import os
from models.core.terminal import standard_streams
standard_streams.fill_closed()
opened = os.open(os.devnull, os.O_RDONLY)
os._exit(0 if opened > 2 else 9)
"""


def test_no_file_of_ours_gets_the_number_of_a_closed_stream() -> None:
    """What prints to descriptor 2 would write into it: into a checkpoint, at the worst."""
    assert shell(f'"{sys.executable}" -c "{CLOSED}" <&- >&- 2>&-').returncode == 0


@pytest.mark.parametrize("words", ["list", "--help", "datasets", "fly 2>&1", "info nothing 2>&1"])
def test_a_reader_that_goes_away_is_no_reason_for_words(words: str) -> None:
    done = shell(f"{COMMAND} {words} | true; exit ${{PIPESTATUS[0]}}")
    assert done.stderr == b""
    assert done.returncode in (0, 1, 2)


def test_names_that_the_terminal_cannot_show_are_no_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "ünï-🎈"
    folder.mkdir()
    done = shell(f'{COMMAND} info "{folder}"', LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 2 and b"holds run.json" in done.stderr and b"Traceback" not in done.stderr
    done = shell(f"{COMMAND} datasets $'{tmp_path}/\\xff\\xfe.npz'")
    assert done.returncode == 2 and b"no such dataset" in done.stderr and b"Traceback" not in done.stderr


def test_bytes_of_a_name_go_out_as_they_are() -> None:
    assert os.fsdecode(b"a\xff\xfeb").encode("utf-8", standard_streams._ERRORS) == b"a\xff\xfeb"
    assert os.fsdecode(b"a\xffb").encode("ascii", standard_streams._ERRORS) == b"a\xffb"
    assert "é🎈".encode("ascii", standard_streams._ERRORS) == b"\\xe9\\U0001f388"


NOISE = """
import logging, os, sys, warnings
import models.__main__ as start

def act(arguments):
    os.write(2, b'E0000 00:00:1764 words of a library\\n')
    warnings.warn('retracing')
    logging.getLogger('tensorflow').warning('5 out of the last 5 calls triggered retracing')
    print('our line')
    print('our trouble', file=sys.stderr)
    raise RuntimeError('unforeseen')

start._act = act
sys.exit(start.main(['datasets']))
"""


def test_words_of_others_and_tracebacks_go_into_the_log(own_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", NOISE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "our line\n"
    first, second = done.stderr.splitlines()
    assert first == "our trouble" and second.startswith("datasets: something unexpected happened: RuntimeError: unfor")
    logged = standard_streams.log_file().read_text("utf-8")
    for words in ("E0000", "UserWarning: retracing", "5 out of the last 5 calls", "Traceback", "unforeseen"):
        assert words in logged
    assert str(places.logs()) in second


def test_a_log_that_cannot_be_written_keeps_words_of_others_off_the_terminal_too(own_home: Path) -> None:
    own_home.write_text("a file where the home should be")
    done = subprocess.run([sys.executable, "-c", NOISE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert len(done.stderr.splitlines()) == 2 and "Traceback" not in done.stderr


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_file_gets_a_line_now_and_then_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = Lines(clock)
    for number in range(1280):
        clock.now += EVERY / 128
        lines.show("epoch 1 of 2", number, 1280, ", loss=0.5000")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 10 and said[0] == "epoch 1 of 2: 127 of 1,280, loss=0.5000"
    for done in (0, 5, 5, 5):
        lines.loading("Reading", done, 5)  # over at once: one line
    assert capsys.readouterr().err == "Reading: 5 of 5\n"


def test_no_command_prints_escape_sequences_of_others(tmp_path: Path) -> None:
    """A message, a title, a metric, a file's name: they are shown, not obeyed; a progress bar still goes back."""
    bad = "\x1b]0;title\x07\x1b[31mred\x9b1m\rforged\u202e\nline"
    run = Run.create(
        tmp_path / "run\x1b[7m", family="vae", config={bad: 1}, seed=1, versions={},
        dataset={"name": bad, "title": bad, "count": 1, "fingerprint": "0", "image_shape": [8, 8, 1]},
    )  # fmt: skip
    run.append_metrics({"step": 1, "epoch": 1, "seconds": 1.0, bad: 1.0})
    run.set_status("failed", bad)
    run.close()
    shutil.copytree(run.folder, places.runs() / "listed\x1b[7m")
    (places.runs() / "damaged\x1b[7m").mkdir()
    (places.runs() / "damaged\x1b[7m" / "run.json").write_text("\x1b[7m")
    words = (
        ("info", run.folder),
        ("info", places.runs() / "damaged\x1b[7m"),
        ("list",),
        ("info", "\x1b[7mnothing"),
        (bad,),
    )
    for command in words:
        done = subprocess.run([sys.executable, "-m", "models", *map(str, command)], cwd=ROOT, capture_output=True,
                              check=False)  # fmt: skip
        said = (done.stdout + done.stderr).decode("utf-8")
        assert not [sign for sign in said if sign != "\n" and (ord(sign) < 32 or sign in "\x7f\x9b\u202e")], said
        assert b"Traceback" not in done.stderr
    assert "\\x1b" in said and not [line for line in said.splitlines() if line.startswith("forged")]


def test_control_characters_are_shown_and_lines_kept() -> None:
    assert visible.lines("a\tb\nc") == "a\tb\nc" and visible.line("a\tb\nc\r") == "a\\tb\\nc\\r"
    assert (
        visible.line("\x1b[0m\x9b\u202e\x7f") == "\\x1b[0m\\x9b\\u202e\\x7f" == visible.lines("\x1b[0m\x9b\u202e\x7f")
    )
    assert visible.line("Grüße, 日本語 🎈 \u00a0") == "Grüße, 日本語 🎈 \u00a0"
    assert visible.line(os.fsdecode(b"\x9b31m\xff")) == "\\x9b31m" + os.fsdecode(b"\xff")


def test_the_door_lets_a_progress_bar_go_back_to_the_begin_of_its_line(tmp_path: Path) -> None:
    begin = "from models.core.terminal import standard_streams\n"
    script = begin + "standard_streams.run(lambda: print('\\r50 %a\\rb') or 0)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout == b"\r50 %a\\rb" + os.linesep.encode()
