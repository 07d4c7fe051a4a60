"""Shows frames that were decoded elsewhere, one after the other, for as long as somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

Pixels = NDArray[np.uint8]


class Moving(QObject):
    """An animation without an end.

    Args:
        show: takes each frame, uint8 (height, width, channels).
    """

    def __init__(self, show: Callable[[Pixels], None], parent: QObject) -> None:
        super().__init__(parent)
        self._show = show
        self._frames: Sequence[Pixels] = ()
        self._durations: Sequence[int] = ()
        self.place = 0  # of the frame that is shown
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._step)

    @property
    def loaded(self) -> bool:
        """Whether there is an animation."""
        return len(self._frames) > 1

    @property
    def running(self) -> bool:
        """Whether it moves."""
        return self._timer.isActive()

    def play(self, frames: Sequence[Pixels], durations: Sequence[int]) -> None:
        """Show frames in turn, each for so many ms, from the first."""
        self._frames = frames
        self._durations = durations
        self.place = 0
        self.go(True)

    def stop(self) -> None:
        """No animation any more."""
        self._timer.stop()
        self._frames = ()
        self._durations = ()
        self.place = 0

    def go(self, on: bool) -> None:
        """Move, or rest where it is."""
        if on and self.loaded:
            self._timer.start(self._durations[self.place])
        else:
            self._timer.stop()

    def _step(self) -> None:
        self.place = (self.place + 1) % len(self._frames)
        self._show(self._frames[self.place])
        self.go(True)
