"""The Styles panel with real events: table, crossover, layers, noise, own images, feature maps, undo, recipes."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from models.core.images import export
from models.core.styles.mixing import FIXED, OFF
from models.core.styles.table import SIDE
from studio import clipping
from studio.panels.styles.panel import LAYERS as LAYERS_VIEW
from studio.panels.styles.table_grid import tile_of
from studio.widgets.lightbox import Lightbox
from studio.window import Window
from tests.tools.gui.arithmetic import carried, undo
from tests.tools.gui.events import drag, enter_drag
from tests.tools.gui.styles import LAYERS, folder, panel
from tests.tools.gui.windows import LEFT, click, files_mime, wait_idle

__all__ = ["folder", "panel"]


def cells(panel) -> np.ndarray:
    return panel.mixes.grid.cells().copy()


def source(panel, line: int) -> np.ndarray:
    tile = (line + 1) * (SIDE + 1) if line < SIDE else line - SIDE + 1
    return panel.mixes.grid.image(tile).copy()


def drop_on(panel, tile: int, paths: list) -> None:
    """Drop files on the middle of a tile by real events."""
    viewport, mime = panel.mixes.grid.viewport(), files_mime(paths)
    assert enter_drag(viewport, mime)
    spot, nobody = panel.mixes.grid.tile_rect(tile).center(), Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(viewport, QDropEvent(spot, Qt.DropAction.CopyAction, mime, LEFT, nobody))


def test_at_the_ends_of_the_crossover_each_mix_is_one_of_its_sources(panel, studio: Window, qtbot) -> None:
    track = panel.mixes.crossover.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_Home)
    wait_idle(qtbot, studio)
    assert panel.table.crossover == 0 and panel.mixes.crossover.figures.text() == "all fine"
    table = cells(panel).reshape(SIDE, SIDE, *source(panel, 0).shape)
    for line in range(SIDE):
        for row in range(SIDE):
            np.testing.assert_allclose(table[row, line].astype(int), source(panel, SIDE + line), atol=1)
    QTest.keyClick(track, Qt.Key.Key_End)
    wait_idle(qtbot, studio)
    assert panel.table.crossover == LAYERS
    table = cells(panel).reshape(table.shape)
    np.testing.assert_allclose(table[2, 4].astype(int), source(panel, 2), atol=1)
    undo(studio, qtbot)
    assert panel.table.crossover == 0 and panel.mixes.crossover.value() == 0


def test_keys_walk_through_the_table_and_enter_takes_a_mix_out(panel, studio: Window, qtbot) -> None:
    grid = panel.mixes.grid
    grid.setFocus()
    assert grid.current() == tile_of(0, 0)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(grid, key)
    wait_idle(qtbot, studio)
    assert panel.table.cell == (2, 1)
    np.testing.assert_allclose(panel.one.picture.image().astype(int), grid.image(tile_of(2, 1)), atol=1)
    undo(studio, qtbot)
    assert panel.table.cell == (0, 0)


def test_one_slider_a_layer_blends_the_large_picture_and_its_name_jumps(panel, studio: Window, qtbot) -> None:
    rows, before, table = panel.one.rows, panel.one.picture.image().copy(), cells(panel)
    track = rows.tracks[0]
    middle = track.rect().center()
    drag(track, QPoint(8, middle.y()), middle, QPoint(track.width() - 4, middle.y()))
    wait_idle(qtbot, studio)
    assert panel.table.blend()[0] == 1.0
    assert not np.array_equal(panel.one.picture.image(), before)
    np.testing.assert_array_equal(cells(panel), table)
    QTest.mouseClick(rows.names[0], LEFT)
    wait_idle(qtbot, studio)
    assert panel.table.blend()[0] == 0.0
    np.testing.assert_array_equal(panel.one.picture.image(), before)
    QTest.mouseClick(rows.names[LAYERS - 1], LEFT)
    wait_idle(qtbot, studio)
    assert panel.table.blend()[-1] == 0.0
    QTest.mouseClick(panel.one.reset, LEFT)
    wait_idle(qtbot, studio)
    assert panel.table.amounts is None and not panel.one.reset.isEnabled()


def test_another_draw_changes_one_source_and_its_mixes_only(panel, studio: Window, qtbot) -> None:
    before = cells(panel).reshape(SIDE, SIDE, -1)
    grid = panel.mixes.grid
    grid.setFocus()
    grid.set_current(3 * (SIDE + 1))  # the third row's source
    QTest.keyClick(grid, Qt.Key.Key_R)
    wait_idle(qtbot, studio)
    after = cells(panel).reshape(SIDE, SIDE, -1)
    changed = {row for row in range(SIDE) if not np.array_equal(before[row], after[row])}
    assert changed == {2}
    seed = panel.mixes.seed.value()
    QTest.mouseClick(panel.mixes.shuffle, LEFT)
    wait_idle(qtbot, studio)
    assert panel.mixes.seed.value() == seed + 1
    undo(studio, qtbot)
    undo(studio, qtbot)
    np.testing.assert_array_equal(cells(panel).reshape(SIDE, SIDE, -1), before)
    assert panel.mixes.seed.value() == seed


def test_without_truncation_to_spare_all_pictures_are_the_mean_picture(panel, studio: Window, qtbot) -> None:
    track = panel.bar.truncation.track
    track.setFocus()
    QTest.keyClick(track, Qt.Key.Key_Home)
    wait_idle(qtbot, studio)
    assert panel.table.truncation == 0.0
    spread = np.ptp(cells(panel).astype(int), axis=0)
    assert spread.max() <= 1


def test_noise_is_fixed_off_or_resampled_for_all_layers_or_for_one(panel, studio: Window, qtbot) -> None:
    assert panel.table.noises == (FIXED,) * LAYERS
    panel.bar.noise.choose(1)
    wait_idle(qtbot, studio)
    assert panel.table.noises == (OFF,) * LAYERS
    assert panel.one.heat.image().max() <= 20 and "no difference" in panel.one.heat.caption
    QTest.mouseClick(panel.one.rows.noises[1], LEFT)
    assert panel.table.noises[1] == 1 and panel.bar.noise.index() == -1
    panel.bar.noise.choose(2)
    wait_idle(qtbot, studio)
    QTest.mouseClick(panel.bar.draw, LEFT)
    wait_idle(qtbot, studio)
    assert panel.table.noises == (2,) * LAYERS
    assert [button.text() for button in panel.one.rows.noises] == ["seed 2"] * LAYERS


def test_a_mix_is_dragged_onto_a_source_and_keeps_its_styles(panel, studio: Window, qtbot, monkeypatch) -> None:
    grid = panel.mixes.grid
    mixed = grid.image(tile_of(4, 4)).copy()
    mime = carried(monkeypatch, grid, tile_of(4, 4))
    drop_on(panel, 2, [url.toLocalFile() for url in mime.urls()])
    wait_idle(qtbot, studio, lambda: panel.table.columns[1].own is not None)
    np.testing.assert_allclose(source(panel, SIDE + 1).astype(int), mixed, atol=1)


def test_own_pictures_are_searched_for_and_a_bad_one_is_named(
    panel, studio: Window, qtbot, tmp_path, monkeypatch
) -> None:
    picture = np.full((20, 16, 3), (200, 60, 60), np.uint8)
    path, bad = export.write_png(tmp_path / "own.png", picture), tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    drop_on(panel, SIDE + 1, [path, bad])
    wait_idle(qtbot, studio, lambda: panel.table.rows[0].own is not None)
    assert "bad.png" in panel.error.accessibleName()
    own = panel.table.rows[0].own
    assert own.shape == (LAYERS, 8) and (own == own[0]).all(), "in W all layers share one style"
    panel.mixes.space.choose(1)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: ([str(path)], ""))
    panel.mixes.grid.set_current(2 * (SIDE + 1))
    next(action for action in panel.mixes.source.menu().actions() if action.text() == "Your image").trigger()
    wait_idle(qtbot, studio, lambda: panel.table.rows[1].own is not None)
    assert not (panel.table.rows[1].own == panel.table.rows[1].own[0]).all(), "in W+ each layer has its own"
    undo(studio, qtbot)
    assert panel.table.rows[1].own is None and panel.table.rows[0].own is own


def test_a_search_can_be_cancelled(panel, studio: Window, qtbot, tmp_path) -> None:
    path = export.write_png(tmp_path / "own.png", np.full((8, 8, 3), 90, np.uint8))
    before = panel.table
    studio.session.asked_to_open.emit([str(path)])
    qtbot.waitUntil(panel.mixes.progress.isVisible, timeout=30_000)
    click(panel.mixes.progress, "Cancel")
    wait_idle(qtbot, studio)
    assert not panel.mixes.progress.isVisible() and panel.table is before


def test_feature_maps_of_each_layer_fill_their_range(panel, studio: Window, qtbot) -> None:
    panel.bar.view.setFocus()
    QTest.keyClick(panel.bar.view, Qt.Key.Key_Right)
    wait_idle(qtbot, studio, lambda: panel.features.shown() is not None)
    assert panel.views.currentIndex() == LAYERS_VIEW
    track = panel.features.layer.track
    track.setFocus()
    sizes = []
    QTest.keyClick(track, Qt.Key.Key_Home)
    for _ in range(LAYERS):
        maps = panel.features.shown().maps
        sizes.append(maps.shape[1:3])
        assert panel.features.grid.count() == len(maps)
        assert (maps.min(axis=(1, 2, 3)) == 0).all() and (maps.max(axis=(1, 2, 3)) == 255).any()
        QTest.keyClick(track, Qt.Key.Key_Right)
    assert sizes == [(4, 4), (4, 4), (8, 8), (8, 8)]
    first = panel.features.shown().maps.copy()
    QTest.mouseClick(panel.one.rows.names[0], LEFT)
    wait_idle(qtbot, studio)
    assert not np.array_equal(panel.features.shown().maps, first), "they follow the picture"


def test_a_click_on_a_map_and_a_double_click_on_a_source_open_them_large(panel, studio: Window, qtbot) -> None:
    grid = panel.mixes.grid
    QTest.mouseDClick(grid.viewport(), LEFT, pos=grid.tile_rect(3).center().toPoint())
    (box,) = studio.findChildren(Lightbox)
    np.testing.assert_array_equal(box.picture.image(), source(panel, SIDE + 2))
    QTest.keyClick(box.picture, Qt.Key.Key_Escape)
    assert not box.isVisible()


@pytest.mark.parametrize("size", [(960, 520), *clipping.SIZES], ids=str)
def test_nothing_is_clipped_in_any_view(panel, studio: Window, qtbot, size: tuple[int, int]) -> None:
    """Fault C-66."""
    studio.resize(*size)
    found = {}
    panel.change(panel.table.with_walk(5))
    for view in range(panel.views.count()):
        panel.bar.view.choose(view)
        for opened in (False, True):
            panel.one.about.set_open(opened)
            wait_idle(qtbot, studio)
            assert (studio.width(), studio.height()) == size, "the panel makes the window larger"
            found[view, opened] = clipping.misfits(studio)
    assert not {key: what for key, what in found.items() if what}
