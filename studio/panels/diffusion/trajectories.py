"""Asks the inference thread for walks, and holds them: the main one, and the fork that leaves it at some step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from models.core.diffusion.capability import Kept
from models.core.diffusion.rates import Rates, States
from models.core.errors import UserError
from studio.panels.diffusion import recording as playback
from studio.panels.diffusion.recording import Frame, Recording, Setup
from studio.panels.diffusion.start_images import Beginning
from studio.workers.services import Services
from studio.workers.worker import Task


class Walks(QObject):
    """``grown`` comes when steps were added to a walk, ``ended`` when it is complete."""

    grown = Signal(str)  # ``main_key`` or ``fork_key``
    ended = Signal(str)

    def __init__(self, services: Services, name: str, failed: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services, self._failed = services, failed
        self.main_key, self.fork_key = f"diffusion/{name}", f"diffusion/{name}/fork"
        self.rates = Rates.flow(1)  # of the model
        self.main: Recording | None = None
        self.fork: Recording | None = None
        self.kept: Kept | None = None
        self.fork_time = 0  # where the fork leaves the main walk
        self._start: tuple[int, States] | None = None

    def walk(self, setup: Setup, kept: Kept | None = None, begin: Beginning | None = None) -> None:
        """A new main walk; its fork is forgotten. What is shown stays until the first step has come."""
        self.drop_fork()
        self.kept = kept
        self._ask(self.main_key, setup, begin)

    def leave(self, index: int, setup: Setup) -> None:
        """Fork the main walk at a step."""
        assert self.main is not None
        self._start = self.main.state(index)
        self.fork_time = self._start[0]
        self.again(setup)

    def again(self, setup: Setup) -> None:
        """Walk the fork again from where it leaves."""
        self._ask(self.fork_key, setup, self._start)

    def drop_fork(self) -> None:
        """Forget the fork."""
        self.services.inference.cancel(self.fork_key)
        self.fork, self._start = None, None

    def cancel(self) -> None:
        """Stop walking; what has come so far stays."""
        self.services.inference.cancel(self.main_key)
        self.services.inference.cancel(self.fork_key)

    def forget(self) -> None:
        """Another model: nothing that was walked is of interest."""
        self.cancel()
        self.drop_fork()
        self.main = self.kept = None

    def _ask(self, which: str, setup: Setup, begin: tuple[int, States] | Beginning | None) -> None:
        time = begin.time if isinstance(begin, Beginning) else begin[0] if begin else None
        total = setup.steps(self.rates, time)
        recording = Recording(total)
        kept = self.kept

        def work(model: Any, task: Task) -> Recording:
            start = begin.state(model, setup.count) if isinstance(begin, Beginning) else begin
            return playback.walk(model, setup, recording, start=start, kept=kept, work=task)

        grown = partial(self._grown, which, recording)
        self.services.inference.question(
            which, work, lambda found: self._ended(which, found), self._failed, lambda what, done, total: grown()
        )

    def _grown(self, which: str, recording: Recording) -> None:
        if which == self.main_key:
            self.main = recording
        else:
            self.fork = recording
        self.grown.emit(which)

    def _ended(self, which: str, recording: Recording) -> None:
        self._grown(which, recording)
        self.ended.emit(which)

    def other(self, frame: Frame) -> Frame | None:
        """The same moment of the other future; before it leaves, that is the same step; None without a fork."""
        if self.fork is None or not len(self.fork):
            return None
        return frame if frame.t > self.fork_time else self.fork[self.fork.nearest(frame.t)]

    def names(self, mine: str, other: str) -> tuple[tuple[str, str], ...]:
        """What stands above both sheets of the cards: who it is, how long it took, how far apart they end."""
        main, fork = self.main, self.fork
        if main is None or fork is None:
            return (("", ""),) * 4
        apart = ""
        if main.done and fork.done:
            apart = f"Final difference {playback.distance(main[len(main) - 1].x, fork[len(fork) - 1].x):.3f} (RMSE)"
        return (f"{mine}, {main.words()}", f"{other}, {fork.words()}"), ("", apart), ("", ""), ("", "")
