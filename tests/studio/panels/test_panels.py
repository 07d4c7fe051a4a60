"""Every panel: empty, broken, in both themes, by keyboard, and in small windows without a clipped word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from models.core.disk import places
from models.core.errors import UserError
from studio import clipping, theme
from studio.__main__ import first_size
from studio.panels import PANELS
from studio.widgets.card import EmptyState
from studio.window import Window
from tests.tools.folders import ROOT
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import click, open_window, wait_idle

CTRL = Qt.KeyboardModifier.ControlModifier


def shipped(name: str) -> bool:
    """Whether the model that a panel offers comes with the studio."""
    return bool(name) and (places.pretrained() / name).is_dir()


def test_without_a_model_no_page_is_empty(studio: Window, qtbot) -> None:
    for key, panel in studio.panels.items():
        studio.show_panel(key)
        wait_idle(qtbot, studio)
        empty = [state for state in panel.findChildren(EmptyState) if state.isVisible()]
        if panel.NEEDS is not None:
            assert [state.words.text() for state in empty] == [panel.PURPOSE]
            click(empty[0], "Choose another model" if shipped(panel.OFFERS) else "Choose a model")
            assert studio.stack.currentWidget() is studio.panels["home"]
        for state in empty:
            assert state.words.text()


class OtherWindows(QObject):
    """Notes what is shown as a window of its own."""

    def __init__(self, main: Window) -> None:
        super().__init__(main)
        self.seen: list[str] = []
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        shown = event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow()
        if shown and watched is not self.parent():
            self.seen.append(type(watched).__name__)
        return False


def test_panels_are_built_when_they_are_needed_and_flash_no_window(qtbot, app_theme) -> None:
    window = open_window(qtbot, backend=False)
    assert [panel.TITLE for panel in window.panels.built()] == ["Home"]
    others = OtherWindows(window)
    for key in PANELS:
        window.show_panel(key)
        QApplication.processEvents()
        assert window.isActiveWindow(), f"{key} took the keys away"
    assert others.seen == []
    assert len(window.panels.built()) == len(PANELS)


def test_a_panel_that_breaks_becomes_a_page_that_says_so(qtbot, app_theme, monkeypatch) -> None:
    monkeypatch.setitem(PANELS, "data", ("studio.panels.no_such_module", "Nothing"))
    monkeypatch.setattr("studio.pages.log.exception", lambda *words: None)  # a log record would hold the window
    window = open_window(qtbot)
    assert set(window.panels) == set(PANELS) - {"data"}
    QTest.keyClick(window, Qt.Key.Key_2, CTRL)
    page = window.stack.currentWidget()
    assert isinstance(page, EmptyState) and "no_such_module" in page.words.text()
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert window.stack.currentWidget() is window.panels["train"]
    assert window.panels["train"].new.form is not None


def test_a_panel_that_cannot_be_built_becomes_such_a_page_when_it_is_needed(qtbot, app_theme, monkeypatch) -> None:
    def broken(self: object, content: QWidget) -> None:
        raise RuntimeError("no such widget")

    monkeypatch.setattr("studio.panels.data.panel.Data.build", broken)
    monkeypatch.setattr("studio.pages.log.exception", lambda *words: None)  # a log record would hold the window
    window = open_window(qtbot, backend=False)
    assert "data" in window.panels
    for _ in range(2):
        window.show_panel("data")
        page = window.stack.currentWidget()
        assert isinstance(page, EmptyState) and "no such widget" in page.words.text()
    assert "data" not in window.panels and window.panels.get("data") is None
    window.show_panel("train")
    assert window.stack.currentWidget() is window.panels["train"]


@pytest.fixture
def busy(tiny_run, studio: Window, qtbot) -> Window:
    """A window with a model, so that every panel shows all it has."""
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    for key in studio.panels:
        studio.show_panel(key)
        wait_idle(qtbot, studio)
    return studio


def ground(window: Window) -> int:
    return window.grab().toImage().pixelColor(window.width() - 4, window.height() // 2).lightness()


def test_the_theme_changes_while_it_runs_in_every_panel(busy: Window, qtbot, caplog) -> None:
    for key in busy.panels:
        busy.show_panel(key)
        dark = ground(busy)
        QTest.keyClick(busy, Qt.Key.Key_T, CTRL)
        assert theme.tokens().name == "light"
        wait_idle(qtbot, busy)
        assert ground(busy) > dark + 100, key
        QTest.keyClick(busy, Qt.Key.Key_T, CTRL)
        assert theme.tokens().name == "dark"
        assert ground(busy) == dark, key
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_keys_go_to_the_panels_and_tab_reaches_the_controls(busy: Window, qtbot) -> None:
    busy.activateWindow()
    for number, key in enumerate(PANELS, start=1):
        if number <= 10:
            QTest.keyClick(busy, Qt.Key(Qt.Key.Key_0 + number % 10), CTRL)
        else:
            busy.show_panel(key)  # there are no more digits
        panel = busy.panels[key]
        assert busy.stack.currentWidget() is panel
        reached: set[QWidget] = set()
        for _ in range(150):
            busy.focusNextPrevChild(True)
            widget = busy.focusWidget()
            if widget in reached:
                break
            if widget is not None:
                reached.add(widget)
        wanted = [b for b in panel.findChildren(QPushButton) if b.isVisible() and b.isEnabled()]
        missed = [b.text() for b in wanted if b.focusPolicy() & Qt.FocusPolicy.TabFocus and b not in reached]
        assert not missed, f"{key}: Tab does not reach {missed}"
        assert all(b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in wanted), key


@pytest.mark.parametrize("size", [(960, 520), *clipping.SIZES], ids=str)
def test_nothing_is_clipped(busy: Window, qtbot, size: tuple[int, int]) -> None:
    """Fault C-66; the guided tour does the same in every state of every panel."""
    busy.resize(*size)
    found = {}
    for key in busy.panels:
        busy.show_panel(key)
        wait_idle(qtbot, busy)
        QApplication.processEvents()
        assert (busy.width(), busy.height()) == size, f"{key} makes the window larger"
        found[key] = clipping.misfits(busy)
    assert not {key: what for key, what in found.items() if what}


def test_the_smallest_window_fits_a_screen_of_600_px_with_its_frame(studio: Window) -> None:
    assert studio.minimumWidth() <= 1024 and studio.minimumHeight() <= 540


@pytest.mark.parametrize("size", [(1024, 600), (1280, 800)], ids=str)
def test_long_names_push_nothing_away(busy: Window, qtbot, tmp_path: Path, size: tuple[int, int]) -> None:
    folder = tmp_path / ("holiday photos of the year before last, sorted by nobody " * 4).strip()
    folder.mkdir()
    for number in range(4):
        Image.new("RGB", (32, 32), (60 * number, 90, 120)).save(folder / f"{number}.png")
    busy.session.settings.set("folders", [str(folder)])
    run = (
        places.runs() / ("a run with a name that goes on and on and on and on and on and on and on and on " * 2).strip()
    )
    (places.runs() / "tiny").rename(run)
    busy.session.runs_changed.emit()
    busy.session.datasets_changed.emit()
    busy.open_run(run)
    wait_idle(qtbot, busy, lambda: busy.session.model is not None and busy.session.model.folder == run)
    busy.resize(*size)
    for key in ("home", "data", "train", "latent"):
        busy.show_panel(key)
        if key == "train":
            busy.panels["train"].new.choose_dataset(str(folder))
            box = busy.panels["train"].new.dataset
            assert box.currentText() == folder.name
            assert box._fitting().endswith("…")
        wait_idle(qtbot, busy)
        QApplication.processEvents()
        assert (busy.width(), busy.height()) == size, key
        assert clipping.misfits(busy) == [], key


def test_the_search_for_clipped_words_finds_them(busy: Window, qtbot) -> None:
    busy.show_panel("train")
    start = busy.panels["train"].new.start
    start.setFixedWidth(start.sizeHint().width() - 8)
    QApplication.processEvents()
    assert any("'Start'" in text for text in clipping.clipped(busy))


def test_the_search_finds_what_sticks_out_and_tabs_without_room(busy: Window, qtbot) -> None:
    busy.show_panel("latent")
    tabs = busy.panels["latent"].map.layout_kind
    tabs.setMinimumWidth(1)
    tabs.setFixedWidth(20)
    child = QWidget(busy.panels["latent"].map)
    child.setGeometry(-30, 0, 50, 10)
    child.setAccessibleName("a stray")
    child.show()
    QApplication.processEvents()
    assert any("'PCA t-SNE'" in text for text in clipping.clipped(busy))
    assert any("'a stray'" in text for text in clipping.outside(busy))


@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_nothing_is_clipped_on_other_screens(tmp_path: Path, scale: str) -> None:
    """Qt rounds fonts and sizes otherwise there; only a program of its own can have another scale."""
    home = {"STUDIO_HOME": str(tmp_path), "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"}
    script = "from tests.tools.gui.windows import print_misfits; print_misfits()"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, **home}, cwd=ROOT, capture_output=True,
                          text=True, timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [f"scale {float(scale)}"]


def test_home_stays_where_it_was_scrolled_to_when_a_run_goes(busy: Window, qtbot) -> None:
    for number in range(6):
        shutil.copytree(places.runs() / "tiny", places.runs() / f"more-{number}")
    busy.resize(1024, 600)
    busy.show_panel("home")
    wait_idle(qtbot, busy)
    bar = busy.panels["home"]._area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 200)
    bar.setValue(180)
    shutil.rmtree(places.runs() / "more-0")
    busy.session.runs_changed.emit()
    QApplication.processEvents()
    qtbot.waitUntil(lambda: bar.value() == 180)


def test_what_is_no_error_does_not_look_like_one(studio: Window) -> None:
    studio.session.notice("The image was made at step 20; the run is at step 40 now.")
    assert studio.banner.isVisible() and studio.banner.property("role") == "note_box"
    studio.session.notice(UserError("The disk is full."))
    assert studio.banner.property("role") == "error_box"
    studio.banner.dismiss()


def test_the_first_window_fits_the_screen(qapp: QApplication) -> None:
    room = qapp.primaryScreen().availableSize()
    width, height = first_size(qapp)
    assert width == min(1280, room.width()) and height == min(800, room.height() - 40)
