"""Run folders with very many lines, events, statistics or checkpoints: little of them is looked at, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.core.errors import Cancelled
from models.core.record import Run, timeline
from models.core.work import Callbacks
from tests.tools.record_tools import expected, make_run, state

WANTED = expected(state(0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with make_run(tmp_path / "run") as run:
        for step in (1, 2):
            run.append_metrics({"step": step, "epoch": 1, "seconds": 0.5, "loss": 1.0 / step})
            run.save_checkpoint(step, state(step), epoch=1)
    return run.folder


def test_a_piece_of_lines_too_short_for_rows_is_bad_and_not_looked_at(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(timeline, "_CHUNK", 200)
    looked: list[bytes] = []
    real = timeline.metric_row
    monkeypatch.setattr(timeline, "metric_row", lambda line: looked.append(line) or real(line))
    path = folder / timeline.METRICS
    good = path.read_bytes()
    path.write_bytes(b"\n" * 200 + good + b'{"step":7}\r\n')
    run = Run.open(folder)
    assert [row["step"] for row in run.metrics()] == [1, 2, 7]
    assert any("damaged line(s)" in text for text in run.notices)
    assert len(looked) == 3


def test_events_of_very_many_lines_are_left_out_and_said(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(timeline, "MOST_EVENTS", 3)
    line = '{"kind": "x", "values": {}}\n'
    (folder / timeline.EVENTS).write_text(3 * line)
    assert len(Run.open(folder).events()) == 3
    (folder / timeline.EVENTS).write_text(4 * line)
    run = Run.open(folder)
    assert run.events() == [] and "more than 3 lines" in run.notices[0]


def test_of_large_statistics_some_are_read_and_the_newest_is_among_them(folder: Path, monkeypatch) -> None:
    for step in range(10):
        timeline.save_stats(folder, step, {"codings": {"mean": [0.5] * 50, "std": [1.0] * 50}})
    assert len(Run.open(folder).stats()) == 10
    size = (folder / "samples" / "stats-000000009.json").stat().st_size
    monkeypatch.setattr(timeline, "MOST_STATS_BYTES", 8 * size)
    steps = [row["step"] for row in Run.open(folder).stats()]
    assert steps == sorted(steps) and steps[-1] == 9 and 4 <= len(steps) < 10


def test_verifying_checkpoints_can_be_cancelled(folder: Path) -> None:
    looks: list[int] = []
    work = Callbacks(cancelled=lambda: bool(looks.append(1)) or len(looks) > 1)
    with pytest.raises(Cancelled):
        Run.open(folder).load_checkpoint(WANTED, work=work)
    assert Run.open(folder).load_checkpoint(WANTED, work=Callbacks())[0].step == 2
