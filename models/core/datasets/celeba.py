"""CelebA's file of attributes: the original text, or the CSV edition that Kaggle offers, beside or above the images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from models.core.disk import files
from models.core.disk.operations import shown
from models.core.errors import DatasetError

MAX_ATTRIBUTES = 1000
ATTRIBUTE_FILE = "list_attr_celeba.txt"
CSV_FILE = "list_attr_celeba.csv"
_FOLDER = "Anno"  # where the original keeps it, beside Img
_MAX_LINE = 100_000
_MOST_EMPTY = 1_000  # lines
_MARK = b"\xef\xbb\xbf"  # the byte-order mark that some editors put in front
_VALUES = {b"1", b"-1", b"0"}

Bits = tuple[bytes, bytes]  # (name of the image, a byte an attribute)


def places(folder: Path, rules: int) -> list[Path]:
    """Where the file may be: in the folder of images, beside it, or above it, as the editions have it."""
    parent = folder.absolute().parent
    if rules == 1:
        return [folder / ATTRIBUTE_FILE, parent / ATTRIBUTE_FILE]
    around = (folder, folder / _FOLDER, parent, parent / _FOLDER, parent.parent, parent.parent / _FOLDER)
    return [place / name for place in around for name in (ATTRIBUTE_FILE, CSV_FILE)]


def read(path: Path) -> tuple[tuple[str, ...], Iterator[Bits]]:
    """The names of the attributes, and the images' rows one after the other.

    Raises:
        DatasetError: naming the file and the line, also while the rows are read.
    """
    rows = _rows(path)
    names = cast(tuple[str, ...], next(rows))  # the first that comes; what follows are rows
    return names, cast(Iterator[Bits], rows)


def _rows(path: Path) -> Iterator[tuple[str, ...] | Bits]:
    """The names first, then (image, bits)."""
    try:
        with files.opened(path) as stream:
            yield from _parsed(stream, b"," if path.name == CSV_FILE else None)
    except (OSError, ValueError) as error:
        text = f"The file of attributes cannot be used: {files.reason(error)}."
        raise DatasetError(text, where=shown(path), advice="Repair or remove it.") from error


def _parsed(stream: BinaryIO, comma: bytes | None) -> Iterator[tuple[str, ...] | Bits]:
    """Lines of words between blanks, or between commas behind a header that begins with the images' column."""
    first = stream.readline(_MAX_LINE).removeprefix(_MARK)
    number = 1
    if comma is None:
        int(first)  # the number of rows; a ValueError if not
        first, number = stream.readline(_MAX_LINE), 2
    head = _words(first, comma, MAX_ATTRIBUTES + 2)
    names = tuple(word.decode("utf-8") for word in (head if comma is None else head[1:]))
    if not 1 <= len(names) <= MAX_ATTRIBUTES:
        raise ValueError(f"it names {len(names)} attributes")
    yield names
    empty = 0
    while line := stream.readline(_MAX_LINE):
        number += 1
        name, *values = _words(line, comma, len(names) + 2) or [b""]
        if not name:
            empty += 1
            if empty > _MOST_EMPTY:
                raise ValueError(f"it has more than {_MOST_EMPTY:,} empty lines")
            continue
        if len(values) != len(names) or not set(values) <= _VALUES:
            raise ValueError(f"line {number} does not hold {len(names)} values of 1 or -1")
        yield name, bytes(value == b"1" for value in values)


def _words(line: bytes, comma: bytes | None, most: int) -> list[bytes]:
    if comma is None:
        return line.split()[:most]
    return [word.strip(b' \t\r\n"') for word in line.split(comma)[:most]]
