"""Styles: the shape of one image with the colours of another, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QStackedWidget, QWidget

from models.core.capabilities import Decodes
from models.core.errors import UserError
from models.core.family import About
from models.core.styles import synthesis
from models.core.styles.mixing import OFF, MixesStyles
from models.core.styles.table import SIDE, Mixture, Source
from studio.panels.base import Panel
from studio.panels.styles import tasks
from studio.panels.styles.animation_controller import AnimationController
from studio.panels.styles.exports import StyleExports
from studio.panels.styles.features_card import FeaturesCard
from studio.panels.styles.mix_card import StyleCard
from studio.panels.styles.source_search import SourceController
from studio.panels.styles.table_card import MixingCard
from studio.panels.styles.tasks import KEY, LAYERS, MIX, Facts, Look
from studio.panels.styles.toolbar import StyleBar
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter
from studio.widgets.qimages import Pixels
from studio.widgets.undo import Move
from studio.workers.recipes import Prepared, recipe_of
from studio.workers.worker import Task

VIEWS = ("Mix", "Layers", "Animation")

_ABOUT = About(
    text=(
        "A style is given to every layer of the generator. The coarse layers of a mix take the style of its row and "
        "decide on shape, the fine ones take that of its column and decide on colours. Noise adds details that no "
        "style determines."
    ),
    equation="w_l = w_row where l < crossover, else w_column\nw' = mean + ψ (w − mean)",
    paper="Karras, Laine and Aila, A Style-Based Generator Architecture for GANs, 2019, arXiv:1812.04948",
)


class Styles(Panel):
    """A table of mixes, feature maps or an animation; the chosen mix at the right. All is one ``Mixture``."""

    TITLE = "Styles"
    ICON = "squares-four"
    NEEDS = MixesStyles
    OFFERS = "stylegan-faces"
    PURPOSE = "Here you give one image the shape of another and the colours of a third, layer by layer."
    HINTS = "Enter blends a mix  ·  R new source  ·  K keyframe  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """All cards; the panel alone knows the table."""
        self.table = self._before = Mixture.begin(1)
        self._facts: Facts | None = None
        self._asked: dict[str, tuple[Any, ...]] = {}  # what each part of the page was last painted from
        self._seen_step = -1
        self.exporter = Exporter(self.services, self.show_error)
        self.bar = StyleBar(VIEWS)
        self.mixes = MixingCard()
        self.features = FeaturesCard()
        self.one = StyleCard(_ABOUT)
        self.search = SourceController(self.services, self.mixes.progress, self.show_error)
        self.out = StyleExports(self.exporter, self.mixes, self.features, self.one, self._recipe)
        self.animation = AnimationController(self.services, self.exporter, self.out.recipe, self.show_error)
        self.walk = self.animation.card
        self.views = QStackedWidget()
        for card in (self.mixes, self.features, self.walk):
            self.views.addWidget(card)
        below = hbox(self.views, self.one, spacing=12)
        below.setStretch(0, 23)
        below.setStretch(1, 20)
        column = vbox(self.bar, below, spacing=12)
        column.setStretch(1, 1)
        content.setLayout(column)
        self._connect()

    def _connect(self) -> None:
        for part in (self.bar, self.mixes, self.one.rows, self.walk):
            part.previewed.connect(self.preview)
            part.changed.connect(self.change)
            part.committed.connect(self._commit)
        self.bar.view_chosen.connect(self.show_view)
        self.mixes.files_chosen.connect(self._take)
        self.mixes.dataset_asked.connect(self._take_from_dataset)
        self.walk.add_asked.connect(self.add_keyframe)
        self.animation.frame_chosen.connect(self._show_frame)
        self.key("K", self.add_keyframe)

    # --- the model ---

    @classmethod
    def suits(cls, model: ModelInfo) -> bool:
        """Sources are drawn from its codings."""
        return model.can(MixesStyles) and model.can(Decodes)

    def model_changed(self) -> None:
        """Another model has layers of its own: everything starts anew."""
        info = self.session.model
        assert info is not None
        self._info = info
        self._seen_step = info.step
        self._facts = None
        self.search.show_model(info)
        self.services.inference.question(
            f"{KEY}/facts", lambda model, task: tasks.facts(model), self._begin, self.show_error
        )

    def model_gone(self) -> None:
        """A model without styles: nothing can be mixed."""
        super().model_gone()
        self._facts = None

    def _begin(self, facts: Facts) -> None:
        self._facts = facts
        self._asked.clear()
        self.animation.forget()
        for card in (self.mixes, self.features, self.one):
            card.set_layers(facts.layers)
        self.place(Mixture.begin(len(facts.layers)))
        self.settled()

    def weights_changed(self) -> None:
        """It has learned more: paint the same table again when somebody looks."""
        self._info = self.session.model
        if self.isVisible():
            self.shown()

    def shown(self) -> None:
        """Follow what the model has learned meanwhile."""
        if self._info is None or self._facts is None:
            return
        if self._info.step != self._seen_step:
            self._seen_step = self._info.step
            self._asked.clear()
            self.animation.forget()
            self.search.show_model(self._info)
        self.place(self.table)

    # --- the table: previewed while something moves, changed with undo, placed ---

    def change(self, after: Mixture) -> None:
        """Show another table: one step that can be undone."""
        if self._facts is None:
            return
        self.error.hide()
        self.session.undo.push(Move(self.place, self._before, after, self.come_forward))

    def _commit(self) -> None:
        if self.table is not self._before:
            self.change(self.table)

    def place(self, table: Mixture) -> None:
        """Show a table without remembering it for undo."""
        self._before = table
        self.preview(table)
        one = (table.mix().coarse, table.mix().fine, table.blend(), table.truncation)
        quiet = tuple(choice == OFF for choice in table.noises)
        self._ask("variation", (*one, quiet), tasks.variation, self.one.show_variation)
        self.animation.show(table)

    def preview(self, table: Mixture) -> None:
        """Show a table while a slider moves; what takes longer waits until it has come to rest."""
        self.table = table
        for part in (self.bar, self.mixes, self.one, self.walk, self.out):
            part.show_table(table)
        self._paint()

    def add_keyframe(self) -> None:
        """Let the animation go through the large image too."""
        try:
            self.change(self.table.with_keyframe())
        except UserError as error:
            self.show_error(error)

    def show_view(self, view: int) -> None:
        """Mixes, feature maps or the animation."""
        self.bar.view.set_index(view)
        self.views.setCurrentIndex(view)
        self._paint()
        self.animation.show(self.table)

    # --- asking: what runs is finished and shown, then the latest table; what has not changed is not painted again ---

    def _ask(
        self, key: str, generated_from: tuple[Any, ...], work: Callable[..., Any], then: Callable[..., Any]
    ) -> None:
        if self._facts is None or not self.isVisible() or self._asked.get(key) == generated_from:
            return
        self._asked[key], table = generated_from, self.table

        def failed(error: UserError) -> None:
            self._asked.pop(key, None)
            self.show_error(error)

        def ask(model: Any, task: Task) -> Any:
            return work(model, table, task)

        self.services.inference.question(f"{KEY}/{key}", ask, then, failed, in_turn=True)

    def _paint(self) -> None:
        table = self.table
        every = (table.truncation, table.noises)
        one = (table.mix().coarse, table.mix().fine, table.blend(), *every)
        self._ask("picture", one, tasks.picture, self._generated)
        if self.views.currentIndex() == LAYERS:
            self._ask("features", one, tasks.features, self.features.show_maps)
        self._ask("cells", (*table.sources, table.crossover, *every), synthesis.cells, self.mixes.grid.show_cells)
        self._ask("sources", (*table.sources, *every), synthesis.sources, self.mixes.grid.show_sources)

    def _generated(self, picture: Pixels) -> None:
        self.walk.player.stop()
        self.one.show_picture(picture)

    def _show_frame(self, pixels: Pixels, words: str, frame: int) -> None:
        self._asked.pop("picture", None)  # the mix is painted again when somebody wants it
        self.one.show_picture(pixels, words, frame)

    # --- images from elsewhere ---

    @property
    def _plus(self) -> bool:
        return self.mixes.space.index() == 1

    def _take(self, line: int, paths: list[str]) -> None:
        self.error.hide()
        self.search.files(paths, self._plus, partial(self._put, line))

    def _take_from_dataset(self) -> None:
        self.search.dataset(self._plus, partial(self._put, self.mixes.line()))

    def _put(self, line: int, found: Sequence[Source]) -> None:
        """Several images go into this source and those after it on the same edge."""
        table = self.table
        for number, source in enumerate(found[: SIDE - line % SIDE]):
            table = table.with_source(line + number, source)
        self.change(table)

    def dropped(self, paths: list[str]) -> bool:
        """An own image: it becomes the ringed source, or the coarse source of the chosen mix."""
        if self._facts is None:
            return False
        self.show_view(MIX)
        self._take(self.mixes.line(), paths)
        return True

    # --- out of the panel ---

    def _recipe(self, table: Mixture) -> dict[str, Any]:
        assert self._info is not None
        where: dict[str, Any] = {"view": self.views.currentIndex(), "layer": self.features.layer.value()}
        return recipe_of(self._info, KEY, **table.recipe(), **where)

    # --- recipes ---

    def ready(self) -> bool:
        """Once the layers are known."""
        return self._facts is not None

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """Sources, sliders and keyframes, and where one looked."""
        return Prepared(tasks.state_in(values, len(model.style_layers), model.style_size))

    def bring_back(self, state: Look) -> None:
        """The whole table; a frame of the animation is shown once it is painted."""
        self.animation.look_at(state.frame)
        self.show_view(state.view)
        if state.layer is not None:
            self.features.choose(state.layer)
        self.change(state.table)
