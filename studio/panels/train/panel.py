"""Train: start a run, watch it learn, travel through its history, pause it and go on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QInputDialog, QWidget

from models.core import record
from models.core.capabilities import TakesPhases
from models.core.datasets import recorded
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.doctor.remedies import Remedy
from models.core.doctor.rules import Diagnosis
from models.core.errors import UserError
from models.core.record import Run, sealed
from studio.panels.base import Panel
from studio.panels.train import evaluating
from studio.panels.train.new_run_card import NewRun
from studio.panels.train.run_view import RunView
from studio.panels.train.steps.step_view import StepView
from studio.widgets.basics import plain
from studio.widgets.card import button, hbox
from studio.workers import garbage
from studio.workers.inference import FamilyInfo
from studio.workers.jobs import Branch, Ended, Job
from studio.workers.worker import Task

EVALUATION = "judge"
NARROW = 1_050  # px of the panel
FORM_WIDE, FORM_NARROW = 312, 288  # px


class Train(Panel):
    """A form at the left, the run at the right."""

    TITLE, ICON = "Train", "chart-line-up"
    HINTS = "Click a curve to see the samples of that step"

    def build(self, content: QWidget) -> None:
        """The form, the curves and the images."""
        self.new, self.view = NewRun(self.services), RunView(self.services.image_worker)
        self._stale = False
        row = self.row(content)
        row.addWidget(self.new)
        row.addWidget(self.view, 1)
        self._add_steps(row)
        self.resume, self.gently, self.longer = (
            button("Resume"),
            button("Resume at half the rate"),
            button("Train longer"),
        )
        self.moved = button("Where is it now?")
        self.moved.clicked.connect(self._find_dataset)
        self.resume.clicked.connect(lambda _checked=False: self._resume())
        self.gently.clicked.connect(self._resume_gently)
        self.longer.clicked.connect(self._train_longer)
        for widget in (self.resume, self.gently, self.longer, self.moved):
            self.view.curves_card.tools.insertWidget(0, widget)
            widget.hide()
        self.new.failed.connect(self.show_error)
        self.view.failed.connect(self.show_error)
        self.view.sparsity.changed.connect(self._change_sparsity)
        self.view.doctor.treated.connect(self._treat)
        self.view.doctor.evaluation_asked.connect(self._evaluate)
        self.view.doctor.evaluation_cancelled.connect(self._evaluated)
        jobs = self.services.jobs
        jobs.started.connect(self._started)
        jobs.progressed.connect(lambda progress: self._grow())
        jobs.ended.connect(self._ended)
        self.session.asked_to_train.connect(self.new.choose_dataset)
        self.session.asked_to_train_like.connect(self.new.fill_in)
        if jobs.current is not None:
            self._started(jobs.current)  # it began before anybody looked

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the form leaves the run some of its room."""
        super().resizeEvent(event)
        self.new.setFixedWidth(FORM_WIDE if self.width() >= NARROW else FORM_NARROW)

    def _add_steps(self, row: QHBoxLayout) -> None:
        """Step mode takes the place of the form and of the run."""
        self.steps = StepView(self.services)
        self.steps.hide()
        self.steps.left.connect(lambda: self.show_steps(False))
        row.addWidget(self.steps, 1)
        self.stepwise = button("Step by step")
        self.stepwise.setToolTip("Take one phase of one network at a time, on a copy of this run")
        self.stepwise.clicked.connect(lambda _checked=False: self.show_steps(True))
        self.view.pictures_card.body.addLayout(hbox(None, self.stepwise))
        self.stepwise.hide()

    def show_steps(self, on: bool) -> None:
        """Go into step mode with the run that is shown, or back to the run."""
        on = on and self.view.folder is not None
        if on == (not self.steps.isHidden()):
            return
        self.steps.setVisible(on)
        self.new.setVisible(not on)
        self.view.setVisible(not on)
        if on and self.view.folder is not None:
            self.steps.begin(self.view.folder)
        else:
            self.steps.end()
            self.setFocus()

    def families_ready(self, families: tuple[FamilyInfo, ...]) -> None:
        """The backend is there: the form can be made."""
        self.new.set_families(families)
        self.view.set_groups({info.key: info.curves for info in families})

    def model_changed(self) -> None:
        """Replay the record of another model, unless something is being trained."""
        self._stale = not self.isVisible()
        if not self.services.jobs.running and not self._stale:
            self._follow(self.session.model.folder if self.session.model else None)

    def weights_changed(self) -> None:
        """What was trained can be loaded now: perhaps it can be stepped, too."""
        self._offer()

    def shown(self) -> None:
        """Catch up with what happened while another panel was in front."""
        if self._stale:
            self.model_changed()
        self.view.look()

    def _follow(self, folder: Path | None) -> None:
        self.show_steps(False)
        self.view.show_run(folder)
        self._offer()

    # --- a job ---

    @Slot(object)
    def _started(self, job: Job) -> None:
        self.error.hide()
        self._follow(job.folder if job.resume else None)
        self.view.live(True)

    def _grow(self) -> None:
        job = self.services.jobs.current
        if job is None:
            return
        if self.view.folder != job.folder and sealed.exists(job.folder / "run.json"):
            self._follow(job.folder)
        if self.isVisible():
            self.view.grow()

    @Slot(object)
    def _ended(self, ended: Ended) -> None:
        self.view.live(False)
        if sealed.exists(ended.job.folder / "run.json"):
            self._follow(ended.job.folder)

    @Slot(float, float)
    def _change_sparsity(self, weight: float, target: float) -> None:
        try:
            self.services.jobs.change_sparsity(weight, target)
        except UserError as error:
            self.show_error(error)

    # --- the doctor ---

    @Slot(object, object)
    def _treat(self, found: Diagnosis, remedy: Remedy) -> None:
        """Try a remedy in a new run; the one that is ill is stopped first if it still trains."""
        source, jobs = self.view.folder, self.services.jobs
        if source is None:
            return
        try:
            info = Run.open(source).info
            folder = record.new_folder(places.runs(), info.family, Path(str(info.dataset["name"])).stem)
        except UserError as error:
            self.show_error(error)
            return
        trains = jobs.current is not None and jobs.current.folder == source
        jobs.add(Job(folder, branch=Branch(source, found, remedy)))
        if trains:
            jobs.ask_to_stop("stopped")

    def _evaluate(self) -> None:
        """Let the evaluator look at all checkpoints, in the worker of long work."""
        folder = self.view.folder
        long_worker = self.services.long_worker
        card = self.view.doctor
        if folder is None:
            return

        def work(task: Task) -> list[dict[str, Any]]:
            try:
                return evaluating.look_back(folder, task)
            finally:
                garbage.mark()

        card.evaluate.setEnabled(False)
        card.progress.begin("Preparing")
        long_worker.ask(EVALUATION, work, partial(self._evaluated, folder), self._not_evaluated, card.progress.advance)

    def _evaluated(self, folder: Path | None = None, looks: Sequence[dict[str, Any]] = ()) -> None:
        """The evaluator has looked, or (without a folder) was told to stop."""
        self.services.long_worker.cancel(EVALUATION)
        card = self.view.doctor
        card.evaluate.setEnabled(True)
        card.progress.end()
        if folder is not None and folder == self.view.folder:
            card.show_coverage(list(looks))
            self.view.look()

    def _not_evaluated(self, error: UserError) -> None:
        self._evaluated()
        self.show_error(error)

    # --- going on ---

    def _offer(self) -> None:
        """Show the buttons that make sense for the run that is shown."""
        status = message = gone = ""
        folder = self.view.folder
        if folder is not None and not self.services.jobs.running:
            try:
                run = Run.open(folder)
                writable = run.info.schema_version and not self._shipped(folder)
                status = ("interrupted" if run.interrupted else run.info.status) if writable else ""
                message = run.info.message
                gone = str(recorded.place(run.info.dataset)) if status and recorded.missing(run.info.dataset) else ""
            except UserError as error:
                self.show_error(error)
        self.resume.setVisible(status in ("paused", "stopped", "interrupted", "new", "failed"))
        self.gently.setVisible(status == "failed" and "diverged" in message)
        self.longer.setVisible(status == "finished")
        self.moved.setVisible(bool(gone))
        self.moved.setToolTip(
            plain(f"The dataset of this run is not there any more: {shown(Path(gone))}" if gone else "")
        )
        model = self.session.model
        steps = bool(status) and model is not None and model.folder == folder and model.can(TakesPhases)
        self.stepwise.setVisible(steps)

    @staticmethod
    def _shipped(folder: Path) -> bool:
        return places.pretrained() in folder.parents

    def _resume(self, *, epochs: int | None = None, learning_rate: float | None = None) -> None:
        if self.view.folder is not None:
            job = Job(self.view.folder, resume=True, epochs=epochs, learning_rate=learning_rate)
            self.services.jobs.add(job)

    def _setting(self, name: str) -> float | None:
        """A number in the settings of the run that is shown; None, and an error in the panel, if it has none."""
        if self.view.folder is None:
            return None
        try:
            found = Run.open(self.view.folder).info.config.get(name)
        except UserError as error:
            self.show_error(error)
            return None
        if isinstance(found, int | float) and not isinstance(found, bool) and found > 0:
            return found
        what, advice = f"The settings of this run do not say its {name}.", "Restore its run.json, or branch the run."
        self.show_error(UserError(what, where=shown(self.view.folder), advice=advice))
        return None

    def _resume_gently(self) -> None:
        rate = self._setting("learning_rate")
        if rate is not None:
            self._resume(learning_rate=rate / 2)

    def _find_dataset(self) -> None:
        """Ask where the dataset is now and go on with it; other images than the run's are refused."""
        folder = self.view.folder
        if folder is None:
            return
        try:
            before = Path(recorded.place(Run.open(folder).info.dataset))
        except UserError as error:
            self.show_error(error)
            return
        if before.suffix.lower() == ".npz":
            path, _ = QFileDialog.getOpenFileName(self, "Where is it now?", before.name, "NumPy archives (*.npz)")
        else:
            path = QFileDialog.getExistingDirectory(self, f"Where is {shown(Path(before.name))} now?")
        if path:
            self.services.jobs.add(Job(folder, resume=True, dataset=path))

    def _train_longer(self) -> None:
        found = self._setting("epochs")
        if found is None:
            return
        now = min(int(found), 100_000 - 10)
        epochs, agreed = QInputDialog.getInt(self, "Train longer", "Train until epoch:", now + 10, now + 1, 100_000)
        if agreed:
            self._resume(epochs=epochs)
