"""The list of a folder's pictures, in an SQLite file: a folder may hold a million of them, the memory need not.

Rows come out in the order of a hash of the relative path. That order is random with respect to everything a folder is
sorted by, and the same on every machine, so that contiguous slices of it are fair splits.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.core import image_kinds, runinfo
from models.core.datasets import RULES, celeba
from models.core.errors import DatasetError
from models.core.junk import is_junk
from models.core.operations import shown

if TYPE_CHECKING:
    _Entries = os._ScandirIterator[bytes]

MAX_DEPTH = 64
MAX_LABELS = 1000
_RUN = runinfo.FILE.encode()
_FIRST_SUFFIXES = tuple(suffix.encode() for suffix in image_kinds.FIRST_SUFFIXES)


@dataclass(frozen=True)
class Row:
    """One picture: its path below the folder, its first-level subfolder, its attributes (a byte each) if any."""

    path: bytes
    top: str | None
    attributes: bytes | None


class Listing:
    """Scans a folder once and gives its pictures out in order.

    Args:
        folder: the folder of pictures; links are followed, loops are not, junk and run folders are left out.
        database: a file that does not exist yet.
        tell: called now and then with (0, images found).
        rules: as in ``models.core.datasets.load``.

    Raises:
        DatasetError: if the folder cannot be read.
    """

    def __init__(self, folder: Path, database: Path, tell: Callable[[int, int], None], rules: int = RULES) -> None:
        self.folder, self.rules = folder, rules
        self.run_folders = 0  # left out
        self._base = sqlite3.connect(database, isolation_level=None)
        for command in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE files(hash BLOB PRIMARY KEY, path BLOB, top TEXT, size TEXT, time TEXT) WITHOUT ROWID",
            "CREATE TABLE attributes(name BLOB PRIMARY KEY, bits BLOB) WITHOUT ROWID",
            "BEGIN",
        ):
            self._base.execute(command)
        self.count = 0
        for path, found in self._walk():
            top = shown(Path(os.fsdecode(path.split(b"/")[0]))) if b"/" in path else None
            hashed = hashlib.sha256(path).digest()[:16]
            values = (hashed, path, top, str(found.st_size), str(found.st_mtime_ns))
            self._base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", values)
            self.count += 1
            if self.count % 500 == 0:
                tell(0, self.count)
        self.attribute_names = self._read_attributes()
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def labels(self) -> tuple[str, ...]:
        """The first-level subfolders, if there are 2 to 1,000 of them and every picture lies in one."""
        rows = self._base.execute("SELECT DISTINCT top FROM files ORDER BY top LIMIT ?", (MAX_LABELS + 1,)).fetchall()
        names = tuple(row[0] for row in rows)
        return names if 2 <= len(names) <= MAX_LABELS and None not in names else ()

    def key(self, *extra: object) -> str:
        """Hash the names, sizes and times of all files: a cache with this key holds the same pictures."""
        digest = hashlib.sha256(
            repr((os.path.realpath(self.folder), self.attribute_names, *extra)).encode("utf-8", "replace")
        )
        for row in self._base.execute("SELECT path, size, time FROM files ORDER BY hash"):
            digest.update(repr(row).encode())
        if self.attribute_names:
            for row in self._base.execute("SELECT name, bits FROM attributes ORDER BY name"):
                digest.update(repr(row).encode())
        return digest.hexdigest()[:32]

    def rows(self) -> Iterator[Row]:
        """Give out the pictures in order."""
        for path, top in self._base.execute("SELECT path, top FROM files ORDER BY hash"):
            yield Row(path, top, self._bits(path) if self.attribute_names else None)

    def _read_attributes(self) -> tuple[str, ...]:
        """Read CelebA's file of attributes, wherever it lies; one that knows none of the images is another folder's."""
        for path in celeba.places(self.folder, self.rules):
            if not path.is_file():
                continue
            names, rows = celeba.read(path)
            for name, bits in rows:
                self._base.execute("INSERT OR REPLACE INTO attributes VALUES (?, ?)", (name, bits))
            if path.parent == self.folder or self.rules == 1 or self._knows_any():
                return names
            self._base.execute("DELETE FROM attributes")
        return ()

    def _knows_any(self) -> bool:
        return any(self._bits(path) is not None for (path,) in self._base.execute("SELECT path FROM files"))

    def _bits(self, path: bytes) -> bytes | None:
        """The attributes of an image: under its name, or under the original's, a JPEG of the same name."""
        name = path.rsplit(b"/", 1)[-1]
        for known in (name,) if self.rules == 1 else (name, name.rsplit(b".", 1)[0] + b".jpg"):
            found = self._base.execute("SELECT bits FROM attributes WHERE name = ?", (known,)).fetchone()
            if found:
                return bytes(found[0])
        return None

    def _walk(self) -> Iterator[tuple[bytes, os.stat_result]]:
        """Give out what is named like an image: its path below the folder and its state (a broken link's own)."""
        seen: set[tuple[int, int]] = set()
        waiting: list[tuple[bytes, int]] = [(b"", 0)]
        while waiting:
            below, depth = waiting.pop()
            entries = self._entries(below, seen) if depth <= MAX_DEPTH else None
            if entries is None:
                continue
            with entries:
                for entry in entries:
                    path = below + b"/" + entry.name if below else entry.name
                    if entry.name.startswith(b".") if self.rules == 1 else is_junk(entry.name):
                        continue
                    if _is_folder(entry):
                        waiting.append((path, depth + 1))
                    elif self._is_image(entry.name):
                        yield path, _state(entry)  # type: ignore[misc]

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
        return image_kinds.is_image(name) if self.rules > 1 else name.lower().endswith(_FIRST_SUFFIXES)


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
