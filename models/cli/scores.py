"""What the command ``score`` does once its arguments are read."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from models.cli.commands import Say, open_model
from models.cli.denoise_transfer import counting
from models.cli.sampling import sampling_of
from models.core.errors import UserError


def score_(arguments: Namespace, say: Say) -> int:
    """The command ``score``: an evaluator that has seen the labels looks at new samples of a run."""
    from models.core.datasets import recorded
    from models.core.evaluation import evaluator, samples, scores, swd

    def suits(model: Any) -> Any:
        samples.check(model)
        return sampling_of(arguments, model)

    run, model = open_model(arguments, say, object, suits)
    sampling = suits(model)
    dataset = recorded.load(run.info.dataset, work=say.loading)
    try:
        evaluator.kind_of(dataset)  # refused before anything slow begins
    except UserError as error:
        if not swd.sides(dataset.image_shape):
            raise
        say.line(f"{error.what} Only patches are compared.")
        with counting(say, "steps") as work:
            apart = scores.patches(model, dataset, count=arguments.count, seed=arguments.seed, work=work,
                                   sampling=sampling)  # fmt: skip
        doubts = scores.doubts(model, arguments.count, 0, judged=False)
        if say.as_json:
            more: dict[str, Any] = {"cautions": doubts, **apart}
            say.object("done", run=run.info.id, judged=None, count=arguments.count, seed=arguments.seed, **more)
        else:
            _tell_patches(apart["swd"], apart["swd_real"], say)
            _tell_doubts(doubts, say)
        return 0
    with counting(say, "steps") as work:
        found = scores.score(model, dataset, count=arguments.count, seed=arguments.seed, work=work, sampling=sampling)
    if say.as_json:
        say.object("done", run=run.info.id, **found.data())
    else:
        _tell(found, say)
    return 0


def _tell_patches(found: dict[str, float], real: dict[str, float], say: Say) -> None:
    if found:
        say.line("scale    sliced Wasserstein distance of 7 x 7 patches, in thousandths (as many real images)")
    for scale, value in found.items():
        say.line(f"{scale:<7}  {value:>6.2f} ({real[scale]:.2f})")


def _tell(found: Any, say: Say) -> None:
    """A table of the shares, then one line a number."""
    width = max(len(name) for name in found.shares)
    obeyed = found.conditional or {}
    heads = f"{found.judged:<{width}}  {'samples':>8}  {'real':>7}"
    say.line(heads + (f"  {'as asked':>8}" if obeyed else ""))
    for name, share in found.shares.items():
        asked = f"  {obeyed[name]:>8.1%}" if name in obeyed else ""
        say.line(f"{name:<{width}}  {share:>8.1%}  {found.shares_real[name]:>7.1%}{asked}")
    if found.covered is not None:
        say.line(f"covered classes: {found.covered} of {len(found.shares)} (at least 2 % of {found.count:,} samples)")
    say.line(f"Fréchet distance: {found.frechet:.2f} (as many real images: {found.frechet_real:.2f})")
    _tell_patches(found.swd, found.swd_real, say)
    if obeyed:
        say.line(f"conditional accuracy: {obeyed['all']:.1%}")
    trust = ", ".join(f"{name} {value:.1%}" for name, value in found.judge_accuracy.items())
    say.line(f"accuracy of the evaluation classifier on test images: {trust}")
    _tell_doubts(found.cautions, say)


def _tell_doubts(doubts: list[str], say: Say) -> None:
    """What the figures are worth."""
    for sentence in doubts:
        say.line(f"Caution: {sentence}")
