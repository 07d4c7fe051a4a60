"""The guided tour visits every panel, finds no error, and writes images that are not blank."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.panels import PANELS
from tests.tools.folders import ROOT


@pytest.mark.soak
def test_the_tour_visits_everything(tmp_path: Path) -> None:
    """It trains on the whole shipped sample, which takes a minute or two: ``make soak`` and ``make run`` walk it."""
    out = tmp_path / "pictures"
    command = [sys.executable, "-m", "studio", "--tour", str(out), "--theme", "dark"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, capture_output=True,
                          text=True, timeout=900, check=False)  # fmt: skip
    report = json.loads((out / "tour.json").read_text("utf-8"))
    assert report["errors"] == []
    assert done.returncode == 0, done.stdout + done.stderr
    assert {row["panel"] for row in report["states"]} == set(PANELS)
    for row in report["states"]:
        pixels = np.asarray(Image.open(out / row["file"]).convert("RGB"))
        assert pixels.shape[:2] == (800, 1280)
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50, f"{row['file']} is blank"
