"""What the command ``doctor`` does once its arguments are read."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from models.cli.commands import Say
from models.cli.denoise_transfer import counting
from models.core import device
from models.core.doctor import remedies, rules
from models.core.errors import UserError
from models.core.record import Run


def doctor_(arguments: Namespace, say: Say) -> int:
    """The command ``doctor``: one sentence on a run of two networks that contest, its evidence, and what to try."""
    run = Run.open(arguments.run)
    if not any(rules.suits(row) for row in run.metrics()):
        advice = "Choose a GAN or DCGAN that was trained for some steps."
        raise UserError("This run has no signals that the doctor could read.", where=str(arguments.run), advice=advice)
    looks = _evaluated(run, say) if arguments.judge else None
    found, tried = remedies.examine(run, looks), remedies.treatment(run, looks)
    assert found is not None
    offered = remedies.remedies(found, run.info.config)
    for notice in run.notices:
        say.line(notice)
    if say.as_json:
        before = {"remedy": tried.remedy, "step": tried.step, "before": tried.before} if tried else None
        options = [asdict(remedy) for remedy in offered]
        say.object("done", run=run.info.id, diagnosis=found.data(), remedies=options, treatment=before)
        return 0
    if tried is not None:
        where = "from the beginning" if tried.step is None else f"from step {tried.step:,}"
        say.line(f"Tried {where}: {tried.remedy}. Before: {tried.before['sentence']}")
    _tell(found, offered, say)
    return 0


def _evaluated(run: Run, say: Say) -> Any:
    """Let the evaluator look at every checkpoint first; what it saw is told, not written."""
    device.prepare()
    from models.core.datasets import recorded
    from models.core.evaluation import coverage

    about = run.info.dataset
    dataset = recorded.load(about, work=say.loading)
    with counting(say, "steps") as work:
        return coverage.look_back(run, dataset, work=work)


def _tell(found: Any, offered: Any, say: Say) -> None:
    say.line(found.sentence)
    for evidence in found.evidence:
        say.line(f"  {evidence.words}")
    if offered:
        say.line("What can be tried:")
    for remedy in offered:
        changes = " ".join(f"{name}={value}" for name, value in remedy.changes.items())
        say.line(f"  {remedy.title} ({changes}): {remedy.why}")
