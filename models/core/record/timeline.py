"""What a run notes while it learns: numbers (metrics), images (samples), statistics of codings, and events."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.core.disk import files
from models.core.disk.operations import native, shown
from models.core.disk.strict_json import parse_json
from models.core.errors import RunFormatError
from models.core.record import sealed
from models.core.record.schema import EventRow, metric_row, stats_row

METRICS = "metrics.jsonl"
EVENTS = "events.jsonl"
MOST_BYTES = 8 * 2**20  # of metrics that are all read; we write at most a tenth of it
MOST_READ = 2**28  # bytes of metrics that are looked through at all
SHORTEST = len('{"step":0}')  # no row is shorter
MOST_NAMES = 100  # of metrics in a run
MOST_EVENTS, MOST_EVENT_BYTES = 10_000, 4 * 2**20  # lines of a file, and all of its bytes
MOST_STATS, MOST_STATS_BYTES = 5_000, 16 * 2**20  # files with statistics that are read, and the bytes of all of them
_CHUNK = 8 * 2**20
_SAMPLE = re.compile(r"([a-z][a-z0-9_]{0,40})-(\d{9,18})\.png")
_STATS = re.compile(r"stats-(\d{9,18})\.json")
Rows = list[dict[str, Any]]


def plain(value: Any) -> Any:
    """The value as JSON can hold it: numpy numbers become Python's, what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Add one row to a file of lines; StorageError if the disk says no."""
    files.append_line(path, json.dumps(plain(row), sort_keys=True, allow_nan=False))


def read_rows(path: Path, offset: int = 0) -> tuple[Rows, int, int]:
    """Read whole lines from ``offset`` on, at most 8 MiB of them.

    Returns:
        The rows (strictly increasing steps only), the offset behind the last whole line, and how many lines were bad.
        Where the file was cut or rewritten meanwhile, the rows start at its beginning again.

    Raises:
        RunFormatError: the file cannot be read, or is larger than ``MOST_READ``.
    """
    try:
        with files.opened(path) as stream:
            size = stream.seek(0, os.SEEK_END)
            if size > MOST_READ:
                raise RunFormatError(f"The file is larger than {MOST_READ:,} bytes.", where=shown(path))
            stream.seek(max(0, offset - 1))
            start = offset if offset and stream.read(1) == b"\n" else 0
            stream.seek(start)
            data = stream.read(min(_CHUNK, size - start))  # read(n) allocates n bytes, whatever is there
    except (FileNotFoundError, NotADirectoryError):
        return [], 0, 0
    except OSError as error:
        raise RunFormatError(f"The file cannot be read: {files.reason(error)}.", where=shown(path)) from error
    end = data.rfind(b"\n") + 1
    if not end and len(data) == _CHUNK:
        return [], start + len(data), 1
    rows, bad = _parse(data[:end], thinning(size))
    return rows, start + end, bad


def thinning(size: int) -> int:
    """Of how many rows one is read in a file of so many bytes: all of them, unless it is larger than any of ours."""
    return 1 + size // MOST_BYTES


def _parse(data: bytes, every: int) -> tuple[Rows, int]:
    """Every so many rows of whole lines, the last one included, and how many of these are bad.

    Lines that are too short on the average are no rows: all of them are bad, and none is looked at.
    """
    rows: Rows = []
    bad, last = 0, -1
    count = data.count(b"\n")
    if count * SHORTEST > len(data):
        return [], count
    for line in data.split(b"\n")[-2::-every][::-1]:
        row = metric_row(line)
        if row is None or row["step"] <= last:
            bad += 1
            continue
        rows.append(row)
        last = row["step"]
    return rows, bad


class Named:
    """Keeps the rows of a run to so many metrics that they can be drawn; the first ones stay."""

    def __init__(self) -> None:
        self._known = {"step", "epoch", "seconds"}
        self.left_out: set[str] = set()

    def kept(self, rows: Rows) -> Rows:
        """The same rows without the metrics that are too many."""
        for row in rows:
            for name in [name for name in row if name not in self._known]:
                if len(self._known) < MOST_NAMES:
                    self._known.add(name)
                else:
                    del row[name]
                    self.left_out.add(name)
        return rows


def read_all(path: Path) -> tuple[Rows, int]:
    """All good rows of a file and the number of bad lines; a torn last line is not counted."""
    rows: Rows = []
    offset, bad = 0, 0
    while True:
        more, end, worse = read_rows(path, offset)
        if end <= offset:
            return rows, bad
        last = rows[-1]["step"] if rows else -1
        good = [row for row in more if row["step"] > last]
        rows += good
        bad += worse + len(more) - len(good)
        offset = end


