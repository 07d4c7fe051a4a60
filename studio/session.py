"""What panels share: the current model, settings that survive a restart, undo, and notices for the person."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from models.core import datasets
from models.core.diffusion.prompt import Offer
from models.core.errors import UserError
from models.core.family import About
from studio.deletion import Deletion
from studio.settings import Settings

FOLDER_SIZES = (28, 32, 48, 64, 96, 128)  # px to which a folder's images can be fitted
FOLDER_SIZE = 64
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModelInfo:
    """What panels know of the current model; the model itself lives in the inference thread.

    Attributes:
        folder: its run folder.
        title: the run's name; ``family`` is the family's title.
        abilities: names of the capabilities (protocols of ``models.core.family``) that it has.
        latent_size: numbers in a coding, 0 where it has none.
        step: of the checkpoint that is loaded.
        checkpoint: sha256 of the file it was loaded from.
        conditions: what the last numbers of a coding ask for, one number a name: a class or attributes.
        notices: what the reader had to say, a fallback to an older checkpoint for instance.
        attribute_names: of its dataset; empty where none are known.
        data: what its run remembers of the dataset (``models.core.datasets.recorded``).
        noise: kind and typical strength of the noise that it learned to remove; None where it removes none.
    """

    folder: Path
    title: str
    family: str
    about: About
    abilities: frozenset[str]
    image_shape: tuple[int, int, int]
    latent_size: int
    label_names: tuple[str, ...]
    dataset: str
    dataset_size: int | None
    seed: int
    step: int
    status: str
    run_id: str
    notices: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    noise: tuple[str, float] | None = None
    checkpoint: str = ""
    conditions: Offer = field(default_factory=Offer)

    def can(self, capability: type | None) -> bool:
        """Whether the model has a capability; None asks for nothing."""
        return capability is None or capability.__name__ in self.abilities


class Session(QObject):
    """The state that panels share. It lives in the GUI thread."""

    model_changed = Signal()  # another model, or none
    weights_changed = Signal()  # the same model after more training
    runs_changed = Signal()  # a run appeared, ended or was deleted
    exports_changed = Signal()  # something new in the Gallery
    noticed = Signal(object)  # a UserError or a plain sentence for the person
    asked_to_restore = Signal(dict)  # bring back what a recipe says, as if its image was dropped on the window
    asked_for_panel = Signal(str)  # go to the panel with this key
    asked_for_run = Signal(object)  # make the run in this folder (Path) the current model
    asked_to_play = Signal(object)  # ... and go to the first panel that can do something with it
    asked_to_train = Signal(str)  # Train is in front: fill in this dataset (a key or a path)
    asked_to_train_like = Signal(str, str, dict)  # the same with a family's title, the dataset, and values for the form
    asked_to_open = Signal(list)  # open files (paths) as if they were dropped on the window
    done = Signal(str)  # something was done: one sentence for the status line
    datasets_changed = Signal()  # a folder or file was added to the datasets

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.undo = QUndoStack(self)
        self.undo.setUndoLimit(500)
        self.model: ModelInfo | None = None
        self.bad_datasets: set[str] = set()  # paths that could not be loaded when they were last tried

    def fitted_to(self, dataset: str) -> int | None:
        """The side in px that a person chose for a folder's images; None where the dataset has sizes of its own."""
        if dataset in datasets.DATASETS or dataset.lower().endswith(".npz"):
            return None
        size = self.settings.get("sizes", {}).get(dataset)
        return size if size in FOLDER_SIZES else FOLDER_SIZE

    def fit(self, dataset: str, size: int) -> None:
        """Remember to what size a folder's images are fitted."""

        def fitted(sizes: dict[str, Any]) -> dict[str, Any]:
            kept = [(name, old) for name, old in sizes.items() if name != dataset]
            return dict([*kept, (dataset, size)][-20:])

        self.settings.change("sizes", {}, fitted)

    def add_folder(self, path: str) -> None:
        """Remember a folder or file of images; the oldest of many is forgotten."""
        self.settings.change("folders", [], lambda old: [*(item for item in old if item != path), path][-20:])

    def forget_folder(self, path: str) -> None:
        """Take it off the datasets; its files stay where they are."""
        self.settings.change("folders", [], lambda old: [item for item in old if item != path])
        self.bad_datasets.discard(path)
        self.datasets_changed.emit()

    def set_model(self, info: ModelInfo | None) -> None:
        """Make a loaded model the current one."""
        before = self.model
        self.model = info
        if info and before and (info.folder, info.run_id) == (before.folder, before.run_id):
            self.weights_changed.emit()
            return
        self._forget_moves()
        if info is not None:
            self.settings.set("run", str(info.folder))
        self.model_changed.emit()

    def _forget_moves(self) -> None:
        """Moves of sliders belong to the old model; what was deleted can still be brought back."""
        done = (self.undo.command(place) for place in range(self.undo.index()))
        kept = [command.once_more() for command in done if isinstance(command, Deletion)]
        self.undo.clear()
        for deletion in kept:
            if deletion is not None:
                self.undo.push(deletion)

    def notice(self, what: UserError | str) -> None:
        """Tell the person something, in the window's banner and in the log."""
        log.info("notice: %s", what)
        self.noticed.emit(what)
