"""Ways in which a file can be wrong: other bytes, other JSON, something else in its place."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

ODD: list[Any] = [
    None, True, 0, -1, 10**18, 10**400, 1e308, 0.5, "", "\x1b[31m", "<b>x", "a" * 5000, "\ud800", "../../x", [],
    [0, 0, 1], [None], {}, {"": {}}, "1e999", [[[[[[]]]]]],
]  # fmt: skip
SPECIAL = 0.15  # share of mutants that put no file in the place of a file


def bytes_of(rng: random.Random, data: bytes) -> bytes:
    """The data with changed, missing, repeated or foreign bytes."""
    if not data:
        return rng.randbytes(20)
    begin = rng.randrange(len(data))
    end = min(len(data), begin + rng.choice((1, 8, 64, 512)))
    piece = data[begin:end]
    return rng.choice((
        lambda: data[:begin] + bytes([data[begin] ^ (1 << rng.randrange(8))]) + data[begin + 1 :],
        lambda: data[:begin],
        lambda: data[:begin] + bytes(len(piece)) + data[end:],
        lambda: data[:begin] + rng.randbytes(len(piece)) + data[end:],
        lambda: data[:begin] + data[end:],
        lambda: data[:begin] + piece * rng.choice((2, 50, 5000)) + data[end:],
        lambda: data + rng.randbytes(rng.choice((1, 100, 5000))),
        lambda: data[:begin] + rng.choice((b'\\"', b"[", b"{", b"9", b"\x00", b"\xff")) * 20_000 + data[end:],
        lambda: b"",
    ))()  # fmt: skip


def json_of(rng: random.Random, value: Any) -> Any:
    """The value with one member, somewhere, that is odd, missing, or one too many."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(sorted(value))
        how = rng.random()
        if how < 0.15:
            return {key: part for key, part in value.items() if key != name}
        if how < 0.25:
            return {**value, "unknown": rng.choice(ODD)}
        return {**value, name: json_of(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.7:
        place = rng.randrange(len(value))
        return [*value[:place], json_of(rng, value[place]), *value[place + 1 :]]
    return rng.choice(ODD)


def text_of(rng: random.Random, data: bytes) -> bytes:
    """A JSON file, or one of JSON lines, with a wrong value in it; bytes of another kind are mutated as bytes."""
    lines = data.splitlines()
    whole = len(lines) < 2 or lines[0].strip() in (b"{", b"[")
    try:
        if whole:
            return json.dumps(json_of(rng, json.loads(data))).encode("utf-8", "surrogatepass")
        place = rng.randrange(len(lines))
        lines[place] = json.dumps(json_of(rng, json.loads(lines[place]))).encode("utf-8", "surrogatepass")
        return b"\n".join(lines) + b"\n"
    except (ValueError, IndexError):
        return bytes_of(rng, data)


def mutate(rng: random.Random, path: Path) -> str:
    """Make one file wrong, or put something else in its place; says what was done."""
    if rng.random() < SPECIAL:
        return _replace(rng, path)
    data = path.read_bytes()
    textual = path.suffix in (".json", ".jsonl") and rng.random() < 0.7
    path.write_bytes(text_of(rng, data) if textual else bytes_of(rng, data))
    return f"{path.name}: other {'JSON' if textual else 'bytes'}"


def _replace(rng: random.Random, path: Path) -> str:
    kind = rng.choice(("fifo", "folder", "nothing", "device", "loop", "nowhere", "itself"))
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "nowhere":
        path.symlink_to(path.parent / "nowhere")
    elif kind == "itself":
        path.symlink_to(path.parent)
    return f"{path.name}: {kind} in its place"


def tidy(folder: Path) -> None:
    """Remove a mutant that was survived."""
    shutil.rmtree(folder, ignore_errors=True)
