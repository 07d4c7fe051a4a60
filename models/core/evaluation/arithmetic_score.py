"""Does "with - without + other" work? Measured on unseen people, by an evaluator that is not the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Codings, Images
from models.core.capabilities import Encodes
from models.core.datasets import faces
from models.core.errors import UserError
from models.core.images import convert
from models.core.work import SILENT, Work

HasAttribute = Callable[
    [Images], NDArray[np.bool_]
]  # (n, height, width, channels) in [0, 1] -> whether each has it (n,)
GROUPS = (1, 3, 10, 100)  # pairs whose codings are averaged; three in the paper's figure
POOL = 512  # codings drawn at a time for a model that cannot encode


@dataclass(frozen=True)
class Score:
    """Shares in [0, 1] over ``people``.

    Attributes:
        group: how many images with, and how many without, were averaged.
        judged: have the attribute after the arithmetic.
        unchanged: have it before, painted by the model as they are.
        nearer: nearer to the true image than the unchanged painting; None where no true image is known.
        error: mean squared error to the true image, and that of the unchanged painting.
    """

    people: int
    group: int
    judged: float
    unchanged: float
    nearer: float | None = None
    error: float | None = None
    unchanged_error: float | None = None


def score(
    model: Any,
    attribute: str,
    has_attribute: HasAttribute,
    *,
    people: int = 500,
    seed: int = 0,
    size: int = faces.SIZE,
    work: Work = SILENT,
) -> list[Score]:
    """Give each of many people what others have, once for each size of ``GROUPS``.

    A model that encodes is given true pairs (the same person drawn without and with the attribute; none of them is in
    the dataset). One that only paints is given people that it imagined, sorted by the evaluator.

    Args:
        model: has the capability ``Decodes``.
        attribute: "glasses" or "beard".
        has_attribute: says who has it. It must not have been made from this model.
        people: how many, at least 8.
        seed: which ones.
        size: side of the images.
        work: told (what, done, total).

    Raises:
        UserError: if a model that only paints never paints the attribute, or always.
        DatasetError: if there are no pairs of this attribute.
    """
    if isinstance(model, Encodes):
        work.tell("Rendering people", 0, people)
        without, with_it = faces.pairs(attribute, people, seed, size)
        work.tell("Encoding", 0, people)
        truth = convert.to_float(with_it)
        absent, present = model.encode(convert.to_float(without)), model.encode(truth)
        return [_compare(model, has_attribute, present, absent, group=group, truth=truth) for group in GROUPS]
    present, absent = sorted_codings(model, has_attribute, people, seed, work)
    present = np.resize(present, absent.shape)
    return [_compare(model, has_attribute, present, absent, group=group) for group in GROUPS]


def shifts(present: Codings, absent: Codings, group: int) -> Codings:
    """For each person the mean over ``group`` others of with minus without (n, latent_size); never the person's own."""
    others = [np.roll(present - absent, -step, axis=0) for step in range(1, group + 1)]
    return np.asarray(np.mean(others, axis=0), np.float32)


def sorted_codings(
    model: Any, has_attribute: HasAttribute, people: int, seed: int, work: Work
) -> tuple[Codings, Codings]:
    """Codings of the prior whose paintings have the attribute (at least 8), and ``people`` whose do not.

    Raises:
        UserError: if too few of either are painted.
    """
    present: list[Codings] = []
    absent: list[Codings] = []
    for draw in range(max(8, 8 * people // POOL)):
        codings = model.sample_codings(POOL, seed * 1000 + draw)
        has = has_attribute(model.decode(codings))
        present.append(codings[has])
        absent.append(codings[~has])
        lacking = sum(map(len, absent))
        work.tell("Generating people", min(lacking, people), people)
        if lacking >= people and 4 * sum(map(len, present)) >= people:
            break
    first, second = np.concatenate(present), np.concatenate(absent)[:people]
    if len(first) < 8 or len(second) < people:
        text = f"Of {POOL * (draw + 1):,} samples {len(first):,} have the attribute: there is nothing to compare."
        raise UserError(text, advice="Train the model longer, or on images that have it.")
    return first, second


def _compare(
    model: Any,
    has_attribute: HasAttribute,
    present: Codings,
    absent: Codings,
    *,
    group: int,
    truth: Images | None = None,
) -> Score:
    before, after = model.decode(absent), model.decode(absent + shifts(present, absent, group))
    shares = (len(absent), group, float(has_attribute(after).mean()), float(has_attribute(before).mean()))
    if truth is None:
        return Score(*shares)
    errors = [((generated - truth) ** 2).mean(axis=(1, 2, 3)) for generated in (after, before)]
    nearer = float((errors[0] < errors[1]).mean())
    return Score(*shares, nearer, float(errors[0].mean()), float(errors[1].mean()))
