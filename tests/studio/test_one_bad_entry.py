"""One entry that cannot be shown is damaged; the others, the panel and the window are whole."""

from __future__ import annotations

import logging
from functools import partial

import pytest

from models.core.errors import UserError
from models.core.record import RunSummary
from studio.frame import model_picker
from studio.panels import home as home_module
from studio.widgets import thumbnail
from studio.workers import sheets
from studio.workers.worker import in_words, made
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, open_window


@pytest.fixture
def bad(tiny_run, monkeypatch) -> None:
    """Three runs; whatever shows the second one raises."""
    for name in ("one", "two", "three"):
        copy_into_home(tiny_run, name)
    real = thumbnail.show_later

    def raising(looks, key, *rest):
        if key.endswith("/two"):
            raise TypeError("'NoneType' object is not iterable")
        real(looks, key, *rest)

    monkeypatch.setattr(home_module, "show_later", raising)
    monkeypatch.setattr(model_picker, "show_later", raising)


def test_home_and_the_picker_show_one_run_as_damaged_and_all_the_others(bad, qtbot, app_theme, caplog) -> None:
    """One such run removed Home and the picker for the whole session."""
    window = open_window(qtbot, backend=False)
    home = window.panels["home"]
    cards = {card.run.folder.name: card for card in home.findChildren(home_module.RunCard)}
    assert {"one", "two", "three"} <= set(cards)
    assert [name for name, card in cards.items() if card.run.status == "damaged"] == ["two"]
    assert "NoneType" in str(cards["two"].run.error) and str(cards["two"].run.folder) in str(cards["two"].run.error)
    window.picker._fill()
    entries = {action.text(): action.isEnabled() for action in window.picker._menu.actions()}
    assert entries["one"] and entries["three"] and entries["two  (damaged)"] is False
    caplog.clear()  # the traces hold a card that was half made


def test_a_run_without_a_picture_that_can_be_shown_has_none(tiny_run, monkeypatch, caplog) -> None:
    folder = copy_into_home(tiny_run)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sheets, "tiles", broken)
    with caplog.at_level(logging.WARNING):
        assert sheets.run_picture(folder) is None
    assert "no image" in caplog.text and "ZeroDivisionError" in caplog.text


def test_a_panel_that_raises_says_so_on_its_page_and_the_others_follow(qtbot, app_theme, caplog) -> None:
    window = open_window(qtbot, backend=False)
    told: list[str] = []

    def raising() -> None:
        raise KeyError("name")

    for key, panel in window.panels.items():
        panel.shown = raising if key == "data" else partial(told.append, key)  # type: ignore[method-assign]
        panel.usable = True
    for key in window.panels:
        window.show_panel(key)
    assert told == [key for key in window.panels if key != "data"]
    assert window.panels["data"].error.accessibleName().startswith("Something went wrong: KeyError 'name'")
    assert banner_text(window) == ""
    caplog.clear()


def test_any_error_is_one_sentence() -> None:
    known = UserError("What happened.", where="there", advice="Do that.")
    assert in_words(known) is known
    assert in_words(KeyError("name")).what == "Something went wrong: KeyError 'name'"
    assert in_words(AssertionError()).what == "Something went wrong: AssertionError"
    assert in_words(ValueError("first\nsecond")).what == "Something went wrong: first"
    run = made(lambda: 1 // 0, lambda error: RunSummary(None, error.what))  # type: ignore[arg-type,return-value]
    assert run.status == "Something went wrong: integer division or modulo by zero"
