"""A dataset from any folder of pictures: mixed sizes and kinds, damaged files among them, a million of them if need be.

Every picture is decoded once, fitted to one size and appended to a cache that is then used as a memory map. A file that
cannot be read is skipped and reported, never a reason to stop.
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from models.core import places
from models.core.datasets import Cancel, Dataset, Progress, Skipped, report, splits
from models.core.datasets.cache import Cached, ImageWriter, new_folder, open_cached, publish, write_rest
from models.core.datasets.listing import ATTRIBUTE_FILE, Listing, Row
from models.core.errors import DatasetError, ImageError
from models.core.images import IMAGE_SUFFIXES, Pixels, decode, fit
from models.core.operations import shown

SIZE = 64
MAX_SKIPPED = 10_000  # are listed; beyond that they are only counted
_WORDS = ("label_names", "attribute_names", "skipped", "more")  # what the cache says beside the arrays
_AHEAD = 32  # pictures decoded ahead of the one that is written
_REASONS_SHOWN = 5

Tell = Callable[[int, int], None]  # (done, total)
Decoded = tuple[Row, Pixels | None, str]  # (row, image or None, reason why None)


def load(
    path: Path, *, size: int | None = None, progress: Progress | None = None, cancelled: Cancel | None = None
) -> Dataset:
    """Load the pictures of a folder and of the folders in it.

    First-level subfolders are labels if every picture lies in one. CelebA's ``list_attr_celeba.txt``, in the folder or
    beside it, gives attributes. Images are grey if all pictures are, else colour, in a fixed random order.

    Args:
        path: the folder.
        size: height and width, 8 to 256; 64 by default. The middle of each picture is taken.
        progress: see ``models.core.datasets.load``.
        cancelled: see there; nothing is left behind.

    Raises:
        DatasetError: if the folder cannot be read, or none of its pictures.
        StorageError: if the cache cannot be written.
        Cancelled: if ``cancelled`` said so.
    """
    side = size or SIZE
    home = places.cache() / "folders"
    with new_folder(home) as fresh:
        listing = Listing(path, fresh / "files.sqlite", _telling("Looking for pictures", progress, cancelled))
        try:
            target = home / f"{listing.key(1)}-{side}"
            cached = open_cached(target, _WORDS)
            if cached is None:
                _decode_all(path, listing, fresh, side, _telling("Reading pictures", progress, cancelled))
        finally:
            listing.close()
        (fresh / "files.sqlite").unlink()
        if cached is None:
            publish(fresh, target)
            cached = open_cached(target, _WORDS)
    if cached is None:
        raise DatasetError("The cache of this folder could not be read back.", where=shown(path), advice="Try again.")
    return _dataset(path, cached)


def _telling(what: str, progress: Progress | None, cancelled: Cancel | None) -> Tell:
    return lambda done, total: report(what, done, total, progress, cancelled)


def _decode_all(path: Path, listing: Listing, fresh: Path, side: int, tell: Tell) -> None:
    """Decode every picture into ``images.npy`` and write what is known of each beside it."""
    names, labels = listing.labels(), array("i")
    attributes, skipped, more = bytearray(), list[Skipped](), 0
    with ImageWriter(fresh / "images.npy", side, side) as writer:
        for done, (row, image, reason) in enumerate(_decoded(path, listing, side)):
            if done % 16 == 0:
                tell(done, listing.count)
            if image is not None:
                writer.append(image)
                labels.append(names.index(row.top) if names else 0)
                attributes += row.attributes or b""
            elif len(skipped) < MAX_SKIPPED:
                skipped.append(Skipped(shown(Path(os.fsdecode(row.path))), reason))
            else:
                more += 1
        if writer.count == 0:
            raise _nothing(path, skipped)
        tell(listing.count, listing.count)
        writer.close()
        count = writer.count
    bits = np.frombuffer(attributes, np.bool_).reshape(count, -1) if listing.attribute_names else None
    words = {
        "label_names": names,
        "attribute_names": listing.attribute_names,
        "skipped": [(item.path, item.reason) for item in skipped],
        "more": more,
    }
    write_rest(fresh, np.array(labels, np.int32) if names else None, bits, words)


def _decoded(path: Path, listing: Listing, side: int) -> Iterator[Decoded]:
    """Decode in a few threads, in order, and never more than a few pictures ahead."""
    root = os.fsencode(path)
    needs_row = bool(listing.attribute_names)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="pictures") as pool:
        rows = listing.rows()
        waiting: deque[Future[Decoded]] = deque()
        try:
            for row in rows:
                waiting.append(pool.submit(_one, root, row, side, needs_row))
                if len(waiting) >= _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _one(root: bytes, row: Row, side: int, needs_row: bool) -> Decoded:
    if needs_row and row.attributes is None:
        return row, None, f"It has no row in {ATTRIBUTE_FILE}."
    try:
        image = decode(Path(os.fsdecode(os.path.join(root, row.path))), least=2 * side)
    except ImageError as error:
        return row, None, error.what
    return row, fit(image, (side, side, image.shape[2])), ""


def _nothing(path: Path, skipped: list[Skipped]) -> DatasetError:
    """Say why there is no dataset in a folder."""
    if not skipped:
        advice = "Pictures end in " + ", ".join(IMAGE_SUFFIXES) + "."
        return DatasetError("There is no picture in this folder.", where=shown(path), advice=advice)
    reasons = " ".join(f"{item.path}: {item.reason}" for item in skipped[:_REASONS_SHOWN])
    return DatasetError("No picture in this folder can be read.", where=shown(path), advice=reasons)


def _dataset(path: Path, cached: Cached) -> Dataset:
    words = cached.words
    skipped = tuple(Skipped(str(name), str(reason)) for name, reason in words["skipped"])
    missing = len(skipped) + int(words["more"])
    train, validation, test = splits(len(cached.images))
    title = shown(Path(path.resolve().name or path))
    return Dataset(
        name=shown(path),
        title=title,
        images=cached.images,
        train=train,
        validation=validation,
        test=test,
        labels=cached.labels,
        label_names=tuple(words["label_names"]),
        attributes=cached.attributes,
        attribute_names=tuple(words["attribute_names"]),
        source=f"Read from the folder {shown(path)}.",
        notice=f"{missing:,} of {missing + len(cached.images):,} files could not be used." if missing else "",
        skipped=skipped,
    )
