"""A move of sliders that can be undone and redone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtGui import QUndoCommand

T = TypeVar("T")


class Move(QUndoCommand, Generic[T]):
    """From one state of the sliders to another.

    Args:
        place: shows a state; called at once with ``after`` when the move is pushed, as Qt does.
        before, after: the states.
        forward: brings the panel to the front, so that a person sees what is undone.
    """

    def __init__(self, place: Callable[[T], None], before: T, after: T, forward: Callable[[], None]) -> None:
        super().__init__("move")
        self._place = place
        self._before = before
        self._after = after
        self._forward = forward
        self._done = False

    def redo(self) -> None:
        """Go there (again)."""
        if self._done:
            self._forward()
        self._done = True
        self._place(self._after)

    def undo(self) -> None:
        """Go back."""
        self._forward()
        self._place(self._before)
