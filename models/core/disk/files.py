"""Every byte that the program keeps goes to disk through this file: whole, synced and renamed, or not at all.

All calls of the operating system go through ``OPS``, so that a test can fail the n-th of them or note their order.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import stat
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from models.core.disk.operations import Operations, native, shown
from models.core.disk.strict_json import MAX_DEPTH, parse_json
from models.core.errors import RunFormatError, StorageError

PREFIX = ".gs-tmp-"
MAX_JSON_BYTES = 16 * 2**20
_CHUNK = 2**20
_STRAY = re.compile(re.escape(PREFIX) + r"(\d{1,10})-[0-9a-f]{32}")
T = TypeVar("T")


OPS = Operations()


def again(call: Callable[..., T], *arguments: Any) -> T:
    """Call once more as long as a signal interrupted the call."""
    for _ in range(100):
        with contextlib.suppress(InterruptedError):
            return call(*arguments)
    raise OSError(errno.EIO, "interrupted a hundred times in a row")


def storage_error(error: OSError, path: Path, needed: int | None = None) -> StorageError:
    """Say in plain words what the disk said."""
    code = error.errno
    if code in (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)):
        wanted = f"{needed:,} bytes are needed, " if needed is not None else ""
        what = f"The disk is full: {wanted}{free_bytes(path):,} bytes are free."
        advice = "Free some space or choose another folder, then try again."
    elif code in (errno.EROFS, errno.EACCES, errno.EPERM):
        what, advice = (
            "This place cannot be written: it is read-only or belongs to another user.",
            "Choose another folder.",
        )
    elif code in (errno.ENOENT, errno.ENOTDIR, getattr(errno, "ESTALE", errno.ENOENT)):
        what, advice = "The file or its folder is gone.", "Bring it back or choose another folder."
    elif code == errno.EEXIST:
        what, advice = "There is a file of this name already.", "Choose another name."
    elif code == errno.ENAMETOOLONG:
        what, advice = "The name is too long for this disk.", "Choose a shorter name."
    elif code == errno.EIO:
        what, advice = "The disk reports an input/output error.", "Check the disk and save elsewhere."
    else:
        what, advice = f"The disk refused: {error.strerror or error}.", "Choose another folder, or try again."
    return StorageError(what, where=shown(path), advice=advice)


def reason(error: Exception) -> str:
    """What an error of the operating system says, without its number and path."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


class _Stream(io.RawIOBase):
    """A file being written: short writes are continued, interrupted ones repeated. It cannot seek, on purpose."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view):
            count = again(OPS.write, self._descriptor, view[done:])
            if count <= 0:
                raise OSError(errno.EIO, "nothing could be written")
            done += count
        return len(view)


def write_atomic(path: Path, write: Callable[[BinaryIO], None], *, needed: int | None = None) -> None:
    """Write a file so that at every moment, power loss included, either the old or the whole new one is there.

    Args:
        path: the file.
        write: is given a stream (no seeking) and writes everything into it.
        needed: how many bytes it will be, for the message of a full disk.

    Raises:
        StorageError: the disk is full, read-only, gone or broken; no partial file is left.
    """
    draft(path, write, needed, lambda temporary: again(OPS.replace, temporary, path))


def draft(path: Path, write: Callable[[BinaryIO], None], needed: int | None, place: Callable[[Path], T]) -> T:
    """Write a temporary file beside ``path``, sync it, and let ``place`` give it its name; its answer is returned."""
    temporary = path.parent / f"{PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
    try:
        descriptor = again(OPS.open, temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            write(cast(BinaryIO, _Stream(descriptor)))
            again(OPS.fsync, descriptor)
        finally:
            _close(descriptor)
        answer = place(temporary)
        again(OPS.fsync_folder, path.parent)
    except OSError as error:
        _discard(temporary)
        raise storage_error(error, path, needed) from error
    except BaseException:
        _discard(temporary)
        raise
    return answer


def _close(descriptor: int) -> None:
    """Close once: an interrupted close has closed, and a second one could hit somebody else's file."""
    with contextlib.suppress(InterruptedError):
        OPS.close(descriptor)


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        again(OPS.unlink, path)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file atomically."""

    def write(stream: BinaryIO) -> None:
        stream.write(data)

    write_atomic(path, write, needed=len(data))


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically: sorted keys, and no NaN or infinity (ValueError)."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """JSON as ``write_json`` writes it.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    text = json.dumps(value, sort_keys=True, allow_nan=False, indent=1, ensure_ascii=True)
    return text.encode("ascii") + b"\n"


