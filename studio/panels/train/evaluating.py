"""The judge's looks at the checkpoints of a run, for the studies thread: plain values in and out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def look_back(
    folder: Path, tell: Callable[[str, int, int], None], cancelled: Callable[[], bool]
) -> list[dict[str, Any]]:
    """Judge samples of every checkpoint of a run, and record it there unless somebody else writes the run.

    Args:
        folder: of the run.
        tell: called with (what, done, total).
        cancelled: asked after every step; ``Cancelled`` is raised if it says so.
    """
    from models.core import device
    from models.core.datasets import recorded
    from models.core.disk import places

    device.prepare()
    from models.core.errors import RunBusyError
    from models.core.evaluation import coverage
    from models.core.record import Run

    try:
        run = Run.open(folder, write=places.pretrained() not in folder.parents)
    except RunBusyError:  # it is being trained: the training records what comes from now on
        run = Run.open(folder)
    with run:
        about = run.info.dataset
        dataset = recorded.load(about, progress=tell, cancelled=cancelled)
        return coverage.look_back(run, dataset, progress=tell, cancelled=cancelled)
