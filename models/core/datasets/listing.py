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
from typing import BinaryIO

from models.core.errors import DatasetError
from models.core.images import IMAGE_SUFFIXES
from models.core.junk import is_junk
from models.core.operations import shown

MAX_DEPTH = 64
MAX_ATTRIBUTES = 1000
MAX_LABELS = 1000
_MAX_LINE = 100_000
ATTRIBUTE_FILE = "list_attr_celeba.txt"


@dataclass(frozen=True)
class Row:
    """One picture: its path below the folder, its first-level subfolder, its attributes (a byte each) if any."""

    path: bytes
    top: str | None
    attributes: bytes | None


class Listing:
    """Scans a folder once and gives its pictures out in order.

    Args:
        folder: the folder of pictures; links are followed, loops are not, hidden files and folders are left out.
        database: a file that does not exist yet.
        tell: called now and then with (0, pictures found).

    Raises:
        DatasetError: if the folder cannot be read.
    """

    def __init__(self, folder: Path, database: Path, tell: Callable[[int, int], None]) -> None:
        self.folder = folder
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
        for path, found in _walk(folder):
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
            bits = None
            if self.attribute_names:
                name = path.rsplit(b"/", 1)[-1]
                found = self._base.execute("SELECT bits FROM attributes WHERE name = ?", (name,)).fetchone()
                bits = found[0] if found else None
            yield Row(path, top, bits)

    def _read_attributes(self) -> tuple[str, ...]:
        """Read CelebA's file of attributes, in the folder or the one above it: a count, names, a row an image."""
        for path in (self.folder / ATTRIBUTE_FILE, self.folder.absolute().parent / ATTRIBUTE_FILE):
            if path.is_file():
                try:
                    with path.open("rb") as stream:
                        return self._attribute_rows(stream)
                except (OSError, ValueError) as error:
                    text = f"The file of attributes cannot be used: {error}."
                    raise DatasetError(text, where=shown(path), advice="Repair it or take it away.") from error
        return ()

    def _attribute_rows(self, stream: BinaryIO) -> tuple[str, ...]:
        int(stream.readline(_MAX_LINE))  # the number of rows; a ValueError if not
        names = tuple(stream.readline(_MAX_LINE).decode("utf-8").split())
        if not 1 <= len(names) <= MAX_ATTRIBUTES:
            raise ValueError(f"it names {len(names)} attributes")
        number = 2
        while line := stream.readline(_MAX_LINE):
            number += 1
            name, *values = line.split()[: len(names) + 2] or [b""]
            if not name:
                continue
            if len(values) != len(names) or not set(values) <= {b"1", b"-1", b"0"}:
                raise ValueError(f"line {number} does not hold {len(names)} values of 1 or -1")
            bits = bytes(value == b"1" for value in values)
            self._base.execute("INSERT OR REPLACE INTO attributes VALUES (?, ?)", (name, bits))
        return names


def _walk(folder: Path) -> Iterator[tuple[bytes, os.stat_result]]:
    """Give out what is named like a picture: its path below the folder and its state (a broken link's own)."""
    root = os.fsencode(folder)
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[bytes, int]] = [(b"", 0)]
    while waiting:
        below, depth = waiting.pop()
        place = os.path.join(root, below) if below else root
        try:
            state = os.stat(place)
            if (state.st_dev, state.st_ino) in seen or depth > MAX_DEPTH:
                continue
            seen.add((state.st_dev, state.st_ino))
            entries = os.scandir(place)
        except OSError as error:
            if not below:
                text = "This folder cannot be read."
                raise DatasetError(text, where=shown(folder), advice="Check its permissions.") from error
            continue
        with entries:
            for entry in entries:
                path = below + b"/" + entry.name if below else entry.name
                if is_junk(entry.name):
                    continue
                if _is_folder(entry):
                    waiting.append((path, depth + 1))
                elif entry.name.lower().endswith(_SUFFIXES) and (found := _state(entry)) is not None:
                    yield path, found


_SUFFIXES = tuple(suffix.encode() for suffix in IMAGE_SUFFIXES)


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
