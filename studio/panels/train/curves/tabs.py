"""The tabs above the learning curves, and the level that a tab compares with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pyqtgraph
from PySide6.QtCore import Qt

from models.core.curves import CurveGroup
from studio import theme
from studio.panels.train.curves.table import twin
from studio.panels.train.form import title_of

ALL = "All"
MOST_GROUPS = 5


def tabs(declared: Sequence[CurveGroup], names: Sequence[str], whole: bool) -> dict[str, CurveGroup]:
    """The groups of which there is something, by the word on their tab, with all their metrics.

    Args:
        declared: who belongs together; without it, a few metrics get a tab each.
        names: the metrics there are, val_ twins included.
        whole: whether the first tab shows everything in one chart.
    """
    bases = list(dict.fromkeys(map(twin, names)))
    alone = [CurveGroup(base, (base,)) for base in bases] if 2 <= len(bases) < MOST_GROUPS else []
    found = {ALL: CurveGroup(ALL, tuple(names))} if whole or not declared else {}
    for group in declared or alone:
        there = sorted((n for n in names if twin(n) in group.metrics), key=lambda n: group.metrics.index(twin(n)))
        if there:
            found[title_of(group.name)] = replace(group, metrics=tuple(there))
    return found or {ALL: CurveGroup(ALL, tuple(names))}


def place(group: CurveGroup, name: str) -> int:
    """Which colour of the series a metric of a group has; its val_ twin has the same."""
    return list(dict.fromkeys(map(twin, group.metrics))).index(twin(name))


class Level(pyqtgraph.InfiniteLine):  # type: ignore[misc]
    """A horizontal dashed line at a value worth comparing with, with its words."""

    def __init__(self) -> None:
        options = {"position": 0.98, "anchors": [(1, 1), (1, 1)], "movable": False}
        super().__init__(angle=0, movable=False, label="", labelOpts=options)
        self.hide()

    def show_level(self, level: tuple[float, str] | None, log: bool) -> None:
        """Show a value and what it means; None hides the line."""
        self.setVisible(level is not None)
        if level is not None:
            self.setPos(math.log10(level[0]) if log else level[0])
            self.label.setFormat(level[1])

    def restyle(self) -> None:
        """Take the colours of the theme."""
        self.setPen(pyqtgraph.mkPen(theme.color("secondary"), width=1, style=Qt.PenStyle.DashLine))
        self.label.setColor(theme.color("secondary"))
        self.label.fill = pyqtgraph.mkBrush(theme.color("card", 0.8))  # curves go on behind the words
        self.label.setFont(theme.font(theme.SMALL))
