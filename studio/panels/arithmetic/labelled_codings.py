"""The labelled codings of the current model: loaded, encoded or imagined once, when somebody first asks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from models.core.capabilities import Encodes
from models.core.errors import UserError
from models.core.latent.directions import Known
from models.core.work import Work
from studio.session import ModelInfo
from studio.workers import codings
from studio.workers.codings import Labelled, Labels
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "arithmetic/known"
Then = Callable[[Known], None]
Labeller = Callable[[ModelInfo, Work], Labels]


class KnownCodings(QObject):
    """Asks the threads, once for each model and its weights.

    Attributes:
        labeller: given (model, work) it returns a function that labels images (n, h, w, c) in [0, 1] with a
            bool matrix (n, attributes); it runs in the inference thread, for models that cannot encode images.
    """

    began = Signal(str)
    advanced = Signal(str, int, int)
    ended = Signal()

    def __init__(self, services: Services, failed: Callable[[UserError], None]) -> None:
        super().__init__()
        self.services = services
        self._failed = failed
        self.labeller: Labeller = codings.labeller
        self._info: ModelInfo | None = None
        self.found: Known | None = None

    def show_model(self, info: ModelInfo) -> None:
        """Forget what was known of another model or of other weights."""
        self.cancel()
        self._info, self.found = info, None

    def names(self) -> tuple[str, ...]:
        """What can be asked for."""
        return () if self._info is None else codings.names_of(self._info)

    def ask(self, then: Then) -> None:
        """Call ``then`` with the labelled codings, at once if they are there."""
        info = self._info
        if self.found is not None:
            then(self.found)
        elif info is not None and info.can(Encodes):
            self.began.emit("Loading the dataset")
            load, then_encode = partial(codings.labelled, info), partial(self._encode, then)
            self.services.file_worker.ask(KEY, load, then_encode, self._fail, self.advanced.emit, of_model=True)
        elif info is not None:
            self.began.emit("Classifying samples")
            self._question(partial(self._imagined, info), then)

    def _imagined(self, info: ModelInfo, model: Any, task: Task) -> Known:
        """Runs in the inference thread."""
        return codings.imagined(model, self.labeller(info, task), codings.names_of(info), task)

    def _encode(self, then: Then, found: Labelled) -> None:
        def work(model: Any, task: Task) -> Known:
            return codings.known(model, found, task)

        self._question(work, then)

    def _question(self, work: Callable[[Any, Task], Known], then: Then) -> None:
        self.services.inference.question(KEY, work, partial(self._keep, then), self._fail, self.advanced.emit)

    def _keep(self, then: Then, found: Known) -> None:
        self.found = found
        self.ended.emit()
        then(found)

    def _fail(self, error: UserError) -> None:
        self.ended.emit()
        self._failed(error)

    def cancel(self) -> None:
        """Stop; nothing is kept."""
        self.services.file_worker.cancel(KEY)
        self.services.inference.cancel(KEY)
        self.ended.emit()
