"""The banner of the window: what a person must know, and the question of a job that the disk has stopped."""

from __future__ import annotations

from PySide6.QtCore import Slot

from models.core.errors import UserError
from studio.widgets.card import ErrorNote
from studio.workers.jobs import Jobs


class Banner(ErrorNote):
    """Shows the newest notice; a question to the person comes back until it is answered."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: Jobs | None = None
        self._trouble: UserError | None = None
        self._asks = False  # whether what is shown is the question
        self.asked.connect(self._again)
        self.dismissed.connect(self._dismissed)

    def follow(self, jobs: Jobs) -> None:
        """Ask what to do when a job cannot write."""
        self._jobs = jobs
        jobs.trouble.connect(self._ask)
        jobs.ended.connect(self._over)

    @Slot(object)
    def notice(self, what: UserError | str) -> None:
        """Show an error or a plain sentence."""
        self._asks = False
        if isinstance(what, UserError):
            self.show_error(what)
        else:
            self.show_note(what)

    @Slot(object)
    def _ask(self, error: UserError) -> None:
        self._trouble, self._asks = error, True
        self.show_error(error, "Try again")

    def _again(self) -> None:
        self._over()
        if self._jobs is not None:
            self._jobs.retry(True)

    def _dismissed(self) -> None:
        """Away with a notice; away with the question means no."""
        if self._trouble is None:
            return
        if not self._asks:
            self._ask(self._trouble)
            return
        self._over()
        if self._jobs is not None:
            self._jobs.retry(False)

    @Slot()
    def _over(self) -> None:
        if self._asks:
            self.hide()
        self._trouble, self._asks = None, False
