"""The evaluator's looks at the checkpoints of a run, for the worker of long work: plain values in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.core.work import Work


def look_back(folder: Path, work: Work) -> list[dict[str, Any]]:
    """Judge samples of every checkpoint of a run, and record it there unless somebody else writes the run.

    Args:
        folder: of the run.
        work: told (what, done, total); checked after every step; ``Cancelled`` is raised if it is.
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
        dataset = recorded.load(about, work=work)
        return coverage.look_back(run, dataset, work=work)
