"""The commands that train: ``train``, ``resume`` and ``branch``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from models.cli.argument_checks import Wrong, refuse, together
from models.core.errors import ConfigError
from models.core.terminal import interrupts


def train(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``train``: name everything that is wrong at once, then load, build and train."""
    import models
    from models.core import datasets, record
    from models.core.disk import files, places
    from models.core.family import parse_config

    values = _settings(arguments)
    if arguments.family in models.TRAINED:
        raise ConfigError({"family": f"{arguments.family} comes trained: the command preset makes a run of it"})
    together(lambda: parse_config(models.family(arguments.family).CONFIG, values), lambda: refuse(arguments))
    from models.cli import planning
    from models.core.training import train as training

    module = models.family(arguments.family)
    dataset = datasets.load(arguments.dataset, size=arguments.size, work=say.loading)
    say.dataset(dataset)
    config = planning.settle(module, values, dataset.spec, say, defaults=arguments.defaults)
    planning.tell_cost(module, config, dataset.spec, dataset.train.stop - dataset.train.start, say)
    folder = arguments.run or record.new_folder(places.runs(), arguments.family, Path(arguments.dataset).stem)
    try:
        run = training.start(folder, arguments.family, config, dataset, size=arguments.size)
    finally:
        if arguments.run is None:
            files.remove_empty(folder)  # that of a run that was refused: of one that began, nothing is empty
    return _train(run, dataset, arguments, say)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given and can be read, by name: ``--set`` first, then the options of their own."""
    given = [item for item in arguments.set if not isinstance(item, Wrong)]
    given += [("epochs", arguments.epochs), ("seed", arguments.seed)]
    return {name: value for name, value in given if value is not None and not isinstance(value, Wrong)}


def resume(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``resume``."""
    from models.core import device
    from models.core.datasets import recorded
    from models.core.record import Run

    wanted = {**dict(arguments.set), "epochs": arguments.epochs, "learning_rate": arguments.learning_rate}
    with Run.open(arguments.run, write=True) as run:
        device.prepare()
        from models.core.training import train as training

        training.planned(run, wanted)  # refused before the dataset is loaded
        dataset = recorded.load(run.info.dataset, at=arguments.dataset, work=say.loading)
        training.relocate(run, dataset)  # checked before anything of the run changes
        return _train(run, dataset, arguments, say, wanted)


def branch(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``branch``: nothing is trained yet, and the source stays as it is."""
    from models.core import device
    from models.core.record import Run

    values = dict(arguments.set)
    source = Run.open(arguments.run)
    steps = [entry.step for entry in source.checkpoints()]
    step = arguments.step if arguments.step is not None else max(steps, default=0)
    if step not in steps:
        known = ", ".join(str(number) for number in steps) or "none"
        raise ConfigError({"--step": f"{step} has no checkpoint; there are: {known}"})
    device.prepare()
    from models.core.datasets import recorded
    from models.core.record import timeline
    from models.core.training import branch as branching

    resized = None
    if arguments.size is not None:
        found = recorded.load(source.info.dataset, size=arguments.size, work=say.loading)
        resized = recorded.described(found, arguments.size)
    branching.branch(source, step, arguments.out, values, resized=resized).close()
    event = next(row for row in timeline.events(arguments.out) if row["kind"] == branching.EVENT)
    say.result(run=str(arguments.out), step=step, fresh=len(event["values"]["fresh"]))
    return 0


def _train(run: Any, dataset: Any, arguments: argparse.Namespace, say: Any, wanted: Any = None) -> int:
    """Train; a signal saves after the step that is being taken, and the exit status says which signal it was."""
    from models.core.training import train as training
    from models.core.training.recorder import Hooks, StopRequest

    stop = StopRequest()
    with interrupts.listening(lambda number: stop.ask("paused")) as heard, say.bar() as show:

        def progress(now: Any) -> None:
            try:
                show(now)
            except BrokenPipeError:  # nobody reads any more (a closed pipe): save and end, as at a hang-up
                stop.ask("paused")

        outcome = training.train(
            run, dataset, stop=stop, hooks=Hooks(progress=progress), checkpoint_steps=arguments.checkpoint_steps,
            wanted=wanted,
        )  # fmt: skip
    for notice in run.notices:
        say.line(notice)
    rows = run.metrics()
    run.close()
    if outcome.error:
        raise outcome.error
    paused = bool(heard.number) and outcome.status == "paused"
    if paused:
        what = f"paused by {interrupts.said(heard.number)} and saved at step {outcome.step:,}"
        print(f"{arguments.command}: {what}; the command resume goes on from there", file=sys.stderr)
    last = rows[-1] if rows else {"step": outcome.step}
    say.result(**{**last, "run": str(run.folder), "status": outcome.status})
    return interrupts.status(heard.number) if paused else 0
