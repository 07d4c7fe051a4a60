"""How much memory the studio holds while models and panels are switched: measured in this process.

    python benchmarks/memory.py [--switches 300] [--seed 1] [--ceiling 200]

A real window, offscreen, with every shipped model and every panel. Each switch opens another model and another panel
at random, moves sliders there, and sometimes waits until all is done. Printed are resident memory, threads and open
files after the first 30 switches, and after every 30 from then on. The exit code is 1 if memory ever stood more than
the ceiling above what it was after the first 30, if a thread or an open file was left, or if the log holds a warning.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

WARM = 30  # switches after which the first figure is taken, and between two others
PATIENCE = 600.0  # s until all threads must have come to rest


@dataclass(frozen=True)
class Figures:
    """What the process holds: MB of resident memory, Python threads, open file descriptors."""

    memory: float
    threads: int
    files: int

    @classmethod
    def taken(cls) -> Figures:
        from models.core import device

        descriptors = Path("/proc/self/fd")
        files = len(list(descriptors.iterdir())) if descriptors.is_dir() else 0
        return cls(device.memory_used() / 1e6, threading.active_count(), files)

    def __str__(self) -> str:
        return f"{self.memory:6.0f} MB, {self.threads} threads, {self.files} open files"


class Studio:
    """The window, and who wanders through it."""

    def __init__(self, seed: int) -> None:
        from PySide6.QtWidgets import QApplication

        from models.core.disk import places
        from studio import __main__ as program
        from studio import theme

        sys.setswitchinterval(program.SWITCH_SECONDS)
        gc.disable()
        self.app = QApplication([])
        theme.apply(self.app, "dark")
        from studio.window import Window
        from studio.workers.services import Services
        from tests.tools.gui.wanderer import Wanderer

        self.services = Services.open()
        self.window = Window(self.services)
        self.window.resize(1280, 800)
        self.window.show()
        self.collector = program.collect_garbage_here(self.app, self.services.activity)
        runs = sorted(path.parent for path in places.pretrained().glob("*/run.json"))
        self.wanderer = Wanderer(self.window, self, runs, seed)
        self.rng = random.Random(seed)

    def waitUntil(self, until: Callable[[], bool], timeout: float = 1000 * PATIENCE) -> None:
        """As pytest-qt's, for the wanderer: run the event loop until something is true; ``timeout`` in ms."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop, end, timer = QEventLoop(), time.monotonic() + timeout / 1000, QTimer()
        timer.timeout.connect(lambda: loop.quit() if until() or time.monotonic() > end else None)
        timer.start(5)
        loop.exec()
        if not until():
            raise SystemExit(f"after {self.wanderer.taken[-12:]} the threads did not come to rest")

    def start(self) -> None:
        """Import the backend."""
        self.window.start_backend()
        self.rest()

    def rest(self) -> None:
        """Wait until no thread has anything to do."""
        from tests.tools.gui.windows import wait_idle

        wait_idle(self, self.window, timeout=1000 * PATIENCE)

    def switch(self) -> None:
        """Another model and another panel; then sliders, and time for the answers or not."""
        walk = self.wanderer
        walk.taken += [walk._model(), walk._panel()]
        if self.rng.random() < 0.5:
            self.rest()
        for _ in range(self.rng.randrange(1, 6)):
            walk.taken.append(walk._slider() or "no slider")
            walk._moment()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--switches", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ceiling", type=float, default=200.0, help="MB above what it was after the first 30")
    arguments = parser.parse_args()
    os.environ["STUDIO_HOME"] = tempfile.mkdtemp()
    studio = Studio(arguments.seed)
    studio.start()
    print(f"  0 switches: {Figures.taken()}", flush=True)
    from tests.tools.gui.wanderer import watched

    seen: list[Figures] = []
    begin = time.monotonic()
    with watched(studio.window) as watch:
        for number in range(1, arguments.switches + 1):
            studio.switch()
            if number % WARM == 0 or number == arguments.switches:
                studio.rest()
                seen.append(Figures.taken())
                print(f"{number:3d} switches: {seen[-1]}, {time.monotonic() - begin:.0f} s", flush=True)
    studio.window.close()
    return verdict(seen, watch.found, arguments.ceiling)


def verdict(seen: list[Figures], troubles: list[str], ceiling: float) -> int:
    """Print what was too much; 1 if anything was."""
    first, last = seen[0], seen[-1]
    grown = max(figures.memory for figures in seen) - first.memory
    print(f"at most {grown:.0f} MB more than after the first {WARM} (ceiling {ceiling:.0f} MB)")
    wrong = [f"log: {text}" for text in troubles]
    if grown > ceiling:
        wrong.append(f"memory grew by {grown:.0f} MB")
    if last.threads > first.threads:
        wrong.append(f"{last.threads - first.threads} more threads")
    if last.files > first.files:
        wrong.append(f"{last.files - first.files} more open files")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
