"""Asked to end from outside: Ctrl+C, SIGTERM, SIGHUP and the end of the desktop's session save as a closed window does.

Qt's loop sleeps in C, and Python runs its handlers of signals between two instructions of its own. So the operating
system also writes the number of a signal into a socket, and the loop watches the other end of it.

Source: the Qt documentation, "Calling Qt Functions From Unix Signal Handlers"; ``signal.set_wakeup_fd`` of Python.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from PySide6.QtCore import QSocketNotifier, QTimer

from models.core.terminal import interrupts
from studio import geometry

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from studio.window import Window

log = logging.getLogger(__name__)
SECONDS = 9.0  # to save and to end the threads: with what comes after it, the program is gone within ten


@contextlib.contextmanager
def heeded(application: QApplication, window: Window) -> Iterator[interrupts.Heard]:
    """While the application runs: whoever asks it to end finds everything saved and the run that trains paused.

    The first signal closes the window; a second Ctrl+C ends the process at once.
    """

    def leave() -> None:
        window.services.patience = SECONDS
        window.close()
        application.exit(0)  # also where a dialog runs a loop of its own

    def ask(number: int) -> None:
        log.info("asked to end by %s", interrupts.said(number))
        QTimer.singleShot(0, window, leave)  # not in the middle of whatever is being done

    def end() -> None:
        if not window.services.closed:
            window.close()

    def save() -> None:
        """The session may go on after all, so the window stays; what trains is paused and saved when this returns."""
        log.info("the session of the desktop ends")
        geometry.remember(window, window.session.settings)
        if not window.services.jobs.pause_and_wait(SECONDS):
            log.warning("the run did not pause in time; it can be resumed from its newest checkpoint")

    application.aboutToQuit.connect(end)
    application.commitDataRequest.connect(save)
    with _woken(), interrupts.listening(ask) as heard:
        yield heard
    application.aboutToQuit.disconnect(end)
    application.commitDataRequest.disconnect(save)


def at_once(code: int) -> NoReturn:
    """End the process without taking the interpreter down: a thread that still runs would meet its ruins and crash."""
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextlib.contextmanager
def _woken() -> Iterator[None]:
    """While this lasts, a signal wakes Qt's loop."""
    ours, systems = socket.socketpair()
    for end in (ours, systems):
        end.setblocking(False)
    before = signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)

    def awake() -> None:
        with contextlib.suppress(OSError):
            ours.recv(4096)  # Python has run the handler by now: this is Python

    notifier.activated.connect(awake)
    try:
        yield
    finally:
        notifier.setEnabled(False)
        signal.set_wakeup_fd(before)
        ours.close()
        systems.close()
