"""Ctrl+C, SIGTERM, SIGHUP and the end of the session: the studio saves what trains and ends (fault C-16)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.core.disk import places
from models.core.record import Run
from models.core.record.lock import held_by_other
from tests.tools.bounds import rounds
from tests.tools.folders import ROOT
from tests.tools.gui.runs import small_pictures
from tests.tools.processes import started

SECONDS = 240
VALUES = {"epochs": 60, "batch_size": 8, "latent_size": 2, "architecture": "dense", "kl_weight": 1.0, "seed": 5}

STUDIO = """
import json, sys
import studio.__main__ as start
import studio.window as window
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from models.core.disk import places
from studio.workers.jobs import Job
moment, dataset, values = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
begin = window.Window.start_backend

def begun(self):
    begin(self)
    if moment != "nothing":
        self.services.jobs.add(Job(places.runs() / "run", "vae", values, dataset))
    box = QMessageBox(self)

    def look():
        progress = self.services.jobs.progress
        if moment == "nothing" or (progress is not None and progress.step > 20):
            timer.stop()
            print("ready", flush=True)
            if moment == "dialog":
                box.exec()
                print("the dialog is over", flush=True)
            if moment == "session":
                QApplication.instance().commitDataRequest.emit(None)
                print("saved", flush=True)
            if moment == "quit":
                QApplication.exit(0)
            if moment == "stuck":
                self.services.close = stuck
                self.close()

    def stuck():
        print("closing", flush=True)
        import threading
        threading.Event().wait()

    timer = QTimer(self)
    timer.timeout.connect(look)
    timer.start(1)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")


class Studio:
    """A studio in a process of its own; it says "ready" at its moment."""

    def __init__(self, moment: str, dataset: Path) -> None:

        words = [sys.executable, "-c", STUDIO, moment, str(dataset), json.dumps(VALUES)]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
        self.process = started(words, cwd=ROOT, env=environment)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def __enter__(self) -> Studio:
        assert self.line() == "ready\n", self.process.communicate(timeout=SECONDS)[1]
        return self

    def end(self) -> str:
        """Wait for it; what it still said."""
        said, troubles = self.process.communicate(timeout=SECONDS)
        log = (places.logs() / "studio.log").read_text("utf-8")
        assert "Traceback" not in troubles + log, troubles + log
        return said

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=SECONDS)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return small_pictures(tmp_path / "small.npz")


def weights(folder: Path) -> dict[str, bytes]:
    path = folder / "checkpoints" / Run.open(folder).checkpoints()[-1].file
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files if not name.startswith("metrics/")}


def command(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "models", *map(str, words)], cwd=ROOT, capture_output=True, text=True,
                          timeout=SECONDS, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


def is_saved() -> Path:
    run = places.runs() / "run"
    kept = Run.open(run)
    assert kept.info.status == "paused" and not kept.interrupted and not held_by_other(run)
    assert kept.checkpoints()[-1].step > 20  # the last one by itself was at an end of an epoch, or at step 0
    return run


@needs_signals
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_what_trains_and_ends_the_studio(name: str, dataset: Path, tmp_path: Path) -> None:
    with Studio("training", dataset) as studio:
        studio.process.send_signal(getattr(signal, name))
        studio.end()
    assert studio.process.returncode == 0
    run = is_saved()
    if name == "SIGTERM":  # the end of a desktop's session
        settings = [word for item in VALUES.items() for word in ("--set", "{}={}".format(*item))]
        command("train", "vae", "--dataset", dataset, "--run", tmp_path / "whole", *settings)
        command("resume", run)
        assert weights(run) == weights(tmp_path / "whole")


@needs_signals
def test_an_idle_studio_ends_too(dataset: Path) -> None:
    with Studio("nothing", dataset) as studio:
        studio.process.send_signal(signal.SIGINT)
        studio.end()
    assert studio.process.returncode == 0


@needs_signals
def test_a_dialog_that_is_open_keeps_nobody_from_ending(dataset: Path) -> None:
    with Studio("dialog", dataset) as studio:
        studio.process.send_signal(signal.SIGTERM)
        assert studio.end() == "the dialog is over\n"
    assert studio.process.returncode == 0
    is_saved()


@needs_signals
def test_a_second_ctrl_c_ends_at_once(dataset: Path) -> None:
    with Studio("stuck", dataset) as studio:
        assert studio.line() == "closing\n"
        studio.process.send_signal(signal.SIGINT)
        studio.process.send_signal(signal.SIGINT)
        for _ in rounds("the second signal"):  # the two may have become one
            if studio.process.poll() is not None:
                break
            studio.process.send_signal(signal.SIGINT)
    assert studio.process.returncode == -signal.SIGINT


def test_the_end_of_the_session_saves_and_a_session_that_goes_on_has_its_window(dataset: Path) -> None:
    with Studio("session", dataset) as studio:
        assert studio.line() == "saved\n"
        is_saved()
        assert studio.process.poll() is None


def test_whoever_leaves_the_loop_of_events_has_saved(dataset: Path) -> None:
    with Studio("quit", dataset) as studio:
        studio.end()
    assert studio.process.returncode == 0
    is_saved()
