"""The GAN doctor: rules on made-up signals, and the recorded runs of benchmarks/doctor.py."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.core.doctor import remedies, rules
from models.core.doctor.rules import LEAST, diagnose
from models.core.record import CheckpointEntry
from tests.tools.folders import DATA
from tests.tools.ill_runs import CLASSES, CONFIG, EVEN, ONE, rows

RECORDED = sorted((DATA / "doctor").glob("run-*.json"))


def looks(shares, every=400):
    return [{"step": (i + 1) * every, "names": CLASSES, "shares": row, "count": 500} for i, row in enumerate(shares)]


OTHER = [0.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("signals", "seen", "kind", "since"),
    [
        ({}, [], "healthy", None),
        ({}, [EVEN] * 8, "healthy", None),
        ({"discriminator_loss": 0.69, "fake_accuracy": 0.5, "real_accuracy": 0.5}, [EVEN] * 8, "healthy", None),
        ({"diversity": [0.6, 0.6, 0.02, 0.02]}, [], "mode collapse", 2000),
        ({"diversity": 0.5}, [EVEN, EVEN, EVEN, *[ONE] * 5], "mode collapse", 2000),
        ({"real_accuracy": [0.9, 0.999], "fake_accuracy": [0.9, 0.999]}, [], "discriminator winning", 2000),
        ({"fake_accuracy": [0.8, 0.1], "discriminator_loss": [0.5, 2.0]}, [EVEN] * 8, "generator winning", 2000),
        ({"generator_loss": [1.0] * 20 + [1.0, 9.0] * 10}, [], "oscillating", 2000),
        ({}, [ONE, OTHER] * 4, "oscillating", 800),
        ({"generator_loss": [1.0, 1e5]}, [], "diverged", 2000),
        ({"discriminator_loss": [*[0.5] * 39, None]}, [], "diverged", 3910),
    ],
)
def test_each_trouble_is_told_with_its_evidence_and_when_it_began(signals, seen, kind, since):
    found = diagnose(rows(**signals), looks(seen, 500 if len(seen) == 8 else 400))
    assert found.kind == kind, found.sentence
    assert found.ill == (kind != "healthy")
    assert found.step in (4000, 3910)
    if since is None:
        assert found.since is None
    else:
        assert found.since == pytest.approx(since, abs=500)
        assert f"step {found.since:,}" in found.sentence
    broken = signals.get("discriminator_loss") is not None and None in np.atleast_1d(signals["discriminator_loss"])
    assert bool(found.evidence) != broken
    for evidence in found.evidence:
        assert (evidence.value > evidence.limit) == evidence.above
        assert len(evidence.steps) == len(evidence.values) > 1


def test_missing_classes_are_named():
    found = diagnose(rows(diversity=0.05), looks([EVEN, EVEN, *[[0.5, 0.49, 0.01, 0.0, 0.0]] * 4]))
    assert found.missing == ("bag", "coat", "dress")
    assert "of 5 classes these are missing: bag, coat, dress." in found.sentence
    assert diagnose(rows(), looks([EVEN] * 6)).missing == ()


def test_a_run_that_still_finds_new_classes_is_not_alarmed():
    growing = [ONE, ONE, ONE, ONE, [0.9, 0.1, 0, 0, 0], [0.8, 0.2, 0, 0, 0]]
    assert diagnose(rows(), looks(growing)).kind == "healthy"
    assert diagnose(rows(), looks([ONE] * 6)).kind == "mode collapse"


@pytest.mark.parametrize("steps", [10, 700, LEAST - 10])
def test_too_early_says_how_many_steps_are_missing(steps):
    found = diagnose(rows(count=steps // 10, diversity=0.0))
    assert found.kind == "too early" and found.more_steps == LEAST - steps
    assert found.sentence == f"Too early: a diagnosis needs {LEAST:,} steps."
    assert remedies.remedies(found, CONFIG) == ()


def test_nothing_recorded_and_few_rows_are_too_early_and_divergence_never_is():
    assert diagnose([]).more_steps == LEAST
    assert diagnose(rows(count=4, every=1000)).kind == "too early"
    assert diagnose(rows(count=5, every=10), gave_up=True).kind == "diverged"
    only_null = [{**row, "generator_loss": None} for row in rows(count=3)]
    assert diagnose(only_null).kind == "diverged"


def test_what_was_before_a_branch_does_not_count():
    ill = rows(diversity=[0.01] * 2 + [0.8] * 2)
    assert diagnose(ill, begin=2000).kind == "healthy"
    assert diagnose(ill, begin=3000).kind == "too early"


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_runs_are_judged_as_they_were_meant(path):
    run = json.loads(path.read_text("utf-8"))
    found = diagnose(run["rows"], run["coverage"], gave_up=run["gave_up"])
    assert found.kind == run["expected"], f"{run['name']}: {found.sentence}"


@pytest.mark.parametrize("path", RECORDED[:4], ids=lambda path: path.stem)
def test_healthy_runs_are_never_alarmed_on_their_way(path):
    run = json.loads(path.read_text("utf-8"))
    assert run["expected"] == "healthy"
    for end in range(1, len(run["rows"]) + 1):
        step = run["rows"][end - 1]["step"]
        found = diagnose(run["rows"][:end], [look for look in run["coverage"] if look["step"] <= step])
        assert not found.ill, f"{run['name']} at step {step}: {found.sentence}"


def test_the_recorded_runs_are_there_and_the_judge_saw_each_of_them():
    runs = [json.loads(path.read_text("utf-8")) for path in RECORDED]
    kinds = [run["expected"] for run in runs]
    assert len(runs) == 12 and kinds.count("healthy") == 4 and len(set(kinds)) == 6
    assert all(len(run["coverage"]) >= 2 for run in runs)
    assert sum(path.stat().st_size for path in RECORDED) < 300_000


# --- Remedies ---


def keys(kind, **changes):
    found = rules.Diagnosis(kind, "", 4000, 1000)
    return {remedy.key: remedy.changes for remedy in remedies.remedies(found, {**CONFIG, **changes})}


def test_remedies_fit_the_diagnosis_and_the_settings():
    assert keys("healthy") == {}
    assert list(keys("mode collapse")) == ["optimizer", "minibatch", "replay", "gentler", "seed"]
    assert list(keys("mode collapse", latent_size=2, optimizer="rmsprop", replay=True)) == [
        "codings", "minibatch", "gentler", "seed",
    ]  # fmt: skip
    assert keys("mode collapse", batch_size=128)["replay"] == {"replay": True, "replay_size": 128}
    assert keys("diverged")["gentler"] == {"learning_rate": 2e-4}
    assert keys("oscillating")["seed"] == {"seed": 4}
    other_family = {"learning_rate": 1e-3, "seed": 1}
    offered = remedies.remedies(rules.Diagnosis("oscillating", "", 9, 1), other_family)
    assert [remedy.key for remedy in offered] == ["gentler", "seed"]


@pytest.mark.parametrize(
    ("kind", "rate", "expected"),
    [
        ("discriminator winning", None, 0.5), ("discriminator winning", 0.2, 0.1),
        ("discriminator winning", 100.0, 0.5),
        ("generator winning", None, 2.0), ("generator winning", 4.0, 8.0), ("generator winning", 0.01, 1.0),
    ],
)  # fmt: skip
def test_the_discriminator_s_rate_moves_the_right_way(kind, rate, expected):
    given = {} if rate is None else {"separate_rates": True, "discriminator_rate": rate}
    found = keys(kind, **given)["slower" if kind.startswith("disc") else "faster"]
    assert found == {"separate_rates": True, "discriminator_rate": expected}


def test_the_checkpoint_is_the_newest_of_before_the_trouble():
    entries = [CheckpointEntry(step=step, file=f"step-{step}.npz", bytes=1, sha256="0" * 64) for step in (0, 50, 90)]
    steps = [getattr(remedies.checkpoint_before(entries, since), "step", None) for since in (95, 90, 89, 49, None)]
    assert steps == [90, 90, 50, None, 90]
