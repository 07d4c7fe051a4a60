"""The inference thread: it alone holds the current model, loaded from the newest checkpoint of a run folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from models.core.capabilities import Denoises, capabilities, coding_offer
from models.core.curves import CurveGroup
from models.core.errors import UserError
from models.core.family import About, Config, DataSpec
from models.core.record import CheckpointEntry, Run
from models.core.work import Tell
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


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A model, and what the panels know of it; ``renew`` gives it these weights, if it has older ones."""

    model: Any
    info: ModelInfo
    renew: Callable[[], None] | None = None


class Inference(Worker):
    """Answers questions to the current model."""

    ready = Signal(object)

    def __init__(self) -> None:
        self._model: Any = None  # what the window shows; only the GUI thread changes it
        self._loaded: _Loaded | None = None  # what was loaded last; only the worker changes it
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

    @property
    def asked_to_open(self) -> bool:
        """Whether anybody has asked for a model yet."""
        with self._wake:
            return "open" in self._oldest

    def open(self, folder: Path, then: Callable[[ModelInfo], None], failed: Callable[[UserError], None]) -> None:
        """Load a run, or the newer weights of the run that is loaded already.

        The model that is shown stays the current one until ``then`` is called: one that did not come, or came too
        late, is never asked anything.
        """
        self.open_for(folder, newest, lambda model, info: None, lambda info, _: then(info), failed)

    def open_for(
        self, folder: Path, pick: Callable[[Run], int | None], check: Callable[[Any, ModelInfo], Any],
        then: Callable[[ModelInfo, Any], None], failed: Callable[[UserError], None],
    ) -> None:  # fmt: skip
        """Load a run for a purpose; if ``check`` refuses it, the model that is loaded stays.

        Args:
            pick: chooses the step of a checkpoint, in the inference thread; None for the newest.
            check: looks at the model before it becomes the current one; what it returns goes to ``then``.
        """

        def opened(answer: tuple[_Loaded, Any]) -> None:
            loaded, found = answer
            before, self._model = self._model, loaded.model
            if loaded.renew is not None:
                self._renew(loaded.renew, failed)
            then(loaded.info, found)
            if before is not None and before is not self._model:
                garbage.mark()  # only now nobody asks it any more

        self.ask("open", lambda task: self._open(folder, task, pick, check), opened, failed)

    def unload(self, then: Callable[[], None], failed: Callable[[UserError], None]) -> None:
        """Let go of the current model and of its memory."""

        def let_go(task: Task) -> None:
            self._loaded = None

        def gone(nothing: None) -> None:
            self._model = None
            then()
            garbage.mark()

        self.ask("open", let_go, gone, failed)

    def _renew(self, renew: Callable[[], None], failed: Callable[[UserError], None]) -> None:
        """Newer weights for the model that is shown, once it has answered what was asked of the older ones.

        So whatever is made of an answer (an export, its recipe) names the step that it came from.
        """
        task = self.ask("weights", lambda task: renew(), lambda nothing: None, failed)
        self._turns_since = task.stamp

    def _open(
        self, folder: Path, task: Task, pick: Callable[[Run], int | None], check: Callable[[Any, ModelInfo], Any]
    ) -> tuple[_Loaded, Any]:
        from models.core import device

        device.prepare()
        from models.core import loading
        from models.core.training import warm_up

        run, before = Run.open(folder), self._loaded
        renew: Callable[[], None] | None = None
        if before is not None and (before.info.folder, before.info.run_id) == (folder, run.info.id):
            found, model = check(before.model, before.info), before.model
            entry, renew = loading.checked(model, run, step=pick(run), work=task)
            info = _about(model, run, entry)
        else:
            try:
                model, entry = loading.load(run, step=pick(run), work=task)
                task.check()
                info = _about(model, run, entry)
                found = check(model, info)
                warm_up.warm(model)
            finally:
                garbage.mark()  # the one before, or this one if it is refused or comes too late
        self._loaded = _Loaded(model, info)
        return _Loaded(model, info, renew), found

    def question(
        self, key: str, work: Callable[[Any, Task], Any], then: Callable[[Any], None],
        failed: Callable[[UserError], None], progressed: Tell | None = None,
        *, in_turn: bool = False,
    ) -> Task:  # fmt: skip
        """Ask the current model: ``work(model, task)`` runs in this thread; ``in_turn`` as in ``Worker.ask``.

        The question belongs to the model that is current now, with the weights that it is shown with: others are
        never asked it, and once another model is current the answer is dropped.
        """
        model = self._model

        def with_model(task: Task) -> Any:
            if model is None:
                raise UserError("No model is loaded.", advice="Choose one at the top left.")
            return work(model, task)

        return self.ask(key, with_model, then, failed, progressed, in_turn=in_turn, of_model=True)


def newest(run: Run) -> int | None:
    """The checkpoint that is used where nobody asks for another one."""
    return None


def _about(model: Any, run: Run, entry: CheckpointEntry) -> ModelInfo:
    """What panels know of a model that was loaded from a checkpoint."""
    import models
    from models.core import loading

    module, about = models.family(run.info.family), run.info.dataset
    return ModelInfo(
        folder=run.folder, title=run.info.title or run.folder.name, family=module.TITLE, about=module.ABOUT,
        abilities=capabilities(model), image_shape=loading.spec_of(run).image_shape,
        latent_size=getattr(model, "latent_size", 0), label_names=tuple(about.get("label_names", ())),
        dataset=str(about["name"]), dataset_size=about.get("size"), seed=run.info.seed, step=entry.step,
        status="interrupted" if run.interrupted else run.info.status, run_id=run.info.id,
        notices=tuple(run.notices), attribute_names=tuple(about.get("attribute_names", ())),
        data=about, noise=(model.noise_kind, sum(model.noise_range) / 2) if isinstance(model, Denoises) else None,
        checkpoint=entry.sha256, conditions=coding_offer(model),
    )  # fmt: skip
