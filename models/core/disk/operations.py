"""The calls of the operating system that change a disk, in one place."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import BinaryIO

# What a file system says that has no hard links (FAT, exFAT, some network shares), or a kind of file that takes none.
NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EXDEV, errno.EINVAL}


def native(path: Path) -> str:
    """The path as the system wants it: Windows takes more than 260 characters only with a prefix."""
    text = os.fspath(path)
    if sys.platform == "win32" and len(text) > 240 and not text.startswith("\\\\?\\"):
        return "\\\\?\\" + os.path.abspath(text)
    return text


def shown(path: Path) -> str:
    """The path for a message: bytes that are not text are replaced, so that showing it cannot fail."""
    return str(path).encode("utf-8", "replace").decode()


def expanded(path: str | Path) -> Path:
    """The path with ``~`` or ``~name`` at its beginning replaced by that home folder; one of no user stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a regular file, never waiting: a pipe or a device in its place is refused before it is opened and after it.

    Args:
        path: in a folder that anybody may have filled.
        flags: as ``os.open`` takes them; with ``O_CREAT`` the file need not be there.

    Raises:
        OSError: it cannot be opened, or it is a folder, a pipe, a socket or a device.
        ValueError: there is a NUL character in the name.
    """
    with contextlib.suppress(FileNotFoundError):
        _check_regular(os.stat(native(path)))
    quick = getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    descriptor = os.open(native(path), flags | quick, 0o666)
    try:
        _check_regular(os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")


class Operations:
    """The calls of the operating system that change a disk, one method each."""

    def open(self, path: Path, flags: int) -> int:
        """Open a regular file for writing."""
        return open_regular(path, flags)

    def open_reading(self, path: Path) -> BinaryIO:
        """Open a regular file for reading."""
        return os.fdopen(open_regular(path), "rb")

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of the bytes and return how many."""
        return os.write(descriptor, data)

    def end(self, descriptor: int) -> tuple[int, bytes]:
        """The size of an open file and its last byte."""
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if not size:
            return 0, b""
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        return size, os.read(descriptor, 1)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut an open file."""
        os.ftruncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        """Return when the bytes are on the disk (macOS: past the drive's own cache)."""
        if sys.platform == "darwin":
            import fcntl

            with contextlib.suppress(OSError):
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
                return
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over whatever is there. On Windows a reader that has the target open is waited for."""
        for attempt in range(50):
            try:
                return os.replace(native(source), native(target))
            except PermissionError:
                if sys.platform != "win32" or attempt == 49:
                    raise
            time.sleep(0.02)

    def publish(self, source: Path, target: Path) -> None:
        """Give a file a name that nothing has: of several processes that want it one gets it.

        Raises:
            FileExistsError: something has that name, be it a link that leads nowhere; ``source`` is where it was.
        """
        if sys.platform == "win32":
            return os.rename(native(source), native(target))  # there it refuses to replace
        try:
            os.link(native(source), native(target), follow_symlinks=False)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return os.replace(source, target)
        with contextlib.suppress(OSError):  # what is left of it is a temporary name, which is removed later
            os.unlink(source)

    def fsync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the disk. Windows syncs them with the rename."""
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def unlink(self, path: Path) -> None:
        """Remove one file."""
        os.unlink(native(path))

    def mkdir(self, folder: Path) -> None:
        """Make one folder, whose parent exists."""
        os.mkdir(native(folder))
