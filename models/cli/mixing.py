"""What the command ``mixing`` does once its arguments are read: a table as an image, or what mixing changes."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from typing import Any

from models.cli.commands import Say, open_model
from models.cli.denoise_transfer import counting
from models.core.errors import ConfigError
from models.core.images import export
from models.core.recipes.schema import of_run
from models.core.record import Run
from models.core.styles import synthesis
from models.core.styles.mixing import MixesStyles
from models.core.styles.table import Mixture, crossover_words
from models.core.work import Unseen

COARSE = 0.4  # of all layers: four of ten
PAIRS = 500  # that are measured


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
    if arguments.out is not None:
        return _write(arguments, run, model, say)
    pairs = PAIRS if arguments.count is None else arguments.count
    from models.core.datasets import recorded
    from models.core.evaluation import cautions, mixing_score
    from models.core.evaluation import evaluator as evaluators

    dataset = recorded.load(run.info.dataset, work=say.loading)
    mixing_score.places(dataset)  # refused before anything slow begins
    with counting(say, "steps") as work:
        evaluator = evaluators.evaluator_of(dataset, work=work)
        found = mixing_score.score(
            model, dataset, evaluator, crossover=crossover, truncation=arguments.truncation, count=pairs,
            seed=arguments.seed, work=work,
        )  # fmt: skip
    doubts = cautions.shares(pairs, "pairs")
    if say.as_json:
        rows = [row.data() for row in found]
        say.object("done", run=run.info.id, crossover=crossover, layers=count, rows=rows, cautions=doubts)
        return 0
    where = f"layers before {model.style_layers[crossover].name} ({crossover} of {count}) from the coarse source"
    say.line(f"{pairs:,} pairs, {where}")
    _tell(found, say)
    trust = ", ".join(f"{name} {value:.1%}" for name, value in zip(evaluator.names, evaluator.accuracy, strict=True))
    say.line(f"accuracy of the evaluation classifier on test images: {trust}")
    for sentence in doubts:
        say.line(f"Caution: {sentence}")
    return 0


def _write(arguments: Namespace, run: Run, model: MixesStyles, say: Say) -> int:
    """The table that the Styles panel exports: sources drawn by seed, and what becomes of each pair."""
    table = Mixture.begin(len(model.style_layers), arguments.seed).with_crossover(crossover_of(arguments, model))
    table = replace(table, truncation=arguments.truncation)
    with counting(say, "images") as work:
        sources, cells = synthesis.sources(model, table, Unseen(work)), synthesis.cells(model, table, work)
        work.tell("Generating mixes", len(cells), len(cells))
    recipe = of_run(run, "styles", "mixing", **table.recipe())
    say.line(f"Crossover: {crossover_words(model.style_layers, table.crossover)}")
    say.result(written=str(export.write_png(arguments.out, synthesis.sheet(sources, cells), recipe)))
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
