"""Compare a pretrained encoder with one from scratch, in the worker of long work: plain values in and out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.core.recipes.fields import Fields, short
from models.core.work import Work

PRETRAINED, SCRATCH = "pretrained", "scratch"


def compare(folder: Path, values: Mapping[str, Any], work: Work) -> dict[str, Any]:
    """Load a run's model and dataset, train all classifiers, and return ``models.transfer.Comparison.data()``.

    Args:
        folder: of the run whose encoder is reused.
        values: of ``models.transfer.TransferConfig``.
        work: told (what, done, total); checked after every batch; ``Cancelled`` is raised if it is.
    """
    from models.core import device
    from models.core.datasets import recorded

    device.prepare()
    from models import transfer
    from models.core import loading
    from models.core.family import parse_config
    from models.core.record import Run

    config = parse_config(transfer.TransferConfig, values)
    run = Run.open(folder)
    model, _ = loading.load(run, work=work)
    about = run.info.dataset
    dataset = recorded.load(about, work=work)
    found = transfer.compare(model, dataset, config, work=work)
    return {**found.data(), "frozen_epochs": min(config.frozen_epochs, config.epochs)}


def gain_words(points: float) -> str:
    """The sentence on a gain in percentage points: "Pretraining gained 3.2 points"."""
    verb = "lost" if round(points, 1) < 0 else "gained"
    return f"Pretraining {verb} {abs(points):.1f} points"


def form_in(values: Mapping[str, Any], limits: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The numbers of a recipe for a form with these fields, (least, most) each; fields that it leaves out stay.

    Raises:
        RunFormatError: naming what does not fit, or what the form has no field for.
    """
    from models.transfer import TransferConfig

    fields = Fields(values)
    usual = TransferConfig()
    for name in TransferConfig.model_fields:
        if name not in limits and fields.has(name) and values[name] != getattr(usual, name):
            raise fields.bad(name, f"is {short(values[name])}, and this panel always takes {getattr(usual, name)}")
    return {name: fields.whole(name, *limit) for name, limit in limits.items() if fields.has(name)}
