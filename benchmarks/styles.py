"""How quick the Styles panel is: the table of 6 x 6 mixes, one image, and a dragged crossover in the window.

    QT_QPA_PLATFORM=offscreen python benchmarks/styles.py RUN

RUN is the folder of a model that mixes styles. Wanted on two cores at 64 x 64 pixels: the table in 400 ms at most, one
image in 33 ms at the median.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["STUDIO_HOME"] = tempfile.mkdtemp()

from benchmarks.gui import Bench, row
from models.core.work import SILENT

TIMES = 30
DRAGS = 120
DRAG_HZ = 30


def measure(name: str, work: Callable[[], Any], wanted: str) -> None:
    """Milliseconds of each of some calls, after two that trace; and what this process computed meanwhile."""
    wall, computed = [], []
    for number in range(TIMES + 2):
        begin, own = time.perf_counter(), time.process_time()
        work()
        if number >= 2:
            wall.append(1000 * (time.perf_counter() - begin))
            computed.append(1000 * (time.process_time() - own))
    row(name, wall, wanted)
    row("  CPU time of the process", computed, "on a busy machine the surer figure")


def alone(folder: Path) -> None:
    """The work itself, as the inference thread does it."""
    from models.core import device, loading
    from models.core.record import Run
    from models.core.styles.table import Mixture
    from studio.panels.styles import tasks

    device.prepare()
    model: Any = loading.load(Run.open(folder))[0]
    table = Mixture.begin(len(model.style_layers))
    print(f"{model.style_layers[-1].name}, {len(model.style_layers)} layers of at most "
          f"{max(layer.channels for layer in model.style_layers)} channels")  # fmt: skip
    measure("table of 6 x 6", lambda: tasks.cells(model, table, SILENT), "max <= 400")
    measure("one image", lambda: tasks.picture(model, table, SILENT), "p50 <= 33")
    measure("variation over 16 noises", lambda: tasks.variation(model, table, SILENT), "")
    measure("feature maps of all layers", lambda: tasks.features(model, table, SILENT), "")


def window(folder: Path) -> None:
    """From the move of the slider to the table that shows it, one move at a time; then a drag that does not wait."""
    bench = Bench()
    bench.window.start_backend()
    bench.wait(lambda: bool(bench.window.panels["train"].new.families), 120)
    bench.window.open_run(folder)
    bench.window.show_panel("styles")
    panel = bench.window.panels["styles"]
    grid, track = panel.mixes.grid, panel.mixes.crossover.track
    bench.wait(lambda: grid.table() is not None and bench.services.idle, 120)
    layers, found = panel.table.layers, []
    for number in range(TIMES):
        before, begin = grid.cells(), time.perf_counter()
        track.move_to(1 + number % (layers - 1))
        if bench.wait(lambda before=before: grid.cells() is not before, 10):
            found.append(1000 * (time.perf_counter() - begin))
        bench.wait(lambda: bench.services.idle, 10)
    row("slider to table", found, "max <= 400")
    shown, bench.ticks.late = 0, []
    begin = time.perf_counter()
    for number in range(DRAGS):
        before = grid.cells()
        track.move_to(number % (layers + 1))
        bench.wait(lambda: False, 1 / DRAG_HZ)
        shown += grid.cells() is not before
    row("GUI late: dragging without a pause", bench.ticks.take(), "max <= 100")
    end = time.perf_counter()
    bench.wait(lambda: bench.services.idle, 30)
    print(f"{DRAGS} moves in {end - begin:.1f} s: {shown} tables shown, the rest dropped; "
          f"all at rest {1000 * (time.perf_counter() - end):.0f} ms after the last move")  # fmt: skip
    bench.window.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    folder = parser.parse_args().run
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'milliseconds':44s} {'p50':>7s}  {'p95':>7s}  {'p99':>7s}  {'max':>7s}")
    alone(folder)
    window(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
