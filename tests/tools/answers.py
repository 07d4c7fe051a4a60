"""What a worker answers, and waiting for it."""

from __future__ import annotations

import threading

from models.core.errors import UserError
from studio.workers.worker import Worker
from tests.tools.gui.windows import LONG


class Answers:
    """Collects what a worker says, and in which thread."""

    def __init__(self) -> None:
        self.good: list[object] = []
        self.bad: list[UserError] = []
        self.told: list[tuple[str, int, int]] = []
        self.threads: set[str] = set()

    def then(self, value: object) -> None:
        self.threads.add(threading.current_thread().name)
        self.good.append(value)

    def failed(self, error: UserError) -> None:
        self.threads.add(threading.current_thread().name)
        self.bad.append(error)

    def progressed(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))


def wait(qtbot, worker: Worker) -> None:
    qtbot.waitUntil(lambda: worker.idle, timeout=LONG)
    qtbot.wait(1)
