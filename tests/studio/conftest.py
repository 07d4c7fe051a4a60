"""A theme for every test of the studio, and a watch over what a test leaves behind (fault C-42)."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot, _close_widgets

from studio import theme
from studio.__main__ import SWITCH_SECONDS
from studio.window import Window
from studio.workers import garbage
from tests.tools.gui.denoisers import DDPM, train, train_styles
from tests.tools.gui.runs import train_tiny
from tests.tools.gui.windows import let_go, open_window


@pytest.fixture(params=["dark"])
def app_theme(qapp: QApplication, request: pytest.FixtureRequest) -> str:
    """A test may ask for the other one: ``@pytest.mark.parametrize("app_theme", ["dark", "light"], indirect=True)``."""
    if theme.tokens().name != request.param or not qapp.styleSheet():
        theme.apply(qapp, request.param)
    return str(request.param)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def settled(qapp: QApplication) -> Iterator[None]:
    """What is there before the first test is not looked at again: a collection then takes a millisecond."""
    gc.collect()
    gc.freeze()
    yield
    qapp.clipboard().clear()  # offscreen it outlives Python: what a test put there would crash the exit


def _flush() -> None:
    """What was marked for deletion goes now, not when some later test runs the loop."""
    for _ in range(2):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
        gc.collect()


def _alive() -> dict[str, set[object]]:
    found = gc.get_objects()
    return {
        "top-level widgets": {id(widget) for widget in QApplication.topLevelWidgets()},
        "running QTimers": {id(o) for o in found if issubclass(type(o), QTimer) and _active(o)},
        "running QThreads": {id(o) for o in found if issubclass(type(o), QThread) and _running(o)},
        "Python threads": {thread.ident for thread in threading.enumerate()},
    }


def _active(timer: QTimer) -> bool:
    try:
        return timer.isActive()
    except RuntimeError:
        return False  # its C++ half is gone


def _running(thread: QThread) -> bool:
    try:
        return thread.isRunning() and thread is not QThread.currentThread()
    except RuntimeError:
        return False


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication, request: pytest.FixtureRequest, qtbot: object) -> Iterator[None]:
    """Fail a test that passed but left a window, a timer or a thread behind."""
    _flush()
    before = _alive()
    yield
    _close_widgets(request.node)  # what it gave to qtbot; pytest-qt itself would do it a moment later
    let_go()
    report = getattr(request.node, "report_call", None)
    if report is None or not report.passed:
        return
    request.node.funcargs.clear()  # else the test's own widgets are still held
    _flush()
    left = {kind: now - before[kind] for kind, now in _alive().items() if now - before[kind]}
    windows = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in before["top-level widgets"]]
    assert not left, f"left behind: {left} {windows}"
    gc.freeze()  # what outlives a test (TensorFlow's graphs, mostly) would be searched by four collections a test


@pytest.fixture(scope="module", autouse=True)
def no_collector() -> Iterator[None]:
    """As in the studio itself: a collection in a worker could destroy a widget there, so none happens by itself."""
    interval = sys.getswitchinterval()
    gc.disable()
    freeze, garbage.freeze = garbage.freeze, lambda: None  # else what a test left behind would be frozen unseen
    sys.setswitchinterval(SWITCH_SECONDS)
    yield
    sys.setswitchinterval(interval)
    garbage.freeze = freeze
    gc.enable()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; copy it before you change it."""
    return train_tiny(tmp_path_factory.mktemp("tiny") / "run")


@pytest.fixture(scope="session")
def styles_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a model that mixes styles; copy it before you change it."""
    where = tmp_path_factory.mktemp("styles")
    return train_styles(where / "run", where / "pictures.npz")


@pytest.fixture(scope="session")
def diffusion_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusion model of digits that has learned for an epoch."""
    return train(tmp_path_factory.mktemp("diffusion") / "run", "ddpm", **DDPM)


@pytest.fixture(scope="session")
def text_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, told in words which digit it is."""
    return train(tmp_path_factory.mktemp("text") / "run", "ddpm", **{**DDPM, "condition": "text"})


@pytest.fixture
def studio(qtbot: QtBot, app_theme: str) -> Iterator[Window]:
    """The whole window, its threads running, the backend imported."""
    yield open_window(qtbot)
