"""Schedules: what they are by the papers, and that any of them falls from 1 to nearly 0."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.diffusion import schedules


def test_the_cosine_schedule_is_the_textbook_s():
    schedule = schedules.cosine(4000)
    found = [schedule[t] for t in (100, 1000, 2000, 3000, 3500)]
    np.testing.assert_allclose(found, [0.99751, 0.84701, 0.49384, 0.14427, 0.03747], atol=6e-6)
    assert schedule[4000] == pytest.approx(1.5e-10, rel=0.05)
    betas = 1.0 - schedule[1:] / schedule[:-1]
    np.testing.assert_allclose([betas[0], betas[999], betas[2999]], [1e-5, 3.31e-4, 1.895e-3], rtol=0.05)
    np.testing.assert_allclose(betas[[3998, 3999]], [0.75, 0.999], rtol=1e-3)


def test_the_linear_schedule_is_the_paper_s():
    betas = 1.0 - schedules.linear(1000)[1:] / schedules.linear(1000)[:-1]
    np.testing.assert_allclose(betas[[0, -1]], [1e-4, 0.02], rtol=1e-6)
    assert schedules.linear(100)[-1] == pytest.approx(schedules.linear(4000)[-1], abs=1e-4)


def sound(schedule, timesteps):
    assert schedule.shape == (timesteps + 1,) and schedule.dtype == np.float64
    assert schedule[0] == 1.0 and 0.0 < schedule[-1] < 0.06
    betas = 1.0 - schedule[1:] / schedule[:-1]
    assert (betas > 0).all() and (betas <= schedules.MAX_BETA + 1e-9).all()
    assert (np.diff(schedules.signal_to_noise(schedule)) < 0).all()


@given(st.integers(100, 4000))
def test_every_schedule_falls_from_1_to_nearly_0(timesteps):
    sound(schedules.cosine(timesteps), timesteps)
    sound(schedules.linear(timesteps), timesteps)


@given(
    st.lists(st.floats(0.02, 0.98), min_size=1, max_size=6, unique_by=lambda v: round(v, 2)),
    st.lists(st.floats(0.02, 0.98), min_size=6, max_size=6, unique_by=lambda v: round(v, 2)),
    st.integers(100, 1000),
)
def test_a_schedule_bent_by_hand_goes_through_its_points(shares, heights, timesteps):
    heights = sorted(heights, reverse=True)[: len(shares)]
    points = list(zip(sorted(shares), heights, strict=True))
    schedule = schedules.from_alpha_bar(points, timesteps)
    sound(schedule, timesteps)
    for share, height in points:
        low, high = math.floor(share * timesteps), math.ceil(share * timesteps)
        assert schedule[high] - 0.01 <= height <= schedule[low] + 0.01


@pytest.mark.parametrize("points", [[(0.5, 0.2), (0.4, 0.1)], [(0.2, 0.1), (0.4, 0.3)], [(0.5, 1.0)], [(1.0, 0.5)]])
def test_points_out_of_order_are_refused(points):
    with pytest.raises(ValueError, match="rise"):
        schedules.from_alpha_bar(points, 100)


def test_the_time_of_a_noise_is_where_the_shortcut_has_as_much():
    schedule = schedules.cosine(1000)
    for t in (1, 10, 300, 800):
        assert schedules.time_of_noise(schedule, math.sqrt(1 / schedule[t] - 1)) == t
