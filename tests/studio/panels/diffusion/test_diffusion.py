"""Diffusion: watch, rewind, steer and export walks of a tiny model that has seen digits for a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from models.core.diffusion.capability import Sampling
from models.core.disk import places
from models.core.images import convert, decoding, recipes
from studio import tours
from studio.panels.diffusion import recording
from studio.panels.diffusion.recording import EACH, NOTHING, Setup
from studio.widgets.card import EmptyState
from studio.widgets.lightbox import Lightbox
from studio.window import Window
from tests.tools.gui.diffusion import change, open_page, shown, walked
from tests.tools.gui.events import drag, drop
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LONG, banner_text, click, files_mime, refused, retype, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def page(diffusion_run: Path, studio: Window, qtbot):
    return open_page(diffusion_run, studio, qtbot)


def test_the_panel_opens_with_a_walk_that_the_model_itself_makes(page, studio: Window) -> None:
    model, main = studio.services.inference._model, page.walks.main
    assert main.total == len(main) == 51 and main[0].t == 100 and main[50].t == 0
    steps = list(model.reverse(Sampling(steps=50, repeats=5), count=8, conditions=Setup(label=EACH).labels(10)))
    assert np.array_equal(main[50].x, convert.to_uint8(model.pictures(steps[50].x)))
    assert np.array_equal(main[7].noise, convert.to_uint8(model.noise_pictures(steps[7].noise)))
    assert page.transport.at() == 50 and np.array_equal(shown(page), main[50].x)
    assert page.settings.rows["class"].text() == "Each" and banner_text(studio) == ""


def test_a_model_that_has_seen_digits_for_a_moment_says_what_its_samples_are_worth(page, studio: Window, qtbot) -> None:
    caution = studio.panels["diffusion"].caution
    wait_idle(qtbot, studio, lambda: bool(caution.text()))
    assert caution.isVisible() and "samples are mostly noise" in caution.text()
    studio.open_run(places.pretrained() / "ddpm-fashion")
    wait_idle(qtbot, studio, lambda: not caution.text())
    assert not caution.isVisible()


def test_the_keys_step_play_and_pause(page, studio: Window, qtbot) -> None:
    transport, main = page.transport, page.walks.main
    assert transport.slider.track.hasFocus()
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Left)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Left)
    assert transport.at() == 48 and np.array_equal(shown(page), main[48].x)
    assert np.array_equal(shown(page, 1), main[48].x_0) and np.array_equal(shown(page, 2), main[48].noise)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Right)
    assert transport.at() == 49 and f"t = {main[49].t} of 100" in transport.slider.figures.text()
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Home)
    assert transport.at() == 0 and page.settings.chart.time == 100
    transport.speed.choose(3)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Space)
    assert transport.playing and transport.play_button.text() == "Pause"
    qtbot.waitUntil(lambda: transport.at() > 10, timeout=LONG)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_Space)
    at = transport.at()
    QTest.qWait(120)
    assert not transport.playing and transport.at() == at
    click(page.left, "Play")
    qtbot.waitUntil(lambda: transport.at() == 50 and not transport.playing, timeout=LONG)


def test_a_step_that_comes_while_it_plays_is_shown_once(page, monkeypatch) -> None:
    main, shows = page.walks.main, []
    monkeypatch.setattr(type(page), "show_frame", lambda self: shows.append(self.transport.at()))
    page.begin_animation()
    page.transport.play()
    main.done = False
    for newest in (10, 20):
        with monkeypatch.context() as growing:
            growing.setattr(recording.Recording, "__len__", lambda self, count=newest + 1: count)
            page.show_animation(main)
    assert shows == [10, 20]
    page.transport.pause()


def test_the_third_card_shows_what_the_step_has_changed(page) -> None:
    page.transport.go(20)
    drag(page.cards.kind, QPoint(page.cards.kind.width() - 8, 10))
    assert np.array_equal(shown(page, 2), page.walks.main[20].change)
    assert page.cards.cards[2].title() == "Change in this step"


def test_a_wide_window_shows_noise_and_change_side_by_side(page, studio: Window, qtbot) -> None:
    assert not page.cards.cards[3].isVisible()
    studio.resize(1800, 900)
    qtbot.waitUntil(page.cards.cards[3].isVisible, timeout=LONG)
    page.transport.go(20)
    frame = page.walks.main[20]
    for card, wanted in enumerate((frame.x, frame.x_0, frame.noise, frame.change)):
        assert np.array_equal(shown(page, card), wanted)
    assert not page.cards.kind.isVisible()


def test_own_pictures_dropped_on_a_walk_begin_it_half_way(page, studio: Window, qtbot, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    drop(studio, files_mime([tmp_path / "bad.png", tmp_path / "mine.png"]))
    wait_idle(qtbot, studio, lambda: page.view.begin is not None and walked(page))
    assert np.array_equal(page.view.begin.pictures[0, ..., 0], pixels) and len(page.view.begin.pictures) == 1
    assert page.walks.main.state(0)[0] == 50 and len(shown(page)) == 1
    assert "bad.png" in studio.panels["diffusion"].error.accessibleName()


def test_a_recipe_that_nobody_could_walk_is_refused(page, studio: Window, qtbot) -> None:
    before, recipe = page.view, page.recipe()
    for name, value in (("sampler", "euler"), ("steps", -5), ("steps", 10**9), ("eta", 7), ("count", 0)):
        said = refused(qtbot, studio, {**recipe, "walk": {**recipe["walk"], name: value}})
        assert f"walk.{name}" in said and page.view is before


def test_the_film_and_the_curve_lead_to_a_step(page) -> None:
    strip, chart = page.transport.strip, page.settings.chart
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=strip.tile_rect(3).center().toPoint())
    assert page.transport.at() == page.transport.stills()[3] == 12
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.spot(0.5, 0.5).toPoint())
    assert page.walks.main[page.transport.at()].t == 50 and chart.words() == "49 % signal"


def test_a_thousand_steps_back_and_forth_show_the_same_pictures(page) -> None:
    main, transport = page.walks.main, page.transport
    first, kept = [main[i].x.tobytes() for i in range(51)], main.nbytes()
    for by in np.random.default_rng(1).choice([-1, 1], 1_000):
        QTest.keyClick(transport.slider.track, Qt.Key.Key_Left if by < 0 else Qt.Key.Key_Right)
        assert shown(page).tobytes() == first[transport.at()]
    assert page.walks.main is main and main.nbytes() == kept


def test_other_settings_walk_again_and_stay_at_the_time_that_is_looked_at(page, studio: Window, qtbot) -> None:
    page.go_to(40)
    before = shown(page)
    change(page, studio, qtbot, "seed", "4")
    assert page.view.main.sampling.seed == 4 and page.walks.main[page.transport.at()].t == 40
    assert not np.array_equal(shown(page), before)
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    wait_idle(qtbot, studio, lambda: walked(page))
    assert page.settings.rows["seed"].text() == "0" and np.array_equal(shown(page), before)
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL | SHIFT)
    wait_idle(qtbot, studio, lambda: walked(page))
    assert page.settings.rows["seed"].text() == "4"


def test_what_cannot_be_walked_is_said_beneath_its_field(page, studio: Window, qtbot) -> None:
    main, rows = page.walks.main, page.settings.rows
    for name, bad in (("steps", "101"), ("eta", "2"), ("guidance", "-1"), ("seed", "x"), ("pictures", "99")):
        retype(rows[name].editor, bad)
        qtbot.waitUntil(rows[name].sentence.isVisible, timeout=LONG)
        assert "must be" in rows[name].sentence.text()
        rows[name].restore.click()
        page.settings.take()
        assert not rows[name].sentence.isVisible()
    wait_idle(qtbot, studio)
    assert page.walks.main is main  # nothing was walked


def test_a_class_is_asked_for_by_name(page, studio: Window, qtbot) -> None:
    before = page.walks.main
    page.settings.rows["class"].editor.setCurrentText("7")
    wait_idle(qtbot, studio, lambda: page.walks.main is not before and walked(page))
    assert page.view.main.label == 7
    page.settings.rows["class"].editor.setCurrentText("None")
    wait_idle(qtbot, studio, lambda: page.view.main.label == NOTHING and walked(page))
    model = studio.services.inference._model
    free = model.sample(8, 0, sampling=Sampling(steps=50))
    assert np.array_equal(page.walks.main[50].x, convert.to_uint8(free))


def test_a_fork_shows_both_futures_side_by_side(page, studio: Window, qtbot) -> None:
    page.go_to(60)
    QTest.keyClick(studio.focusWidget(), Qt.Key.Key_F)
    wait_idle(qtbot, studio, lambda: walked(page))
    main, fork = page.walks.main, page.walks.fork
    assert fork[0].t == 60 and np.array_equal(fork[0].x, main[20].x)
    page.transport.go(10)  # before it leaves, both are one
    assert np.array_equal(shown(page), shown(page, 0, 1))
    page.transport.go(50)
    assert np.array_equal(shown(page, 0, 1), fork[len(fork) - 1].x)
    assert not np.array_equal(shown(page), shown(page, 0, 1))
    names = [card.names[1].text() for card in page.cards.cards]
    assert names[0].startswith("Fork: DDIM with η = 1, seed 1, 31 steps in") and names[1].endswith("(RMSE)")
    change(page, studio, qtbot, "guidance", "6")  # the settings are the fork's
    assert page.view.fork.sampling.guidance == 6 and page.view.main.sampling.guidance == 2
    assert page.walks.main is main
    for _ in range(2):
        QTest.keyClick(studio, Qt.Key.Key_Z, CTRL)
    assert page.view.fork is None and not page.cards.cards[0].grids[1].isVisible()
    QTest.keyClick(studio, Qt.Key.Key_Z, CTRL | SHIFT)
    wait_idle(qtbot, studio, lambda: walked(page))
    assert page.walks.fork is not None and page.walks.fork[0].t == 60


def test_ddpm_against_ddim_from_the_same_noise_with_time_and_distance(page, studio: Window, qtbot) -> None:
    page.transport.go(0)
    click(page.left, "Fork here")
    wait_idle(qtbot, studio, lambda: walked(page))
    before = page.walks.fork
    page.settings.rows["sampler"].editor.setCurrentText("DDPM")
    wait_idle(qtbot, studio, lambda: page.walks.fork is not before and walked(page))
    main, fork = page.walks.main, page.walks.fork
    assert np.array_equal(main[0].x, fork[0].x) and (main.total, fork.total) == (51, 101)
    words = [card.names[1].text() for card in page.cards.cards]
    assert words[0].startswith("Fork: DDPM, seed 1, 101 steps in")
    apart = recording.distance(main[50].x, fork[100].x)
    assert words[1] == f"Final difference {apart:.3f} (RMSE)" and apart > 0


def test_a_long_walk_is_cancelled_and_what_has_come_can_be_looked_at(page, studio: Window, qtbot) -> None:
    main = page.walks.main
    page.settings.rows["sampler"].editor.setCurrentText("DDPM")
    qtbot.waitUntil(lambda: page.walks.main is not main and len(page.walks.main) > 2, timeout=LONG)
    page.transport.cancelled.emit()
    wait_idle(qtbot, studio)
    partial = page.walks.main
    assert len(partial) < 101 and not partial.done and not page.transport.progress.isVisible()
    page.transport.go(1)
    assert np.array_equal(shown(page), partial[1].x)
    assert not studio.services.inference._oldest.get(page.walks.main_key)


def test_frame_film_and_strip_are_exported_and_the_frame_brings_everything_back(page, studio: Window, qtbot) -> None:
    page.go_to(60)
    page.fork()
    wait_idle(qtbot, studio, lambda: walked(page))
    page.go_to(20)
    view, picture = page.view, shown(page)
    for action in page.transport.save.menu().actions():
        action.trigger()
        wait_idle(qtbot, studio)
    found = {path.suffix: path for path in places.exports().iterdir()}
    assert len(list(places.exports().iterdir())) == 7 and set(found) == {".png", ".gif", ".apng", ".webp", ".mp4"}
    with Image.open(found[".webp"]) as animation:
        assert animation.n_frames == 51
    pngs = [path for path in places.exports().iterdir() if path.suffix == ".png"]
    frame = next(path for path in pngs if np.array_equal(decoding.decode(path)[..., :1], convert.grid(picture)))
    assert recipes.read_recipe(frame)["time"] == 20
    both = [page.cards.frame(), page.walks.other(page.cards.frame())]  # two futures: x_t and predicted x_0 of each
    sheets = [convert.grid(part) for one in both for part in (one.x, one.x_0)]
    everything = convert.grid(np.stack(sheets), columns=2, gap=6, ground=128)
    assert any(np.array_equal(decoding.decode(path)[..., :1], everything) for path in pngs)
    page.place(recording.View(page.settings.default()))
    page.go_to(0)
    wait_idle(qtbot, studio)
    studio.open_files([str(frame)])
    wait_idle(qtbot, studio, lambda: page.view == view and walked(page))
    assert page.walks.main[page.transport.at()].t == 20 and np.array_equal(shown(page), picture)


def test_a_click_opens_a_picture_large_and_another_model_starts_anew(page, studio: Window, qtbot, tiny_run) -> None:
    grid = page.cards.cards[0].grids[0]
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.tile_rect(1).center().toPoint())
    box = studio.findChild(Lightbox)
    assert np.array_equal(box.picture.image(), page.walks.main[50].x[1])
    box.put_away()
    studio.open_run(copy_into_home(tiny_run))
    wait_idle(qtbot, studio, lambda: studio.session.model.title == "tiny")
    assert studio.panels["diffusion"].empty.isVisible()
    assert page.walks.main is None and page.cards.frame() is None  # no animation of a model that has gone


def test_without_a_model_the_panel_says_what_it_is_for(studio: Window) -> None:
    studio.show_panel("diffusion")
    panel = studio.panels["diffusion"]
    assert panel.findChild(EmptyState).words.text() == panel.PURPOSE
    assert list(tours.of("diffusion", panel)) == ["empty"]
