"""What the commands of the command line take: one place that ``--help`` is made from."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import models
from models.core import places


def path(text: str) -> Path:
    """The type of every argument that is a path: however it is written, it means the same (see ``places.path_of``)."""
    with _refusing():
        return places.path_of(text)


def run(text: str) -> Path:
    """The type of every argument that names a run: its folder, or a bare name such as ``vae-fashion``."""
    from models.core import record

    with _refusing():
        return record.find_run(text)


def own_run(text: str) -> Path:
    """The type of an argument that names a run to be written: shipped runs belong to the program and never change."""
    folder = run(text)
    if places.pretrained().resolve() in folder.resolve().parents:
        wanted = f"branch {folder.name} --out DIR"
        raise argparse.ArgumentTypeError(
            f"{folder.name} is a shipped run, which never changes; {wanted} makes your own"
        )
    return folder


def dataset(text: str) -> str:
    """The type of every argument that names a dataset: a key, or an absolute path (``./faces`` is a folder, not a key).

    It stays a string because that is what a run folder remembers of it.
    """
    from models.core.datasets import DATASETS

    return text if text in DATASETS else str(path(text))


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Turn what is wrong with a path into an error of its argument."""
    try:
        yield
    except FileNotFoundError:
        raise argparse.ArgumentTypeError("is a relative path, but the working folder is gone") from None
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from None


DATASET = "a name, a folder of images or an .npz file"
_DASHED = re.compile(r"-(?![-\d.]|h$).")  # no option, no negative number: a path that begins with a dash


class Parser(argparse.ArgumentParser):
    """Exits with 2 and names what is wrong, as every command here does."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Remember what was given, for the words of an error."""
        self._given = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the problem, exit 2."""
        self.print_usage(sys.stderr)
        if any(_DASHED.match(word) for word in self._given):
            message += " (write ./-NAME for a path that begins with a dash)"
        self.exit(2, f"{self.prog}: {message}\n")


def _called() -> str:
    """The command as the user typed it: the script's name, or ``python -m models``."""
    name = Path(sys.argv[0]).stem
    return name if name == "generative-studio" else "python -m models"


def parser() -> Parser:
    """Every command with its arguments."""
    top = Parser(prog=_called(), description="Train generative image models and use them.")
    top.add_argument("--version", action="version", version=f"generative-studio {models.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
        return command

    add("list", "families, their settings, and the runs there are")
    _add_training(add)
    _add_using(add)
    _add_measuring(add)
    add("info", "what a run is and how far it got").add_argument("run", type=run)
    return top


def _add_training(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("datasets", "the datasets there are, or what one of them holds")
    command.add_argument("dataset", type=dataset, nargs="?", help=DATASET)
    command.add_argument("--size", type=int, help="side in pixels to which a folder's images are fitted")
    command = add("train", "start a run")
    command.add_argument("family")
    command.add_argument("--dataset", type=dataset, default="fashion_mnist", help=DATASET)
    command.add_argument("--size", type=int, help="side in pixels to which a folder's images are fitted")
    command.add_argument("--epochs")
    command.add_argument("--seed")
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="any setting of the family")
    command.add_argument("--run", type=path, help="the run folder (default: a new one among the studio's runs)")
    command.add_argument("--checkpoint-steps", type=int, help="save every so many steps (default: by time)")
    command = add("resume", "go on with a run exactly where it stopped")
    command.add_argument("run", type=own_run)
    command.add_argument("--epochs", type=int, help="epochs in all, if more are wanted")
    command.add_argument("--learning-rate", type=float, help="a new learning rate, after it diverged for instance")
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="what may still change")
    command.add_argument("--checkpoint-steps", type=int, help="save every so many steps (default: by time)")
    command = add("branch", "a new run that goes on from a checkpoint of another one, with other settings")
    command.add_argument("run", type=run)
    command.add_argument("--step", type=int, help="of the checkpoint (default: the newest)")
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="any setting of the family")
    command.add_argument("--size", type=int, help="side in pixels, if it shall go on with smaller or larger pictures")
    command.add_argument("--out", type=path, required=True, help="the folder of the new run; resume trains it")


