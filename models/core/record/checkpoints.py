"""The checkpoints of one run: whole or not there, newest first, and a damaged one gives way to the one before it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
from collections.abc import Callable, Mapping
from functools import partial as partial_
from pathlib import Path
from typing import Any, BinaryIO, Literal

from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.core.disk import files, npz
from models.core.disk.npz import Arrays, Expected
from models.core.disk.operations import native, shown
from models.core.errors import RunFormatError, StorageError
from models.core.record import sealed
from models.core.work import SILENT, Work

MANIFEST = "MANIFEST.json"
KEEP = 3
_NAME = re.compile(r"step-(\d{1,18})(?:-\d{1,4})?\.npz")
MOST_ENTRIES = 1_000  # in a manifest; ours have the newest, the best and the milestones
_MOST_ARRAYS = 100_000  # in a checkpoint
_RETRIES = 20  # a reader whose file was pruned reads the manifest again so often
_TOLD = 3  # damaged checkpoints that are told of one by one


class CheckpointEntry(BaseModel):
    """One checkpoint in the manifest. ``metric`` is a loss: lower is better. A ``milestone`` is never pruned."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, strict=True)

    step: int = Field(ge=0, lt=10**18)
    epoch: int = Field(0, ge=0)
    file: str = Field(pattern=r"^step-\d{1,18}(-\d{1,4})?\.npz$")
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    metric: float | None = None
    milestone: bool = False


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    schema_version: Literal[1]
    entries: list[CheckpointEntry] = Field(max_length=MOST_ENTRIES)


class _Damaged(Exception):
    """A file whose bytes are not those that were written."""


