"""Every panel: empty, broken, in both themes, by keyboard, and in small windows without a clipped word."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLabel, QPushButton, QWidget

from models.core import places
from studio import theme
from studio.panels import PANELS
from studio.widgets.basics import Elided
from studio.widgets.card import EmptyState
from studio.window import Window
from tests.studio.runs import copy_into_home
from tests.studio.windows import click, open_window, wait_idle

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


def test_a_panel_that_breaks_becomes_a_page_that_says_so(qtbot, app_theme, monkeypatch) -> None:
    monkeypatch.setitem(PANELS, "data", ("studio.panels.no_such_module", "Nothing"))
    monkeypatch.setattr("studio.window.log.exception", lambda *words: None)  # a log record would hold the window
    window = open_window(qtbot)
    assert set(window.panels) == set(PANELS) - {"data"}
    QTest.keyClick(window, Qt.Key.Key_2, CTRL)
    page = window.stack.currentWidget()
    assert isinstance(page, EmptyState) and "no_such_module" in page.words.text()
    QTest.keyClick(window, Qt.Key.Key_3, CTRL)
    assert window.stack.currentWidget() is window.panels["train"]
    assert window.panels["train"].new.form is not None


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


def scrolled(widget: QWidget) -> bool:
    """Whether the widget lies on a page that scrolls, or is a part of Qt's own scroll area."""
    parent = widget.parentWidget()
    return parent is not None and (isinstance(parent, QAbstractScrollArea) or scrolled(parent))


def outside(window: Window) -> list[str]:
    found = []
    for widget in window.findChildren(QWidget):
        parent = widget.parentWidget()
        if not widget.isVisible() or widget.isWindow() or parent is None or scrolled(widget):
            continue
        if not parent.rect().contains(widget.geometry()):
            found.append(f"{type(widget).__name__} {widget.geometry()} in {type(parent).__name__} {parent.rect()}")
    return found


def clipped(window: Window) -> list[str]:
    """Words that have less room than they need: buttons, and labels of one line."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or isinstance(widget, Elided) or not isinstance(widget, QPushButton | QLabel):
            continue
        if not widget.text() or (isinstance(widget, QLabel) and widget.wordWrap()):
            continue
        shown = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
        if widget.width() < widget.sizeHint().width() or not (scrolled(widget) or window.rect().contains(shown)):
            found.append(f"{widget.text()!r}: {widget.width()} of {widget.sizeHint().width()} px")
    return found


@pytest.mark.parametrize("size", [(1280, 800), (960, 640)], ids=["1280x800", "960x640"])
def test_nothing_is_clipped(busy: Window, qtbot, size: tuple[int, int]) -> None:
    """Fault C-66."""
    busy.resize(*size)
    found = {}
    for key in busy.panels:
        busy.show_panel(key)
        wait_idle(qtbot, busy)
        QApplication.processEvents()
        assert (busy.width(), busy.height()) == size, f"{key} makes the window larger"
        found[key] = outside(busy) + clipped(busy)
    assert not {key: what for key, what in found.items() if what}


def test_the_search_for_clipped_words_finds_them(busy: Window, qtbot) -> None:
    busy.show_panel("train")
    start = busy.panels["train"].new.start
    start.setFixedWidth(start.sizeHint().width() - 8)
    QApplication.processEvents()
    assert any("'Start'" in text for text in clipped(busy))
