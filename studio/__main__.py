"""Start-up: what must be set before Qt and the backend load, the crash log, the application, and its command line."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import locale
import logging
import logging.handlers
import os
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import models
from models.core.disk.operations import expanded
from models.core.errors import UserError
from models.core.terminal import standard_streams
from studio import qt_needs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from studio.settings import Settings

SWITCH_SECONDS = 0.0001  # a Python loop in a worker then delays the window by some ms, not by 581
SIZE = (1280, 800)  # px of the window at the first start and in the tour's images
FIRST_MODEL = "text-faces"  # a shipped one, for somebody who has opened none yet
FRAME = 40  # px of a window's title bar and edges, about
MANY_OBJECTS = 20_000  # new ones between two collections
FIRST_COLLECTION_MS, FULL_COLLECTION_EVERY = 1_000, 60


def check_platform(pyside: str, python: tuple[int, int] = sys.version_info[:2]) -> str:
    """Say why this pair of Qt and Python must not be used, or nothing.

    PySide6 6.12.0 loses a reference to True at every signal on Python 3.11 and older and aborts after a while.
    """
    if pyside.startswith("6.12.0") and python < (3, 12):
        advice = "pip install 'PySide6-Essentials!=6.12.0'"
        return f"PySide6 {pyside} crashes on Python {python[0]}.{python[1]}. Install another: {advice}"
    return ""


def parser() -> argparse.ArgumentParser:
    """The command line of the window."""
    made = argparse.ArgumentParser(prog="studio", description="Train generative image models and play with them.")
    made.add_argument("--version", action="version", version=f"generative-studio {models.__version__}")
    made.add_argument("files", nargs="*", help="images, runs (a folder, or a name such as vae-fashion) or recipes")
    made.add_argument(
        "--tour", type=expanded, metavar="DIR", help="use every panel, write screenshots to DIR, and leave"
    )
    made.add_argument("--theme", choices=["light", "dark", "system"], help="the tour's theme, or this start's")
    made.add_argument("--size", metavar="WxH", type=_size, help="size of the window, 1280x800 for example")
    return made


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 640 <= int(width) <= 8192 and 480 <= int(height) <= 8192):
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT, 640x480 to 8192x8192 (it is {text!r})")
    return int(width), int(height)


def start_logs(folder: Path) -> Path:
    """Log to a file that is kept small; faults of the interpreter go to a crash file of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "studio.log"
    if os.path.lexists(path) and not path.is_file():  # a pipe would hold the start up for ever
        path = folder / f"studio-{uuid.uuid4().hex}.log"
    file = logging.handlers.RotatingFileHandler(path, maxBytes=2_000_000, backupCount=2, encoding="utf-8")
    logging.basicConfig(
        level=logging.INFO, handlers=[file], format="%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
    )
    standard_streams.aside(file)
    crash = folder / f"crash-{uuid.uuid4().hex}.txt"
    faulthandler.enable(crash.open("w", encoding="utf-8"), all_threads=True)
    return crash


def route_errors(show: Callable[[UserError | str], None]) -> None:
    """Every exception that nobody caught is logged and shown as one sentence; none may end the program."""
    from PySide6.QtCore import QtMsgType, qInstallMessageHandler

    from studio.workers.worker import in_words

    log = logging.getLogger("studio")

    def report(kind: type[BaseException], value: BaseException | None, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, value or kind(), trace)
            return
        log.error("uncaught exception", exc_info=(kind, value or kind(), trace))
        show(in_words(value or kind()))

    def qt_message(kind: QtMsgType, context: Any, text: str) -> None:
        levels = {QtMsgType.QtWarningMsg: logging.WARNING, QtMsgType.QtCriticalMsg: logging.ERROR}
        log.log(logging.CRITICAL if kind == QtMsgType.QtFatalMsg else levels.get(kind, logging.INFO), "Qt: %s", text)
        if kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            show(f"Qt: {text}")

    sys.excepthook = report
    threading.excepthook = lambda args: report(args.exc_type, args.exc_value, args.exc_traceback)
    qInstallMessageHandler(qt_message)


