"""Makes directions, measures and saves them: what stands behind the card of the directions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from models.core.errors import UserError
from models.core.latent import direction_files, directions
from models.core.latent.arithmetic import Equation
from models.core.latent.direction_files import Direction
from models.core.latent.directions import Array, Known
from studio.panels.arithmetic.direction_row import separation
from studio.panels.arithmetic.directions_card import DirectionsCard
from studio.panels.arithmetic.labelled_codings import KnownCodings
from studio.session import ModelInfo
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "arithmetic/directions"
SEED = 0  # of what is held out


class DirectionsController(QObject):
    """Answers the signals of a ``DirectionsCard``; each change is a signal with the new equation."""

    changed = Signal(object)  # Equation, one step of undo
    loaded = Signal(object)  # Equation with the saved directions, no step of undo
    asked_for_picture = Signal()  # a direction was added: is there an image that it can change?

    def __init__(self, services: Services, card: DirectionsCard, show_error: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services = services
        self.card = card
        self._show_error = show_error
        self.known = KnownCodings(services, show_error)
        self._equation = Equation.empty(1)
        self._info: ModelInfo | None = None
        self._files: dict[str, Direction] = {}  # what was saved under which name
        self._groups: dict[str, tuple[Array, Array]] = {}  # of own directions, so that they can be measured again
        self.known.began.connect(card.progress.begin)
        self.known.advanced.connect(card.progress.advance)
        self.known.ended.connect(card.progress.end)
        card.cancelled.connect(self.known.cancel)
        card.attribute_asked.connect(self.pick)
        card.own_asked.connect(self.make)
        card.save_asked.connect(self.save)
        card.remove_asked.connect(self.remove)
        card.orthogonal_asked.connect(self.orthogonalise)

    def show_model(self, info: ModelInfo) -> None:
        """Read the directions that were saved for this run."""
        self._files, self._groups = {}, {}
        self.card.say("")
        self.show_weights(info)

        def load(task: Task) -> tuple[list[Direction], list[UserError]]:
            return direction_files.load(info.run_id, info.latent_size, task)

        self.services.file_worker.ask(KEY, load, self._read, self._show_error, of_model=True)

    def show_weights(self, info: ModelInfo) -> None:
        """The model has learned more: its labelled codings are others."""
        self._info = info
        self.known.show_model(info)
        self.card.set_attributes(self.known.names())

    def show_equation(self, equation: Equation) -> None:
        """Show its directions."""
        self._equation = equation
        saved = {one.name for one in equation.directions if self._files.get(one.name) is one}
        self.card.show_equation(equation, saved)

    def _read(self, answer: tuple[list[Direction], list[UserError]]) -> None:
        found, bad = answer
        self._files = {one.name: one for one in found}
        after = self._equation
        try:
            for one in found:
                at = after.place(one.name)  # a recipe may have brought it already, with its strength
                if at is None or np.array_equal(after.directions[at].vector, one.vector):
                    after = after.with_direction(one, 0.0 if at is None else after.amounts[at])
        except UserError as error:
            bad = [*bad, error]
        self.loaded.emit(after)
        if bad:
            self._show_error(bad[0])

    # --- making ---

    def pick(self, name: str) -> None:
        """With minus without of an attribute, in one click."""
        self.known.ask(partial(self._picked, name))

    def _picked(self, name: str, known: Known) -> None:
        try:
            self._add(*directions.of_attribute(known, name), name, self._source(name))
        except UserError as error:
            self._show_error(error)

    def _source(self, name: str) -> str:
        return f"labelled images with and without {name}"

    def make(self, name: str) -> None:
        """Mean of A minus mean of B under a name."""
        with_it, without, _ = self._equation.groups
        try:
            clean = direction_files.clean_name(name)
            vector = directions.difference(with_it, without)
            auc = directions.held_out_separation(with_it, without, SEED)
            self._groups[clean] = (with_it, without)
            self._add(vector, auc, clean, f"{len(with_it)} images in A minus {len(without)} in B")
        except UserError as error:
            self._show_error(error)
        else:
            self.card.name.clear()

    def _add(self, vector: Array, auc: float | None, name: str, source: str) -> None:
        assert self._info is not None
        after = self._equation.with_direction(Direction(name, vector, source, auc, self._info.run_id), 1.0)
        self.card.chosen = after.place(name) or 0
        self.changed.emit(after)
        self.card.say("")
        self.asked_for_picture.emit()

    # --- orthogonal to the others ---

    def orthogonalise(self, index: int) -> None:
        """Take out of a direction what points along the others, and measure what that does to its AUC."""
        equation = self._equation
        if not 0 <= index < len(equation.directions) or len(equation.directions) < 2:
            return
        one = equation.directions[index]
        if one.name in self.known.names() and one.source.startswith(self._source(one.name)):
            self.known.ask(partial(self._apart, one))
        else:
            self._apart(one, None)

    def _apart(self, one: Direction, known: Known | None) -> None:
        equation = self._equation
        if one not in equation.directions:
            return  # it was removed meanwhile
        others = [other.vector for other in equation.directions if other is not one]
        try:
            vector, auc = directions.orthogonal(one.vector, others), None
            if known is not None:
                auc = directions.separation(vector, *known.groups(one.name, held=True))
            elif one.name in self._groups:
                auc = directions.held_out_separation(*self._groups[one.name], SEED, others)
            source = one.source if one.source.endswith("others") else f"{one.source}, orthogonal to the others"
            after = replace(one, vector=vector, source=source, auc=auc)
            self.changed.emit(equation.with_direction(after, equation.amounts[equation.directions.index(one)]))
        except UserError as error:
            self._show_error(error)
        else:
            self.card.say(f"{one.name}: {separation(one.auc)} before, {separation(auc)} as independent.")

    # --- keeping: a file is written and removed although another model has become current meanwhile ---

    def _is_of_model(self, direction: Direction) -> bool:
        return self._info is not None and self._info.run_id == direction.run_id

    def save(self, index: int) -> None:
        """Write a direction; the file is there whole or not at all."""
        direction = self._equation.directions[index]

        def saved(_path: object) -> None:
            if self._is_of_model(direction):
                self._files[direction.name] = direction
                self.show_equation(self._equation)
            self.services.session.done.emit(f"The direction {direction.name} is saved")

        key = f"{KEY}/{direction.name}"
        self.services.file_worker.ask(key, lambda task: direction_files.save(direction), saved, self._show_error)

    def remove(self, index: int) -> None:
        """Remove a direction; its file, if it was saved, goes to the trash. Undo brings it back, not saved."""
        direction = self._equation.directions[index]
        if direction.name not in self._files:
            self.changed.emit(self._equation.without_direction(index))
            return

        def removed(_nothing: object) -> None:
            if not self._is_of_model(direction):
                return
            self._files.pop(direction.name, None)
            at = self._equation.place(direction.name)
            if at is not None:
                self.changed.emit(self._equation.without_direction(at))

        key = f"{KEY}/{direction.name}"
        self.services.file_worker.ask(key, lambda task: direction_files.remove(direction), removed, self._show_error)
