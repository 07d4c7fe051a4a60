"""A run that is damaged or odd is shown as such in the window, and takes no other along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.core.disk import places
from models.core.errors import UserError
from models.core.record import Run, list_runs, sealed, timeline
from studio.frame.model_picker import ModelPicker
from studio.panels.home import Home
from studio.panels.train.run_view import RunView
from studio.window import Window
from studio.workers.worker import Worker
from tests.tools.gui.windows import banner_text, wait_idle
from tests.tools.record_tools import META, make_run

pytestmark = pytest.mark.usefixtures("app_theme")
SHAPES: list[Any] = [None, [0, 0, 1], [28, 28], [28, 28, 2], "28", [1.5, 1, 1], {"a": []}]


def odd_runs() -> None:
    """Runs whose datasets cannot be, and one that is fine."""
    make_run(places.runs() / "good", title="A good one").close()
    for number, shape in enumerate(SHAPES):
        with make_run(places.runs() / f"odd-{number}") as run:
            run.save_sample(1, "samples", b"no image")
        found = {k: v for k, v in json.loads((run.folder / "run.json").read_bytes()).items() if k != sealed.SEAL}
        found["dataset"] = {**META["dataset"], "image_shape": shape}
        sealed.write_sealed(run.folder / "run.json", found)


def test_home_and_the_model_picker_go_on_with_the_others(studio: Window, qtbot) -> None:
    odd_runs()
    studio.show_panel("home")
    wait_idle(qtbot, studio)
    home = studio.panels["home"]
    assert isinstance(home, Home)
    home.shown()
    listed = {run.folder.name: run for run in list_runs(places.runs())}
    assert len(listed) == len(SHAPES) + 1 and home._seen is not None
    assert {run.folder.name for run in home._seen} >= set(listed)
    assert [name for name, run in listed.items() if run.error is None] == ["good"]
    picker = studio.picker
    assert isinstance(picker, ModelPicker)
    picker._fill()
    texts = [action.text() for action in picker._menu.actions()]
    assert any("A good one" in text for text in texts) and not any("odd" in text for text in texts)
    assert "went wrong" not in banner_text(studio)


@pytest.fixture
def view(qtbot) -> Iterator[RunView]:
    looks = Worker("looks")
    made = RunView(looks)
    qtbot.addWidget(made)
    made.resize(900, 600)
    yield made
    assert looks.close()


@pytest.mark.parametrize("rows", [
    [{"step": 1, "loss": 1.0}], [{"step": 1}], [{"step": 1, "loss": None, "mean_activation": None}],
    [{"step": 10**17, "epoch": 2**60, "loss": -1e299}],
    [{"step": 1, "generator_loss": 1.0, "discriminator_loss": None, "real_accuracy": 7, "fake_accuracy": -3}],
    [{"step": 1, **{f"name {number}": 1.0 for number in range(2_000)}}],
], ids=range(6))  # fmt: skip
def test_odd_rows_are_shown_or_left_out(view: RunView, tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    with make_run(tmp_path / "run", family="gan") as run:
        for row in rows:
            timeline.append_row(run.folder / timeline.METRICS, row)
        (run.folder / timeline.EVENTS).mkdir()
        run.save_stats(1, {"codings": {"mean": [1.0], "std": []}, "sparsity": {"weight": 1.0}, "coverage": [1]})
        run.save_sample(1, "samples", b"no image")
    failed: list[UserError] = []
    view.failed.connect(failed.append)
    view.show_run(run.folder)
    view.look()
    assert failed == [] and view._last_step == rows[0]["step"]
    assert len(view._names) <= timeline.MOST_NAMES
    assert Run.open(run.folder).info.status == "new"


def test_all_pieces_of_a_long_record_are_shown(view: RunView, tmp_path: Path, monkeypatch) -> None:
    with make_run(tmp_path / "run") as run:
        lines = "".join(json.dumps({"step": step, "epoch": 1, "loss": 1.0}) + "\n" for step in range(1, 501))
        (run.folder / timeline.METRICS).write_text(lines)
    monkeypatch.setattr(timeline, "_CHUNK", 2_000)
    view.show_run(run.folder)
    assert view._last_step == 500