def append_line(path: Path, text: str, *, sync: bool = False) -> None:
    """Add one line. What a crash tore off before is ended first; what fails half way is taken back.

    Raises:
        StorageError: the disk is full, read-only, gone or broken.
    """
    try:
        descriptor = again(OPS.open, path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        try:
            size, last = again(OPS.end, descriptor)
            try:
                _Stream(descriptor).write(("\n" * (last not in (b"", b"\n")) + text + "\n").encode())
            except OSError:
                with contextlib.suppress(OSError):
                    again(OPS.truncate, descriptor, size)
                raise
            if sync:
                again(OPS.fsync, descriptor)
        finally:
            _close(descriptor)
    except OSError as error:
        raise storage_error(error, path, len(text)) from error


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, and wait until their names are on the disk.

    Raises:
        StorageError: it cannot be made, or a file of that name is in the way.
    """
    try:
        if folder.is_dir():
            return
        if folder.parent != folder:
            make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            again(OPS.mkdir, folder)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way")
        again(OPS.fsync_folder, folder.parent)
    except OSError as error:
        raise storage_error(error, folder) from error
    except ValueError as error:  # a NUL character in the name
        raise StorageError(
            "This name cannot be used for a folder.", where=repr(str(folder)), advice=str(error)
        ) from error


def opened(path: Path) -> BinaryIO:
    """Open a file that anybody may have put there: the one way in which files from elsewhere are opened for reading.

    It never waits: only regular files are opened (``operations.open_regular``), and what is read has a size.

    Raises:
        OSError: it cannot be opened, or it is a folder, a pipe or a device.
        ValueError: there is a NUL character in the name.
    """
    return OPS.open_reading(path)


def read_bytes(path: Path, *, max_bytes: int = MAX_JSON_BYTES) -> bytes:
    """Read a whole file; RunFormatError if it is larger than ``max_bytes``, OSError if it cannot be read."""
    with opened(path) as stream:
        size = stream.seek(0, os.SEEK_END)  # read(n) allocates n bytes, whatever is there
        stream.seek(0)
        data = stream.read(min(size, max_bytes) + 1) or b""  # of a file that the system makes up, there may be none
    if len(data) > max_bytes:
        raise RunFormatError(f"The file is larger than {max_bytes:,} bytes.", where=shown(path))
    return data


def read_json(path: Path, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Read JSON from a file nobody trusts.

    Raises:
        RunFormatError: it is missing, unreadable, too large, too deep, not UTF-8, or not strict JSON.
    """
    try:
        return parse_json(read_bytes(path, max_bytes=max_bytes), shown(path), max_depth=max_depth)
    except (OSError, ValueError) as error:
        raise RunFormatError(f"The file cannot be read: {reason(error)}.", where=shown(path)) from error


def sha256(path: Path) -> str:
    """The fingerprint of a file; OSError if it cannot be read."""
    digest = hashlib.sha256()
    with opened(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def free_bytes(path: Path) -> int:
    """Free bytes on the disk of a path that need not exist yet; 0 if nobody can say."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError, ValueError):
            return shutil.disk_usage(native(place)).free
    return 0


def listed(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """The regular files that lie in a folder at this moment, each with its state; the order is the disk's.

    A folder that cannot be listed has none. Whatever is gone before it can be looked at, and whatever leads nowhere
    (a broken link) or is no file (a folder, a pipe), is left out: one stray entry must not hide the others.
    """
    found = []
    try:
        names = os.listdir(native(folder))
    except (OSError, ValueError):
        return []
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            state = os.stat(native(folder / name))
            if stat.S_ISREG(state.st_mode):
                found.append((folder / name, state))
    return found


def clean_stray(folder: Path) -> int:
    """Remove temporary files that dead processes left in a folder (ours by name, nobody else's) and count them."""
    removed = 0
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(native(folder))):
            match = _STRAY.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False) and not alive(int(match[1])):
                with contextlib.suppress(OSError):
                    again(OPS.unlink, folder / entry.name)
                    removed += 1
    return removed


def is_stray(name: str) -> bool:
    """Whether this is the name of a temporary file of ours."""
    return _STRAY.fullmatch(name) is not None


def remove_empty(*folders: Path) -> None:
    """Remove the folders in which nothing lies, one after another; of others, and of links, nothing."""
    for folder in folders:
        with contextlib.suppress(OSError, ValueError):
            os.rmdir(native(folder))


def missing_folders(*folders: Path) -> list[Path]:
    """Which of these folders and their parents are not there yet, outermost first."""
    found = {place for folder in folders for place in (folder, *folder.parents) if not os.path.lexists(native(place))}
    return sorted(found, key=lambda place: len(place.parts))


def alive(pid: int) -> bool:
    """Whether a process of this number runs on this computer (yes, if nobody can say)."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return bool(kernel.GetLastError() == 5)  # access denied: it is there
        kernel.CloseHandle(handle)
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
