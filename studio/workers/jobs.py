"""The training thread: plain data in, plain data out, so that a process can replace it by changing this file alone."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from models.core.doctor.remedies import Remedy
from models.core.doctor.rules import Diagnosis
from models.core.errors import UserError
from studio.workers import garbage
from studio.workers.worker import STACK_BYTES, as_error

if TYPE_CHECKING:
    from models.core.datasets import Dataset
    from models.core.record import Run
    from models.core.training.messages import Changes
    from models.core.training.recorder import Progress, StopRequest
    from models.core.work import Work

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Branch:
    """What is tried in a new run about what the doctor found in the one in ``source``."""

    source: Path
    found: Diagnosis
    remedy: Remedy


@dataclass(frozen=True)
class Job:
    """What to train: a new run (family, values, dataset), an old one (``folder``), or a branch of an ill one."""

    folder: Path
    family: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    dataset: str = ""
    size: int | None = None
    resume: bool = False
    epochs: int | None = None
    learning_rate: float | None = None
    branch: Branch | None = None


@dataclass(frozen=True)
class Ended:
    """How a job ended."""

    job: Job
    status: str
    error: UserError | None


class Mailbox:
    """What the training thread has to say, bounded: the latest progress, and the rare events in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, Any] = {}
        self._events: deque[tuple[str, Any]] = deque(maxlen=1000)

    def latest(self, kind: str, value: Any) -> None:
        """Replace what was said before of this kind."""
        with self._lock:
            self._latest[kind] = value

    def event(self, kind: str, value: Any) -> None:
        """Say something that must not be missed."""
        with self._lock:
            self._events.append((kind, value))

    def empty(self) -> list[tuple[str, Any]]:
        """Take everything out: latest values first, then events."""
        with self._lock:
            letters = [*self._latest.items(), *self._events]
            self._latest.clear()
            self._events.clear()
        return letters


class Jobs(QObject):
    """One job trains, the others wait in a queue. All signals are emitted in the GUI thread.

    A pause holds the queue: nothing starts until a run is resumed or started, or ``continue_queue`` is called. A stop
    does not: the next run begins.
    """

    started = Signal(object)  # Job
    progressed = Signal(object)  # Progress; the record may have grown
    loading = Signal(str, int, int)  # the dataset of the job is being made
    ended = Signal(object)  # Ended
    trouble = Signal(object)  # a StorageError; answer with retry(bool)
    stopping = Signal(str)  # "paused" or "stopped": the job will end after the step that it takes now
    queue_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Job] = []
        self.held = False  # by a pause
        self.current: Job | None = None
        self.progress: Progress | None = None
        self._mail = Mailbox()
        self._wake = threading.Condition()
        self._next: Job | None = None
        self._stop: StopRequest | None = None
        self._changes: Changes | None = None
        self._cancelled = threading.Event()
        self._status: Literal["paused", "stopped"] = "paused"
        self._closing = False
        self._answer: bool | None = None
        self._answered = threading.Event()
        self._at_rest = threading.Event()  # no job is with the training thread
        self._at_rest.set()
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._read_mail)
        self._timer.start()
        before = threading.stack_size(STACK_BYTES)
        self._thread = threading.Thread(target=self._loop, name="training", daemon=True)
        self._thread.start()
        threading.stack_size(before)

    # --- the GUI thread's side ---

    @property
    def running(self) -> bool:
        """Whether a job is being trained."""
        return self.current is not None

    def add(self, job: Job) -> None:
        """Train now, or after those that wait; once a pause is done, now, and the queue goes on after it."""
        paused = self.held and self.current is None
        self.queue.insert(0 if paused else len(self.queue), job)
        if paused:
            self.held = False
        self.queue_changed.emit()
        self._start_next()

    def remove(self, job: Job) -> None:
        """Take a job that waits out of the queue."""
        if job in self.queue:
            self.queue.remove(job)
            _remove_empty(job.folder)
            self.queue_changed.emit()

    def continue_queue(self) -> None:
        """Let the runs that wait begin, one after another, also after a pause."""
        self.held = False
        self.queue_changed.emit()
        self._start_next()

    def _start_next(self) -> None:
        if self.current is not None or not self.queue or self.held or self._closing:
            return
        self.current, self.progress = self.queue.pop(0), None
        self._cancelled.clear()
        self._at_rest.clear()
        with self._wake:
            self._next = self.current
            self._wake.notify()
        self.queue_changed.emit()
        self.started.emit(self.current)

    def ask_to_stop(self, status: Literal["paused", "stopped"] = "paused") -> None:
        """Save and end the job after its current step.

        Args:
            status: "paused" means to go on later, and the queue waits, too; "stopped" means that the run is done as it
                is, and the next one begins.
        """
        self._status = status
        if status == "paused" and self.current is not None:
            self.held = True
            self.queue_changed.emit()
        elif status == "stopped":
            self.held = False
        self._cancelled.set()
        if self._stop is not None:
            self._stop.ask(status)
        self.retry(False)
        if self.current is not None:
            self.stopping.emit(status)

    def pause_and_wait(self, seconds: float) -> bool:
        """Pause the job and wait until it is saved, without Qt's loop; True if it is, or if nothing trains."""
        if self.current is not None:
            self.ask_to_stop("paused")
        return self._at_rest.wait(seconds)

    def change_sparsity(self, weight: float, target: float) -> None:
        """Change the penalty on activity in the model that is being trained; the run records it as an event.

        Raises:
            ConfigError: if one of them is out of range.
        """
        if self._changes is not None:
            self._changes.sparsity(weight, target)

    def retry(self, again: bool) -> None:
        """The answer to ``trouble``."""
        self._answer = again
        self._answered.set()

    def close(self, seconds: float = 10.0) -> bool:
        """Stop, save, and wait for the thread; True if it ended in time."""
        self._closing = True
        waiting, self.queue = self.queue, []
        for job in waiting:
            _remove_empty(job.folder)
        self.ask_to_stop("paused")
        with self._wake:
            self._wake.notify()
        self._thread.join(seconds)
        self._timer.stop()
        return not self._thread.is_alive()

    @Slot()
    def _read_mail(self) -> None:
        for kind, value in self._mail.empty():
            if kind == "progress":
                self.progress = value
                self.progressed.emit(value)
            elif kind == "loading":
                self.loading.emit(*value)
            elif kind == "trouble":
                self.trouble.emit(value)
            elif kind == "ended":
                self.current, self._stop, self._changes = None, None, None
                self.ended.emit(value)
                self._start_next()

    # --- the training thread's side ---

    def _loop(self) -> None:
        while True:
            with self._wake:
                while self._next is None and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                job, self._next = self._next, None
            assert job is not None
            try:
                ended = self._train(job)
            except Exception as error:  # noqa: BLE001 - it is shown and logged; the thread must live on
                ended = Ended(job, "failed", as_error(error))
            self._mail.event("ended", ended)
            self._at_rest.set()
            garbage.mark()
            del job, ended  # an error holds what was on the stack, the whole model among it

    def _train(self, job: Job) -> Ended:
        from models.core import device

        device.prepare()
        from models.core.errors import Cancelled
        from models.core.training import train
        from models.core.training.recorder import Changes, Hooks, StopRequest
        from models.core.work import Callbacks

        def report(progress: Progress) -> None:
            if progress.step == 1:
                garbage.freeze()  # the trace is made
            self._mail.latest("progress", progress)

        self._stop = stop = StopRequest(status=self._status)
        self._changes = changes = Changes()
        work = Callbacks(lambda *now: self._mail.latest("loading", now), self._cancelled.is_set)
        try:
            run, dataset = _open(job, work)
            with run:
                if self._cancelled.is_set():
                    stop.ask(self._status)
                outcome = train.train(
                    run, dataset, stop=stop, hooks=Hooks(report, self._trouble), changes=changes, wanted=_wanted(job)
                )
        except Cancelled:
            return Ended(job, "cancelled", None)
        finally:
            _remove_empty(job.folder)
        return Ended(job, outcome.status, outcome.error)

    def _trouble(self, error: UserError) -> bool:
        """The disk said no: the model waits in memory until the person has answered."""
        self._answered.clear()  # first: an answer or a stop that comes from now on is not missed
        if self._closing or self._cancelled.is_set():
            return False
        self._mail.event("trouble", error)
        self._answered.wait()
        return bool(self._answer)


