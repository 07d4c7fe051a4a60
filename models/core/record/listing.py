"""Many run folders: list them, name a new one, delete one, and ask whether the disk has room."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.core.disk import files, places, trash
from models.core.disk.junk import is_junk
from models.core.disk.operations import native, shown
from models.core.disk.trash import Trashed
from models.core.errors import RunFormatError, StorageError, UserError
from models.core.record import files as run_files
from models.core.record import sealed, timeline
from models.core.record.checkpoints import MANIFEST
from models.core.record.info import FILE, read_info
from models.core.record.lock import NAME as LOCK
from models.core.record.lock import Lock
from models.core.record.run import Run

_COPY = sealed.copy_of(Path(FILE)).name
_OURS = {FILE, _COPY, timeline.METRICS, timeline.EVENTS, *run_files.FOLDERS, LOCK}


@dataclass(frozen=True)
class RunSummary:
    """One line of a list of runs. ``status`` is that of run.json, or "interrupted", or "damaged" with an ``error``."""

    folder: Path
    status: str
    id: str = ""
    title: str = ""
    family: str = ""
    dataset: str = ""
    created: str = ""
    step: int = 0
    message: str = ""
    error: UserError | None = None


def list_runs(folder: Path) -> list[RunSummary]:
    """All runs in a folder, newest first. Never raises: what is damaged is listed with its error."""
    names: list[str] = []
    with contextlib.suppress(OSError, ValueError):
        names = os.listdir(native(folder))
    inside = [folder / name for name in names if not is_junk(name)]
    found = [
        _summary(one) for one in inside if sealed.exists(one / FILE) or sealed.exists(one / "checkpoints" / MANIFEST)
    ]
    return sorted(found, key=lambda run: (run.created, run.folder.name), reverse=True)


def _summary(folder: Path) -> RunSummary:
    try:
        run = Run.open(folder)
        entries = run.checkpoints()
        info, status = run.info, "interrupted" if run.interrupted else run.info.status
    except UserError as error:
        return RunSummary(folder, "damaged", title=shown(Path(folder.name)), error=error)
    except OSError as error:
        return RunSummary(folder, "damaged", title=shown(Path(folder.name)), error=files.storage_error(error, folder))
    except ValueError as error:
        refused = RunFormatError(f"This run cannot be read: {error}.", where=shown(folder))
        return RunSummary(folder, "damaged", title=shown(Path(folder.name)), error=refused)
    return RunSummary(
        folder=folder,
        status=status,
        id=info.id,
        title=info.title,
        family=info.family,
        dataset=str(info.dataset.get("name", "")),
        created=info.created,
        step=entries[-1].step if entries else 0,
        message=info.message,
    )


def find_run(text: str) -> Path:
    """The folder of a run that a user named: a path, or the bare name of a shipped run or of one of the user's.

    A path that holds a run comes first, so that a folder beside the user is never hidden by a name. What is neither
    comes back as the path it would be; opening it says what is wrong.

    Raises:
        ValueError, OSError: as ``places.path_of``.
    """
    path = places.path_of(text)
    name = text.rstrip("/" + os.sep)
    if sealed.exists(path / FILE) or name in ("", ".", "..") or Path(name).name != name:
        return path
    named = (parent / name for parent in (places.pretrained(), places.runs()))
    return next((folder for folder in named if sealed.exists(folder / FILE)), path)


def new_folder(parent: Path, family: str, dataset: str) -> Path:
    """Make an empty folder for a new run, such as ``vae-fashion_mnist-20261123-014501``; never one that is there.

    Raises:
        StorageError: it cannot be made.
    """
    files.make_folder(parent)
    words = [re.sub(r"[^a-z0-9_]+", "_", word.lower()).strip("_")[:60] or "data" for word in (family, dataset)]
    name = "-".join([*words, datetime.now().strftime("%Y%m%d-%H%M%S")])
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            files.again(files.OPS.mkdir, folder)
        except FileExistsError:
            continue
        except OSError as error:
            raise files.storage_error(error, folder) from error
        return folder
    raise StorageError("No free name was found for a new run.", where=shown(parent), advice="Choose another folder.")


def delete_run(folder: Path) -> Trashed:
    """Delete a run: the files that we wrote, by name, go to the trash beside it; what else lies there stays.

    Returns:
        What ``trash.restore`` brings back.

    Raises:
        RunFormatError: the folder is not one of our runs.
        RunBusyError: it is being written.
        StorageError: the disk said no; the run is then as it was.
    """
    _check_ours(folder)
    lock = Lock(folder)
    lock.acquire()
    try:
        trashed = trash.put_files(folder, run_files.own_files(folder, strays=True))
    except OSError as error:
        lock.release()
        raise files.storage_error(error, folder) from error
    except BaseException:
        lock.release()
        raise
    lock.remove()
    files.remove_empty(*(folder / name for name in run_files.FOLDERS), folder)
    return trashed


def _check_ours(folder: Path) -> None:
    """Ours is a folder with a run.json that we can read, or a damaged one in which nothing else lies."""
    refused = RunFormatError(
        "This folder is not a run of this program, so it is not deleted.",
        where=shown(folder),
        advice="Delete it by hand if you are sure.",
    )
    if os.path.islink(folder) or not sealed.exists(folder / FILE):
        raise refused
    try:
        read_info(folder)
    except RunFormatError:
        if not set(os.listdir(native(folder))) <= _OURS:
            raise refused from None


def check_space(folder: Path, checkpoint_bytes: int) -> None:
    """Refuse to start where three checkpoints would not fit.

    Raises:
        StorageError: it says how many bytes are needed and how many are free.
    """
    needed, free = 3 * checkpoint_bytes, files.free_bytes(folder)
    if free < needed:
        raise StorageError(
            f"There is not enough room: {needed:,} bytes are needed, {free:,} bytes are free.",
            where=shown(folder),
            advice="Free some space or choose another folder.",
        )
