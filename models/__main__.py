"""The command line: ``python -m models --help``. Exit 0: done; 1: failed, with one clear line; 2: wrong arguments."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from models.core.errors import ConfigError, UserError


class Parser(argparse.ArgumentParser):
    """Exits with 2 and names what is wrong, as every command here does."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the problem, exit 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {message}\n")


def parser() -> Parser:
    """Every command with its arguments."""
    top = Parser(prog="python -m models", description="Train generative image models and use them.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
        return command

    add("list", "families, their settings, and the runs there are")
    _add_training(add)
    _add_using(add)
    _add_measuring(add)
    add("info", "what a run is and how far it got").add_argument("run", type=Path)
    return top


def _add_training(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("datasets", "the datasets there are, or what one of them holds")
    command.add_argument("dataset", nargs="?", help="a name, a folder of images or an .npz file")
    command.add_argument("--size", type=int, help="side in pixels to which a folder's images are fitted")
    command = add("train", "start a run")
    command.add_argument("family")
    command.add_argument("--dataset", default="fashion_mnist", help="a name, a folder of images or an .npz file")
    command.add_argument("--size", type=int, help="side in pixels to which a folder's images are fitted")
    command.add_argument("--epochs")
    command.add_argument("--seed")
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="any setting of the family")
    command.add_argument("--run", type=Path, help="the run folder (default: a new one among the studio's runs)")
    command.add_argument("--checkpoint-steps", type=int, help="save every so many steps (default: by time)")
    command = add("resume", "go on with a run exactly where it stopped")
    command.add_argument("run", type=Path)
    command.add_argument("--epochs", type=int, help="epochs in all, if more are wanted")
    command.add_argument("--learning-rate", type=float, help="a new learning rate, after it diverged for instance")
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="what may still change")
    command.add_argument("--checkpoint-steps", type=int, help="save every so many steps (default: by time)")


