"""What the layers of the synthesis network see: the liveliest feature maps of one layer at a time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal

from models.core.styles.mixing import StyleLayer
from models.core.styles.table import layer_words
from studio.panels.styles.tasks import Maps
from studio.widgets.card import Card, button, hbox, icon_button
from studio.widgets.picture import PictureGrid
from studio.widgets.sliders import LabelledSlider


class FeaturesCard(Card):
    """Holds the maps of all layers and shows those of one; the slider travels through the network."""

    export_asked = Signal()
    opened = Signal(int)  # a map to see large

    def __init__(self) -> None:
        super().__init__("Feature maps")
        self._layers: tuple[StyleLayer, ...] = ()
        self._maps: Sequence[Maps] = ()
        self.save = button("Export")
        self.save.setToolTip("The maps of this layer as one sheet into the Gallery")
        self.save.clicked.connect(self.export_asked)
        self.tools.addWidget(self.save)
        self.grid = PictureGrid(cell=32, max_size=176)
        self.grid.setAccessibleName("Feature maps of the chosen layer")
        self.grid.clicked.connect(self.opened)
        self.layer = LabelledSlider(0, 0, self._words)
        self.layer.track.setAccessibleName("Layer of the network")
        self.layer.changed.connect(self._show)
        self.back, self.forth = icon_button("caret-left", "Previous layer"), icon_button("caret-right", "Next layer")
        self.back.clicked.connect(lambda: self.choose(self.layer.value() - 1))
        self.forth.clicked.connect(lambda: self.choose(self.layer.value() + 1))
        row = hbox(self.back, self.layer, self.forth)
        row.setStretch(1, 1)
        self.body.addLayout(row)
        self.body.addWidget(self.grid, 1)

    def set_layers(self, layers: Sequence[StyleLayer]) -> None:
        """Another model: its first layer that shows something of the image."""
        self._layers, self._maps = tuple(layers), ()
        self.layer.set_range(0, len(layers) - 1)
        self.choose(len(layers) // 2)

    def _words(self, at: int) -> str:
        return layer_words(self._layers[at]) if self._layers else ""

    def choose(self, layer: int) -> None:
        """Go to a layer."""
        self.layer.set_value(layer)
        self._show()

    def show_maps(self, maps: Sequence[Maps]) -> None:
        """Show the maps of all layers for another image."""
        self._maps = maps
        self._show()

    def shown(self) -> Maps | None:
        """The maps of the chosen layer."""
        return self._maps[self.layer.value()] if self._maps else None

    def _show(self) -> None:
        at, maps = self.layer.value(), self.shown()
        if maps is None:
            self.grid.set_images([])
            return
        one = self._layers[at]
        self.grid.set_images(maps.maps, [f"{channel}" for channel in maps.channels])
        self.set_subtitle(f"{len(maps.maps)} most active of {one.channels} channels, each normalised")
        self.back.setEnabled(at > 0)
        self.forth.setEnabled(at < len(self._layers) - 1)
