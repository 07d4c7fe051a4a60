"""What the Arithmetic panel asks its threads for: images with labels, their codings, and codings of any image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.datasets import recorded
from models.core.datasets.rows import evenly
from models.core.errors import UserError
from models.core.latent import directions
from models.core.latent.directions import Known
from models.core.latent.finding import CHUNK, codings_of
from models.core.work import Work, advance
from studio.session import ModelInfo

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Labels = Callable[[Floats], Flags]  # (n, height, width, channels) in [0, 1] -> (n, attributes)
MAKING, JUDGING = 2_000, 1_000  # images that make directions, and those that only judge them
IMAGINED = 2_000
SEED = 0  # of what is imagined and of what is held out


@dataclass(frozen=True)
class Labelled:
    """Pictures (n, height, width, channels) of a dataset with what is known of them; ``held`` ones were not learned."""

    pictures: Pixels
    labels: Flags
    names: tuple[str, ...]
    held: Flags


def names_of(info: ModelInfo) -> tuple[str, ...]:
    """What the images of a model's dataset are labelled with: attributes, or classes."""
    return info.attribute_names or info.label_names


def labelled(info: ModelInfo, work: Work) -> Labelled:
    """Some images of the dataset: of its training part to make directions, of the rest to judge them."""
    dataset = recorded.load(info.data, work=work)
    names = names_of(info)
    if dataset.attributes is not None and dataset.attribute_names == names:
        labels = dataset.attributes
    elif dataset.labels is not None and dataset.label_names == names:
        labels = dataset.labels[:, None] == np.arange(len(names))
    else:
        raise UserError("The dataset has other labels than when the model was trained.", where=info.dataset)
    making, judging = dataset.train, slice(dataset.train.stop, len(dataset.images))
    chosen = np.concatenate([evenly(making, MAKING), evenly(judging, JUDGING)])
    return Labelled(np.asarray(dataset.images[chosen]), labels[chosen], names, chosen >= judging.start)


def unseen(info: ModelInfo, seed: int, count: int, work: Work) -> Pixels:
    """Pictures of the dataset that the model has not learned from, drawn by seed."""
    dataset = recorded.load(info.data, work=work)
    first = dataset.train.stop if dataset.train.stop < len(dataset.images) else 0
    drawn = np.random.default_rng(seed).permutation(len(dataset.images) - first)[:count]
    return np.asarray(dataset.images[np.sort(first + drawn)])


def known(model: Any, found: Labelled, work: Work) -> Known:
    """Labelled codings of a model that encodes."""
    return Known(codings_of(model, found.pictures, work), found.labels, found.names, found.held)


def labeller(info: ModelInfo, work: Work) -> Labels:
    """What labels paintings in the order of ``names_of``: the dataset's classifier, trained now if it never was."""
    from models.core.evaluation import evaluator as evaluators

    dataset = recorded.load(info.data, work=work)
    evaluator = evaluators.evaluator_of(dataset, work=work)
    if evaluator.names != names_of(info):
        raise UserError("The dataset has other labels than when the model was trained.", where=info.dataset)
    classes = np.arange(len(evaluator.names))
    if evaluator.kind == "class":
        return lambda generated: evaluator.labels(generated)[:, None] == classes
    return lambda generated: evaluator.labels(generated).astype(np.bool_)


def imagined(model: Any, labels: Labels, names: tuple[str, ...], work: Work) -> Known:
    """Labelled codings of a model that only paints: draws of its prior, their paintings labelled by somebody else."""
    codings = model.sample_codings(IMAGINED, SEED)
    parts = []
    for begin in range(0, len(codings), CHUNK):
        advance(work, "Generating", begin, len(codings))
        parts.append(labels(model.decode(codings[begin : begin + CHUNK])))
    return Known(codings, np.concatenate(parts), names, directions.hold_out(len(codings), SEED))
