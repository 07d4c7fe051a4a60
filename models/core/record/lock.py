"""One writer a run folder: a lock of the operating system, which vanishes with the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import platform
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from models.core.disk import files
from models.core.disk.files import storage_error
from models.core.disk.operations import native, open_regular, shown
from models.core.errors import RunBusyError

NAME = ".lock"
log = logging.getLogger(__name__)
_PATIENCE = 25  # tries of 20 ms: somebody who only looks whether the lock is held has it for a moment
_MOST_BYTES = 4096  # of the owner's name
_FAR = 2**30  # Windows locks bytes against reading too: lock one that is never written


def _take(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of the operating system without waiting; False if somebody has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


def _give(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _open(path: Path, flags: int) -> int:
    return open_regular(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _owner(descriptor: int) -> dict[str, Any]:
    """Who wrote his name into the lock file: pid, host and uuid, or nothing."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        value = json.loads(os.read(descriptor, _MOST_BYTES).rstrip(b"\0") or b"{}")
        return value if isinstance(value, dict) else {}
    return {}


class Lock:
    """The right to write a folder. The file stays for ever: removing it would let two processes hold two locks."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.made = False  # whether the file was not there before it was taken
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock. The lock of a killed process is free; one that another computer left behind is not touched.

        Raises:
            RunBusyError: somebody else has it; the message names the process and the computer.
            StorageError: the folder cannot be written.
        """
        if self._descriptor is not None:
            return
        try:
            while not self._try():
                pass
        except OSError as error:
            raise storage_error(error, self.path) from error

    def _try(self) -> bool:
        """Take the lock; False if its file was deleted (with the run) meanwhile, so that it locks nothing."""
        self.made = self.made or not os.path.lexists(native(self.path))
        descriptor = _open(self.path, os.O_RDWR | os.O_CREAT)
        try:
            self._claim(descriptor)
            if not os.path.samestat(os.fstat(descriptor), os.stat(native(self.path))):
                raise FileNotFoundError
        except FileNotFoundError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _claim(self, descriptor: int) -> None:
        for _ in range(_PATIENCE):
            if _take(descriptor):
                break
            time.sleep(0.02)
        else:
            raise self._busy(_owner(descriptor), "Close it there first, or open the run for reading only.")
        host = str(_owner(descriptor).get("host", platform.node()))
        if host != platform.node():
            advice = f"If nothing trains on {host} any more, delete the file {NAME} in the run's folder."
            raise self._busy(_owner(descriptor), advice)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        name = {"pid": os.getpid(), "host": platform.node(), "uuid": uuid.uuid4().hex}
        os.write(descriptor, json.dumps(name).encode())

    def _busy(self, owner: dict[str, Any], advice: str) -> RunBusyError:
        who = f"process {owner.get('pid', 'unknown')} on {owner.get('host', 'this computer')}"
        return RunBusyError(
            f"Another program is writing this run: {who}.", where=shown(self.path.parent), advice=advice
        )

    def release(self) -> None:
        """Give the lock back and take the name out of the file."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        _give(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None

    def remove(self) -> None:
        """Give the lock back and remove its file, if it is held: with its folder goes what it locked."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            os.unlink(native(self.path))  # while it is held, so that nobody else has it; Windows says no
        self.release()
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                os.unlink(native(self.path))


@contextlib.contextmanager
def for_a_moment(path: Path, seconds: float = 2.0) -> Iterator[None]:
    """Hold the lock of a file while something is read, changed and written; whoever else wants it waits.

    Where the disk knows no locks (some network disks) nothing is held.

    Raises:
        TimeoutError: somebody else has had it for ``seconds``.
        OSError: the file of the lock cannot be made.
    """
    descriptor = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        if not _taken_in_time(descriptor, seconds):
            raise TimeoutError(f"{path.name} is held by another program")
        yield
        _give(descriptor)
    finally:
        os.close(descriptor)  # and with it the lock


def _taken_in_time(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    try:
        while not _take(descriptor):
            if time.monotonic() >= end:
                return False
            time.sleep(0.002)
    except OSError:
        log.warning("this disk knows no locks")
    return True


def foreign(folder: Path) -> bool:
    """Whether a file of the lock's name is there that another program has written."""
    try:
        with files.opened(folder / NAME) as stream:
            content = (stream.read(_MOST_BYTES) or b"").rstrip(b"\0")
    except (OSError, ValueError):
        return False  # there is none, or taking it will say what is wrong
    try:
        return bool(content) and "pid" not in json.loads(content)
    except (ValueError, TypeError, RecursionError):
        return True


def held_by_other(folder: Path) -> bool:
    """Whether any process, this one included, writes the folder now. Only looks: nothing is made or changed."""
    try:
        descriptor = _open(folder / NAME, os.O_RDONLY)
    except (OSError, ValueError):
        return False
    try:
        if not _take(descriptor, shared=True):
            return True
        _give(descriptor)
        return False
    except OSError:
        return False
    finally:
        os.close(descriptor)