def _add_using(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("sample", "draw new images")
    command.add_argument("run", type=run)
    command.add_argument("--count", type=int, default=16)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--out", type=path, required=True, help=".png for a sheet, .npy for the codings")
    command.add_argument("--class", dest="label", help="name or number of the class that a diffusion model shall paint")
    command.add_argument("--images", type=path, nargs="+", help="pictures that a diffusion model begins with")
    command.add_argument(
        "--from", dest="start", type=int, metavar="STEP", help="how deep these are in noise (half of all)"
    )
    _add_walking(command)
    command = add("reconstruct", "squeeze images through a model: originals above, reconstructions below")
    command.add_argument("run", type=run)
    command.add_argument("--images", type=path, nargs="+", required=True)
    command.add_argument("--out", type=path, required=True)
    command = add("interpolate", "walk from one seed's image to another's")
    command.add_argument("run", type=run)
    command.add_argument("--from", dest="begin", type=int, required=True, metavar="SEED")
    command.add_argument("--to", dest="end", type=int, required=True, metavar="SEED")
    command.add_argument("--steps", type=int, default=12)
    command.add_argument("--linear", action="store_true", help="a straight line instead of an arc")
    command.add_argument("--out", type=path, required=True, help=".png for a strip, .gif .apng .webp .mp4 for a film")
    command = add("export", "write the networks for other programs")
    command.add_argument("run", type=run)
    command.add_argument("--format", choices=["keras", "weights", "onnx", "tflite"], required=True)
    command.add_argument("--out", type=path, required=True)


def _add_walking(command: argparse.ArgumentParser) -> None:
    """How a model that diffuses walks from noise to pictures."""
    command.add_argument("--sampler", help="ddim, ddpm (all steps) or dpm_solver (diffusion models; ddim)")
    command.add_argument("--steps", type=int, help="from noise to picture (diffusion models; 50)")
    command.add_argument("--eta", type=float, help="how much new noise ddim adds, 0 to 1 (0)")
    command.add_argument("--guidance", type=float, help="how much the class counts, 0 to 20 (2)")


def _add_measuring(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    command = add("denoise", "remove the noise from pictures of any size, files and whole folders")
    command.add_argument("run", type=run)
    command.add_argument("--images", type=path, nargs="+", required=True, metavar="PATH", help="files and folders")
    command.add_argument("--out", type=path, required=True, help="the folder for the results; names are kept")
    command.add_argument("--strength", type=float, help="of the noise, a share of full scale (default: measured)")
    command = add("score", "let a classifier that knows the dataset judge new samples: classes covered, distance")
    command.add_argument("run", type=run)
    command.add_argument("--count", type=int, default=1000, help="samples to judge (1000)")
    command.add_argument("--seed", type=int, default=0)
    _add_walking(command)
    command = add("transfer", "what an encoder is worth to a classifier with few labels")
    command.add_argument("run", type=run)
    command.add_argument("--labels", help="labelled images for each classifier (500)")
    command.add_argument("--seeds", help="repetitions with other labels and weights (3)")
    command.add_argument("--layers", help="how many of the encoder's layers are reused (all)")
    command.add_argument("--epochs", help="passes over the labelled images")
    command.add_argument("--frozen-epochs", help="of these, passes with the reused layers frozen")
    command.add_argument("--optimizer", help="sgd, as in the textbook, or nadam")
    command.add_argument("--learning-rate", help="while the reused layers are frozen")
    command.add_argument("--fine-tuning-rate", help="once all layers learn")
    command.add_argument("--seed", help="of the first repetition")
    command.add_argument("--out", type=path, help="a .json file for curves and confusion matrices")
    command = add("arithmetic", "with glasses - without + somebody else, judged on people nobody has trained on")
    command.add_argument("run", type=run, nargs="+", help="one run or several that were trained on faces")
    command.add_argument("--attribute", default="glasses", help="glasses or beard")
    command.add_argument("--people", type=int, default=500)
    command.add_argument("--seed", type=int, default=0)
    command = add("mixing", "what changes with the coarse source of mixed styles, and what with the fine one")
    command.add_argument("run", type=run, help="a StyleGAN that was trained on faces")
    command.add_argument("--crossover", type=int, help="the first layer with the fine source's style (4 of 10)")
    command.add_argument("--truncation", type=float, default=0.8)
    command.add_argument("--count", type=int, default=500, help="pairs of pictures (500)")
    command.add_argument("--seed", type=int, default=0)
    command = add("doctor", "what is going on in a GAN's run, how one can tell, and what can be tried")
    command.add_argument("run", type=run)
    command.add_argument("--judge", action="store_true", help="let the judge look at every checkpoint first (slow)")
