"""Settings of several windows that share a home: none is lost; the second window says that there is a first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.core.errors import StorageError
from models.core.record import lock
from studio import second_window, settings
from studio.session import Session
from studio.settings import Settings
from tests.tools.folders import ROOT
from tests.tools.gui.windows import banner_text, open_window, wait_idle

RACER = """
import sys
from studio import settings
from studio.session import Session
wait = settings.lock.for_a_moment
settings.lock.for_a_moment = lambda path: wait(path, 240.0)  # a busy machine is no fault of the code
own, count = sys.argv[1], int(sys.argv[2])
session = Session()
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    session.settings.set(f"{own}-{number}", number)
    if number % 10 == 0:
        session.add_folder(f"/{own}/{number}")
        session.fit(f"/{own}/{number}", 64)
"""


def test_no_value_of_two_processes_is_lost(own_home: Path) -> None:
    """124 of 300 were: each process wrote all that it had read at its start."""
    count, names = 60, ("one", "two")
    racers = []
    for name in names:
        words = [sys.executable, "-c", RACER, name, str(count)]
        racers.append(subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       env={**os.environ, "PYTHONPATH": str(ROOT)}))  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate(timeout=240)
        assert racer.returncode == 0
    kept = Settings()
    assert [kept.get(f"{name}-{n}", None) for name in names for n in range(count)] == [*range(count)] * 2
    wanted = {f"/{name}/{number}" for name in names for number in range(0, count, 10)}
    assert set(kept.get("folders", [])) == wanted == set(kept.get("sizes", {}))


def test_what_another_window_has_set_is_known_after_the_next_change() -> None:
    first, second = Session(), Session()
    first.add_folder("/a")
    first.settings.set("theme", "light")
    second.add_folder("/b")
    second.forget_folder("/a")
    first.add_folder("/c")
    assert first.settings.get("folders", []) == ["/b", "/c"] == Settings().get("folders", [])
    assert second.settings.get("theme", "") == "light"


def test_a_lock_that_is_not_given_back_delays_a_value_and_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, wait = Settings(), lock.for_a_moment
    mine.set("theme", "light")
    with lock.for_a_moment(mine.path.with_suffix(".lock")):
        monkeypatch.setattr(settings.lock, "for_a_moment", lambda path: wait(path, 0.0))
        mine.set("panel", "data")
        mine.change("folders", [], lambda old: [*old, "/a"])
    assert mine.get("panel", "") == "data" and Settings().get("panel", "") == ""
    Settings().set("run", "of another window")
    mine.set("theme", "dark")
    wanted = {"panel": "data", "folders": ["/a"], "theme": "dark", "run": "of another window"}
    assert Settings().values == wanted


def test_a_full_disk_delays_a_value_and_damage_in_between_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Settings()
    mine.set("theme", "light")
    with monkeypatch.context() as full:

        def refused(path: Path, value: object) -> None:
            raise StorageError("The disk is full.")

        full.setattr(settings.files, "write_json", refused)
        mine.set("panel", "data")
        mine.set("panel", "home")
    mine.path.write_text("{", "utf-8")  # what was read before still holds
    mine.set("run", "a")
    assert json.loads(mine.path.read_text("utf-8")) == {"panel": "home", "theme": "light", "run": "a"}
    assert mine.path.with_suffix(".bad").read_text("utf-8") == "{"


def test_a_second_window_says_that_there_is_a_first(qtbot, app_theme) -> None:
    first, second = open_window(qtbot, backend=False), open_window(qtbot, backend=False)
    with second_window.told(first.services):
        wait_idle(qtbot, first)
        assert banner_text(first) == ""
        with second_window.told(second.services):
            wait_idle(qtbot, second)
            assert second_window.NOTE in banner_text(second)
            assert second.banner.property("role") == "note_box"  # it is no error
    third = open_window(qtbot, backend=False)
    with second_window.told(third.services):
        wait_idle(qtbot, third)
    assert banner_text(third) == ""


def test_settings_larger_than_any_of_ours_are_kept_aside(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = own_home / "settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"theme": "light", "more": "x" * 100}))
    assert Settings(path).get("theme", "") == "light"
    monkeypatch.setattr(settings, "MAX_BYTES", 50)
    assert Settings(path).get("theme", "") == ""
    assert path.with_suffix(".bad").exists() and not path.exists()
