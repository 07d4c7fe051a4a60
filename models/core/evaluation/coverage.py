"""Which classes a model paints: what the evaluator of its dataset sees on samples, while it learns or afterwards."""

from __future__ import annotations

from typing import Any

from models.core import loading
from models.core.capabilities import Decodes
from models.core.datasets import Dataset
from models.core.diffusion.capability import QUICK, Diffuses
from models.core.errors import UserError
from models.core.evaluation import evaluator as evaluators
from models.core.evaluation import samples
from models.core.evaluation.evaluator import Evaluator, shares
from models.core.record import Run
from models.core.record.timeline import Rows
from models.core.work import SILENT, Work


def recorded(run: Run) -> Rows:
    """What the evaluator saw by step, as far as the run recorded it."""
    return [{"step": int(row["step"]), **row["coverage"]} for row in run.stats() if "coverage" in row]


def look_back(run: Run, dataset: Dataset, *, work: Work = SILENT) -> Rows:
    """Let the evaluator look at samples of every checkpoint of a run; one that is not there yet is trained first.

    Args:
        run: if it is open for writing, it records what the evaluator saw.
        dataset: the one it was trained on.
        work: told (what is being done, done, in all); checked now and then.

    Returns:
        What the evaluator saw by step, that which was recorded before included.

    Raises:
        UserError: if the dataset has no classes, or the model draws no samples.
        Cancelled: if ``work`` is cancelled; what was recorded until then stays.
    """
    if evaluators.kind_of(dataset) != "class":
        advice = "Choose a run on a dataset with classes, for instance fashion_mnist."
        raise UserError(
            "This dataset has no classes whose coverage could be measured.", where=dataset.name, advice=advice
        )
    evaluator = evaluators.evaluator_of(dataset, work=work)
    model = loading.build(run)
    samples.check(model)
    found = {look["step"]: look for look in recorded(run)}
    entries = [entry for entry in run.checkpoints() if entry.step not in found]
    for done, entry in enumerate(entries):
        work.check()
        work.tell("Evaluating checkpoints", done, len(entries))
        step = loading.reload(model, run, step=entry.step, work=work).step  # a damaged one gives way to the one before
        found[step] = {"step": step, **_look(model, evaluator, run, step)}
    return [found[step] for step in sorted(found)]


def _look(model: Decodes | Diffuses, evaluator: Evaluator, run: Run, step: int) -> dict[str, Any]:
    seen = coverage(model, evaluator, run.info.seed)
    if not run.read_only:
        before = next((row for row in run.stats() if row["step"] == step), {})
        run.save_stats(step, {**before, "coverage": seen})
    return seen


SAMPLES = 500  # samples that the evaluator looks at; a class of ten has 50 of them where all are equally frequent


def coverage(model: Decodes | Diffuses, evaluator: Evaluator, seed: int, work: Work = SILENT) -> dict[str, Any]:
    """What an evaluator sees on samples of a model: names, their shares in [0, 1], and how many samples it saw."""
    predicted = evaluator.labels(samples.draw(model, SAMPLES, seed, sampling=QUICK, work=work))
    return {"names": list(evaluator.names), "shares": shares(predicted, evaluator.names).tolist(), "count": SAMPLES}
