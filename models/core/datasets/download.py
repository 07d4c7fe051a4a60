"""Download one file: a short patience, resumed where it broke off, checked before it gets its name."""

from __future__ import annotations

import http.client
import os
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from models.core.disk.operations import open_regular
from models.core.errors import DatasetError
from models.core.work import SILENT, Part, Work, advance

TIMEOUT_SECONDS = 5.0  # without a byte
_CHUNK = 1 << 16


def fetch(
    addresses: Sequence[str],
    path: Path,
    check: Callable[[Path], None],
    *,
    most: int,
    work: Work = SILENT,
) -> None:
    """Download a file unless a sound one is there already.

    Args:
        addresses: tried in this order.
        path: where it shall lie; until it is checked it is called "….part".
        check: raises ``DatasetError`` if the content is not what it should be; the file is then removed.
        most: bytes that the file may have at most.
        work: see ``models.core.datasets.load``; what has arrived is kept for the next call.

    Raises:
        DatasetError: if no address delivers it; says where it could be put by hand.
        Cancelled: if ``work`` is cancelled.
    """
    with suppress(DatasetError):
        check(path)
        return
    part = path.with_name(path.name + ".part")
    for address in addresses:
        for _ in range(2):  # a second time from the start, if what had arrived before was damaged
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _receive(address, part, most, work)
                check(part)
                os.replace(part, path)
                return
            except DatasetError:
                part.unlink(missing_ok=True)
            except (OSError, http.client.HTTPException, ValueError):
                break  # no answer: the next address
    advice = f"Check the connection, or put the file into {path.parent} by hand."
    raise DatasetError(f"{path.name} could not be downloaded.", where=addresses[0], advice=advice)


def _receive(address: str, part: Path, most: int, work: Work) -> None:
    """Append to ``part`` what is missing of it."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            done = 0
        total = done + int(answer.headers.get("Content-Length") or 0)
        how = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if done else os.O_TRUNC)
        with os.fdopen(open_regular(part, how), "wb") as stream:
            _copy(answer, stream, (done, total, most), Part(work, f"Downloading {part.stem}"))


def _copy(answer: BinaryIO, stream: BinaryIO, sizes: tuple[int, int, int], work: Work) -> None:
    done, total, most = sizes
    while chunk := answer.read(_CHUNK):
        done += len(chunk)
        if done > most:
            raise DatasetError("The file is larger than it should be.", where=getattr(answer, "url", ""))
        stream.write(chunk)
        advance(work, "Downloading", done, max(done, total))
    if done < total:
        raise OSError("the connection broke off")
