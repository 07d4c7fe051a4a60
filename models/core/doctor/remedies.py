"""What can be done about what the GAN doctor found: changes of settings, as data; branch.py tries them.

The remedies are those that the literature names: experience replay and minibatch discrimination against collapse and
oscillation, smoothed labels, a gradient penalty and other learning rates where one network wins, another seed where
luck was bad.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.core.doctor import rules
from models.core.doctor.rules import Diagnosis
from models.core.doctor.signals import Rows
from models.core.record import CheckpointEntry, Run
from models.core.record.schema import treated

EVENT = "remedy"
GENTLER = 0.2  # of the learning rate, where steps are too long; a tenth where the run diverged
SLOWER, FASTER = 0.5, 2.0  # the discriminator's rate over the generator's, at least so far from 1

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Remedy:
    """One thing to try.

    Attributes:
        key: a word for the record.
        title: a verb and its object, for a button.
        why: one sentence.
        changes: new values by setting.
        afresh: whether it begins anew instead of going on from a checkpoint.
    """

    key: str
    title: str
    why: str
    changes: dict[str, Any]
    afresh: bool = False


@dataclass(frozen=True)
class Treatment:
    """What was tried in a run that branched off another one, and what it did.

    Attributes:
        remedy: its title.
        step: of the checkpoint it went on from; None if it began afresh.
        parent: id of the run it branched off.
        before: kind and sentence of the diagnosis there.
        after: the diagnosis of what was trained since.
    """

    remedy: str
    step: int | None
    parent: str
    before: dict[str, str]
    after: Diagnosis


def replay(config: Values) -> Remedy | None:
    """Old fakes keep the discriminator from forgetting what it saw through."""
    size = max(int(config.get("replay_size", 1024)), int(config.get("batch_size", 1)))
    why = "The discriminator sees earlier fakes again, so that the generator gains nothing by repeating them."
    off = config.get("replay") is False
    return Remedy("replay", "Turn on experience replay", why, {"replay": True, "replay_size": size}) if off else None


def minibatch(config: Values) -> Remedy | None:
    """Who sees how alike a batch is, sees through a generator that repeats itself."""
    why = "The discriminator sees how alike the images of a batch are, and can detect a generator that repeats itself."
    off = config.get("minibatch") is False
    return Remedy("minibatch", "Turn on minibatch discrimination", why, {"minibatch": True}) if off else None


def smoothing(config: Values) -> Remedy | None:
    """A discriminator that may not be quite sure leaves the generator a gradient."""
    why = "Real images are trained towards less than 1, which leaves the generator more gradient to learn from."
    off = config.get("smoothing") is False
    return Remedy("smoothing", "Turn on label smoothing", why, {"smoothing": True}) if off else None


def slower_discriminator(config: Values) -> Remedy | None:
    """The generator gets time to catch up."""
    why = "The discriminator gets a lower learning rate than the generator, which can then catch up."
    return _rate("slower", "Slow the discriminator down", why, min(SLOWER, SLOWER * _factor(config)), config)


def faster_discriminator(config: Values) -> Remedy | None:
    """The discriminator gets the chance to see through the fakes again."""
    why = "The discriminator gets a higher learning rate than the generator and can detect its fakes again."
    return _rate("faster", "Speed the discriminator up", why, max(FASTER, FASTER * _factor(config)), config)


def flatter_discriminator(config: Values) -> Remedy | None:
    """A discriminator that is flat around real images cannot drive the generator past them (Mescheder et al. 2018)."""
    why = "The discriminator's gradient at real images is penalised (R1), so that training converges near them."
    off = config.get("gradient_penalty") == 0
    return Remedy("penalty", "Add a gradient penalty (R1)", why, {"gradient_penalty": 1.0}) if off else None


def gentler(config: Values) -> Remedy | None:
    """Shorter steps of both networks."""
    why = "A lower learning rate of both networks keeps one from outrunning the other."
    changes = {"learning_rate": _short(float(config["learning_rate"]) * GENTLER)}
    return Remedy("gentler", f"Lower the learning rate to {changes['learning_rate']:g}", why, changes)


def calmer_optimizer(config: Values) -> Remedy | None:
    """RMSprop, with which the textbook's GAN learned; with Nadam it collapsed."""
    why = "Without momentum the networks do not overshoot; with Nadam the textbook's GAN collapsed, with RMSprop not."
    changes = {"optimizer": "rmsprop", "learning_rate": min(1e-4, float(config["learning_rate"]))}
    other = config.get("optimizer") in ("nadam", "adam")
    return Remedy("optimizer", "Switch to RMSprop", why, changes) if other else None


