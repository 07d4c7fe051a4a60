"""What a training and its surroundings say to each other: progress and trouble out, stop and changes in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.core.errors import StorageError
from models.core.family import check_sparsity


@dataclass
class StopRequest:
    """How another thread asks training to end: it is looked at after every batch."""

    event: threading.Event = field(default_factory=threading.Event)
    status: Literal["paused", "stopped"] = "paused"

    def ask(self, status: Literal["paused", "stopped"] = "paused") -> None:
        """Ask to save and end; ``status`` is "paused" or "stopped"."""
        self.status = status
        self.event.set()


@dataclass
class Changes:
    """What another thread asks a running training to change; it is looked at after every batch, the newest wins."""

    _sparsity: tuple[float, float] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sparsity(self, weight: float, target: float) -> None:
        """Ask for another weight and target of a model that ``HasSparsity``.

        Raises:
            ConfigError: at once, if one of them is out of range.
        """
        check_sparsity(weight, target)
        with self._lock:
            self._sparsity = (weight, target)

    def take(self) -> tuple[float, float] | None:
        """What was asked for since the last call, or None."""
        with self._lock:
            asked, self._sparsity = self._sparsity, None
        return asked


@dataclass(frozen=True)
class Progress:
    """Where training stands; ``seconds_left`` is None until it can be told."""

    phase: str
    step: int
    steps: int
    epoch: int
    epochs: int
    seconds: float
    seconds_left: float | None = None
    images_per_second: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Hooks:
    """What training tells its surroundings.

    Attributes:
        progress: called with a Progress, at most ten times a second.
        trouble: called when the disk says no; True means "try again", False ends the training.
    """

    progress: Callable[[Progress], None] = lambda progress: None
    trouble: Callable[[StorageError], bool] = lambda error: False
