"""The labelled codings of the current model: loaded, encoded or imagined once, when somebody first asks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from models.core.capabilities import Encodes
from models.core.errors import UserError
from models.core.latent.directions import Known
from models.core.work import Work
from studio.session import ModelInfo
from studio.workers import codings
from studio.workers.codings import Labelled, Labels
from studio.workers.services import Services

KEY = "arithmetic/known"
Then = Callable[[Known], None]
Labeller = Callable[[ModelInfo, Work], Labels]


class KnownCodings(QObject):
    """Asks the threads; ``labeller`` labels the paintings of models that cannot encode images with known labels.

    Attributes:
        labeller: given (model, work) it returns a function that labels images (n, h, w, c) in [0, 1] with a
            bool matrix (n, attributes); it runs in the inference thread. None where there is none.
    """

    began = Signal(str)
    advanced = Signal(str, int, int)
    ended = Signal()

    def __init__(
        self, services: Services, failed: Callable[[UserError], None], labeller: Labeller | None = None
    ) -> None:
        super().__init__()
        self.services = services
        self._failed = failed
        self.labeller = labeller
        self._info: ModelInfo | None = None
        self.found: Known | None = None

    def show_model(self, info: ModelInfo) -> None:
        """Forget what was known of another model or of other weights."""
        self.cancel()
        self._info, self.found = info, None

    def names(self) -> tuple[str, ...]:
        """What can be asked for; nothing for a model that only paints while nobody can label its paintings."""
        info = self._info
        if info is None or not (info.can(Encodes) or self.labeller is not None):
            return ()
        return codings.names_of(info)

    def why_not(self) -> str:
        """Why there is nothing to ask for."""
        if self._info is not None and codings.names_of(self._info):
            return "This model cannot encode labelled images. Make a direction from the groups A and B."
        return "The dataset of this model has no labels. Make a direction from the groups A and B."

    def ask(self, then: Then) -> None:
        """Call ``then`` with the labelled codings, at once if they are there."""
        info = self._info
        if info is None or self.found is not None:
            if self.found is not None:
                then(self.found)
            return
        if not info.can(Encodes):
            self._imagine(info, then)
            return
        self.began.emit("Loading the dataset")
        load, then_encode = partial(codings.labelled, info), partial(self._encode, then)
        self.services.file_worker.ask(KEY, load, then_encode, self._fail, self.advanced.emit, of_model=True)

    def _encode(self, then: Then, found: Labelled) -> None:
        inference = self.services.inference

        def work(model, task) -> Known:  # type: ignore[no-untyped-def]
            return codings.known(model, found, task)

        inference.question(KEY, work, partial(self._keep, then), self._fail, self.advanced.emit)

    def _imagine(self, info: ModelInfo, then: Then) -> None:
        labeller = self.labeller
        inference = self.services.inference
        names = self.names()
        if labeller is None:
            return
        self.began.emit("Classifying samples")

        def work(model, task) -> Known:  # type: ignore[no-untyped-def]
            labels = labeller(info, task)
            return codings.imagined(model, labels, names, task)

        inference.question(KEY, work, partial(self._keep, then), self._fail, self.advanced.emit)

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
