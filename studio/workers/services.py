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
class Desk:
    """What panels are given.

    Attributes:
        session: shared state.
        jobs: training.
        inference: the current model.
        errands: slow file work.
        studies: comparisons that take minutes; they hold models of their own.
        patience: seconds that the threads get to end, all together.
        looks: images and recipes of files from anywhere, decoded for the eye: thumbnails, details, sheets of runs.
        closed: whether the threads were asked to end.
        stuck: whether one of them did not end in time: nobody can end an import, for instance.
    """

    session: Session
    jobs: Jobs
    inference: Inference
    errands: Worker
    studies: Worker
    looks: Worker
    patience: float = CLOSE_SECONDS
    closed: bool = False
    stuck: bool = False

    @classmethod
    def open(cls, session: Session | None = None) -> Desk:
        """Start the threads. Before any panel hears of another model, what was asked about the old one is dropped."""
        desk = cls(session or Session(), Jobs(), Inference(), Worker("errands"), Worker("studies"), Worker("looks"))
        for worker in (desk.inference, desk.errands, desk.studies, desk.looks):
            desk.session.model_changed.connect(worker.forget_model)
        return desk

    @property
    def idle(self) -> bool:
        """Whether no thread has anything to do."""
        workers = (self.inference, self.errands, self.studies, self.looks)
        return all(worker.idle for worker in workers) and not self.jobs.running

    def activity(self) -> tuple[bool, int]:
        """Whether any thread works, and how many questions were asked so far: what tells that somebody is there."""
        return not self.idle, self.inference.asked + self.errands.asked + self.studies.asked

    def close(self) -> bool:
        """Stop and save, ``patience`` at most for all together; True if every thread ended in time."""
        self.closed = True
        end = time.monotonic() + self.patience
        closes = (self.jobs.close, self.looks.close, self.studies.close, self.errands.close, self.inference.close)
        self.stuck = not all([close(max(0.1, end - time.monotonic())) for close in closes])
        return not self.stuck
