"""Asks the inference thread what each word of a prompt did to each image of a walk, and holds the maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from models.core.diffusion import words
from models.core.errors import UserError
from models.core.images import heat
from studio.panels.diffusion.recording import Recording
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "diffusion/prompt/words"
LONG = 60.0  # seconds; what takes longer is not measured unasked
Maps = NDArray[np.float32]  # (words, height, width)
Steps = NDArray[np.float16]  # (steps, words, height, width): half a byte for each that a window shows is enough


class WordEffects(QObject):
    """One image after the other; ``grown`` comes whenever another one is known."""

    grown = Signal()

    def __init__(self, services: Services, failed: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services, self._failed = services, failed
        self._walk: Recording | None = None
        self._prompt = ""
        self._found: list[Steps] = []
        self.waits = 0.0  # about how many seconds the measuring will take that waits to be asked for
        self._most: dict[tuple[int | None, int], float] = {}  # by step and images known: asked at every frame

    def measure(self, prompt: str, walk: Recording, guidance: float) -> None:
        """Measure a finished walk, unless that is done or being done; what takes long waits until it is asked for."""
        if walk is self._walk and prompt == self._prompt:
            return
        self.drop()
        self._walk, self._prompt = walk, prompt
        if words.words_read(prompt):
            about = words.seconds(prompt, walk.seconds, guidance)
            if about > LONG:
                self.waits = about
            else:
                self._next()

    def begin(self) -> None:
        """Measure what waits."""
        if self.waits:
            self.waits = 0.0
            self._next()

    def drop(self) -> None:
        """Forget what was measured."""
        self.services.inference.cancel(KEY)
        self._walk, self._found = None, []
        self.waits = 0.0
        self._most = {}

    def known(self) -> int:
        """How many images have been measured."""
        return len(self._found)

    def at(self, image: int, step: int | None = None) -> Maps | None:
        """The maps of an image, summed over all steps or at one of them; None until they have come."""
        if image >= len(self._found):
            return None
        found = self._found[image]
        return np.asarray(found.sum(axis=0, dtype=np.float32) if step is None else found[step], np.float32)

    def most(self, step: int | None = None) -> float:
        """The effect that is brightest among all words and images that are known; 0 before the first."""
        key = (step, self.known())
        if key not in self._most:
            maps = [one for image in range(self.known()) if (one := self.at(image, step)) is not None]
            self._most[key] = heat.brightest(np.stack(maps)) if maps else 0.0
        return self._most[key]

    def amounts(self) -> NDArray[np.float32] | None:
        """How much each word did to all images that are known, 1 for the one that did most; None before the first."""
        if not self._found:
            return None
        return words.amounts(np.sum([found.sum(axis=0, dtype=np.float32) for found in self._found], axis=0))

    def _next(self) -> None:
        walk, prompt = self._walk, self._prompt
        image = len(self._found)
        if walk is None or not len(walk) or image >= len(walk[0].x):
            return
        steps = [walk.state(index) for index in range(len(walk))]

        def measured(model: Any, task: Task) -> Steps:
            return words.by_step(model, prompt, [(t, x[image]) for t, x in steps], task).astype(np.float16)

        def take(found: Steps) -> None:
            if self._walk is walk:
                self._found.append(found)
                self.grown.emit()
                self._next()

        self.services.inference.question(KEY, measured, take, self._failed)
