"""What the GAN doctor looks at and what it answers: signals of a run in blocks, evidence, a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

NEEDED = ("discriminator_loss", "generator_loss", "real_accuracy", "fake_accuracy", "diversity")
BLOCKS = 60  # into which a run is cut; each is a mean over its rows, so that batches do not shout
RECENT = 0.2  # share of the run that a rule looks at: what was long ago may be over
LOOKS = 3  # of the evaluator that must agree, because shares of 500 samples wander
APART = 0.03  # of the run between two looks; what lies nearer was hardly trained in between
SMOOTH = 5  # blocks whose mean decides since when: a single one may stray

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
    """A run as the rules see it: means over blocks, and the looks of the evaluator.

    Attributes:
        steps: the last step of each block, (blocks,).
        values: each signal, (blocks,).
        looked: steps at which an evaluator looked, (looks,).
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
        smooth = np.convolve(np.pad(values, SMOOTH // 2, mode="edge"), np.ones(SMOOTH) / SMOOTH, mode="valid")
        found = Evidence(signal, float(values[self.recent].mean()), limit, above, 0)
        return _since(found, self.steps, values, smooth)

    def look(self, signal: str, values: Numbers, limit: float, *, above: bool, last: int = LOOKS) -> Evidence:
        """The same of a signal with one value a look of the evaluator, as a mean of the ``last`` looks."""
        smooth = np.array([values[max(0, end - last) : end].mean() for end in range(1, len(values) + 1)])
        found = Evidence(signal, float(smooth[-1]), limit, above, 0)
        return _since(found, self.looked, values, smooth)


def _since(found: Evidence, steps: NDArray[np.int64], values: Numbers, smooth: Numbers) -> Evidence:
    """Complete evidence: since the smooth course was well for the last time, or earlier if the course says so."""

    def over(course: Numbers) -> NDArray[np.bool_]:
        return course > found.limit if found.above else course < found.limit

    well = np.flatnonzero(~over(smooth))
    first = min(int(well[-1]) + 1, len(steps) - 1) if len(well) else 0
    ill = over(values)
    while first > 0 and ill[first - 1]:
        first -= 1
    return replace(found, since=int(steps[first]), steps=tuple(steps.tolist()), values=tuple(smooth.tolist()))


def suits(names: Iterable[str]) -> bool:
    """Whether metrics of these names tell of two networks that learn against each other."""
    return set(NEEDED) <= set(names)


def read(rows: Rows, coverage: Rows = (), *, gave_up: bool = False) -> Signals:
    """Cut rows into blocks.

    Args:
        rows: of ``Run.metrics()``; each has ``step`` and, where something was finite, the names of NEEDED.
        coverage: ``step``, ``names`` and ``shares`` of each look of the evaluator, by step.
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
    looks = _apart([look for look in looks if tuple(look["names"]) == names], APART * float(steps[-1] - steps[0]))
    return Signals(
        np.array([steps[part[-1]] for part in cut], np.int64), values,
        np.array([look["step"] for look in looks], np.int64),
        np.array([look["shares"] for look in looks], np.float64).reshape(len(looks), len(names)), names, broken,
    )  # fmt: skip


def _apart(looks: Rows, least: float) -> list[Mapping[str, Any]]:
    """The looks without those that came too soon after the one before."""
    kept: list[Mapping[str, Any]] = []
    for look in looks:
        if not kept or look["step"] - kept[-1]["step"] >= least:
            kept.append(look)
    return kept


def _number(value: Any) -> float:
    """A recorded number; what was not finite was recorded as null."""
    return float(value) if isinstance(value, int | float) else float("nan")
