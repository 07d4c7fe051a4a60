"""The threads: the latest question wins, letters do not pile up, errors are values."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from models.core.errors import UserError
from studio.workers import garbage
from studio.workers.jobs import Mailbox
from studio.workers.worker import Task, Worker
from tests.tools.answers import Answers, wait
from tests.tools.bounds import end, rounds, until
from tests.tools.gui.windows import LONG, thread_done


@pytest.fixture
def worker(qtbot) -> Iterator[Worker]:
    made = Worker("test")
    yield made
    assert made.close()
    made.deleteLater()


def test_only_the_latest_of_many_questions_is_answered(worker: Worker, qtbot) -> None:
    answers, began, gate, done = Answers(), threading.Event(), threading.Event(), []

    def first(task: Task) -> int:
        began.set()
        assert gate.wait(30)
        return -1

    worker.ask("x", first, answers.then, answers.failed)
    assert began.wait(30)
    for number in range(1000):
        worker.ask("x", lambda task, n=number: done.append(n) or n, answers.then, answers.failed)
    assert len(worker._waiting) == 1
    gate.set()
    wait(qtbot, worker)
    assert answers.good == [999]
    assert done == [999]
    assert answers.threads == {"MainThread"}


def test_a_worker_is_not_idle_until_its_answer_was_given(worker: Worker, qtbot) -> None:
    answers = Answers()
    worker.ask("x", lambda task: 1, answers.then, answers.failed)
    until(lambda: thread_done(worker), "the thread is done, and Qt had no turn")
    assert not worker.idle and not answers.good
    qtbot.waitUntil(lambda: worker.idle, timeout=LONG)
    assert answers.good == [1]


def test_questions_in_turn_let_the_running_one_finish_and_keep_their_place(worker: Worker, qtbot) -> None:
    """A slider that never rests: the image that is being painted is shown, then the latest; no kind starves."""
    answers, began, gate = Answers(), threading.Event(), threading.Event()

    def first(task: Task) -> str:
        began.set()
        assert gate.wait(30)
        assert not task.cancelled
        return "first"

    worker.ask("table", first, answers.then, answers.failed, in_turn=True)
    assert began.wait(30)
    for number in range(5):
        for key in ("sources", "table"):
            worker.ask(key, lambda task, k=key, n=number: f"{k} {n}", answers.then, answers.failed, in_turn=True)
    gate.set()
    wait(qtbot, worker)
    assert answers.good == ["first", "sources 4", "table 4"]


@pytest.mark.parametrize("finished", [False, True])
def test_what_was_asked_in_turn_before_a_cancel_is_not_answered_after_it(worker: Worker, qtbot, finished: bool) -> None:
    """The answer of the old model must not arrive as one of the new model, even if it was ready and on its way."""
    answers, began, gate = Answers(), threading.Event(), threading.Event()

    def old(task: Task) -> str:
        began.set()
        assert gate.wait(30)
        return "old"

    worker.ask("x", old, answers.then, answers.failed, in_turn=True)
    assert began.wait(30)
    if finished:
        gate.set()
        until(lambda: thread_done(worker), "the worker")  # no events are handled here: the answer waits in the queue
    worker.cancel("x")
    worker.ask("x", lambda task: "new", answers.then, answers.failed, in_turn=True)
    gate.set()
    wait(qtbot, worker)
    assert answers.good == ["new"]


def test_questions_of_other_kinds_are_not_replaced(worker: Worker, qtbot) -> None:
    answers = Answers()
    for key in "abc":
        worker.ask(key, lambda task, k=key: k, answers.then, answers.failed)
    wait(qtbot, worker)
    assert answers.good == ["a", "b", "c"]


def test_an_answer_that_came_too_late_is_dropped(worker: Worker, qtbot) -> None:
    """The work is done, its answer is on the way, and only then somebody asks anew or gives up."""
    answers = Answers()
    for renew in (True, False):
        worker.ask("x", lambda task: "old", answers.then, answers.failed)
        until(
            lambda: thread_done(worker), "the worker"
        )  # without the loop of the GUI: the answer waits to be delivered
        if renew:
            worker.ask("x", lambda task: "new", answers.then, answers.failed)
        else:
            worker.cancel("x")
        wait(qtbot, worker)
    assert answers.good == ["new"]


def test_cancelling_reaches_work_that_runs(worker: Worker, qtbot) -> None:
    answers, began, ended = Answers(), threading.Event(), []

    def long(task: Task) -> None:
        began.set()
        until(lambda: task.cancelled, "a cancel that reaches the work")
        ended.append(True)
        task.check()

    worker.ask("x", long, answers.then, answers.failed)
    assert began.wait(30)
    worker.cancel("x")
    wait(qtbot, worker)
    assert ended == [True]
    assert (answers.good, answers.bad) == ([], [])


def test_an_error_is_a_value_and_the_thread_lives_on(worker: Worker, qtbot) -> None:
    answers = Answers()
    plain = UserError("The disk is full.", where="here", advice="Make room.")

    def user(task: Task) -> None:
        raise plain

    def accident(task: Task) -> None:
        raise ZeroDivisionError("division by zero\nsecond line")

    worker.ask("a", user, answers.then, answers.failed)
    worker.ask("b", accident, answers.then, answers.failed)
    worker.ask("c", lambda task: 3, answers.then, answers.failed)
    wait(qtbot, worker)
    assert answers.bad[0] is plain
    assert str(answers.bad[1]) == "Something went wrong: division by zero The log file has the details."
    assert answers.good == [3]


def test_progress_comes_in_order_and_not_for_what_was_replaced(worker: Worker, qtbot) -> None:
    answers = Answers()

    def counting(task: Task) -> None:
        for number in range(3):
            task.tell("counting", number, 3)

    worker.ask("x", counting, answers.then, answers.failed, answers.progressed)
    wait(qtbot, worker)
    assert answers.told == [("counting", 0, 3), ("counting", 1, 3), ("counting", 2, 3)]


def test_closing_ends_the_thread_although_it_works_and_others_wait(qtbot) -> None:
    made, answers, began = Worker("closing"), Answers(), threading.Event()

    def long(task: Task) -> None:
        began.set()
        until(lambda: task.cancelled, "a cancel that reaches the work")

    made.ask("x", long, answers.then, answers.failed)
    made.ask("y", lambda task: 1, answers.then, answers.failed)
    assert began.wait(30)
    assert made.close()
    assert not made._thread.is_alive()
    qtbot.wait(10)
    assert (answers.good, answers.bad) == ([], [])
    made.deleteLater()


def test_a_mailbox_stays_small_and_keeps_the_last_value() -> None:
    """Fault C-38."""
    box = Mailbox()
    for number in range(100_000):
        box.latest("progress", number)
        box.event("odd", number)
    assert len(box._latest) == 1
    assert len(box._events) <= 1000
    letters = box.empty()
    assert letters[0] == ("progress", 99_999)
    assert letters[-1] == ("odd", 99_999)
    assert box.empty() == []


def test_a_storm_of_messages_from_a_thread_loses_nothing_that_matters() -> None:
    box, seen, go_on = Mailbox(), [], threading.Event()

    def storm() -> None:
        for number in range(100_000):
            box.latest("progress", number)
        box.event("ended", "done")
        go_on.set()

    thread = threading.Thread(target=storm)
    thread.start()
    for _ in rounds("the end of the storm"):
        if go_on.is_set():
            break
        seen += box.empty()
    end(thread)
    seen += box.empty()
    values = [value for kind, value in seen if kind == "progress"]
    assert values == sorted(set(values)) and values[-1] == 99_999
    assert seen[-1] == ("ended", "done")


def test_what_is_done_with_is_given_back_even_if_it_was_frozen(monkeypatch) -> None:
    import gc
    import weakref

    class Big:
        def __init__(self) -> None:
            self.me = self  # only the collector can find it

    big = Big()
    watch = weakref.ref(big)
    gc.freeze()
    del big
    gc.collect()
    assert watch() is not None  # frozen: nobody looks at it
    assert not garbage.sweep() or watch() is None
    garbage.mark()
    assert garbage.sweep()
    assert watch() is None
    assert not garbage.sweep()  # once is enough
    assert sys.getswitchinterval() < 0.001