def collect_garbage_here(parent: Any, activity: Callable[[], tuple[bool, int]]) -> Any:
    """Collect only from a timer of the GUI thread: a collection in a worker could destroy a widget there.

    Models that are done with are swept away while nobody looks: that takes half a second in which no window moves.

    Args:
        parent: of the timer.
        activity: what the threads do, ``Services.activity``.
    """
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtGui import QCursor, QGuiApplication

    from studio.workers import garbage

    timer = QTimer(parent)
    rounds = iter(range(1, sys.maxsize))

    def hand() -> tuple[Any, bool]:
        return QCursor.pos(), QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton

    away = garbage.Away(hand, activity)

    def collect() -> None:
        number, nobody = next(rounds), away.look()
        if garbage.importing() and gc.get_count()[0] > MANY_OBJECTS:  # they stay, and to look at all takes 0.1 s
            gc.freeze()
            return
        if nobody and garbage.sweep():
            away.begin_again()
            return
        if garbage.tidy():
            return
        gc.collect(2 if number % FULL_COLLECTION_EVERY == 0 else 1 if number % 10 == 0 else 0)

    timer.timeout.connect(collect)
    timer.start(FIRST_COLLECTION_MS)
    return timer


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window and run until it is closed; with ``--tour`` run the tour."""
    return standard_streams.run(lambda: start(argv))


def start(argv: Sequence[str] | None) -> int:
    """What must be right before Qt is touched, then the application."""
    arguments = parser().parse_args(argv)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.disable()
    import PySide6

    if problem := check_platform(PySide6.__version__):
        print(problem, file=sys.stderr)
        return 2
    if problem := qt_needs.problem():
        print(problem, file=sys.stderr)
        return 1
    from models.core.disk import places

    try:
        crash = start_logs(places.logs())
    except OSError as error:
        advice = "Set STUDIO_HOME to a folder that can be written."
        print(f"The log cannot be written: {error.strerror} ({places.logs()}). {advice}", file=sys.stderr)
        return 1
    return run(arguments, crash)


def run(arguments: argparse.Namespace, crash: Path) -> int:
    """The application itself; ``crash`` is the file for faults of the interpreter, removed if it stayed empty."""
    from PySide6.QtCore import QTimer

    from models.core import record

    application = make_application()
    from studio import geometry, leaving, second_window, theme
    from studio.window import Window
    from studio.workers.services import Services

    services = Services.open()
    settings = services.session.settings
    begin_with_a_model(settings)
    theme.apply(application, arguments.theme or theme.known(settings.get("theme", "system")))
    route_errors(services.session.notice)
    window = Window(services)
    window.resize(*(arguments.size or (SIZE if arguments.tour else first_size(application))))
    if not arguments.tour and not arguments.size:
        geometry.bring_back(window, settings)
    window.show()
    keep = collect_garbage_here(application, services.activity)
    QTimer.singleShot(0, window, window.start_backend)  # the window first, then the backend
    if arguments.files:
        files = [str(record.find_run(name)) for name in arguments.files]
        QTimer.singleShot(100, window, lambda: window.open_files(files))
    if arguments.tour:
        from studio.tour import Tour

        tour = Tour(window, arguments.tour)
        tour.start()
    with leaving.heeded(application, window), second_window.told(services):
        code = application.exec()
    keep.stop()
    tidy(application, crash)
    code = tour.exit_code if arguments.tour else code
    if services.stuck:
        leaving.at_once(code)
    return code


def begin_with_a_model(settings: Settings) -> None:
    """Somebody who has opened no model yet finds one open: remembered as if it had been the last one."""
    from models.core.disk import places

    if not settings.get("run", ""):
        settings.set("run", str(places.pretrained() / FIRST_MODEL))


def tidy(application: QApplication, crash: Path) -> None:
    """What must not outlive the application: a clipboard that Python has filled, an empty file for faults."""
    if application.platformName() == "offscreen":
        application.clipboard().clear()  # it outlives Python there, and what it holds was made in Python
    if crash.exists() and crash.stat().st_size == 0:
        faulthandler.disable()
        crash.unlink()


def first_size(application: QApplication) -> tuple[int, int]:
    """1280 x 800, or what the screen has room for beside bars and the window's frame."""
    room = application.primaryScreen().availableSize()
    return min(SIZE[0], room.width()), min(SIZE[1], room.height() - FRAME)


def make_application() -> QApplication:
    """Qt's application; offscreen where there is no screen."""
    from PySide6.QtWidgets import QApplication

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([sys.argv[0]])
    locale.setlocale(locale.LC_NUMERIC, "C")  # parsers in C misread floats under a comma-decimal locale
    application.setApplicationName("Generative Studio")
    return application


if __name__ == "__main__":
    sys.exit(main())
