"""Directions that were saved: one small JSON file each, in a folder for the run whose codings they belong to."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.disk import files, places, trash
from models.core.disk.junk import is_junk
from models.core.disk.operations import native, shown
from models.core.disk.strict_json import parse_json
from models.core.disk.trash import Trashed
from models.core.errors import RunFormatError, UserError
from models.core.work import SILENT, Work

SCHEMA = 1
MAX_BYTES = 200_000  # the longest vector takes half of it
MOST, MOST_BYTES = 500, 16 * 2**20  # directions of a run, and the bytes of all of them
LONGEST_NAME = 60  # characters
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction with a name.

    Attributes:
        name: what it adds.
        vector: (latent_size,).
        source: what it was made from, in words.
        auc: how well it separates codings that did not make it; None where nobody could measure it.
        run_id: of the run whose codings it belongs to.
    """

    name: str
    vector: Array
    source: str
    auc: float | None
    run_id: str

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "schema_version": SCHEMA,
            "name": self.name,
            "vector": [float(value) for value in self.vector],
            "source": self.source,
            "auc": self.auc,
            "run_id": self.run_id,
        }


def clean_name(name: str) -> str:
    """A name with single spaces and nothing that cannot be shown.

    Raises:
        UserError: if nothing is left, or it is too long.
    """
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not clean:
        raise UserError("A direction needs a name.", where="name", advice="Type what it adds, for example: glasses.")
    if len(clean) > LONGEST_NAME:
        raise UserError(f"This name is longer than {LONGEST_NAME} characters.", where="name", advice="Shorten it.")
    return clean


def parse(data: Any, size: int, where: str, run_id: str | None = None) -> Direction:
    """A direction from JSON that nobody trusts.

    Args:
        data: what ``Direction.data`` gave.
        size: numbers in a coding of the model.
        where: the file, for the error.
        run_id: the run that it must belong to; any by default.

    Raises:
        RunFormatError: naming the field that is wrong.
    """

    def bad(problem: str) -> RunFormatError:
        advice = "Delete the file, or save the direction again."
        return RunFormatError(f"A saved direction cannot be used: {problem}.", where=where, advice=advice)

    if not isinstance(data, dict) or data.get("schema_version") != SCHEMA:
        raise bad("it is not one of this version of the program")
    name, source, owner, vector, auc = (data.get(key) for key in ("name", "source", "run_id", "vector", "auc"))
    if not (isinstance(name, str) and isinstance(source, str) and isinstance(owner, str)):
        raise bad("name, source and run_id must be text")
    if run_id is not None and owner != run_id:
        raise bad("run_id is that of another run")
    if not isinstance(vector, list) or len(vector) != size or not all(_is_number(value) for value in vector):
        raise bad(f"vector must hold {size} finite numbers")
    if auc is not None and not (_is_number(auc) and 0.0 <= auc <= 1.0):
        raise bad("auc must be from 0 to 1, or null")
    try:
        name = clean_name(name)
    except UserError:
        raise bad(f"name must have 1 to {LONGEST_NAME} characters") from None
    return Direction(name, np.array(vector, np.float32), source[:200], None if auc is None else float(auc), owner)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30 and math.isfinite(value)


def folder_of(run_id: str) -> Path:
    """Where the directions of a run lie; an id from elsewhere becomes a harmless name."""
    plain = re.fullmatch(r"[0-9a-zA-Z_-]{1,64}", run_id) is not None
    return places.data() / "directions" / (run_id if plain else hashlib.sha256(run_id.encode()).hexdigest()[:32])


def path_of(direction: Direction) -> Path:
    """The file of a direction: readable, and different for names that differ in case or signs only."""
    slug = re.sub(r"[^a-z0-9]+", "-", direction.name.lower()).strip("-")[:40] or "direction"
    mark = hashlib.sha256(direction.name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return folder_of(direction.run_id) / f"{slug}-{mark}.json"


def save(direction: Direction) -> Path:
    """Write a direction whole or not at all; one of the same name is replaced.

    Raises:
        StorageError: the disk is full, read-only or gone.
        RunFormatError: the vector holds NaN or infinity.
    """
    if not np.isfinite(direction.vector).all():
        raise RunFormatError("This direction holds numbers that are not finite.", where=direction.name)
    path = path_of(direction)
    files.make_folder(path.parent)
    files.clean_stray(path.parent)
    files.write_json(path, direction.data())
    return path


def remove(direction: Direction) -> Trashed | None:
    """Move the file of a direction to the trash beside it; None if there is none.

    Raises:
        StorageError: the disk said no; the file is then where it was.
    """
    path = path_of(direction)
    return trash.put(path) if os.path.lexists(native(path)) else None


def load(run_id: str, size: int, work: Work = SILENT) -> tuple[list[Direction], list[UserError]]:
    """The saved directions of a run, and an error for each file that is damaged; the others are read.

    Of more than ``MOST`` files, or of more than ``MOST_BYTES``, the first ones by name are read, with an error that
    says so.

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    found: list[Direction] = []
    bad: list[UserError] = []
    folder = folder_of(run_id)
    names: Sequence[str] = ()
    with contextlib.suppress(OSError):
        names = sorted(name for name in os.listdir(native(folder)) if name.endswith(".json") and not is_junk(name))
    left = MOST_BYTES
    for number, name in enumerate(names):
        work.check()
        if number >= MOST or left <= 0:
            what = f"Only {number:,} of {len(names):,} directions are read."
            bad.append(UserError(what, where=shown(folder), advice="Move some of its files elsewhere."))
            break
        try:
            data = _read(folder / name)
            left -= len(data)
            found.append(parse(parse_json(data, shown(folder / name)), size, shown(folder / name), run_id))
        except UserError as error:
            bad.append(error)
    return found, bad


def _read(path: Path) -> bytes:
    try:
        return files.read_bytes(path, max_bytes=MAX_BYTES)
    except (OSError, ValueError) as error:
        raise RunFormatError(f"The file cannot be read: {files.reason(error)}.", where=shown(path)) from error
