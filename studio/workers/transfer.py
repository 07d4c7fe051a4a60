"""The comparison of a pretrained encoder with one from scratch, for the studies thread: plain values in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PRETRAINED, SCRATCH = "pretrained", "scratch"


def compare(
    folder: Path, values: Mapping[str, Any], tell: Callable[[str, int, int], None], cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Load a run's model and dataset, train all classifiers, and return ``models.transfer.Comparison.data()``.

    Args:
        folder: of the run whose encoder is reused.
        values: of ``models.transfer.TransferConfig``.
        tell: called with (what, done, total).
        cancelled: asked after every batch; ``Cancelled`` is raised if it says so.
    """
    from models.core import device
    from models.core.datasets import recorded

    device.prepare()
    from models import transfer
    from models.core import training
    from models.core.family import parse_config
    from models.core.record import Run

    config = parse_config(transfer.TransferConfig, values)
    run = Run.open(folder)
    model, _ = training.load(run)
    about = run.info.dataset
    dataset = recorded.load(about, progress=tell, cancelled=cancelled)
    found = transfer.compare(model, dataset, config, progress=tell, cancelled=cancelled)
    return {**found.data(), "frozen_epochs": min(config.frozen_epochs, config.epochs)}
