"""Small JSON files that carry their own fingerprint and are kept twice: a flipped bit is seen, and the copy is used."""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from models.core.disk import files
from models.core.disk.operations import native, shown
from models.core.errors import RunFormatError, StorageError

SEAL = "sealed_sha256"
MAX_BYTES = 4 * 2**20  # of a sealed file; ours have some thousands


def copy_of(path: Path) -> Path:
    """Where the second one lies: ``run.json`` and ``run.copy.json``."""
    return path.with_name(f"{path.stem}.copy{path.suffix}")


def seal(name: str, values: dict[str, Any]) -> str:
    """The fingerprint of a file's name and of all its values but the seal. Every future schema keeps this rule."""
    plain = {key: value for key, value in values.items() if key != SEAL}
    text = json.dumps([name, plain], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_sealed(path: Path, values: dict[str, Any]) -> None:
    """Write the file, then its copy, each atomically.

    Raises:
        StorageError: the disk said no.
    """
    sealed = {**values, SEAL: seal(path.name, values)}
    files.write_json(path, sealed)
    files.write_json(copy_of(path), sealed)


def _read_one(path: Path, name: str) -> dict[str, Any]:
    """Read one sealed file; RunFormatError if it is not whole, or was sealed as another one."""
    values = files.read_json(path, max_bytes=MAX_BYTES)
    if not isinstance(values, dict) or values.get(SEAL) != seal(name, values):
        raise RunFormatError("The file is damaged: its content does not match its seal.", where=shown(path))
    return {key: value for key, value in values.items() if key != SEAL}


def read_sealed(path: Path) -> tuple[dict[str, Any], RunFormatError | None]:
    """Read the file or else its copy.

    Returns:
        The values, and what was wrong with the first of the two (None if it was fine).

    Raises:
        RunFormatError: neither is whole.
    """
    try:
        return _read_one(path, path.name), None
    except RunFormatError as error:
        try:
            return _read_one(copy_of(path), path.name), error
        except RunFormatError:
            raise error from None


def quarantine(run_folder: Path, path: Path) -> Path | None:
    """Move a damaged file to ``quarantine/``; never delete it. None if it could not be moved."""
    with contextlib.suppress(OSError, StorageError):
        place = run_folder / "quarantine"
        files.make_folder(place)
        target = place / path.name
        if target.exists():
            target = place / f"{path.stem}-{uuid.uuid4().hex[:8]}{path.suffix}"
        files.again(files.OPS.replace, path, target)
        return target
    return None


def exists(path: Path) -> bool:
    """Whether the file or its copy is there."""
    with contextlib.suppress(OSError, ValueError):
        return Path(native(path)).is_file() or Path(native(copy_of(path))).is_file()
    return False
