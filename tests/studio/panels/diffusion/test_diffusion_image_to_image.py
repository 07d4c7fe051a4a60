"""Diffusion, image to image: an image goes part of the way into noise, and another one comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import recipes
from studio.window import Window
from tests.tools.gui.diffusion import FORWARD, change, open_page, shown, walked
from tests.tools.gui.windows import click, refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def forward(diffusion_run: Path, studio: Window, qtbot):
    return open_page(diffusion_run, studio, qtbot, FORWARD)


def walk_back(forward, studio: Window, qtbot, t: int):
    """Click through to the Reverse page and wait for the walk."""
    page = studio.panels["diffusion"].walk
    before = page.walks.main
    forward.go_to(t)
    click(forward.left, "Reverse")
    wait_idle(qtbot, studio, lambda: page.walks.main is not before and walked(page))
    assert studio.panels["diffusion"].page is page
    return page


def test_a_walk_begins_with_the_pictures_that_were_shown_and_undo_brings_noise_back(
    forward, studio: Window, qtbot
) -> None:
    animation = forward.recording()
    page = walk_back(forward, studio, qtbot, 40)
    walk = page.walks.main
    t, state = walk.state(0)
    assert t == animation[animation.nearest(40)].t and np.array_equal(state, animation.state(animation.nearest(40))[1])
    assert walk[len(walk) - 1].t == 0 and len(shown(page)) == len(forward.pictures_shown)
    assert page.settings.begin.isVisible() and "t\u00a0=\u00a040" in page.settings.begin.text()
    change(page, studio, qtbot, "seed", "7")
    assert page.view.begin is not None and page.walks.main.state(0)[0] == t  # other settings, the same beginning
    change(page, studio, qtbot, "pictures", "11")
    assert np.array_equal(page.walks.main.state(0)[1][8], state[0])  # they come round again
    click(page.right, "From pure noise")
    wait_idle(qtbot, studio, lambda: page.walks.main.done and page.walks.main.state(0)[0] == 100)
    assert not page.settings.begin.isVisible()
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio, lambda: page.walks.main.done and page.walks.main.state(0)[0] == t)


def test_without_noise_or_with_a_bent_schedule_it_says_what_to_do(forward, studio: Window, qtbot) -> None:
    said: list[str] = []
    studio.session.done.connect(said.append)
    forward.go_to(0)
    click(forward.left, "Reverse")
    assert "no noise here yet" in said[-1] and studio.panels["diffusion"].page is forward
    forward.change(((0.3, 0.9),))
    wait_idle(qtbot, studio)
    forward.go_to(50)
    click(forward.left, "Reverse")
    assert "changed curve" in said[-1] and studio.panels["diffusion"].page is forward


def test_an_exported_frame_brings_the_beginning_back(forward, studio: Window, qtbot) -> None:
    page = walk_back(forward, studio, qtbot, 60)
    page.go_to(0)
    picture = shown(page)
    page.transport.export_asked.emit("frame")
    wait_idle(qtbot, studio)
    frame = next(places.exports().iterdir())
    click(page.right, "From pure noise")
    wait_idle(qtbot, studio, lambda: walked(page) and page.walks.main.state(0)[0] == 100)
    studio.open_files([str(frame)])
    wait_idle(qtbot, studio, lambda: page.view.begin is not None and walked(page) and page.walks.main.state(0)[0] == 60)
    assert np.array_equal(shown(page), picture)
    for bad in ({"time": 0}, {"time": 101}, {"time": True}, {"pictures": None}, {"pictures": {"count": 1}}):
        recipe = recipes.read_recipe(frame)
        said = refused(qtbot, studio, {**recipe, "begin": {**recipe["begin"], **bad}})
        assert f"begin.{next(iter(bad))}" in said
