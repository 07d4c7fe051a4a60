"""What a page of the Diffusion panel shows, as a value that is read from a recipe and checked against a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.diffusion import samplers
from models.core.diffusion.capability import Sampling
from models.core.diffusion.prompt import MOST as MOST_TEXT
from models.core.diffusion.prompt import STRONGEST, Offer, Prompt
from models.core.diffusion.rates import Rates
from models.core.errors import ConfigError
from models.core.recipes import arrays
from models.core.recipes.fields import Fields
from studio.panels.diffusion.recording import EACH, MOST, Setup, View
from studio.panels.diffusion.start_images import Beginning
from studio.panels.diffusion.table_card import Lists
from studio.session import ModelInfo
from studio.workers.recipes import Prepared

Pixels = NDArray[np.uint8]
FORWARD, REVERSE, INPAINT, PROMPT = "forward", "reverse", "inpaint", "prompt"
MOST_SHEET = 10_000  # images of a sheet from the command line
LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, eq=False)
class PageState:
    """One page.

    Attributes:
        mode: which page.
        time: the t that is looked at.
        view: of a reverse process, with or without inpainting.
        points: of a bent schedule; () for the model's own.
        images: uint8 (n, h, w, c) on their way into noise, or the one (1, h, w, c) that is painted upon.
        mask: bool (h, w), where that one is painted anew.
        table: of words, on the Prompt page; None for the images of the prompt.
    """

    mode: str
    time: int
    view: View | None = None
    points: tuple[tuple[float, float], ...] = ()
    images: Pixels | None = None
    mask: NDArray[np.bool_] | None = None
    table: Lists | None = None


def prepare(values: Mapping[str, Any], info: ModelInfo, rates: Rates, offer: Offer) -> Prepared:
    """The page that a recipe tells of, for a model with these ``rates`` and this ``offer``.

    Raises:
        RunFormatError: naming what does not fit.
    """
    fields = Fields(values)
    mode = fields.choice("mode", (FORWARD, REVERSE, INPAINT, PROMPT), REVERSE)
    time = fields.whole("time", 0, rates.timesteps, 0)
    if mode == FORWARD:
        return Prepared(_forward(fields, info, time))
    view, notes = _view(fields, info, rates, offer)
    if mode == PROMPT and offer.kind != "text":
        raise fields.bad("mode", "is for a model that takes text")
    if mode in (REVERSE, PROMPT):
        table = _table(fields) if mode == PROMPT and fields.has("table") else None
        return Prepared(PageState(mode, time, view, table=table), notes)
    picture, mask = _images(fields, "picture", info.image_shape), arrays.unpack(fields.values.get("mask"))
    if mask is None or mask.shape[:3] != (1, *info.image_shape[:2]):
        raise fields.bad("mask", f"must be an image of {info.image_shape[1]} x {info.image_shape[0]} pixels")
    return Prepared(PageState(mode, time, view, images=picture[:1], mask=mask[0, ..., 0] > 127), notes)


def _table(fields: Fields) -> Lists:
    group = fields.group("table")
    lists = Lists(*(group.text(name, MOST_TEXT, "") for name in ("begin", "across", "down")))
    try:
        lists.table()
    except ConfigError as error:
        name, problem = next(iter(error.fields.items()))
        raise group.bad(name, problem) from error
    return lists


def _forward(fields: Fields, info: ModelInfo, time: int) -> PageState:
    points = arrays.points(fields.values.get("points"))
    if points is None:
        raise fields.bad("points", "are no points of a schedule that falls from 1 to 0")
    return PageState(FORWARD, time, points=points, images=_images(fields, "pictures", info.image_shape))


def _images(fields: Fields, name: str, shape: tuple[int, int, int]) -> Pixels:
    found = arrays.unpack(fields.values.get(name))
    if found is None:
        raise fields.bad(name, "is missing or cannot be read")
    if found.shape[1:] != shape:
        height, width, channels = shape
        raise fields.bad(name, f"has shape {found.shape[1:]}, the model's images are {height} x {width} x {channels}")
    return found


def _view(fields: Fields, info: ModelInfo, rates: Rates, offer: Offer) -> tuple[View, tuple[str, ...]]:
    main, count = setup_in(fields.group("walk"), rates, offer)
    view = View(main)
    if fields.has("fork"):
        other, _ = setup_in(fields.group("fork"), rates, offer)
        view = replace(view, fork=other, time=fields.whole("fork_time", 0, rates.timesteps, 0))
    if fields.has("begin"):
        group = fields.group("begin")
        images = _images(group, "pictures", info.image_shape)
        seed = group.whole("seed", 0, LARGEST_SEED, 0)
        view = replace(view, begin=Beginning(group.whole("time", 1, rates.timesteps), images, seed))
    notes = (f"The sheet has {count:,} images; the first {MOST} are made again.",) if count > MOST else ()
    return view, notes


def setup_in(fields: Fields, rates: Rates, offer: Offer) -> tuple[Setup, int]:
    """How a walk goes, and how many images it had; a window shows 32 of them at most.

    Raises:
        RunFormatError: naming what does not fit.
    """
    sampling = Sampling(
        fields.choice("sampler", tuple(samplers.SAMPLERS)), fields.whole("steps", 1, rates.timesteps),
        fields.number("eta", 0.0, 1.0, 0.0), fields.number("guidance", 0.0, 20.0, 2.0),
        fields.whole("seed", 0, LARGEST_SEED),
        fields.whole("repeats", 1, 50, 1),
    )  # fmt: skip
    try:
        sampling.check(rates.timesteps, rates.path)
    except ConfigError as error:
        name, problem = next(iter(error.fields.items()))
        raise fields.bad(name, problem) from error
    classes = len(offer.names) if offer.kind == "class" else 0
    label = fields.whole("label", EACH, max(-1, classes - 1), -1)
    count = fields.whole("count", 1, MOST_SHEET)
    return Setup(sampling, label, min(count, MOST), _prompt(fields, offer)), count


def _prompt(fields: Fields, offer: Offer) -> Prompt:
    """What attributes or which sentence it asked for; of a model that takes them."""
    if offer.kind == "text":
        text, negative = fields.text("prompt", MOST_TEXT, ""), fields.text("negative", MOST_TEXT, "")
        return Prompt((), text, negative, _strengths(fields))
    given = fields.values.get("attributes") or []
    known = offer.names if offer.kind == "attributes" else ()
    pairs = [pair for pair in given if isinstance(pair, list) and len(pair) == 2] if isinstance(given, list) else []
    if pairs != given or not all(pair[0] in known and isinstance(pair[1], bool) for pair in pairs):
        raise fields.bad("attributes", "must be pairs of an attribute that the model knows and true or false")
    if fields.has("prompt"):
        raise fields.bad("prompt", "is for a model that takes text")
    return Prompt(tuple((str(name), there) for name, there in pairs))


def _strengths(fields: Fields) -> tuple[float, ...]:
    """How much each word counts."""
    given = fields.values.get("strengths", [])
    kinds = isinstance(given, list) and all(type(one) in (int, float) for one in given)
    if not kinds or len(given) > MOST_TEXT or not all(0.0 <= one <= STRONGEST for one in given):
        raise fields.bad("strengths", f"must be numbers from 0 to {STRONGEST:g}, one a word")
    return tuple(float(one) for one in given)
