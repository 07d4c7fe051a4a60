"""What the tests of the Styles panel share: a small model of styles, and the panel with its table painted."""

from __future__ import annotations

import pytest

from studio.window import Window
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import open_panel

LAYERS = 4  # 4 x 4 and 8 x 8


@pytest.fixture
def folder(styles_run):
    return copy_into_home(styles_run, "styles")


@pytest.fixture
def panel(folder, studio: Window, qtbot):
    """The panel with a small model and a painted table."""

    def painted(panel) -> bool:
        return panel.mixes.grid.table() is not None and panel.one.heat.image() is not None

    return open_panel(qtbot, studio, "styles", folder, painted)