class Checkpoints:
    """The folder ``checkpoints`` of a run.

    Args:
        run_folder: the run's folder.
        writable: whether this object may change it.
        notices: where to say what a person should know.
    """

    def __init__(self, run_folder: Path, *, writable: bool, notices: list[str]) -> None:
        self.run_folder = run_folder
        self.folder = run_folder / "checkpoints"
        self.manifest = self.folder / MANIFEST
        self.writable = writable
        self.notices = notices

    def entries(self) -> list[CheckpointEntry]:
        """All checkpoints by step, newest last. A damaged manifest gives way to its copy, with a notice.

        Raises:
            RunFormatError: neither the manifest nor its copy can be read.
        """
        return self._read()[0]

    def _read(self) -> tuple[list[CheckpointEntry], bool]:
        """The entries, and whether the manifest itself was whole."""
        if not sealed.exists(self.manifest):
            return [], True
        values, damage = sealed.read_sealed(self.manifest)
        try:
            found = _Manifest.model_validate(values).entries
        except ValidationError as error:
            count = len(values["entries"]) if isinstance(values.get("entries"), list) else 0
            many = f" It names {count:,}, {MOST_ENTRIES:,} are the most." if count > MOST_ENTRIES else ""
            message = f"The list of checkpoints is not one of ours.{many}"
            raise RunFormatError(message, where=shown(self.manifest)) from error
        found = sorted(found, key=lambda entry: entry.step)
        if damage is not None:
            self._repair(found, damage)
        return found, damage is None

    def _repair(self, entries: list[CheckpointEntry], damage: RunFormatError) -> None:
        self._notice("The list of checkpoints was damaged; its copy is used.")
        if self.writable:
            sealed.quarantine(self.run_folder, self.manifest)
            with contextlib.suppress(StorageError):
                self._write(entries)

    def _notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    def _write(self, entries: list[CheckpointEntry]) -> None:
        plain = [entry.model_dump() for entry in entries]
        sealed.write_sealed(self.manifest, {"schema_version": 1, "entries": plain})

    def save(
        self, step: int, arrays: Mapping[str, NDArray[Any]], *, metric: float | None, epoch: int,
        milestone: bool = False,
    ) -> CheckpointEntry:  # fmt: skip
        """Write a checkpoint, then the manifest, then remove what is no longer kept.

        Raises:
            NotFiniteError: an array holds NaN or infinity; nothing is written.
            StorageError: the disk said no; the checkpoints before are untouched.
        """
        npz.check_arrays(arrays)
        listed = self.entries()
        path = self.folder / self._free_name(step, {entry.file for entry in listed})
        written: list[tuple[int, str]] = []

        def write(stream: BinaryIO) -> None:
            written.append(npz.write_npz(stream, arrays))

        files.write_atomic(path, write, needed=sum(array.nbytes for array in arrays.values()))
        size, digest = written[0]
        value = float(metric) if metric is not None and math.isfinite(metric) else None
        entry = CheckpointEntry(
            step=step, epoch=epoch, file=path.name, bytes=size, sha256=digest, metric=value, milestone=milestone
        )
        kept = kept_entries([item for item in listed if item.step < step] + [entry])
        self._write(kept)
        self._prune({item.file for item in listed} - {item.file for item in kept})
        return entry

    def _free_name(self, step: int, taken: set[str]) -> str:
        """A name that no listed checkpoint has: one that is listed is never written over."""
        name, number = f"step-{step}.npz", 1
        while name in taken:
            number += 1
            name = f"step-{step}-{number}.npz"
        return name

    def _prune(self, names: set[str]) -> None:
        """Remove files that no manifest lists any more. What cannot be removed now is removed at the next start."""
        for name in sorted(names):
            with contextlib.suppress(OSError):
                files.again(files.OPS.unlink, self.folder / name)

    def tidy(self) -> None:
        """After a crash: remove dead temporary files, and checkpoints whose saving was never finished."""
        files.clean_stray(self.folder)
        entries, whole = self._read()
        if whole and sealed.exists(self.manifest):
            with contextlib.suppress(OSError):
                found = {name for name in os.listdir(native(self.folder)) if _NAME.fullmatch(name)}
                self._prune(found - {entry.file for entry in entries})

    def load(
        self, expected: Expected, *, step: int | None, verify: bool, partial: bool = False, work: Work = SILENT
    ) -> tuple[CheckpointEntry, Arrays]:
        """Load the newest checkpoint (or that of ``step``) or, if it is damaged, the one before it.

        Raises:
            Cancelled: if ``work`` is cancelled.
            RunFormatError: no checkpoint is whole, or they are those of another model.
        """
        mark, entries = self._mark(), self.entries()
        if step is not None and step not in {entry.step for entry in entries}:
            there = ", ".join(str(entry.step) for entry in entries) or "none"
            raise RunFormatError(
                f"There is no checkpoint of step {step}; there are: {there}.", where=shown(self.folder)
            )
        refused: list[tuple[CheckpointEntry, _Damaged]] = []
        try:
            load = partial_(self._load_one, expected=expected, verify=verify, partial=partial, work=work)
            return self._newest_whole([one for one in entries if step is None or one.step <= step], mark, refused, load)
        finally:
            self._refuse(refused, verify=verify)

    def weights_alone(self, step: int) -> bool:
        """Whether the checkpoint of a step is nothing but weights, as a shipped one; of a damaged one loading tells."""
        found = [entry for entry in self.entries() if entry.step == step]
        try:
            with files.opened(self.folder / found[0].file) as stream:
                return all(name.startswith("weights/") for name in npz.names_in(stream, _MOST_ARRAYS))
        except (IndexError, OSError, RunFormatError):
            return False

    def _newest_whole(
        self, entries: list[CheckpointEntry], mark: tuple[int, ...], refused: list[tuple[CheckpointEntry, _Damaged]],
        load: Callable[[CheckpointEntry], Arrays],
    ) -> tuple[CheckpointEntry, Arrays]:  # fmt: skip
        """Try the newest, then each one before it; those that are damaged are added to ``refused``."""
        again = 0
        tried = set[str]()
        newest = entries[-1].step if entries else 0
        while usable := [one for one in entries if one.file not in tried and one.step <= newest]:
            entry = usable[-1]
            try:
                return entry, load(entry)
            except _Damaged as error:
                if again < _RETRIES and self._mark() != mark:  # the writer may have pruned it meanwhile
                    mark, again = self._mark(), again + 1
                    entries, before = self.entries(), entries
                    if entry not in entries and entries != before:
                        continue
                tried.add(entry.file)
                refused.append((entry, error))
        message = "No checkpoint of this run can be used." if tried else "This run has no checkpoint yet."
        raise RunFormatError(message, where=shown(self.folder), advice="Train it again, or choose another run.")

    def _mark(self) -> tuple[int, ...]:
        """What changes when the manifest is written anew."""
        with contextlib.suppress(OSError):
            found = os.stat(native(self.manifest))
            return found.st_ino, found.st_size, found.st_mtime_ns
        return ()

    def _refuse(self, refused: list[tuple[CheckpointEntry, _Damaged]], *, verify: bool) -> None:
        """Tell of the damaged checkpoints; who may write sets them aside and takes them off the list."""
        for entry, error in refused[:_TOLD]:
            self._notice(f"The checkpoint of step {entry.step} is damaged ({error}); the one before it is used.")
        if len(refused) > _TOLD:
            self._notice(f"So are {len(refused) - _TOLD} more, down to that of step {refused[-1][0].step}.")
        if not (refused and self.writable and verify):
            return
        names = {entry.file for entry, _ in refused}
        for name in sorted(names):
            sealed.quarantine(self.run_folder, self.folder / name)
        with contextlib.suppress(StorageError):
            self._write([item for item in self.entries() if item.file not in names])

    def _load_one(
        self, entry: CheckpointEntry, expected: Expected, *, verify: bool, partial: bool, work: Work
    ) -> Arrays:
        work.check()
        try:
            with files.opened(self.folder / entry.file) as stream:
                if verify:
                    _check_bytes(stream, entry, work)
                try:
                    return npz.read_npz(stream, expected, partial=partial)
                except RunFormatError as error:
                    if verify:  # the bytes are ours: it is the model that is another one
                        error.where = shown(self.folder / entry.file)
                        raise
                    raise _Damaged(error.what) from error
        except OSError as error:
            raise _Damaged(f"it cannot be read: {files.reason(error)}") from error


def is_checkpoint(name: str) -> bool:
    """Whether a file of this name in ``checkpoints/`` is a checkpoint of ours."""
    return _NAME.fullmatch(name) is not None


def _check_bytes(stream: BinaryIO, entry: CheckpointEntry, work: Work) -> None:
    """Compare size and fingerprint with the manifest; the size is anybody's guess, so it can be cancelled."""
    size = stream.seek(0, 2)
    if size != entry.bytes:
        raise _Damaged(f"it has {size:,} bytes instead of {entry.bytes:,}")
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(2**20):
        work.check()
        digest.update(chunk)
    if digest.hexdigest() != entry.sha256:
        raise _Damaged("its sha256 is not that of the list")


def kept_entries(entries: list[CheckpointEntry]) -> list[CheckpointEntry]:
    """The newest three, the one with the lowest metric (the later one of equals) and the milestones, by step."""
    newest = entries[-KEEP:]
    scored = [entry for entry in entries if entry.metric is not None]
    best = min(scored, key=lambda entry: (entry.metric, -entry.step), default=None)
    return [entry for entry in entries if entry in newest or entry is best or entry.milestone]
