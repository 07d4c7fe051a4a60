"""The sliced Wasserstein distance: what is known of it by calculation, and what it must notice."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.datasets.rows import evenly
from models.core.errors import Cancelled
from models.core.evaluation import swd
from models.core.work import Callbacks


def textures(count, seed, grain=1, side=32):
    """A slope of light with grain on it, ``grain`` pixels wide."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0.0, 0.5, side)[None, :, None, None] * rng.random((count, 1, 1, 3))
    return (slope + 0.5 * rng.random((count, side, side // grain, 3)).repeat(grain, axis=2)).astype(np.float32)


def test_a_pyramid_adds_up_to_the_picture():
    images = textures(3, 0, side=64)
    levels = swd.pyramid(images)
    assert [level.shape[1:3] for level in levels] == swd.sides(images.shape[1:]) == [(64, 64), (32, 32), (16, 16)]
    rest = levels[-1]
    for level in levels[-2::-1]:
        rest = level + swd.larger(rest)
    np.testing.assert_allclose(rest, images, atol=1e-5)
    flat = np.full((2, 28, 28, 1), 0.4, np.float32)
    largest, smallest = swd.pyramid(flat)
    assert np.abs(largest[:, 2:-2, 2:-2]).max() < 1e-6
    np.testing.assert_allclose(smallest, 0.4, atol=1e-6)


@pytest.mark.parametrize(("shape", "sides"), [
    ((28, 28, 1), [(28, 28), (14, 14)]), ((8, 8, 1), []), ((48, 30, 3), [(48, 30), (24, 15)]),
    ((128, 128, 3), [(128, 128), (64, 64), (32, 32), (16, 16)]),
])  # fmt: skip
def test_scales_end_where_two_patches_no_longer_fit(shape, sides):
    assert swd.sides(shape) == sides
    assert len(swd.distances(np.zeros((2, *shape), np.float32), np.zeros((2, *shape), np.float32), count=2)) == len(
        sides
    )


def test_of_two_clouds_that_are_shifted_it_is_the_mean_of_the_projected_shift():
    rng = np.random.default_rng(0)
    cloud, shift = rng.standard_normal((500, 6), dtype=np.float32), np.array([3, 0, 4, 0, 0, 0], np.float32)
    found = swd.sliced(cloud, cloud + shift, np.random.default_rng(1), 4000)
    axes = rng.standard_normal((200_000, 6))
    expected = np.abs((axes / np.linalg.norm(axes, axis=1, keepdims=True)) @ shift).mean()
    assert found == pytest.approx(expected, rel=0.03)
    assert swd.sliced(cloud, cloud[::-1].copy(), np.random.default_rng(1), 50) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="equally large"):
        swd.sliced(cloud, cloud[:-1], rng)


def test_patches_are_normalised_a_channel_and_come_from_the_pictures():
    level = textures(4, 3, side=16) * np.array([1.0, 5.0, 0.2], np.float32)
    drawn = swd.patches(level, np.random.default_rng(0), 9).reshape(-1, 7, 7, 3)
    assert drawn.shape == (36, 7, 7, 3)
    np.testing.assert_allclose(drawn.mean(axis=(0, 1, 2)), 0.0, atol=1e-4)
    np.testing.assert_allclose(drawn.std(axis=(0, 1, 2)), 1.0, atol=1e-3)
    one = swd.patches(np.arange(49, dtype=np.float32).reshape(1, 7, 7, 1), np.random.default_rng(0), 2)
    np.testing.assert_array_equal(np.argsort(one[0]), np.arange(49))  # there is only one place: in order


def test_it_notices_wrong_detail_most_at_the_scale_where_it_is_wrong():
    real, other, wide = textures(64, 1), textures(64, 2), textures(64, 3, grain=2)
    alike, apart = (swd.distances(images, real, count=400, directions=32) for images in (other, wide))
    assert list(alike) == ["32 x 32", "16 x 16"]
    ratios = {scale: apart[scale] / alike[scale] for scale in alike}
    assert ratios["32 x 32"] > 2 and ratios["32 x 32"] > 1.5 * ratios["16 x 16"]
    fewer = swd.distances(other[:9], real, count=9, directions=8)
    spread = real[evenly(slice(0, 64), 9)]
    assert fewer == swd.distances(other[:9], spread, count=9, directions=8)  # and the same every time


def test_it_stops_when_asked():
    with pytest.raises(Cancelled):
        swd.distances(textures(2, 0), textures(2, 1), count=2, work=Callbacks(cancelled=lambda: True))


def test_of_more_real_images_those_compared_are_spread_over_all():
    """A test set that is sorted by class is compared as a whole: its first rows are one class."""
    rough, smooth = textures(24, 1), 0.5 + 0.02 * textures(24, 2, grain=4)
    some = np.concatenate([textures(12, 3), 0.5 + 0.02 * textures(12, 4, grain=4)])
    sorted_by_class, one_class = np.concatenate([rough, smooth]), np.concatenate([rough, rough])
    wrong = swd.distances(some, one_class, directions=32)["32 x 32"]
    for pair in ((some, sorted_by_class), (sorted_by_class, some)):
        assert swd.distances(*pair, directions=32)["32 x 32"] < 0.3 * wrong
