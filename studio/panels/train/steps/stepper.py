"""Step mode in a worker: a copy of a run is opened and takes a phase at a time. Plain data comes out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.adversarial.probabilities import Probabilities
from models.core.errors import UserError
from models.core.work import Work

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Opened:
    """A copy is ready: the step of its checkpoint, the real images that are looked at, and the first look."""

    step: int
    reals: Pixels
    look: Probabilities


class Stepper:
    """Holds the copy of one run; everything but ``folder`` is touched by one worker thread alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._copy: Any = None

    def open(self, work: Work) -> Opened:
        """Load the newest checkpoint and the dataset; nothing is written to the run.

        Raises:
            UserError: if the run has no checkpoint to go on from, or its dataset is gone or another one.
        """
        from models.core import device
        from models.core.datasets import recorded

        device.prepare()
        from models.core.record import Run
        from models.core.training.phases import SteppedRun

        run = Run.open(self.folder)
        about = run.info.dataset
        dataset = recorded.load(about, work=work)
        self._copy = SteppedRun(run, dataset)
        return Opened(self._copy.step, self._copy.reals(), self._copy.phases.look())

    def take(self, phase: str) -> Any:
        """Take one phase and return its ``models.core.training.phases.Change``."""
        return self._held().take(phase)

    def reset(self) -> Probabilities:
        """Go back to the checkpoint."""
        look: Probabilities = self._held().reset()
        return look

    def _held(self) -> Any:
        if self._copy is None:
            raise UserError(
                "The copy of this run is not loaded.", advice="Go back to the run and open the steps again."
            )
        return self._copy
