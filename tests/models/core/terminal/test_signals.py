"""Ctrl+C, SIGTERM and SIGHUP on the command line: saved, said in one line, and an exit status that tells."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.core.disk import files
from models.core.record import Run
from models.core.record.lock import held_by_other
from models.core.terminal import interrupts
from tests.tools.processes import started

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has none of these signals but Ctrl+C")
SECONDS = 240
TRAIN = ["train", "vae", "--epochs", "30", "--seed", "3", "--set", "latent_size=2", "--set", "batch_size=20"]
NAMED = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


def weights(folder: Path) -> dict[str, bytes]:
    """All that training goes on from, by name: weights, optimizer slots, random state."""
    path = folder / "checkpoints" / Run.open(folder).checkpoints()[-1].file
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files if not name.startswith("metrics/")}


def start(*words: object) -> subprocess.Popen[str]:
    return started([sys.executable, "-m", "models", *map(str, words)])


@contextlib.contextmanager
def killed_after(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def wait_for_step(process: subprocess.Popen[str], step: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if (json.loads(line).get("step") or 0) >= step:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the dataset ``small.npz`` and a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("signals")
    pixels = np.random.default_rng(0).integers(0, 256, (100, 8, 8), dtype=np.uint8)
    np.savez(folder / "small.npz", images=pixels)
    words = [*TRAIN, "--dataset", str(folder / "small.npz"), "--run", str(folder / "whole")]
    subprocess.run([sys.executable, "-m", "models", *words], capture_output=True, check=True, timeout=SECONDS)
    return folder


def interrupted(process: subprocess.Popen[str], name: str, run: Path) -> None:
    """Send a signal at step 10 or later: what was told of is saved, one line says so, the exit status says which."""
    wait_for_step(process, 10)
    process.send_signal(getattr(signal, name))
    said, troubles = process.communicate(timeout=SECONDS)
    assert process.returncode == NAMED[name], troubles
    told = [json.loads(line) for line in said.splitlines()]
    newest = Run.open(run).checkpoints()[-1].step
    assert newest >= max([10, *(line["step"] for line in told if line["event"] == "progress")])
    assert Run.open(run).info.status == "paused" == told[-1]["status"]
    words = f": paused by {interrupts.said(getattr(signal, name))} and saved at step {newest:,}; the command resume "
    assert words in troubles.splitlines()[-1] and "Traceback" not in troubles
    assert not held_by_other(run) and not [path for path in run.rglob("*") if files.is_stray(path.name)]


def test_signals_save_a_training_that_goes_on_as_if_nothing_had_been(whole: Path, tmp_path: Path) -> None:
    """Interrupted twice, it ends with the very same weights; under ``nohup`` a hang-up interrupts nothing."""
    run = tmp_path / "run"
    words = [sys.executable, "-m", "models", *TRAIN, "--dataset", str(whole / "small.npz"), "--run", str(run), "--json"]
    with killed_after(started(["sh", "-c", f"trap '' HUP; exec {shlex.join(words)}"])) as process:
        wait_for_step(process, 1)
        process.send_signal(signal.SIGHUP)
        interrupted(process, "SIGINT", run)
    with killed_after(start("resume", run, "--json")) as process:
        interrupted(process, "SIGTERM", run)
    with killed_after(start("resume", run)) as process:
        process.communicate(timeout=SECONDS)
    assert process.returncode == 0 and Run.open(run).info.status == "finished"
    assert weights(run) == weights(whole / "whole")


SLOW = """
import sys, time
from pathlib import Path
import models.__main__ as start
from models.core.disk import files
command = sys.argv[1]

def act(arguments):
    def write(stream):
        stream.write(b"half of it")
        if "stubborn" in sys.argv:
            while True:
                try:
                    print("begun", flush=True)
                    time.sleep(60)
                except BaseException:
                    print("swallowed", flush=True)
        if "import" in sys.argv:
            try:
                print("begun", flush=True)
                time.sleep(60)
            except BaseException:
                raise ImportError("a library was interrupted half way")
        print("begun", flush=True)
        time.sleep(60)
    files.write_atomic(Path(sys.argv[2]) / "out.png", write)

start._act = act
sys.exit(start.main([command, *sys.argv[4:]]))
"""
COMMANDS = {
    "sample": ["vae-fashion", "--out", "a.png"],
    "score": ["vae-fashion"],
    "doctor": ["vae-fashion"],
    "denoise": ["vae-fashion", "--images", "a.png"],
    "datasets": [],
}


def slow(command: str, folder: Path, how: str = "plain") -> subprocess.Popen[str]:
    return started([sys.executable, "-c", SLOW, command, str(folder), how, *COMMANDS[command]])


@pytest.mark.parametrize(
    ("command", "name"), [*((c, "SIGINT") for c in COMMANDS), ("score", "SIGTERM"), ("score", "SIGHUP")]
)
def test_a_signal_ends_any_command_in_one_line_and_leaves_no_part_of_a_file(
    command: str, name: str, tmp_path: Path
) -> None:
    with killed_after(slow(command, tmp_path)) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.send_signal(getattr(signal, name))
        _, troubles = process.communicate(timeout=SECONDS)
    assert troubles == f"{command}: interrupted by {interrupts.said(getattr(signal, name))}\n"
    assert process.returncode == NAMED[name]
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "studio-home"])


def test_what_an_interrupt_breaks_on_its_way_out_is_not_called_an_error(tmp_path: Path) -> None:
    with killed_after(slow("score", tmp_path, "import")) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        _, troubles = process.communicate(timeout=SECONDS)
    assert troubles == "score: interrupted by SIGTERM\n" and process.returncode == 143


def test_a_second_ctrl_c_ends_at_once_whatever_the_program_does(tmp_path: Path) -> None:
    with killed_after(slow("score", tmp_path, "stubborn")) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert "swallowed\n" in iter(process.stdout.readline, "")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)
    assert process.returncode == -signal.SIGINT


def test_only_the_first_of_two_signals_acts_and_all_is_as_before_afterwards() -> None:
    before = {number: signal.getsignal(number) for number in interrupts.numbers()}
    acted: list[int] = []
    with interrupts.listening(acted.append) as heard:
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
    assert acted == [signal.SIGTERM] and heard.number == signal.SIGTERM
    assert {number: signal.getsignal(number) for number in interrupts.numbers()} == before
    with pytest.raises(interrupts.Interrupted), interrupts.listening(interrupts.leave):
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0)
