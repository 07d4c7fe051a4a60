"""The files below a folder that are named like images, one after the other, however many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from models.core.datasets import RULES
from models.core.disk.junk import is_junk
from models.core.disk.operations import shown
from models.core.errors import DatasetError
from models.core.images import kinds
from models.core.record import info
from models.core.work import SILENT, Work

if TYPE_CHECKING:
    _Entries = os._ScandirIterator[bytes]

Note = Callable[[bytes, os.stat_result], None]
MAX_DEPTH = 64
_LOOK = 256  # entries
_RUN = info.FILE.encode()
_FIRST_SUFFIXES = tuple(suffix.encode() for suffix in kinds.FIRST_SUFFIXES)


class Walk:
    """Goes through a folder; links are followed, loops are not, junk and run folders are left out.

    Args:
        folder: where it begins.
        rules: as in ``models.core.datasets.load``.
        work: checked before every folder and after every 256 entries, images or not.
        note: given each other file, its path below the folder and its state.

    Attributes:
        run_folders: how many were left out so far.
    """

    def __init__(self, folder: Path, rules: int = RULES, work: Work = SILENT, note: Note | None = None) -> None:
        self.folder, self.rules = folder, rules
        self._work, self._note = work, note
        self.run_folders = 0

    def __iter__(self) -> Iterator[tuple[bytes, os.stat_result]]:
        """Give out what is named like an image: its path below the folder and its state (a broken link's own).

        Raises:
            DatasetError: if the folder cannot be read.
            Cancelled: if ``work`` is cancelled.
        """
        seen: set[tuple[int, int]] = set()
        waiting: list[tuple[bytes, int]] = [(b"", 0)]
        while waiting:
            self._work.check()
            below, depth = waiting.pop()
            entries = self._entries(below, seen) if depth <= MAX_DEPTH else None
            if entries is None:
                continue
            with entries:
                for number, entry in enumerate(entries, start=1):
                    if number % _LOOK == 0:
                        self._work.check()
                    path = below + b"/" + entry.name if below else entry.name
                    if entry.name.startswith(b".") if self.rules == 1 else is_junk(entry.name):
                        continue
                    if _is_folder(entry):
                        waiting.append((path, depth + 1))
                    elif self._is_image(entry.name) and (found := _state(entry)) is not None:
                        yield path, found
                    elif self._note is not None and (found := _state(entry)) is not None:
                        self._note(path, found)

    def _entries(self, below: bytes, seen: set[tuple[int, int]]) -> _Entries | None:
        """What lies in a folder below this one; None if it was seen before, is a run, or cannot be read."""
        root = os.fsencode(self.folder)
        place = os.path.join(root, below) if below else root
        try:
            state = os.stat(place)
            if (state.st_dev, state.st_ino) in seen:
                return None
            seen.add((state.st_dev, state.st_ino))
            if below and self.rules > 1 and os.path.lexists(os.path.join(place, _RUN)):
                self.run_folders += 1  # sheets of samples are no images to learn from
                return None
            return os.scandir(place)
        except OSError as error:
            if not below:
                text = "This folder cannot be read."
                raise DatasetError(text, where=shown(self.folder), advice="Check its permissions.") from error
            return None

    def _is_image(self, name: bytes) -> bool:
        return kinds.is_image(name) if self.rules > 1 else name.lower().endswith(_FIRST_SUFFIXES)


def count(folder: Path, most: int, work: Work = SILENT) -> int | None:
    """How many files below a folder are named like images that can be read; None if there are more than ``most``.

    Raises:
        DatasetError: if the folder cannot be read.
        Cancelled: if ``work`` is cancelled.
    """
    found = 0
    for path, _ in Walk(folder, work=work):
        found += not kinds.unreadable(path)
        if found > most:
            return None
    return found


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _state(entry: os.DirEntry[bytes]) -> os.stat_result | None:
    """The state of a file, or of the link where that leads nowhere; None if it has gone since it was listed."""
    for follow in (True, False):
        with suppress(OSError):
            return entry.stat(follow_symlinks=follow)
    return None
