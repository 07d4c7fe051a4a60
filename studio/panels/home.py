"""Home: every model there is, with its image; use, resume or delete it with one click."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QMessageBox, QScrollArea, QWidget

from models.core import record
from models.core.disk import places
from models.core.disk.operations import shown
from models.core.errors import UserError
from models.core.record import RunSummary
from models.core.terminal import visible
from studio import theme
from studio.deletion import Deletion
from studio.panels.base import Panel
from studio.widgets.basics import Elided, plain
from studio.widgets.card import Card, EmptyState, button, hbox, icon_button, label, vbox
from studio.widgets.flow_row import FlowRow
from studio.widgets.picture import Picture
from studio.widgets.thumbnail import show_later
from studio.workers import desktop_trash, strays
from studio.workers.jobs import Job
from studio.workers.sheets import run_contact_sheet
from studio.workers.worker import made

CARD_WIDTH, PICTURE_HEIGHT = 260, 178
RESUMABLE = {"interrupted", "paused", "stopped", "failed"}
STATUS_WORDS = {
    "interrupted": "interrupted, can be resumed",
    "failed": "failed, can be resumed from its last checkpoint",
    "training": "training now",
    "new": "not trained yet",
}


class RunCard(Card):
    """One run: image, name, state, and what can be done with it; of a damaged one, what is wrong with it."""

    def __init__(self, run: RunSummary, *, own: bool, panel: Home) -> None:
        super().__init__(run.title or run.folder.name)
        self.run = run
        self.setFixedWidth(CARD_WIDTH)
        picture = Picture()
        picture.setFixedHeight(PICTURE_HEIGHT)
        if run.error is None:
            look = partial(run_contact_sheet, run.folder)
            show_later(panel.services.image_worker, f"home/{run.folder}", look, picture, picture.set_image)
        picture.clicked.connect(lambda: panel.use(run))
        words = STATUS_WORDS.get(
            run.status, f"{run.status} at step {run.step:,}" if run.dataset else "not trained here"
        )
        state = label(words, "secondary", wrap=True)
        self.body.addWidget(picture)
        self.body.addWidget(Elided(run.dataset.rsplit("/", 1)[-1].replace("_", " ")))
        self.body.addWidget(state)
        if run.error is not None:
            state.setText(str(run.error))
            state.setToolTip(plain(str(run.error)))
            return
        self.use = button("Open", "primary")
        self.use.clicked.connect(lambda: panel.use(run))
        self.use.setEnabled(run.step > 0 or run.status == "finished")
        row = [self.use]
        if own and run.status in RESUMABLE:
            resume = button("Resume")
            resume.clicked.connect(lambda: panel.resume(run))
            row.append(resume)
        line = QWidget()
        box = hbox(*row, None)
        if own and run.status != "training":
            delete = icon_button("trash", "Delete this run")
            delete.clicked.connect(lambda: panel.delete(run))
            box.addWidget(delete)
        line.setLayout(box)
        self.body.addWidget(line)


class Home(Panel):
    """Where one begins."""

    TITLE, ICON = "Home", "house"
    HINTS = "Drop an image, a run or an exported PNG anywhere"

    def build(self, content: QWidget) -> None:
        """One scrolling page with two shelves."""
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        content.setLayout(vbox(self._area))
        self.session.runs_changed.connect(lambda: self.isVisible() and self._refresh())
        self._seen: list[RunSummary] | None = None
        self._refresh()
        old = partial(desktop_trash.hand_over, places.runs())
        self.services.file_worker.ask("deleted runs", lambda task: old(), lambda count: None, self.show_error)
        self.services.file_worker.ask("strays", lambda task: strays.clean(), lambda count: None, self.show_error)

    def shown(self) -> None:
        """Runs may have come from the command line meanwhile."""
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        own = record.list_runs(places.runs())
        shipped = record.list_runs(places.pretrained())
        seen = [*shipped, *own]
        if seen == self._seen:
            return
        own.sort(key=lambda run: run.status != "interrupted")  # stable: what needs attention comes first
        page = QWidget()
        page.setProperty("role", "bare")
        column = vbox(spacing=theme.GAP_M)
        column.addWidget(label("Play with a model", "page"))
        column.addWidget(label("These come with the studio and are trained already.", "secondary"))
        column.addWidget(self._shelf(shipped, own=False))
        column.addSpacing(theme.GAP_M)
        column.addWidget(label("Your runs", "page"))
        if own:
            column.addWidget(self._shelf(own, own=True))
        else:
            empty = EmptyState("chart-line", "What you train appears here, ready to open or resume.", "Train a model")
            empty.asked.connect(lambda: self.session.asked_for_panel.emit("train"))
            empty.setMinimumHeight(180)
            column.addWidget(empty)
        column.addStretch(1)
        page.setLayout(column)
        bar = self._area.verticalScrollBar()
        place = bar.value()
        if (old := self._area.takeWidget()) is not None:
            old.deleteLater()  # not at once: a click on one of its buttons may have led here
        self._area.setWidget(page)
        self._seen = seen
        QTimer.singleShot(0, self, lambda: bar.setValue(place))  # once the page is laid out

    def _shelf(self, runs: list[RunSummary], *, own: bool) -> QWidget:
        return FlowRow(*(self._card(run, own=own) for run in runs), spacing=theme.GAP_M)

    def _card(self, run: RunSummary, *, own: bool) -> RunCard:
        """The card of a run; one that cannot be shown is damaged, and says why."""

        def damaged(error: UserError) -> RunCard:
            error.where = error.where or shown(run.folder)
            return RunCard(RunSummary(run.folder, "damaged", error=error), own=own, panel=self)

        return made(lambda: RunCard(run, own=own, panel=self), damaged)

    def use(self, run: RunSummary) -> None:
        """Make a run the current model and go where one can play with it."""
        if run.error is None:
            self.session.asked_to_play.emit(run.folder)

    def resume(self, run: RunSummary) -> None:
        """Go on training where it stopped."""
        self.services.jobs.add(Job(run.folder, resume=True))
        self.session.asked_for_panel.emit("train")

    def delete(self, run: RunSummary) -> None:
        """Delete a run after asking; Enter and Escape keep it."""
        question = QMessageBox(self)
        question.setWindowTitle("Delete a run")
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setText(f"Delete {visible.line(run.title or run.folder.name)}?")
        question.setInformativeText(
            "Deletes its weights, curves and samples; Undo (Ctrl+Z) brings them back. "
            "What you exported stays in the Gallery."
        )
        yes = question.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        cancel = question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(cancel)
        question.setEscapeButton(cancel)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.buttonClicked.connect(lambda chosen: self._delete(run) if chosen is yes else None)
        question.open()

    def _delete(self, run: RunSummary) -> None:
        name = run.title or run.folder.name
        try:
            deleted = record.delete_run(run.folder)
        except UserError as error:
            self.show_error(error)
            return
        self.error.hide()
        current = self._let_go(run.folder)
        self.session.undo.push(
            Deletion(
                deleted, delete=record.delete_run, changed=partial(self._changed, run.folder, name, current),
                failed=self.show_error, forward=self.come_forward,
            )
        )  # fmt: skip
        self._told(f"{name} is deleted; Ctrl+Z brings it back")

    def _let_go(self, folder: Path) -> bool:
        """A run that is deleted is not the current model any more; whether it was."""
        current = self.session.model is not None and self.session.model.folder == folder
        if current:
            self.session.set_model(None)
        return current

    def _changed(self, folder: Path, name: str, current: bool, back: Path | None) -> None:
        """A deletion was undone or done again; where the run was the current model, and none is, it is that again."""
        if back is None:
            QTimer.singleShot(0, self, lambda: self._let_go(folder))  # it empties the stack that calls this
            self._told(f"{name} is deleted; Ctrl+Z brings it back")
            return
        self.error.hide()
        if current and self.session.model is None:
            self.session.asked_for_run.emit(back)
        self._told(f"{name} is restored")

    def _told(self, what: str) -> None:
        self.session.runs_changed.emit()
        self.session.done.emit(what)
