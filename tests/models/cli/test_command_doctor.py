"""The command ``doctor``: a sentence, its evidence and what can be tried, for people and for machines."""

from __future__ import annotations

import json

import pytest

from models import __main__ as command_line
from models.core.doctor.rules import Diagnosis
from tests.tools.ill_runs import CLASSES, CONFIG, EVEN, ONE, rows
from tests.tools.record_tools import make_run


@pytest.fixture
def ill(tmp_path):
    """A run that collapsed after its first half, as far as its record tells."""
    with make_run(tmp_path / "run", family="gan", config=CONFIG) as run:
        for row in rows(diversity=[0.7, 0.01]):
            run.append_metrics(row)
        for number in range(1, 9):
            shares = EVEN if number < 5 else ONE
            run.save_stats(number * 500, {"coverage": {"names": CLASSES, "shares": shares, "count": 500}})
        yield run


def test_it_says_what_is_going_on_why_and_what_to_try(ill, capsys):
    assert command_line.main(["doctor", str(ill.folder)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("Mode collapse: since step 2,")
    assert "these are missing: shirt, bag, coat, dress." in told
    assert "Diversity is 0.01, below 0.15 since step 2," in told
    assert "Turn on experience replay (replay=True replay_size=64)" in told


def test_a_machine_gets_one_object(ill, capsys):
    before = Diagnosis("oscillating", "The run oscillates.", 900, 800)
    remedy = {"key": "replay", "title": "Turn on experience replay", "why": "", "changes": {}, "afresh": False}
    ill.event("remedy", {"remedy": remedy, "step": 100, "found": before.data(), "parent": "0" * 32})
    assert command_line.main(["doctor", str(ill.folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["diagnosis"]["kind"] == "mode collapse" and found["diagnosis"]["missing"] == list(CLASSES[1:])
    assert {remedy["key"] for remedy in found["remedies"]} >= {"replay", "minibatch", "seed"}
    assert found["treatment"] == {
        "remedy": "Turn on experience replay", "step": 100,
        "before": {"kind": "oscillating", "sentence": "The run oscillates."},
    }  # fmt: skip


def test_a_run_without_such_signals_is_refused_in_one_line(tmp_path, capsys):
    with make_run(tmp_path / "vae") as run:
        run.append_metrics({"step": 1, "loss": 0.5})
        assert command_line.main(["doctor", str(run.folder)]) == 1
    told = capsys.readouterr().err
    assert "no signals that the doctor could read" in told and "Traceback" not in told
