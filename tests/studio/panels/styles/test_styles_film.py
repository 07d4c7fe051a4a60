"""The animation of the Styles panel, and everything that comes back from what it exported."""

from __future__ import annotations

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import export
from studio import tours
from studio.panels.styles import tasks
from studio.panels.styles.tasks import ANIMATION
from studio.widgets.card import EmptyState
from studio.window import Window
from tests.tools.gui.arithmetic import undo
from tests.tools.gui.styles import folder, panel
from tests.tools.gui.windows import LEFT, banner_text, click, wait_idle

__all__ = ["folder", "panel"]


def walk(panel, studio: Window, qtbot) -> None:
    panel.bar.view.choose(ANIMATION)
    (empty,) = [state for state in panel.walk.findChildren(EmptyState) if state.isVisible()]
    click(empty, "Random loop")
    wait_idle(qtbot, studio, lambda: len(panel.walk.frames) > 1)


def exported() -> list:
    return sorted(path for path in places.exports().glob("*.*") if path.is_file())


def test_a_random_walk_is_a_loop_that_plays_and_stops(panel, studio: Window, qtbot) -> None:
    walk(panel, studio, qtbot)
    frames, keys = panel.walk.frames, [panel.walk.keys.image(at) for at in range(panel.walk.keys.count())]
    assert len(frames) == len(keys) * panel.table.steps == 48
    for number, key in enumerate(keys):
        np.testing.assert_allclose(frames[number * panel.table.steps].astype(int), key, atol=1)
    click(panel.walk, "Play")
    qtbot.waitUntil(lambda: panel.walk.grid.current() >= 2, timeout=10_000)
    at = panel.one.frame
    assert at is not None and f"of {len(frames)}" in panel.one.picture.caption
    click(panel.walk, "Stop")
    panel.walk.grid.set_current(len(frames) - 1)
    click(panel.walk, "Play")
    qtbot.waitUntil(lambda: panel.walk.grid.current() in (0, 1), timeout=10_000)
    panel.bar.view.choose(0)
    wait_idle(qtbot, studio)
    assert not panel.walk.player.playing
    assert panel.one.frame is None, "the mix is shown again"


def test_keyframes_are_added_by_key_and_taken_out_and_undone(panel, studio: Window, qtbot) -> None:
    panel.mixes.grid.setFocus()
    QTest.keyClick(panel.mixes.grid, Qt.Key.Key_K)
    assert len(panel.table.keyframes) == 1
    panel.change(panel.table.with_cell(1, 2))
    panel.bar.view.choose(ANIMATION)
    wait_idle(qtbot, studio, lambda: panel.walk.keys.count() == 1)
    assert panel.walk.hint.isVisible() and not panel.walk.play_button.isVisible()
    click(panel.walk, "Add image")
    wait_idle(qtbot, studio, lambda: len(panel.walk.frames) == 2 * panel.table.steps)
    track = panel.walk.steps.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_Home)
    wait_idle(qtbot, studio, lambda: len(panel.walk.frames) == 4)
    panel.walk.keys.setFocus()
    panel.walk.keys.set_current(0)
    QTest.keyClick(panel.walk.keys, Qt.Key.Key_Delete)
    wait_idle(qtbot, studio)
    assert len(panel.table.keyframes) == 1 and not len(panel.walk.frames)
    undo(studio, qtbot)
    assert len(panel.walk.frames) == 4


def test_an_exported_film_and_a_table_bring_everything_back(panel, studio: Window, qtbot) -> None:
    panel.change(panel.table.with_crossover(1).with_cell(3, 4).with_amount(2, 0.25).with_noise(1, 5))
    walk(panel, studio, qtbot)
    wanted, shown = panel.table.recipe(), panel.one.picture.image().copy()
    next(action for action in panel.walk.save.menu().actions() if action.text() == "GIF").trigger()
    next(action for action in panel.one.save.menu().actions() if "Table" in action.text()).trigger()
    wait_idle(qtbot, studio, lambda: len(exported()) == 2)
    animation, sheet = exported() if exported()[0].suffix == ".gif" else exported()[::-1]
    with Image.open(animation) as frames:
        assert frames.n_frames == 48
    whole = panel.mixes.grid.table()
    np.testing.assert_array_equal(np.asarray(Image.open(sheet)), whole)
    for path in (animation, sheet):
        panel.bar.view.choose(0)
        panel.mixes.seed.setValue(panel.mixes.seed.value() + 1)
        panel.change(panel.table.with_noise(None, -1).with_crossover(3).without_keyframe(0))
        wait_idle(qtbot, studio)
        studio.show_panel("home")
        studio.session.asked_to_open.emit([str(path)])
        wait_idle(qtbot, studio, lambda: panel.table.recipe() == wanted)
        assert studio.stack.currentWidget() is panel
        np.testing.assert_array_equal(panel.one.picture.image(), shown)


def test_a_recipe_opens_its_model_first(panel, studio: Window, qtbot, tmp_path, tiny_run) -> None:
    folder = studio.session.model.folder
    panel.change(panel.table.with_crossover(1).with_cell(5, 5))
    wait_idle(qtbot, studio)
    path = export.write_png(tmp_path / "mix.png", panel.one.picture.image(), panel.out.recipe())
    studio.open_run(tiny_run)
    wait_idle(qtbot, studio, lambda: studio.session.model.folder == tiny_run)
    assert panel.empty.isVisible() and panel.empty.words.text() == panel.PURPOSE
    assert list(tours.of("styles", panel)) == ["no-model"]
    studio.session.asked_to_open.emit([str(path)])
    wait_idle(qtbot, studio, lambda: panel.table.cell == (5, 5))
    assert studio.session.model.folder == folder and panel.table.crossover == 1


def test_a_damaged_recipe_is_named_and_changes_nothing(panel, studio: Window, qtbot, tmp_path) -> None:
    before = panel.table
    recipe = {**panel.out.recipe(), "noises": [0]}
    path = export.write_png(tmp_path / "mix.png", panel.one.picture.image(), recipe)
    studio.session.asked_to_open.emit([str(path)])
    wait_idle(qtbot, studio)
    assert "noises has 1 entries, and 4 are needed" in banner_text(studio) and panel.table is before


def test_a_picture_that_is_dragged_out_carries_its_own_recipe(panel, studio: Window, qtbot) -> None:
    walk(panel, studio, qtbot)
    QTest.mouseClick(panel.walk.grid.viewport(), LEFT, pos=panel.walk.grid.tile_rect(5).center().toPoint())
    assert panel.out.recipe()["frame"] == 5
    found: list = []
    ask = studio.services.inference.question
    recipe = panel.out.recipe()
    generated = panel.walk.frames[5]

    def work(model, task):
        styles = tasks.known_styles(model, recipe)
        return np.rint(255 * model.synthesize(styles[None]))[0]

    ask("test", work, found.append, found.append)
    wait_idle(qtbot, studio, lambda: bool(found))
    np.testing.assert_allclose(found[0], generated, atol=1)
