"""What the worst file of each kind costs that the limits still allow: it is made, then read as the program reads it.

    python benchmarks/worst_files.py [--only WORDS] [--gigabytes 2] [--megapixels 50]

Printed are the seconds until it is read or refused, and, where it can be cancelled, how many seconds after that it
ended. The exit code is 1 if something that cannot be cancelled took more than 10 s (12 s for images, whose clock counts
a processor's seconds), or if something went on for more than 2 s once it was cancelled.

What holds each reader back:

- JSON (run.json, MANIFEST.json, events, statistics, directions, settings, results) and the rows of metrics: bytes and
  items. The worst of them takes some seconds, so they need no clock.
- Arrays, folders of images and checkpoints may be as large as a dataset or a model is: a clock would refuse good ones.
  They tell how far they are, and can be cancelled.
- Images: bytes, pixels, parts, and 10 s of a processor. PNG, JPEG, GIF, BMP and TIFF are stopped at a read. WebP is
  decoded in one call, which its pixels and bytes bound. AVIF and HEIC are decoded in a process of their own
  (``models/core/images/apart.py``), which is killed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from models.core import datasets
from models.core.datasets import celeba, idx, listing
from models.core.datasets import npz as npz_datasets
from models.core.errors import Cancelled, UserError
from models.core.images import recipes
from models.core.latent import coding_files, direction_files
from models.core.record import Run, checkpoints, info, sealed, timeline
from models.core.work import SILENT, Callbacks, Work
from tests.tools import record_tools

MOST_SECONDS, MOST_SECONDS_AFTER = 12.0, 2.0
Read = Callable[[Work], object]
Made = tuple[Read, bool]  # (what reads it, whether it can be cancelled)
DICTS = 200_000 - 10  # in a file of JSON


def dicts(most_bytes: int) -> bytes:
    """The JSON that takes longest to parse: as many objects as are allowed, and whole numbers up to the last byte."""
    count = min(DICTS, most_bytes // 12)
    start = b"[" + b'{"":0},' * count
    return start + b"1," * ((most_bytes - len(start) - 2) // 2) + b"1]"


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def seal(path: Path, values: dict[str, Any]) -> None:
    put(path, json.dumps({**values, sealed.SEAL: sealed.seal(path.name, values)}, separators=(",", ":")).encode())


# --- records ---


def wrong_run(folder: Path, size: float) -> Made:
    seal(folder / "run.json", {"schema_version": 1, "versions": {f"{n}": 0 for n in range(380_000)}})
    return lambda work: info.read_info(folder), False


def damaged_run(folder: Path, size: float) -> Made:
    for name in ("run.json", "run.copy.json"):
        put(folder / name, b'{"a":' + dicts(sealed.MAX_BYTES - 10) + b"}")
    return lambda work: info.read_info(folder), False


def manifest(folder: Path, size: float) -> Made:
    entry = {"step": 1, "file": "step-1.npz", "bytes": 1, "sha256": "0" * 64, "more": [{"": 0}] * 190}
    seal(folder / "checkpoints" / "MANIFEST.json", {"schema_version": 1, "entries": [entry] * 1_000})
    found = checkpoints.Checkpoints(folder, writable=False, notices=[])
    return lambda work: found.entries(), False


def damaged_checkpoints(folder: Path, size: float) -> Made:
    state = record_tools.state(1)
    with record_tools.make_run(folder / "run") as run:
        run.save_checkpoint(1, state)
    path = put(run.folder / "checkpoints" / "all.npz", bytes(50_000_000))
    entries = []
    for step in range(1, checkpoints.MOST_ENTRIES + 1):
        os.link(path, path.with_name(f"step-{step}.npz")) if step > 1 else None
        entries.append({"step": step, "file": f"step-{step}.npz", "bytes": 50_000_000, "sha256": "0" * 64})
    entries[0] = run.checkpoints()[0].model_dump()
    seal(path.with_name("MANIFEST.json"), {"schema_version": 1, "entries": entries[:100]})
    return lambda work: Run.open(run.folder).load_checkpoint(record_tools.expected(state), work=work)[1], True


def small_rows(folder: Path, size: float) -> Made:
    path = put(folder / "metrics.jsonl", b"".join(b'{"step":%d}\n' % n for n in range(480_000)))
    return lambda work: timeline.read_all(path)[0], False


def wrong_rows(folder: Path, size: float) -> Made:
    path = put(folder / "metrics.jsonl", b'{"step":}\n' * (timeline.MOST_BYTES // 10 - 1))
    return lambda work: timeline.read_all(path)[0], False


def many_rows(folder: Path, size: float) -> Made:
    path = put(folder / "metrics.jsonl", b'{"step":1}\n' * (timeline.MOST_READ // 11))
    return lambda work: timeline.read_all(path)[0], False


def no_rows(folder: Path, size: float) -> Made:
    path = put(folder / "metrics.jsonl", b"\n" * timeline.MOST_READ)
    return lambda work: timeline.read_all(path)[0], False


def events(folder: Path, size: float) -> Made:
    line = b'{"kind":"","values":{"":' + dicts(timeline.MOST_EVENT_BYTES // timeline.MOST_EVENTS - 40) + b"}}\n"
    put(folder / "events.jsonl", line * timeline.MOST_EVENTS)
    return lambda work: timeline.events(folder), False


def statistics(folder: Path, size: float) -> Made:
    row = b'{"step":1,"a":' + dicts(timeline.MOST_STATS_BYTES // 2_000 - 40) + b"}"
    for step in range(2_000):
        put(folder / "samples" / f"stats-{step:09d}.json", row)
    return lambda work: timeline.stats(folder), False


def settings(folder: Path, size: float) -> Made:
    from studio import settings

    path = put(folder / "settings.json", b'{"a":' + dicts(settings.MAX_BYTES - 10) + b"}")
    return lambda work: settings.Settings(path).values, False


def directions(folder: Path, size: float) -> Made:
    for number in range(direction_files.MOST):
        put(direction_files.folder_of("run") / f"{number}.json", dicts(direction_files.MAX_BYTES))
    return lambda work: direction_files.load("run", 8, work), True


def results(folder: Path, size: float) -> Made:
    path = put(folder / "a.json", b'{"a":' + dicts(recipes.MAX_RESULTS_BYTES - 10) + b"}")
    return lambda work: recipes.read_recipe(path), False


# --- arrays ---


def zeros(path: Path, shape: tuple[int, ...], dtype: str, name: str = "images", **others: Any) -> Path:
    """An array of zeros, which is a thousandth of its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for label, values in others.items():
            with archive.open(f"{label}.npy", "w") as member:
                np.lib.format.write_array(member, values)
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            head = {"descr": dtype, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(member, head)
            left, piece = int(np.prod(shape)) * np.dtype(dtype).itemsize, bytes(2**24)
            while left > 0:
                member.write(piece[:left])
                left -= len(piece)
    return path


def floats(folder: Path, size: float) -> Made:
    path = zeros(folder / "a.npz", (int(size * 1e9 / 8 / 784), 28, 28), "<f8")
    return lambda work: npz_datasets.load(path, work=work).fingerprint, True


def very_many_images(folder: Path, size: float) -> Made:
    labels = np.array([f"{n % 10_000:07d}" for n in range(100_000)])
    path = zeros(folder / "a.npz", (20_000_000, 1, 1), "|u1", labels=np.tile(labels, 200))
    return lambda work: npz_datasets.load(path, work=work).fingerprint, True


def many_headers(folder: Path, size: float) -> Made:
    head = b"\x93NUMPY\x01\x00" + (9_990).to_bytes(2, "little") + b"(" * 90 + b"1," * 4_950
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        for name in [*sorted(npz_datasets._NAMES), *map(str, range(900))]:
            archive.writestr(f"{name}.npy", head)
    return lambda work: (datasets.outline(str(folder / "a.npz")), npz_datasets.load(folder / "a.npz")), False


def idx_zeros(folder: Path, size: float) -> Made:
    count = min(idx.MAX_BYTES, int(size * 1e9)) // 784
    with gzip.open(folder / "a.gz", "wb", compresslevel=1) as stream:
        stream.write(b"\0\0\x08\x03" + b"".join(side.to_bytes(4, "big") for side in (count, 28, 28)))
        for _ in range(count // 1_000):
            stream.write(bytes(784_000))
        stream.write(bytes(784 * (count % 1_000)))
    return lambda work: idx.read_idx(folder / "a.gz"), False


def codings(folder: Path, size: float) -> Made:
    np.save(folder / "a.npy", np.zeros((2**25 - 100, 1), np.float16))
    return lambda work: coding_files.read_codings(folder / "a.npy"), False


def large_folder(folder: Path, size: float) -> Made:
    for number in range(100_000):
        os.mknod(folder / f"{number}.{'png' if number % 2 else 'txt'}")
    rows = [b"100000\n" + b" ".join(b"a%d" % n for n in range(40)) + b"\n"]
    rows += [b"%d.png" % number + b" 1" * 40 + b"\n" for number in range(100_000)]
    put(folder / celeba.ATTRIBUTE_FILE, b"".join(rows))

    def read(work: Work) -> object:
        database = Path(tempfile.mkdtemp()) / "files.sqlite"
        found = listing.Listing(folder, database, work)
        found.key()
        return list(found.rows())

    return read, True


CASES: dict[str, Callable[[Path, float], Made]] = {
    "run.json: 380,000 wrong versions": wrong_run,
    "run.json and its copy: 200,000 objects, damaged": damaged_run,
    "MANIFEST.json: 1,000 entries, 190,000 objects": manifest,
    "checkpoints: 100 of 50 MB, all damaged": damaged_checkpoints,
    "metrics.jsonl: 480,000 rows, 8 MiB": small_rows,
    "metrics.jsonl: 800,000 wrong rows, 8 MiB": wrong_rows,
    "metrics.jsonl: 24 million rows, 256 MiB": many_rows,
    "metrics.jsonl: 256 MiB of empty lines": no_rows,
    "events.jsonl: 10,000 lines, 4 MiB": events,
    "stats: 2,000 files, 16 MiB": statistics,
    "settings.json: 1 MiB": settings,
    "directions: 500 files, 16 MiB of 100 MB": directions,
    "results.json: 20 MB": results,
    "npz: floats that become pixels, deflated": floats,
    "npz: 20 million images, 10,000 words": very_many_images,
    "npz: 1,000 headers of 10,000 bytes": many_headers,
    "idx: zeros": idx_zeros,
    "codings.npy: 64 MiB": codings,
    "folder: 100,000 files and their attributes": large_folder,
}


def seconds_of(read: Read, work: Work) -> tuple[float, str]:
    """How long reading takes, and how it ended."""
    begin = time.monotonic()
    try:
        found = read(work)
        said = f"{len(found):,} read" if isinstance(found, list | dict) else "read"
    except Cancelled:
        said = "cancelled"
    except UserError as error:
        said = error.what
    return time.monotonic() - begin, said


def seconds_after(read: Read, whole: float) -> float:
    """How long reading goes on once it is cancelled, in the middle of it."""
    patience = min(whole / 2, 3.0)
    end = time.monotonic() + patience
    return max(0.0, seconds_of(read, Callbacks(cancelled=lambda: time.monotonic() >= end))[0] - patience)


def main() -> int:
    import worst_images

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="kinds whose names hold one of these words")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of the arrays of a dataset; 8 are allowed")
    parser.add_argument("--megapixels", type=float, default=50.0, help="of an image; 50 are allowed")
    arguments = parser.parse_args()
    bad = 0
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':54s} {'seconds':>8s} {'after':>8s}")
    for name, make in {**CASES, **worst_images.CASES}.items():
        if arguments.only and not any(word in name for word in arguments.only.split()):
            continue
        with tempfile.TemporaryDirectory() as home:
            os.environ["STUDIO_HOME"] = f"{home}/home"
            folder = Path(home) / "made"
            folder.mkdir()
            read, cancels = make(folder, arguments.gigabytes if make in CASES.values() else arguments.megapixels)
            spent, said = seconds_of(read, SILENT)
            after = seconds_after(read, spent) if cancels else 0.0
        image = make not in CASES.values()
        bad += after > MOST_SECONDS_AFTER or (spent > MOST_SECONDS - 2 * (not image) and (image or not cancels))
        print(f"{name:54s} {spent:8.2f} {f'{after:8.2f}' if cancels else '       -'}  {said[:60]}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
