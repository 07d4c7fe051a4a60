"""Moving through codings: the ends are exact, arcs keep their length, maps go there and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.core.latent import paths

vectors = hnp.arrays(np.float32, 8, elements=st.floats(-3, 3, width=32))


@given(vectors, vectors, st.integers(2, 30))
def test_both_walks_begin_and_end_where_they_should(start, end, steps):
    for walk in (paths.lerp, paths.slerp):
        points = walk(start, end, steps)
        assert points.shape == (steps, 8) and points.dtype == np.float32
        np.testing.assert_allclose(points[0], start, atol=1e-4)
        np.testing.assert_allclose(points[-1], end, atol=1e-4)


def test_an_arc_keeps_the_length_and_a_straight_line_does_not():
    start, end = np.zeros(6, np.float32), np.zeros(6, np.float32)
    start[0] = end[1] = 2.0
    np.testing.assert_allclose(np.linalg.norm(paths.slerp(start, end, 9), axis=1), 2.0, atol=1e-5)
    assert np.linalg.norm(paths.lerp(start, end, 9)[4]) < 1.5


def test_directions_go_there_and_back_and_are_ordered_by_spread():
    rng = np.random.default_rng(0)
    codings = (rng.standard_normal((500, 5)) * [5, 3, 2, 1, 0.5]).astype(np.float32) + 1
    directions = paths.principal(codings)
    assert directions.axes.shape == (5, 5)
    assert (np.diff(directions.std) < 0).all()
    np.testing.assert_allclose(directions.back(directions.to(codings)), codings, atol=1e-3)
    np.testing.assert_allclose(directions.to(codings).std(axis=0), 1.0, atol=0.01)


def test_directions_without_spread_are_left_out_and_kept_as_rest():
    rng = np.random.default_rng(0)
    codings = (rng.standard_normal((500, 4)) * [1, 1, 1e-4, 1e-5]).astype(np.float32)
    directions = paths.principal(codings)
    assert len(directions.axes) == 2
    whole = directions.back(directions.to(codings)) + directions.rest(codings)
    np.testing.assert_allclose(whole, codings, atol=1e-4)


def test_every_spot_of_a_chart_has_a_coding_and_goes_back_to_its_place():
    rng = np.random.default_rng(1)
    chart = paths.principal_chart(rng.standard_normal((300, 10)).astype(np.float32))
    spots = rng.uniform(-2, 2, (50, 2)).astype(np.float32)
    codings = chart.coding(spots)
    assert codings.shape == (50, 10)
    np.testing.assert_allclose(chart.spot(codings), spots, atol=1e-3)
    np.testing.assert_allclose(chart.coding(chart.points[:5]), chart.codings[:5], atol=1e-3)


def test_blend_gives_a_point_its_own_value():
    points = np.array([[0, 0], [1, 0], [0, 1], [9, 9]], np.float32)
    values = np.array([[1.0], [2.0], [3.0], [4.0]], np.float32)
    np.testing.assert_allclose(paths.blend(points, values, points, 3), values, atol=1e-4)


def test_resample_spreads_points_evenly_along_a_line():
    line = np.array([[0, 0], [1, 0], [1, 3]], np.float32)
    std = paths.resample(line, 9)
    np.testing.assert_allclose(np.linalg.norm(np.diff(std, axis=0), axis=1), 0.5, atol=1e-5)
    assert paths.resample(np.zeros((1, 2), np.float32), 4).shape == (4, 2)
