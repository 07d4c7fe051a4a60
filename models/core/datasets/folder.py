"""A dataset from any folder of images: mixed sizes and kinds, damaged files among them, a million of them if need be.

Every image is decoded once, fitted to one size and appended to a cache that is then used as a memory map. A file that
cannot be read is skipped and reported, never a reason to stop.
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from models.core.datasets import CAPTIONED, RULES, Dataset, Skipped, celeba_words, splits
from models.core.datasets.beside import Found
from models.core.datasets.cache import Cached, ImageWriter, new_folder, open_cached, publish, write_rest
from models.core.datasets.layout import STRAY, Folders, layout
from models.core.datasets.listing import Listing, Row
from models.core.datasets.parts import Arranged, arranged
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import DatasetError, ImageError
from models.core.images import kinds
from models.core.images.convert import fit
from models.core.images.decoding import IMAGE_SUFFIXES, decode
from models.core.images.pixels import Pixels
from models.core.work import SILENT, Work, advance

SIZE = 64
MAX_SKIPPED = 10_000  # are listed; beyond that they are only counted
_WORDS = ("label_names", "attribute_names", "skipped", "more")  # what the cache says beside the arrays
_ALL_WORDS = (*_WORDS, "notice", "splits")
NO_TRAINING_IMAGE = "No training image has its class."
_AHEAD = 32  # images decoded ahead of the one that is written
_REASONS_SHOWN = 5

Decoded = tuple[Row, Pixels | None, str]  # (row, image or None, reason why None)


def load(path: Path, *, size: int | None = None, rules: int = RULES, work: Work = SILENT) -> Dataset:
    """Load the images of a folder and of the folders in it.

    First-level subfolders are classes if nearly every image lies in one, and folders named train, validation and test
    are splits with classes in them (layout.py). CelebA's file of attributes gives attributes (celeba.py). Texts and
    lists beside the images give captions (caption_files.py); without them CelebA's attributes do, put into words
    (celeba_words.py). Images are grey if all are, else colour, in a fixed random order.

    Args:
        path: the folder.
        size: height and width, 8 to 256; 64 by default. The middle of each image is taken.
        rules: see ``models.core.datasets.load``.
        work: see there; nothing is left behind.

    Raises:
        DatasetError: if the folder cannot be read, or none of its images.
        StorageError: if the cache cannot be written.
        Cancelled: if ``work`` is cancelled.
    """
    side = size or SIZE
    home = places.cache() / "folders"
    with new_folder(home) as fresh:
        listing = Listing(path, fresh / "files.sqlite", work, rules)
        try:
            target = home / f"{_key(listing)}-{side}"
            cached = open_cached(target, _WORDS if rules == 1 else _ALL_WORDS)
            if cached is None:
                _decode_all(path, listing, fresh, side, work)
        finally:
            listing.close()
        (fresh / "files.sqlite").unlink()
        if cached is None:
            publish(fresh, target)
            cached = open_cached(target, _WORDS)
    if cached is None:
        raise DatasetError("The cache of this folder could not be read back.", where=shown(path), advice="Try again.")
    found = _dataset(path, cached, listing.walk.run_folders)
    if rules < CAPTIONED or found.captions or found.attributes is None:
        return found
    return replace(found, captions=celeba_words.captions(found.attributes, found.attribute_names))


def _key(listing: Listing) -> str:
    """The name of the cache: with another plugin of Pillow more of the same files can be read.

    Without captions beside the images it is what the rules before made: nothing is decoded again.
    """
    if listing.rules == 1:
        return listing.key(1)
    return listing.key(2, kinds.SUFFIXES, *filter(None, (listing.beside.stamp,)))


@dataclass
class _Read:
    """What is known of the images that were read, in order, and of the files that were left out."""

    folders: Folders = field(default_factory=Folders)
    rows: array[int] = field(default_factory=lambda: array("q"))  # of the listing
    tops: array[int] = field(default_factory=lambda: array("i"))  # labels by the first rules
    attributes: bytearray = field(default_factory=bytearray)
    skipped: list[Skipped] = field(default_factory=list)
    more: int = 0  # left out beside those

    def leave_out(self, path: bytes, reason: str) -> None:
        if len(self.skipped) < MAX_SKIPPED:
            self.skipped.append(Skipped(shown(Path(os.fsdecode(path))), reason))
        else:
            self.more += 1


def _decode_all(path: Path, listing: Listing, fresh: Path, side: int, work: Work) -> None:
    """Decode every image into ``images.npy`` and write what is known of each beside it."""
    with ImageWriter(fresh / "images.npy", side, side) as writer:
        read = _read_all(path, listing, writer, side, work)
        if writer.count == 0:
            raise _nothing(path, read.skipped)
        bits = np.frombuffer(read.attributes, np.bool_).reshape(writer.count, -1) if listing.attribute_names else None
        found, notice = _arranged(read, listing) if listing.rules > 1 else (_by_first_rules(read, listing), "")
        if not np.array_equal(found.order, np.arange(writer.count)):
            writer.arrange(found.order)
        advance(work, "Reading images", listing.count, listing.count)
        writer.close()
    spoken = _captions(found, read, listing, work)
    words = {
        "label_names": found.names,
        "attribute_names": listing.attribute_names,
        "skipped": [(item.path, item.reason) for item in read.skipped],
        "more": read.more,
        "notice": " ".join(filter(None, (notice, spoken.notice))),
        "splits": [(part.start, part.stop) for part in found.slices],
    }
    write_rest(fresh, found.labels, None if bits is None else bits[found.order], words, spoken.captions)


def _captions(found: Arranged, read: _Read, listing: Listing, work: Work) -> Found:
    """The captions of the images that are kept, in their order; [] if nothing beside the images may be one."""
    if not listing.beside.stamp:
        return Found([], "")
    rows = np.array(read.rows)[found.order].tolist()
    place = {row: where for where, row in enumerate(rows)}
    paths = [b""] * len(rows)
    for row, image in enumerate(listing.rows()):
        if row in place:
            paths[place[row]] = image.path
    return listing.beside.of(paths, work)


def _read_all(path: Path, listing: Listing, writer: ImageWriter, side: int, work: Work) -> _Read:
    """Give every image that can be read to ``writer``."""
    read, tops = _Read(), {name: place for place, name in enumerate(listing.labels())}
    for done, (row, image, reason) in enumerate(_decoded(path, listing, side)):
        if done % 16 == 0:
            advance(work, "Reading images", done, listing.count)
        if image is None:
            read.leave_out(row.path, reason)
            continue
        writer.append(image)
        read.folders.add(row.path)
        read.rows.append(done)
        read.tops.append(tops.get(row.top or "", 0))
        read.attributes += row.attributes or b""
    return read


def _by_first_rules(read: _Read, listing: Listing) -> Arranged:
    """A class for each first-level folder, if every file lies in one; the splits are 80, 10 and 10 %."""
    names, count = listing.labels(), len(read.rows)
    return Arranged(
        np.arange(count), splits(count), np.array(read.tops) if names else None, names, "", np.zeros(0, int)
    )


def _arranged(read: _Read, listing: Listing) -> tuple[Arranged, str]:
    """Classes and splits of the images that were read, and what is to be said of them; strays are reported."""
    known = layout(read.folders)
    found = arranged(len(known.labels), known.labels, known.names or ("",), known.parts)
    rows = np.array(read.rows)
    reasons = dict.fromkeys(rows[known.labels < 0].tolist(), STRAY)
    reasons |= dict.fromkeys(rows[found.dropped].tolist(), NO_TRAINING_IMAGE)
    if reasons:
        for place, row in enumerate(listing.rows()):
            if place in reasons:
                read.leave_out(row.path, reasons[place])
    if not known.names:
        found = replace(found, labels=None, names=())
    return found, " ".join(filter(None, (known.notice, found.notice)))


def _decoded(path: Path, listing: Listing, side: int) -> Iterator[Decoded]:
    """Decode in a few threads, in order, and never more than a few images ahead."""
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
    if kind := kinds.unreadable(row.path):
        return row, None, kind
    if needs_row and row.attributes is None:
        return row, None, "It has no row in the file of attributes."
    try:
        image = decode(Path(os.fsdecode(os.path.join(root, row.path))), least=2 * side)
    except ImageError as error:
        return row, None, error.what
    return row, fit(image, (side, side, image.shape[2])), ""


def _nothing(path: Path, skipped: list[Skipped]) -> DatasetError:
    """Say why there is no dataset in a folder."""
    if not skipped:
        advice = "Image files end in  " + ", ".join(IMAGE_SUFFIXES) + "."
        return DatasetError("There is no image in this folder.", where=shown(path), advice=advice)
    reasons = " ".join(f"{item.path}: {item.reason}" for item in skipped[:_REASONS_SHOWN])
    return DatasetError("No image in this folder can be read.", where=shown(path), advice=reasons)


def _dataset(path: Path, cached: Cached, run_folders: int) -> Dataset:
    words = cached.words
    skipped = tuple(Skipped(str(name), str(reason)) for name, reason in words["skipped"])
    missing = len(skipped) + int(words["more"])
    known = words.get("splits")
    cut = splits(len(cached.images)) if known is None else tuple(slice(int(a), int(b)) for a, b in known)
    notices = [f"{missing:,} of {missing + len(cached.images):,} files could not be read." if missing else ""]
    notices.append(str(words.get("notice", "")))
    if run_folders:
        notices.append(f"Run folders inside are not part of it: {run_folders:,} left out.")
    title = shown(Path(path.resolve().name or path))
    return Dataset(
        name=shown(path),
        title=title,
        images=cached.images,
        train=cut[0],
        validation=cut[1],
        test=cut[2],
        labels=cached.labels,
        label_names=tuple(words["label_names"]),
        attributes=cached.attributes,
        attribute_names=tuple(words["attribute_names"]),
        source=f"Read from the folder {shown(path)}.",
        notice=" ".join(filter(None, notices)),
        skipped=skipped,
        captions=cached.captions,
    )
