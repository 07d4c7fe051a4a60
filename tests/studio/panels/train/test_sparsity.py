"""Sparsity while it trains: what is shown is what was recorded, and a slider changes the running model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.record import Run
from studio.panels.train.sparsity_card import SparsityCard, position_of, weight_at
from studio.panels.train.sparsity_chart import HeatMap, Histogram
from studio.window import Window
from studio.workers.jobs import Job
from tests.tools.gui.denoisers import SPARSE
from tests.tools.gui.events import drag
from tests.tools.gui.windows import LONG, banner_text, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


def test_the_histogram_counts_units_and_marks_the_target(qtbot) -> None:
    chart = Histogram()
    qtbot.addWidget(chart)
    chart.resize(402, 120)
    chart.set_means([0.0, 0.0, 0.1, 0.5], 0.1)
    assert chart.counts().sum() == 4 and chart.counts()[0] == 2 and chart.counts()[-1] == 1
    assert chart.x_of(0.25) == pytest.approx(201)
    assert chart.accessibleDescription() == "4 units, mean 0.150, target 0.100"


def test_the_heat_map_is_brightest_where_a_unit_is_active(qtbot) -> None:
    chart = HeatMap()
    qtbot.addWidget(chart)
    chart.set_values([[0.0, 1.0, 0.2], [0.0, 0.0, 0.0]])
    image = chart.image()
    assert (image.width(), image.height()) == (3, 2)
    light = [image.pixelColor(x, 0).blue() for x in range(3)]
    assert light[1] > light[2] > light[0]


@pytest.mark.parametrize("weight", [0.0, 1e-4, 5e-3, 0.25, 10.0])
def test_the_weight_slider_spans_decades(weight: float) -> None:
    assert weight_at(position_of(weight)) == pytest.approx(weight, rel=0.06)


def test_what_nobody_moved_is_not_rounded_by_the_slider(qtbot) -> None:
    card = SparsityCard()
    qtbot.addWidget(card)
    card.resize(700, 260)
    card.show()
    card.live(True)
    card.show_stats([0.1, 0.2], {"weight": 0.00512, "target": 0.123, "activations": [[0, 1]]})
    asked: list[tuple[float, float]] = []
    card.changed.connect(lambda weight, target: asked.append((weight, target)))
    QTest.keyClick(card.target.track, Qt.Key.Key_Right)
    assert asked == [(0.00512, 0.13)]
    card.show_stats([0.1, 0.2], {"weight": 0.00512, "target": 0.13, "activations": [[0, 1]]})
    assert len(asked) == 1


def test_sparsity_is_shown_beside_the_mean_for_new_and_for_old_runs(qtbot) -> None:
    card = SparsityCard()
    qtbot.addWidget(card)
    old = {"weight": 0.005, "target": 0.1, "activations": [[0.1] * 10] * 3}  # recorded before there was a measure
    card.show_stats([0.1] * 10, old)
    assert card.measures.text() == "Hoyer 0.00  ·  0% of units above 0.5, 0% below 0.02 in an image"
    card.show_stats([0.1] * 10, {**old, "hoyer": 0.61, "share_active": 0.06, "share_quiet": 0.7})
    assert card.measures.text() == "Hoyer 0.61  ·  6% of units above 0.5, 70% below 0.02 in an image"


def test_a_slider_changes_a_running_training_and_the_run_notes_it(studio: Window, qtbot) -> None:
    folder = places.runs() / "sparse"
    studio.show_panel("train")
    view = studio.panels["train"].view
    studio.services.jobs.add(Job(folder, "sparse", {**SPARSE, "epochs": 1000}, "digits"))
    assert not studio.panels["train"].view.sparsity.isVisible()
    qtbot.waitUntil(view.sparsity.isVisible, timeout=LONG)
    assert view.sparsity.weight.isEnabled() and view.sparsity.histogram.counts().sum() == 12
    track = view.sparsity.target.track
    middle = track.height() // 2
    drag(track, QPoint(24, middle), QPoint(track.width() // 2, middle), QPoint(track.width() * 3 // 4, middle))
    wanted = view.sparsity.target.value() / 100
    assert 0.25 < wanted < 0.5
    events = folder / "events.jsonl"
    qtbot.waitUntil(lambda: events.exists() and "sparsity" in events.read_text("utf-8"), timeout=LONG)
    noted = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    assert noted[-1]["values"]["target"] == pytest.approx(wanted) and noted[-1]["values"]["weight"] == pytest.approx(
        0.005
    )

    def learned() -> bool:
        rows = Run.open(folder).metrics()
        return bool(rows) and rows[-1]["mean_activation"] > 0.2

    qtbot.waitUntil(learned, timeout=LONG)  # the units follow the new target
    shown = view.sparsity._subtitle.text
    qtbot.waitUntil(lambda: f"target {wanted:.2f}" in shown() and shown().startswith("mean"), timeout=LONG)
    studio.services.jobs.ask_to_stop("stopped")
    wait_idle(qtbot, studio)
    assert banner_text(studio) == ""
    assert not view.sparsity.weight.isEnabled()
    stats = Run.open(folder).stats()[-1]
    assert stats["sparsity"]["target"] == pytest.approx(wanted)
    assert np.mean(stats["codings"]["mean"]) > 0.2
    assert {"penalty", "mean_activation", "target"} <= set(view.curves.names())
    steps = view.time.value()
    view.travel_to(0)
    assert view.time.value() != steps or steps == 0
    assert "target 0.10" in view.sparsity._subtitle.text()  # back then
