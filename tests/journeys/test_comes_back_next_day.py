"""What is there at the next start: settings, the last model, interrupted runs; and what damage does to a start."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import numpy as np

from models.core.disk import places
from models.core.record import Run
from studio.__main__ import begin_with_a_model
from studio.panels.home import RunCard
from studio.settings import Settings
from tests.tools.folders import ROOT
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, button_of, click, open_window, wait_idle
from tests.tools.processes import START_SECONDS


def test_the_last_panel_model_and_folders_are_there_again(tiny_run, qtbot, app_theme, tmp_path) -> None:
    folder = copy_into_home(tiny_run)
    first = open_window(qtbot)
    first.open_run(folder)
    first.show_panel("latent")
    (tmp_path / "mine").mkdir()
    first.panels["data"].add(str(tmp_path / "mine"))
    first.switch_theme()
    wait_idle(qtbot, first)
    first.close()
    second = open_window(qtbot)
    wait_idle(qtbot, second, lambda: second.session.model is not None)
    assert second.session.model.folder == folder
    assert second.stack.currentWidget() is second.panels["latent"]
    assert second.session.settings.get("theme", "") == "light"
    lists = [second.panels["data"].list.item(i).text() for i in range(second.panels["data"].list.count())]
    assert "mine" in lists
    assert second.panels["train"].new.dataset.findText("mine") >= 0
    assert banner_text(second) == ""
    second.switch_theme()


def test_the_first_start_opens_a_model_that_takes_words_and_later_ones_the_last(tiny_run, qtbot, app_theme) -> None:
    settings = Settings(places.data() / "settings.json")
    begin_with_a_model(settings)
    window = open_window(qtbot)
    wait_idle(qtbot, window, lambda: window.session.model is not None)
    assert window.session.model.folder == places.pretrained() / "text-faces"
    assert window.stack.currentWidget() is window.panels["home"] and banner_text(window) == ""
    folder = copy_into_home(tiny_run)
    window.open_run(folder)
    wait_idle(qtbot, window)
    begin_with_a_model(window.session.settings)
    assert window.session.settings.get("run", "") == str(folder)


def test_whoever_opens_a_model_while_the_backend_still_loads_gets_that_one(tiny_run, qtbot, app_theme) -> None:
    last, other = copy_into_home(tiny_run), copy_into_home(tiny_run, "other")
    Settings(places.data() / "settings.json").set("run", str(last))
    window = open_window(qtbot, backend=False)
    window.start_backend()  # it is on its way, and the last model after it
    window.open_files([str(other)])  # as `studio RUN` does
    wait_idle(qtbot, window, lambda: window.session.model is not None)
    assert window.session.model.folder == other and banner_text(window) == ""


def damaged(text: bytes, rng: random.Random) -> bytes:
    kind, where = rng.randrange(5), rng.randrange(len(text))
    if kind == 0:
        return text[:where]
    if kind == 1:
        return text[:where] + bytes([rng.randrange(256)]) + text[where + 1 :]
    if kind == 2:
        return bytes(len(text))
    if kind == 3:
        return rng.choice([b"", b"[]", b"null", b"[" * 5000, b'{"a": NaN}', b"\xff\xfe", b'{"panel": 7, "run": []}'])
    return text[:where] + text[where:][::-1]


def test_damaged_settings_give_way_to_defaults_and_are_kept(tmp_path) -> None:
    """Fault C-63."""
    rng, kept = random.Random(63), 0
    whole = json.dumps({"panel": "latent", "run": "/a/run", "theme": "dark", "folders": ["/a", "/b"]}).encode()
    for number in range(60):
        path = tmp_path / f"{number}" / "settings.json"
        path.parent.mkdir()
        content = damaged(whole, rng)
        path.write_bytes(content)
        settings = Settings(path)
        assert isinstance(settings.get("panel", "home"), str)
        assert isinstance(settings.get("folders", []), list)
        if not path.exists():
            assert settings.values == {}
            assert path.with_suffix(".bad").read_bytes() == content
            kept += 1
        settings.set("panel", "data")
        assert Settings(path).get("panel", "home") == "data"
    assert kept > 20


def test_a_window_opens_with_settings_that_make_no_sense(qtbot, app_theme) -> None:
    path = places.data() / "settings.json"
    path.parent.mkdir(parents=True)
    odd = {"panel": "kitchen", "run": "x" * 5000, "theme": "pink", "folders": [7, {"a": 1}, "\u0000", "y" * 5000],
           "geometry": "!!", "opening": 5}  # fmt: skip
    path.write_text(json.dumps(odd), "utf-8")
    window = open_window(qtbot)
    assert window.stack.currentWidget() is window.panels["home"]
    for key in window.panels:
        window.show_panel(key)
    wait_idle(qtbot, window)
    assert banner_text(window) == ""
    assert window.panels["train"].new.form is not None


def test_an_interrupted_run_is_offered_first_and_does_not_start_by_itself(tiny_run, qtbot, app_theme) -> None:
    copy_into_home(tiny_run, "done")
    torn = copy_into_home(tiny_run, "torn")
    with Run.open(torn, write=True) as run:
        run.set_status("training")  # and then the power went
    window = open_window(qtbot)
    assert not window.services.jobs.running
    home = window.panels["home"]
    window.show_panel("home")
    assert button_of(home, "Resume").isEnabled()
    assert Run.open(torn).interrupted
    cards = [card for card in home._seen if card.folder.parent == places.runs()]
    assert {card.folder.name: card.status for card in cards} == {"done": "finished", "torn": "interrupted"}


def test_a_damaged_run_is_listed_with_its_fault(tiny_run, qtbot, app_theme) -> None:
    bad = copy_into_home(tiny_run, "bad")
    for name in ("run.json", "run.copy.json"):
        (bad / name).write_bytes(np.random.default_rng(0).bytes(500))
    places.data().mkdir(exist_ok=True)
    Settings().set("run", str(bad))
    window = open_window(qtbot)
    wait_idle(qtbot, window, lambda: bool(banner_text(window)))
    assert str(bad) in banner_text(window)
    assert window.session.model is None
    assert [run.status for run in window.panels["home"]._seen if run.folder == bad] == ["damaged"]


POISON = """
import os, sys
import studio.__main__ as start
import studio.window as window
from models.core import loading
from PySide6.QtCore import QTimer
loading.load = lambda *_, **__: os.abort()
begin = window.Window.start_backend

