"""A model from its run folder: built by our own code, then filled from a checkpoint that was checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

import models
from models.core import device, state
from models.core.errors import UserError
from models.core.family import DataSpec, parse_config
from models.core.record import CheckpointEntry, Run
from models.core.work import SILENT, Work


@runtime_checkable
class ComesTrained(Protocol):
    """A model whose weights lie elsewhere: a run refers to them and holds no checkpoints."""

    @property
    def fingerprint(self) -> str:
        """What its weights are known by, a sha256."""
        ...

    def fetch(self, work: Work = SILENT) -> int:
        """Read the weights, unless that was done; how many bytes they are."""
        ...


def spec_of(run: Run) -> DataSpec:
    """The shape of the data that a run was made for."""
    about = run.info.dataset
    shape = about.get("image_shape")
    if shape is None:
        advice = "Restore its run.json, or choose another run."
        raise UserError("The run does not say what shape its images have.", where=str(run.folder), advice=advice)
    labels, names = tuple(about["label_names"]), tuple(about["attribute_names"])
    words, examples = tuple(about.get("words", ())), tuple(about.get("examples", ()))
    return DataSpec((shape[0], shape[1], shape[2]), len(labels), names, labels, words, examples)


def build(run: Run, config: Mapping[str, Any] | None = None) -> Any:
    """Build the model of a run with fresh weights, by its own config or another one."""
    module = models.family(run.info.family)
    return module.build(parse_config(module.CONFIG, run.info.config if config is None else config), spec_of(run))


def load(run: Run, *, step: int | None = None, work: Work = SILENT) -> tuple[Any, CheckpointEntry]:
    """Build the model of a run and give it the weights of a checkpoint (the newest by default), for inference.

    Raises:
        RunFormatError: if no checkpoint can be used.
        Cancelled: if ``work`` is cancelled.
    """
    model = build(run)
    return model, reload(model, run, step=step, work=work)


def reload(model: Any, run: Run, *, step: int | None = None, work: Work = SILENT) -> CheckpointEntry:
    """Give a model that was built for this run the weights of a checkpoint (the newest by default)."""
    entry, renew = checked(model, run, step=step, work=work)
    renew()
    return entry


def checked(
    model: Any, run: Run, *, step: int | None = None, work: Work = SILENT
) -> tuple[CheckpointEntry, Callable[[], None]]:
    """A checkpoint (the newest by default) for a model that was built for this run, and what gives it these weights."""
    if isinstance(model, ComesTrained):
        size = model.fetch(work)
        run.loaded = CheckpointEntry(step=0, epoch=0, file="step-0.npz", bytes=size, sha256=model.fingerprint)
        return run.loaded, _nothing
    entry, arrays = run.load_checkpoint(state.expected(model, training=False), step=step, partial=True, work=work)
    return entry, partial(state.restore, model, arrays, training=False)


def _nothing() -> None:
    """Its weights never change."""


def compiled(run: Run, config: Mapping[str, Any] | None = None) -> Any:
    """Build the model of a run, by its own config or another one, ready to be trained."""
    model = build(run, config)
    model.compile(optimizer=model.make_optimizer(), jit_compile=device.compiles())
    model.optimizer.build(model.trainable_variables)
    return model
