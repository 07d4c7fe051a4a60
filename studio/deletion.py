"""A deletion that Undo takes back: what was deleted lies in the trash beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QUndoCommand

from models.core.disk import trash
from models.core.disk.trash import Trashed
from models.core.errors import UserError


class Deletion(QUndoCommand):
    """Something that was deleted; it is pushed once that is done.

    Args:
        trashed: what was deleted.
        delete: deletes it again (redo), given where it is.
        changed: told where it is after an undo, and None after a redo.
        failed: shown the error of an undo or redo that the disk refused; the next one tries again.
        forward: brings the panel to the front, so that a person sees what is undone.
    """

    def __init__(
        self, trashed: Trashed, *, delete: Callable[[Path], Trashed], changed: Callable[[Path | None], None],
        failed: Callable[[UserError], None], forward: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__("delete")
        self._trashed: Trashed | None = trashed
        self._place = trashed.origin
        self._delete = delete
        self._changed = changed
        self._failed = failed
        self._forward = forward

    def redo(self) -> None:
        """Delete it again; nothing when it is pushed."""
        if self._trashed is not None:
            return
        self._forward()
        try:
            self._trashed = self._delete(self._place)
        except UserError as error:
            self._failed(error)
            return
        self._changed(None)

    def undo(self) -> None:
        """Bring it back."""
        if self._trashed is None:
            return
        self._forward()
        try:
            self._place = trash.restore(self._trashed)
        except UserError as error:
            self._failed(error)
            return
        self._trashed = None
        self._changed(self._place)

    def once_more(self) -> Deletion | None:
        """The same deletion for a stack that was emptied; None if it is taken back already."""
        if self._trashed is None:
            return None
        return Deletion(
            self._trashed, delete=self._delete, changed=self._changed, failed=self._failed, forward=self._forward
        )
