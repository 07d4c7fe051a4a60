"""What a run notes while it learns: numbers (metrics), pictures (samples), statistics of codings, and events."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.core.disk import files
from models.core.disk.operations import native, shown
from models.core.disk.strict_json import parse_json
from models.core.errors import RunFormatError

METRICS = "metrics.jsonl"
EVENTS = "events.jsonl"
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
    """
    try:
        with files.opened(path) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, offset - 1))
            start = offset if offset and stream.read(1) == b"\n" else 0
            stream.seek(start)
            data = stream.read(min(_CHUNK, size - start))  # read(n) allocates n bytes, whatever is there
    except (FileNotFoundError, NotADirectoryError):
        return [], 0, 0
    except OSError as error:
        raise RunFormatError(f"The file cannot be read: {error}.", where=shown(path)) from error
    end = data.rfind(b"\n") + 1
    if not end and len(data) == _CHUNK:
        return [], start + len(data), 1
    rows, bad = _parse(data[:end])
    return rows, start + end, bad


def _parse(data: bytes) -> tuple[Rows, int]:
    rows: Rows = []
    bad, last = 0, -1
    for line in data.splitlines():
        try:
            row = parse_json(line, "", max_depth=8)
        except RunFormatError:
            row = None
        step = row.get("step") if isinstance(row, dict) else None
        if type(step) is not int or step <= last:
            bad += 1
            continue
        rows.append(row)
        last = step
    return rows, bad


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
    """The rows of the events with ``kind`` and ``values``, in order; damaged lines are left out."""
    found: Rows = []
    try:
        lines = files.read_bytes(folder / EVENTS).splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        with contextlib.suppress(RunFormatError):
            row = parse_json(line, "", max_depth=8)
            if isinstance(row, dict) and isinstance(row.get("kind"), str) and isinstance(row.get("values"), dict):
                found.append(row)
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
        with contextlib.suppress(RunFormatError, FileNotFoundError):  # a picture that is gone is no reason to stop
            files.write_bytes(folder / "samples" / name, files.read_bytes(source / "samples" / name))


def truncate(folder: Path, step: int) -> None:
    """Forget rows, samples and statistics that are newer than ``step``.

    Raises:
        StorageError: the disk said no.
    """
    rows, bad = read_all(folder / METRICS)
    kept = [row for row in rows if row["step"] <= step]
    if bad or len(kept) != len(rows) or _is_torn(folder / METRICS):
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
    """The pictures of one kind by step."""
    matches = [(_SAMPLE.fullmatch(name), name) for name in _names(folder / "samples")]
    found = [(int(match[2]), folder / "samples" / name) for match, name in matches if match and match[1] == kind]
    return sorted(found)


def save_stats(folder: Path, step: int, values: Mapping[str, Any]) -> None:
    """Write ``samples/stats-<step>.json``; StorageError if the disk says no."""
    files.write_json(folder / "samples" / f"stats-{step:09d}.json", {**plain(values), "step": int(step)})


def stats(folder: Path) -> Rows:
    """The statistics by step; damaged files are left out."""
    found: Rows = []
    for name in _names(folder / "samples"):
        if _STATS.fullmatch(name):
            with contextlib.suppress(RunFormatError):
                values = files.read_json(folder / "samples" / name)
                if isinstance(values, dict) and type(values.get("step")) is int:
                    found.append(values)
    return sorted(found, key=lambda row: int(row["step"]))