def _add_using(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("sample", "draw new images")
    command.add_argument("run", type=Path)
    command.add_argument("--count", type=int, default=16)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--out", type=Path, required=True, help=".png for a sheet, .npy for the codings")
    command = add("reconstruct", "squeeze images through a model: originals above, reconstructions below")
    command.add_argument("run", type=Path)
    command.add_argument("--images", type=Path, nargs="+", required=True)
    command.add_argument("--out", type=Path, required=True)
    command = add("interpolate", "walk from one seed's image to another's")
    command.add_argument("run", type=Path)
    command.add_argument("--from", dest="begin", type=int, required=True, metavar="SEED")
    command.add_argument("--to", dest="end", type=int, required=True, metavar="SEED")
    command.add_argument("--steps", type=int, default=12)
    command.add_argument("--linear", action="store_true", help="a straight line instead of an arc")
    command.add_argument("--out", type=Path, required=True, help=".png for a strip, .gif .apng .webp for a film")
    command = add("denoise", "remove the noise from pictures of any size, files and whole folders")
    command.add_argument("run", type=Path)
    command.add_argument("--images", type=Path, nargs="+", required=True, metavar="PATH", help="files and folders")
    command.add_argument("--out", type=Path, required=True, help="the folder for the results; names are kept")
    command.add_argument("--strength", type=float, help="of the noise, a share of full scale (default: measured)")
    command = add("score", "let a classifier that knows the dataset judge new samples: classes covered, distance")
    command.add_argument("run", type=Path)
    command.add_argument("--count", type=int, default=1000, help="samples to judge (1000)")
    command.add_argument("--seed", type=int, default=0)
    command = add("transfer", "what an encoder is worth to a classifier with few labels")
    command.add_argument("run", type=Path)
    command.add_argument("--labels", help="labelled images for each classifier (500)")
    command.add_argument("--seeds", help="repetitions with other labels and weights (3)")
    command.add_argument("--layers", help="how many of the encoder's layers are reused (all)")
    command.add_argument("--epochs", help="passes over the labelled images")
    command.add_argument("--frozen-epochs", help="of these, passes with the reused layers frozen")
    command.add_argument("--seed", help="of the first repetition")
    command.add_argument("--out", type=Path, help="a .json file for curves and confusion matrices")
    command = add("export", "write the networks for other programs")
    command.add_argument("run", type=Path)
    command.add_argument("--format", choices=["keras", "weights", "onnx", "tflite"], required=True)
    command.add_argument("--out", type=Path, required=True)


def _add_measuring(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("arithmetic", "with glasses - without + somebody else, judged on people nobody has trained on")
    command.add_argument("run", type=Path, nargs="+", help="one run or several that were trained on faces")
    command.add_argument("--attribute", default="glasses", help="glasses or beard")
    command.add_argument("--people", type=int, default=500)
    command.add_argument("--seed", type=int, default=0)
    command = add("doctor", "what is going on in a GAN's run, how one can tell, and what can be tried")
    command.add_argument("run", type=Path)
    command.add_argument("--judge", action="store_true", help="let the judge look at every checkpoint first (slow)")


def settings_of(arguments: argparse.Namespace) -> tuple[dict[str, str], dict[str, str]]:
    """The settings given by --set, --epochs and --seed, and what is wrong with each --set that is not FIELD=VALUE."""
    values, wrong = assignments(arguments.set)
    given = {"epochs": arguments.epochs, "seed": arguments.seed}
    return values | {name: value for name, value in given.items() if value is not None}, wrong


def assignments(items: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values of FIELD=VALUE items, and what is wrong with each one that is not."""
    values, wrong = {}, {}
    for item in items:
        name, equals, value = item.partition("=")
        if equals and name:
            values[name.strip()] = value.strip()
        else:
            wrong[f"--set {item}"] = "must be FIELD=VALUE"
    return values, wrong


def train(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``train``: name everything that is wrong at once, then load, build and train."""
    import models
    from models.core import datasets, places, record
    from models.core.family import parse_config

    values, problems = settings_of(arguments)
    config = None
    try:
        module = models.family(arguments.family)
        config = parse_config(module.CONFIG, values)
    except ConfigError as error:
        problems |= error.fields
    try:
        datasets.check(arguments.dataset, size=arguments.size)
    except UserError as error:
        problems["dataset"] = str(error)
    if arguments.checkpoint_steps is not None and arguments.checkpoint_steps < 1:
        problems["checkpoint-steps"] = "must be at least 1"
    if problems or config is None:
        raise ConfigError(problems)
    from models.core import training

    dataset = datasets.load(arguments.dataset, size=arguments.size, progress=say.loading)
    say.dataset(dataset)
    folder = arguments.run or record.new_folder(places.runs(), arguments.family, Path(arguments.dataset).stem)
    run = training.start(folder, arguments.family, config, dataset, size=arguments.size)
    return _train(run, dataset, arguments.checkpoint_steps, say)


def resume(arguments: argparse.Namespace, say: Any) -> int:
    """The command ``resume``."""
    from models.core import datasets, device
    from models.core.record import Run

    values, wrong = assignments(arguments.set)
    if wrong:
        raise ConfigError(wrong)
    run = Run.open(arguments.run, write=True)
    device.prepare()
    from models.core import training

    training.change(run, {**values, "epochs": arguments.epochs, "learning_rate": arguments.learning_rate})
    dataset = datasets.load(run.info.dataset["name"], size=run.info.dataset["size"], progress=say.loading)
    return _train(run, dataset, arguments.checkpoint_steps, say)


def _train(run: Any, dataset: Any, checkpoint_steps: int | None, say: Any) -> int:
    from models.core import training
    from models.core.recorder import Hooks, StopRequest

    stop = StopRequest()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.ask("paused"))
    with say.bar() as show:

        def progress(now: Any) -> None:
            try:
                show(now)
            except BrokenPipeError:  # nobody reads any more (a closed pipe): save and end, as at a hang-up
                stop.ask("paused")

        outcome = training.train(
            run, dataset, stop=stop, hooks=Hooks(progress=progress), checkpoint_steps=checkpoint_steps
        )
    for notice in run.notices:
        say.line(notice)
    rows = run.metrics()
    run.close()
    if outcome.error:
        raise outcome.error
    say.result(run=str(run.folder), status=outcome.status, **(rows[-1] if rows else {"step": outcome.step}))
    return 0


def start_log() -> None:
    """Details of a failure go into a file: a person gets one clear line, never a traceback."""
    from models.core import places

    folder = places.logs()
    with contextlib.suppress(OSError):  # a home that cannot be written must not keep a command from running
        folder.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(
            filename=folder / "models.log",
            level=logging.WARNING,
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors become one clear line on standard error."""
    from models import commands, commands_arithmetic, commands_autoencoders, commands_doctor, commands_scores

    arguments = parser().parse_args(argv)
    start_log()
    say = commands.Say(as_json=arguments.json)
    own = {
        "train": train, "resume": resume,
        "denoise": commands_autoencoders.denoise_, "transfer": commands_autoencoders.transfer_,
        "score": commands_scores.score_, "arithmetic": commands_arithmetic.arithmetic_,
        "doctor": commands_doctor.doctor_,
    }  # fmt: skip
    try:
        action = own.get(arguments.command) or getattr(commands, arguments.command + "_")
        return int(action(arguments, say))
    except ConfigError as error:
        for name, problem in error.fields.items():
            print(f"{arguments.command}: {name} {problem}", file=sys.stderr)
        return 2
    except UserError as error:
        print(f"{arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{arguments.command}: interrupted", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to be told at exit
        return 1


if __name__ == "__main__":
    sys.exit(main())
