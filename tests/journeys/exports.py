"""What a user does with exported files again and again: export, open another model, drop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer

from models.core.disk import places
from models.core.images import decoding
from models.core.recipes import schema
from studio.window import Window
from tests.tools.gui.events import drop
from tests.tools.gui.windows import banner_text, files_mime, wait_idle


class Journey:
    """The window, and another model than the one that exports."""

    def __init__(self, studio: Window, qtbot, other: Path) -> None:
        self.studio, self.qtbot, self.other = studio, qtbot, other

    def idle(self, until: Callable[[], bool] = lambda: True) -> None:
        wait_idle(self.qtbot, self.studio, until)

    def open(self, run: Path, panel: str) -> Any:
        self.studio.open_run(run)
        self.idle(lambda: self.studio.session.model is not None and self.studio.session.model.folder == run)
        self.studio.show_panel(panel)
        self.idle()
        return self.studio.panels[panel]

    def export(self, action: Callable[[], None]) -> Path:
        before = set(places.exports().glob("*"))
        action()
        self.idle(lambda: bool(set(places.exports().glob("*")) - before))
        (path,) = set(places.exports().glob("*")) - before
        return path

    def drop(self, path: Path) -> str:
        """Drop a file on the window; what the window says."""
        self.studio.banner.hide()
        fired: list[bool] = []
        assert drop(self.studio, files_mime([path]))
        QTimer.singleShot(0, lambda: fired.append(True))  # the window opens what was dropped by such a timer, too
        self.idle(lambda: bool(fired))
        return banner_text(self.studio)

    def come_back(self, path: Path) -> None:
        """Another model, another panel, then the drop."""
        self.open(self.other, "home")
        self.studio.banner.hide()
        assert drop(self.studio, files_mime([path]))
        found = schema.read(path)
        assert found is not None
        self.idle(lambda: self.studio.session.model.run_id == found.run_id)
        self.idle()
        assert self.studio.stack.currentWidget() is self.studio.panels[found.panel]
        assert self.studio.session.undo.canUndo()


def same(exported: Path, pixels: np.ndarray, atol: int = 1) -> None:
    """The pixels of a file and of what is shown, within one of 255."""
    np.testing.assert_allclose(decoding.decode(exported).astype(int), pixels.astype(int), atol=atol)
