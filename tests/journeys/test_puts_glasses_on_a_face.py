"""Put an attribute on an image: three with it minus three without plus somebody else, then by one click, and keep it.

The model is tiny and its images are digits, so that the attribute is a class; what a person does is the same.
"""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import recipes
from models.core.latent import directions
from studio.panels.arithmetic.sheet_card import COUNT
from studio.window import Window
from tests.tools.gui.events import drop
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import button_of, click, files_mime, retype, wait_idle


@pytest.fixture
def panel(tiny_run, studio: Window, qtbot):
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model is not None)
    number = list(studio.panels).index("arithmetic") + 1
    QTest.keyClick(studio, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
    found = studio.panels["arithmetic"]
    wait_idle(qtbot, studio, lambda: found.sheet.grid.count() == COUNT)
    return found


def likeness(panel, name: str) -> float:
    """How likely what comes out has the attribute: the share of held-out codings without it that it outdoes."""
    known = panel.named.known.found
    made, _ = directions.of_attribute(known, name)
    _, without = known.groups(name, held=True)
    return float((panel.equation.coding() @ made > without @ made).mean())


def test_by_example_by_one_click_kept_and_brought_back(panel, studio: Window, qtbot) -> None:
    name = panel.directions.attributes()[0]
    click(panel.result, "Show an example")
    wait_idle(qtbot, studio, lambda: panel.result.grid.count() == 9)
    assert [slot.count() for slot in panel.slots] == [3, 3, 1]
    someone = panel.equation.groups[2][0]
    made, _ = directions.of_attribute(panel.named.known.found, name)
    assert panel.equation.coding() @ made > someone @ made  # the sum has more of it than somebody else had

    for slot in panel.slots[:2]:
        slot.clear.click()
    menu = panel.directions.attribute.menu()
    next(action for action in menu.actions() if action.text() == name).trigger()
    wait_idle(qtbot, studio, lambda: len(panel.directions.rows) == 1)
    track = panel.directions.rows[0].slider.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_End)
    wait_idle(qtbot, studio)
    np.testing.assert_allclose(panel.equation.coding(), someone + 2 * made, atol=1e-4)
    assert likeness(panel, name) > 0.7

    panel.directions.rows[0].save_asked.emit()
    action = next(a for a in button_of(panel.result, "Export").menu().actions() if "Centre" in a.text())
    action.trigger()
    wait_idle(qtbot, studio, lambda: places.exports().is_dir() and len(list(places.exports().iterdir())) == 1)
    (png,) = places.exports().iterdir()
    assert recipes.read_recipe(png)["panel"] == "arithmetic"
    kept = panel.equation.coding()
    panel.slots[2].clear.click()
    wait_idle(qtbot, studio)
    assert drop(panel.result.grid.viewport(), files_mime([png]))
    wait_idle(qtbot, studio, lambda: panel.slots[2].count() == 1)
    np.testing.assert_array_equal(panel.equation.coding(), kept)
    assert panel.directions.rows[0].slider.value() == 2.0


def test_from_two_groups_of_painted_pictures(panel, studio: Window, qtbot) -> None:
    grid = panel.sheet.grid
    for slot, tiles in ((Qt.Key.Key_1, (0, 1, 2)), (Qt.Key.Key_2, (3, 4, 5)), (Qt.Key.Key_3, (6,))):
        for tile in tiles:
            grid.set_current(tile)
            QTest.keyClick(grid, slot)
    wait_idle(qtbot, studio, lambda: [slot.count() for slot in panel.slots] == [3, 3, 1])
    retype(panel.directions.name, "slant")
    click(panel.directions, "New from A − B")
    wait_idle(qtbot, studio)
    (made,) = panel.equation.directions
    assert made.name == "slant" and made.auc is not None
    assert panel.directions.name.text() == ""
