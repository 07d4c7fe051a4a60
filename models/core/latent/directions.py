"""Directions in the space of codings: with minus without, how well one tells the two apart, and sums of codings.

Plain numpy; every array of codings is float32 ``(n, latent_size)``, a direction ``(latent_size,)``.
Source: Radford, Metz and Chintala 2015, arXiv:1511.06434, section 6.3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError

Array = NDArray[np.float32]
Flags = NDArray[np.bool_]
LEAST = 5  # codings a group needs before a part of it is held out at random
HELD_SHARE = 0.3  # of labelled codings that only judge


@dataclass(frozen=True, eq=False)
class Known:
    """Labelled codings, cut into those that make directions and those that only judge them.

    Attributes:
        codings: (n, latent_size).
        labels: bool (n, len(names)).
        names: of the attributes.
        held: bool (n,), True for those that only judge.
    """

    codings: Array
    labels: Flags
    names: tuple[str, ...]
    held: Flags

    def groups(self, name: str, *, held: bool) -> tuple[Array, Array]:
        """The codings with and without an attribute, of one of the two parts."""
        column, part = self.labels[:, self.names.index(name)], self.held == held
        return self.codings[part & column], self.codings[part & ~column]


def hold_out(count: int, seed: int, share: float = HELD_SHARE) -> Flags:
    """Choose by seed which of ``count`` codings only judge: a share of them, at least one of each side from two on."""
    held = np.zeros(count, np.bool_)
    number = min(max(round(share * count), 1), count - 1) if count >= 2 else 0
    held[np.random.default_rng(seed).permutation(count)[:number]] = True
    return held


def difference(with_it: Array, without: Array) -> Array:
    """Mean of the codings with something minus the mean of those without.

    Raises:
        UserError: if a group is empty.
    """
    if not len(with_it) or not len(without):
        advice = "Put at least one image on each side."
        raise UserError("A direction needs images with and images without.", where="direction", advice=advice)
    return np.asarray(with_it.mean(axis=0) - without.mean(axis=0), np.float32)


def auc(with_it: NDArray[np.floating], without: NDArray[np.floating]) -> float:
    """The chance that one with it scores higher than one without: the area under the ROC curve, ties count half.

    Args:
        with_it: scores (n,), n at least 1.
        without: scores (m,), m at least 1.

    Source: the rank statistic of Mann and Whitney 1947.
    """
    scores = np.concatenate([with_it, without])
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]  # equal scores share the mean of their ranks
    n, m = len(with_it), len(without)
    return float((ranks[:n].sum() - n * (n + 1) / 2.0) / (n * m))


def separation(direction: Array, with_it: Array, without: Array) -> float | None:
    """AUC of the projections of two groups on a direction; None where a group is empty.

    The groups must not be those that made the direction.
    """
    if not len(with_it) or not len(without):
        return None
    return auc(with_it @ direction, without @ direction)


def held_out_separation(with_it: Array, without: Array, seed: int, against: Sequence[Array] = ()) -> float | None:
    """How well a direction made from two groups separates codings that did not make it.

    Large groups are split by seed; of small ones each pair is left out in turn and judged by the direction of the rest.

    Args:
        with_it: codings (n, latent_size).
        without: codings (m, latent_size).
        seed: of the split.
        against: directions that every direction is made orthogonal to.

    Returns:
        AUC, or None for groups of less than two.
    """
    if min(len(with_it), len(without)) < 2:
        return None
    if min(len(with_it), len(without)) >= 2 * LEAST:
        first, second = hold_out(len(with_it), seed), hold_out(len(without), seed + 1)
        made = _apart(difference(with_it[~first], without[~second]), against)
        return separation(made, with_it[first], without[second])
    right = 0.0
    for i, one in enumerate(with_it):
        for j, other in enumerate(without):
            made = _apart(difference(np.delete(with_it, i, axis=0), np.delete(without, j, axis=0)), against)
            right += auc(np.array([one @ made]), np.array([other @ made]))
    return right / (len(with_it) * len(without))


def _apart(direction: Array, against: Sequence[Array]) -> Array:
    return orthogonal(direction, against) if len(against) else direction


def of_attribute(known: Known, name: str) -> tuple[Array, float | None]:
    """The direction of an attribute and its AUC on the held-out codings.

    Raises:
        UserError: if no coding, or every one, has the attribute.
    """
    made = difference(*known.groups(name, held=False))
    return made, separation(made, *known.groups(name, held=True))


def cosines(directions: Sequence[Array]) -> NDArray[np.float64]:
    """The cosine of the angle between every two directions (k, k); zero where one of them is zero."""
    if not len(directions):
        return np.zeros((0, 0))
    rows = np.stack(directions).astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    angles: NDArray[np.float64] = np.clip(units @ units.T, -1.0, 1.0)
    return angles


def orthogonal(direction: Array, others: Sequence[Array]) -> Array:
    """Take out of a direction what points along others: Gram-Schmidt.

    Raises:
        UserError: if nothing is left, because it lies among the others.
    """
    whole = rest = direction.astype(np.float64)  # a float32 of 1e-35 has a square of 0, and so a length of 0
    for _ in range(2):  # once more for what rounding left: "twice is enough" (Kahan)
        for axis in _orthonormal(others):
            rest = rest - (rest @ axis) * axis
    if np.linalg.norm(rest) <= 1e-4 * np.linalg.norm(whole):
        advice = "Remove one of the others first."
        raise UserError("This direction is made of the others: nothing is left of it.", where="direction",
                        advice=advice)  # fmt: skip
    return rest.astype(np.float32)


def _orthonormal(directions: Sequence[Array]) -> list[NDArray[np.float64]]:
    axes: list[NDArray[np.float64]] = []
    for direction in directions:
        rest, length = direction.astype(np.float64), float(np.linalg.norm(direction))
        for axis in (*axes, *axes):
            rest = rest - (rest @ axis) * axis
        left = float(np.linalg.norm(rest))
        if left > 1e-6 * length:  # one that lies among those before it adds nothing
            axes.append(rest / left)
    return axes


def combine(groups: Sequence[Array], signs: Sequence[float], strengths: Sequence[float]) -> Array:
    """The sum over groups of sign x strength x mean coding; an empty group adds nothing. (latent_size,)"""
    total = np.zeros(groups[0].shape[1], np.float64)
    for codings, sign, strength in zip(groups, signs, strengths, strict=True):
        if len(codings):
            total += sign * strength * codings.mean(axis=0, dtype=np.float64)
    return total.astype(np.float32)


def neighbours(coding: Array, amount: float, seed: int, count: int = 9) -> Array:
    """A coding in the middle of ``count`` (odd), the others with a little Gaussian noise; (count, latent_size).

    Args:
        coding: (latent_size,).
        amount: standard deviation of the noise; the prior's own is 1.
        seed: the same seed gives the same noise, so that only the image changes while a slider moves.
        count: of codings.
    """
    noise = np.random.default_rng(seed).standard_normal((count, len(coding)), dtype=np.float32)
    noise[count // 2] = 0.0
    return (coding + np.float32(amount) * noise).astype(np.float32)


def example(known: Known, name: str, seed: int, count: int = 3) -> tuple[Array, Array, Array]:
    """Codings for A, B and C that show an attribute: ``count`` held-out ones with it, as many without that are
    otherwise labelled alike, and one more without.

    Raises:
        UserError: if too few have it, or too few have not.
    """
    column = known.names.index(name)
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(known.held))
    has = known.labels[rows, column]
    present, absent = rows[has], list(rows[~has])
    if len(present) < count or len(absent) <= count:
        raise UserError(f"Too few images have {name}, or too few have not.", where=name)
    first, second = present[:count], []
    for row in first:
        alike = [int((known.labels[other] != known.labels[row]).sum()) for other in absent]
        second.append(absent.pop(int(np.argmin(alike))))
    return known.codings[first], known.codings[second], known.codings[absent[-1:]]
