"""Start-up: the window before the backend, errors of every thread in the log, and a Qt that can be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio import __main__ as start
from tests.tools.folders import ROOT
from tests.tools.processes import START_SECONDS


def in_a_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )


ORDER = """
import sys, threading
seen = {}
import studio.__main__ as start
from PySide6.QtCore import QTimer
import studio.window as window
show, begin = window.Window.showEvent, window.Window.start_backend

def shown(self, event):
    seen.setdefault("shown", [name for name in ("tensorflow", "keras", "jax") if name in sys.modules])
    show(self, event)

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            seen.setdefault("thread", threading.current_thread().name)
            seen["after"] = "shown" in seen

def begun(self):
    begin(self)
    timer = QTimer(self)
    timer.timeout.connect(lambda: self.close() if self.services.idle and self.panels["train"].new.families else None)
    timer.start(50)

window.Window.showEvent, window.Window.start_backend = shown, begun
sys.meta_path.insert(0, Watch())
code = start.main([])
print(seen, code)
assert seen["shown"] == [], seen
assert seen["after"] and seen["thread"] == "inference", seen
sys.exit(code)
"""


def test_the_window_is_shown_before_the_backend_is_imported_and_that_in_a_worker() -> None:
    done = in_a_process(ORDER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


REFERENCES = """
import sys
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([])

class Bell(QObject):
    rung = Signal(bool, object)
    count = 0

    @Slot(bool, object)
    def hear(self, on, what):
        self.count += on

bell, words = Bell(), QLabel()
bell.rung.connect(bell.hear)
before = [sys.getrefcount(x) for x in (None, True, False)]
for number in range(1_000_000):
    bell.rung.emit(True, None)
for number in range(1_000_000):
    words.setText("a" if number % 2 else "b")
after = [sys.getrefcount(x) for x in (None, True, False)]
assert bell.count == 1_000_000
drift = [b - a for a, b in zip(before, after)]
print(drift)
assert all(abs(d) < 1000 for d in drift), drift
"""


def test_a_million_signals_lose_no_reference() -> None:
    """Fault C-01: PySide6 6.12.0 on Python 3.11 lost one a signal and aborted."""
    done = in_a_process(REFERENCES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pair_of_qt_and_python_that_crashes_is_refused(monkeypatch, capsys) -> None:
    import PySide6

    assert start.check_platform("6.12.0", (3, 11))
    assert not start.check_platform("6.12.0", (3, 12))
    assert not start.check_platform("6.12.1", (3, 11))
    assert not start.check_platform("6.11.0", (3, 11))
    monkeypatch.setattr(PySide6, "__version__", "6.12.0")
    monkeypatch.setattr(start, "check_platform", lambda version: "no" if version == "6.12.0" else "")
    interval = sys.getswitchinterval()
    assert start.main([]) == 2
    sys.setswitchinterval(interval)
    assert capsys.readouterr().err == "no\n"


ERRORS = """
import sys, threading, time
import studio.__main__ as start
from PySide6.QtCore import QThread, QTimer, qFatal
import studio.window as window
begin = window.Window.start_backend

class Thread(QThread):
    def run(self):
        raise RuntimeError("in a QThread")

def in_a_thread():
    raise RuntimeError("in a Python thread")

def begun(self):
    said = []
    def look(what):
        said.append((str(what), self.banner.isVisible(), self.banner.accessibleName()))
    self.session.noticed.connect(look)
    self.keep = Thread()
    plain = threading.Thread(target=in_a_thread)
    def slot():
        raise RuntimeError("in a slot")
    def check():
        self.keep.wait(); plain.join()
        for place in ("in a slot", "in a QThread", "in a Python thread"):
            assert any(place in text for text, _, _ in said), said
        self.alive = True
        shown = self.banner.isVisible() and "in a" in self.banner.accessibleName()
        print("banner", shown, flush=True)
        if "fatal" in sys.argv:
            qFatal("the end of Qt")
        self.close()
    QTimer.singleShot(0, slot)
    QTimer.singleShot(50, self.keep.start)
    QTimer.singleShot(100, plain.start)
    QTimer.singleShot(600, check)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""


@pytest.mark.parametrize("fatal", [False, True])
def test_errors_of_every_thread_are_logged_and_shown(own_home: Path, fatal: bool) -> None:
    """Fault C-03."""
    done = in_a_process(ERRORS, *(["fatal"] if fatal else []))
    log = (own_home / "logs" / "studio.log").read_text("utf-8")
    for place in ("in a slot", "in a QThread", "in a Python thread"):
        assert f"RuntimeError: {place}" in log
    assert "banner True" in done.stdout, done.stdout + done.stderr
    crashes = list((own_home / "logs").glob("crash-*.txt"))
    if fatal:
        assert "Qt: the end of Qt" in log
        assert done.returncode < 0
        assert "Fatal Python error: Aborted" in crashes[0].read_text("utf-8")
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        assert crashes == []


COPIED = """
import sys
import numpy as np
import studio.__main__ as start
import studio.window as window
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from studio.widgets.picture import Picture

def begun(self):
    picture = Picture()
    picture.set_image(np.zeros((8, 8, 3), np.uint8))
    picture.copy()
    print("holds an image", QGuiApplication.clipboard().mimeData().hasImage(), flush=True)
    QTimer.singleShot(0, self.close)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""


@pytest.mark.usefixtures("own_home")
def test_a_copied_picture_does_not_crash_the_exit() -> None:
    done = in_a_process(COPIED)
    assert "holds an image True" in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
