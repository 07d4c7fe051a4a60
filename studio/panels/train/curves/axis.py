"""A plain plot: axes that are quick to paint while another thread computes, and a range around a single point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph
from PySide6.QtCore import QLineF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio import theme


class QuickAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
    """Draws few ticks with few calls.

    Every call into Qt gives the interpreter's lock away and may wait half a millisecond for it while a model trains;
    pyqtgraph makes two a tick and records them for a second round.
    """

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.setStyle(maxTickLevel=0)

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        """Draw line, ticks and numbers."""
        specs = self.generateDrawSpecs(painter)
        if specs is None:
            return
        (pen, begin, end), ticks, texts = specs
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(pen)
        painter.drawLine(begin, end)
        if ticks:
            painter.setPen(ticks[0][0])
            painter.drawLines([QLineF(p1, p2) for _, p1, p2 in ticks])
        if self.style["tickFont"] is not None:
            painter.setFont(self.style["tickFont"])
        painter.setPen(self.textPen())
        for place, flags, text in texts:
            painter.drawText(place, int(flags), text)


class SteadyView(pyqtgraph.ViewBox):  # type: ignore[misc]
    """A view whose automatic range around a single point, or a level line, depends on nothing that was shown before."""

    def childrenBounds(self, *arguments: Any, **named: Any) -> list[list[float] | None]:
        """The (low, high) of x and of y of all that is drawn; None without anything."""
        return [_widened(bounds) for bounds in super().childrenBounds(*arguments, **named)]


def _widened(bounds: Sequence[float] | None) -> list[float] | None:
    if bounds is None:
        return None
    low, high = map(float, bounds)
    reach = (abs(low) / 2 or 0.5) if low == high else 0.0
    return [low - reach, high + reach]


def plain_plot(name: str) -> Any:
    """A plot without frame, buttons and menus, with quick axes and faint horizontal lines."""
    axes = {side: QuickAxis(side) for side in ("left", "bottom")}
    plot = pyqtgraph.PlotWidget(axisItems=axes, viewBox=SteadyView())
    plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    plot.setMinimumSize(160, 110)
    plot.setFrameShape(plot.Shape.NoFrame)
    plot.setAccessibleName(name)
    plot.hideButtons()
    plot.getPlotItem().setMenuEnabled(False)
    plot.getPlotItem().showGrid(x=False, y=True, alpha=0.12)
    return plot


def restyle(plot: Any) -> None:
    """Give a plain plot the colours and figures of the theme."""
    plot.setBackground(theme.color("card"))
    for side in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(side)
        axis.setStyle(tickFont=theme.mono(theme.SMALL), tickLength=0, tickTextOffset=6)
        axis.setTextPen(theme.color("secondary"))
        axis.setPen(theme.color("line", 0.0 if side == "left" else 1.0))
