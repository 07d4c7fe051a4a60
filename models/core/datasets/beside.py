"""Which image of a folder has which caption, kept in the file of its listing: a folder may hold a million of both."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.core.datasets import caption_files
from models.core.disk.operations import shown
from models.core.errors import DatasetError
from models.core.work import Work

_LOOK = 256
_NAMED = 3  # files that a notice names


@dataclass(frozen=True)
class Found:
    """A caption an image, "" for none; and what must be known of them."""

    captions: list[str]
    notice: str


class Beside:
    """Captions that lie beside the images of a folder.

    Args:
        folder: of the dataset.
        base: the file of the listing, whose table ``files`` has the paths of the images.
    """

    def __init__(self, folder: Path, base: sqlite3.Connection) -> None:
        self._folder, self._base = folder, base
        self._lists: list[bytes] = []
        self._texts = self._listed = 0
        base.execute("CREATE TABLE texts(stem BLOB PRIMARY KEY, path BLOB, stamp TEXT) WITHOUT ROWID")
        base.execute("CREATE TABLE captions(path BLOB PRIMARY KEY, text TEXT) WITHOUT ROWID")

    def note(self, path: bytes, state: os.stat_result) -> None:
        """A file that is no image was found at ``path`` below the folder."""
        name = path.rsplit(b"/", 1)[-1]
        if caption_files.is_list(name):
            self._lists.append(path)
            if len(self._lists) > caption_files.MOST_LISTS:
                text = f"There are more than {caption_files.MOST_LISTS:,} lists of captions in this folder."
                raise DatasetError(text, where=shown(self._folder), advice="Join them into one captions.jsonl.")
        elif caption_files.is_text(name):
            values = (caption_files.stem(path), path, f"{state.st_size} {state.st_mtime_ns}")
            self._base.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", values)
            self._texts += 1

    def read_lists(self, work: Work) -> None:
        """Read captions.jsonl and metadata.jsonl, after all images are known.

        Raises:
            DatasetError: naming the file and the line; or if no image is named in any of them.
            Cancelled: if ``work`` is cancelled.
        """
        for kind in caption_files.LISTS:
            for path in sorted(path for path in self._lists if path.rsplit(b"/", 1)[-1].lower() == kind):
                for name, text in caption_files.read_list(self._folder, path, work):
                    self._base.execute("INSERT OR REPLACE INTO captions VALUES (?, ?)", (name, text))
                    self._listed += 1
        if self._listed and not self._names_any(work):
            first = self._base.execute("SELECT path FROM captions ORDER BY path LIMIT 1").fetchone()[0]
            text = f"The captions are of other images: there is no {shown(Path(os.fsdecode(first)))} here."
            where = ", ".join(shown(self._folder / os.fsdecode(path)) for path in self._lists[:_NAMED])
            raise DatasetError(text, where=where, advice="Correct each file_name, or move the file away.")

    def _names_any(self, work: Work) -> bool:
        for number, (path,) in enumerate(self._base.execute("SELECT path FROM files")):
            if number % _LOOK == 0:
                work.check()
            if self._base.execute("SELECT 1 FROM captions WHERE path = ?", (path,)).fetchone():
                return True
        return False

    @cached_property
    def stamp(self) -> str:
        """A hash of all captions of images, texts by size and time; "" if there are none. Known after the lists."""
        if not self._listed and not self._texts:
            return ""
        digest, known = hashlib.sha256(), False
        for (path,) in self._base.execute("SELECT path FROM files ORDER BY hash"):
            row = self._caption(path) or self._text(path)
            known = known or row is not None
            digest.update(repr(row).encode("utf-8", "replace"))
        return digest.hexdigest() if known else ""

    def of(self, paths: Iterable[bytes], work: Work) -> Found:
        """The captions of some images, each below the folder; those that cannot be read are named in the notice.

        Raises:
            DatasetError: if they are too large in all.
            Cancelled: if ``work`` is cancelled.
        """
        captions: list[str] = []
        broken: list[str] = []
        size = cut = 0
        for number, path in enumerate(paths):
            if number % _LOOK == 0:
                work.check()
            caption = ""
            try:
                caption = self._read(path)
            except ValueError as error:
                broken.append(f"{shown(Path(os.fsdecode(caption_files.stem(path))))}.txt: {error}")
            captions.append(caption_files.shortened(caption))
            size += len(captions[-1].encode())
            cut += len(caption) > caption_files.MOST_LETTERS
            if size > caption_files.MOST_BYTES:
                text = f"The captions of this folder are larger than {caption_files.MOST_BYTES:,} bytes."
                raise DatasetError(text, where=shown(self._folder), advice="Shorten them.")
        return Found(captions, _notice(captions, broken, cut))

    def _read(self, path: bytes) -> str:
        if (listed := self._caption(path)) is not None:
            return listed
        if (row := self._text(path)) is None:
            return ""
        return caption_files.text_of(Path(os.fsdecode(os.path.join(os.fsencode(self._folder), row[0]))))

    def _caption(self, path: bytes) -> str | None:
        row = self._base.execute("SELECT text FROM captions WHERE path = ?", (path,)).fetchone() if self._listed else ()
        return str(row[0]) if row else None

    def _text(self, path: bytes) -> tuple[bytes, str] | None:
        if not self._texts:
            return None
        row = self._base.execute("SELECT path, stamp FROM texts WHERE stem = ?", (caption_files.stem(path),)).fetchone()
        return (bytes(row[0]), str(row[1])) if row else None


def _notice(captions: list[str], broken: list[str], cut: int) -> str:
    """What must be known of captions: how many are missing, cut, and which cannot be read."""
    said = [caption_files.noticed(captions, cut)]
    if broken:
        some = "; ".join(broken[:_NAMED]) + ("; ..." if len(broken) > _NAMED else "")
        noun = "caption" if len(broken) == 1 else "captions"
        said.append(f"{len(broken):,} {noun} could not be read ({some}).")
    return " ".join(filter(None, said))