def larger_codings(config: Values) -> Remedy | None:
    """A generator that is given two numbers has no room for ten kinds of images."""
    why = "From so few coding units a generator cannot generate many kinds of images. This starts a new run."
    small = int(config.get("latent_size", 30)) < 8
    return Remedy("codings", "Use 30 coding units", why, {"latent_size": 30}, afresh=True) if small else None


def another_seed(config: Values) -> Remedy | None:
    """GANs depend on luck."""
    why = "GANs depend on their initial weights; the same settings often succeed with others. This starts a new run."
    seed = (int(config["seed"]) + 1) % 2**31
    return Remedy("seed", "Start again with another seed", why, {"seed": seed}, afresh=True)


Offer = Callable[[Values], Remedy | None]
OFFERS: dict[str, tuple[Offer, ...]] = {  # by kind of diagnosis, the likeliest to help first
    "mode collapse": (
        larger_codings,
        calmer_optimizer,
        minibatch,
        replay,
        flatter_discriminator,
        gentler,
        another_seed,
    ),
    "discriminator winning": (slower_discriminator, flatter_discriminator, smoothing, gentler, another_seed),
    "generator winning": (faster_discriminator, minibatch, replay, another_seed),
    "oscillating": (replay, flatter_discriminator, gentler, faster_discriminator, smoothing, another_seed),
    "diverged": (gentler, calmer_optimizer, another_seed),
}


def remedies(found: Diagnosis, config: Values) -> tuple[Remedy, ...]:
    """What can be tried about a diagnosis, the likeliest first; only settings that the config has are changed."""
    made = []
    for offer in OFFERS.get(found.kind, ()):
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):  # missing, or of another type
            made.append(offer(config))
    return tuple(one for one in made if one is not None and set(one.changes) <= set(config))


def _factor(config: Values) -> float:
    """The discriminator's learning rate as a multiple of the generator's, as it is now."""
    return float(config.get("discriminator_rate", 1.0)) if config.get("separate_rates") else 1.0


def _rate(key: str, title: str, why: str, factor: float, config: Values) -> Remedy | None:
    """Another rate for the discriminator; one that is far off begins again near the generator's."""
    now = _factor(config)
    if factor < now and now > 1.0 / SLOWER:
        factor = SLOWER
    if factor > now and now < 1.0 / FASTER:
        factor = 1.0
    changes = {"separate_rates": True, "discriminator_rate": _short(min(max(factor, 0.001), 1000.0))}
    return Remedy(key, title, why, changes)


def _short(value: float) -> float:
    """Two figures are enough for a rate."""
    return float(f"{value:.2g}")


# --- A run on disk, and what was tried in it ---


def checkpoint_before(entries: Sequence[CheckpointEntry], since: int | None) -> CheckpointEntry | None:
    """The newest checkpoint of before the trouble; None if there is none in which anything was learned."""
    before = [entry for entry in entries if since is None or 0 < entry.step <= since]
    return before[-1] if before else None


def examine(run: Run, looks: Rows | None = None) -> Diagnosis | None:
    """The diagnosis of a run on disk; of a branch, of what was trained since. None if it has no such signals.

    Args:
        run: open in any way.
        looks: of the evaluator by step; None for those that the run recorded.
    """
    rows = run.metrics()
    if not any(rules.suits(row) for row in rows[-3:]):
        return None
    if looks is None:
        looks = [{"step": row["step"], **row["coverage"]} for row in run.stats() if "coverage" in row]
    tried = treatment_event(run)
    begin = int(tried["step"] or 0) if tried else 0
    return rules.diagnose(rows, looks, begin=begin, gave_up="diverged" in run.info.message)


def treatment_event(run: Run) -> dict[str, Any] | None:
    """What a run noted when it branched off another one as a remedy; None if it did not."""
    noted = [treated(event["values"]) for event in run.events() if event["kind"] == EVENT]
    return next((values for values in reversed(noted) if values is not None), None)


def treatment(run: Run, looks: Rows | None = None) -> Treatment | None:
    """What was tried in a run and what it did; None if it is no branch."""
    tried, after = treatment_event(run), examine(run, looks)
    if tried is None or after is None:
        return None
    before = {name: str(tried["found"][name]) for name in ("kind", "sentence")}
    return Treatment(tried["remedy"]["title"], tried["step"], tried["parent"], before, after)
