"""Curves, map and chart of the codings."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from models.core.curves import CurveGroup
from studio import theme
from studio.panels.latent.map import LatentMap
from studio.panels.latent.map_layer import thumb_spots
from studio.panels.train.codings_chart import CodingsChart
from studio.panels.train.curves.curves import DRAWN, Curves
from studio.panels.train.curves.table import Table, smooth, thin
from tests.tools.gui.events import drag, wheel

pytestmark = pytest.mark.usefixtures("app_theme")
LEFT = Qt.MouseButton.LeftButton


def rows(count: int, start: int = 0) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for i in range(start, start + count):
        row: dict[str, object] = {"step": 10 * i, "epoch": i // 10, "loss": 1 / (i + 1), "kl": 0.1, "note": "x"}
        if i % 10 == 9:
            row["val_loss"] = 1.1 / (i + 1)
        made.append(row)
    return made


@pytest.fixture
def curves(qtbot) -> Curves:
    made = Curves()
    qtbot.addWidget(made)
    made.resize(600, 320)
    made.show()
    return made


def test_rows_become_one_line_a_metric_and_more_can_follow(curves: Curves) -> None:
    curves.set_rows(rows(50))
    assert curves.names() == ["loss", "val_loss", "kl"]
    curves.append_rows(rows(50, 50))
    curves.draw()
    assert curves.drawn("loss") == 100
    assert curves.drawn("val_loss") == 10
    assert curves._segments.options() == ["All", "Loss", "KL"]
    curves._segments.choose(2)
    assert curves.visible_names() == ["kl"]
    curves.grab()


def test_a_single_point_has_an_axis_of_its_own_whatever_was_shown_before(curves: Curves) -> None:
    curves.set_rows([{"step": step, "loss": 900.0} for step in range(0, 8000, 40)])
    curves.set_rows([{"step": 12, "loss": 0.25}])
    curves.draw()
    curves.grab()
    (left, right), (low, high) = curves._view.viewRange()
    assert 0 <= left < 12 < right <= 30
    assert 0 < low < 0.25 < high < 1
    assert curves._lines["loss"].opts["symbol"] == "o"  # a line of one point would be invisible
    curves.append_rows([{"step": 40, "loss": 0.2}])
    curves.draw()
    curves.grab()
    assert curves._lines["loss"].opts["symbol"] is None
    assert curves._view.viewRange()[0][1] > 40  # it goes on following


def test_the_chosen_tab_is_shown_though_its_words_were_there_before(curves: Curves) -> None:
    curves.append_rows([{"step": 1, "loss": 0.5, "psnr": 12.0}])
    assert curves._segments.text() == "All"
    curves.set_groups([CurveGroup("loss", ("loss",)), CurveGroup("psnr", ("psnr",))], "loss")
    assert curves._segments.text() == "Loss" and curves.visible_names() == ["loss"]


def test_a_legend_chip_hides_its_curve(curves: Curves) -> None:
    curves.set_rows(rows(30))
    QTest.mouseClick(curves._chips["kl"], LEFT)
    assert "kl" not in curves.visible_names()
    QTest.keyClick(curves._chips["kl"], Qt.Key.Key_Space)
    assert "kl" in curves.visible_names()


def test_the_line_and_chip_of_a_val_metric_wait_for_it(qtbot) -> None:
    """Made at the end of the first epoch, they would be felt as a stall."""
    curves = Curves()
    qtbot.addWidget(curves)
    curves.show()
    curves.append_rows([{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}])
    line, chip = curves._lines["val_loss"], curves._chips["val_loss"]
    assert curves.names() == ["loss"] and not chip.isVisible() and curves._chips["loss"].isVisible()
    curves.append_rows([{"step": 3, "loss": 0.3, "val_loss": 0.6}])
    assert curves.names() == ["loss", "val_loss"] and chip.isVisible()
    qtbot.waitUntil(lambda: curves.drawn("val_loss") == 1)
    assert curves._lines["val_loss"] is line and curves._chips["val_loss"] is chip
    curves.set_rows([])
    assert curves._lines == {} and curves.names() == []


def test_a_million_points_are_thinned_and_keep_their_spike(curves: Curves) -> None:
    steps = np.arange(1_000_000, dtype=float)
    values = np.full(1_000_000, 0.5)
    values[777_777] = 9.0
    curves.set_columns(steps, {"loss": values})
    assert curves.drawn("loss") <= DRAWN
    assert curves._lines["loss"].getOriginalDataset()[1].max() == 9.0
    curves.append_rows([{"step": 1_000_000, "loss": 0.1}])
    curves.draw()
    assert curves.drawn("loss") <= DRAWN


def test_log_smoothing_cursor_and_hover(curves: Curves, qtbot) -> None:
    curves.set_rows(rows(100))
    qtbot.mouseClick(curves.log_button, LEFT)
    curves.set_smoothing(0.9)
    curves.set_cursor(400)
    assert curves._cursor.isVisible()
    curves.set_cursor(None)
    assert not curves._cursor.isVisible()
    curves.set_log(False)
    curves.set_smoothing(0)
    text, place = curves.values_at(402)
    assert place == 400
    assert "step 400" in text
    assert "loss 0.02439" in text
    assert "val_loss" in text
    curves._hover(curves._view.sceneBoundingRect().center())
    assert curves._crosshair.box.isVisible()
    QApplication.sendEvent(curves._plot.viewport(), QEvent(QEvent.Type.Leave))
    assert not curves._crosshair.box.isVisible()


def test_curves_are_written_as_csv_and_follow_the_theme(curves: Curves, tmp_path, qapp) -> None:
    curves.set_rows([{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("inf"), "val_loss": 0.25}])
    curves.to_csv(tmp_path / "run.csv")
    with open(tmp_path / "run.csv", newline="") as file:
        assert list(csv.reader(file)) == [["step", "loss", "val_loss"], ["1", "0.5", ""], ["2", "inf", "0.25"]]
    theme.apply(qapp, "light")
    assert curves._plot.backgroundBrush().color() == theme.color("card")
    theme.apply(qapp, "dark")


def test_smoothing_starts_at_the_first_value_and_thinning_keeps_the_ends() -> None:
    values = np.array([2.0, 2.0, 2.0, 4.0])
    np.testing.assert_allclose(smooth(values, 0.5), [2, 2, 2, 3])
    np.testing.assert_array_equal(smooth(values, 0), values)
    x = np.arange(100_001, dtype=float)
    kept, _y = thin(x, np.sin(x / 900), 400)
    assert len(kept) <= 400
    assert (kept[0], kept[-1]) == (0, 100_000)
    assert (np.diff(kept) >= 0).all()


def test_the_table_grows_without_losing_a_row() -> None:
    table = Table()
    for start in range(0, 3000, 7):
        table.append([{"step": i, "loss": i / 2} for i in range(start, start + 7)])
    steps, values = table.curve("loss")
    np.testing.assert_array_equal(values, steps / 2)
    assert len(table) == len(steps) == 3003


@pytest.fixture
def chart(qtbot) -> LatentMap:
    made = LatentMap()
    qtbot.addWidget(made)
    made.resize(400, 460)
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 3
    points = rng.normal(0, 0.3, (600, 2)) + np.array([[-2, 0], [0, 2], [2, 0]])[labels]
    pictures = rng.integers(0, 255, (600, 28, 28, 1), np.uint8)
    made.set_points(points, labels, ["boot", "bag", "coat"], pictures)
    made.show()
    return made


def test_a_click_picks_the_spot_under_it(chart: LatentMap, qtbot) -> None:
    spot = QPoint(120, 90)
    with qtbot.waitSignal(chart.picked) as caught:
        qtbot.mouseClick(chart.view, LEFT, pos=spot)
    np.testing.assert_allclose(chart.view.to_screen(np.array([caught.args]))[0], [120, 90])
    with qtbot.waitSignal(chart.picked) as caught_again:
        qtbot.keyClick(chart.view, Qt.Key.Key_Right)
    assert caught_again.args[0] > caught.args[0]
    chart.grab()


def test_a_drag_draws_a_path_and_escape_forgets_it(chart: LatentMap, qtbot) -> None:
    moving, drawn, picked = [], [], []
    chart.path_moving.connect(moving.append)
    chart.path_drawn.connect(drawn.append)
    chart.picked.connect(lambda *spot: picked.append(spot))
    drag(chart.view, QPoint(50, 50), QPoint(90, 60), QPoint(150, 120), QPoint(200, 130))
    assert len(moving) == 3
    (path,) = drawn
    assert path.shape == (4, 2)
    assert not picked
    np.testing.assert_allclose(chart.view.to_screen(path)[-1], [200, 130])
    drag(chart.view, QPoint(60, 60), QPoint(100, 60))
    assert drawn[-1].shape == (2, 2)
    chart.grab()
    qtbot.keyClick(chart.view, Qt.Key.Key_Escape)
    assert len(chart.path()) == 0


def test_the_wheel_zooms_where_the_mouse_is_and_a_right_drag_pans(chart: LatentMap, qtbot) -> None:
    view, spot = chart.view, QPointF(100, 80)
    before, scale = view.to_map(spot), view.scale()
    thumbs = len(view.thumbs())
    wheel(view, 480, spot)
    assert view.scale() > scale
    np.testing.assert_allclose(view.to_map(spot), before)
    drag(view, QPoint(100, 80), QPoint(140, 100), button=Qt.MouseButton.RightButton)
    np.testing.assert_allclose(view.to_map(QPointF(140, 100)), before)
    qtbot.mouseDClick(view, LEFT)
    assert view.scale() == scale
    assert len(view.thumbs()) == thumbs > 3


def test_space_and_drag_pans_and_the_map_grows_with_the_window(chart: LatentMap, qtbot) -> None:
    drawn = []
    chart.path_drawn.connect(drawn.append)
    qtbot.keyPress(chart.view, Qt.Key.Key_Space)
    drag(chart.view, QPoint(100, 80), QPoint(140, 100))
    qtbot.keyRelease(chart.view, Qt.Key.Key_Space)
    assert not drawn
    chart.fit()
    scale = chart.view.scale()
    chart.resize(800, 860)
    QApplication.processEvents()
    assert chart.view.scale() > scale


def test_classes_and_pictures_can_be_put_away(chart: LatentMap, qtbot) -> None:
    qtbot.mouseClick(chart._chips[1], LEFT)
    assert chart.view.hidden == {1}
    assert all(chart.view.cloud.labels[i] != 1 for i in chart.view.thumbs())
    qtbot.mouseClick(chart.pictures_button, LEFT)
    assert chart.view.thumbs() == []
    chart.grab()
    with pytest.raises(ValueError, match="finite"):
        chart.set_points(np.array([[np.nan, 0.0]]))


def test_pictures_on_the_map_never_touch() -> None:
    spots = np.random.default_rng(0).uniform(0, 500, (3000, 2))
    chosen = spots[thumb_spots(spots, (500, 500), 30)]
    apart = np.abs(chosen[:, None] - chosen[None]).max(axis=-1)
    np.fill_diagonal(apart, 99)
    assert apart.min() >= 30
    assert len(chosen) > 60


@pytest.mark.parametrize("units", [1, 10, 512])
def test_codings_that_carry_nothing_are_marked_and_explained(qtbot, units: int) -> None:
    chart = CodingsChart()
    qtbot.addWidget(chart)
    chart.resize(500, 200)
    stds = np.ones(units)
    stds[-1] = 0.05
    chart.set_stats(np.zeros(units), stds)
    chart.show()
    chart.grab()
    assert chart.unused().tolist() == [False] * (units - 1) + [True]
    assert "Unused" in chart.words_for(units - 1)
    spot = chart.bar_rect(units - 1).center().toPoint()
    assert chart.index_at(spot) == units - 1
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, spot, chart.mapToGlobal(spot)))
    assert QToolTip.text() == chart.words_for(units - 1)
    QToolTip.hideText()
    assert chart.bar_rect(0).width() >= min(1.0, 460 / units)


def test_an_empty_chart_is_painted(qtbot) -> None:
    chart = CodingsChart()
    qtbot.addWidget(chart)
    chart.show()
    chart.grab()
    assert chart.index_at(QPoint(100, 50)) == -1


def test_a_dense_curve_gets_a_plain_pen_that_qt_can_draw(curves: Curves) -> None:
    values = np.random.default_rng(0).random(20_000)
    curves.set_columns(np.arange(20_000.0), {"loss": values, "val_loss": values})
    for line in curves._lines.values():
        assert line.opts["pen"].style() == Qt.PenStyle.SolidLine
        assert line.opts["pen"].widthF() == 1
    curves.grab()
    curves.set_rows(rows(100))
    assert curves._lines["val_loss"].opts["pen"].style() == Qt.PenStyle.DashLine
