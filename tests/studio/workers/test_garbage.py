"""A full collection waits until nobody uses the program: it holds the window up for half a second."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import pytest

from models.core.disk import places
from studio.window import Window
from studio.workers import garbage
from studio.workers.garbage import AWAY, LONG_AWAY, Away
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import wait_idle

IMPORTED = garbage.freeze  # the fixtures put nothing in its place yet


class Somebody:
    """What a mouse and the threads do."""

    def __init__(self) -> None:
        self.place, self.held, self.works, self.asked = (0, 0), False, False, 0
        self.away = Away(lambda: (self.place, self.held), lambda: (self.works, self.asked))

    def looks(self, count: int) -> list[bool]:
        return [self.away.look() for _ in range(count)]


@pytest.fixture
def somebody() -> Somebody:
    return Somebody()


def test_nobody_is_there_after_half_a_minute_of_nothing(somebody: Somebody) -> None:
    assert somebody.looks(AWAY) == [False] * AWAY
    assert somebody.looks(1) == [True]
    somebody.away.begin_again()
    assert somebody.looks(AWAY) == [False] * AWAY


def test_a_move_a_held_button_a_question_and_work_begin_it_again(somebody: Somebody) -> None:
    for change in ({"place": (5, 0)}, {"held": True}, {"asked": 7}, {"works": True}):
        somebody.looks(AWAY + 5)
        vars(somebody).update(change)
        assert somebody.looks(1) == [False], change
        somebody.held = somebody.works = False
        assert somebody.looks(AWAY) == [False] * AWAY, change
        assert somebody.looks(1) == [True], change


def test_work_that_goes_on_for_hours_does_not_keep_the_memory_of_old_models_for_ever(somebody: Somebody) -> None:
    somebody.works = True
    seen = []
    for number in range(LONG_AWAY + 1):
        somebody.asked = number
        seen += somebody.looks(1)
    assert seen == [False] * LONG_AWAY + [True]


def test_the_window_counts_what_its_threads_are_asked(studio: Window, qtbot) -> None:
    works, before = studio.services.activity()
    assert not works
    studio.services.file_worker.ask("once", lambda task: None, lambda answer: None, lambda error: None)
    assert studio.services.activity()[1] == before + 1


def test_a_sweep_is_due_once_for_each_time_that_it_was_asked_for(monkeypatch) -> None:
    collected: list[str] = []
    monkeypatch.setattr(garbage.gc, "collect", lambda: collected.append("all"))
    monkeypatch.setattr(garbage.gc, "unfreeze", lambda: None)
    monkeypatch.setattr(garbage.gc, "freeze", lambda: None)
    garbage.sweep()
    collected.clear()
    garbage.mark()
    assert garbage.sweep() and not garbage.sweep()
    assert collected == ["all"]


def test_a_tidying_is_due_once_and_leaves_what_is_frozen(monkeypatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(garbage.gc, "collect", lambda: done.append("collected"))
    monkeypatch.setattr(garbage.gc, "unfreeze", lambda: done.append("unfrozen"))
    monkeypatch.setattr(garbage.heap, "trim", lambda: done.append("trimmed"))
    garbage.tidy()
    done.clear()
    garbage.mark()
    assert garbage.tidy() and not garbage.tidy()
    assert done == ["collected", "trimmed"]


def test_a_model_is_given_back_as_soon_as_another_one_is_current(
    studio: Window, qtbot, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "freeze", gc.freeze)  # as in the studio; other tests have none
    inference = studio.services.inference

    def opened(folder: Path) -> weakref.ref:
        studio.open_run(folder)
        wait_idle(qtbot, studio, lambda: studio.session.model is not None and studio.session.model.folder == folder)
        return weakref.ref(inference._model)

    first = opened(copy_into_home(tiny_run))
    assert first() is not None
    second = opened(places.pretrained() / "vae-fashion")
    assert garbage.tidy()
    assert first() is None
    assert second() is not None
    assert not garbage.tidy()


def test_what_the_timer_finds_is_frozen_only_until_the_backend_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_imported", threading.Event())
    monkeypatch.setattr(garbage.gc, "freeze", lambda: None)
    assert garbage.importing()
    IMPORTED()  # what the inference thread calls after the import
    assert not garbage.importing()
