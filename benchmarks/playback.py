"""How soon the first step of a walk is on screen, how soon it stops, and how late the window is meanwhile.

    QT_QPA_PLATFORM=offscreen python benchmarks/playback.py RUN

RUN is a run of a model that diffuses. It opens the Diffusion panel and presses Play on a walk of all steps (DDPM) with
another seed again and again: milliseconds to the painted first step, and from Cancel until the thread is idle.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from gui import Bench, row

WALKS = 20
STEPPING = 1_000


def begin_walk(bench: Bench, page: object, seed: int) -> float:
    """Forget the walk, ask for another seed and press Play; milliseconds until its first step is painted."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from studio.panels.diffusion.recording import View

    main = page.view.main
    page.walks.forget()
    page.transport.clear()
    page.view = View(replace(main, sampling=replace(main.sampling, sampler="ddpm", seed=seed)))
    viewport, generated = page.cards.cards[0].grids[0].viewport(), []

    class Painted(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and page.walks.main is not None and not generated:
                QTimer.singleShot(0, lambda: generated.append(time.perf_counter()))
            return False

    spy = Painted()
    viewport.installEventFilter(spy)
    begin = time.perf_counter()
    page.transport.play_button.click()
    bench.wait(lambda: bool(generated), 30)
    viewport.removeEventFilter(spy)
    return 1000 * (generated[0] - begin)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    os.environ["STUDIO_HOME"] = tempfile.mkdtemp()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'milliseconds':44s} {'p50':>7s}  {'p95':>7s}  {'p99':>7s}  {'max':>7s}")
    bench = Bench()
    bench.window.start_backend()
    bench.wait(lambda: bool(bench.window.panels["train"].new.families), 120)
    bench.window.open_run(run.resolve())
    bench.window.show_panel("diffusion")
    page = bench.window.panels["diffusion"].walk
    bench.wait(lambda: page.walks.main is not None and page.walks.main.done and bench.services.idle, 300)
    bench.ticks.take()
    first, stop, kept = [], [], page.view.main
    for seed in range(1, WALKS + 1):
        first.append(begin_walk(bench, page, seed))
        bench.wait(lambda: False, 0.5)
        begin = time.perf_counter()
        page.transport.cancelled.emit()
        bench.wait(lambda: bench.services.inference.idle, 30)
        stop.append(1000 * (time.perf_counter() - begin))
    row("Play to the first step on screen", first, "<= 150")
    row("Cancel to an idle thread", stop, "<= 200")
    bench.ticks.tell("GUI late: sampling")
    page.change(replace(page.view, main=kept))
    bench.wait(lambda: page.walks.main is not None and page.walks.main.done and bench.services.idle, 300)
    bench.ticks.take()
    steps = []
    for number in range(STEPPING):
        begin = time.perf_counter()
        page.transport.step(-1 if number // 40 % 2 else 1)
        bench.app.processEvents()
        steps.append(1000 * (time.perf_counter() - begin))
    row("one step back or forward, shown", steps, "<= 16")
    print(f"{page.walks.main.words()}, {page.walks.main.nbytes() / 2**20:.1f} MiB kept")
    print(f"load after: {os.getloadavg()[0]:.1f}")
    bench.window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
