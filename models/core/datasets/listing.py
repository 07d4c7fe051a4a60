"""The list of a folder's images, in an SQLite file: a folder may hold a million of them, the memory need not.

Rows come out in the order of a hash of the relative path. That order is random with respect to everything a folder is
sorted by, and the same on every machine, so that contiguous slices of it are fair splits.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.core.datasets import CAPTIONED, RULES, celeba
from models.core.datasets.beside import Beside
from models.core.datasets.walk import Walk
from models.core.disk.operations import shown
from models.core.work import Work, advance

MAX_LABELS = 1000
_LOOK = 256  # rows of the file of attributes


@dataclass(frozen=True)
class Row:
    """One image: its path below the folder, its first-level subfolder, its attributes (a byte each) if any."""

    path: bytes
    top: str | None
    attributes: bytes | None


class Listing:
    """Scans a folder once and gives its images out in order.

    Args:
        folder: the folder of images; links are followed, loops are not, junk and run folders are left out.
        database: a file that does not exist yet.
        work: told and checked now and then: 0 of so many images that were found.
        rules: as in ``models.core.datasets.load``.

    Raises:
        DatasetError: if the folder cannot be read, or a list of captions in it.
        Cancelled: if ``work`` is cancelled.
    """

    def __init__(self, folder: Path, database: Path, work: Work, rules: int = RULES) -> None:
        self.folder, self.rules = folder, rules
        self._base = sqlite3.connect(database, isolation_level=None)
        for command in (
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE files(hash BLOB PRIMARY KEY, path BLOB, top TEXT, size TEXT, time TEXT) WITHOUT ROWID",
            "CREATE TABLE attributes(name BLOB PRIMARY KEY, bits BLOB) WITHOUT ROWID",
            "BEGIN",
        ):
            self._base.execute(command)
        self.beside = Beside(folder, self._base)
        self.walk = Walk(folder, rules, work, self.beside.note if rules >= CAPTIONED else None)
        self.count = 0
        for path, found in self.walk:
            top = shown(Path(os.fsdecode(path.split(b"/")[0]))) if b"/" in path else None
            hashed = hashlib.sha256(path).digest()[:16]
            values = (hashed, path, top, str(found.st_size), str(found.st_mtime_ns))
            self._base.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", values)
            self.count += 1
            if self.count % 500 == 0:
                advance(work, "Searching for images", 0, self.count)
        self.attribute_names = self._read_attributes(work)
        self.beside.read_lists(work)
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def labels(self) -> tuple[str, ...]:
        """The first-level subfolders, if there are 2 to 1,000 of them and every image lies in one."""
        rows = self._base.execute("SELECT DISTINCT top FROM files ORDER BY top LIMIT ?", (MAX_LABELS + 1,)).fetchall()
        names = tuple(row[0] for row in rows)
        return names if 2 <= len(names) <= MAX_LABELS and None not in names else ()

    def key(self, *extra: object) -> str:
        """Hash the names, sizes and times of all files: a cache with this key holds the same images."""
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
        """Give out the images in order."""
        for path, top in self._base.execute("SELECT path, top FROM files ORDER BY hash"):
            yield Row(path, top, self._bits(path) if self.attribute_names else None)

    def _read_attributes(self, work: Work) -> tuple[str, ...]:
        """Read CelebA's file of attributes, wherever it lies; one that knows none of the images is another folder's."""
        for path in celeba.places(self.folder, self.rules):
            if not path.is_file():
                continue
            names, rows = celeba.read(path)
            for number, (name, bits) in enumerate(rows):
                if number % _LOOK == 0:
                    work.check()
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
