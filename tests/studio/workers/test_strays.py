"""What a killed program left half written goes at the next start: ours by name, of a dead writer, nothing else."""

from __future__ import annotations

import multiprocessing
import os

from models.core.disk import files, places
from studio.window import Window
from studio.workers import strays
from tests.tools.bounds import end
from tests.tools.gui.windows import open_window, wait_idle

NUMBER = "0" * 32


def dead() -> int:
    """The number of a process that has ended."""
    process = multiprocessing.get_context("spawn").Process(target=os.getpid)
    process.start()
    end(process)
    assert process.pid is not None
    return process.pid


def test_the_next_start_removes_what_a_kill_left(qtbot, app_theme, own_home) -> None:
    gone, alive = dead(), os.getppid()
    folders = [places.data(), places.exports(), places.data() / "directions" / "a-run", places.cache() / "judges"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (f"{files.PREFIX}{gone}-{NUMBER}", f"{files.PREFIX}{alive}-{NUMBER}", f"{files.PREFIX}mine"):
            (folder / name).write_bytes(b"half")
    window: Window = open_window(qtbot, backend=False)
    wait_idle(qtbot, window)
    for folder in folders:
        left = {path.name for path in folder.iterdir() if path.name.startswith(files.PREFIX)}
        assert left == {f"{files.PREFIX}{alive}-{NUMBER}", f"{files.PREFIX}mine"}
    assert strays.clean() == 0
