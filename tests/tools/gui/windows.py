"""A real window on real threads, for tests that use the studio as a person would."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEventLoop, QMimeData, Qt, QTimer, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

import models
from models.core import device
from models.core.disk import places
from studio import clipping, theme
from studio.window import Window
from studio.workers.services import Services
from studio.workers.worker import Worker
from tests.tools.bounds import rounds

_opened: list[Services] = []
LONG = 60_000  # ms; nothing is measured, only waited for
LEFT = Qt.MouseButton.LeftButton


@functools.cache
def import_backend() -> None:
    """Once a session, and out of the collector's sight: then a test's own garbage is found in no time."""
    device.prepare()
    models.family("vae")
    gc.collect()
    gc.freeze()


def open_window(qtbot, *, size: tuple[int, int] = (1280, 800), backend: bool = True) -> Window:
    import_backend()
    window = Window(Services.open())
    _opened.append(window.services)
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    if backend:
        window.start_backend()
        wait_idle(qtbot, window)
    return window


def let_go() -> None:
    """End what windows of this test shared; what is connected to it holds the panels."""
    opened, _opened[:] = list(_opened), []
    for services in reversed(opened):
        services.close()
        for part in (
            services.jobs,
            services.inference,
            services.file_worker,
            services.long_worker,
            services.image_worker,
            services.session,
        ):
            part.deleteLater()


def wait_idle(qtbot, window: Window, until: Callable[[], bool] = lambda: True, timeout: int = LONG) -> None:
    """Wait until ``until`` and no thread has anything to do any more, and every answer was delivered."""

    def at_rest() -> bool:
        if not (until() and window.services.idle):
            return False
        QApplication.processEvents()
        return window.services.idle and until()

    qtbot.waitUntil(at_rest, timeout=timeout)


def open_panel(qtbot, window: Window, key: str, run: Path, until: Callable[[Any], bool] = lambda panel: True) -> Any:
    """Open a run and show a panel; wait until the model is there and ``until`` holds of the panel."""
    window.open_run(run)
    window.show_panel(key)
    panel = window.panels[key]
    wait_idle(qtbot, window, lambda: window.session.model is not None and until(panel))
    return panel


def thread_done(worker: Worker) -> bool:
    """Whether the thread has answered all that was asked, be it that Qt has not delivered it yet."""
    return worker._running is None and not worker._waiting


def button_of(parent: QWidget, text: str) -> QPushButton:
    found = [b for b in parent.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    assert len(found) == 1, f"{len(found)} visible buttons say {text!r}"
    return found[0]


def click(parent: QWidget, text: str) -> None:
    widget = button_of(parent, text)
    assert widget.isEnabled(), f"{text!r} is disabled"
    QTest.mouseClick(widget, LEFT)


def retype(editor: QWidget, text: str) -> None:
    editor.setFocus()
    editor.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(editor, text)


def files_mime(paths: Sequence[object]) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def refused(qtbot, window: Window, recipe: dict) -> str:
    """What the window says of a recipe that does not fit."""
    window.banner.hide()
    window.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, window)
    return banner_text(window)


def banner_text(window: Window) -> str:
    return window.banner.accessibleName() if window.banner.isVisible() else ""


def print_misfits() -> None:
    """Print what does not fit in any panel with one shipped model; for a process of its own scale.

    The guided tour looks at every state of every panel with models that suit it, at the scale that it is started with.
    """
    from studio.__main__ import make_application

    application = make_application()
    theme.apply(application, "dark")
    window = Window(Services.open())
    window.show()
    window.start_backend()
    _until(lambda: window.services.idle)
    print(f"scale {window.devicePixelRatioF()}", flush=True)
    window.open_run(places.pretrained() / "vae-fashion")
    _until(lambda: window.services.idle)
    for key in window.panels:
        window.show_panel(key)
        _until(lambda: window.services.idle)
        for size in clipping.SIZES:
            print(*(f"{key} at {size}: {what}" for what in clipping.misfits_at(window, size)), sep="\n", end="")
    window.close()
    application.quit()


def _until(what: Callable[[], bool]) -> None:
    """Let events pass until ``what`` holds, deliveries included."""
    for _ in rounds("the threads of a window that only shows its panels"):
        _pass_time()
        if what():
            _pass_time()
            if what():
                return


def _pass_time() -> None:
    """Events for 20 ms, in a loop of Qt's own: ``QTest.qWait`` would keep the interpreter's lock from the workers."""
    loop = QEventLoop()
    QTimer.singleShot(20, loop.quit)
    loop.exec()
