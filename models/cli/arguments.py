"""What the commands of the command line take: one place that ``--help`` is made from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import models
from models.cli import argument_checks as checks
from models.cli.argument_parser import Parser
from models.cli.argument_types import (
    ANY_FILE,
    BACKGROUND,
    DATASET,
    IMAGE,
    OWN_RUN,
    RUN,
    SEED,
    SETTING,
    SIDE,
    SOURCE,
    path,
    preset,
)
from models.cli.image_arguments import add_arithmetic, add_asking, add_inpaint, add_interpolate, add_mixing, add_walking
from models.core.diffusion.prompt import MOST as MOST_TEXT
from models.core.hub.presets import PRECISIONS
from models.core.images import export
from models.core.network_export import formats


def _called() -> str:
    """The command as the user typed it: the script's name, or ``python -m models``."""
    name = Path(sys.argv[0]).stem
    return name if name == "generative-studio" else "python -m models"


def parser() -> Parser:
    """Every command with its arguments."""
    top = Parser(prog=_called(), description="Train generative image models and use them.")
    top.add_argument("--version", action="version", version=f"generative-studio {models.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> Parser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
        return command

    add("list", "list the families, their settings and the runs")
    _add_training(add)
    _add_using(add)
    _add_measuring(add)
    add("info", "describe a run and its progress").add_argument("run", **RUN)
    return top


def _add_training(add: Callable[[str, str], Parser]) -> None:
    command = add("datasets", "list the datasets, or describe one")
    command.add_argument("dataset", nargs="?", **SOURCE, help=DATASET)
    command.add_argument("--size", type=SIDE, help="side in pixels to which a folder's images are fitted")
    command = add("train", "start a run")
    command.add_argument("family")
    command.add_argument("--dataset", **SOURCE, default="fashion_mnist", help=DATASET)
    command.add_argument("--size", type=SIDE, help="side in pixels to which a folder's images are fitted")
    command.add_argument("--epochs", type=checks.whole(1))
    command.add_argument("--seed", type=SEED)
    command.add_argument("--set", **SETTING, help="any setting of the family")
    command.add_argument(
        "--defaults", action="store_true", help="the textbook's settings, not those that suit the dataset"
    )
    command.add_argument(
        "--run",
        type=path,
        check=checks.new_run_folder,
        help="the run folder (default: a new one among the studio's runs)",
    )
    command.add_argument("--checkpoint-steps", type=checks.whole(1), help="save every so many steps (default: by time)")
    _add_going_on(add)


def _add_going_on(add: Callable[[str, str], Parser]) -> None:
    """What goes on from a run that is there."""
    command = add("resume", "go on with a run exactly where it stopped")
    command.add_argument("run", **OWN_RUN)
    command.add_argument("--epochs", type=checks.whole(1), help="train until this epoch")
    command.add_argument("--dataset", **SOURCE, help="where its dataset is now, if it was moved")
    command.add_argument(
        "--learning-rate",
        type=checks.number(0.0, above=True),
        help="a new learning rate, after it diverged for instance",
    )
    command.add_argument("--set", **SETTING, help="settings that may still change")
    command.add_argument("--checkpoint-steps", type=checks.whole(1), help="save every so many steps (default: by time)")
    command = add("branch", "a new run that goes on from a checkpoint of another one, with other settings")
    command.add_argument("run", **RUN)
    command.add_argument("--step", type=checks.whole(0), help="of the checkpoint (default: the newest)")
    command.add_argument("--set", **SETTING, help="any setting of the family")
    command.add_argument("--size", type=SIDE, help="side in pixels, to go on with smaller or larger images")
    command.add_argument(
        "--out",
        type=path,
        check=checks.new_run_folder,
        required=True,
        help="the folder of the new run; resume trains it",
    )


def _add_preset(command: Parser) -> None:
    command.add_argument(
        "preset", nargs="?", type=preset, check=checks.preset_source, help="a name, or the folder of a preset"
    )
    command.add_argument("--size", type=checks.whole(64, 2048), help="side of its images in pixels (as it was trained)")
    command.add_argument(
        "--precision", type=checks.one_of(PRECISIONS), help=f"what it computes in: {', '.join(PRECISIONS)}"
    )
    command.add_argument(
        "--run",
        type=path,
        check=checks.out_folder,
        help="the run folder (default: named after the preset among the studio's runs)",
    )


def _add_sample(command: Parser) -> None:
    command.add_argument("run", **RUN)
    command.add_argument("--count", type=checks.whole(1, 10_000), default=16)
    command.add_argument("--seed", type=SEED, default=0)
    command.add_argument(
        "--out",
        type=path,
        check=checks.out_file(".png", ".npy"),
        required=True,
        help=".png for a sheet, .npy for the codings",
    )
    add_asking(command)
    command.add_argument("--images", **IMAGE, nargs="+", help="images that a diffusion model begins with")
    command.add_argument("--background", **BACKGROUND)
    command.add_argument(
        "--from",
        dest="start",
        type=checks.whole(1),
        metavar="STEP",
        help="the time step to which these are noised (half of all)",
    )
    add_walking(command)


def _add_using(add: Callable[[str, str], Parser]) -> None:
    _add_preset(add("preset", "make a run of a Stable Diffusion that others trained, or list those that there are"))
    _add_sample(add("sample", "generate new images"))
    _add_words(add)
    add_inpaint(add("inpaint", "generate a part of an image again; the rest stays as it is"))
    command = add("reconstruct", "encode and decode images: originals above, reconstructions below")
    command.add_argument("run", **RUN)
    command.add_argument("--images", **IMAGE, nargs="+", required=True)
    command.add_argument("--background", **BACKGROUND)
    command.add_argument("--out", type=path, check=checks.out_file(".png"), required=True)
    add_interpolate(add("interpolate", "interpolate from one seed's image to another's"))
    command = add("export", "write the networks for other programs, and a JSON that says how to use them")
    command.add_argument("run", **RUN)
    command.add_argument(
        "--format", type=checks.one_of(formats.FORMATS), required=True, help=", ".join(formats.FORMATS)
    )
    command.add_argument("--out", type=path, check=ANY_FILE, required=True)
    command.add_argument("--overwrite", action="store_true", help="replace files of these names (else: refuse)")


def _add_words(add: Callable[[str, str], Parser]) -> None:
    """What a model that takes text makes of the words of a sentence."""
    text = checks.sentence(MOST_TEXT)
    command = add("words", "what each word of a prompt did: a map for each, measured by leaving it out")
    command.add_argument("run", **RUN, help="a model that takes text")
    command.add_argument("--prompt", type=text, required=True, help="a sentence of the words in its captions")
    command.add_argument("--negative", type=text, help="a sentence to lead away from")
    command.add_argument("--seed", type=SEED, default=0)
    command.add_argument(
        "--out", type=path, check=checks.out_folder, required=True, help="the folder for image, maps and sheet"
    )
    add_walking(command)
    command = add("table", "one list of words across, one down: each sentence from the same noise, as one sheet")
    command.add_argument("run", **RUN, help="a model that takes text")
    command.add_argument("--prompt", type=text, default="", help="what all of them begin with, as a smiling person")
    command.add_argument("--across", type=text, required=True, help="such as black, green, red hair")
    command.add_argument("--down", type=text, required=True, help="such as no glasses, round glasses, sunglasses")
    command.add_argument("--negative", type=text, help="a sentence to lead away from")
    command.add_argument("--seed", type=SEED, default=0)
    command.add_argument("--out", type=path, check=checks.out_file(".png"), required=True)
    add_walking(command)


def _add_measuring(add: Callable[[str, str], Parser]) -> None:
    command = add("denoise", "remove the noise from images of any size, files and whole folders")
    command.add_argument("run", **RUN)
    command.add_argument(
        "--images", type=path, check=checks.source, nargs="+", required=True, metavar="PATH", help="files and folders"
    )
    command.add_argument(
        "--out", type=path, check=checks.out_folder, required=True, help="the folder for the results; names are kept"
    )
    command.add_argument(
        "--strength", type=checks.number(0.0, 1.0), help="of the noise, a share of full scale (default: measured)"
    )
    command.add_argument(
        "--format", type=checks.one_of(export.PHOTO_KINDS), default="png", help="png, jpeg or webp (png)"
    )
    command.add_argument(
        "--quality", type=checks.whole(1, 100), help=f"of jpeg and webp, 1 to 100 ({export.QUALITY}); png loses nothing"
    )
    command.add_argument("--background", **BACKGROUND)
    command = add("score", "evaluate new samples with a classifier: classes covered, Fréchet distance")
    command.add_argument("run", **RUN)
    command.add_argument("--count", type=checks.whole(2, 100_000), default=1000, help="samples to evaluate (1000)")
    command.add_argument("--seed", type=SEED, default=0)
    add_walking(command)
    _add_judging(add)


def _add_judging(add: Callable[[str, str], Parser]) -> None:
    command = add("transfer", "compare a pretrained encoder with one from scratch on few labels")
    command.add_argument("run", **RUN)
    command.add_argument("--labels", help="labelled images for each classifier (500)")
    command.add_argument("--seeds", help="repetitions with other labels and weights (3)")
    command.add_argument("--layers", help="how many of the encoder's layers are reused (all)")
    command.add_argument("--epochs", help="passes over the labelled images")
    command.add_argument("--frozen-epochs", help="of these, passes with the reused layers frozen")
    command.add_argument("--optimizer", help="sgd, as in the textbook, or nadam")
    command.add_argument("--learning-rate", help="while the reused layers are frozen")
    command.add_argument("--fine-tuning-rate", help="once all layers learn")
    command.add_argument("--seed", help="of the first repetition")
    command.add_argument("--out", type=path, check=ANY_FILE, help="a .json file for curves and confusion matrices")
    add_arithmetic(add("arithmetic", "A - B + C of your images; without --images measured on people never trained on"))
    add_mixing(add("mixing", "a table of mixed styles, or what their coarse and fine sources change, measured"))
    command = add("doctor", "diagnose a GAN's run, with the evidence and what can be tried")
    command.add_argument("run", **RUN)
    command.add_argument("--judge", action="store_true", help="classify samples of every checkpoint first (slow)")
