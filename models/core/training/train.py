"""From a dataset and a family to a run folder: start, train, resume. Keras' ``fit`` does the training."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import models
from models.core import device, loading, record, state
from models.core.batches import Batches, conditions
from models.core.datasets import Dataset, recorded
from models.core.errors import ConfigError, StorageError, UserError
from models.core.family import Config, changeable, parse_config
from models.core.record import Run, Status
from models.core.training.messages import Changes, Hooks, StopRequest
from models.core.training.recorder import Diverged, Recorder, Stopped

SKIPPED_NOTED, SKIPPED_AN_EVENT = 5_000, 500  # files that were left out of a dataset, in all and in one row
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a session of training ended: "finished", "paused", "stopped" or "failed", and why."""

    status: Status
    step: int
    error: UserError | None = None


def start(folder: Path, family: str, config: Config, dataset: Dataset, *, size: int | None = None) -> Run:
    """Make the run folder of a new run; nothing is trained yet, and a run that is refused leaves all as it was.

    Raises:
        ConfigError: if the family does not suit the images.
        RunFormatError: if the folder holds a run, or files that a run would write over.
        StorageError: if the folder cannot be written, or the disk has no room for checkpoints.
    """
    spec = dataset.spec
    model = models.family(family).build(config, spec)  # a config that does not suit the data fails here, not later
    weights = int(sum(np.prod(v.shape) for v in model.variables))
    record.check_space(folder, weights * 4 * 3)
    run = Run.create(
        folder, family=family, config=config.model_dump(), dataset=recorded.described(dataset, size), seed=config.seed,
        versions=versions(),
    )  # fmt: skip
    try:
        _note_skipped(run, dataset)
    except BaseException:
        run.take_back()
        raise
    return run


def _note_skipped(run: Run, dataset: Dataset) -> None:
    """Record every file that was left out of the dataset, with its reason, as far as events can hold them."""
    noted = [[item.path[:1000], item.reason] for item in dataset.skipped[:SKIPPED_NOTED]]
    for begin in range(0, len(noted), SKIPPED_AN_EVENT):
        run.event(recorded.SKIPPED, {"files": noted[begin : begin + SKIPPED_AN_EVENT], "all": len(dataset.skipped)})


def versions() -> dict[str, str]:
    """Versions of what decides over the numbers of a run."""
    import platform

    import keras

    return {"python": platform.python_version(), "keras": keras.__version__, "backend": keras.backend.backend()}


def check_dataset(run: Run, dataset: Dataset) -> None:
    """Refuse images that a run was not started with.

    Raises:
        UserError: their fingerprint is another one.
    """
    if dataset.fingerprint != run.info.dataset["fingerprint"]:
        raise UserError(
            "The dataset is not the one this run was started with.",
            where=dataset.source,
            advice="Put the old images back, or start a new run.",
        )


def relocate(run: Run, dataset: Dataset) -> None:
    """Remember that the dataset of a run lies elsewhere now; an event if it does.

    Args:
        run: open for writing.
        dataset: loaded from there.

    Raises:
        UserError: these are other images.
        StorageError: the disk said no.
    """
    check_dataset(run, dataset)
    kept = {name: value for name, value in run.info.dataset.items() if name != "path"}
    about = {**kept, **recorded.where(dataset)}
    if about != run.info.dataset:
        run.event("dataset", {"from": run.info.dataset["name"], "to": about["name"]})
        run.set_dataset(about)


