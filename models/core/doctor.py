"""The GAN doctor: what is going on in a run of two networks that learn against each other, and how one can tell.

It reads what the run recorded (losses, accuracies, diversity, and the classes that a judge saw among samples) and
says one sentence, with its evidence. Every rule is one short function with its thresholds as named constants. They
are asked in the order of RULES, and the first one that finds something is believed, because one trouble brings the
next: samples grow alike under a discriminator that lost, and alike ones are easily told from real images.

The sources of the rules: I. Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks", 2016, section 5 (mode
collapse, oscillation), and what the recorded runs in tests/models/doctor showed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

NEEDED = ("discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy", "diversity")
BLOCKS = 60  # into which a run is cut; each is a mean over its rows, so that batches do not shout
RECENT = 0.2  # share of the run that a rule looks at: what was long ago may be over
LEAST = 1500  # steps; before, a discriminator always wins, because the first fakes are noise
FEWEST = 20  # rows; fewer do not make a curve

DIVERGED_LOSS = 5.0  # nats; a discriminator that only guesses has 0.69, and none that learns has seven times that
ALIKE = 0.15  # of the spread of real images; recorded collapses lie below 0.1, healthy runs above 0.4
FORGOTTEN = 0.02  # share of the samples; a class that is seldomer is missing (as in judge.COVERED)
FEW_CLASSES = 0.5  # of all classes; healthy runs paint more than that from their first third on
LOOKS = 3  # of the judge that must agree, because shares of 500 samples wander
SURE = 0.97  # both accuracies; healthy discriminators stay below 0.95 on one of them
FOOLED = 0.35  # accuracy on fakes; healthy runs have more than 0.6: whoever guesses has 0.5
CLUELESS = 0.02  # how far the discriminator's loss may lie from that of a guess, log 2, and still count as one
TURN = 0.35  # share of the samples that changes its class from one look to the next; healthy runs change 0.1 to 0.2
SWING = 0.35  # standard deviation of the generator's loss between blocks over its mean; healthy runs have 0.1

Kind = Literal[
    "too early", "healthy", "discriminator winning", "generator winning", "oscillating", "mode collapse", "diverged"
]
Numbers = NDArray[np.float64]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """One signal that speaks for a diagnosis.

    Attributes:
        signal: its name in words.
        value: what it is now.
        limit: what it was compared with.
        above: whether it lies above the limit, or below it.
        since: the step from which on it does, as far back as it does without a break.
        steps, values: the signal through the run, for a small figure.
    """

    signal: str
    value: float
    limit: float
    above: bool
    since: int
    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """The evidence as one sentence."""
        side = "above" if self.above else "below"
        return f"{self.signal} is {self.value:.3g}, {side} {self.limit:.3g} since step {self.since:,}."


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        kind: one of the seven.
        sentence: what is going on.
        step: the last one that was looked at.
        since: where the trouble began; None if there is none.
        evidence: the signals that say so; of a healthy run those that could have said otherwise.
        missing: classes that are not painted any more, or never were.
        more_steps: how many steps more the doctor wants to see; 0 if it saw enough.
    """

    kind: Kind
    sentence: str
    step: int
    since: int | None = None
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    more_steps: int = 0

    @property
    def ill(self) -> bool:
        """Whether something should be done."""
        return self.kind not in ("too early", "healthy")

    def data(self) -> dict[str, Any]:
        """Everything as JSON can hold it, without the figures."""
        evidence = [{k: v for k, v in asdict(e).items() if k not in ("steps", "values")} for e in self.evidence]
        return {**asdict(self), "evidence": evidence, "missing": list(self.missing)}


@dataclass(frozen=True)
class Signals:
    """A run as the rules see it: means over blocks, and the looks of the judge.

    Attributes:
        steps: the last step of each block, (blocks,).
        values: each signal, (blocks,).
        looked: steps at which a judge looked, (looks,).
        shares: of the samples by class, (looks, classes) in [0, 1].
        names: of the classes.
        broken: the first step of the last rows that were not finite, or at which training gave up; None if none.
    """

    steps: NDArray[np.int64]
    values: dict[str, Numbers]
    looked: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    shares: Numbers = field(default_factory=lambda: np.zeros((0, 0)))
    names: tuple[str, ...] = ()
    broken: int | None = None

    @property
    def recent(self) -> slice:
        """The blocks that count."""
        return slice(-max(1, round(RECENT * len(self.steps))), None)

    def evidence(self, signal: str, values: Numbers, limit: float, *, above: bool) -> Evidence:
        """A signal with one value a block against a limit, now and since when."""
        return self._found(signal, self.steps, values, limit, above, float(values[self.recent].mean()))

    def look(self, signal: str, values: Numbers, limit: float, *, above: bool) -> Evidence:
        """The same of a signal with one value a look of the judge."""
        return self._found(signal, self.looked, values, limit, above, float(values[-LOOKS:].mean()))

    @staticmethod
    def _found(
        signal: str, steps: NDArray[np.int64], values: Numbers, limit: float, above: bool, now: float
    ) -> Evidence:
        inside = np.flatnonzero(~(values > limit if above else values < limit))
        last = int(inside[-1]) if len(inside) else -1  # the last place at which all was well
        since = int(steps[min(last + 1, len(steps) - 1)]) if last >= 0 else int(steps[0])
        return Evidence(signal, now, limit, above, since, tuple(steps.tolist()), tuple(values.tolist()))