def events(folder: Path) -> Rows:
    """The rows of the events with ``time``, ``kind`` and ``values``, in order; damaged lines are left out.

    Raises:
        RunFormatError: the file is too large, has too many lines, or cannot be read at all.
    """
    found: Rows = []
    try:
        data = files.read_bytes(folder / EVENTS, max_bytes=MOST_EVENT_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunFormatError(
            f"The file cannot be read: {files.reason(error)}.", where=shown(folder / EVENTS)
        ) from error
    if data.count(b"\n") > MOST_EVENTS:
        raise RunFormatError(f"The file has more than {MOST_EVENTS:,} lines.", where=shown(folder / EVENTS))
    for line in data.split(b"\n"):
        with contextlib.suppress(RunFormatError, ValidationError):
            found.append(EventRow.model_validate(parse_json(line, "", max_depth=8)).model_dump())
    return found


def copy(source: Path, folder: Path, step: int) -> None:
    """Give a new run the rows, samples and statistics of another one up to ``step``.

    Raises:
        StorageError: the disk said no.
    """
    rows = [row for row in read_all(source / METRICS)[0] if row["step"] <= step]
    lines = [json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in rows]
    if lines:
        files.write_bytes(folder / METRICS, "".join(lines).encode())
    for name in _names(source / "samples"):
        match = _SAMPLE.fullmatch(name) or _STATS.fullmatch(name)
        if not match or int(match[match.lastindex or 1]) > step:
            continue
        with contextlib.suppress(RunFormatError, OSError):  # an image that is gone, or is none, is no reason to stop
            files.write_bytes(folder / "samples" / name, files.read_bytes(source / "samples" / name))


def truncate(folder: Path, step: int) -> None:
    """Forget rows, samples and statistics that are newer than ``step``.

    Raises:
        StorageError: the disk said no.
    """
    rows, bad = read_all(folder / METRICS)
    kept = [row for row in rows if row["step"] <= step]
    thinned = _is_thinned(folder / METRICS)
    if thinned:  # what is written is not all that is there: the whole file is kept
        sealed.quarantine(folder, folder / METRICS)
    if thinned or bad or len(kept) != len(rows) or _is_torn(folder / METRICS):
        lines = [json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in kept]
        files.write_bytes(folder / METRICS, "".join(lines).encode())
    for name in _names(folder / "samples"):
        match = _SAMPLE.fullmatch(name) or _STATS.fullmatch(name)
        if match and int(match[match.lastindex or 1]) > step:
            with contextlib.suppress(FileNotFoundError):
                try:
                    files.again(files.OPS.unlink, folder / "samples" / name)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise files.storage_error(error, folder / "samples" / name) from error


def is_sample(name: str) -> bool:
    """Whether a file of this name in ``samples/`` is a sample or a statistic of ours."""
    return (_SAMPLE.fullmatch(name) or _STATS.fullmatch(name)) is not None


def _is_thinned(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return thinning(os.stat(native(path)).st_size) > 1
    return False


def _is_torn(path: Path) -> bool:
    with contextlib.suppress(OSError), files.opened(path) as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 1))
        return stream.read(1) not in (b"", b"\n")
    return False


def _names(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(native(folder)))
    return []


def save_sample(folder: Path, step: int, kind: str, png: bytes) -> Path:
    """Write ``samples/<kind>-<step>.png``; StorageError if the disk says no, ValueError for a kind that is no word."""
    name = f"{kind}-{step:09d}.png"
    if not _SAMPLE.fullmatch(name):
        raise ValueError(f"not a kind of sample: {kind!r}")
    path = folder / "samples" / name
    files.write_bytes(path, png)
    return path


def samples(folder: Path, kind: str) -> list[tuple[int, Path]]:
    """The images of one kind by step."""
    matches = [(_SAMPLE.fullmatch(name), name) for name in _names(folder / "samples")]
    found = [(int(match[2]), folder / "samples" / name) for match, name in matches if match and match[1] == kind]
    return sorted(found)


def save_stats(folder: Path, step: int, values: Mapping[str, Any]) -> None:
    """Write ``samples/stats-<step>.json``; StorageError if the disk says no."""
    files.write_json(folder / "samples" / f"stats-{step:09d}.json", {**plain(values), "step": int(step)})


def stats(folder: Path) -> Rows:
    """The statistics by step; damaged files and parts are left out, and of very many or large files some are read."""
    found: Rows = []
    there = [(path, state.st_size) for path, state in files.listed(folder / "samples") if _STATS.fullmatch(path.name)]
    size = sum(size for _, size in there if size <= MOST_STATS_BYTES // 8)
    every = 1 + max(len(there) // MOST_STATS, size // MOST_STATS_BYTES)
    left = MOST_STATS_BYTES
    for path, _ in sorted(there)[::-1][::every]:
        with contextlib.suppress(RunFormatError, OSError):
            data = files.read_bytes(path, max_bytes=min(left, MOST_STATS_BYTES // 8))
            left -= len(data)
            row = stats_row(parse_json(data, shown(path)))
            if row is not None:
                found.append(row)
    return sorted(found, key=lambda row: int(row["step"]))
