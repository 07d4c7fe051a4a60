"""Neurons: what each coding unit has come to stand for, and what an image is without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from models.core.capabilities import Decodes, Encodes, HasSparsity
from models.core.datasets import recorded
from models.core.datasets.rows import evenly
from models.core.errors import UserError
from models.core.family import About
from models.core.images import convert
from studio.panels.base import Panel
from studio.panels.neurons import units
from studio.panels.neurons.unit_card import MOST, ChangeCard
from studio.panels.neurons.units import Chosen, Pixels, Survey
from studio.session import ModelInfo
from studio.widgets.card import Card, EmptyState, Foldout, button, hbox, label, vbox
from studio.widgets.exporting import Exporter
from studio.widgets.grid import PictureGrid
from studio.widgets.picture import Picture
from studio.widgets.progress import ProgressRow
from studio.widgets.undo import Move
from studio.workers.recipes import Later, Prepared, recipe_of, text_chunk
from studio.workers.worker import Task

PICTURES = 2_000  # that are encoded
TOP = 12  # images shown for a unit

_ABOUT = About(
    text=(
        "Each tile is one unit: light where it adds to the mean image, dark where it subtracts. The images beside it "
        "are those that activate the unit most, so what they have in common is what it stands for. Switch it off and "
        "the reconstruction loses just that."
    ),
    equation="alone = g(mean, a_k strong) − g(mean, a_k = 0)",
    paper="Ng, Sparse autoencoder (CS294A lecture notes), 2011",
)


class Neurons(Panel):
    """All units at the left; the chosen one, and one image with it changed, at the right."""

    TITLE = "Neurons"
    ICON = "brain"
    NEEDS = Encodes
    PURPOSE = "Here you see what each coding unit of an autoencoder stands for, and switch single ones off."
    OFFERS = "sparse-fashion"
    HINTS = "Arrow keys move between units  ·  Enter chooses one  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """A grid of units, the images of one, and a slider for it."""
        self._stale = True
        self.survey: Survey | None = None
        self.unit, self.example = 0, 0
        self._kept = (0, 0, 0)  # unit, example and per cent before a move
        self._order = np.zeros(0, np.int64)
        self.exporter = Exporter(self.services, self.show_error)
        self._make_units()
        self._make_unit()
        self._make_change()
        later = Later(lambda: text_chunk(self._recipe()))
        for picture in (self.generated, self.alone, self.original, self.before, self.after):
            picture.recipe = later
        self.grid.recipe_at = lambda place: text_chunk(self._recipe(place))
        right = vbox(self.one, self.change, spacing=12)
        right.setStretch(0, 1)
        right.setStretch(1, 1)
        row = hbox(self.all, right, spacing=12)
        row.setStretch(0, 1)
        row.setStretch(1, 1)
        content.setLayout(row)

    def _make_units(self) -> None:
        self.all = Card("Units", "what each adds to the mean image")
        self.grid = PictureGrid(cell=48, max_size=96)
        self.grid.clicked.connect(self.choose)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._cancel)
        self.waiting = EmptyState("brain", "The units appear once the dataset is encoded.", "Encode the dataset")
        self.waiting.asked.connect(self._load)
        save = button("Export")
        save.setToolTip("All units as one sheet into the Gallery")
        save.clicked.connect(self._export)
        self.all.tools.addWidget(save)
        self.all.body.addWidget(self.progress)
        self.all.body.addWidget(self.grid, 1)
        self.all.body.addWidget(self.waiting, 1)
        self.about = Foldout("What am I looking at?", _ABOUT)
        self.all.body.addWidget(self.about)
        self.grid.hide()

    def _make_unit(self) -> None:
        self.one = Card("Unit")
        self.generated, self.alone = Picture(), Picture()
        self.top = PictureGrid(cell=40, max_size=112)
        self.top.clicked.connect(self._take_example)
        self.top.setToolTip("Click one to change it below")
        pair = hbox(
            vbox(label("decoded alone", "secondary"), self.alone),
            vbox(label("on the mean image", "secondary"), self.generated),
            vbox(label("images that activate it most", "secondary"), self.top),
            spacing=12,
        )
        for index, share in enumerate((2, 2, 4)):
            pair.setStretch(index, share)
        self.one.body.addLayout(pair, 1)

    def _make_change(self) -> None:
        self.change = card = ChangeCard()
        self.original = card.original
        self.before = card.before
        self.after = card.after
        self.slider = card.slider
        card.another_asked.connect(self._another)
        card.changed.connect(lambda value: self._paint())
        card.committed.connect(self._commit)
        card.set_asked.connect(self._move_to)
        card.own_asked.connect(lambda: self._move_to(self._own()))

    # --- the model ---

    @classmethod
    def suits(cls, model: ModelInfo) -> bool:
        """Units that can be found in an image and painted."""
        return model.can(Encodes) and model.can(Decodes)

    def model_changed(self) -> None:
        """Another model has other units; they are painted when somebody looks."""
        self._info = self.session.model
        assert self._info is not None
        self._cancel()
        self.survey, self._stale = None, True
        self.about.set_about(replace(_ABOUT, figure=self._info.about.figure))
        self.grid.hide()
        self.waiting.show()
        for picture in (self.generated, self.alone, self.original, self.before, self.after):
            picture.set_image(None)
        self.top.set_images(np.zeros((0, 1, 1, 1), np.uint8))
        if self.isVisible():
            self.shown()

    def weights_changed(self) -> None:
        """It has learned more."""
        self._info, self._stale = self.session.model, True
        if self.isVisible():
            self.shown()

    def shown(self) -> None:
        """Paint the units with the weights of today."""
        if self._info is None or not self._stale:
            return
        self._stale = False
        self._load()

    def _load(self) -> None:
        info = self._info
        if info is None:
            return
        self.waiting.setVisible(self.survey is None)
        self.progress.begin("Loading the dataset")
        ask = self.services.file_worker.ask
        ask("neurons", partial(self._pictures, info), self._encode, self._failed, self.progress.advance, of_model=True)

    def _pictures(self, info: ModelInfo, task: Task) -> Pixels:
        dataset = recorded.load(info.data, work=task)
        return np.asarray(dataset.images[evenly(dataset.train, PICTURES)])

    @Slot(object)
    def _encode(self, pictures: Pixels) -> None:
        def work(model: Any, task: Task) -> Survey:
            return units.survey(model, pictures, task)

        self.services.inference.question("neurons", work, self._surveyed, self._failed, self.progress.advance)

    @Slot(object)
    def _surveyed(self, found: Survey) -> None:
        self.progress.end()
        first = self.survey is None
        self.survey, self._order = found, found.order()
        self.grid.set_images(found.alone[self._order], [str(int(unit)) for unit in self._order])
        words = f"{found.size} units, those that differ most first"
        if self._info is not None and self._info.can(HasSparsity):
            words += f"; mean activation {found.codings.mean():.3f}"
        self.all.set_subtitle(words)
        self.waiting.hide()
        self.grid.show()
        self.slider.set_range(-MOST if found.signed() else 0, MOST)
        self.grid.set_current(0 if first else int(np.flatnonzero(self._order == self.unit)[0]))
        self.choose(self.grid.current())
        self.settled()

    def _failed(self, error: UserError) -> None:
        self.progress.end()
        self.waiting.set_text(f"{error.what} {error.advice}")

    def _cancel(self) -> None:
        self.services.file_worker.cancel("neurons")
        self.services.inference.cancel("neurons")
        self.progress.end()

    # --- one unit ---

    @Slot(int)
    def choose(self, place: int) -> None:
        """Show the unit at a place of the grid."""
        found = self.survey
        if found is None or not 0 <= place < len(self._order):
            return
        self._show_unit(int(self._order[place]))
        self.example = int(found.top(self.unit, TOP)[0])  # the one that has most to lose
        self._as_it_is()

    def _show_unit(self, unit: int) -> None:
        found, self.unit = self.survey, unit
        assert found is not None
        values = found.codings[:, self.unit]
        self.one.set_title(f"Unit {self.unit}")
        self.one.set_subtitle(f"mean {values.mean():.3f}, strong {found.strong[self.unit]:.2f}")
        self.alone.set_image(found.alone[self.unit])
        self.generated.set_image(found.generated[self.unit])
        rows = found.top(self.unit, TOP)
        self.top.set_images(found.pictures[rows], [f"{values[row]:.2f}" for row in rows])

    def _take_example(self, place: int) -> None:
        if self.survey is not None:
            self.example = int(self.survey.top(self.unit, TOP)[place])
            self._as_it_is()

    def _another(self) -> None:
        if self.survey is not None:
            self.example = (self.example + 97) % len(self.survey.pictures)
            self._as_it_is()

    def _own(self, unit: int | None = None, example: int | None = None) -> int:
        """The activation of a unit on an image in per cent of a strong one; of those that are shown by default."""
        if self.survey is None:
            return 0
        unit, example = self.unit if unit is None else unit, self.example if example is None else example
        own = self.survey.codings[example, unit] / self.survey.strong[unit]
        return round(100 * float(own))

    def _as_it_is(self) -> None:
        self.set_activation(self._own())
        self._kept = (self.unit, self.example, self.slider.value())

    def _move_to(self, per_cent: int) -> None:
        self.set_activation(per_cent)
        self._commit()

    def _commit(self) -> None:
        """The end of a move of the slider: one step of undo."""
        before, self._kept = self._kept, (self.unit, self.example, self.slider.value())
        if before != self._kept:
            self.session.undo.push(Move(self._place, before, self._kept, self.come_forward))

    def _place(self, state: tuple[int, int, int]) -> None:
        """Show a unit on an image at so many per cent without remembering it for undo."""
        if self.survey is None or state == (self.unit, self.example, self.slider.value()):
            return
        self.grid.set_current(int(np.flatnonzero(self._order == state[0])[0]))
        self._show_unit(state[0])
        self.example, self._kept = state[1], state
        self.set_activation(state[2])

    def set_activation(self, per_cent: int) -> None:
        """Set the unit to so many per cent of its strong activation."""
        self.slider.set_value(per_cent)
        self._paint()

    def _paint(self) -> None:
        found = self.survey
        if found is None:
            return
        unit, value = self.unit, self.slider.value() / 100 * float(found.strong[self.unit])
        coding = found.codings[self.example]
        self.original.set_image(found.pictures[self.example])
        ask = self.services.inference.question
        work = lambda model, task: units.changed(model, coding, unit, value)  # noqa: E731
        ask("neurons/change", work, self._generated, self.show_error)

    @Slot(object)
    def _generated(self, pair: Pixels) -> None:
        self.before.set_image(pair[0])
        self.after.set_image(pair[1])

    def _recipe(self, place: int | None = None, made: str = "image") -> dict[str, Any]:
        """What is shown, or the unit at a place of the grid as it is shown first."""
        assert self._info is not None
        shown = {"unit": self.unit, "example": self.example, "per_cent": self.slider.value()}
        values = shown if place is None else {"unit": int(self._order[place])}
        return recipe_of(self._info, "neurons", made=made, units=len(self._order), **values)

    def _export(self) -> None:
        if self.survey is not None and self._info is not None:
            self.exporter.picture(convert.grid(self.survey.alone[self._order]), self._recipe(made="sheet"))

    # --- recipes ---

    def ready(self) -> bool:
        """Once the units are painted with the weights of today."""
        return self.survey is not None and not self._stale

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """A unit, and the image on which it is changed."""
        return Prepared(units.chosen_in(values, info.latent_size, PICTURES, MOST))

    def bring_back(self, state: Chosen) -> None:
        """The unit, the image and the slider."""
        found = self.survey
        assert found is not None
        if state.example is not None and state.example >= len(found.pictures):
            text = f"The recipe does not fit: it is of image {state.example}, and there are {len(found.pictures)}."
            self.show_error(UserError(text, where="example"))
            return
        unit = int(self._order[0]) if state.unit is None else state.unit
        example = int(found.top(unit, TOP)[0]) if state.example is None else state.example
        per_cent = self._own(unit, example) if state.per_cent is None else state.per_cent
        now = (self.unit, self.example, self.slider.value())
        self.session.undo.push(Move(self._place, now, (unit, example, per_cent), self.come_forward))
