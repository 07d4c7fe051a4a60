"""Any order of models, panels, themes and sliders: a panel asks the current model only what it can."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from models.core.datasets import faces
from models.core.disk import places
from studio.window import Window
from tests.tools.gui.wanderer import Wanderer

STEPS = int(os.environ.get("STUDIO_WALK_STEPS", "60"))
FACES = 240
SEED = int(os.environ.get("STUDIO_WALK_SEED", "1"))


@pytest.fixture(autouse=True)
def few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """All 10,000 take a minute to render, and nothing here looks at them."""
    monkeypatch.setattr(faces, "load", functools.partial(faces.load, count=FACES))


@pytest.fixture
def shipped() -> list[Path]:
    runs = sorted(path.parent for path in places.pretrained().glob("*/run.json"))
    assert len(runs) >= 8
    return runs


def test_a_random_walk_through_models_and_panels_meets_no_error(studio: Window, qtbot, shipped) -> None:
    """``STUDIO_WALK_STEPS``, ``STUDIO_WALK_SEED``: another one; ``STUDIO_WALK_TELL=1``: print each step (with -s)."""
    Wanderer(studio, qtbot, shipped, SEED).wander(STEPS)


@pytest.mark.soak
def test_a_long_random_walk_meets_no_error(studio: Window, qtbot, shipped) -> None:
    Wanderer(studio, qtbot, shipped, SEED + 1).wander(max(STEPS, 500))
