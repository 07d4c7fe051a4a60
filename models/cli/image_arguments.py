"""What the commands take that make images from codings, styles and noise."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from models.cli import argument_checks as checks
from models.cli.argument_checks import Wrong
from models.cli.argument_parser import Parser
from models.cli.argument_types import BACKGROUND, IMAGE, RUN, SEED, path
from models.core.diffusion.capability import LIMITS
from models.core.diffusion.prompt import MOST as MOST_TEXT
from models.core.diffusion.prompt import STRONGEST
from models.core.diffusion.samplers import SAMPLERS
from models.core.latent.arithmetic import MOST_PICTURES
from models.core.recipes.fields import LARGEST
from models.core.styles.table import MOST_TRUNCATION, USUAL_TRUNCATION

PEOPLE = (101, 5_000)  # at least one more than the largest group that is averaged
ANIMATIONS = (".gif", ".apng", ".webp", ".mp4")


def add_asking(command: Parser) -> None:
    """What a model with conditions is asked for."""
    command.add_argument("--class", dest="label", help="name or number of the class (models with classes)")
    text = checks.sentence(MOST_TEXT)
    command.add_argument("--attributes", type=text, help="such as glasses,no beard (models with attributes)")
    command.add_argument("--prompt", type=text, help="a sentence (models that take text)")
    command.add_argument("--negative", type=text, help="a sentence to lead away from (models that take text)")
    command.add_argument(
        "--strength", action="append", type=checks.strength(STRONGEST), metavar="WORD=NUMBER",
        help=f"how much a word of the prompt counts: 0 leaves it out, {STRONGEST:g} doubles its effect; more than once",
    )  # fmt: skip


def add_walking(command: Parser) -> None:
    """How a model that diffuses walks from noise to images."""
    command.add_argument(
        "--sampler",
        type=checks.one_of(SAMPLERS),
        help=f"{', '.join(SAMPLERS)} (diffusion; ddim, of a flow euler)",
    )
    command.add_argument("--steps", type=checks.whole(1), help="from noise to image (diffusion; 50, of a flow 30)")
    command.add_argument("--eta", type=checks.number(*LIMITS["eta"]), help="how much new noise ddim adds, 0 to 1 (0)")
    command.add_argument(
        "--guidance", type=checks.number(*LIMITS["guidance"]), help="guidance scale of what is asked for, 0 to 20 (2)"
    )


def add_inpaint(command: Parser) -> None:
    """A part of an image, generated again."""
    command.add_argument("run", **RUN, help="a diffusion model")
    command.add_argument("--image", **IMAGE, required=True, help="fitted to the size of the model's images")
    command.add_argument(
        "--mask", **IMAGE, required=True,
        help="an image as large: white (in one with transparent parts: opaque) is generated again, the rest is kept",
    )  # fmt: skip
    add_asking(command)
    command.add_argument(
        "--count", type=checks.whole(1, 10_000), default=1, help="of different results, as a sheet (1)"
    )
    command.add_argument("--seed", type=SEED, default=0)
    command.add_argument(
        "--repeats", type=checks.whole(1, int(LIMITS["repeats"][1])), default=1,
        help="of each step, 1 to 50: more fit the new part better to the rest (1)",
    )  # fmt: skip
    command.add_argument("--background", **BACKGROUND)
    command.add_argument("--out", type=path, check=checks.out_file(".png"), required=True)
    add_walking(command)


def add_interpolate(command: Parser) -> None:
    """A strip or an animation between the images of two seeds, or along one number of a coding."""
    command.add_argument("run", **RUN)
    command.add_argument(
        "--axis", type=checks.whole(0), metavar="NUMBER",
        help="change only this number of the coding (3 is z3 in the window), from --from to --to",
    )  # fmt: skip
    values = "the seed of the {} image; with --axis the {} value, such as {}"
    command.add_argument(
        "--from", dest="begin", required=True, metavar="SEED|VALUE", help=values.format("first", "first", "-0.8")
    )
    command.add_argument(
        "--to", dest="end", required=True, metavar="SEED|VALUE", help=values.format("last", "last", "0.8")
    )
    command.add_argument(
        "--seed", type=SEED, help="with --axis: the other numbers are those of this draw (default: all 0)"
    )
    command.add_argument("--steps", type=checks.whole(2, 1000), default=12)
    command.add_argument("--linear", action="store_true", help="a straight line instead of an arc")
    command.add_argument("--scale", type=checks.whole(1, 64), default=1, help="each pixel as so many, crisp (1)")
    command.add_argument("--fps", type=checks.number(0.1, 100), help="frames a second of an animation (10)")
    command.add_argument(
        "--out", type=path, check=checks.out_file(".png", *ANIMATIONS), required=True,
        help=".png for a strip, .gif .apng .webp .mp4 for an animation",
    )  # fmt: skip
    command.settle = _ends


def _ends(values: Namespace) -> None:
    """Read the two ends: seeds, or with an axis values of it."""
    along = values.axis is not None
    read: Callable[[str], Any] = checks.number(-LARGEST, LARGEST) if along else SEED
    values.begin, values.end = (text if text is None else read(text) for text in (values.begin, values.end))
    if not along and isinstance(values.seed, int):
        values.seed = Wrong("is only for --axis: without it, --from and --to are seeds")
    if along and values.linear:
        values.linear = Wrong("is not for --axis, which goes straight")


def add_arithmetic(command: Parser) -> None:
    """With - without + other: of your images, or measured."""
    command.add_argument("run", **RUN, nargs="+", help="with --images one run; else those to measure, trained on faces")
    command.add_argument(
        "--images", **IMAGE, nargs="+", metavar="A",
        help="images with something; without --minus and --plus three groups of equal size: A..., B..., C...",
    )  # fmt: skip
    command.add_argument("--minus", **IMAGE, nargs="+", metavar="B", help="images without it")
    command.add_argument("--plus", **IMAGE, nargs="+", metavar="C", help="images that shall get it")
    command.add_argument(
        "--out", type=path, check=checks.out_file(".png"),
        help="mean of A - mean of B + mean of C; FILE-sheet.png: it among eight variations",
    )  # fmt: skip
    command.add_argument("--noise", type=checks.number(0.0, 1.0), help="of the variations on the sheet, 0 to 1 (0.25)")
    command.add_argument("--background", **BACKGROUND)
    command.add_argument("--attribute", help="that is measured: glasses (default) or beard")
    command.add_argument("--people", type=checks.whole(*PEOPLE), help="that are measured (500)")
    command.add_argument("--seed", type=SEED, default=0, help="of the variations' noise, or of the people (0)")
    command.settle = _sum


def _sum(values: Namespace) -> None:
    """Three groups of images, or what is measured: neither has a use for what is only for the other."""
    if values.images is None:
        for name in ("minus", "plus", "out", "noise"):
            if getattr(values, name) is not None:
                setattr(values, name, Wrong("needs --images"))
        values.attribute = values.attribute or "glasses"
        values.people = 500 if values.people is None else values.people
        return
    for name in ("attribute", "people"):
        if getattr(values, name) is not None:
            setattr(values, name, Wrong("is only for measuring, without --images"))
    if len(values.run) > 1:
        values.run = [Wrong(f"must be one with --images (they are {len(values.run)})")]
    if values.out is None:
        values.out = Wrong("is missing: the image to write")
    if any(isinstance(one, Wrong) for one in values.images):
        return
    if values.minus is None and values.plus is None:
        size, rest = divmod(len(values.images), 3)
        if rest:
            problem = f"must be three groups of equal size (they are {len(values.images)}), or take --minus and --plus"
            values.images = [Wrong(problem)]
            return
        values.minus, values.plus = values.images[size : 2 * size], values.images[2 * size :]
        values.images = values.images[:size]
    for name in ("images", "minus", "plus"):
        if len(getattr(values, name) or ()) > MOST_PICTURES:
            setattr(values, name, Wrong(f"must be at most {MOST_PICTURES} images a group"))


def add_mixing(command: Parser) -> None:
    """A table of mixed styles, or what mixing them changes."""
    command.add_argument("run", **RUN, help="a StyleGAN; to measure, one that was trained on faces")
    command.add_argument(
        "--out", type=path, check=checks.out_file(".png"),
        help="write the table: coarse sources at the left, fine ones on top, their mixes inside; without it, measure",
    )  # fmt: skip
    command.add_argument(
        "--crossover", type=checks.whole(1), help="the first layer with the fine source's style (4 of 10)"
    )
    command.add_argument(
        "--truncation", type=checks.number(0.0, 2.0), default=USUAL_TRUNCATION, help="0 to 2, of a table to 1.5 (0.8)"
    )
    command.add_argument("--count", type=checks.whole(2, 10_000), help="pairs of images that are measured (500)")
    command.add_argument("--seed", type=SEED, default=0, help="of the sources, or of the pairs (0)")
    command.settle = _table


def _table(values: Namespace) -> None:
    """What a table of mixes has no use for."""
    if values.out is None:
        return
    if isinstance(values.count, int):
        values.count = Wrong("is only for measuring: a table has 6 x 6 mixes")
    if isinstance(values.truncation, float) and values.truncation > MOST_TRUNCATION:
        values.truncation = Wrong(f"must be from 0.0 to {MOST_TRUNCATION} for a table (it is {values.truncation:g})")
