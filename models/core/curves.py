"""Which metrics of a family are read together. A family declares it as data, and the studio draws a chart for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CurveGroup:
    """Metrics of one meaning and one unit: one tab of the learning curves.

    Attributes:
        name: one word for the tab.
        metrics: names of metrics without their val_ twins; two groups may share a metric.
        log: whether their height is best logarithmic at first.
        limits: lowest and highest value that is possible, which the axis then shows; None follows the data.
        level: a value worth comparing with, and what it means in a few words.
    """

    name: str
    metrics: tuple[str, ...]
    log: bool = False
    limits: tuple[float, float] | None = None
    level: tuple[float, str] | None = None
