"""What was deleted some time ago goes from the program's own trash to the desktop's."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from PySide6.QtCore import QFile

from models.core.disk import trash

KEPT_SECONDS = 86_400  # a session that could still undo it has ended by then


def hand_over(folder: Path) -> int:
    """Move what was deleted in a folder a day ago or earlier to the desktop's trash, and count it.

    Where the desktop has none, it stays where it is: nothing that a user made is ever removed for good.
    """
    moved = 0
    for kept in trash.entries(folder):
        with contextlib.suppress(OSError):
            old = time.time() - kept.parent.stat().st_mtime > KEPT_SECONDS
            if old and QFile.moveToTrash(str(kept))[0]:
                trash.forget(kept)
                moved += 1
    return moved
