"""The card that starts a run: family, dataset, a form made from the config, what it will cost, and Start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QScrollArea, QWidget

from models.core import datasets, record
from models.core.disk import places
from models.core.errors import ConfigError, UserError
from models.core.family import Config
from models.core.terminal import visible
from models.core.training.estimate import Estimate
from models.core.work import Work
from studio import theme
from studio.panels.train.form import ConfigForm
from studio.widgets.basics import QuietCombo
from studio.widgets.card import Card, Foldout, button, hbox, label, vbox
from studio.workers.inference import FamilyInfo
from studio.workers.jobs import Ended, Job
from studio.workers.services import Services

ESTIMATE_MS = 700  # after the last edit
MEASURING = "Estimating time and memory …"
LATER = "Time and memory will be estimated when training has finished."


class NewRun(Card):
    """Emits ``started(Job)``; errors of the form appear under their fields, others in ``failed``."""

    started = Signal(object)
    failed = Signal(object)

    def __init__(self, services: Services) -> None:
        super().__init__("New run")
        self.services = services
        self.families: tuple[FamilyInfo, ...] = ()
        self.form: ConfigForm | None = None
        self._due = False  # the cost is to be estimated once somebody looks
        self._suggested_for: tuple[object, ...] = ()  # the dataset and its shape that the form was filled for
        self.family, self.dataset = QuietCombo(), QuietCombo()
        self.family.setAccessibleName("Family")
        self.dataset.setAccessibleName("Dataset")
        self.family.addItem("starting …")
        self.family.setEnabled(False)
        self.cost = label("", "box", wrap=True)
        self.cost.setMinimumHeight(54)
        self.start, self.queue = button("Start", "primary", "play"), button("Add to queue")
        self.waiting, self.go_on = label("", "secondary", wrap=True), button("Continue queue")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(ESTIMATE_MS)
        self._timer.timeout.connect(self._estimate)
        self._connect()
        self._fill_datasets()
        self._queue_changed()

    def _lay_out(self) -> None:
        choose = QFormLayout()
        choose.setHorizontalSpacing(theme.GAP_M)
        choose.addRow(label("Family"), self.family)
        choose.addRow(label("Dataset"), self.dataset)
        self.place = QWidget()
        self.place.setProperty("role", "bare")
        self.place.setLayout(vbox(spacing=0))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.place)
        self.body.addLayout(choose)
        self.body.addWidget(area, 1)
        self.body.addWidget(self.cost)
        self.body.addLayout(hbox(self.start, self.queue, None))
        row = hbox(self.waiting, self.go_on)
        row.setStretch(0, 1)
        self.body.addLayout(row)

    def _connect(self) -> None:
        for widget in (self.start, self.queue):
            widget.setEnabled(False)
            widget.clicked.connect(self._start)
        self.go_on.clicked.connect(lambda _checked=False: self.services.jobs.continue_queue())
        self.family.currentIndexChanged.connect(self._family_chosen)
        self.dataset.currentIndexChanged.connect(self._dataset_chosen)
        self.services.session.datasets_changed.connect(self._fill_datasets)
        self.services.jobs.queue_changed.connect(self._queue_changed)
        self.services.jobs.started.connect(self._job_started)
        self.services.jobs.ended.connect(self._job_ended)

    # --- what can be chosen ---

    def set_families(self, families: tuple[FamilyInfo, ...]) -> None:
        """The backend is ready: fill the picker and make the form."""
        self.families = families
        self.family.blockSignals(True)
        self.family.clear()
        for family in families:
            self.family.addItem(family.title, family.key)
        self.family.setEnabled(True)
        self.family.blockSignals(False)
        self._family_chosen()

    def _fill_datasets(self) -> None:
        chosen, session = self.dataset.currentData(), self.services.session
        self.dataset.blockSignals(True)
        self.dataset.clear()
        for key, title in datasets.DATASET_TITLES.items():
            self.dataset.addItem(title.split(":")[0], key)
        for path in map(str, session.settings.get("folders", [])):
            if path not in session.bad_datasets:
                self.dataset.addItem(visible.line(Path(path).name), path)
        self.dataset.setCurrentIndex(max(0, self.dataset.findData(chosen)))
        self.dataset.blockSignals(False)
        if self._suggested_for not in ((), self._shape()):
            self._dataset_chosen()  # the chosen one is gone, or its images have another size now

    def _shape(self) -> tuple[object, ...]:
        return self.dataset.currentData(), self._outline().spec.image_shape

    def choose_dataset(self, name: str) -> None:
        """Choose a dataset by key or path."""
        self._fill_datasets()
        self.dataset.setCurrentIndex(max(0, self.dataset.findData(name)))

    def fill_in(self, family: str, dataset: str, values: dict[str, Any]) -> None:
        """Fill the form in for a family with this title, beginning with what suits the dataset."""
        found = self.family.findText(family)
        if found >= 0:
            self.family.setCurrentIndex(found)
        self.choose_dataset(dataset)
        if found >= 0 and self.form is not None:
            self.form.set_values(values)

    @property
    def _info(self) -> FamilyInfo | None:
        index = self.family.currentIndex()
        return self.families[index] if 0 <= index < len(self.families) else None

    def _family_chosen(self) -> None:
        info = self._info
        if info is None:
            return
        column = self.place.layout()
        assert column is not None
        while (item := column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.form = ConfigForm(info.config)
        self.form.edited.connect(self._edited)
        column.addWidget(self.form)
        column.addWidget(Foldout("What am I looking at?", info.about))
        self._dataset_chosen()

    def _dataset_chosen(self) -> None:
        info, outline = self._info, self._outline()
        if info is not None and self.form is not None:
            self._suggested_for = self._shape()
            self.form.reset()
            self.form.set_values(info.suggest(outline.spec))
            self._edited()

    def _outline(self) -> datasets.Outline:
        name = str(self.dataset.currentData())
        size = self.services.session.fitted_to(name)
        return datasets.outline(name) if size is None else datasets.outline(name, size)

    # --- what it will cost ---

    def showEvent(self, event: QShowEvent) -> None:
        """Estimate what was put off."""
        super().showEvent(event)
        if self._due:
            self._timer.start()

    def _edited(self) -> None:
        config = self.form.config() if self.form else None
        self.start.setEnabled(config is not None)
        self.queue.setEnabled(config is not None)
        if config is None:
            self.cost.setText("Some settings cannot be used; they are marked above.")
            return
        if not self.services.jobs.running:
            self.cost.setText(MEASURING)
        self._timer.start()

    def _estimate(self) -> None:
        """Measured by taking a few steps; while something trains that would only measure the crowd."""
        info, config = self._info, self.form.config() if self.form else None
        if info is None or config is None:
            return
        if self.services.jobs.running:
            self.cost.setText(LATER)
            return
        self._due = not self.isVisible()  # it takes the processor from what somebody looks at
        if self._due:
            return
        outline = self._outline()
        key = info.key
        name = str(self.dataset.currentData())
        self.services.inference.ask(
            "estimate", lambda task: _measure(key, config, name, outline, task), self._show_cost, self._no_cost
        )

    @Slot(object)
    def _show_cost(self, found: tuple[Estimate, bool]) -> None:
        cost, known = found
        words = cost.words("" if known else " for every 10,000 images")
        self.cost.setText(f"{words}\n{cost.warning}" if known and cost.warning and not cost.too_large else words)

    @Slot(object)
    def _no_cost(self, error: UserError) -> None:
        self.cost.setText(str(error))
        if isinstance(error, ConfigError) and self.form is not None:
            self.form.show_errors(error.fields)

    @Slot(object)
    def _job_started(self, job: Job) -> None:
        """An estimate that was under way would measure the crowd."""
        self.services.inference.cancel("estimate")
        if self.cost.text() == MEASURING:
            self.cost.setText(LATER)

    @Slot(object)
    def _job_ended(self, ended: Ended) -> None:
        self._queue_changed()
        self._timer.start()  # the machine is quiet again: measure

    # --- starting ---

    def _start(self) -> None:
        config = self.form.config() if self.form else None
        info = self._info
        if config is None or info is None:
            return
        name = str(self.dataset.currentData())
        try:
            folder = record.new_folder(places.runs(), info.key, Path(name).stem)
        except UserError as error:
            self.failed.emit(error)
            return
        job = Job(folder, info.key, config.model_dump(), name, self.services.session.fitted_to(name))
        self.services.jobs.add(job)
        self.started.emit(job)

    @Slot()
    def _queue_changed(self) -> None:
        jobs = self.services.jobs
        self.start.setVisible(not jobs.running)
        self.queue.setVisible(jobs.running)
        count = len(jobs.queue)
        text = f"{count:,} run queued" if count == 1 else f"{count:,} runs queued"
        self.waiting.setText(f"{text}, paused" if jobs.held else text)
        self.waiting.setVisible(bool(count))
        self.go_on.setVisible(bool(count) and jobs.held and not jobs.running)


def _measure(family: str, config: Config, name: str, outline: datasets.Outline, work: Work) -> tuple[Estimate, bool]:
    """Runs in the inference thread; the images of a folder are counted there, unless they are very many."""
    import models
    from models.core.training.estimate import estimate

    count = datasets.training_images(name, work=work) if outline.training is None else outline.training
    found = estimate(models.family(family), config, outline.spec, 10_000 if count is None else count)
    return found, count is not None
