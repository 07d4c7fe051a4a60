"""What the tests of the Diffusion panel share: its pages with a tiny model that has seen digits for a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from studio.window import Window
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import retype, wait_idle

FORWARD, REVERSE, INPAINT, PROMPT = range(4)


def open_page(run: Path, studio: Window, qtbot, mode: int = REVERSE) -> Any:
    """A page of the panel with a model; ``mode`` is chosen with the mouse."""
    studio.open_run(copy_into_home(run, "diffusion"))
    studio.show_panel("diffusion")
    panel = studio.panels["diffusion"]
    wait_idle(qtbot, studio, lambda: walked(panel.page))
    choice = panel.mode
    if mode != choice.index():
        spot = QPoint((2 * mode + 1) * choice.width() // (2 * len(choice.options())), 10)
        QTest.mouseClick(choice, Qt.MouseButton.LeftButton, pos=spot)
    wait_idle(qtbot, studio, lambda: panel.page.recording() is not None)
    assert panel.mode.index() == mode
    return panel.page


def walked(page: Any) -> bool:
    main, fork = page.walks.main, page.walks.fork
    return main is not None and main.done and (page.view.fork is None or bool(fork and fork.done))


def change(page: Any, studio: Window, qtbot, name: str, text: str) -> None:
    """Type into a field and wait for the walk that follows."""
    before = page.walks.main, page.walks.fork
    retype(page.settings.rows[name].editor, text)
    wait_idle(qtbot, studio, lambda: (page.walks.main, page.walks.fork) != before and walked(page))


def shown(page: Any, card: int = 0, row: int = 0) -> np.ndarray:
    grid = page.cards.cards[card].grids[row]
    return np.stack([grid.image(i) for i in range(grid.count())])
