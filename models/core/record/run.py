"""The run folder: write, read, check, repair. Live view, replay and recovery all read what one process writes here.

Layout: ``run.json``, ``metrics.jsonl``, ``events.jsonl``, ``samples/``, ``checkpoints/`` with ``MANIFEST.json``,
``quarantine/`` for damaged files, and ``.lock``. One process writes; any number read at the same time.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from models.core.disk import files
from models.core.disk.npz import Arrays, Expected
from models.core.disk.operations import shown
from models.core.errors import RunBusyError, RunFormatError, StorageError
from models.core.record import files as run_files
from models.core.record import preset, sealed, timeline
from models.core.record.checkpoints import CheckpointEntry, Checkpoints
from models.core.record.info import FILE, SCHEMA, RunInfo, Status, read_info, write_info
from models.core.record.lock import NAME, Lock, foreign, held_by_other
from models.core.record.timeline import Rows
from models.core.work import SILENT, Work


class Run:
    """One run folder, opened for reading or for writing.

    Attributes:
        folder: where it is.
        info: what ``run.json`` says.
        read_only: whether writing is refused.
        notices: sentences a person should see: what was damaged, and what was used instead.
    """

    def __init__(self, folder: Path, info: RunInfo, *, lock: Lock | None, notices: list[str]) -> None:
        self.folder = folder
        self.info = info
        self.notices = notices
        self._lock = lock
        self._made: list[Path] = []  # folders that ``create`` made, outermost first
        self.loaded: CheckpointEntry | None = None  # the checkpoint that was loaded last through this object
        self._named = timeline.Named()
        self._checkpoints = Checkpoints(folder, writable=lock is not None, notices=notices)

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        family: str,
        config: Mapping[str, Any],
        dataset: Mapping[str, Any],
        seed: int,
        versions: Mapping[str, str],
        title: str = "",
    ) -> Run:
        """Make the folder, take its lock and write ``run.json``.

        Raises:
            StorageError: the disk said no.
            RunBusyError: another process writes there.
            RunFormatError: the folder holds a run or files of one already, or a value cannot be recorded.

        Whatever the reason, a run that is refused leaves the folder as it was.
        """
        values: dict[str, Any] = {"id": uuid.uuid4().hex, "created": datetime.now(UTC).isoformat(timespec="seconds")}
        values |= {"family": family, "config": timeline.plain(config), "dataset": timeline.plain(dataset)}
        values |= {"seed": seed, "versions": dict(versions), "title": title}
        try:
            info = RunInfo.model_validate(values)
        except ValidationError as error:
            raise RunFormatError(f"This run cannot be recorded: {error}", where=shown(folder)) from error
        lock, made = _begin(folder, info)
        run = cls(folder, info, lock=lock, notices=[])
        run._made = made
        return run

    def take_back(self) -> None:
        """Undo ``create``: what was written since, and the folders that were made for it, go; all else stays."""
        if self._lock is not None:
            _take_back(self.folder, self._lock, self._made)
        self.close()

    @classmethod
    def open(cls, folder: Path, *, write: bool = False) -> Run:
        """Open a run. Reading changes nothing on disk; writing takes the lock and tidies up after a crash.

        A run of a newer schema is opened for reading only, with a notice, even if ``write`` is asked for.

        Raises:
            RunFormatError: this is no run of ours, or it is damaged beyond repair.
            RunBusyError: ``write``, and another process has it.
            StorageError: ``write``, and the disk said no.
        """
        if not sealed.exists(folder / FILE) and preset.is_preset(folder):
            return cls(folder, preset.info(folder), lock=None, notices=[])
        info, damage = read_info(folder)
        notices: list[str] = []
        if info.schema_version > SCHEMA:
            notices.append("This run was written by a newer version of the program: it can be looked at, not changed.")
            return cls(folder, info, lock=None, notices=notices)
        if damage is not None:
            notices.append("run.json was damaged; its copy is used.")
        if not write:
            return cls(folder, info, lock=None, notices=notices)
        lock = Lock(folder)
        lock.acquire()
        try:
            run = cls(folder, _tidy_info(folder), lock=lock, notices=notices)
            for place in (folder, folder / "samples", folder / "checkpoints"):
                files.make_folder(place)
                files.clean_stray(place)
            run._checkpoints.tidy()
        except BaseException:
            lock.release()
            raise
        return run

    @property
    def read_only(self) -> bool:
        """Whether writing is refused."""
        return self._lock is None

    @property
    def interrupted(self) -> bool:
        """Whether it was training when its process ended: nobody writes it, and it never said that it stopped."""
        return self.info.status == "training" and not held_by_other(self.folder)

    def _writing(self) -> None:
        if self._lock is None:
            advice = "Open it for writing first."
            raise StorageError("This run is open for reading only.", where=shown(self.folder), advice=advice)

    def set_status(self, status: Status, message: str = "") -> None:
        """Record what the run is doing; StorageError if the disk says no (the status in memory stays as it was)."""
        self._change(status=status, message=message)

    def set_config(self, config: Mapping[str, Any]) -> None:
        """Record a config that was changed between two sessions; StorageError if the disk says no."""
        self._change(config=timeline.plain(config))

    def set_dataset(self, about: Mapping[str, Any]) -> None:
        """Record where the dataset is now; StorageError if the disk says no."""
        self._change(dataset=timeline.plain(about))

    def begin(self, config: Mapping[str, Any]) -> None:
        """Record at once that the run trains and with which config; StorageError if the disk says no."""
        self._change(status="training", message="", config=timeline.plain(config))

    def _change(self, **values: Any) -> None:
        self._writing()
        info = RunInfo.model_validate({**self.info.model_dump(), **values})
        write_info(self.folder, info)
        self.info = info

    def metrics(self) -> Rows:
        """All rows, steps strictly increasing. Bad lines are left out, with a notice; a torn last line without one."""
        rows, bad = timeline.read_all(self.folder / timeline.METRICS)
        if bad:
            self._notice(f"{bad} damaged line(s) of {timeline.METRICS} were left out.")
        return self._kept(rows)

    def _notice(self, text: str) -> None:
        if text not in self.notices:
            self.notices.append(text)

    def _kept(self, rows: Rows) -> Rows:
        """The rows with as many metrics as can be drawn; says once what is left out."""
        rows = self._named.kept(rows)
        if self._named.left_out:
            self._notice(f"{timeline.METRICS} has more than {timeline.MOST_NAMES} metrics; the first ones are shown.")
        return rows

    def metrics_from(self, offset: int) -> tuple[Rows, int]:
        """The rows behind a byte offset, and the offset for the next call: for plots that grow.

        At most 8 MiB are read a call. If the file was cut meanwhile, the rows start at its beginning again: the first
        step is then not larger than the last one seen.
        """
        rows, end, _ = timeline.read_rows(self.folder / timeline.METRICS, offset)
        return self._kept(rows), end

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add a row; it has an int ``step``. What is not finite becomes null; StorageError if the disk says no."""
        self._writing()
        timeline.append_row(self.folder / timeline.METRICS, {**row, "step": int(row["step"])})

    def truncate_metrics(self, step: int) -> None:
        """Forget rows, samples and statistics newer than ``step``, before resuming there."""
        self._writing()
        timeline.truncate(self.folder, step)

    def save_checkpoint(
        self, step: int, arrays: Mapping[str, NDArray[Any]], *, metric: float | None = None, epoch: int = 0,
        milestone: bool = False,
    ) -> CheckpointEntry:  # fmt: skip
        """Save the state of the model. The newest three, the one with the lowest ``metric`` and milestones are kept.

        Checkpoints of a later step belong to a branch that was left by resuming earlier: they are dropped.

        Raises:
            NotFiniteError: an array holds NaN or infinity; nothing is written.
            StorageError: the disk said no; earlier checkpoints are untouched.
        """
        self._writing()
        return self._checkpoints.save(int(step), arrays, metric=metric, epoch=int(epoch), milestone=milestone)

    def checkpoints(self) -> list[CheckpointEntry]:
        """By step, newest last; RunFormatError if the list and its copy are damaged."""
        return self._checkpoints.entries()

    def load_checkpoint(
        self, expected: Expected, *, step: int | None = None, verify: bool = True, partial: bool = False,
        work: Work = SILENT,
    ) -> tuple[CheckpointEntry, Arrays]:  # fmt: skip
        """Load the newest checkpoint (or that of ``step``); a damaged one gives way to the one before, with a notice.

        Args:
            expected: name -> (shape, dtype) of the model that our own code built; the file must have exactly these.
            step: which one; None for the newest.
            verify: compare size and sha256 with the manifest.
            partial: the file may hold more arrays, and float16 for float32; for inference.
            work: checked again and again while it is verified.

        Raises:
            Cancelled: if ``work`` is cancelled.
            RunFormatError: none is whole, or they are those of another model.
        """
        self.loaded, arrays = self._checkpoints.load(expected, step=step, verify=verify, partial=partial, work=work)
        return self.loaded, arrays

    def weights_alone(self, step: int) -> bool:
        """Whether the checkpoint of a step is nothing but weights, as a shipped one: nothing to go on exactly from."""
        return self._checkpoints.weights_alone(step)

    def save_sample(self, step: int, kind: str, png: bytes) -> Path:
        """Keep an image (a PNG file's bytes) of a kind such as "samples" or "reconstructions"."""
        self._writing()
        return timeline.save_sample(self.folder, int(step), kind, png)

    def samples(self, kind: str) -> list[tuple[int, Path]]:
        """The images of one kind by step."""
        return timeline.samples(self.folder, kind)

    def save_stats(self, step: int, values: Mapping[str, Any]) -> None:
        """Keep numbers about the codings at one step."""
        self._writing()
        timeline.save_stats(self.folder, step, values)

    def stats(self) -> Rows:
        """What ``save_stats`` kept, by step; each has its ``step``."""
        return timeline.stats(self.folder)

    def event(self, kind: str, values: Mapping[str, Any]) -> None:
        """Note a change made while training in ``events.jsonl``."""
        self._writing()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        timeline.append_row(self.folder / timeline.EVENTS, {"time": now, "kind": kind, "values": values})

    def events(self) -> Rows:
        """What ``event`` noted, in order; each has ``time``, ``kind`` and ``values``. Damaged lines are left out.

        A file that cannot be read has no events, with a notice.
        """
        try:
            return timeline.events(self.folder)
        except RunFormatError as error:
            self._notice(f"{timeline.EVENTS} is left out: {error.what}")
            return []

    def close(self) -> None:
        """Give the lock back; the run can still be read."""
        if self._lock is not None:
            self._lock.release()
        self._lock = None
        self._checkpoints.writable = False

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()


