"""Standard output and error, whatever they are: a terminal, a pipe, a file on a full disk, closed, not there at all.

What a command says must not end what it does. And what the libraries below print (they write to descriptor 2 and
heed no log level) belongs into the log file, not among our lines.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from models.core.disk import places
from models.core.terminal import interrupts, visible

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_ERRORS = "studio_terminal"


def _unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """What an encoding lacks: bytes of a name that is not text go out as they are, other signs as an escape."""
    if isinstance(error, UnicodeEncodeError):
        part = error.object[error.start : error.end]
        if all("\udc80" <= sign <= "\udcff" for sign in part):
            return bytes(ord(sign) - 0xDC00 for sign in part), error.end
    return codecs.backslashreplace_errors(error)


codecs.register_error(_ERRORS, _unencodable)


class _Raw(io.FileIO):
    """A descriptor that swallows what cannot be written and remembers why. A closed pipe is still an error."""

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        """Write some of the bytes; all of them are lost where the disk is full or the terminal is gone."""
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failed = self.failed or error
            return memoryview(data).nbytes


def fill_closed() -> None:
    """Open descriptors 0, 1 and 2 where they are closed.

    The next file that is opened would get such a number otherwise, and whatever prints would write into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
                if opened != number:
                    os.dup2(opened, number)
                    os.close(opened)


class _Shown(io.TextIOWrapper):
    """The one door to the terminal: what is printed shows its control characters and is not obeyed.

    Line ends and tabs are kept, and a carriage return at the very beginning, with which a progress bar begins.
    """

    def write(self, text: str) -> int:
        """Write some text."""
        start = "\r" * text.startswith("\r")
        super().write(start + visible.lines(text[len(start) :]))
        return len(text)


def _stream(descriptor: int, like: TextIO | None) -> tuple[TextIO, _Raw]:
    raw = _Raw(descriptor, "w", closefd=False)
    encoding = getattr(like, "encoding", None) or "utf-8"
    stream = _Shown(
        io.BufferedWriter(raw), encoding=encoding, errors=_ERRORS, line_buffering=raw.isatty(), write_through=False
    )
    return stream, raw


@contextlib.contextmanager
def guarded() -> Iterator[list[str]]:
    """Put our own streams in place while a command runs.

    Yields a list; afterwards it says what of standard output was lost, and why. Nothing is done where somebody else
    has taken the streams already (a test, a notebook).

    Raises:
        BrokenPipeError: afterwards, if the reader of what was still to be written has gone.
    """
    lost: list[str] = []
    if sys.stdout is not sys.__stdout__ or sys.stderr is not sys.__stderr__:
        yield lost
        return
    fill_closed()
    kept, before = os.dup(2), (sys.stdout, sys.stderr)
    sys.stdout, output = _stream(1, before[0])
    sys.stderr, _ = _stream(kept, before[1])
    try:
        yield lost
    finally:
        try:
            with contextlib.suppress(BrokenPipeError):
                sys.stderr.flush()
            sys.stdout.flush()
        finally:
            sys.stdout, sys.stderr = before
            os.dup2(kept, 2)
            if output.failed is not None:
                lost.append(output.failed.strerror or str(output.failed))


def run(act: Callable[[], int]) -> int:
    """Do something between our own streams and return its exit status; output that was lost is said and a failure."""
    try:
        with guarded() as lost:
            try:
                code = act()
            except SystemExit as end:  # argparse has said everything
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BrokenPipeError:  # nobody reads any more: there is nobody to tell
        return 1
    except KeyboardInterrupt as error:  # at a moment when nobody else listens
        return interrupts.status(interrupts.number_of(error))
    for reason in lost:
        with contextlib.suppress(OSError):
            print(f"standard output could not be written: {reason}", file=sys.stderr)
    return 1 if lost else code


def aside(handler: logging.FileHandler) -> None:
    """Send what libraries write to descriptor 2 into a log file, where our own words go another way (``guarded``)."""
    ours = isinstance(getattr(getattr(sys.stderr, "buffer", None), "raw", None), _Raw)
    if ours and handler.stream is not None:
        os.dup2(handler.stream.fileno(), 2)


def log_file() -> Path:
    """Where the commands keep the details of what went wrong, and what the libraries say."""
    return places.logs() / "models.log"


_handlers: list[logging.Handler] = []  # the log file that is open


def start_log() -> None:
    """Send the details of a failure, Python's warnings and what libraries print into the log file.

    They are lost where it cannot be written: a home on a full disk must not keep a command from running.
    """
    path = log_file()
    words: Any = {"encoding": "utf-8", "errors": "backslashreplace"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, **words)
    except OSError:
        handler = logging.FileHandler(os.devnull, **words)  # without any handler TensorFlow makes one for the terminal
    while _handlers:  # of a command that ran before in this process
        before = _handlers.pop()
        logging.getLogger().removeHandler(before)
        before.close()
    _handlers.append(handler)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, format=FORMAT)
    logging.captureWarnings(True)
    aside(handler)
