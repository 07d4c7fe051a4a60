"""The trash: what a user deletes is moved into a folder beside it, from which it comes back whole."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.core.disk import files, new_files
from models.core.disk.operations import native, shown
from models.core.errors import StorageError

FOLDER = ".trash"
_ENTRY = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Trashed:
    """What was deleted and can be brought back.

    Attributes:
        origin: where it was: a file, or the folder that ``files`` were taken out of.
        kept: where it lies now.
        files: of a folder, relative to it; () for a single file.
    """

    origin: Path
    kept: Path
    files: tuple[Path, ...] = ()


def put(path: Path) -> Trashed:
    """Move a file into the trash beside it.

    Raises:
        StorageError: it is gone or cannot be moved; it is then where it was.
    """
    kept = _new_entry(path.parent) / path.name
    try:
        files.again(files.OPS.replace, path, kept)
    except OSError as error:
        forget(kept)
        raise files.storage_error(error, path) from error
    return Trashed(path, kept)


def put_files(folder: Path, names: Sequence[Path]) -> Trashed:
    """Move some files of a folder into the trash beside the folder; whatever else is in it stays.

    Args:
        folder: whose files they are.
        names: the files, relative to it, moved in this order.

    Raises:
        StorageError: one of them cannot be moved; all are then where they were, as far as the disk lets us.
    """
    kept = _new_entry(folder.parent) / folder.name
    done: list[Path] = []
    try:
        for name in names:
            files.make_folder((kept / name).parent)
            with contextlib.suppress(FileNotFoundError):
                files.again(files.OPS.replace, folder / name, kept / name)
                done.append(name)
    except (OSError, StorageError) as error:
        for name in reversed(done):
            with contextlib.suppress(OSError):
                files.again(files.OPS.replace, kept / name, folder / name)
        _clear(kept, done)
        raise error if isinstance(error, StorageError) else files.storage_error(error, folder) from error
    return Trashed(folder, kept, tuple(done))


def restore(trashed: Trashed) -> Path:
    """Bring back what was deleted and return where it is now: where it was, or a file beside a newer one of its name.

    Raises:
        StorageError: it is not in the trash any more, something else is in its place, or the disk said no.
    """
    if not os.path.lexists(native(trashed.kept)):
        advice = "Look for it in the trash of your desktop."
        raise StorageError("This is not in the trash any more.", where=shown(trashed.kept), advice=advice)
    try:
        files.make_folder(trashed.origin.parent)
        if not trashed.files:
            place = new_files.publish(trashed.kept, new_files.free_names(trashed.origin))
            forget(trashed.kept)
            return place
        _restore_files(trashed)
    except OSError as error:
        raise files.storage_error(error, trashed.origin) from error
    return trashed.origin


def _restore_files(trashed: Trashed) -> None:
    taken = [name for name in trashed.files if os.path.lexists(native(trashed.origin / name))]
    if taken:
        what = f"This cannot be brought back: {shown(taken[0])} is there again."
        raise StorageError(what, where=shown(trashed.origin), advice="Move it away, then undo again.")
    for name in trashed.files:
        files.make_folder((trashed.origin / name).parent)
        with contextlib.suppress(FileNotFoundError):  # it was brought back by a try that failed half way
            files.again(files.OPS.replace, trashed.kept / name, trashed.origin / name)
    _clear(trashed.kept, trashed.files)


def entries(folder: Path) -> list[Path]:
    """What was deleted in a folder and lies in its trash, oldest first: a file or the folder of a run each."""
    found = []
    with contextlib.suppress(OSError):
        for name in sorted(os.listdir(native(folder / FOLDER))):
            if _ENTRY.fullmatch(name):
                found += [folder / FOLDER / name / inner for inner in os.listdir(native(folder / FOLDER / name))]
    return found


def forget(kept: Path) -> None:
    """Remove the empty folders that an entry of the trash leaves once it was moved elsewhere."""
    files.remove_empty(kept.parent, kept.parent.parent)


def _new_entry(folder: Path) -> Path:
    """Make a folder of its own for one deletion; StorageError if the disk says no."""
    entry = folder / FOLDER / f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"
    files.make_folder(entry)
    return entry


def _clear(kept: Path, names: Sequence[Path]) -> None:
    """Remove the folders of an entry, which are empty now."""
    inner = sorted({parent for name in names for parent in name.parents}, key=lambda path: -len(path.parts))
    files.remove_empty(*(kept / parent for parent in inner), kept)
    forget(kept)