def suits(names: Iterable[str]) -> bool:
    """Whether metrics of these names tell of two networks that learn against each other."""
    return set(NEEDED) <= set(names)


# --- Rules, in the order in which they are asked ---

Rule = Callable[[Signals], "Diagnosis | None"]


def diverged(seen: Signals) -> Diagnosis | None:
    """A loss that is no number, or a discriminator far worse than one that guesses: the steps are too long."""
    values, step = seen.values["discriminator_loss"], int(seen.steps[-1])
    if seen.broken is not None:
        sentence = f"The run diverged: from step {seen.broken:,} on its losses are no numbers any more."
        return Diagnosis("diverged", sentence, step, seen.broken)
    if not values[seen.recent].mean() > DIVERGED_LOSS:
        return None
    found = seen.evidence("Discriminator loss", values, DIVERGED_LOSS, above=True)
    sentence = f"The run diverged: since step {found.since:,} the discriminator is far worse than one that guesses."
    return Diagnosis("diverged", sentence, step, found.since, (found,))


def alike(seen: Signals) -> Diagnosis | None:
    """The spread of a batch of fakes has all but vanished: whatever the coding, the same picture comes."""
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
    found = seen.evidence("Discriminator's accuracy on the harder half", worse, SURE, above=True)
    loss = seen.values["generator_loss"]
    more = seen.evidence("Generator loss", loss, float(np.log(2)), above=True)
    sentence = (
        f"The discriminator is winning: since step {found.since:,} it is hardly ever wrong, so that the generator "
        "learns little from it."
    )
    return Diagnosis("discriminator winning", sentence, int(seen.steps[-1]), found.since, (found, more))


def generator_wins(seen: Signals) -> Diagnosis | None:
    """Most fakes pass for real, or the discriminator only guesses: it cannot follow and teaches nothing."""
    fake, loss = seen.values["fake_accuracy"], seen.values["discriminator_loss"]
    guess = float(np.log(2)) - CLUELESS
    parts = []
    if fake[seen.recent].mean() < FOOLED:
        parts.append(seen.evidence("Discriminator's accuracy on fakes", fake, FOOLED, above=False))
    if loss[seen.recent].mean() > guess:
        parts.append(seen.evidence("Discriminator loss", loss, guess, above=True))
    if not parts:
        return None
    since = min(part.since for part in parts)
    sentence = (
        f"The generator is winning: since step {since:,} the discriminator does no better than guessing, so that it "
        "has nothing to teach."
    )
    return Diagnosis("generator winning", sentence, int(seen.steps[-1]), since, tuple(parts))


def oscillating(seen: Signals) -> Diagnosis | None:
    """The samples change from one class to the next and back, or the losses swing: both go round in circles."""
    parts = []
    if len(seen.looked) > LOOKS:
        turned = np.concatenate([[0.0], 0.5 * np.abs(np.diff(seen.shares, axis=0)).sum(axis=1)])
        if turned[-LOOKS:].mean() > TURN:
            parts.append(seen.look("Samples that change their class between two looks", turned, TURN, above=True))
    loss = seen.values["generator_loss"]
    width = max(3, round(RECENT * len(loss)))
    swing = np.array([_swing(loss[max(0, end - width) : end]) for end in range(1, len(loss) + 1)])
    if swing[-1] > SWING:
        parts.append(seen.evidence("Swing of the generator loss", swing, SWING, above=True))
    if not parts:
        return None
    since = min(part.since for part in parts)
    sentence = f"The run oscillates: since step {since:,} the two networks go round in circles instead of getting better."
    return Diagnosis("oscillating", sentence, int(seen.steps[-1]), since, tuple(parts))


def few_classes(seen: Signals) -> Diagnosis | None:
    """The judge keeps seeing the same few classes, and no more of them than before: the others were given up."""
    if len(seen.looked) < 2 * LOOKS:
        return None
    there = (seen.shares >= FORGOTTEN).sum(axis=1).astype(np.float64)
    limit = FEW_CLASSES * len(seen.names)
    found = seen.look("Classes among the samples", there, limit, above=False)
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
    seldom = (seen.shares[-LOOKS:] < FORGOTTEN).all(axis=0)
    return tuple(name for name, gone in zip(seen.names, seldom, strict=True) if gone)


