"""What every panel is given: the shared state and the threads that work for it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from studio.session import Session
from studio.workers.inference import Inference
from studio.workers.jobs import Jobs
from studio.workers.worker import Worker

CLOSE_SECONDS = 10.0


@dataclass
class Services:
    """What panels are given.

    Attributes:
        session: shared state.
        jobs: training.
        inference: the current model.
        file_worker: slow file work.
        long_worker: comparisons that take minutes; they hold models of their own.
        patience: seconds that the threads get to end, all together.
        image_worker: images and recipes of files from anywhere, decoded for the eye: thumbnails, details, sheets.
        closed: whether the threads were asked to end.
        stuck: whether one of them did not end in time: nobody can end an import, for instance.
    """

    session: Session
    jobs: Jobs
    inference: Inference
    file_worker: Worker
    long_worker: Worker
    image_worker: Worker
    patience: float = CLOSE_SECONDS
    closed: bool = False
    stuck: bool = False

    @classmethod
    def open(cls, session: Session | None = None) -> Services:
        """Start the threads. Before any panel hears of another model, what was asked about the old one is dropped."""
        services = cls(
            session or Session(), Jobs(), Inference(), Worker("files"), Worker("long work"), Worker("images")
        )
        for worker in (services.inference, services.file_worker, services.long_worker, services.image_worker):
            services.session.model_changed.connect(worker.forget_model)
        return services

    @property
    def idle(self) -> bool:
        """Whether no thread has anything to do."""
        workers = (self.inference, self.file_worker, self.long_worker, self.image_worker)
        return all(worker.idle for worker in workers) and not self.jobs.running

    def activity(self) -> tuple[bool, int]:
        """Whether any thread works, and how many questions were asked so far: what tells that somebody is there."""
        return not self.idle, self.inference.asked + self.file_worker.asked + self.long_worker.asked

    def close(self) -> bool:
        """Stop and save, ``patience`` at most for all together; True if every thread ended in time."""
        self.closed = True
        end = time.monotonic() + self.patience
        closes = (
            self.jobs.close,
            self.image_worker.close,
            self.long_worker.close,
            self.file_worker.close,
            self.inference.close,
        )
        self.stuck = not all([close(max(0.1, end - time.monotonic())) for close in closes])
        return not self.stuck
