"""The main window: navigation, current model, status line, drops, and a close that saves."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from models.core import device
from models.core.errors import UserError
from studio import geometry, theme
from studio.frame import shortcuts
from studio.frame.banner import Banner
from studio.frame.focus import FocusKeeper
from studio.frame.model_picker import ModelPicker
from studio.frame.rail import Rail
from studio.frame.status_line import StatusLine
from studio.opener import Opening
from studio.pages import Pages
from studio.panels import PANELS
from studio.panels.base import Panel
from studio.widgets import drag_drop
from studio.widgets.card import Chip, icon_button
from studio.workers.inference import Ready
from studio.workers.jobs import Ended, Job
from studio.workers.services import Services

log = logging.getLogger(__name__)
RELOAD_MS = 4_000  # while a run trains, the panels follow its newest checkpoint this often


class Window(QMainWindow):
    """Everything a person sees. It owns no model and no thread: the services do."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services, self.session = services, services.session
        self.setWindowTitle("Generative Studio")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 520)  # with its frame it fits a screen of 1024 x 600
        self.rail, self.picker = Rail(), ModelPicker(services.image_worker)
        self.status, self.banner = StatusLine(), Banner()
        self.device_chip, self.memory_chip = Chip("starting"), Chip("")
        self.stack = QStackedWidget()
        self.panels = Pages(services, self.stack, self.rail)
        self.opening = Opening(services, self.stack.currentWidget, self.panels)
        self._lay_out()
        self._connect()
        self._focus_keeper = FocusKeeper(self, self.stack.currentWidget)
        self.show_panel(str(self.session.settings.get("panel", "home")))
        self._tick()

    def _lay_out(self) -> None:
        bar = QFrame()
        bar.setObjectName("topbar")
        bar.setFixedHeight(theme.TOP_BAR)
        row = QHBoxLayout(bar)
        row.setContentsMargins(theme.GAP_L, 0, theme.GAP_L, 0)
        row.setSpacing(theme.GAP_M)
        self.theme_button = icon_button("moon", "Light or dark (Ctrl+T)", "plain")
        row.addWidget(self.picker)
        row.addStretch(1)
        for widget in (self.device_chip, self.memory_chip, self.theme_button):
            row.addWidget(widget)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        margin = QHBoxLayout()
        margin.addSpacing(theme.GAP_L)
        margin.addWidget(self.banner)
        margin.addSpacing(theme.GAP_L)
        right.addWidget(bar)
        right.addLayout(margin)
        right.addWidget(self.stack, 1)
        right.addWidget(self.status)
        middle = QWidget()
        whole = QHBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.rail)
        whole.addLayout(right, 1)
        self.setCentralWidget(middle)

    def _connect(self) -> None:
        jobs, session = self.services.jobs, self.session
        self.rail.chosen.connect(self.show_panel)
        self.rail.chosen.connect(self.status.forget)
        self.picker.picked.connect(self.status.forget)
        self.picker.picked.connect(self.opening.run)
        self.picker.preset_asked.connect(self.opening.preset)
        self.picker.stop_asked.connect(self.opening.stop_download)
        self.opening.downloading.connect(self.picker.show_download)
        self.picker.unload_asked.connect(self.opening.unload)
        self.opening.loading.connect(self._loading)
        self.opening.kept.connect(self._model_changed)
        self.theme_button.clicked.connect(self.switch_theme)
        self.banner.follow(jobs)
        self.status.follow(jobs)
        session.noticed.connect(self.banner.notice)
        session.model_changed.connect(self._model_changed)
        session.weights_changed.connect(self._model_changed)
        session.asked_for_panel.connect(self.show_panel)
        session.done.connect(self.status.rest)
        jobs.started.connect(self._started)
        jobs.ended.connect(self._ended)
        shortcuts.connect(self, session.undo, self.switch_theme, PANELS, self.show_panel)
        self._slow = QTimer(self)
        self._slow.setInterval(2_000)
        self._slow.timeout.connect(self._tick)
        self._slow.start()
        self._reload = QTimer(self)
        self._reload.setInterval(RELOAD_MS)
        self._reload.timeout.connect(self._follow_training)

    # --- starting ---

    def start_backend(self) -> None:
        """Import the backend in the inference thread, then bring back the last model."""
        self.status.work("Loading TensorFlow", "", None)
        self.services.inference.start(self._ready, self._failed)

    def _ready(self, ready: Ready) -> None:
        self.device_chip.setText(ready.device)
        self.status.rest()
        self.panels.families_ready(ready.families)
        self.opening.last()

    def _failed(self, error: UserError) -> None:
        self.status.rest()
        self.session.notice(error)

    # --- the current model ---

    def open_run(self, folder: Path) -> None:
        """Make a run the current model."""
        self.opening.run(folder)

    def open_files(self, paths: list[str]) -> None:
        """Open files as if they were dropped."""
        self.opening.files(paths)

    def _loading(self) -> None:
        self.picker.show_model(self.session.model, "loading")

    def _model_changed(self) -> None:
        self.picker.show_model(self.session.model)

    def _follow_training(self) -> None:
        job, model = self.services.jobs.current, self.session.model
        if job is not None and (model is None or model.folder == job.folder) and self.services.inference.idle:
            self.opening.follow(job.folder)

    # --- work that goes on ---

    @Slot(object)
    def _started(self, job: Job) -> None:
        self._reload.start()
        self.session.runs_changed.emit()

    @Slot(object)
    def _ended(self, ended: Ended) -> None:
        self._reload.stop()
        if ended.error is not None:
            self.session.notice(ended.error)
        self.session.runs_changed.emit()
        self.opening.trained(ended.job.folder)

    @Slot()
    def _tick(self) -> None:
        used, total = device.memory_used() / 2**30, device.memory_total() / 2**30
        self.memory_chip.setText(f"{used:.1f} of {total:.0f} GB")

    # --- navigation ---

    @Slot(str)
    def show_panel(self, key: str) -> None:
        """Bring a panel to the front."""
        page = self.panels.page(key)
        key = str(page.property("panel"))
        self.stack.setCurrentWidget(page)
        page.setFocus()  # so that its keys work at once, and no control of it looks chosen
        self.rail.select(key)
        self.session.settings.set("panel", key)
        if isinstance(page, Panel):
            self.status.set_hints(page.HINTS)
            page.came_forward()

    def switch_theme(self) -> None:
        """From dark to light and back; the choice is remembered."""
        name = "light" if theme.tokens().name == "dark" else "dark"
        self.session.settings.set("theme", name)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, name)

    # --- drops ---

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, and addresses and images of other programs."""
        if event.mimeData().hasUrls() or drag_drop.carries(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """An image with a recipe brings its model and sliders back, a run folder opens, else the panel decides."""
        paths, urls = drag_drop.paths_in(event.mimeData()), event.mimeData().urls()
        if paths or urls:
            event.acceptProposedAction()
            open_ = self.opening.files if paths else self.opening.addresses
            QTimer.singleShot(0, self, lambda: open_(paths or [url.toDisplayString() for url in urls]))

    # --- the end ---

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop, save, wait at most ten seconds, go."""
        geometry.remember(self, self.session.settings)
        self._slow.stop()
        self._reload.stop()
        self.opening.over()
        self.setEnabled(False)
        self.status.work("Saving", "", None)
        QApplication.processEvents()
        if not self.services.close():
            log.warning("a thread did not end in time; a run that it trains can be resumed")
        event.accept()