def planned(run: Run, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config of a run with new values, and those that differ from the old ones; nothing is written.

    Args:
        run: the run.
        wanted: new values by setting; None keeps the old one.

    Raises:
        ConfigError: if a new value is out of range, or cannot change any more.
    """
    wanted = {name: value for name, value in wanted.items() if value is not None}
    config_class = models.family(run.info.family).CONFIG
    free = changeable(config_class)
    fixed = [name for name in wanted if name not in free]
    if fixed:
        raise ConfigError({name: f"cannot change once a run has begun; {', '.join(free)} can" for name in fixed})
    config = parse_config(config_class, {**run.info.config, **wanted}).model_dump()
    new = {name: value for name, value in config.items() if name in wanted and value != run.info.config.get(name)}
    return config, new


def change(run: Run, wanted: Mapping[str, Any]) -> None:
    """Change what may change between two sessions of a run; it is recorded as an event.

    Args:
        run: open for writing.
        wanted: as in ``planned``.

    Raises:
        ConfigError: if a new value is out of range, does not suit the images, or cannot change any more.
    """
    config, new = planned(run, wanted)
    if new:
        loading.build(run, config)  # refuses what does not suit these images
        run.set_config(config)
        run.event("config", new)


def train(
    run: Run, dataset: Dataset, *, stop: StopRequest | None = None, hooks: Hooks | None = None,
    changes: Changes | None = None, wanted: Mapping[str, Any] | None = None, checkpoint_steps: int | None = None,
    checkpoint_seconds: float = 30.0,
) -> Outcome:  # fmt: skip
    """Train a run from where it stands to its last epoch. Errors come back as values; the run is kept in every case.

    What cannot begin (another dataset, a setting that does not suit) leaves the run as it was, with its old status and
    settings: all is checked before anything is written.

    Args:
        run: open for writing.
        dataset: what it was started with (a changed fingerprint is refused).
        stop: how another thread pauses or stops it.
        hooks: who is told about progress and trouble.
        changes: how another thread changes what may change while it runs (the penalty on activity in a sparse model).
        wanted: settings that shall be others from now on, as in ``planned``.
        checkpoint_steps: save every so many steps instead of by time.
        checkpoint_seconds: at most so much work is ever at stake.
    """
    stop, hooks = stop or StopRequest(), hooks or Hooks()
    step = 0
    try:
        config, new = planned(run, wanted or {})
        recorder = _prepare(
            run, dataset, values=config, stop=stop, hooks=hooks, changes=changes or Changes(),
            checkpoint_steps=checkpoint_steps, checkpoint_seconds=checkpoint_seconds,
        )  # fmt: skip
        step = recorder.step
        _begin(recorder, config, new)
    except Exception as error:  # noqa: BLE001 - it has not begun: the run keeps its old status
        return _failed(error, run, step)
    return _noted(run, _session(recorder, dataset, stop))


def _session(recorder: Recorder, dataset: Dataset, stop: StopRequest) -> Outcome:
    """Train to the last epoch, or as far as it comes."""
    begun = recorder.step
    try:
        _fit(recorder, dataset)
    except Stopped:
        return Outcome(stop.status, recorder.step)
    except Diverged as error:
        return Outcome("failed", recorder.step, error)
    except Exception as error:  # noqa: BLE001 - whatever a backend raises must not take the window with it
        return _failed(error, recorder.run, begun)
    return Outcome("finished", recorder.step)


def _failed(error: Exception, run: Run, step: int) -> Outcome:
    """How a session ended that met an error: a disk that says no only pauses it."""
    if isinstance(error, UserError):
        return Outcome("paused" if isinstance(error, StorageError) else "failed", step, error)
    log.error("training failed", exc_info=error)
    return Outcome("failed", step, explain(error, run))


def _noted(run: Run, outcome: Outcome) -> Outcome:
    """Write into the run how it ended, as far as the disk lets us."""
    try:
        run.set_status(outcome.status, str(outcome.error or ""))
    except StorageError as error:
        outcome = Outcome(outcome.status, outcome.step, outcome.error or error)
    return outcome


def explain(error: Exception, run: Run) -> UserError:
    """Say in plain words what a backend raised."""
    text = f"{type(error).__name__}: {error}"
    if device.out_of_memory(error):
        half = max(1, int(run.info.config.get("batch_size", 2)) // 2)
        return UserError(
            "Training ran out of memory.", where=str(run.folder), advice=f"Start again with a batch size of {half}."
        )
    first = text.splitlines()[0][:300]
    return UserError(f"Training failed: {first}", where=str(run.folder), advice="The log file has the details.")


def _prepare(
    run: Run,
    dataset: Dataset,
    *,
    values: Mapping[str, Any],
    stop: StopRequest,
    hooks: Hooks,
    changes: Changes,
    checkpoint_steps: int | None,
    checkpoint_seconds: float,
) -> Recorder:
    """Build the model, bring back the newest checkpoint, and make the callback that continues from it."""
    check_dataset(run, dataset)
    model = loading.compiled(run, values)
    config = model.config
    known = conditions(model, dataset)
    batches = Batches(dataset.images, dataset.train, config.batch_size, seed=config.seed, conditions=known)
    if not len(batches):
        raise ConfigError({"dataset": "has no training images"})
    step, metrics = 0, None
    if run.checkpoints():
        entry, arrays = run.load_checkpoint(state.expected(model, training=True))
        state.restore(model, arrays, training=True)
        model.optimizer.learning_rate = config.learning_rate  # the config may have changed since
        step, metrics = entry.step, arrays
        run.truncate_metrics(step)
    model.plan(config.epochs * batches.whole_epoch - step)
    begun_epoch = step % batches.whole_epoch != 0 or not any(row["step"] == step for row in run.metrics())
    recorder = Recorder(
        run, dataset, batches, epochs=config.epochs, seed=config.seed, stop=stop, hooks=hooks, changes=changes,
        step=step, metrics=metrics if begun_epoch else None, checkpoint_steps=checkpoint_steps,
        checkpoint_seconds=checkpoint_seconds,
    )  # fmt: skip
    recorder.set_model(model)
    return recorder


def _begin(recorder: Recorder, config: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Write that the run trains, and with which settings; until now nothing of it has changed."""
    recorder.run.begin(config)
    if new:
        recorder.run.event("config", new)
    recorder.progress("building")


def _fit(recorder: Recorder, dataset: Dataset) -> None:
    """Finish the epoch that was interrupted, if any, then do the others."""
    batches, model = recorder.batches, recorder.model
    size = batches.batch_size
    known = batches.conditions
    validation = Batches(dataset.images, dataset.validation, size, conditions=known)
    held_out = validation if len(validation) else None
    if recorder.step == 0:
        recorder.pictures()
        recorder.checkpoint()
    epoch, skip = divmod(recorder.step, batches.whole_epoch)
    rows = recorder.run.metrics()
    if recorder.step and not skip and not (rows and rows[-1]["step"] == recorder.step):
        _validate_again(recorder, held_out, epoch - 1)
    if skip:
        rest = Batches(dataset.images, dataset.train, size, seed=batches.seed, skip=skip, conditions=known)
        recorder.batches = rest
        model.fit(
            rest, initial_epoch=epoch, epochs=epoch + 1, validation_data=held_out, callbacks=[recorder],
            shuffle=False, verbose=0,
        )  # fmt: skip
        recorder.batches = batches
        epoch += 1
    if epoch < recorder.epochs:
        model.fit(
            batches, initial_epoch=epoch, epochs=recorder.epochs, validation_data=held_out, callbacks=[recorder],
            shuffle=False, verbose=0,
        )  # fmt: skip


def _validate_again(recorder: Recorder, held_out: Batches | None, epoch: int) -> None:
    """The last session ended after the epoch's last step and before its validation: do that now."""
    recorder.on_epoch_begin(epoch)
    logs = {metric.name: float(metric.result()) for metric in recorder.model.metrics}
    if held_out is not None:
        found = recorder.model.evaluate(held_out, callbacks=[recorder], return_dict=True, verbose=0)
        logs.update({f"val_{name}": value for name, value in found.items()})
    recorder.on_epoch_end(epoch, logs)
