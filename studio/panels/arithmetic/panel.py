"""Arithmetic: codings can be added like arrows: with glasses minus without plus somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from models.core.capabilities import Decodes
from models.core.errors import UserError
from models.core.family import About
from models.core.images import convert
from models.core.latent import arithmetic, directions, finding
from models.core.latent.arithmetic import Array, Equation
from models.core.latent.directions import Known
from models.core.recipes.fields import plain
from studio.panels.arithmetic.directions_card import DirectionsCard
from studio.panels.arithmetic.directions_controller import DirectionsController
from studio.panels.arithmetic.result_card import CENTRE, ResultCard
from studio.panels.arithmetic.sheet_card import Tile
from studio.panels.arithmetic.sheet_controller import SheetController
from studio.panels.arithmetic.slot_card import NOTHING, SlotCard, show_slots
from studio.panels.base import Panel
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter
from studio.widgets.undo import Move
from studio.workers.recipes import Prepared, recipe_of, text_chunk
from studio.workers.worker import Task

KEY = "arithmetic"
TITLES = (("A", "with the attribute"), ("− B", "without"), ("+ C", "target"))
LARGE = 900  # px of height from which the slots show larger tiles

_ABOUT = About(
    text=(
        "Every image has a coding, a vector of numbers, and codings can be added. The mean of A minus the mean of B "
        "leaves what A has and B has not; added to C, it appears there. A direction is such a vector, kept under a "
        "name: AUC measures how well it separates images that it was not made from."
    ),
    equation="z = a·mean z(A) − b·mean z(B) + c·mean z(C) + Σ s·d",
    paper="Radford, Metz and Chintala, Unsupervised Representation Learning with DCGANs, 2015, arXiv:1511.06434",
)


class Arithmetic(Panel):
    """Slots above, sheet and sum below, directions at the right; all of it is one ``Equation``."""

    TITLE = "Arithmetic"
    ICON = "plus-minus"
    NEEDS = Decodes
    OFFERS = "vae-faces"
    PURPOSE = "Here you add and subtract what images show: with glasses − without + target."
    HINTS = "1 2 3 into A B C  ·  Delete out  ·  Ctrl+Z undo"

    def build(self, content: QWidget) -> None:
        """All cards; the panel alone knows the equation."""
        self.equation = self._before = Equation.empty(1)
        self._seen_step, self._shown_groups = -1, tuple[Any, ...]()
        self.exporter = Exporter(self.services, self.show_error)
        self.sheets = SheetController(self.services, self.show_error)
        self.sheet = self.sheets.card
        self.slots = [SlotCard(index, *words, self.sheets.recipe) for index, words in enumerate(TITLES)]
        self.result = ResultCard(self._recipe_at)
        self.directions = DirectionsCard(_ABOUT)
        self.named = DirectionsController(self.services, self.directions, self.show_error)
        below = hbox(self.sheet, self.result, spacing=12)
        below.setStretch(0, 20)
        below.setStretch(1, 23)
        left = vbox(hbox(*self.slots, spacing=12), below, spacing=12)
        left.setStretch(1, 1)
        whole = hbox(left, self.directions, spacing=12)
        whole.setStretch(0, 5)
        whole.setStretch(1, 2)
        content.setLayout(whole)
        self._connect()

    def _connect(self) -> None:
        a, b, c = self.slots
        for card in (a, b, c, self.result, self.directions):
            card.previewed.connect(self.preview)
            card.committed.connect(self._commit)
        for part in (a, b, c, self.result, self.named):
            part.changed.connect(self.change)
        for slot in self.slots:
            slot.dropped.connect(self._drop)
        self.sheet.put.connect(self._put)
        self.sheet.picked.connect(self._pick)
        self.sheet.files_chosen.connect(self.dropped)
        self.result.put.connect(self.add)
        self.result.sent.connect(self.sheets.send)
        self.result.example_asked.connect(self.example)
        self.result.export_asked.connect(self._export)
        self.result.dropped.connect(self.session.asked_to_open)  # as if dropped on the window: recipes open
        self.named.loaded.connect(self.place)
        self.named.asked_for_picture.connect(self._choose_any)

    # --- the model ---

    def model_changed(self) -> None:
        """Another model has codings of its own: everything starts anew."""
        info = self.session.model
        assert info is not None
        self._info, self._seen_step = info, info.step
        self.named.show_model(info)
        self.sheets.show_model(info)
        self.result.show_offer(info.conditions)
        self.place(Equation.empty(info.latent_size, len(info.conditions.names)))

    def weights_changed(self) -> None:
        """It has learned more: paint the same codings again when somebody looks."""
        self._info = self.session.model
        if self.isVisible():
            self.shown()

    def shown(self) -> None:
        """Follow what the model has learned meanwhile."""
        if self._info is None or self._info.step == self._seen_step:
            return
        self._seen_step, self._shown_groups = self._info.step, ()
        self.named.show_weights(self._info)
        self.sheets.show_weights(self._info)
        self.place(self.equation)

    # --- the equation: previewed while something moves, changed with undo, placed ---

    def change(self, after: Equation) -> None:
        """Show another equation: one step that can be undone."""
        self.error.hide()
        self.session.undo.push(Move(self.place, self._before, after, self.come_forward))

    def _commit(self) -> None:
        if self.equation is not self._before:
            self.change(self.equation)

    def place(self, equation: Equation) -> None:
        """Show an equation without remembering it for undo."""
        self._before = equation
        self.preview(equation)
        self._show_slots()

    def preview(self, equation: Equation) -> None:
        """Show what an equation gives while a slider moves; the images in the slots are the same."""
        self.equation = equation
        a, b, c = self.slots
        for part in (a, b, c, self.result, self.named):
            part.show_equation(equation)
        self._paint()

    def _ask(self, key: str, work: Any, then: Any) -> None:
        self.services.inference.question(f"{KEY}/{key}", work, then, self.show_error)

    def _paint(self) -> None:
        if self.equation.filled:
            nine = self.equation.neighbours()

            def work(model: Any, task: Task) -> Any:
                return finding.generated(model, nine, task)

            self._ask("sum", work, self.result.show_pictures)

    def _show_slots(self) -> None:
        groups = self.equation.groups
        if len(self._shown_groups) == len(groups) and all(map(np.array_equal, groups, self._shown_groups)):
            return
        self._shown_groups, counts = groups, [len(group) for group in groups]
        codings = np.concatenate([*groups, *[group.mean(axis=0, keepdims=True) for group in groups if len(group)]])

        def work(model: Any, task: Task) -> Any:
            return convert.to_uint8(model.decode(codings)) if len(codings) else NOTHING

        self._ask("slots", work, partial(show_slots, self.slots, counts))

    # --- into the slots ---

    def add(self, slot: int, codings: Any) -> None:
        """Put a coding (latent_size,) or several (n, latent_size) into a slot."""
        try:
            self.change(self.equation.add(slot, np.atleast_2d(codings)))
        except UserError as error:
            self.show_error(error)

    def _put(self, slot: int, index: int) -> None:
        self.sheets.coding(index, partial(self.add, slot))

    def _drop(self, slot: int, paths: list[str]) -> None:
        self.sheets.take(paths, partial(self._add_tiles, slot))

    def _add_tiles(self, slot: int, tiles: list[Tile]) -> None:
        self.add(slot, [tile.coding for tile in tiles])

    def dropped(self, paths: list[str]) -> bool:
        """Own images: their codings are found, then they are on the sheet."""
        if self._info is None:
            return False
        self.error.hide()
        self.sheets.take(paths, self.sheet.add_own)
        return True

    def _pick(self, index: int) -> None:
        """A click on the sheet: the image that directions change, unless there is a sum."""
        if not any(map(len, self.equation.groups)) or self.equation.base is not None:
            self.sheets.coding(index, self._show_one)

    def _show_one(self, coding: Array) -> None:
        self.change(replace(self.equation, base=coding))

    def _choose_any(self) -> None:
        """A direction needs something to change: the chosen image, or the first."""
        if not self.equation.filled and self.sheet.tiles():
            index = max(self.sheet.grid.current(), 0)
            self.sheet.grid.set_current(index)
            self._pick(index)

    def example(self) -> None:
        """Fill the slots so that something can be seen: by the first attribute, or as the sheet goes."""
        names = self.named.known.names()
        if names:
            self.named.known.ask(partial(self._example, names[0]))
            return
        codings = [tile.coding for tile in self.sheet.tiles() if tile.coding is not None]
        if len(codings) >= 9:
            a, b, c = np.split(np.stack(codings[:9]), 3)
            self.change(replace(self.equation, groups=(a, b, c), base=None))

    def _example(self, name: str, known: Known) -> None:
        try:
            groups = directions.example(known, name, 0)
        except UserError as error:
            self.show_error(error)
        else:
            self.change(replace(self.equation, groups=groups, base=None))

    # --- out of the panel ---

    def _recipe(self, at: int = CENTRE, made: str = "image") -> dict[str, Any]:
        assert self._info is not None
        values = {**self.equation.recipe(), "codings": plain(self.equation.neighbours()[at])}
        return recipe_of(self._info, KEY, made=made, **values)

    def _recipe_at(self, at: int) -> dict[str, str]:
        return text_chunk(self._recipe(at))

    @Slot(str)
    def _export(self, what: str) -> None:
        shown = [self.result.grid.image(at) for at in range(self.result.grid.count())]
        nine = [one for one in shown if one is not None]
        if what == "codings":
            self.exporter.codings(self.equation.coding()[None])
        elif what == "sheet" and nine:
            self.exporter.picture(convert.grid(np.stack(nine)), self._recipe(made="sheet"))
        elif nine:
            self.exporter.picture(convert.enlarge(nine[CENTRE], 8 if what == "enlarged" else 1), self._recipe())

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """Slots, sliders, directions, and a condition that was chosen."""
        return Prepared(arithmetic.from_recipe(values, info.latent_size, len(info.conditions.names)))

    def bring_back(self, state: Equation) -> None:
        """The whole equation."""
        self.change(state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Larger tiles where there is room."""
        super().resizeEvent(event)
        for slot in self.slots:
            slot.set_tile(128 if self.height() >= LARGE else 64)
