"""The one protocol of long work: it tells how far it is, and checks whether it is still wanted."""

from __future__ import annotations

import pytest

from models.core.errors import Cancelled
from models.core.work import SILENT, Callbacks, Part, Unseen, advance

Told = list[tuple[str, int, int]]


def watched(told: Told, cancelled: bool = False) -> Callbacks:
    return Callbacks(lambda *now: told.append(now), lambda: cancelled)


def test_callbacks_are_told_and_asked() -> None:
    told: Told = []
    work = watched(told)
    work.tell("Counting", 1, 3)
    work.check()
    assert told == [("Counting", 1, 3)]
    with pytest.raises(Cancelled):
        watched(told, cancelled=True).check()


def test_parts_count_on_under_one_name_and_stop_with_the_whole() -> None:
    told: Told = []
    for number in range(3):
        part = Part(watched(told), "Training", number, 3)
        part.tell("a detail", 1, 2)
        part.tell("a detail", 2, 2)
    assert told == [("Training", done, 6) for done in range(1, 7)]
    with pytest.raises(Cancelled):
        Part(Part(watched(told, cancelled=True), "inner"), "outer").check()


def test_a_part_of_a_part_has_the_name_of_the_whole() -> None:
    told: Told = []
    Part(Part(watched(told), "outer", 1, 2), "inner", 1, 2).tell("a detail", 0, 5)
    assert told == [("outer", 15, 20)]


def test_what_is_unseen_can_be_stopped_all_the_same() -> None:
    told: Told = []
    Unseen(watched(told)).tell("a detail", 1, 2)
    assert told == []
    with pytest.raises(Cancelled):
        Unseen(watched(told, cancelled=True)).check()


def test_nothing_is_told_of_work_that_is_cancelled() -> None:
    told: Told = []
    advance(watched(told), "Counting", 1, 2)
    with pytest.raises(Cancelled):
        advance(watched(told, cancelled=True), "Counting", 2, 2)
    assert told == [("Counting", 1, 2)]


def test_silent_work_counts_to_the_end() -> None:
    done = []
    for number in range(3):
        advance(SILENT, "Counting", number, 3)
        done.append(number)
    assert done == [0, 1, 2]