def _remove_empty(folder: Path) -> None:
    """A new run that never began leaves no empty folder behind."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # fails where anything lies in it


def _open(job: Job, work: Work) -> tuple[Run, Dataset]:
    """The run of a job, open for writing, and its dataset; ``work`` is that of loading."""
    import models
    from models.core import datasets
    from models.core.datasets import recorded
    from models.core.family import parse_config
    from models.core.record import Run
    from models.core.training import train

    if not job.resume and job.branch is None:
        config = parse_config(models.family(job.family).CONFIG, job.values)
        dataset = datasets.load(job.dataset, size=job.size, work=work)
        return train.start(job.folder, job.family, config, dataset, size=job.size), dataset
    if job.branch is not None:  # all is checked before there is a branch
        source = Run.open(job.branch.source)
        dataset = recorded.load(source.info.dataset, at=job.dataset or None, work=work)
        train.check_dataset(source, dataset)
        return _branch(job.folder, job.branch), dataset
    run = Run.open(job.folder, write=True)
    try:
        train.planned(run, _wanted(job))  # refused before the dataset is loaded
        dataset = recorded.load(run.info.dataset, at=job.dataset or None, work=work)
        train.relocate(run, dataset)  # checked before anything of the run changes
        return run, dataset
    except BaseException:
        run.close()
        raise


def _wanted(job: Job) -> dict[str, Any]:
    """The settings that a run that is resumed shall have from now on; None keeps the old one."""
    return {"epochs": job.epochs, "learning_rate": job.learning_rate}


def _branch(folder: Path, wanted: Branch) -> Run:
    """Branch off the ill run; one that comes with the program is read only and records nothing."""
    from models.core.disk import places
    from models.core.record import Run
    from models.core.training import branch

    with Run.open(wanted.source, write=places.pretrained() not in wanted.source.parents) as source:
        return branch.treat(source, wanted.found, wanted.remedy, folder)