def _check_free(folder: Path) -> None:
    """Refuse a folder that holds a run, or files that a run would write over."""
    if sealed.exists(folder / FILE):
        advice = "Choose another folder, or resume that run."
        raise RunFormatError("This folder holds a run already.", where=shown(folder), advice=advice)
    try:
        taken = run_files.own_files(folder)
    except OSError as error:
        raise files.storage_error(error, folder) from error
    if foreign(folder):
        taken = [Path(NAME)]
    if taken:
        what = f"This folder holds {shown(taken[0])}, which a run would write over."
        raise RunFormatError(what, where=shown(folder), advice="Choose another folder.")


def _begin(folder: Path, info: RunInfo) -> tuple[Lock, list[Path]]:
    """Make the folders of a new run and its run.json; return its lock, held, and the folders that were made."""
    if not held_by_other(folder):  # else the lock says who holds it
        _check_free(folder)  # nothing has been made yet
    inner = (folder / "checkpoints", folder / "samples")
    made, lock = files.missing_folders(*inner), Lock(folder)
    try:
        for place in inner:
            files.make_folder(place)
        lock.acquire()
        _check_free(folder)  # once more: now no other process can begin a run here
        write_info(folder, info)
    except RunBusyError:
        raise  # the other one needs these folders
    except BaseException:
        _take_back(folder, lock, made)
        raise
    return lock, made


def _take_back(folder: Path, lock: Lock, made: list[Path]) -> None:
    """Remove the run's files, of which none was there before, and the folders that were made; nothing is raised."""
    if lock.held:
        with contextlib.suppress(OSError):
            for name in run_files.own_files(folder, strays=True):
                files.again(files.OPS.unlink, folder / name)
    if lock.made:
        lock.remove()
    lock.release()
    files.remove_empty(*reversed(made))


def _tidy_info(folder: Path) -> RunInfo:
    """Read ``run.json`` again under the lock; move a damaged one to quarantine and write it anew from its copy."""
    info, damage = read_info(folder)
    if damage is not None:
        if (folder / FILE).exists():
            sealed.quarantine(folder, folder / FILE)
        write_info(folder, info)
    return info
