"""Opening: a run becomes the current model, an image with a recipe brings its sliders back, files find a panel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from models.core import record
from models.core.errors import UserError
from models.core.hub import presets
from models.core.latent.coding_files import read_codings
from models.core.recipes import schema
from models.core.recipes.schema import Recipe
from models.core.record import preset, sealed
from studio.pages import Pages
from studio.panels.base import Panel
from studio.restoring import Restoring
from studio.session import ModelInfo
from studio.workers.services import Services

Codings = NDArray[np.float32]  # (n, latent_size)


class Opening(QObject):
    """Opens what a person chooses or drops.

    Args:
        services: its inference thread loads the models.
        front: says which page is in front; it is offered the files that nobody else wants.
        panels: the pages of the window.
    """

    loading = Signal()  # a model is on its way
    kept = Signal()  # it did not come; the model that was there stays
    downloading = Signal(bool)  # whether a preset is on its way

    def __init__(self, services: Services, front: Callable[[], QWidget | None], panels: Pages) -> None:
        super().__init__()
        self.services = services
        self.session = services.session
        self._front = front
        self._panels = panels
        self.restoring = Restoring(
            services, panels, loading=self.loading.emit, opened=self._opened, refused=self._not_opened
        )
        self.session.asked_to_restore.connect(self.restoring.data)
        self.session.asked_for_run.connect(self.run)
        self.session.asked_to_play.connect(self.play)
        self.session.asked_to_open.connect(self.files)

    # --- runs ---

    @Slot(object)
    def run(self, folder: Path) -> None:
        """Make a run the current model; it loads in the inference thread."""
        self.loading.emit()
        self.restoring.older = False
        self.services.inference.open(folder, self._opened, self._not_opened)

    @Slot(object)
    def play(self, folder: Path) -> None:
        """Make a run the current model and go to the first panel that can do something with it."""

        def opened(info: ModelInfo) -> None:
            self._opened(info)
            self.session.asked_for_panel.emit(self._panels.suited(info) or "train")

        self.loading.emit()
        self.services.inference.open(folder, opened, self._not_opened)

    @Slot(str, dict)
    def preset(self, source: str, values: dict[str, Any]) -> None:
        """Make a run of a preset, by its name or its folder, and make it the current model.

        Args:
            values: settings that are not the usual ones.
        """

        def made(folder: Path) -> None:
            self.downloading.emit(False)
            self.session.runs_changed.emit()
            self.play(folder)

        def failed(error: UserError) -> None:
            self.downloading.emit(False)
            self._not_opened(error)

        def progressed(what: str, done: int, total: int) -> None:
            self.session.done.emit(f"{what}: {done / 2**30:.2f} of {total / 2**30:.2f} GB")

        self.downloading.emit(True)
        work = partial(presets.adopt, source, values, None)
        self.services.long_worker.ask("preset", work, made, failed, progressed)

    @Slot()
    def stop_download(self) -> None:
        """Stop fetching a preset; what has come stays."""
        self.services.long_worker.cancel("preset")
        self.downloading.emit(False)
        self.session.done.emit("A download that is stopped goes on from there next time.")

    @Slot()
    def unload(self) -> None:
        """No model is current any more, and its memory is free."""
        self.services.inference.unload(lambda: self.session.set_model(None), self.session.notice)

    def last(self) -> None:
        """Bring back the model of the last session, unless loading it ended that session (fault C-18).

        Whoever asked for another one while the backend was still loading gets that.
        """
        if self.services.inference.asked_to_open:
            return
        folder = Path(str(self.session.settings.get("run", "")))
        if folder == Path() or not sealed.exists(folder / "run.json"):
            return
        if self.session.settings.get("opening", "") == str(folder):
            self.session.settings.set("opening", "")
            advice = "Choose it at the top left to try again, or another one."
            self.session.notice(UserError("The studio ended while it opened this model.", where=str(folder),
                                          advice=advice))  # fmt: skip
            return
        self.session.settings.set("opening", str(folder))
        self.run(folder)

    def follow(self, folder: Path) -> None:
        """Load the newest weights of a run that is being trained; the next time if it has none yet."""
        if self.restoring.older:  # a recipe wanted an older step
            return
        self.services.inference.open(folder, self._opened, lambda error: None)

    def trained(self, folder: Path) -> None:
        """A job ended: its model becomes the current one, unless it ended before there was anything to load."""
        try:
            if sealed.exists(folder / "run.json") and record.Run.open(folder).checkpoints():
                self.run(folder)
        except UserError as error:
            self.session.notice(error)

    def over(self) -> None:
        """Nothing is being opened any more; whatever ends the program now was not a model."""
        self.session.settings.set("opening", "")

    def _opened(self, info: ModelInfo) -> None:
        self.over()
        for text in info.notices:
            self.session.notice(text)
        self.session.set_model(info)

    def _not_opened(self, error: UserError) -> None:
        self.over()
        self.kept.emit()
        self.session.notice(error)

    # --- files ---

    @Slot(list)
    def files(self, paths: list[str]) -> None:
        """A run folder opens, a file with a recipe brings its model and settings back, else the panel decides."""
        first, front = Path(paths[0]), self._front()
        try:
            if sealed.exists(first / "run.json"):
                self.run(first)
                return
            if preset.is_preset(first):
                self.preset(str(first), {})
                return
            single = len(paths) == 1 and first.is_file()  # several images are for the panel in front
        except (UserError, OSError) as error:
            self.session.notice(error if isinstance(error, UserError) else UserError(str(error), where=str(first)))
            return
        if not single:
            self._for_the_panel(front, paths)
            return

        def come(found: Recipe | Codings | None) -> None:
            try:
                if not self._brought_back(first, found):
                    self._for_the_panel(front, paths)
            except UserError as error:
                self.session.notice(error)

        self.services.image_worker.ask("open", lambda task: _carried(first), come, self.session.notice)

    def _for_the_panel(self, page: QWidget | None, paths: list[str]) -> None:
        """The panel that was in front decides."""
        if not (isinstance(page, Panel) and page.dropped(paths)):
            self.session.notice(UserError("This panel does nothing with dropped files.", where=Path(paths[0]).name,
                                          advice="Drop images on Latent, Styles, Diffusion or Denoise."))  # fmt: skip

    def _brought_back(self, path: Path, found: Recipe | Codings | None) -> bool:
        """Whether a file says how it was made, so that this is brought back; else it is a file like any other."""
        if found is None:
            return False
        if not isinstance(found, Recipe):
            self.restoring.codings(path, found)
            return True
        if not found.panel:
            self.session.notice(f"{path.name} was made by {found.made!r}, which has no settings to bring back: "
                                "it is taken as an image.")  # fmt: skip
            return False
        self.restoring.recipe(found, path.name)
        return True

    def addresses(self, addresses: list[str]) -> None:
        """Links were dropped: the studio works offline and fetches nothing."""
        self.session.notice(UserError("This is a link, not a file of this machine.", where=addresses[0][:200],
                                      advice="Save the image first, then drop its file."))  # fmt: skip


def _carried(path: Path) -> Recipe | Codings | None:
    """What a file carries; it may come from anywhere, so that a worker reads it.

    Raises:
        UserError: if it carries something that cannot be read.
    """
    return read_codings(path) if path.suffix.lower() == ".npy" else schema.read(path)
