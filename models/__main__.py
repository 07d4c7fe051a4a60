"""The command line: ``python -m models --help``.

Exit 0: done; 1: failed, with one clear line; 2: wrong arguments; 128 + n: ended by signal n, 130 for Ctrl+C.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from models.argument_checks import Wrong, refuse, together
from models.arguments import parser
from models.core import interrupts, terminal
from models.core.errors import ConfigError, UserError

log = logging.getLogger(__name__)


def train(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``train``: name everything that is wrong at once, then load, build and train."""
    import models
    from models.core import datasets, files, places, record
    from models.core.family import parse_config

    given = {"epochs": arguments.epochs, "seed": arguments.seed}
    right = {name: value for name, value in given.items() if value is not None and not isinstance(value, Wrong)}
    values = dict(item for item in arguments.set if not isinstance(item, Wrong)) | right
    together(lambda: parse_config(models.family(arguments.family).CONFIG, values), lambda: refuse(arguments))
    from models import planning
    from models.core import training

    module = models.family(arguments.family)
    dataset = datasets.load(arguments.dataset, size=arguments.size, progress=say.loading)
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


def resume(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``resume``."""
    from models.core import device
    from models.core.datasets import recorded
    from models.core.record import Run

    wanted = {**dict(arguments.set), "epochs": arguments.epochs, "learning_rate": arguments.learning_rate}
    with Run.open(arguments.run, write=True) as run:
        device.prepare()
        from models.core import training

        training.planned(run, wanted)  # refused before the dataset is loaded
        dataset = recorded.load(run.info.dataset, at=arguments.dataset, progress=say.loading)
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
    from models.core import branch as branching
    from models.core import timeline
    from models.core.datasets import recorded

    resized = None
    if arguments.size is not None:
        found = recorded.load(source.info.dataset, size=arguments.size, progress=say.loading)
        resized = recorded.described(found, arguments.size)
    branching.branch(source, step, arguments.out, values, resized=resized).close()
    event = next(row for row in timeline.events(arguments.out) if row["kind"] == branching.EVENT)
    say.result(run=str(arguments.out), step=step, fresh=len(event["values"]["fresh"]))
    return 0


def _train(run: Any, dataset: Any, arguments: argparse.Namespace, say: Any, wanted: Any = None) -> int:
    """Train; a signal saves after the step that is being taken, and the exit status says which signal it was."""
    from models.core import training
    from models.core.recorder import Hooks, StopRequest

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors become one clear line on standard error, whatever the streams are."""
    return terminal.run(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    """Read the arguments and do what they say."""
    arguments = parser().parse(argv)
    terminal.start_log()
    with interrupts.listening(interrupts.leave) as heard:
        try:
            return _act(arguments)
        except BrokenPipeError:
            raise
        except KeyboardInterrupt as error:
            return _interrupted(arguments, interrupts.number_of(error))
        except Exception as error:
            if heard.number:  # what a signal broke on its way out: an import, for instance
                log.warning("a signal came meanwhile", exc_info=error)
                return _interrupted(arguments, heard.number)
            return _failed(arguments, error)


def _interrupted(arguments: argparse.Namespace, number: int) -> int:
    """Say which signal has ended the command; the exit status."""
    print(f"{arguments.command}: interrupted by {interrupts.said(number)}", file=sys.stderr)
    return interrupts.status(number)


def _failed(arguments: argparse.Namespace, error: Exception) -> int:
    """Say what was wrong; the exit status."""
    if isinstance(error, ConfigError):
        print(arguments.usage * arguments.misused, end="", file=sys.stderr)
        for name, problem in error.fields.items():
            print(f"{arguments.command}: {name} {problem}", file=sys.stderr)
        return 2
    if isinstance(error, UserError):
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    log.error("%s failed", arguments.command, exc_info=error)
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    print(f"{arguments.command}: something unexpected happened: {what} ({terminal.log_file()})", file=sys.stderr)
    return 1


def _act(arguments: argparse.Namespace) -> int:
    from models import (
        commands,
        commands_arithmetic,
        commands_autoencoders,
        commands_doctor,
        commands_mixing,
        commands_sampling,
        commands_scores,
    )

    own = {
        "train": train, "resume": resume, "branch": branch, "sample": commands_sampling.sample_,
        "denoise": commands_autoencoders.denoise_, "transfer": commands_autoencoders.transfer_,
        "score": commands_scores.score_, "arithmetic": commands_arithmetic.arithmetic_,
        "doctor": commands_doctor.doctor_, "mixing": commands_mixing.mixing_,
    }  # fmt: skip
    if arguments.command not in ("train", "transfer"):  # these two name what is wrong with settings, too
        refuse(arguments)
    action = own.get(arguments.command) or getattr(commands, arguments.command + "_")
    return int(action(arguments, commands.Say(as_json=arguments.json)))


if __name__ == "__main__":
    sys.exit(main())
