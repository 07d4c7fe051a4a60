"""Diffusion, Forward: images go into noise, and the schedule is bent by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from models.core.diffusion import samplers, schedules
from models.core.diffusion.config import rates_of
from models.core.disk import places
from models.core.images import convert, recipes
from studio.panels.diffusion.schedule_chart import words_of
from studio.panels.diffusion.signal_chart import decibels
from studio.window import Window
from tests.tools.bounds import rounds
from tests.tools.gui.diffusion import FORWARD, REVERSE, open_page, shown
from tests.tools.gui.events import drag, drop
from tests.tools.gui.windows import click, files_mime, refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def forward(diffusion_run: Path, studio: Window, qtbot):
    return open_page(diffusion_run, studio, qtbot, FORWARD)


def test_a_picture_goes_into_noise_as_the_formula_says(forward, studio: Window, qtbot) -> None:
    animation, chart = forward.recording(), forward.card.chart
    assert [animation[0].t, animation[len(animation) - 1].t] == [0, 100] and forward.time == 50
    model, at = studio.services.inference._model, animation.nearest(30)
    t, state = animation.state(at)
    eps = samplers.draw(state.shape, 0, 100, samplers.FORWARD)
    x_0 = model.forward(convert.to_float(forward.pictures_shown), 0, 0)
    assert np.array_equal(state, samplers.forward(x_0, model.schedule, t, eps))
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.spot(0.3, 0.2).toPoint())
    assert np.array_equal(shown(forward), animation[at].x) and np.array_equal(shown(forward, 1), forward.pictures_shown)
    assert forward.card.figures["alpha_bar"].text() == f"{model.schedule[30]:.4f}"
    assert decibels(float(model.schedule[30])) == forward.card.figures["Signal to noise"].text()
    assert len(forward.pictures_shown) == 8


def test_an_own_picture_is_dropped_and_drowns(forward, studio: Window, qtbot, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    before = forward.recording()
    drop(studio, files_mime([tmp_path / "mine.png"]))
    wait_idle(qtbot, studio, lambda: forward.recording() is not before)
    forward.go_to(0)
    assert np.array_equal(shown(forward)[0, ..., 0], pixels) and len(shown(forward)) == 1


def test_the_schedule_is_bent_by_mouse_and_keys_and_the_picture_follows(forward, studio: Window, qtbot) -> None:
    chart, animation = forward.card.chart, forward.recording()
    own = chart.schedule
    drag(
        chart, chart.spot(*chart.handles()[1]).toPoint(), chart.spot(0.5, 0.7).toPoint(), chart.spot(0.5, 0.8).toPoint()
    )
    wait_idle(qtbot, studio, lambda: forward.recording() is not animation)
    assert chart.schedule[50] == pytest.approx(0.8, abs=0.02) and own[50] < 0.5
    assert forward.points == chart.points and (np.diff(chart.schedule) < 0).all()
    bent = forward.recording()
    assert np.array_equal(bent[0].x, animation[0].x) and not np.array_equal(bent[50].x, animation[50].x)
    for key, check in (
        (Qt.Key.Key_Down, lambda: chart.points[1][1] < 0.79),
        (Qt.Key.Key_PageUp, lambda: chart.chosen == 2),
        (Qt.Key.Key_Delete, lambda: len(chart.points) == 2),
        (Qt.Key.Key_Insert, lambda: len(chart.points) == 2 or len(chart.points) == 3),
    ):
        QTest.keyClick(chart, key)
        assert check(), key
    for _ in rounds("the end of what can be undone", most=20):
        if not forward.points:
            break
        QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio)
    assert np.array_equal(chart.schedule, own) and np.array_equal(forward.recording()[50].x, animation[50].x)


def test_a_schedule_that_is_level_for_long_can_still_be_bent(forward) -> None:
    chart = forward.card.chart
    for bent in (((0.1, 0.3), (0.3, 0.02)), ((0.9, 0.999),), ((0.5, 0.012), (0.6, 0.011))):
        chart.set_own(schedules.from_alpha_bar(bent, 100))
        heights = [height for _, height in chart.handles()]
        assert (np.diff(heights) < 0).all() and heights[2] > 0 and heights[0] < 1
        for index in range(3):
            at = chart.spot(*chart.handles()[index]).toPoint()
            drag(chart, at, at + QPoint(3, 2))
        assert len(chart.points) == 3 and (np.diff(chart.schedule) < 0).all()
        chart.set_points(())


def test_points_never_pass_each_other(forward) -> None:
    chart = forward.card.chart
    corner, floor = chart.spot(0.99, 0.999).toPoint(), chart.spot(0.01, 0.001).toPoint()
    for index in (0, 2, 1):
        drag(chart, chart.spot(*chart.handles()[index]).toPoint(), corner, floor, corner)
    assert (np.diff(chart.schedule) < 0).all() and (np.diff(chart.points, axis=0)[:, 0] > 0).all()
    forward.change(())
    QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=chart.spot(0.1, 0.5).toPoint())
    assert len(chart.points) == 4
    for _ in range(5):
        QTest.mouseDClick(chart, Qt.MouseButton.LeftButton, pos=chart.spot(*chart.handles()[0]).toPoint())
    assert len(chart.points) == 1  # the last one stays
    assert (np.diff(chart.schedule) < 0).all()


def test_train_with_it_fills_in_the_form(forward, studio: Window, qtbot) -> None:
    chart, train_form = forward.card.chart, studio.panels["train"].new
    assert not forward.card.train.isEnabled()
    drag(chart, chart.spot(*chart.handles()[0]).toPoint(), chart.spot(0.2, 0.6).toPoint())
    wait_idle(qtbot, studio)
    click(forward.right, "Train with it")
    assert studio.stack.currentWidget() is studio.panels["train"]
    values = train_form.form.values()
    assert values["schedule"] == "own" and values["schedule_points"] == words_of(chart.points)
    assert values["timesteps"] == "100" and values["condition"] == "class"
    assert train_form.form.errors() == {} and train_form.dataset.currentData() == "digits"
    made = rates_of(train_form.form.config()).alpha_bar
    assert np.allclose(made, chart.schedule, atol=1e-3)


def test_a_frame_of_the_forward_page_brings_picture_and_schedule_back(forward, studio: Window, qtbot) -> None:
    chart = forward.card.chart
    drag(chart, chart.spot(*chart.handles()[0]).toPoint(), chart.spot(0.2, 0.6).toPoint())
    forward.go_to(70)
    wait_idle(qtbot, studio)
    picture, points = shown(forward), forward.points
    forward.transport.export_asked.emit("frame")
    wait_idle(qtbot, studio)
    frame = next(places.exports().iterdir())
    forward.source.another()
    forward.change(())
    wait_idle(qtbot, studio)
    studio.panels["diffusion"].choose(REVERSE)
    studio.open_files([str(frame)])
    wait_idle(qtbot, studio, lambda: forward.points == points)
    assert studio.panels["diffusion"].page is forward and np.array_equal(shown(forward), picture)
    bad = {**recipes.read_recipe(frame), "pictures": {"count": 1, "channels": 1, "png": "nonsense"}}
    assert "pictures is missing or cannot be read" in refused(qtbot, studio, bad)
