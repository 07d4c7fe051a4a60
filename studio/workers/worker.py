"""A long-lived thread that answers questions: the latest question of a kind wins, stale answers are dropped."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from models.core.errors import Cancelled, UserError
from models.core.work import Tell

T = TypeVar("T")
STACK_BYTES = 16 * 2**20  # macOS gives a thread 512 KB, too little for tracing
log = logging.getLogger(__name__)


@dataclass
class Task:
    """One question: ``work`` runs in the worker, ``then`` or ``failed`` in the GUI thread.

    ``work`` is given the task, which is the ``Work`` of everything that is called in it.
    """

    key: str
    stamp: int
    work: Callable[[Task], Any]
    then: Callable[[Any], None]
    failed: Callable[[UserError], None]
    progressed: Tell | None
    report: Callable[[Task, str, int, int], None]
    cancelled: bool = False

    def tell(self, what: str, done: int, total: int) -> None:
        """Say from inside ``work`` how far it is; ``progressed`` hears it in the GUI thread."""
        if self.progressed is not None:
            self.report(self, what, done, total)

    def check(self) -> None:
        """For loops inside ``work``; a newer question of the same kind cancels the older one."""
        if self.cancelled:
            raise Cancelled


def in_words(error: BaseException) -> UserError:
    """Any error as one sentence; what nobody foresaw points to the log."""
    if isinstance(error, UserError):
        return error
    first = (str(error).splitlines() or [""])[0][:300]
    if not first or isinstance(error, LookupError):  # a KeyError says a bare name
        first = f"{type(error).__name__} {first}".strip()
    return UserError(f"Something went wrong: {first}", advice="The log file has the details.")


def as_error(error: Exception) -> UserError:
    """What a worker raised, in words; anything unexpected is in the log with its trace."""
    if not isinstance(error, UserError):
        log.error("a task failed", exc_info=error)
    return in_words(error)


def made(make: Callable[[], T], damaged: Callable[[UserError], T]) -> T:
    """Make one entry of a list; one that cannot be made is shown as damaged, and the others are not touched."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - it is shown in its place and logged
        return damaged(as_error(error))


class Worker(QObject):
    """Runs tasks one after another in its own thread; at most one waits for each key."""

    _done = Signal(object, object)
    _progress = Signal(object, str, int, int)
    busy_changed = Signal(bool)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._waiting: OrderedDict[str, Task] = OrderedDict()
        self._oldest: dict[str, int] = {}  # by key: the first stamp whose answer is still wanted
        self._of_model: set[str] = set()  # keys of what is asked about the current model
        self._running: Task | None = None
        self._on_the_way = 0  # answers that the GUI thread has not been given yet
        self.asked = 0  # questions so far
        self._turns_since = 0  # stamp: the place of a question that was asked before is not given to one asked after
        self._wake = threading.Condition()
        self._closing = False
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._progress.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        before = threading.stack_size(STACK_BYTES)
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()
        threading.stack_size(before)

    def ask(
        self, key: str, work: Callable[[Task], Any], then: Callable[[Any], None], failed: Callable[[UserError], None],
        progressed: Tell | None = None, *, in_turn: bool = False, of_model: bool = False,
    ) -> Task:  # fmt: skip
        """Ask; a question of the same key that still waits is replaced, one that runs is told to cancel.

        With ``in_turn`` the one that runs is finished and shown, and the new one waits at the place of the old one:
        who moves a slider without a pause sees every image that there is time for, of every kind that is asked.
        What is asked ``of_model`` is about the current model: ``forget_model`` drops it.
        """
        self.asked += 1
        task = Task(key, self.asked, work, then, failed, progressed, self._report)
        with self._wake:
            if in_turn:
                self._oldest.setdefault(key, task.stamp)
                if key in self._waiting and self._waiting[key].stamp < self._turns_since:
                    del self._waiting[key]
            else:
                self._forget(key)
                self._oldest[key] = task.stamp
            self._waiting[key] = task
            (self._of_model.add if of_model else self._of_model.discard)(key)
            self._wake.notify()
        return task

    def cancel(self, key: str) -> None:
        """Forget the question of this key; its answer will not be delivered."""
        with self._wake:
            self._forget(key)

    @Slot()
    def forget_model(self) -> None:
        """Another model is current: forget every question about the one before; no answer will be delivered."""
        with self._wake:
            for key in self._of_model:
                self._forget(key)
            self._of_model.clear()

    def _forget(self, key: str) -> None:
        """Drop what was asked for a key until now; only with ``_wake`` held."""
        self._oldest.pop(key, None)
        self._waiting.pop(key, None)
        if self._running is not None and self._running.key == key:
            self._running.cancelled = True

    @property
    def idle(self) -> bool:
        """Whether nothing runs, nothing waits and every answer was delivered."""
        with self._wake:
            return self._running is None and not self._waiting and not self._on_the_way

    def close(self, seconds: float = 5.0) -> bool:
        """Ask the thread to end and wait for it; True if it did."""
        with self._wake:
            self._closing = True
            self._oldest.clear()
            self._waiting.clear()
            if self._running is not None:
                self._running.cancelled = True
            self._wake.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def prepare(self) -> None:
        """Runs first, in the worker: slow imports belong here."""

    def _loop(self) -> None:
        self.prepare()
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                _, task = self._waiting.popitem(last=False)
                self._running = task
            outcome: Any
            try:
                outcome = task.work(task)
            except Cancelled:
                outcome = None
                task.cancelled = True
            except Exception as error:  # noqa: BLE001 - it is shown and logged; the thread must live on
                outcome = as_error(error)
            with self._wake:
                if not self._closing:
                    self._on_the_way += 1
                    self._done.emit(task, outcome)  # queued
                self._running = None
            del task, outcome  # an image must not live until the next question

    def _report(self, task: Task, what: str, done: int, total: int) -> None:
        if not self._closing:
            self._progress.emit(task, what, done, total)

    def _wanted(self, task: Task) -> bool:
        oldest = self._oldest.get(task.key)
        return oldest is not None and task.stamp >= oldest and not task.cancelled

    @Slot(object, object)
    def _deliver(self, task: Task, outcome: Any) -> None:
        with self._wake:
            self._on_the_way -= 1
        if not self._wanted(task):
            return
        if isinstance(outcome, UserError):
            task.failed(outcome)
        else:
            task.then(outcome)

    @Slot(object, str, int, int)
    def _tell(self, task: Task, what: str, done: int, total: int) -> None:
        if task.progressed is not None and self._wanted(task):
            task.progressed(what, done, total)
