"""Captions that lie beside the images of a folder: NAME.txt beside NAME.png, captions.jsonl and metadata.jsonl.

A line of the lists is ``{"file_name": "cats/1.png", "text": "a cat"}``; the name is seen from the list's own folder, so
each part of a dataset may have its own. captions.jsonl counts for more than metadata.jsonl, that for more than a text
beside the image, and any of them for more than the attributes of CelebA. metadata.jsonl may say other things instead: a
line of it need not have a text.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from models.core.disk import files
from models.core.disk.operations import shown
from models.core.disk.strict_json import parse_json
from models.core.errors import DatasetError, RunFormatError
from models.core.work import Work

LISTS = (b"metadata.jsonl", b"captions.jsonl")  # the later one counts for more
TEXT = b".txt"
MOST_LISTS = 1_000
MOST_TEXT_BYTES = 20_000  # of NAME.txt; a larger one is something else
MOST_BYTES = 256 * 2**20  # of all captions of a folder
MOST_LETTERS = 1_000  # of a caption; far more than a model reads, the rest is cut off
_MOST_LINE = 100_000  # bytes
_LOOK = 256  # lines
ADVICE = 'Write a line for each image: {"file_name": "1.png", "text": "a cat"}. Repair the file or move it away.'


def is_list(name: bytes) -> bool:
    """Whether a file of this name lists captions."""
    return name.lower() in LISTS


def is_text(name: bytes) -> bool:
    """Whether a file of this name may be the caption of an image."""
    return name.lower().endswith(TEXT)


def stem(path: bytes) -> bytes:
    """The path without its suffix: what an image and its text share."""
    return os.path.splitext(path)[0]


def cleaned(text: str) -> str:
    """A caption in one line."""
    return " ".join(text.split()).encode("utf-8", "replace").decode("utf-8")


def shortened(caption: str) -> str:
    """Its first ``MOST_LETTERS`` letters."""
    return caption[:MOST_LETTERS].rstrip()


def noticed(captions: Sequence[str], cut: int) -> str:
    """What must be known of captions: how many images have none, and that some (``cut``) were too long; or ""."""
    without, count = captions.count(""), len(captions)
    said = []
    if 0 < without < count:
        verb = "has" if without == 1 else "have"
        said.append(f"{without:,} of {count:,} images {verb} no caption: an empty one is used.")
    if cut:
        said.append(f"{cut:,} {'caption is' if cut == 1 else 'captions are'} cut at {MOST_LETTERS:,} letters.")
    return " ".join(said)


def text_of(path: Path) -> str:
    """The caption in a text file, "" if it is empty.

    Raises:
        ValueError: saying what is wrong with it.
    """
    try:
        return cleaned(files.read_bytes(path, max_bytes=MOST_TEXT_BYTES).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except RunFormatError as error:
        raise ValueError(f"it is larger than {MOST_TEXT_BYTES:,} bytes") from error
    except OSError as error:
        raise ValueError(files.reason(error)) from error


def read_list(folder: Path, below: bytes, work: Work) -> Iterator[tuple[bytes, str]]:
    """The captions of a list, one after the other: (path of the image below ``folder``, caption).

    Args:
        folder: of the dataset.
        below: the path of the list below it.
        work: checked after every 256 lines.

    Raises:
        DatasetError: naming the file and the line.
        Cancelled: if ``work`` is cancelled.
    """
    path = Path(os.fsdecode(os.path.join(os.fsencode(folder), below)))
    needs_text = below.rsplit(b"/", 1)[-1].lower() == LISTS[-1]
    number = 0
    try:
        with files.opened(path) as stream:
            for number, line in enumerate(_lines(stream), start=1):
                if number % _LOOK == 0:
                    work.check()
                found = _pair(line, needs_text)
                if found is not None:
                    name = os.path.join(os.path.dirname(below), os.fsencode(found[0].replace("\\", "/")))
                    yield posixpath.normpath(name), found[1]
    except (OSError, ValueError, RunFormatError) as error:
        problem = (
            error.what.removeprefix("The file is damaged: ").rstrip(".")
            if isinstance(error, RunFormatError)
            else files.reason(error)
        )
        where = f"{shown(path)}, line {number}" if not isinstance(error, OSError) else shown(path)
        raise DatasetError(f"The captions cannot be used: {problem}.", where=where, advice=ADVICE) from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; one that is too long comes cut, and ``_pair`` refuses it."""
    first = True
    while line := stream.readline(_MOST_LINE + 1):
        yield line.removeprefix(b"\xef\xbb\xbf") if first else line
        first = False


def _pair(line: bytes, needs_text: bool) -> tuple[str, str] | None:
    """The name and the caption that a line gives; None if it has no caption. ValueError if it is wrong."""
    if len(line) > _MOST_LINE:
        raise ValueError(f"the line is longer than {_MOST_LINE:,} bytes")
    if not line.strip():
        return None
    row = parse_json(line, "")
    if not isinstance(row, dict):
        raise ValueError("the line is no object with file_name and text")
    if row.get("text") is None and not needs_text:
        return None
    for key in ("file_name", "text"):
        if not isinstance(row.get(key), str):
            raise ValueError(f"{key} is missing" if key not in row else f"{key} is no text")
    if not row["file_name"] or "\0" in row["file_name"]:
        raise ValueError("file_name is no name of a file")
    return row["file_name"], cleaned(row["text"])
