"""The images of a run that a worker reads while the run is being written."""

from __future__ import annotations

from pathlib import Path

from models.core.record import Run
from studio.workers import sheets


def test_a_step_of_which_one_kind_of_sheet_is_not_there_yet_is_no_trouble(tiny_run: Path, caplog) -> None:
    steps = [step for step, _ in Run.open(tiny_run).samples("samples")]
    found = sheets.laid_out(tiny_run, "samples", steps[-1])
    assert found is not None and found[0].shape[1:] == (8, 8, 1)
    assert sheets.laid_out(tiny_run, "samples", steps[-1] + 1) is None
    assert sheets.run_sheet(tiny_run, "reconstructions", steps[-1] + 1) is None
    assert not caplog.records


def test_the_newest_is_taken_unless_a_step_is_named(tiny_run: Path) -> None:
    steps = [step for step, _ in Run.open(tiny_run).samples("samples")]
    newest, last = sheets.run_sheet(tiny_run), sheets.run_sheet(tiny_run, "samples", steps[-1])
    assert newest is not None and last is not None and (newest == last).all()
    assert sheets.run_sheet(tiny_run, "nothing") is None
