"""What a figure from too few samples is worth, and a sample of a model that has hardly learned: said beside it."""

from __future__ import annotations

import math
from typing import Any

FEW_SHARES = 100  # samples below which a share is uncertain by 10 percentage points and more
USUAL = 1000  # samples that published Fréchet and patch distances of this program are made of
LABELS_A_CLASS = 5  # below that a classifier and the choice of its best epoch are mostly luck
LEARNED = 1000  # steps of a noise predictor before which its samples are mostly noise


def shares(count: int, what: str = "samples") -> list[str]:
    """What shares of so few ``what`` are worth; [] if they are enough."""
    if count >= FEW_SHARES:
        return []
    points = min(100, math.ceil(100.0 * 1.96 * math.sqrt(0.25 / count)))  # half a 95 % interval of a share of one half
    least = f"take at least {FEW_SHARES}"
    return [f"Shares of {count:,} {what} are uncertain by up to {points} percentage points: {least}."]


def distances(count: int, features: int) -> list[str]:
    """What distances of so few samples from real images are worth.

    Args:
        count: of samples.
        features: numbers an image that the Fréchet distance compares, 0 if it is not among the distances.
    """
    if features and count <= features:
        return [
            f"The Fréchet distance says nothing here: it compares {features} features, whose covariances take more "
            f"than {features} samples, not {count:,}. Take at least {USUAL:,}."
        ]
    if count < USUAL:
        return [
            f"Distances of {count:,} samples are larger than those of {USUAL:,}: compare only those of as many samples."
        ]
    return []


def coverage(count: int, classes: int, least: float) -> list[str]:
    """What the number of covered classes is worth: a class counts from a share of ``least`` on."""
    needed = math.ceil(5 / least)  # so that one sample alone does not make a class covered
    if not classes or count >= needed:
        return []
    single = max(1, math.ceil(least * count))
    return [
        f"A class counts as covered from {single} of {count:,} samples on, which may be chance: take at least "
        f"{needed:,}."
    ]


def labels(count: int, classes: int) -> list[str]:
    """What a comparison with so few labels is worth."""
    if count >= LABELS_A_CLASS * classes:
        return []
    return [
        f"{count:,} labels are less than {LABELS_A_CLASS} for each of {classes} classes, and a fifth of them choose "
        "the best epoch: differences are mostly luck."
    ]


def learned(model: Any) -> str:
    """What samples of a model that diffuses are worth after so few steps; "" if it has learned enough, or is another.

    Args:
        model: with its weights.
    """
    counted = getattr(model, "steps_learned", None)
    if counted is None:
        return ""
    from keras import ops  # a window is drawn before Keras loads

    steps = int(ops.convert_to_numpy(counted()))
    if steps >= LEARNED:
        return ""
    how = f"has learned to predict noise for {steps:,} steps only" if steps else "has not learned to predict noise yet"
    return f"This model {how}: its samples are mostly noise. Train it for some thousand steps."


def training(steps: int) -> str:
    """What a diffusion model will not have learned after so many steps; "" if they are enough."""
    if steps >= LEARNED:
        return ""
    needed = "some thousand are needed. Ask for more epochs"
    return f"It ends after {steps:,} steps: samples will be mostly noise, {needed}."
