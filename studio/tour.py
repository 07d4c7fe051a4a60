"""The guided tour: uses every panel as a person would, on real data, and writes one screenshot a state."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from models.core import record
from models.core.disk import files, places
from models.core.errors import UserError
from studio import clipping, tours
from studio.window import Window

log = logging.getLogger(__name__)
POLL_MS = 50
FIRST = "vae-fashion"  # the pretrained run for panels that ask for none of their own
SETTLE_MS = 350  # motion and queued paints
LIMIT_S = 300.0  # for one state; then it is reported as an error


class Tour(QObject):
    """Walks through the panels, waits until nothing works any more before each image, and leaves the program.

    Args:
        window: the window to use.
        folder: where ``NN-panel-state.png`` and ``tour.json`` go.
    """

    def __init__(self, window: Window, folder: Path) -> None:
        super().__init__(window)
        self.window, self.folder = window, folder
        self.exit_code = 1
        self.report: list[dict[str, Any]] = []
        self._errors: list[str] = []
        self._begin = self._state_begin = time.monotonic()
        self._steps = self._walk()
        self._shot: tuple[str, str] | None = None
        window.session.noticed.connect(lambda what: self._errors.append(str(what)))

    def start(self) -> None:
        """Begin once the window is on screen."""
        files.make_folder(self.folder)
        QTimer.singleShot(SETTLE_MS, self, self._next)

    def _walk(self) -> Iterator[tuple[str, str]]:
        shipped = [run for run in record.list_runs(places.pretrained()) if run.error is None]
        for key, panel in self.window.panels.items():
            offered = [run for run in shipped if run.folder.name == (panel.OFFERS or FIRST)]
            for run in [*offered, *shipped] if panel.NEEDS is not None or key == "home" else []:
                yield from self._opened(key, run.folder)
                model = self.window.session.model
                if model is not None and panel.suits(model):
                    break
            self.window.show_panel(key)
            for state in tours.of(key, panel):
                yield key, state
            for name, more in tours.with_others(key).items():
                yield from self._opened(key, places.pretrained() / name)
                for state in more(panel):
                    yield key, state

    def _opened(self, key: str, run: Path) -> Iterator[tuple[str, str]]:
        """Make a run the current model, and wait for it."""
        self.window.open_run(run)
        while not self.window.services.idle:
            yield key, ""

    def _next(self) -> None:
        """Go to the next state, then wait until all is idle."""
        self._state_begin = time.monotonic()
        try:
            key, state = next(self._steps)
        except StopIteration:
            self._finish()
            return
        except Exception as error:
            log.exception("the tour failed")
            self._errors.append(f"{type(error).__name__}: {error}")
            self._finish()
            return
        self._shot = (key, state)
        self._wait()

    def _wait(self) -> None:
        assert self._shot is not None
        key, state = self._shot
        jobs, services = self.window.services.jobs, self.window.services
        training = jobs.running and state == "training"
        ready = (
            services.inference.idle
            and services.file_worker.idle
            and services.long_worker.idle
            and (training or not jobs.running)
        )
        if training:  # an image of the run while it learns
            progress = jobs.progress
            ready = progress is not None and progress.epoch >= 2
        waited = time.monotonic() - self._state_begin
        if not ready and waited < LIMIT_S:
            QTimer.singleShot(POLL_MS, self, self._wait)
            return
        if not ready:
            self._errors.append(f"{key} {state}: not ready after {LIMIT_S:.0f} s")
        QTimer.singleShot(SETTLE_MS, self, self._take)

    def _take(self) -> None:
        assert self._shot is not None
        key, state = self._shot
        if not (self.window.services.inference.idle and self.window.services.file_worker.idle):
            self._wait()  # what has just been answered has led to another question
            return
        if state:
            name = f"{len(self.report) + 1:02d}-{key}-{state}.png"
            QApplication.processEvents()
            if not self.window.grab().save(str(self.folder / name)):
                self._errors.append(f"{name} could not be written")
            for size in clipping.SIZES:
                found = clipping.misfits_at(self.window, size)
                self._errors += [f"{key} {state} at {size[0]}x{size[1]}: {what}" for what in found]
            seconds = round(time.monotonic() - self._state_begin, 2)
            self.report.append(
                {"panel": key, "state": state, "file": name, "seconds": seconds, "errors": self._take_errors()}
            )
        QTimer.singleShot(0, self, self._next)

    def _take_errors(self) -> list[str]:
        errors, self._errors = self._errors, []
        for panel in self.window.panels.built():
            if panel.error.isVisible():
                errors.append(panel.error.accessibleName())
        return errors

    def _finish(self) -> None:
        errors = [error for row in self.report for error in row["errors"]] + self._errors
        visited = {row["panel"] for row in self.report}
        missing = [key for key in self.window.panels if key not in visited]
        errors += [f"the panel {key} was not visited" for key in missing]
        whole = {
            "states": self.report,
            "errors": errors,
            "seconds": round(time.monotonic() - self._begin, 1),
            "scale": self.window.devicePixelRatioF(),
        }
        try:
            files.write_json(self.folder / "tour.json", whole)
        except UserError as error:
            errors.append(str(error))
        self.exit_code = 1 if errors or not self.report else 0
        print(f"{len(self.report)} images in {self.folder}, {len(errors)} errors", flush=True)
        for text in errors:
            print(f"  {text}", flush=True)
        self.window.close()
        QApplication.quit()
