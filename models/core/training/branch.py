"""A new run that goes on from an older checkpoint of another one, with other settings; the other one stays as it is.

Where only settings change that the networks do not know of, everything is taken over and the run goes on exactly as
its source would have (a shipped run holds weights alone: its optimizer begins anew). Where a network changes
(minibatch discrimination adds a layer), each layer whose weights have the same names and shapes is taken over, and the
rest begins anew; layers without a name of their own are counted, and none of a kind is taken over if their number
changes. So a network that has learned small images, which
is quick, can go on with larger ones; where the model knows how, from the very images that it painted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import models
from models.core import loading, state
from models.core.capabilities import Grows
from models.core.disk.npz import Arrays
from models.core.doctor import remedies
from models.core.doctor.rules import Diagnosis
from models.core.errors import ConfigError, RunFormatError
from models.core.family import Config, parse_config
from models.core.keras_internals import LayerName, read_variable
from models.core.record import CheckpointEntry, Run, timeline
from models.core.training import train

EVENT = "branch"
_TRAINING = ("optimizer", "random", "metrics")  # what a checkpoint holds beside weights


def branch(
    run: Run, step: int | None, folder: Path, changes: Mapping[str, Any], *, title: str = "",
    resized: Mapping[str, Any] | None = None,
) -> Run:  # fmt: skip
    """Make a new run from a checkpoint of another one; nothing is trained yet.

    Args:
        run: the source; it is not changed.
        step: of one of its checkpoints; None begins afresh with the changed settings.
        folder: of the new run.
        changes: new values by setting.
        title: of the new run.
        resized: the same dataset at another size (``recorded.described``); curves and samples are not taken over.

    Returns:
        The new run, open for writing: curves and samples up to ``step``, one checkpoint, and an event "branch" with
        the source's id, the step, the changes and what could not be taken over.

    Raises:
        ConfigError: if a new value is out of range, or would change the order of the steps that were done.
        RunFormatError: if there is no such checkpoint, or it is damaged.
        StorageError: if the disk says no.
    """
    if step is not None and changes.get("batch_size", now := run.info.config.get("batch_size")) != now:
        raise ConfigError({"batch_size": "cannot change where a run goes on: its steps are counted in batches"})
    config = parse_config(models.family(run.info.family).CONFIG, {**run.info.config, **changes})
    taken = None if step is None else _source(run, step)
    new = _created(run, folder, config, run.info.dataset if resized is None else resized, title)
    try:
        values = {} if taken is None else _take_over(taken, new)
        if taken is not None and resized is None:
            timeline.copy(run.folder, new.folder, taken.entry.step)
        new.event(EVENT, {"run": run.info.id, "step": step, "changes": dict(changes), **values})
    except BaseException:
        new.take_back()
        raise
    return new


def _created(run: Run, folder: Path, config: Config, about: Mapping[str, Any], title: str) -> Run:
    return Run.create(
        folder, family=run.info.family, config=config.model_dump(), dataset=dict(about), seed=config.seed,
        versions=train.versions(), title=title,
    )  # fmt: skip


class _Source(NamedTuple):
    """A model as it was at a step, ready to be trained, and whether its optimizer and random state are of then, too."""

    model: Any
    entry: CheckpointEntry
    whole: bool


def _source(run: Run, step: int) -> _Source:
    """The model of a run as it was at a step; no other checkpoint will do."""
    model = loading.compiled(run)
    whole = not run.weights_alone(step)
    if whole:
        entry, arrays = run.load_checkpoint(state.expected(model, training=True), step=step)
        state.restore(model, arrays, training=True)
    else:
        entry = loading.reload(model, run, step=step)
    if entry.step != step:
        raise RunFormatError(
            f"The checkpoint of step {step:,} is damaged.", where=str(run.folder),
            advice=f"Choose another one; the one of step {entry.step:,} is whole.",
        )  # fmt: skip
    return _Source(model, entry, whole)


def _take_over(source: _Source, new: Run) -> dict[str, Any]:
    """Save the new run's first checkpoint: what fits of the source's state, the rest as it was made.

    Returns:
        Names of the layers that the source has not, whether the optimizer and the random state went on, and "grown" if
        the new layers go on from what the source could do.
    """
    model = loading.compiled(new)
    theirs = dict(weights(source.model))
    taken: set[int] = set()
    missing: list[tuple[str, int]] = []
    for key, variable in weights(model):
        known = theirs.get(key)
        if known is not None and (known.shape, known.dtype) == (variable.shape, variable.dtype):
            variable.assign(read_variable(known))  # a copy: JAX would share one array
            taken.add(id(variable))
        else:
            missing.append(("/".join(key[:-1]), id(variable)))
    fresh = {name for name, one in missing if one not in taken}  # networks may share a layer
    grown = isinstance(model, Grows) and model.grow_from(source.model)
    arrays, before = state.capture(model), state.capture(source.model)
    kept = [name for name in _TRAINING if source.whole and _goes_on(name, model, source.model, arrays, before)]
    arrays |= {name: array for name, array in before.items() if name.split("/")[0] in kept}
    new.save_checkpoint(source.entry.step, arrays, epoch=source.entry.epoch, milestone=True)
    values = {"fresh": sorted(fresh), "optimizer": "optimizer" in kept, "random": "random" in kept}
    return {**values, "grown": True} if grown else values


def _goes_on(group: str, model: Any, source: Any, arrays: Arrays, before: Arrays) -> bool:
    """Whether a group of arrays means the same in both models: all or none of it is taken over."""
    if group == "optimizer" and type(model.optimizer) is not type(source.optimizer):
        return False
    if group == "random" and model.config.seed != source.config.seed:
        return False
    shapes = [{n: (a.shape, a.dtype) for n, a in one.items() if n.startswith(group)} for one in (arrays, before)]
    return shapes[0] == shapes[1]


def weights(model: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every weight of a model by (network, ..., layer, number); networks of one name are numbered, too."""
    seen: Counter[str] = Counter()
    within = set()
    for given, part in _named(model.layers):
        seen[given] += 1
        name = f"{given}_{seen[given]}" if seen[given] > 1 else given
        for inner, layer in _named(getattr(part, "layers", [part])):
            for key, variable in _of_layers(layer, (name, inner)):
                within.add(id(variable))
                yield key, variable
    for variable in model.weights:
        if id(variable) not in within and "seed_generator" not in variable.path:
            yield ("model", variable.name), variable


