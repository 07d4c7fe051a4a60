"""Diffusion with a model of rectified flow: its own samplers, forks, images to begin with, inpainting, recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.diffusion import samplers
from models.core.diffusion.capability import Sampling
from models.core.images import convert
from studio.panels.diffusion.recording import EACH, Setup
from studio.window import Window
from tests.tools.gui.denoisers import DDPM, train
from tests.tools.gui.diffusion import FORWARD, INPAINT, change, open_page, shown, walked
from tests.tools.gui.windows import banner_text, click, refused, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


@pytest.fixture(scope="module")
def flow_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flow") / "run"
    return train(folder, "ddpm", **{**DDPM, "schedule": "flow", "prediction": "velocity"})


def test_it_opens_with_euler_and_offers_what_can_walk_a_flow(flow_run: Path, studio: Window, qtbot) -> None:
    page = open_page(flow_run, studio, qtbot)
    sampler = page.settings.rows["sampler"]
    titles = [sampler.editor.itemText(index) for index in range(sampler.editor.count())]
    assert titles == ["Euler", "DDIM", "DPM-Solver++", "Heun"] and sampler.text() == "Euler"
    assert "DDPM" not in sampler.editor.toolTip() and "Heun" in sampler.editor.toolTip()
    model, main = studio.services.inference._model, page.walks.main
    assert main.total == len(main) == 31
    *_, last = model.reverse(Sampling("euler", 30), count=8, conditions=Setup(label=EACH).labels(10))
    assert np.array_equal(main[30].x, convert.to_uint8(model.pictures(last.x)))
    for title in titles[1:]:
        change(page, studio, qtbot, "steps", "5")
        sampler.editor.setCurrentText(title)
        wait_idle(qtbot, studio, lambda title=title: sampler.text() == title and walked(page))
        assert page.walks.main[len(page.walks.main) - 1].t == 0
        change(page, studio, qtbot, "steps", "6")
    assert banner_text(studio) == ""


def test_a_fork_leaves_it_with_new_noise_on_the_way(flow_run: Path, studio: Window, qtbot) -> None:
    page = open_page(flow_run, studio, qtbot)
    page.go_to(60)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_F)
    wait_idle(qtbot, studio, lambda: walked(page))
    main, fork = page.walks.main, page.walks.fork
    assert fork[0].t == main[page.transport.at()].t and len(fork) > 10
    assert not np.array_equal(fork[len(fork) - 1].x, main[len(main) - 1].x)
    assert page.view.fork.sampling.sampler == "ddim" and page.view.fork.sampling.eta == 1.0


def test_images_go_into_noise_on_straight_lines_and_back_from_there(flow_run: Path, studio: Window, qtbot) -> None:
    forward = open_page(flow_run, studio, qtbot, FORWARD)
    animation, model = forward.recording(), studio.services.inference._model
    t, state = animation.state(animation.nearest(30))
    x_0 = model.forward(convert.to_float(forward.pictures_shown), 0, 0)
    eps = samplers.draw(state.shape, 0, 100, samplers.FORWARD)
    assert t == 30 and np.allclose(state, 0.7 * x_0 + 0.3 * eps, atol=1e-6)
    forward.go_to(40)
    click(forward.left, "Reverse")
    walk = studio.panels["diffusion"].walk
    wait_idle(qtbot, studio, lambda: walk.view.begin is not None and walked(walk))
    begin = walk.walks.main.state(0)
    assert begin[0] == 40 and np.allclose(begin[1], animation.state(animation.nearest(40))[1], atol=1e-6)


def test_a_bent_schedule_is_another_one_than_the_flow_s(flow_run: Path, studio: Window, qtbot) -> None:
    forward = open_page(flow_run, studio, qtbot, FORWARD)
    before = forward.recording()
    forward.change(((0.3, 0.2),))
    wait_idle(qtbot, studio, lambda: forward.recording() is not before)
    animation = forward.recording()
    t, state = animation.state(animation.nearest(50))
    x_0 = studio.services.inference._model.forward(convert.to_float(forward.pictures_shown), 0, 0)
    alpha_bar = forward.card.chart.schedule
    eps = samplers.draw(state.shape, 0, 100, samplers.FORWARD)
    assert np.array_equal(state, samplers.forward(x_0, alpha_bar, t, eps))


def test_inpainting_leaves_what_is_not_masked(flow_run: Path, studio: Window, qtbot) -> None:
    page = open_page(flow_run, studio, qtbot, INPAINT)
    wait_idle(qtbot, studio, lambda: walked(page))
    pixels, mask = page.canvas
    main = page.walks.main
    made = main[len(main) - 1].x
    assert np.array_equal(made[:, ~mask], np.repeat(pixels[None], len(made), axis=0)[:, ~mask])
    assert len({one[mask].tobytes() for one in made}) == len(made)


def test_its_recipe_comes_back_and_one_that_asks_for_ddpm_is_refused(flow_run: Path, studio: Window, qtbot) -> None:
    page = open_page(flow_run, studio, qtbot)
    recipe, first = page.recipe(), shown(page)
    change(page, studio, qtbot, "seed", "9")
    assert not np.array_equal(shown(page), first)
    studio.session.asked_to_restore.emit(recipe)
    wait_idle(qtbot, studio, lambda: page.view.main.sampling.seed == 0 and walked(page))
    assert np.array_equal(shown(page), first) and banner_text(studio) == ""
    said = refused(qtbot, studio, {**recipe, "walk": {**recipe["walk"], "sampler": "ddpm"}})
    assert "walk.sampler" in said and "euler" in said
