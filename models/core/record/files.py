"""The files that a run writes, by name: what is deleted with a run is one of these, and nothing else ever is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from models.core.disk import files
from models.core.disk.operations import native
from models.core.record import checkpoints, sealed, timeline
from models.core.record.info import FILE

FOLDERS = ("samples", "checkpoints", "quarantine")
_SEALED = (Path(FILE), Path(checkpoints.MANIFEST))
_LOOSE = (FILE, sealed.copy_of(_SEALED[0]).name, timeline.METRICS, timeline.EVENTS)
_LISTS = (_SEALED[1].name, sealed.copy_of(_SEALED[1]).name)
_QUARANTINED = re.compile(
    r"(?:(?:run|MANIFEST)(?:-[0-9a-f]{8})?\.json|step-\d{1,18}(?:-\d{1,4})?(?:-[0-9a-f]{8})?\.npz)"
)


def own_files(folder: Path, *, strays: bool = False) -> list[Path]:
    """The run's files in a folder, relative to it, ``run.json`` last; whatever bears another name is somebody else's.

    A linked folder is not looked into, and the lock is not among them.

    Args:
        folder: of a run, or one that shall become one; it need not exist.
        strays: also temporary files that a dead process left behind.

    Raises:
        OSError: a folder cannot be listed.
    """
    found = [Path(name) for name in _names(folder) if name in _LOOSE or (strays and files.is_stray(name))]
    for inner in FOLDERS:
        if not os.path.islink(native(folder / inner)):
            names = _names(folder / inner)
            found += [Path(inner, name) for name in names if _is_ours(inner, name) or (strays and files.is_stray(name))]
    last = {Path(name): rank for rank, name in enumerate(reversed(_LOOSE), start=1)}
    return sorted(found, key=lambda path: (last.get(path, 0), path))


def _is_ours(folder: str, name: str) -> bool:
    if folder == "samples":
        return timeline.is_sample(name)
    if folder == "checkpoints":
        return name in _LISTS or checkpoints.is_checkpoint(name)
    return _QUARANTINED.fullmatch(name) is not None


def _names(folder: Path) -> list[str]:
    """Names of what lies in a folder and is no folder itself."""
    try:
        return [entry.name for entry in os.scandir(native(folder)) if not entry.is_dir(follow_symlinks=False)]
    except (
        FileNotFoundError,
        NotADirectoryError,
        ValueError,
    ):  # of a name with a null character
        return []
