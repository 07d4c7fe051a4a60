"""New files: under a name that nothing has, whatever other threads and processes do at the same moment."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from models.core.disk import files
from models.core.disk.operations import native


def write_new(path: Path, write: Callable[[BinaryIO], None], *, needed: int | None = None) -> Path:
    """Write a new file, as ``write_atomic`` does, but never over another: under the first free of ``free_names``.

    Threads and processes that write to one name at the same moment get a name each.

    Returns:
        The name that it got.

    Raises:
        StorageError: as ``write_atomic``.
    """
    return files.draft(path, write, needed, lambda temporary: publish(temporary, free_names(path)))


def write_only(path: Path, write: Callable[[BinaryIO], None], *, needed: int | None = None) -> None:
    """Write a new file, as ``write_atomic`` does, and refuse if something has its name.

    Raises:
        StorageError: saying that it exists; or as ``write_atomic``.
    """
    files.draft(path, write, needed, lambda temporary: files.again(files.OPS.publish, temporary, path))


def free_names(path: Path) -> Iterator[Path]:
    """The path itself, then "name (2).png", "name (3).png" and so on: the names that a new file may get."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def publish(source: Path, names: Iterator[Path]) -> Path:
    """Give a file the first of the names that nothing has, and return it; one that is taken meanwhile is passed over.

    Raises:
        OSError: the disk refuses; the file is then where it was.
    """
    for name in names:
        if os.path.lexists(native(name)):  # a look is cheaper than a try
            continue
        with contextlib.suppress(FileExistsError):
            files.again(files.OPS.publish, source, name)
            return name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
