"""Programs that a test starts and sends signals to."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from typing import Any

START_SECONDS = 240  # of a program that a test waits for; nothing is measured with it
LISTENED = ("SIGINT", "SIGTERM", "SIGHUP")


def _as_from_a_terminal() -> None:
    """A job in the background is started with SIGINT ignored, and hands that on; tests may run in one."""
    for name in LISTENED:
        signal.signal(getattr(signal, name), signal.SIG_DFL)


def started(words: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    """Start a program that listens to signals, whoever started the tests; its output is read as text."""
    if os.name != "nt":
        more["preexec_fn"] = _as_from_a_terminal
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
