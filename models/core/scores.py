"""The score of a generator: which classes it covers, how near its pictures are to real ones, whether it obeys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.core import images as pictures
from models.core import judge, metrics
from models.core.datasets import Dataset
from models.core.errors import UserError
from models.core.family import Conditions, Decodes
from models.core.judge import Cancel, Judge, Progress


@dataclass(frozen=True)
class Scores:
    """What the judge found.

    Attributes:
        judged: "class" or "attributes": what the judge tells apart.
        count: how many samples were judged.
        seed: of their codings.
        judge_accuracy: of the judge on test images, by name; of classes one number called "all".
        shares: of the samples judged as each class or as having each attribute.
        shares_real: the same of the real test images.
        covered: how many classes at least 2 % of the samples belong to; None for attributes.
        frechet: distance of the samples' features from those of the test images; smaller is better.
        frechet_real: the same of as many real images, which is as good as it gets.
        conditional: how often a sample is what was asked for, by name and as "all"; None without conditions.
    """

    judged: str
    count: int
    seed: int
    judge_accuracy: dict[str, float]
    shares: dict[str, float]
    shares_real: dict[str, float]
    covered: int | None
    frechet: float
    frechet_real: float
    conditional: dict[str, float] | None

    def data(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return asdict(self)


def score(
    model: Any, dataset: Dataset, *, count: int = 1000, seed: int = 0, progress: Progress | None = None,
    cancelled: Cancel | None = None,
) -> Scores:  # fmt: skip
    """Judge ``count`` samples of a model that ``Decodes``; a judge that is not there yet is trained first.

    Args:
        model: with its weights.
        dataset: the one it was trained on.
        count: at least 2.
        seed: of the codings.
        progress: called with (what is being done, done, in all).
        cancelled: asked now and then.

    Raises:
        UserError: if model and dataset do not suit each other, or there is nothing to judge by.
        Cancelled: if ``cancelled`` said so.
    """
    if not isinstance(model, Decodes):
        raise UserError("This model draws no samples, so they cannot be judged.", advice="Choose a VAE or a GAN.")
    codings = model.sample_codings(count, seed)
    painted = model.decode(codings)
    if painted.shape[1:] != dataset.image_shape:
        raise UserError("The model paints images of another shape than the dataset's.", where=dataset.name)
    known = judge.judge_of(dataset, progress=progress, cancelled=cancelled)
    features, probabilities = known.look(painted)
    real, real_probabilities = known.look(pictures.to_float(np.asarray(dataset.images[dataset.test])))
    found = judge.shares(known.decide(probabilities), known.names)
    usual = judge.shares(known.decide(real_probabilities), known.names)
    single = known.kind == "class"
    return Scores(
        judged=known.kind, count=count, seed=seed,
        judge_accuracy=dict(zip(("all",) if single else known.names, known.accuracy.tolist(), strict=True)),
        shares=dict(zip(known.names, found.tolist(), strict=True)),
        shares_real=dict(zip(known.names, usual.tolist(), strict=True)),
        covered=judge.covered(found) if single else None,
        frechet=metrics.frechet(features, real),
        frechet_real=metrics.frechet(known.look(_others(dataset, count, seed))[0], real),
        conditional=_obedience(model, known, codings) if isinstance(model, Conditions) else None,
    )  # fmt: skip


def _others(dataset: Dataset, count: int, seed: int) -> Any:
    """As many training images, drawn from the seed, as there are samples (all of them if there are fewer)."""
    rows = np.arange(*dataset.train.indices(len(dataset.images)))
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:count])
    return pictures.to_float(np.asarray(dataset.images[chosen]))


def _obedience(model: Any, known: Judge, codings: Any) -> dict[str, float] | None:
    """Ask for each class equally often, or for the attributes that the codings carry, and look what comes.

    Returns:
        None if the judge of this dataset tells apart something else than the model was conditioned on.
    """
    if model.condition_kind != known.kind or model.condition_names != known.names:
        return None
    size = len(known.names)
    if known.kind == "class":
        asked = np.arange(len(codings)) % size
        verdicts = known.verdict(model.decode_with(codings, np.eye(size, dtype=np.float32)[asked]))
        rows = {name: asked == label for label, name in enumerate(known.names)}
        each = {name: float((verdicts == asked)[at].mean()) for name, at in rows.items() if at.any()}
        return {**each, "all": float(judge.agreement(verdicts, asked)[0])}
    wanted = codings[:, -size:]
    right = judge.agreement(known.verdict(model.decode(codings)), (wanted > 0.5).astype(np.int64))
    return {**dict(zip(known.names, right.tolist(), strict=True)), "all": float(right.mean())}
