"""The table of style mixes: what its changes do, and that its recipe brings it back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.core.errors import RunFormatError, UserError
from models.core.styles import table as mixing
from models.core.styles.mixing import FIXED, OFF, StyleLayer, blend, mix
from models.core.styles.recipe import from_recipe
from models.core.styles.table import SIDE, Mixture, Source

LAYERS, SIZE = 6, 5
NAMES = tuple(
    StyleLayer(f"{side} x {side}, {which}", side, side, 8, 0) for side in (4, 8, 16) for which in ("first", "second")
)


def table() -> Mixture:
    """One with something in every field."""
    rng = np.random.default_rng(0)
    own = rng.standard_normal((LAYERS, SIZE), np.float32)
    flat = np.repeat(rng.standard_normal((1, SIZE), np.float32), LAYERS, axis=0)
    made = Mixture.begin(LAYERS, seed=3).with_source(2, Source(own=own)).with_source(SIDE + 1, Source(own=flat))
    made = replace(made.with_cell(2, 1), truncation=0.5, steps=5).with_keyframe().with_walk(100, 4).with_keyframe()
    return made.with_amount(3, 0.25).with_noise(0, OFF).with_noise(5, 7)


def same(first: Mixture, second: Mixture) -> None:
    assert first.recipe() == second.recipe()
    for one, other in zip(first.sources, second.sources, strict=True):
        if one.own is not None:
            np.testing.assert_array_equal(one.own, other.own)


@pytest.mark.parametrize("crossover", range(LAYERS + 1))
def test_the_blend_of_a_crossover_is_the_mix_of_its_layers(crossover: int) -> None:
    rng = np.random.default_rng(crossover)
    coarse, fine = rng.standard_normal((2, 3, LAYERS, SIZE), np.float32)
    amounts = Mixture.begin(LAYERS).with_crossover(crossover).blend()
    np.testing.assert_array_equal(blend(coarse, fine, amounts), mix(coarse, fine, crossover))
    assert sum(amounts) == LAYERS - crossover


def test_twelve_sources_differ_and_another_seed_shares_none_with_its_neighbour() -> None:
    first, second = Mixture.begin(LAYERS, 1), Mixture.begin(LAYERS, 2)
    seeds = [source.seed for made in (first, second) for source in made.sources]
    assert len(set(seeds)) == 4 * SIDE
    drawn = first.with_draw(4)
    assert drawn.rows[4].seed not in seeds[: 2 * SIDE]
    assert [a.seed for a in drawn.sources if a not in first.sources] == [drawn.rows[4].seed]


def test_a_new_seed_leaves_pictures_that_were_searched_for_where_they_are() -> None:
    made = table()
    after = made.with_seed(9)
    assert after.rows[2] is made.rows[2] and after.columns[1] is made.columns[1]
    assert all(a.seed != b.seed for a, b in zip(made.sources, after.sources, strict=True) if a.own is None)


def test_the_large_picture_follows_the_crossover_until_a_layer_of_its_own_is_blended() -> None:
    made = Mixture.begin(LAYERS).with_crossover(2)
    own = made.with_amount(0, 0.5)
    assert own.blend() == (0.5, 0.0, 1.0, 1.0, 1.0, 1.0)
    assert own.with_crossover(5).blend() == mixing.crossed(LAYERS, 5)
    assert own.with_cell(3, 4).mix().coarse is made.rows[3]
    assert own.with_cell(3, 4).blend() == made.blend()


def test_noise_is_chosen_for_one_layer_or_all_and_drawn_again() -> None:
    made = Mixture.begin(LAYERS)
    assert made.noises == (FIXED,) * LAYERS
    assert made.with_noise(None, OFF).noises == (OFF,) * LAYERS
    one = made.with_noise(1, 4).with_noise(2, OFF)
    assert one.with_other_noise().noises == (FIXED, 5, OFF, FIXED, FIXED, FIXED)
    assert made.with_noise(2, OFF).with_other_noise().noises == (1, 1, OFF, 1, 1, 1)


def test_keyframes_are_added_taken_out_and_limited() -> None:
    made = Mixture.begin(LAYERS)
    for number in range(mixing.MOST_KEYFRAMES):
        made = made.with_cell(number % SIDE, 0).with_keyframe()
    with pytest.raises(UserError):
        made.with_keyframe()
    after = made.without_keyframe(1)
    assert after.keyframes == (made.keyframes[0], *made.keyframes[2:])
    walk = made.with_walk(50)
    assert walk.keyframes[0].coarse is made.mix().coarse and len({id(one.coarse) for one in walk.keyframes}) == SIDE


def test_a_recipe_brings_everything_back_through_json() -> None:
    made = table()
    text = json.dumps(made.recipe())
    back = from_recipe(json.loads(text), LAYERS, SIZE)
    same(made, back)
    assert back.mix().amounts == made.mix().amounts and back.cell == (2, 1) and len(back.keyframes) == 5
    assert len(made.recipe()["own"]) == 2, "styles that were searched for are written once"
    assert len(made.recipe()["own"][1]) == 1, "what all layers share is written once"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rows", []), ("rows", [{"seed": -1}] * SIDE), ("rows", [{"own": 2}] * SIDE), ("columns", [{"own": -1}] * SIDE),
        ("rows", [{"seed": 1, "own": 0}] * SIDE), ("columns", None), ("crossover", LAYERS + 1), ("crossover", True),
        ("noises", [0] * (LAYERS - 1)), ("noises", [-3] * LAYERS), ("source_seed", 2**31), ("truncation", "1"),
        ("truncation", float("nan")), ("cell", [0, SIDE]), ("amounts", [0.0] * (LAYERS + 1)), ("amounts", [2] * LAYERS),
        ("keyframes", [1]), ("keyframes", [{"coarse": {"seed": 1}}]), ("steps", 0), ("own", [[[0.0] * (SIZE + 1)]]),
        ("own", [[[0.0] * SIZE] * 2]), ("own", [[[1e30] * SIZE]]), ("own", [[]]),
    ],
)  # fmt: skip
def test_a_recipe_that_does_not_fit_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    recipe = {**Mixture.begin(LAYERS).recipe(), field: value}
    with pytest.raises(RunFormatError) as caught:
        from_recipe(recipe, LAYERS, SIZE)
    assert caught.value.where == field


def test_the_words_of_a_crossover_name_the_last_coarse_layer() -> None:
    words = [mixing.crossover_words(NAMES, crossover) for crossover in range(LAYERS + 1)]
    assert words[0] == "all fine" and words[-1] == "all coarse"
    assert words[4] == "coarse up to 8 × 8" and words[3] == "coarse up to 8 × 8, first"
    assert len(set(words)) == LAYERS + 1