def _named(missing: tuple[str, ...], seen: Signals) -> str:
    """Words for what is missing; long lists end in a number."""
    if not missing:
        return ""
    first = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
    return f"; of {len(seen.names)} classes these are missing: {first}"


def _coverage(seen: Signals) -> tuple[Evidence, ...]:
    if not len(seen.looked):
        return ()
    there = (seen.shares >= FORGOTTEN).sum(axis=1).astype(np.float64)
    return (seen.look("Classes among the samples", there, FEW_CLASSES * len(seen.names), above=False),)


def _swing(values: Numbers) -> float:
    """Standard deviation over mean, without what is a steady trend."""
    if len(values) < 3:
        return 0.0
    x = np.arange(len(values))
    return float(np.std(values - np.polyval(np.polyfit(x, values, 1), x)) / max(abs(values.mean()), 1e-9))


# --- From rows to a diagnosis ---


def read(rows: Rows, coverage: Rows = (), *, gave_up: bool = False) -> Signals:
    """Cut rows into blocks.

    Args:
        rows: of ``Run.metrics()``; each has ``step`` and, where something was finite, the names of NEEDED.
        coverage: ``step``, ``names`` and ``shares`` of each look of the judge, by step.
        gave_up: whether training ended because a loss was no number.
    """
    steps = np.array([row["step"] for row in rows], np.int64)
    table = np.array([[_number(row.get(name)) for name in NEEDED] for row in rows])  # (rows, signals)
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    broken = int(steps[-1]) if gave_up else None
    if len(bad) and bad[-1] == len(rows) - 1:
        good = np.flatnonzero(np.isfinite(table).all(axis=1))
        broken = int(steps[good[-1] + 1 if len(good) else 0])
    kept = np.isfinite(table).all(axis=1)
    if not kept.any():
        kept, table = np.ones(len(rows), bool), np.nan_to_num(table)
    cut = np.array_split(np.flatnonzero(kept), min(BLOCKS, int(kept.sum())))
    values = {name: np.array([table[part, i].mean() for part in cut]) for i, name in enumerate(NEEDED)}
    looks = [look for look in coverage if look["step"] > 0]  # before the first step nothing is learned
    names = tuple(looks[-1]["names"]) if looks else ()
    looks = [look for look in looks if tuple(look["names"]) == names]
    return Signals(
        np.array([steps[part[-1]] for part in cut], np.int64), values,
        np.array([look["step"] for look in looks], np.int64),
        np.array([look["shares"] for look in looks], np.float64).reshape(len(looks), len(names)), names, broken,
    )  # fmt: skip


def _number(value: Any) -> float:
    """A recorded number; what was not finite was recorded as null."""
    return float(value) if isinstance(value, int | float) else float("nan")


def diagnose(rows: Rows, coverage: Rows = (), *, begin: int = 0, gave_up: bool = False) -> Diagnosis:
    """Say what is going on in a run.

    Args:
        rows: of ``Run.metrics()``.
        coverage: what the judge saw, by step, each with ``step``, ``names`` and ``shares``; may be empty.
        begin: rows and looks up to this step are left out: those before a branch, for instance.
        gave_up: whether training ended because a loss was no number.
    """
    rows = [row for row in rows if row["step"] > begin and suits(row)]
    if not rows:
        return Diagnosis("too early", f"It is too early to say: {LEAST:,} more steps are needed.", begin, None, (), (), LEAST)
    seen = read(rows, [look for look in coverage if look["step"] > begin], gave_up=gave_up)
    step = int(rows[-1]["step"])
    broken = diverged(seen)
    if broken is not None:
        return broken
    spacing = max(1, (step - begin) // len(rows))
    more = max(LEAST - (step - begin), (FEWEST - len(rows)) * spacing)
    if more > 0:
        return Diagnosis("too early", f"It is too early to say: {more:,} more steps are needed.", step, more_steps=more)
    for rule in RULES:
        found = rule(seen)
        if found is not None:
            return found
    return _healthy(seen)


def _healthy(seen: Signals) -> Diagnosis:
    """Nothing speaks against it; the signals that could have are its evidence."""
    worse = np.minimum(seen.values["real_accuracy"], seen.values["fake_accuracy"])
    evidence = (
        seen.evidence("Diversity", seen.values["diversity"], ALIKE, above=True),
        seen.evidence("Discriminator's accuracy on the harder half", worse, SURE, above=False),
    )
    sentence = "The run is healthy: neither network wins, and the samples differ"
    if len(seen.looked):
        there = int((seen.shares[-1] >= FORGOTTEN).sum())
        sentence += f"; {there} of {len(seen.names)} classes are among them"
    return Diagnosis("healthy", sentence + ".", int(seen.steps[-1]), None, evidence, _missing(seen))
