"""What every panel is given: the shared state and the threads that work for it."""

from __future__ import annotations

from dataclasses import dataclass

from studio.session import Session
from studio.workers.inference import Inference
from studio.workers.jobs import Jobs
from studio.workers.worker import Worker


@dataclass
class Desk:
    """What panels are given.

    Attributes:
        session: shared state.
        jobs: training.
        inference: the current model.
        errands: slow file work.
        studies: comparisons that take minutes; they hold models of their own.
    """

    session: Session
    jobs: Jobs
    inference: Inference
    errands: Worker
    studies: Worker

    @classmethod
    def open(cls, session: Session | None = None) -> Desk:
        """Start the threads."""
        return cls(session or Session(), Jobs(), Inference(), Worker("errands"), Worker("studies"))

    @property
    def idle(self) -> bool:
        """Whether no thread has anything to do."""
        return self.inference.idle and self.errands.idle and self.studies.idle and not self.jobs.running

    def close(self) -> bool:
        """Stop and save; True if every thread ended in time."""
        saved = self.jobs.close()
        return all([self.studies.close(), self.errands.close(), self.inference.close(), saved])