def _of_layers(part: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The weights of a layer by its name and their numbers, those of a network by its layers', however deep."""
    if inner := getattr(part, "layers", None):
        for name, layer in _named(inner):
            yield from _of_layers(layer, (*names, name))
        return
    for number, variable in enumerate(part.weights):
        if "seed_generator" not in variable.path:
            yield (*names, str(number)), variable


def _named(layers: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Layers by the names they were given; those that Keras numbered are counted within their kind: "dense 2 of 3"."""
    named = [LayerName.of(layer) for layer in layers]
    kinds = Counter(name.kind for name in named if name.automatic)
    seen: Counter[str] = Counter()
    for layer, name in zip(layers, named, strict=True):
        seen[name.kind] += name.automatic
        counted = f"{name.kind} {seen[name.kind]} of {kinds[name.kind]}" if kinds[name.kind] > 1 else name.kind
        yield counted if name.automatic else layer.name, layer


def treat(run: Run, found: Diagnosis, remedy: remedies.Remedy, folder: Path) -> Run:
    """Branch off a run with a remedy; both runs record what was found and what is tried.

    Args:
        run: the ill one. If it is open for writing, it records its treatment, too.
        found: what the doctor said of it.
        remedy: one of ``remedies``.
        folder: of the new run.

    Returns:
        The new run, open for writing; nothing is trained yet.

    Raises:
        RunFormatError: if the checkpoint is damaged.
        StorageError: if the disk says no.
    """
    entry = None if remedy.afresh else remedies.checkpoint_before(run.checkpoints(), found.since)
    step = None if entry is None else entry.step
    name = run.info.title or run.folder.name
    new = branch(run, step, folder, remedy.changes, title=f"{name}: {remedy.key}"[:120])
    values = {"remedy": asdict(remedy), "step": step, "found": found.data()}
    try:
        new.event(remedies.EVENT, {**values, "parent": run.info.id})
    except BaseException:
        new.take_back()
        raise
    if not run.read_only:
        run.event(remedies.EVENT, {**values, "branch": new.info.id, "folder": folder.name})
    return new
