"""Moving through the space of codings: plain numpy, every array float32 ``(n, latent_size)`` unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def lerp(start: Array, end: Array, steps: int) -> Array:
    """``steps`` points on the straight line from ``start`` to ``end`` (latent_size,), both ends included."""
    amount = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None]
    return (start + amount * (end - start)).astype(np.float32)


def slerp(start: Array, end: Array, steps: int) -> Array:
    """``steps`` points on the arc from ``start`` to ``end``: the length of the codings stays natural on the way.

    Where the two point the same way (or one is zero) the arc is a straight line. Source: White 2016, arXiv:1609.04468.
    """
    lengths = float(np.linalg.norm(start)) * float(np.linalg.norm(end))
    cosine = float(np.dot(start, end)) / lengths if lengths > 0 else 1.0
    angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    if np.sin(angle) < 1e-4:  # parallel or opposite: no single arc
        return lerp(start, end, steps)
    amount = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None]
    arc = (np.sin((1 - amount) * angle) * start + np.sin(amount * angle) * end) / np.sin(angle)
    return np.asarray(arc, np.float32)


@dataclass(frozen=True)
class Directions:
    """Principal directions of a cloud of codings, the strongest first.

    Attributes:
        mean: (latent_size,) the centre of the cloud.
        axes: (k, latent_size) orthonormal rows.
        std: (k,) the standard deviation along each axis.
    """

    mean: Array
    axes: Array
    std: Array

    def to(self, codings: Array) -> Array:
        """Coordinates (n, k) along the axes, in standard deviations."""
        return (((codings - self.mean) @ self.axes.T) / self.std).astype(np.float32)

    def back(self, coordinates: Array) -> Array:
        """Codings (n, latent_size) of coordinates; what lies outside the k axes is the mean."""
        return (self.mean + (coordinates * self.std) @ self.axes).astype(np.float32)

    def rest(self, codings: Array) -> Array:
        """What of the codings the k axes do not reach (n, latent_size); zero where k = latent_size."""
        return (codings - self.back(self.to(codings))).astype(np.float32)


def principal(codings: Array, count: int | None = None, least: float = 0.05) -> Directions:
    """Principal component analysis of codings by singular value decomposition.

    Args:
        codings: (n, latent_size) with n >= 2.
        count: how many directions at the most; all by default.
        least: directions whose spread is a smaller share of the largest are left out: codings that a variational
            autoencoder does not use have no spread to speak of, and a step along them would be enormous.
    """
    mean = codings.mean(axis=0)
    _, values, axes = np.linalg.svd(codings - mean, full_matrices=False)
    std = values / np.sqrt(max(1, len(codings) - 1))
    keep = slice(0, min(count or len(std), int((std > least * std[0]).sum()) or 1))
    return Directions(mean, axes[keep].astype(np.float32), np.maximum(std[keep], 1e-6).astype(np.float32))


def resample(points: Array, steps: int) -> Array:
    """``steps`` points spread evenly along the polyline ``points`` (k, d), both ends included."""
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(lengths)])
    if travelled[-1] <= 0:
        return np.repeat(points[:1], steps, axis=0)
    wanted = np.linspace(0.0, travelled[-1], steps)
    columns = [np.interp(wanted, travelled, points[:, column]) for column in range(points.shape[1])]
    return np.stack(columns, axis=1).astype(np.float32)


def blend(points: Array, values: Array, spots: Array, neighbours: int = 6) -> Array:
    """Values at ``spots`` (m, 2) from those at ``points`` (n, 2): the nearest ones, weighted by 1 / distance^2.

    At a point the value is that point's own; far from all it is the mean of the nearest.
    """
    squared = ((spots[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)  # (m, n)
    nearest = np.argsort(squared, axis=1)[:, :neighbours]  # (m, k)
    weights = 1.0 / (np.take_along_axis(squared, nearest, axis=1) + 1e-9)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mk,mkd->md", weights, values[nearest]), np.float32)


@dataclass(frozen=True)
class Chart:
    """A flat map of a cloud of codings on which every spot stands for a coding.

    Attributes:
        points: (n, 2) where each coding lies.
        codings: (n, latent_size) the codings themselves.
        directions: the principal directions if the map shows the first two; None for any other map.
    """

    points: Array
    codings: Array
    directions: Directions | None = None

    def coding(self, spots: Array) -> Array:
        """Codings (m, latent_size) of spots (m, 2).

        On a principal map the two axes decide and the neighbours supply the rest, so that images stay natural.
        """
        if self.directions is None:
            return blend(self.points, self.codings, spots)
        flat = self.directions.back(spots)
        return flat + blend(self.points, self.directions.rest(self.codings), spots)

    def spot(self, codings: Array) -> Array:
        """Where codings (m, latent_size) lie on the map, (m, 2)."""
        if self.directions is not None:
            return self.directions.to(codings)
        return np.stack([self._near(coding) for coding in codings])

    def _near(self, coding: Array) -> Array:
        squared = ((self.codings - coding) ** 2).sum(axis=1)
        nearest = np.argsort(squared)[:6]
        weights = 1.0 / (squared[nearest] + 1e-9)
        return np.asarray((weights[:, None] * self.points[nearest]).sum(axis=0) / weights.sum(), np.float32)


def principal_chart(codings: Array) -> Chart:
    """The map of the first two principal directions."""
    directions = principal(codings, 2)
    return Chart(directions.to(codings), codings, directions)
