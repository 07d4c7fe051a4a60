"""The way back of an exported file: its recipe is checked as a whole, its model opened, its panel's controls set.

One place for whatever way a recipe comes: dropped on the window, opened from the Gallery, or sent by another panel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core import record
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import UserError
from models.core.recipes.schema import ADVICE, Recipe
from models.core.record import Run
from studio.panels.base import Panel
from studio.session import ModelInfo
from studio.workers.recipes import Prepared, recipe_of
from studio.workers.services import Services

CODINGS_PANEL = "latent"  # where codings without a recipe go


class Restoring:
    """Routes a recipe to the panel it names; says what does not fit, and then changes nothing.

    Args:
        services: its inference thread opens the model.
        panels: by key.
        loading: told when a model is on its way.
        opened, refused: told when it has come, or why it has not.
    """

    def __init__(
        self, services: Services, panels: Mapping[str, Panel], *, loading: Callable[[], None],
        opened: Callable[[ModelInfo], None], refused: Callable[[UserError], None],
    ) -> None:  # fmt: skip
        self.services = services
        self.session = services.session
        self._panels = panels
        self._loading = loading
        self._opened = opened
        self._refused = refused
        self.older = False  # an older step of a run was loaded for a recipe; nothing newer may replace it unasked

    def data(self, raw: dict[str, Any]) -> None:
        """Bring back what a recipe of this window says."""
        try:
            self.recipe(Recipe.parse(raw))
        except UserError as error:
            self.session.notice(error)

    def recipe(self, recipe: Recipe, where: str = "") -> None:
        """Bring back what a recipe says.

        Raises:
            UserError: if it names no panel or no run of this machine; what does not fit the model is said later.
        """
        panel = self._panels.get(recipe.panel)
        if panel is None:
            raise UserError(f"The recipe names the panel {recipe.panel!r}, which is not here.", where=where,
                            advice=ADVICE)  # fmt: skip
        folder, pick = self._folder_of(recipe, where), _Pick(recipe)
        check, back = partial(_checked, panel, recipe, where), partial(self._back, pick, panel)
        if self._is_current(recipe):
            model = self.session.model
            assert model is not None
            _check_suits(panel, model, where)
            ask = self.services.inference.question
            ask("recipe", lambda network, task: check(network, model), lambda found: back(model, found), self._refused)
            return
        self._loading()

        def opened(info: ModelInfo, found: Prepared) -> None:
            self._opened(info)
            back(info, found)

        self.services.inference.open_for(folder, pick, check, opened, self._refused)

    def _is_current(self, recipe: Recipe) -> bool:
        """Whether the model that is shown is the very one, weights included."""
        model = self.session.model
        if model is None or model.run_id != recipe.run_id:
            return False
        if recipe.checkpoint:
            return recipe.checkpoint == model.checkpoint
        return recipe.step in (None, model.step)

    def _folder_of(self, recipe: Recipe, where: str) -> Path:
        """The folder of its run: the one that is open, else one of the studio's."""
        model = self.session.model
        if model is not None and model.run_id == recipe.run_id:
            return model.folder
        runs = [*record.list_runs(places.pretrained()), *record.list_runs(places.runs())]
        found = next((run.folder for run in runs if run.id == recipe.run_id), None)
        if found is None:
            text = f"The model that made this, {recipe.model or 'without a name'}, is not on this machine."
            advice = "Open its run folder first, if it is somewhere else; then try again."
            raise UserError(text, where=where or recipe.run_id, advice=advice)
        return found

    def _back(self, pick: _Pick, panel: Panel, info: ModelInfo, found: Prepared) -> None:
        if pick.newest is not None:  # the model was opened for this
            self.older = info.step < pick.newest
        self.session.asked_for_panel.emit(pick.recipe.panel)
        panel.restore(found.state)
        notes = [note for note in (pick.words(info), *found.notes) if note]
        if notes:
            self.session.notice(" ".join(notes))

    def codings(self, path: Path, rows: NDArray[np.float32]) -> None:
        """Bring codings (n, size) from an .npy file to the sliders of the current model.

        Raises:
            UserError: if there is no model; if they are not for it is said later.
        """
        model = self.session.model
        if model is None:
            raise UserError("Codings need a model.", where=shown(path), advice="Open the one that they are for.")
        self.recipe(Recipe.parse(recipe_of(model, CODINGS_PANEL, made="codings", rows=rows.tolist())), shown(path))


def _check_suits(panel: Panel, info: ModelInfo, where: str) -> None:
    if not panel.suits(info):
        text = f"The recipe is for the panel {panel.TITLE}, which can do nothing with {info.title}."
        raise UserError(text, where=where, advice=ADVICE)


def _checked(panel: Panel, recipe: Recipe, where: str, model: Any, info: ModelInfo) -> Prepared:
    """In the inference thread: everything that could be wrong is found here."""
    _check_suits(panel, info, where)
    try:
        return panel.prepare(recipe.values, info, model)
    except UserError as error:
        error.where = where or error.where  # the sentence names the field
        raise


class _Pick:
    """Chooses the checkpoint that made something, if it still exists, and remembers what else there was."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.newest: int | None = None  # step; known once a run was looked at

    def __call__(self, run: Run) -> int | None:
        """The step to load; None for the newest. Runs in the inference thread."""
        entries, recipe = run.checkpoints(), self.recipe
        self.newest = entries[-1].step if entries else None
        same = [entry.step for entry in entries if recipe.checkpoint and entry.sha256 == recipe.checkpoint]
        near = [entry.step for entry in entries if entry.step == recipe.step]
        return next(iter([*same, *near]), None)

    def words(self, info: ModelInfo) -> str:
        """What a user should know of the weights that were loaded; "" if they are the ones, and the newest."""
        recipe = self.recipe
        if recipe.step is not None and recipe.step != info.step:
            return (
                f"This was made at step {recipe.step:,}; that checkpoint no longer exists, so step {info.step:,} is "
                f"loaded and the image looks different."
            )
        if recipe.checkpoint and recipe.checkpoint != info.checkpoint:
            return "The weights of this step are others than those that made it: the image may look different."
        if self.newest is not None and info.step < self.newest:
            return (
                f"Step {info.step:,}, which made this, is loaded; the run has reached step {self.newest:,}. "
                f"Choose the model again at the top left for its newest weights."
            )
        return ""
