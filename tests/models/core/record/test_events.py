"""What a run notes beside its metrics: events in order, and a copy of its record for a branch."""

from __future__ import annotations

import pytest

from models.core.record import timeline
from tests.tools.record_tools import make_run


@pytest.fixture
def run(tmp_path):
    with make_run(tmp_path / "run") as run:
        for step in (1, 2, 3):
            run.append_metrics({"step": step, "loss": 1.0 / step})
            run.save_sample(step, "samples", b"picture %d" % step)
            run.save_stats(step, {"coverage": {"names": ["a"], "shares": [1.0], "count": 5}})
        yield run


def test_events_come_back_in_order_and_damaged_lines_are_left_out(run):
    assert run.events() == []
    run.event("config", {"learning_rate": 0.1})
    with (run.folder / timeline.EVENTS).open("a") as stream:
        stream.write('{"kind": 7}\nnot json\n[]\n')
    run.event("branch", {"step": None})
    found = run.events()
    assert [(event["kind"], event["values"]) for event in found] == [
        ("config", {"learning_rate": 0.1}), ("branch", {"step": None}),
    ]  # fmt: skip
    assert all(event["time"] for event in found)


@pytest.mark.parametrize("step", [0, 2, 9])
def test_a_copy_ends_at_its_step(run, tmp_path, step):
    with make_run(tmp_path / "copy") as copy:
        timeline.copy(run.folder, copy.folder, step)
        steps = [one for one in (1, 2, 3) if one <= step]
        assert copy.metrics() == run.metrics()[: len(steps)]
        assert [(at, path.read_bytes()) for at, path in copy.samples("samples")] == [
            (one, b"picture %d" % one) for one in steps
        ]
        assert copy.stats() == run.stats()[: len(steps)]
