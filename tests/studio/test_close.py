"""Fault C-40: the window is closed at the worst moments; the process ends well and the newest checkpoint is whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.core import loading, state
from models.core.disk import places
from models.core.record import Run
from models.core.record.lock import held_by_other
from studio.settings import Settings
from tests.tools.folders import ROOT
from tests.tools.gui.runs import copy_into_home

SECONDS = 240

CLOSER = """
import sys, time
import studio.__main__ as start
import studio.window as window
from pathlib import Path
from PySide6.QtCore import QTimer
from models.core.disk import places
from studio.workers.jobs import Job
moment, tiny = sys.argv[1], Path(sys.argv[2])
VALUES = {"epochs": 500, "batch_size": 128, "latent_size": 4, "architecture": "dense"}
begin = window.Window.start_backend

def steps(w):
    return w.services.jobs.progress.step if w.services.jobs.progress else -1

def phase(w):
    return w.services.jobs.progress.phase if w.services.jobs.progress else ""

def generated(w):
    return len(w.panels["latent"].path.frames) > 1

MOMENTS = {
    "at once": (lambda w: None, lambda w: True),
    "importing": (lambda w: None, lambda w: "numpy" in sys.modules and "keras" in sys.modules),
    "importing and building": ("train", lambda w: True),
    "building": ("train", lambda w: phase(w) == "building"),
    "tracing": ("train", lambda w: steps(w) == 0 and (places.runs() / "new" / "checkpoints" / "step-0.npz").exists()),
    "steps": ("train", lambda w: steps(w) > 10),
    "validation": ("train", lambda w: phase(w) == "validating"),
    "later steps": ("train", lambda w: steps(w) > 100),
    "opening": ("open", lambda w: w.picker._state.text() == "loading"),
    "playback": ("play", lambda w: generated(w) and w.panels["latent"].strip_moved),
    "export": ("export", lambda w: bool(w.services.file_worker._running)),
    "waiting in the queue": ("two", lambda w: steps(w) > 5),
}

def begun(self):
    begin(self)
    what, ready = MOMENTS[moment]
    latent = self.panels["latent"]
    if what in ("train", "two"):
        self.services.jobs.add(Job(places.runs() / "new", "vae", VALUES, "digits"))
    if what == "two":
        self.services.jobs.add(Job(places.runs() / "second", "vae", VALUES, "digits"))
    if what in ("open", "play", "export"):
        self.open_run(tiny)
        self.show_panel("latent")
    state = {"acted": False}
    latent.strip_moved = False
    latent.path.chosen.connect(lambda index: setattr(latent, "strip_moved", True))

    def look():
        if what in ("play", "export") and not state["acted"]:
            if not generated(self):
                return
            state["acted"] = True
            latent.path.play() if what == "play" else latent._export_animation(".gif")
        if ready(self):
            timer.stop()
            print("closing", flush=True)
            self.close()

    timer = QTimer(self)
    timer.timeout.connect(look)
    timer.start(1)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""


@pytest.mark.parametrize(
    "moment",
    ["at once", "importing", "importing and building", "building", "tracing", "steps", "validation", "later steps",
     "opening", "playback", "export", "waiting in the queue"],
)  # fmt: skip
def test_closing_at_any_moment_ends_well(moment: str, tiny_run: Path) -> None:
    tiny = copy_into_home(tiny_run)
    Settings(places.data() / "settings.json").set("run", str(tiny))  # not the first start, which opens a larger one
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CLOSER, moment, str(tiny)], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    log = (places.logs() / "studio.log").read_text("utf-8")
    assert done.stdout == "closing\n", done.stdout + done.stderr + log
    assert done.returncode == 0, done.stderr + log
    bads = ["QThread: Destroyed", "Traceback", "ERROR"]
    if moment not in ("at once", "importing", "opening"):  # nobody can end an import; no run is at stake then
        bads.append("did not end in time")
    for bad in bads:
        assert bad not in done.stderr + log, done.stderr + log
    assert not (places.runs() / "second").exists()
    for folder in places.runs().iterdir():
        assert not held_by_other(folder)
        run = Run.open(folder)
        assert run.info.status in ("paused", "finished")
        if run.checkpoints():
            entry, _ = run.load_checkpoint(state.expected(loading.compiled(run), training=True))
            assert entry.step == run.checkpoints()[-1].step
    if places.exports().is_dir():
        assert not [path for path in places.exports().iterdir() if path.name.startswith(".")]
