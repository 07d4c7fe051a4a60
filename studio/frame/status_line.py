"""The line at the foot of the window: what is being done, how far it is, how long it will take, and how to end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton

from models.core.training.estimate import duration
from studio import theme
from studio.widgets.basics import button, label
from studio.workers.jobs import Job, Jobs

if TYPE_CHECKING:
    from models.core.training.recorder import Progress

ENDINGS = {"finished": "Training finished", "paused": "Paused and saved", "stopped": "Stopped and saved"}
ENDINGS["cancelled"] = "Cancelled before training began"
STOPPING = {"paused": "Pausing after this step", "stopped": "Stopping after this step"}


class StatusLine(QFrame):
    """Shows a job with its progress; emits ``pause``, ``stop`` and ``cancel``."""

    pause = Signal()
    stop = Signal()
    cancel = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setFixedHeight(theme.STATUS_LINE)
        self._what, self._more, self._hints = label("Ready"), label(), label()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(220, 4)
        self._pause: QPushButton = button("Pause", "line")
        self._stop: QPushButton = button("Stop", "line")
        self._cancel: QPushButton = button("Cancel", "line")
        self._pause.clicked.connect(self.pause)
        self._stop.clicked.connect(self.stop)
        self._cancel.clicked.connect(self.cancel)
        self._ending = False  # whether a job has been asked to end
        for part in (self._what, self._more, self._hints):
            part.setProperty("role", "secondary")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP_L, 0, theme.GAP_L, 0)
        row.setSpacing(theme.GAP_M)
        for widget in (self._what, self._bar, self._more):
            row.addWidget(widget)
        row.addStretch(1)
        for button_ in (self._hints, self._pause, self._stop, self._cancel):
            row.addWidget(button_)
        self.rest()

    def follow(self, jobs: Jobs) -> None:
        """Show what the training thread does, and let its buttons pause and stop it."""
        self.pause.connect(lambda: jobs.ask_to_stop("paused"))
        self.stop.connect(lambda: jobs.ask_to_stop("stopped"))
        jobs.started.connect(self._started)
        jobs.progressed.connect(self._progressed)
        jobs.loading.connect(self._loading)
        jobs.stopping.connect(self._stopping)
        jobs.ended.connect(lambda ended: self.rest(ENDINGS.get(ended.status, "Training failed")))

    @Slot(object)
    def _started(self, job: Job) -> None:
        self._end_over()
        self.work("Preparing", "", None, training=True)

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        words = f"epoch {progress.epoch} of {progress.epochs}"
        if progress.seconds_left is not None:
            words += f"  ·  {duration(progress.seconds_left)} left  ·  {progress.images_per_second:,.0f} images/s"
        self.work(progress.phase.capitalize(), words, progress.step / max(1, progress.steps), training=True)

    @Slot(str)
    def _stopping(self, status: str) -> None:
        """Say at once that the click was heard; what comes until the job has ended says nothing else."""
        self._ending = False
        self.work(STOPPING[status], "", None, training=True)
        self._ending = True
        for asked in (self._pause, self._stop):
            asked.setEnabled(False)

    @Slot(str, int, int)
    def _loading(self, what: str, done: int, total: int) -> None:
        self.work(what, f"{done:,} of {total:,}", done / max(1, total), training=True)

    def set_hints(self, text: str) -> None:
        """Keys worth knowing in the panel in front."""
        self._hints.setText(text)

    def rest(self, text: str = "Ready") -> None:
        """Nothing is being done."""
        self._end_over()
        self._what.setText(text)
        self._more.setText("")
        for widget in (self._bar, self._pause, self._stop, self._cancel):
            widget.hide()
        self._hints.show()

    @Slot()
    def forget(self) -> None:
        """What was done last is of no interest to somebody who goes elsewhere."""
        if not self._hints.isHidden():
            self.rest()

    def _end_over(self) -> None:
        self._ending = False
        for asked in (self._pause, self._stop):
            asked.setEnabled(True)

    def work(self, what: str, more: str, share: float | None, *, training: bool = False, cancel: bool = False) -> None:
        """Something is being done; ``share`` in [0, 1], or None while it is not known."""
        if self._ending and training:
            return
        self._what.setText(what)
        self._more.setText(more)
        self._bar.setRange(0, 1000 if share is not None else 0)
        self._bar.setValue(round(1000 * (share or 0.0)))
        self._bar.show()
        self._pause.setVisible(training)
        self._stop.setVisible(training)
        self._cancel.setVisible(cancel)
        self._hints.setVisible(not (training or cancel))
