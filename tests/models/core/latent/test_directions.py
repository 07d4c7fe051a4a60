"""Directions: means, rank statistics, angles and Gram-Schmidt, against slow definitions and hidden truths."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.core.disk import trash
from models.core.errors import Cancelled, UserError
from models.core.latent import direction_files, directions
from models.core.latent.direction_files import Direction
from models.core.work import Callbacks

few = st.integers(1, 6)
values = st.floats(-3, 3, width=32)


def rows(least: int = 1, most: int = 9):
    shape = st.tuples(st.integers(least, most), st.just(6))
    return hnp.arrays(np.float32, shape, elements=values)


scores = hnp.arrays(np.float64, st.integers(1, 12), elements=st.integers(-4, 4).map(float))


@given(scores, scores)
def test_auc_is_the_share_of_pairs_in_order(first, second):
    pairs = [(a > b) + 0.5 * (a == b) for a in first for b in second]
    assert directions.auc(first, second) == pytest.approx(np.mean(pairs))
    assert directions.auc(first, second) + directions.auc(second, first) == pytest.approx(1.0)


@given(scores, scores, st.floats(0.1, 5), st.floats(-5, 5))
def test_auc_does_not_change_with_scale_and_shift(first, second, scale, shift):
    before = directions.auc(first, second)
    assert directions.auc(scale * np.round(first, 3) + shift, scale * second + shift) == pytest.approx(before)


@given(rows(), rows())
def test_adding_the_difference_moves_one_mean_onto_the_other(first, second):
    moved = second + directions.difference(first, second)
    np.testing.assert_allclose(moved.mean(axis=0), first.mean(axis=0), atol=1e-4)


@given(rows(1, 1), rows(1, 4))
@example(np.full((1, 6), 1.1484194e-35, np.float32), np.ones((1, 6), np.float32))  # nothing is left, and it is tiny
def test_what_is_left_is_orthogonal_to_all_others(one, others):
    try:
        rest = directions.orthogonal(one[0], list(others))
    except UserError:
        assume(False)
    np.testing.assert_allclose(others @ rest, 0.0, atol=1e-4 * (1 + np.abs(others).max()))
    assert np.linalg.norm(rest) <= np.linalg.norm(one) * (1 + 1e-5)
    again = directions.orthogonal(rest, list(others))
    np.testing.assert_allclose(again, rest, atol=1e-4)


def test_a_direction_among_the_others_cannot_be_made_orthogonal():
    axes = list(np.eye(4, dtype=np.float32)[:2])
    with pytest.raises(UserError, match="nothing is left"):
        directions.orthogonal(axes[0] + 2 * axes[1], axes)


@given(rows(1, 5))
def test_cosines_are_symmetric_and_one_on_the_diagonal(given_rows):
    found = directions.cosines(list(given_rows))
    np.testing.assert_allclose(found, found.T)
    assert (np.abs(found) <= 1).all()
    for row, value in zip(given_rows, np.diag(found), strict=True):
        assert value == pytest.approx(1.0 if row.any() else 0.0)


@given(rows(0, 4), rows(0, 4), rows(0, 4), st.tuples(*[st.floats(-2, 2)] * 3))
def test_the_sum_is_linear_in_each_strength(a, b, c, strengths):
    groups, signs = (a, b, c), (1, -1, 1)
    whole = directions.combine(groups, signs, strengths)
    parts = [
        directions.combine(groups, signs, [value if place == index else 0.0 for place in range(3)])
        for index, value in enumerate(strengths)
    ]
    np.testing.assert_allclose(whole, np.sum(parts, axis=0), atol=1e-3)


@given(rows(1, 1), st.floats(0, 2), st.integers(0, 2**31 - 1))
def test_neighbours_keep_the_middle_and_their_seed(one, amount, seed):
    found = directions.neighbours(one[0], amount, seed)
    np.testing.assert_array_equal(found[4], one[0])
    np.testing.assert_array_equal(found, directions.neighbours(one[0], amount, seed))
    noise = directions.neighbours(np.zeros(6, np.float32), 1.0, seed)
    np.testing.assert_allclose(found - one[0], amount * noise, atol=1e-4)


@given(st.integers(0, 200), st.integers(0, 1000))
def test_both_sides_of_a_split_hold_something(count, seed):
    held = directions.hold_out(count, seed)
    assert held.shape == (count,)
    if count >= 2:
        assert 0 < held.sum() < count
    np.testing.assert_array_equal(held, directions.hold_out(count, seed))


def labelled(shift: float, count: int = 400, size: int = 8) -> directions.Known:
    rng = np.random.default_rng(3)
    labels = rng.random((count, 2)) < 0.5
    codings = rng.standard_normal((count, size)).astype(np.float32)
    codings[:, 0] += shift * labels[:, 0]
    return directions.Known(codings, labels, ("hat", "nothing"), directions.hold_out(count, 0))


def test_a_hidden_attribute_is_found_and_chance_is_not_taken_for_one():
    known = labelled(4.0)
    hat, found = directions.of_attribute(known, "hat")
    assert directions.cosines([hat, np.eye(8, dtype=np.float32)[0]])[0, 1] > 0.98
    assert found is not None and found > 0.98
    _, chance = directions.of_attribute(known, "nothing")
    assert chance is not None and 0.35 < chance < 0.65  # on the codings that made it: far above one half


def test_noise_separates_the_codings_that_made_it_but_not_others():
    """Why AUC is never measured on the codings that made the direction."""
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 6, 64)).astype(np.float32)
    made = directions.difference(first, second)
    assert directions.separation(made, first, second) == 1.0
    held_out = [
        directions.held_out_separation(*rng.standard_normal((2, 6, 64)).astype(np.float32), seed=0) for _ in range(20)
    ]
    assert 0.35 < np.mean(held_out) < 0.65


def test_small_groups_are_judged_by_leaving_pairs_out_and_single_pictures_not_at_all():
    rng = np.random.default_rng(1)
    first, second = rng.standard_normal((2, 4, 8)).astype(np.float32)
    first[:, 0] += 8
    assert directions.held_out_separation(first, second, 0) == 1.0
    assert directions.held_out_separation(first[:1], second, 0) is None
    axis = np.eye(8, dtype=np.float32)[:1]
    assert directions.held_out_separation(first, second, 0, list(axis)) < 1.0  # what told them apart is taken out


def test_an_attribute_that_nobody_has_is_an_error_in_words():
    known = labelled(1.0)
    nobody = directions.Known(known.codings, np.zeros_like(known.labels), known.names, known.held)
    with pytest.raises(UserError, match="with and images without"):
        directions.of_attribute(nobody, "hat")


def test_a_direction_that_is_removed_lies_in_the_trash_and_comes_back():
    one = Direction("glasses", np.ones(3, np.float32), "test", 0.5, "run1")
    path = direction_files.save(one)
    deleted = direction_files.remove(one)
    assert deleted is not None and not path.exists() and direction_files.load("run1", 3) == ([], [])
    assert direction_files.remove(one) is None
    assert trash.restore(deleted) == path and direction_files.load("run1", 3)[0][0].name == "glasses"


def test_of_very_many_saved_directions_some_are_read_and_it_is_said(monkeypatch):
    monkeypatch.setattr(direction_files, "MOST", 3)
    for number in range(5):
        direction_files.save(Direction(f"way {number}", np.ones(4, np.float32), "mean", None, "many"))
    found, bad = direction_files.load("many", 4)
    assert [one.name for one in found] == ["way 0", "way 1", "way 2"]
    assert len(bad) == 1 and "Only 3 of 5" in str(bad[0])


def test_of_very_large_directions_some_are_read_and_reading_can_be_cancelled(monkeypatch):
    for number in range(5):
        path = direction_files.save(Direction(f"way {number}", np.ones(4, np.float32), "mean", None, "large"))
    monkeypatch.setattr(direction_files, "MOST_BYTES", 2 * path.stat().st_size)
    found, bad = direction_files.load("large", 4)
    assert [one.name for one in found] == ["way 0", "way 1"]
    assert len(bad) == 1 and "Only 2 of 5" in str(bad[0])
    with pytest.raises(Cancelled):
        direction_files.load("large", 4, Callbacks(cancelled=lambda: True))
