"""Transfer: both classifiers are trained in a thread of their own; curves, gain and matrix say what was found."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from models.core.disk import places
from models.core.images import recipes
from studio.panels.transfer import comparison
from studio.panels.transfer.confusion_matrix import Confusion
from studio.panels.transfer.spread_chart import SpreadChart
from studio.window import Window
from tests.tools.gui.denoisers import SPARSE, train
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import LONG, banner_text, click, open_panel, retype, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")


@pytest.fixture(scope="module")
def sparse_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("sparse") / "run", "sparse", **SPARSE)


@pytest.fixture
def panel(sparse_run: Path, studio: Window, qtbot):
    return open_panel(qtbot, studio, "transfer", copy_into_home(sparse_run, "sparse"))


def test_the_band_goes_from_the_worst_to_the_best(qtbot) -> None:
    chart = SpreadChart()
    qtbot.addWidget(chart)
    chart.set_groups({"a": [[0.1, 0.5], [0.3, 0.9]], "b": [[0.2, 0.2]]})
    low, mean, high = chart.band("a")
    assert low.tolist() == [0.1, 0.5] and high.tolist() == [0.3, 0.9] and mean.tolist() == pytest.approx([0.2, 0.7])
    assert "a: 70.0% at the end" in chart.accessibleDescription()


def test_the_matrix_says_what_is_taken_for_what(qtbot) -> None:
    matrix = Confusion()
    qtbot.addWidget(matrix)
    matrix.resize(400, 300)
    matrix.set_counts([[9, 1], [4, 0]], ["shirt", "coat"])
    assert matrix.shares().tolist() == [[0.9, 0.1], [1.0, 0.0]]
    assert matrix.words_for(0, 1) == "10.0% of shirt classified as coat"
    assert matrix.at(matrix.cell(1, 0).center()) == (1, 0)
    assert "64.3% right" in matrix.accessibleDescription()


def test_compares_shows_what_was_found_and_leaves_the_sliders_free(panel, studio: Window, qtbot) -> None:
    for name, text in (("labels", "60"), ("seeds", "2"), ("epochs", "3"), ("frozen_epochs", "1")):
        retype(panel.spins[name].lineEdit(), text)
        QTest.keyClick(panel.spins[name], Qt.Key.Key_Tab)
    click(panel.form, "Start")
    assert panel.progress.isVisible() and not panel.start.isEnabled()
    wait_idle(qtbot, studio, lambda: panel.found is not None)
    found = panel.found
    assert found["labels"] == 60 and len(found["arms"]) == 4
    assert all(len(one["curves"]["val_accuracy"]) == 3 for one in found["arms"])
    mean = {
        arm: np.mean([o["accuracy"] for o in found["arms"] if o["arm"] == arm]) for arm in ("pretrained", "scratch")
    }
    assert panel.gain.text() == f"{100 * (mean['pretrained'] - mean['scratch']):+.1f} points"
    assert f"{mean['scratch']:.1%}" in panel.words.text() and "mean of 2 seeds" in panel.words.text()
    panel.arm.choose(1)
    counts = np.sum([one["confusion"] for one in found["arms"] if one["arm"] == "scratch"], axis=0)
    assert np.allclose(panel.confusion.shares(), counts / counts.sum(axis=1, keepdims=True))
    assert panel.chart.isVisible() and banner_text(studio) == "" and not panel.error.isVisible()
    for _ in range(2):  # the second is another file: nothing is overwritten
        click(panel.gain_card, "Save")
        wait_idle(qtbot, studio)
    saved = sorted(places.exports().iterdir())
    assert len(saved) == 2 and {path.suffix for path in saved} == {".json"}
    read = json.loads(saved[0].read_text("utf-8"))
    recipe = read.pop(recipes.RECIPE_KEY)
    assert read == json.loads(json.dumps(found)) and recipe["run_id"] == studio.session.model.run_id
    assert (recipe["panel"], recipe["labels"], recipe["seeds"], recipe["epochs"]) == ("transfer", 60, 2, 3)


def test_results_that_cannot_be_saved_are_an_error_in_the_panel(panel, studio: Window, qtbot) -> None:
    panel.found, panel._recipe = {"gain_points": 1.0}, {"panel": "transfer"}
    places.exports().parent.mkdir(parents=True, exist_ok=True)
    places.exports().write_text("a file where the folder should be")
    panel._save()
    wait_idle(qtbot, studio, panel.error.isVisible)
    assert "exports" in panel.error.accessibleName() or str(places.exports()) in panel.error.accessibleName()


def test_cancel_stops_the_study_and_the_window_closes(panel, studio: Window, qtbot) -> None:
    panel.spins["epochs"].setValue(1_000)
    click(panel.form, "Start")
    qtbot.waitUntil(
        lambda: "of" in panel.progress._words.text() and "seed" in panel.progress._words.text(), timeout=LONG
    )
    click(panel.progress, "Cancel")
    wait_idle(qtbot, studio)
    assert panel.found is None and panel.start.isEnabled() and not panel.progress.isVisible()


def test_more_labels_than_there_are_is_said_in_the_panel(panel, studio: Window, qtbot) -> None:
    panel.spins["labels"].setValue(50_000)
    click(panel.form, "Start")
    wait_idle(qtbot, studio, panel.error.isVisible)
    assert "labels must be at most" in panel.error.accessibleName()
    assert panel.start.isEnabled()


def test_the_names_of_the_arms_are_those_of_the_model_side() -> None:
    from models.transfer import ARMS

    assert (comparison.PRETRAINED, comparison.SCRATCH) == ARMS


def test_a_model_without_labels_does_not_suit(panel, studio: Window) -> None:
    info = studio.session.model
    studio.session.set_model(dataclasses.replace(info, folder=info.folder / "other", label_names=()))
    assert panel.empty.isVisible() and "labelled images" in panel.empty.words.text()
    studio.session.set_model(info)
    assert not panel.empty.isVisible()
