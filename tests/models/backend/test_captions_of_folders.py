"""Folders and files with captions are what text to image learns from, and the window knows their words beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.core.datasets import load, outline
from models.core.diffusion.conditions import TextCondition, condition_of
from models.core.family import parse_config
from models.ddpm import DDPMConfig, suggest
from tests.tools.image_folders import write_image


@pytest.mark.parametrize("kind", ["texts", "npz"])
def test_captions_can_be_trained_on_and_what_is_known_before_agrees(tmp_path: Path, kind: str) -> None:
    texts = ["a red cat", "a blue cat", "a red dog", ""] * 5
    place = tmp_path / "p"
    for number, text in enumerate(texts):
        write_image(place / f"{number}.png", number)
        if text:
            (place / f"{number}.txt").write_text(text)
    if kind == "npz":
        place = tmp_path / "a.npz"
        np.savez(place, images=np.zeros((20, 8, 8, 3), np.uint8), captions=np.array(texts))
    assert outline(str(place), 8).spec.words == (), "what has not been loaded is not known"
    dataset = load(place, size=8)
    assert outline(str(place), 8).spec == dataset.spec and outline(str(place), 8).training == 16
    assert set(dataset.spec.words) == {"a", "red", "cat", "blue", "dog"} and "" not in dataset.spec.examples
    assert parse_config(DDPMConfig, suggest(dataset.spec)).condition == "text"
    condition = condition_of("text", dataset.spec)
    assert isinstance(condition, TextCondition)
    tokens = condition.sentences(dataset.captions)
    empty = [not caption for caption in dataset.captions]
    assert tokens.shape[0] == 20 and np.array_equal((tokens != 0).sum(axis=1) == 1, empty)
