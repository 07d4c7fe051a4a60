"""Learning curves: one line a metric, its val_ twin dashed in the same colour, all values under the mouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from models.core.curves import CurveGroup
from studio import theme
from studio.panels.train.curves import tabs
from studio.panels.train.curves.axis import plain_plot, restyle
from studio.panels.train.curves.crosshair import Crosshair
from studio.panels.train.curves.table import Floats, Table, smooth, thin, twin
from studio.panels.train.form import title_of
from studio.widgets.basics import button, hbox, label, vbox
from studio.widgets.flow_row import FlowRow
from studio.widgets.legend import LegendChip
from studio.widgets.segmented import Segmented
from studio.widgets.track import Track

DRAWN = 4000  # points a curve
DENSE = 1000  # points
SMOOTH = 150  # px: the words and the slider of the moving average
DRAW_MS = 250  # a live curve is drawn at most so often: nobody sees more, and the window has other work


class Curves(QWidget):
    """Metrics over steps. ``tools`` (groups, log, smoothing) stands above the plot, the legend below."""

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = Table()
        self._built: list[str] = []  # the metrics that are known
        self._bases: list[str] = []  # those without their twins; each has two lines and chips
        self._lines: dict[str, Any] = {}
        self._hidden: set[str] = set()
        self._dense: dict[str, bool] = {}  # with which pen each line is drawn
        self._declared: tuple[CurveGroup, ...] = ()
        self._whole = True  # whether there is a tab with everything in it
        self._log = False
        self._make_plot()
        self._segments = Segmented([tabs.ALL])
        self._segments.hide()
        self._segments.chosen.connect(lambda _index: self._show_group())
        self.log_button = button("log")
        self.log_button.setCheckable(True)
        self.log_button.setToolTip("Logarithmic scale: shows small changes late in a run")
        self.log_button.toggled.connect(self.set_log)
        self.smoothing = Track(0.0, 0.99, 0.0, 0.01)
        self.smoothing.setMaximumWidth(110)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("Moving average: smooths a noisy curve")
        self.smoothing.changed.connect(lambda _value: self._draw_soon())
        smooth_ = QWidget()
        smooth_.setLayout(hbox(label("Smooth", "secondary"), self.smoothing))
        smooth_.setMinimumWidth(SMOOTH)
        row = FlowRow(smooth_, self._segments, self.log_button)
        self._legend, self._chips = FlowRow(spacing=0), dict[str, LegendChip]()
        column = vbox(row, self._plot, self._legend)
        column.setStretch(1, 1)
        self.setLayout(column)
        self._timer = QTimer(self, singleShot=True, interval=DRAW_MS)
        self._timer.timeout.connect(self.draw)
        theme.bus().changed.connect(self._restyle)
        self._restyle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the tabs move together."""
        super().resizeEvent(event)
        self._segments.setMaximumWidth(max(self.width(), self._segments.minimumSizeHint().width()))

    def _make_plot(self) -> None:
        self._plot = plain_plot("Learning curves")
        self._item = self._plot.getPlotItem()
        self._item.getAxis("bottom").enableAutoSIPrefix(False)
        self._view = self._item.getViewBox()
        self._view.setMouseMode(self._view.PanMode)
        self._view.sigXRangeChanged.connect(self._range_changed)
        self._cursor = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._item.addItem(self._cursor, ignoreBounds=True)
        self._cursor.hide()
        self._level = tabs.Level()
        self._item.addItem(self._level)
        self._crosshair = Crosshair(self._plot)
        self._plot.scene().sigMouseMoved.connect(self._hover)
        self._plot.scene().sigMouseClicked.connect(self._click)

    def set_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Show other rows: {"step": 120, "loss": 0.3, "val_loss": 0.4}."""
        self._table = Table()
        self._table.append(rows)
        self._rebuild()
        self.fit()

    def append_rows(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows at the end; the view keeps following unless somebody has zoomed in."""
        self._table.append(rows)
        if len(self._table.names()) != len(self._built):
            self._rebuild()
        self._draw_soon()

    def set_columns(self, steps: Floats, columns: Mapping[str, Floats]) -> None:
        """Show whole arrays: quicker than rows for a long record."""
        self._table.set_columns(steps, columns)
        self._rebuild()
        self.fit()

    def set_groups(self, groups: Sequence[CurveGroup], chosen: str = "", whole: bool = True) -> None:
        """Which metrics stand behind which tab, and which is shown first; ``whole`` adds a tab with all of them."""
        if (tuple(groups), whole) != (self._declared, self._whole):
            self._declared, self._whole = tuple(groups), whole
            chosen = title_of(chosen)
            self._rebuild(chosen)
            if chosen in (options := self._segments.options()):  # also where the words on the tabs are what they were
                self._segments.set_index(options.index(chosen))
            self._show_group()

    def names(self) -> list[str]:
        """All metrics, each followed by its val_ twin."""
        found = self._table.names()
        bases = list(dict.fromkeys(twin(name) for name in found))
        return sorted(found, key=lambda name: (bases.index(twin(name)), name != twin(name)))

    def visible_names(self) -> list[str]:
        """The metrics that are drawn now."""
        return [name for name in self._chosen() if name not in self._hidden]

    def _chosen(self) -> list[str]:
        return list(self._group().metrics)

    def _group(self) -> CurveGroup:
        found = tabs.tabs(self._declared, self._built, self._whole)
        return found.get(self._segments.text()) or next(iter(found.values()))

    def set_visible(self, name: str, shown: bool) -> None:
        """Draw a metric or leave it out."""
        (self._hidden.discard if shown else self._hidden.add)(name)
        self._chips[name].set_on(shown)
        self.draw()

    def set_log(self, on: bool) -> None:
        """Logarithmic height; values that are not positive are left out there."""
        self._log = on
        self.log_button.setChecked(on)
        self._item.setLogMode(False, on)
        self._scale()
        self.draw()

    def set_smoothing(self, amount: float) -> None:
        """Moving average from 0 to 0.99."""
        self.smoothing.set_value(amount)
        self.draw()

    def set_cursor(self, step: float | None) -> None:
        """A dashed line at a step that other charts share; None for none."""
        self._cursor.setVisible(step is not None)
        if step is not None:
            self._cursor.setPos(step)

    def fit(self) -> None:
        """Show everything and follow what comes."""
        self._view.enableAutoRange()
        self._scale()
        self.draw()

    def _scale(self) -> None:
        """The height that the chosen tab asks for, and its level."""
        group = self._group()
        if group.limits is not None and not self._log:
            self._view.setYRange(*group.limits, padding=0.03)
        else:
            self._view.enableAutoRange(axis=self._view.YAxis)
        self._level.show_level(group.level, self._log)

    def to_csv(self, path: str | Path) -> None:
        """Write all metrics of all steps."""
        self._table.to_csv(path)

    def colour(self, name: str) -> str:
        """A metric and its val_ twin share one; the twin's is nearer to that of the text, so that it stands out."""
        group = self._group()
        inside = self._declared and twin(name) in map(twin, group.metrics)  # a val_ twin comes an epoch later
        own = theme.series(tabs.place(group, name) if inside else self._bases.index(twin(name)))
        return theme.mix(own, "text", 0.55) if name != twin(name) else own

    def _rebuild(self, chosen: str = "") -> None:
        self._built = self.names()
        before, self._bases = self._bases, list(dict.fromkeys(map(twin, self._built)))
        if self._bases != before:
            self._make_lines([name for base in self._bases for name in (base, f"val_{base}")])
        options = list(tabs.tabs(self._declared, self._built, self._whole))
        if changed := options != self._segments.options():
            wanted = chosen if chosen in options else self._segments.text()
            self._segments.set_options(options, options.index(wanted) if wanted in options else 0)
        self._segments.setVisible(len(options) > 1)
        self._show_chips()
        if self._bases != before:
            self._restyle()
        else:
            self._draw_soon()
        if changed and self._declared:
            self._show_group()

    def _make_lines(self, wanted: list[str]) -> None:
        """Making a line and its chip is slow: keep those there are, and make those of val_ twins before they come."""
        for name in [name for name in self._lines if name not in wanted]:
            self._item.removeItem(self._lines.pop(name))
            self._chips.pop(name).deleteLater()
        self._legend.hide()  # laid out once, not at every chip
        for name in [name for name in wanted if name not in self._lines]:
            self._lines[name] = self._item.plot([], [], connect="finite")
            chip = self._chips[name] = LegendChip(name.replace("_", " "), dashed=name.startswith("val_"))
            chip.set_on(name not in self._hidden)
            chip.toggled.connect(lambda on, name=name: self.set_visible(name, on))
            self._legend.add(chip)
        self._legend.show()

    def _restyle(self) -> None:
        restyle(self._plot)
        self._crosshair.restyle()
        self._level.restyle()
        self._cursor.setPen(pyqtgraph.mkPen(theme.color("secondary"), width=1, style=Qt.PenStyle.DashLine))
        for name, line in self._lines.items():
            line.setZValue(2 if name != twin(name) else 1)
            self._chips[name].set_colour(self.colour(name))
        self._dense = {}
        self.draw()

    def _show_chips(self) -> None:
        for name, chip in self._chips.items():
            chip.setVisible(name in self._chosen())

    def _show_group(self) -> None:
        self._show_chips()
        if self._declared:  # its colours begin anew, and it has its own kind of height
            self._restyle()
            self.set_log(self._group().log)
        self.fit()

    def _range_changed(self) -> None:
        if not self._view.autoRangeEnabled()[0]:  # following the data changes the range, too, and needs no second draw
            self._draw_soon()

    def _draw_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _values(self, name: str) -> tuple[Floats, Floats]:
        steps, values = self._table.curve(name)
        longest = max(self._table.count(other) for other in self.names())
        values = smooth(values, self.smoothing.value() ** (longest / max(len(steps), 1)))  # a rare metric less
        return steps, np.where(values > 0, values, np.nan) if self._log else values

    def draw(self) -> None:
        """Draw the part in view, thinned to what a screen can show."""
        shown = set(self.visible_names())
        following = bool(self._view.autoRangeEnabled()[0])
        low, high = self._view.viewRange()[0]
        for name, line in self._lines.items():
            line.setVisible(name in shown)
            if name not in shown:
                continue
            steps, values = self._values(name)
            if not following and len(steps):
                start, end = np.searchsorted(steps, [low, high])
                window = slice(max(int(start) - 1, 0), int(end) + 1)
                steps, values = steps[window], values[window]
            if self._dense.get(name) != (dense := len(steps) > DENSE):  # a new pen costs as much as new data
                self._dense[name] = dense
                line.setPen(self._pen(name, dense))
            line.setSymbol("o" if len(steps) == 1 else None)  # a single point has no line
            line.setData(*thin(steps, values, DRAWN))

    def _pen(self, name: str, dense: bool) -> Any:
        """A dense curve gets a plain thin pen: Qt needs seconds to dash or widen a zigzag of thousands of points."""
        held_out = name != twin(name)
        style = Qt.PenStyle.DashLine if held_out and not dense else Qt.PenStyle.SolidLine
        return pyqtgraph.mkPen(self.colour(name), width=1 if dense else 2 if held_out else 1.5, style=style)

    def drawn(self, name: str) -> int:
        """How many points of a metric are on screen."""
        data = self._lines[name].getOriginalDataset()[0]
        return 0 if data is None else len(data)

    def _hover(self, spot: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(spot)
        text, step = self.values_at(self._view.mapSceneToView(spot).x()) if inside else ("", 0.0)
        self._crosshair.show_at(spot, text, step)

    def values_at(self, step: float) -> tuple[str, float]:
        """The value box as rich text for the place nearest to a step, and that place; ("", 0) if nothing is drawn."""
        lines, place = list[str](), 0.0
        for name in self.visible_names():
            steps, values = self._values(name)
            if not len(steps):
                continue
            right = min(int(np.searchsorted(steps, step)), len(steps) - 1)
            nearest = right if right == 0 or steps[right] - step < step - steps[right - 1] else right - 1
            place = place if lines else float(steps[nearest])
            lines.append(f'<span style="color:{self.colour(name)}">{escape(name)} {values[nearest]:.4g}</span>')
        head = f'<span style="color:{theme.tokens().secondary}">step {place:,.0f}</span>'
        return ("<br>".join([head, *lines]), place) if lines else ("", 0.0)

    def _click(self, event: Any) -> None:
        if event.double():
            self.fit()
        elif self._view.sceneBoundingRect().contains(event.scenePos()):
            self.picked.emit(round(self._view.mapSceneToView(event.scenePos()).x()))
