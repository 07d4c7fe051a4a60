"""The card with the table of mixes: its sources, and where they cross over."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QMenu

from models.core.images import decoding
from models.core.styles.mixing import StyleLayer
from models.core.styles.table import LARGEST_SEED, SIDE, Mixture, crossover_words
from studio.panels.styles.table_grid import MixingGrid, cell_of, line_of, tile_of
from studio.widgets.basics import QuietSpin
from studio.widgets.card import Card, Segmented, button, hbox, icon_button
from studio.widgets.progress import ProgressRow
from studio.widgets.sliders import LabelledSlider
from studio.widgets.tile_menu import TileMenu

KINDS = " ".join(f"*{suffix}" for suffix in sorted(decoding.IMAGE_SUFFIXES))
SPACES = ("W", "W+")


class MixingCard(Card):
    """Shows a table; every change is a signal with the new one. Lines 0 to 5 are rows, 6 to 11 columns."""

    previewed = Signal(object)  # Mixture, while the slider moves
    changed = Signal(object)  # Mixture
    committed = Signal()  # the slider has come to rest
    files_chosen = Signal(int, list)  # (line, paths)
    dataset_asked = Signal()  # an image of the dataset for the ringed source
    opened = Signal(int)  # a tile to see in full size

    def __init__(self) -> None:
        super().__init__("Mixes")
        self._layers: tuple[StyleLayer, ...] = ()
        self._table = Mixture.begin(1)
        self._make_tools()
        self.grid = MixingGrid(self.words)
        self.grid.setAccessibleName("Table of mixes: coarse sources at the left, fine sources on top")
        self.grid.clicked.connect(self.choose_mix)
        self.grid.opened.connect(self.opened)
        self.grid.draw_asked.connect(self.draw_source)
        self.grid.dropped_on.connect(self._dropped)
        self.menu = _TableMenu(self)
        self.progress = ProgressRow()
        self.crossover = LabelledSlider(0, 0, lambda layer: crossover_words(self._layers, layer))
        self.crossover.track.setAccessibleName("Where coarse and fine cross over")
        self.crossover.setToolTip("How many layers, from the coarsest on, take the style of the row")
        self.crossover.changed.connect(self._preview)
        self.crossover.committed.connect(self.committed)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.grid, 1)
        self.body.addLayout(hbox(self.crossover))

    def _make_tools(self) -> None:
        self.seed = QuietSpin()
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setFixedWidth(64)
        self.seed.setToolTip("Seed: the same number gives the same sources")
        self.seed.setAccessibleName("Seed of the sources")
        self.seed.setKeyboardTracking(False)
        self.seed.valueChanged.connect(self._choose_seed)
        self.shuffle = icon_button("arrows-clockwise", "New sources; your images stay")
        self.shuffle.clicked.connect(lambda: self.seed.setValue((self.seed.value() + 1) % LARGEST_SEED))
        self.space = Segmented(SPACES)
        self.space.setAccessibleName("Where the styles of your images are searched for")
        self.space.setToolTip(
            "How the styles of your images are searched for: those in W mix well; in W+, with a style for each layer, "
            "they match the image better"
        )
        self.source = button("Source")
        self.source.setToolTip("Replace the chosen source; images can also be dropped on any source")
        menu = QMenu(self.source)
        menu.addAction("New source (R)").triggered.connect(self.draw_source)
        menu.addAction("Your image").triggered.connect(self.choose_files)
        menu.addAction("Image of the dataset").triggered.connect(self.dataset_asked)
        self.source.setMenu(menu)
        for widget in (self.seed, self.shuffle, self.source, self.space):
            self.tools.addWidget(widget)

    def set_layers(self, layers: Sequence[StyleLayer]) -> None:
        """Another model."""
        self._layers = tuple(layers)
        self.crossover.set_range(0, len(layers))
        self.grid.clear()

    def show_table(self, table: Mixture) -> None:
        """Set the slider, the seed and the ring."""
        self._table = table
        self.crossover.set_value(table.crossover)
        self.seed.blockSignals(True)
        self.seed.setValue(table.seed)
        self.seed.blockSignals(False)
        if cell_of(self.grid.current()) != table.cell and line_of(self.grid.current()) is None:
            self.grid.set_current(tile_of(*table.cell))

    def line(self) -> int:
        """The source that is ringed, or the coarse source of the mix that is."""
        line = line_of(self.grid.current())
        return self._table.cell[0] if line is None else line

    def words(self, tile: int) -> str:
        """What a tile shows."""
        line, cell = line_of(tile), cell_of(tile)
        if line is not None:
            kind, number = ("fine", line - SIDE + 1) if line >= SIDE else ("coarse", line + 1)
            words = self._table.sources[line].words
            return f"{kind} source {number}: {words}. R picks another one, or drop an image here."
        return f"row {cell[0] + 1}, column {cell[1] + 1}: shape of the row, colours of the column" if cell else ""

    # --- what changes a source changes the ringed one, by any menu or key ---

    def draw_source(self) -> None:
        """Another draw."""
        self.changed.emit(self._table.with_draw(self.line()))

    def choose_files(self) -> None:
        """Ask for own images."""
        line = self.line()
        paths, _ = QFileDialog.getOpenFileNames(self, "Your images", "", f"Images ({KINDS})")
        if paths:
            self.files_chosen.emit(line, paths)

    def choose_mix(self, tile: int) -> None:
        """Show a mix large."""
        cell = cell_of(tile)
        if cell is not None:
            self.changed.emit(self._table.with_cell(*cell))

    def _preview(self, crossover: int) -> None:
        self.previewed.emit(self._table.with_crossover(crossover))

    def _choose_seed(self, seed: int) -> None:
        self.changed.emit(self._table.with_seed(seed))

    def _dropped(self, tile: int, paths: list[str]) -> None:
        line = line_of(tile)
        self.files_chosen.emit(self._table.cell[0] if line is None else line, paths)


class _TableMenu(TileMenu):
    """Has other words for a source than for a mix."""

    def __init__(self, card: MixingCard) -> None:
        sources = {
            "New source": lambda _tile: card.draw_source(),
            "Your image": lambda _tile: card.choose_files(),
            "Image of the dataset": lambda _tile: card.dataset_asked.emit(),
        }
        mixes = {"Blend its layers": card.choose_mix}
        super().__init__(card.grid, {**sources, **mixes, "Enlarge": card.opened.emit})
        self._mixes = set(mixes)
        self._sources = set(sources)

    def begin(self, index: int) -> bool:
        """Show what can be done with this kind of tile."""
        if not super().begin(index):
            return False
        hidden = self._sources if line_of(index) is None else self._mixes
        for action in self.menu.actions():
            action.setVisible(action.text() not in hidden)
        return True
