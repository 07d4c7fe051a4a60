"""The inference thread: it alone holds the current model, loaded from the newest checkpoint of a run folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from models.core.curves import CurveGroup
from models.core.errors import UserError
from models.core.family import About, Config, DataSpec, capabilities
from studio.session import ModelInfo
from studio.workers import garbage
from studio.workers.worker import Task, Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FamilyInfo:
    """What the Train panel knows of a family: enough for its form, nothing that decides by family."""

    key: str
    title: str
    about: About
    config: type[Config]
    suggest: Callable[[DataSpec], dict[str, Any]]
    curves: tuple[CurveGroup, ...] = ()


@dataclass(frozen=True)
class Ready:
    """The backend is imported: the families there are, and the device in words."""

    families: tuple[FamilyInfo, ...]
    device: str


class Inference(Worker):
    """Answers questions to the current model."""

    ready = Signal(object)

    def __init__(self) -> None:
        self._model: Any = None
        self._folder: Path | None = None
        self._info: ModelInfo | None = None
        self._asked: set[str] = set()  # keys of questions to the model
        self._shown: str = ""  # the run whose model the window shows
        super().__init__("inference")

    def prepare(self) -> None:
        """Wait for the first question: the window comes before the backend."""

    def start(self, then: Callable[[Ready], None], failed: Callable[[UserError], None]) -> None:
        """Import the backend and the families; ask this once the window is on screen."""
        self.ask("start", lambda task: self._start(), then, failed)

    def _start(self) -> Ready:
        import models
        from models.core import device

        what = device.prepare()
        families = []
        for key in models.FAMILIES:
            module = models.family(key)
            curves = getattr(module, "CURVES", ())
            families.append(FamilyInfo(key, module.TITLE, module.ABOUT, module.CONFIG, module.suggest, curves))
        garbage.freeze()
        return Ready(tuple(families), str(what))

    def open(self, folder: Path, then: Callable[[ModelInfo], None], failed: Callable[[UserError], None]) -> None:
        """Load a run, or the newer weights of the run that is loaded already."""

        def opened(info: ModelInfo) -> None:
            if info.run_id != self._shown:  # what was asked before was meant for another model
                self._shown = info.run_id
                for key in self._asked:
                    self.cancel(key)
                self._asked.clear()
            then(info)

        self.ask("open", lambda task: self._open(folder), opened, failed)

    def _open(self, folder: Path) -> ModelInfo:
        import models
        from models.core import device

        device.prepare()
        from models.core import training, warming
        from models.core.record import Run

        run = Run.open(folder)
        same = self._info is not None and self._folder == folder and self._info.run_id == run.info.id
        if same:
            entry = training.reload(self._model, run)
        else:
            model, entry = training.load(run)
            if self._model is not None:
                garbage.mark()
            self._model = model
            warming.warm(self._model)
        module = models.family(run.info.family)
        about = run.info.dataset
        self._folder = folder
        self._info = ModelInfo(
            folder=folder, title=run.info.title or folder.name, family=module.TITLE, about=module.ABOUT,
            abilities=capabilities(self._model), image_shape=training.spec_of(run).image_shape,
            latent_size=getattr(self._model, "latent_size", 0), label_names=tuple(about.get("label_names", ())),
            dataset=str(about["name"]), dataset_size=about.get("size"), seed=run.info.seed, step=entry.step,
            status="interrupted" if run.interrupted else run.info.status, run_id=run.info.id,
            notices=tuple(run.notices), attribute_names=tuple(about.get("attribute_names", ())),
        )  # fmt: skip
        garbage.freeze()
        return self._info

    def question(
        self, key: str, work: Callable[[Any, Task], Any], then: Callable[[Any], None],
        failed: Callable[[UserError], None], progressed: Callable[[str, int, int], None] | None = None,
        *, in_turn: bool = False,
    ) -> Task:  # fmt: skip
        """Ask the current model: ``work(model, task)`` runs in this thread; ``in_turn`` as in ``Worker.ask``."""

        def with_model(task: Task) -> Any:
            if self._model is None:
                raise UserError("No model is loaded.", advice="Choose one at the top left.")
            return work(self._model, task)

        self._asked.add(key)
        return self.ask(key, with_model, then, failed, progressed, in_turn=in_turn)
