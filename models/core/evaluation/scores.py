"""The score of a generator: which classes it covers, how near its images are to real ones, whether it obeys."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.arrays import Codings
from models.core.batches import conditioned
from models.core.capabilities import Conditions
from models.core.datasets import Dataset
from models.core.diffusion.capability import Sampling
from models.core.errors import UserError
from models.core.evaluation import cautions, metrics, samples, swd
from models.core.evaluation import evaluator as evaluators
from models.core.evaluation.evaluator import Evaluator
from models.core.images import convert
from models.core.work import SILENT, Work


@dataclass(frozen=True)
class Scores:
    """What the evaluator found.

    Attributes:
        judged: "class" or "attributes": what the evaluator tells apart.
        count: how many samples were scored.
        seed: of their codings.
        judge_accuracy: of the evaluator on test images, by name; of classes one number called "all".
        shares: of the samples predicted as each class or as having each attribute.
        shares_real: the same of the real test images.
        covered: how many classes at least 2 % of the samples belong to; None for attributes.
        frechet: distance of the samples' features from those of the test images; smaller is better.
        frechet_real: the same of as many real images, which is as good as it gets.
        swd: sliced Wasserstein distance of the samples from as many test images at each scale, in thousandths, by
            names such as "64 x 64"; smaller is better. Empty for tiny images.
        swd_real: the same of as many training images, which is as good as it gets.
        conditional: how often a sample is what was asked for, by name and as "all"; None without conditions.
        cautions: what so few samples, or a model that has hardly learned, make of these figures.
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
    swd: dict[str, float]
    swd_real: dict[str, float]
    conditional: dict[str, float] | None
    cautions: list[str]

    def data(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return asdict(self)


def patches(
    model: Any,
    dataset: Dataset,
    *,
    count: int = 1000,
    seed: int = 0,
    work: Work = SILENT,
    sampling: Sampling | None = None,
) -> dict[str, dict[str, float]]:
    """The part of a score that needs no labels: the distance of patches at each scale; see ``score``.

    Returns:
        "swd" of the samples and "swd_real" of as many training images, both by scale and from images held out.

    Raises:
        UserError: as ``score``, and if the images are too small for patches.
        Cancelled: if ``work`` is cancelled.
    """
    samples.check(model)
    generated = _generated(model, dataset, count, seed, {"sampling": sampling, "work": work})
    if not swd.sides(dataset.image_shape):
        raise UserError("These images are too small for patches to be compared.", where=dataset.name)
    held_out = dataset.test if dataset.test.stop > dataset.test.start else dataset.validation
    part = held_out if held_out.stop > held_out.start else dataset.train
    real = convert.to_float(np.asarray(dataset.images[part]))
    return {
        "swd": _distances(generated, real, seed, work),
        "swd_real": _distances(_others(dataset, count, seed), real, seed, work),
    }


def score(
    model: Any, dataset: Dataset, *, count: int = 1000, seed: int = 0, work: Work = SILENT,
    sampling: Sampling | None = None,
) -> Scores:  # fmt: skip
    """Score ``count`` samples of a model that draws some; an evaluator that is not there yet is trained first.

    Args:
        model: with its weights.
        dataset: the one it was trained on.
        count: at least 2.
        seed: of the codings or the noise.
        work: told (what is being done, done, in all); checked now and then.
        sampling: how a model that diffuses walks.

    Raises:
        UserError: if model and dataset do not suit each other, or the dataset has no labels to evaluate by.
        Cancelled: if ``work`` is cancelled.
    """
    samples.check(model)
    how: Any = {"sampling": sampling, "work": work}
    generated = _generated(model, dataset, count, seed, how)
    evaluator = evaluators.evaluator_of(dataset, work=work)
    test, others = convert.to_float(np.asarray(dataset.images[dataset.test])), _others(dataset, count, seed)
    features, probabilities = evaluator.predict(generated)
    real, real_probabilities = evaluator.predict(test)
    found, usual = (_shares(dataset, evaluator, seen) for seen in (probabilities, real_probabilities))
    return Scores(
        judged=evaluator.kind, count=count, seed=seed, judge_accuracy=_accuracy(evaluator),
        shares=found, shares_real=usual,
        covered=evaluators.covered(np.array([*found.values()])) if evaluator.kind == "class" else None,
        frechet=metrics.frechet(features, real),
        frechet_real=metrics.frechet(evaluator.predict(others)[0], real),
        swd=_distances(generated, test, seed, work),
        swd_real=_distances(others, test, seed, work),
        conditional=_conditional(model, evaluator, dataset, count, seed, **how),
        cautions=doubts(model, count, len(found) if evaluator.kind == "class" else 0, judged=True),
    )  # fmt: skip


def doubts(model: Any, count: int, classes: int, *, judged: bool) -> list[str]:
    """What a score of ``count`` samples is worth, in sentences; ``classes`` is 0 where none are counted."""
    found = [cautions.learned(model), *cautions.distances(count, evaluators.FEATURES if judged else 0)]
    if judged:
        found += [*cautions.shares(count), *cautions.coverage(count, classes, evaluators.COVERED)]
    return [sentence for sentence in found if sentence]


def _kept(dataset: Dataset, evaluator: Evaluator) -> NDArray[np.int64]:
    """Classes with training images, or all attributes, by place: older runs name classes without any image."""
    return dataset.trained_classes if evaluator.kind == "class" else np.arange(len(evaluator.names))


def _shares(dataset: Dataset, evaluator: Evaluator, probabilities: Codings) -> dict[str, float]:
    """The share of images predicted as each class that was trained, or as having each attribute, by name."""
    found = evaluators.shares(evaluator.labels_of(probabilities), evaluator.names)
    return {evaluator.names[place]: float(found[place]) for place in _kept(dataset, evaluator).tolist()}


def _generated(model: Any, dataset: Dataset, count: int, seed: int, how: Any) -> Any:
    generated = samples.draw(model, count, seed, **how)
    if generated.shape[1:] != dataset.image_shape:
        raise UserError("The model generates images of another shape than the dataset's.", where=dataset.name)
    return generated


def _accuracy(evaluator: Evaluator) -> dict[str, float]:
    """The evaluator's own accuracy on test images: of classes one number, of attributes one each."""
    names = ("all",) if evaluator.kind == "class" else evaluator.names
    return dict(zip(names, evaluator.accuracy.tolist(), strict=True))


def _distances(first: Any, second: Any, seed: int, work: Work) -> dict[str, float]:
    work.tell("Comparing patches", 0, 1)
    found = swd.distances(first, second, seed=seed, work=work)
    work.tell("Comparing patches", 1, 1)
    return found


def _others(dataset: Dataset, count: int, seed: int) -> Any:
    """As many training images, drawn from the seed, as there are samples (all of them if there are fewer)."""
    rows = np.arange(*dataset.train.indices(len(dataset.images)))
    chosen = np.sort(np.random.default_rng(seed).permutation(rows)[:count])
    return convert.to_float(np.asarray(dataset.images[chosen]))


def _conditional(
    model: Any, evaluator: Evaluator, dataset: Dataset, count: int, seed: int, **how: Any
) -> dict[str, float] | None:
    """The share of samples with what was asked for, by name: each class equally often, attributes as images have them.

    Returns:
        None if the model has no conditions, or the evaluator of this dataset tells apart something else.
    """
    if not conditioned(model) or model.condition_kind != evaluator.kind or model.condition_names != evaluator.names:
        return None
    size = len(evaluator.names)
    if evaluator.kind == "class":
        classes = _kept(dataset, evaluator)
        labels = classes[np.arange(count) % len(classes)].astype(np.int32)
        right = evaluator.labels(samples.draw_classes(model, labels, seed, **how)) == labels
        rows = {name: labels == label for label, name in enumerate(evaluator.names)}
        each = {name: float(right[at].mean()) for name, at in rows.items() if at.any()}
        return {**each, "all": float(right.mean())}
    if isinstance(model, Conditions):
        codings = model.sample_codings(count, seed)
        asked, generated = (codings[:, -size:] > 0.5).astype(np.int64), model.decode(codings)
    else:
        there = np.asarray(dataset.attributes)[dataset.test].astype(np.int64)
        asked = there[np.random.default_rng(seed).integers(0, len(there), count)]
        generated = model.sample(count, seed, conditions=(2 * asked - 1).astype(np.float32), **how)
    right = evaluators.agreement(evaluator.labels(generated), asked)
    return {**dict(zip(evaluator.names, right.tolist(), strict=True)), "all": float(right.mean())}
