"""What the command ``mixing`` does once its arguments are read."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from models.cli.commands import Say, open_model
from models.cli.denoise_transfer import counting
from models.core.errors import ConfigError
from models.core.styles.mixing import MixesStyles

COARSE = 0.4  # of all layers: four of ten


def crossover_of(arguments: Namespace, model: MixesStyles) -> int:
    """The first layer with the fine source's style; ConfigError if the model has not so many."""
    count = len(model.style_layers)
    crossover: int = round(COARSE * count) if arguments.crossover is None else arguments.crossover
    if not 1 <= crossover < count:
        raise ConfigError({"--crossover": f"must be from 1 to {count - 1} (it is {crossover})"})
    return crossover


def mixing_(arguments: Namespace, say: Say) -> int:
    """The command ``mixing``: what changes with the coarse source, and what with the fine one."""
    run, model = open_model(arguments, say, MixesStyles, lambda model: crossover_of(arguments, model))
    count, crossover = len(model.style_layers), crossover_of(arguments, model)
    from models.core.datasets import recorded
    from models.core.evaluation import cautions, mixing_score
    from models.core.evaluation import evaluator as evaluators

    dataset = recorded.load(run.info.dataset, work=say.loading)
    mixing_score.places(dataset)  # refused before anything slow begins
    with counting(say, "steps") as work:
        evaluator = evaluators.evaluator_of(dataset, work=work)
        found = mixing_score.score(
            model, dataset, evaluator, crossover=crossover, truncation=arguments.truncation, count=arguments.count,
            seed=arguments.seed, work=work,
        )  # fmt: skip
    doubts = cautions.shares(arguments.count, "pairs")
    if say.as_json:
        rows = [row.data() for row in found]
        say.object("done", run=run.info.id, crossover=crossover, layers=count, rows=rows, cautions=doubts)
        return 0
    where = f"layers before {model.style_layers[crossover].name} ({crossover} of {count}) from the coarse source"
    say.line(f"{arguments.count:,} pairs, {where}")
    _tell(found, say)
    trust = ", ".join(f"{name} {value:.1%}" for name, value in zip(evaluator.names, evaluator.accuracy, strict=True))
    say.line(f"accuracy of the evaluation classifier on test images: {trust}")
    for sentence in doubts:
        say.line(f"Caution: {sentence}")
    return 0


def _tell(found: list[Any], say: Say) -> None:
    """One line a thing that may change; the last column compares the two sources."""
    width = max(len(row.name) for row in found)
    for kind, head, more in (
        ("judged", "share of images classified otherwise", "coarse / fine"),
        ("colour", "mean change of the colour, of 255", "fine / coarse"),
    ):
        say.line(f"{'':<{width}}  another coarse source  another fine source  {more}   ({head})")
        for row in found:
            if row.kind == kind:
                values = [f"{value:.1%}" if kind == "judged" else f"{value:.1f}" for value in (row.coarse, row.fine)]
                say.line(f"{row.name:<{width}}  {values[0]:>21}  {values[1]:>19}  {row.factor:>13.1f}")
