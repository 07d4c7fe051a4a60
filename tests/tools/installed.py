"""A look at the installed program, by the Python of an environment that knows no checkout: ``python installed.py``.

It is started outside the checkout after ``pip install .``: every module is there, the resources are found, a shipped
model draws images on the command line, and the window opens every panel and loads that model.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
import tempfile
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ.setdefault("STUDIO_HOME", tempfile.mkdtemp())
SECONDS = 120  # nothing is measured: what takes longer hangs


class Heard(logging.Handler):
    """Keeps what the program complained of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())


def modules() -> int:
    """Import everything but the two starters; how many modules there are."""
    count = 0
    for top in ("models", "studio"):
        package = importlib.import_module(top)
        assert "site-packages" in str(package.__file__), f"{package.__file__} is not the installed one"
        for found in pkgutil.walk_packages(package.__path__, f"{top}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
                count += 1
    return count


def commands(out: Path) -> None:
    """The command line lists, knows the shipped runs by name and draws with one."""
    from models.__main__ import main

    assert main(["list"]) == 0
    assert main(["info", "vae-fashion"]) == 0
    assert main(["sample", "vae-fashion", "--count", "4", "--out", str(out)]) == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def window() -> int:
    """Open the window, every panel and a shipped model; how many panels there are."""
    from PySide6.QtCore import QEventLoop, QTimer

    from models.core.disk import places
    from studio import theme
    from studio.__main__ import make_application
    from studio.window import Window
    from studio.workers.services import Services

    def wait() -> None:
        end, loop = time.monotonic() + SECONDS, QEventLoop()
        QTimer.singleShot(300, loop.quit)
        loop.exec()
        while not shown.services.idle and time.monotonic() < end:
            QTimer.singleShot(50, loop.quit)
            loop.exec()
        assert shown.services.idle, "the window is still busy"

    application = make_application()
    theme.apply(application, "dark")
    shown = Window(Services.open())
    shown.show()
    shown.start_backend()
    wait()
    shown.open_run(places.pretrained() / "vae-fashion")
    wait()
    assert shown.session.model is not None and shown.session.model.folder.name == "vae-fashion"
    for key in shown.panels:
        shown.show_panel(key)
        wait()
    count = len(shown.panels)
    shown.close()
    application.clipboard().clear()
    return count


def main() -> int:
    """Run all of it; 0 if the installed program is whole."""
    heard = Heard()
    logging.getLogger().addHandler(heard)
    count = modules()
    commands(Path(tempfile.mkdtemp()) / "four.png")
    panels = window()
    assert not heard.words, heard.words
    print(f"installed: {count} modules, {panels} panels, no warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())
