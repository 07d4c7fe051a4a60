"""What the Gallery says of a file: settings that somebody would look up, no insides of the program."""

from __future__ import annotations

import pytest

from models.core.recipes.schema import Recipe
from studio.panels.gallery import recipe_words


def lines(**values: object) -> list[str]:
    found = recipe_words.lines(Recipe(panel="latent", run_id="a", model="vae-fashion", step=10_750, values=values))
    assert found[:3] == ["panel: Latent", "made: image", "model: vae-fashion, step 10,750"]
    return found[3:]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"kind": "arc", "start": [-1.8937691, 1.6], "end": [0.1, 0.2]}, "arc"),
        ([0.5] * 10, "10 numbers"),
        ([0.5, -1.0], "+0.50, -1.00"),
        (["shirt", "bag"], "shirt, bag"),
        ([[1.0], [2.0]], "2 entries"),
        ({"png": "iVBO", "count": 1}, "in this file"),
        ({"png": "iVBO", "count": 8}, "8 images in this file"),
        ({"steps": 30, "eta": 0.5, "mask": [1, 2]}, "steps 30, eta 0.5"),
        (True, "yes"),
        (7, "7"),
    ],
)
def test_a_value_is_one_line_that_can_be_read(value: object, words: str) -> None:
    assert lines(some_value=value) == [f"some value: {words}"]


def test_what_says_nothing_is_left_out() -> None:
    assert lines(mark="5f3a", empty="", none=None, nothing=[]) == []
    assert lines(noise="mask", strength=0.0, seed=3, image="house.jpg") == ["image: house.jpg"]
    assert lines(noise="mask", strength=0.5, seed=3) == ["noise: mask", "strength: 0.5", "seed: 3"]


def test_a_long_text_ends_in_an_ellipsis() -> None:
    (line,) = lines(prompt="a person " * 40)
    assert len(line) < 180 and line.endswith("…")