def begun(self):
    print("window", flush=True)
    begin(self)
    timer = QTimer(self)
    timer.timeout.connect(lambda: self.close() if self.services.idle and self.panels["train"].new.families else None)
    timer.start(300)

window.Window.start_backend = begun
sys.exit(start.main([]))
"""


def test_a_model_that_ends_the_program_is_not_opened_a_second_time(tiny_run) -> None:
    """Fault C-18: the first start dies of it, the second one says so and stays."""
    Settings().set("run", str(copy_into_home(tiny_run)))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    done = []
    for _ in range(2):
        done.append(
            subprocess.run(
                [sys.executable, "-c", POISON],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=START_SECONDS,
                check=False,
            )
        )
    assert [d.stdout.startswith("window") for d in done] == [True, True]
    assert done[0].returncode < 0
    assert done[1].returncode == 0, done[1].stderr
    assert "The studio ended while it opened this model" in (places.logs() / "studio.log").read_text("utf-8")


def test_use_on_home_goes_where_the_model_can_be_played_with(qtbot, studio) -> None:
    for name, panel in (("denoiser-photos", "denoise"), ("vae-fashion", "latent")):
        studio.show_panel("home")
        card = next(c for c in studio.panels["home"].findChildren(RunCard) if c.run.folder.name == name)
        click(card, "Open")
        wait_idle(qtbot, studio, lambda panel=panel: studio.stack.currentWidget() is studio.panels[panel])
        assert studio.session.model.folder.name == name
