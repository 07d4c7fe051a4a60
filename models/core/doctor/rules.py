"""The GAN doctor: what is going on in a run of two networks that learn against each other, and how one can tell.

It reads what the run recorded (losses, accuracies, diversity, and the classes that an evaluator saw among samples) and
says one sentence, with its evidence. Every rule is one short function with its thresholds as named constants. They
are asked in the order of RULES, and the first one that finds something is believed, because one trouble brings the
next: samples grow alike under a discriminator that lost, and alike ones are easily told from real images.

The sources of the rules: I. Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks", 2016, section 5 (mode
collapse, oscillation), and what the recorded runs in tests/data/doctor showed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.core.doctor.signals import (
    LOOKS,
    NEEDED,
    RECENT,
    Diagnosis,
    Evidence,
    Kind,
    Numbers,
    Rows,
    Signals,
    read,
    suits,
)

__all__ = ["NEEDED", "Diagnosis", "Evidence", "Kind", "diagnose", "suits"]

LEAST = 1500  # steps; before, a discriminator always wins, because the first fakes are noise
FEWEST = 20  # rows; fewer do not make a curve
DIVERGED_LOSS = 5.0  # nats; a discriminator that only guesses has 0.69, and none that learns has seven times that
BEYOND = 1000.0  # nats; a logit of a thousand says nothing any more. Collapsed runs reach a hundred
ALIKE = 0.15  # of the spread of real images; recorded collapses lie below 0.1, healthy runs above 0.4
FORGOTTEN = 0.02  # share of the samples; a class that is seldomer is missing (as in evaluator.COVERED)
FEW_CLASSES = 0.35  # of all classes; healthy runs paint more than that from their first third on
SURE = 0.97  # both accuracies; healthy discriminators stay below 0.95 on one of them
FOOLED = 0.35  # accuracy on fakes; healthy runs have more than 0.6: whoever guesses has 0.5
GUESS = float(np.log(2))  # nats; the loss of a network that says one half of everything
WORSE = 0.1  # nats above that of a guess; an equilibrium stays below it
TURN = 0.45  # share of the samples that changes class from look to look; healthy runs change 0.1 to 0.4, others 0.5
TURNS = 5  # such changes that are averaged; one more than 3 must be there, because young runs change quickly
SWING = 0.35  # standard deviation of the generator's loss between blocks over its mean; healthy runs have 0.1

Rule = Callable[[Signals], "Diagnosis | None"]


# --- Rules, in the order in which they are asked ---


def diverged(seen: Signals) -> Diagnosis | None:
    """A loss that is no number, or far beyond what any network that learns has: the steps are too long."""
    step = int(seen.steps[-1])
    if seen.broken is not None:
        sentence = f"The run diverged: from step {seen.broken:,} on its losses are not finite."
        return Diagnosis("diverged", sentence, max(step, seen.broken), seen.broken)
    limits = {"discriminator_loss": DIVERGED_LOSS, "generator_loss": BEYOND}
    parts = [
        seen.evidence(name.replace("_", " ").capitalize(), seen.values[name], limit, above=True)
        for name, limit in limits.items()
        if seen.values[name][seen.recent].mean() > limit
    ]
    if not parts:
        return None
    since = min(part.since for part in parts)
    sentence = f"The run diverged: since step {since:,} a loss is far beyond that of any network that learns."
    return Diagnosis("diverged", sentence, step, since, tuple(parts))


def alike(seen: Signals) -> Diagnosis | None:
    """The spread of a batch of fakes has all but vanished: whatever the coding, the same image comes."""
    values, step = seen.values["diversity"], int(seen.steps[-1])
    if not values[seen.recent].mean() < ALIKE:
        return None
    found = seen.evidence("Diversity", values, ALIKE, above=False)
    missing = _missing(seen)
    sentence = f"Mode collapse: since step {found.since:,} all samples look alike{_named(missing, seen)}."
    return Diagnosis("mode collapse", sentence, step, found.since, (found, *_coverage(seen)), missing)


def discriminator_wins(seen: Signals) -> Diagnosis | None:
    """Real and fake are told apart almost without fail, and it does not get better: the generator cannot follow."""
    real, fake = (seen.values[name] for name in ("real_accuracy", "fake_accuracy"))
    worse = np.minimum(real, fake)
    if not worse[seen.recent].mean() > SURE:
        return None
    found = seen.evidence("Discriminator accuracy (weaker side)", worse, SURE, above=True)
    loss = seen.values["generator_loss"]
    more = seen.evidence("Generator loss", loss, GUESS, above=True)
    sentence = (
        f"The discriminator is winning: since step {found.since:,} it is hardly ever wrong, so that the generator "
        "learns little from it."
    )
    return Diagnosis("discriminator winning", sentence, int(seen.steps[-1]), found.since, (found, more))


def generator_wins(seen: Signals) -> Diagnosis | None:
    """Most fakes pass for real and the discriminator is worse than one that guesses: it cannot follow.

    A discriminator that guesses is no trouble by itself: where the fakes are good, that is the equilibrium.
    """
    fake, loss = seen.values["fake_accuracy"], seen.values["discriminator_loss"]
    if not (fake[seen.recent].mean() < FOOLED and loss[seen.recent].mean() > GUESS + WORSE):
        return None
    found = seen.evidence("Discriminator accuracy on fakes", fake, FOOLED, above=False)
    more = seen.evidence("Discriminator loss", loss, GUESS + WORSE, above=True)
    sentence = (
        f"The generator is winning: since step {found.since:,} most fakes are classified as real, and the generator "
        "has little to learn from."
    )
    return Diagnosis("generator winning", sentence, int(seen.steps[-1]), found.since, (found, more))


def oscillating(seen: Signals) -> Diagnosis | None:
    """The samples change from one class to the next and back, or the losses swing: both go round in circles."""
    parts = []
    if len(seen.looked) > LOOKS + 1:
        turned = np.concatenate([[0.0], 0.5 * np.abs(np.diff(seen.shares, axis=0)).sum(axis=1)])  # (looks,)
        if turned[-TURNS:].mean() > TURN:
            parts.append(seen.look("Samples that changed class", turned, TURN, above=True, last=TURNS))
    loss = seen.values["generator_loss"]
    width = max(3, round(RECENT * len(loss)))
    swing = np.array([_swing(loss[max(0, end - width) : end]) for end in range(1, len(loss) + 1)])
    if swing[-1] > SWING:
        parts.append(seen.evidence("Oscillation of the generator loss", swing, SWING, above=True))
    if not parts:
        return None
    since = min(part.since for part in parts)
    sentence = f"The run oscillates: since step {since:,} the networks oscillate instead of improving."
    return Diagnosis("oscillating", sentence, int(seen.steps[-1]), since, tuple(parts))


def few_classes(seen: Signals) -> Diagnosis | None:
    """The evaluator keeps seeing the same few classes, and no more of them than before: the others were given up."""
    if len(seen.looked) < 2 * LOOKS:
        return None
    there = (seen.shares >= FORGOTTEN).sum(axis=1).astype(np.float64)
    limit = FEW_CLASSES * len(seen.names)
    found = seen.look("Classes covered", there, limit, above=False)
    growing = there[-LOOKS:].mean() > there[-2 * LOOKS : -LOOKS].mean()
    if growing or not there[-LOOKS:].mean() < limit:
        return None
    missing = _missing(seen)
    sentence = f"Mode collapse: since step {found.since:,} the samples show few of the classes{_named(missing, seen)}."
    return Diagnosis("mode collapse", sentence, int(seen.steps[-1]), found.since, (found,), missing)


RULES: tuple[Rule, ...] = (diverged, generator_wins, alike, discriminator_wins, oscillating, few_classes)


# --- What the rules share ---


def _missing(seen: Signals) -> tuple[str, ...]:
    """Classes that were seldom in each of the last looks."""
    if not len(seen.looked):
        return ()
    seldom = np.all(seen.shares[-LOOKS:] < FORGOTTEN, axis=0).tolist()
    return tuple(name for name, gone in zip(seen.names, seldom, strict=True) if gone)


def _named(missing: tuple[str, ...], seen: Signals) -> str:
    """Words for what is missing; long lists end in a number."""
    if not missing:
        return ""
    return f"; of {len(seen.names)} classes these are missing: {_first(missing)}"


def _first(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _coverage(seen: Signals, *, above: bool = False) -> tuple[Evidence, ...]:
    """How many classes there are among the samples, if an evaluator looked."""
    if not len(seen.looked):
        return ()
    there = (seen.shares >= FORGOTTEN).sum(axis=1).astype(np.float64)
    return (seen.look("Classes covered", there, FEW_CLASSES * len(seen.names), above=above),)


def _swing(values: Numbers) -> float:
    """Standard deviation over mean, without what is a steady trend."""
    if len(values) < 3:
        return 0.0
    x = np.arange(len(values))
    return float(np.std(values - np.polyval(np.polyfit(x, values, 1), x)) / max(abs(values.mean()), 1e-9))


# --- The diagnosis ---


def diagnose(rows: Rows, coverage: Rows = (), *, begin: int = 0, gave_up: bool = False) -> Diagnosis:
    """Say what is going on in a run.

    Args:
        rows: of ``Run.metrics()``.
        coverage: what the evaluator saw, by step, each with ``step``, ``names`` and ``shares``; may be empty.
        begin: rows and looks up to this step are left out: those before a branch, for instance.
        gave_up: whether training ended because a loss was no number.
    """
    rows = [row for row in rows if row["step"] > begin and suits(row)]
    if not rows:
        return _too_early(begin, LEAST)
    seen = read(rows, [look for look in coverage if look["step"] > begin], gave_up=gave_up)
    step = int(rows[-1]["step"])
    broken = diverged(seen)
    if broken is not None:
        return broken
    spacing = max(1, (step - begin) // len(rows))
    more = max(LEAST - (step - begin), (FEWEST - len(rows)) * spacing)
    if more > 0:
        return _too_early(step, more)
    for rule in RULES:
        found = rule(seen)
        if found is not None:
            return found
    return _healthy(seen)


def _too_early(step: int, more: int) -> Diagnosis:
    sentence = f"Too early: a diagnosis needs {step + more:,} steps."
    return Diagnosis("too early", sentence, step, more_steps=more)


def _healthy(seen: Signals) -> Diagnosis:
    """Nothing speaks against it; the signals that could have are its evidence."""
    worse = np.minimum(seen.values["real_accuracy"], seen.values["fake_accuracy"])
    evidence = (
        seen.evidence("Diversity", seen.values["diversity"], ALIKE, above=True),
        seen.evidence("Discriminator accuracy (weaker side)", worse, SURE, above=False),
        *_coverage(seen, above=True),
    )
    sentence = "The run is healthy: neither network wins, and the samples differ"
    if len(seen.looked):
        there = int((seen.shares[-1] >= FORGOTTEN).sum())
        sentence += f"; {there} of {len(seen.names)} classes are among them"
        gone = _missing(seen)
        if gone:
            sentence += f", so far without {_first(gone)}"
    else:
        sentence += "; which classes are among them was not measured"
    return Diagnosis("healthy", sentence + ".", int(seen.steps[-1]), None, evidence, _missing(seen))
