"""What the command ``arithmetic`` does once its arguments are read."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.cli.commands import Say, open_model
from models.cli.denoise_transfer import counting
from models.core.arrays import Images
from models.core.capabilities import Decodes
from models.core.errors import ConfigError, UserError
from models.core.record import Run


def arithmetic_(arguments: Namespace, say: Say) -> int:
    """The command ``arithmetic``: "with - without + other" on unseen people, judged by a classifier of the dataset."""
    for path in arguments.run:
        _check(path, arguments.attribute)
    for path in arguments.run:
        run, model = open_model(Namespace(run=path), say, Decodes)
        about = run.info.dataset
        from models.core.datasets import recorded
        from models.core.evaluation import arithmetic_score, cautions
        from models.core.evaluation import evaluator as evaluators

        dataset = recorded.load(about, work=say.loading)
        with counting(say, "steps") as work:
            evaluator = evaluators.evaluator_of(dataset, work=work)
            column = evaluator.names.index(arguments.attribute)

            def has_it(images: Images, column: int = column, evaluator: evaluators.Evaluator = evaluator) -> Any:
                return evaluator.labels(images)[:, column].astype(np.bool_)

            found = arithmetic_score.score(
                model, arguments.attribute, has_it, people=arguments.people, seed=arguments.seed,
                size=dataset.image_shape[0], work=work,
            )  # fmt: skip
        _tell(found, run, arguments.attribute, float(evaluator.accuracy[column]), say)
        for sentence in cautions.shares(arguments.people, "people"):
            say.line(f"Caution: {sentence}")
    return 0


def _check(path: Path, attribute: str) -> None:
    """Refuse what ``run.json`` alone shows to be in vain.

    Raises:
        UserError: if the run was not trained on faces.
        ConfigError: if its dataset does not know the attribute.
    """
    about = Run.open(path).info.dataset
    if about["name"] != "faces":
        advice = "Choose a run that was trained on faces, the dataset that renders one person with and without."
        raise UserError("Only faces have true pairs of images.", where=str(path), advice=advice)
    if attribute not in about["attribute_names"]:
        raise ConfigError({"--attribute": f"must be one of {', '.join(about['attribute_names'])}"})


def _tell(found: list[Any], run: Any, attribute: str, accuracy: float, say: Say) -> None:
    """One line a size of group; the evaluator's accuracy says how far to trust it."""
    if say.as_json:
        rows = [asdict(one) for one in found]
        say.object("done", run=run.info.id, attribute=attribute, judge_accuracy=accuracy, groups=rows)
        return
    say.line(f"{run.info.title}: with {attribute} - without + other, {found[0].people:,} people never trained on")
    say.line("averaged   classified  before    nearer to the true image  error  error before")
    for one in found:
        truth = "no true image is known"
        if one.nearer is not None:
            truth = f"{one.nearer:>26.1%}  {one.error:.4f}  {one.unchanged_error:.4f}"
        say.line(f"{one.group:>8}  {one.judged:>11.1%}  {one.unchanged:>6.1%}  {truth}")
    say.line(f"the evaluation classifier is right about {attribute} on {accuracy:.1%} of the test images")
