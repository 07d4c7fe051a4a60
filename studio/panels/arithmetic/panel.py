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
from models.core.latent import arithmetic, directions
from models.core.latent.arithmetic import Equation
from models.core.latent.directions import Known
from models.core.recipes.fields import plain
from studio.panels.arithmetic.directions_card import DirectionsCard
from studio.panels.arithmetic.directions_controller import DirectionsController
from studio.panels.arithmetic.result_card import CENTRE, ResultCard
from studio.panels.arithmetic.sheet_controller import SheetController
from studio.panels.arithmetic.slot_card import NOTHING, SlotCard, show_slots
from studio.panels.base import Panel
from studio.session import ModelInfo
from studio.widgets.card import hbox, vbox
from studio.widgets.exporting import Exporter
from studio.widgets.lightbox import Lightbox
from studio.widgets.undo import Move
from studio.workers import codings as labelling
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
        self.slots = [SlotCard(index, *words) for index, words in enumerate(TITLES)]
        self.result, self.directions = ResultCard(), DirectionsCard(_ABOUT)
        self.sheets = SheetController(self.services, self.show_error)
        self.sheet = self.sheets.card
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
        for index, slot in enumerate(self.slots):
            slot.dropped.connect(partial(self._drop, index))
            slot.remove_asked.connect(lambda at, i=index: self.change(lambda e: e.take(i, at)))
            slot.clear_asked.connect(lambda i=index: self.change(lambda e: e.clear(i)))
            slot.moved.connect(lambda value, i=index: self._preview(self.equation.with_strength(i, value)))
            slot.committed.connect(self._commit)
            slot.strip.recipe_at = lambda at, i=index: self.sheets.recipe(self.equation.groups[i][at])
            slot.opened.connect(lambda pixels, words: Lightbox(self, pixels, words, {}))
        sheet = self.sheet
        result = self.result
        named = self.named
        sheet.put.connect(self._put)
        sheet.picked.connect(self._pick)
        sheet.files_chosen.connect(self.dropped)
        result.put.connect(lambda slot, at: self.add(slot, self.equation.neighbours()[at]))
        result.opened.connect(self._open_result)
        result.sent.connect(lambda at: self.sheets.send(self.equation.neighbours()[at]))
        result.sum_asked.connect(lambda: self.change(lambda e: replace(e, base=None)))
        result.noise_moved.connect(lambda value: self._preview(replace(self.equation, noise=value)))
        result.noise_drawn.connect(lambda: self.change(lambda e: replace(e, seed=e.seed + 1)))
        result.committed.connect(self._commit)
        result.example_asked.connect(self.example)
        result.export_asked.connect(self._export)
        result.dropped.connect(self.session.asked_to_open)  # as if dropped on the window: recipes open
        result.grid.recipe_at = lambda at: text_chunk(self._recipe(at))
        self.directions.moved.connect(lambda i, value: self._preview(self.equation.with_amount(i, value)))
        self.directions.committed.connect(self._commit)
        named.changed.connect(self._change_to)
        named.loaded.connect(self.place)
        named.asked_for_picture.connect(self._choose_any)
        named.equation = lambda: self.equation

    # --- the model ---

    def model_changed(self) -> None:
        """Another model has codings of its own: everything starts anew."""
        info = self.session.model
        assert info is not None
        self._info, self._seen_step = info, info.step
        self.named.show_model(info)
        self.sheets.show_model(info)
        self.place(Equation.empty(info.latent_size))

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

    def change(self, how: Any) -> None:
        """One step that can be undone; ``how`` makes the new equation from the old one or raises ``UserError``."""
        try:
            self._change_to(how(self.equation))
        except UserError as error:
            self.show_error(error)

    def _change_to(self, after: Equation) -> None:
        self.error.hide()
        self.session.undo.push(Move(self.place, self._before, after, self.come_forward))

    def _preview(self, after: Equation) -> None:
        self.equation = after
        self.result.show_equation(after)
        self._paint()

    def _commit(self) -> None:
        if self.equation is not self._before:
            self._change_to(self.equation)

    def place(self, equation: Equation) -> None:
        """Show an equation without remembering it for undo."""
        self.equation = self._before = equation
        for slot, strength in zip(self.slots, equation.strengths, strict=True):
            slot.slider.set_value(strength)
        self.result.show_equation(equation)
        self.named.show_equation(equation)
        self._paint()
        self._show_slots()

    def _ask(self, key: str, work: Any, then: Any) -> None:
        self.services.inference.question(f"{KEY}/{key}", work, then, self.show_error)

    def _paint(self) -> None:
        if self.equation.filled:
            nine = self.equation.neighbours()
            work = lambda model, task: labelling.generated(model, nine, task)  # noqa: E731
            self._ask("sum", work, self.result.show_pictures)

    def _show_slots(self) -> None:
        groups = self.equation.groups
        if len(self._shown_groups) == len(groups) and all(map(np.array_equal, groups, self._shown_groups)):
            return
        self._shown_groups, counts = groups, [len(group) for group in groups]
        codings = np.concatenate([*groups, *[group.mean(axis=0, keepdims=True) for group in groups if len(group)]])

        def work(model: Any, task: Task) -> Any:
            return convert.to_uint8(model.decode(codings)) if len(codings) else NOTHING

        self._ask("slots", work, lambda pictures: show_slots(self.slots, counts, pictures))

    # --- into the slots ---

    def add(self, slot: int, codings: Any) -> None:
        """Put a coding (latent_size,) or several (n, latent_size) into a slot."""
        self.change(lambda e: e.add(slot, np.atleast_2d(codings)))

    def _put(self, slot: int, index: int) -> None:
        self.sheets.coding(index, lambda coding: self.add(slot, coding))

    def _drop(self, slot: int, paths: list[str]) -> None:
        self.sheets.take(paths, lambda tiles: self.add(slot, [tile.coding for tile in tiles]))

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
            self.sheets.coding(index, lambda coding: self.change(lambda e: replace(e, base=coding)))

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
            self.change(lambda e: replace(e, groups=(a, b, c), base=None))

    def _example(self, name: str, known: Known) -> None:
        groups = partial(directions.example, known, name, 0)
        self.change(lambda e: replace(e, groups=groups(), base=None))

    # --- out of the panel ---

    def _recipe(self, at: int = CENTRE, made: str = "image") -> dict[str, Any]:
        assert self._info is not None
        values = {**self.equation.recipe(), "codings": plain(self.equation.neighbours()[at])}
        return recipe_of(self._info, KEY, made=made, **values)

    def _open_result(self, at: int) -> None:
        pixels = self.result.grid.image(at)
        if pixels is not None:
            words = self.equation.words() if at == CENTRE else f"{self.equation.words()}, with a little noise"
            Lightbox(self.result.grid, pixels, words, text_chunk(self._recipe(at)))

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
        """Slots, sliders and directions."""
        return Prepared(arithmetic.from_recipe(values, info.latent_size))

    def bring_back(self, state: Equation) -> None:
        """The whole equation."""
        self._change_to(state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Larger tiles where there is room."""
        super().resizeEvent(event)
        for slot in self.slots:
            slot.set_tile(128 if self.height() >= LARGE else 64)
