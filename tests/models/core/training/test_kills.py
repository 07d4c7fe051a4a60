"""kill -9 in the middle of training: every run resumes and ends with the very same weights (C-10)."""

import subprocess
import sys

import pytest

from tests.tools.folders import ROOT

SCRIPT = ROOT / "benchmarks" / "kills.py"


def kills(count: int, steps: int) -> str:
    words = [sys.executable, str(SCRIPT), "--kills", str(count), "--steps", str(steps)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_killed_runs_resume_bit_identically():
    assert "3 of 3 resumed, 3 bit-identical" in kills(3, 240)


@pytest.mark.soak
def test_many_killed_runs_resume_bit_identically():
    assert "50 of 50 resumed, 50 bit-identical" in kills(50, 600)
