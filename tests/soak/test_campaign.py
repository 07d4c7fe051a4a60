"""The campaign finds each kind of defect, and keeps what hurt; ``make soak`` runs the campaign itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.campaign import Campaign


@pytest.mark.parametrize(
    ("kind", "words"),
    [("raises", "a defect"), ("hangs", "still not done"), ("dies", "ended with -6"), ("swallows", "MemoryError")],
)
def test_a_deliberate_defect_is_found_and_kept_with_its_seed(tmp_path: Path, kind: str, words: str) -> None:
    campaign = Campaign(tmp_path, module="tests.soak.defects", seconds=5.0 if kind == "hangs" else 60.0)
    campaign.batch(kind, 7, 2)
    tally = campaign.tallies[kind]
    assert (tally.tried, tally.failed, campaign.failed) == (2, [7, 8], 2)
    for seed in tally.failed:
        problem = (tmp_path / f"{kind}-{seed}" / "problem.txt").read_text("utf-8")
        assert words in problem and f"seed {seed}" in problem


def test_what_is_survived_leaves_nothing_behind(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, module="tests.soak.defects")
    campaign.batch("good", 0, 3)
    assert (campaign.tallies["good"].tried, campaign.failed) == (3, 0)
    assert not list(tmp_path.glob("good-*"))
