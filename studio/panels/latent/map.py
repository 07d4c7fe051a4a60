"""A map of the codings: the cloud, its legend, and the buttons that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from studio import theme
from studio.panels.latent.map_layer import Cloud
from studio.panels.latent.map_view import MapView
from studio.widgets.basics import hbox, icon_button, plain, vbox
from studio.widgets.flow_row import FlowRow
from studio.widgets.legend import LegendChip
from studio.widgets.qimages import Pixels

Pictures = NDArray[np.uint8] | Callable[[int], "Pixels | None"]


class LatentMap(QWidget):
    """A scatter of 2-D codings coloured by class, with images where there is room.

    Click picks a spot, a drag draws a path, the wheel zooms, a right drag (or Space and drag) pans; double-click fits.
    """

    picked = Signal(float, float)
    path_moving = Signal(object)
    path_drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = MapView()
        self.view.setAccessibleName("Map of the codings")
        self.view.picked.connect(self.picked)
        self.view.path_moving.connect(self.path_moving)
        self.view.path_drawn.connect(self.path_drawn)
        self._legend = FlowRow(spacing=0)
        self._chips: list[LegendChip] = []
        self.pictures_button = icon_button("image", "Show images where there is room")
        self.pictures_button.setCheckable(True)
        self.pictures_button.setChecked(True)
        self.pictures_button.toggled.connect(self.set_thumbnails)
        self.fit_button = icon_button("corners-out", "Show everything (double-click the map)")
        self.fit_button.clicked.connect(self.fit)
        row = hbox(self._legend, self.pictures_button, self.fit_button, spacing=theme.GAP_XS)
        row.setStretch(0, 1)
        for tool in (self.pictures_button, self.fit_button):
            row.setAlignment(tool, Qt.AlignmentFlag.AlignTop)
        column = vbox(self.view, row)
        column.setStretch(0, 1)
        self.setLayout(column)
        self.setFocusProxy(self.view)
        theme.bus().changed.connect(self._recolour)

    def set_points(
        self,
        points: NDArray[np.floating],
        labels: NDArray[np.integer] | Sequence[int] | None = None,
        names: Sequence[str] = (),
        pictures: Pictures | None = None,
    ) -> None:
        """Show (n, 2) points, a class index each, the classes' names, and uint8 images or a callable for them."""
        placed = np.asarray(points, np.float64).reshape(-1, 2)
        classes = np.zeros(len(placed), np.int64) if labels is None else np.asarray(labels, np.int64)
        if len(classes) != len(placed) or not np.isfinite(placed).all():
            raise ValueError("every point needs two finite coordinates and a class")
        ask = pictures if callable(pictures) or pictures is None else (lambda index: pictures[index])
        self.view.cloud = Cloud(placed, classes, list(names), ask)
        self.view.hidden.clear()
        self.pictures_button.setVisible(ask is not None)
        self._make_legend()
        self.view.fit()

    def set_thumbnails(self, on: bool) -> None:
        """Pictures or only dots."""
        self.pictures_button.setChecked(on)
        self.view.thumbnails = on
        self.view.redraw()

    def set_marker(self, spot: tuple[float, float] | None) -> None:
        """Mark the current point in map units, or none."""
        self.view.set_marker(spot)

    def set_path(self, path: NDArray[np.floating] | None) -> None:
        """Show a path of (k, 2) map units, or none."""
        self.view.set_path(path)

    def path(self) -> NDArray[np.float64]:
        """The path as (k, 2) map units."""
        return self.view.path()

    def set_shown(self, label: int, shown: bool) -> None:
        """Show or hide one class."""
        (self.view.hidden.discard if shown else self.view.hidden.add)(label)
        self._chips[label].set_on(shown)
        self.view.redraw()

    def fit(self) -> None:
        """Show the whole cloud."""
        self.view.fit()

    def _make_legend(self) -> None:
        for chip in self._chips:
            chip.deleteLater()
        self._chips = []
        for label, name in enumerate(self.view.cloud.names):
            count = int((self.view.cloud.labels == label).sum())
            chip = LegendChip(name)
            chip.setToolTip(plain(f"{name}: {count:,} points. Click to hide or show them."))
            chip.toggled.connect(lambda on, label=label: self.set_shown(label, on))
            self._chips.append(chip)
            self._legend.add(chip)
        self._recolour()

    def _recolour(self) -> None:
        for label, chip in enumerate(self._chips):
            chip.set_colour(theme.series(label))
