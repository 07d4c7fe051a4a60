"""Maps laid over images."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.images import heat

DARK = round(200 * heat.SHARE)


@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_is_dark_and_grey_and_the_most_is_bright(channels: int) -> None:
    image = np.full((4, 4, channels), 200, np.uint8)
    map_ = np.array([[0.0, 2.0], [1.0, 8.0]], np.float32)
    found = heat.over(image, map_, 2.0)
    assert found.shape == (4, 4, 3) and found.dtype == np.uint8
    assert found[0, 0].tolist() == [DARK] * 3
    assert found[1, 3].tolist() == found[3, 3].tolist() == list(heat.BRIGHT)
    assert (found[2, 0] > DARK).all() and (found[2, 0] < np.array(heat.BRIGHT)).all()
    assert (heat.over(image, np.zeros((2, 2), np.float32), 0.0) == DARK).all()


def test_what_did_more_is_brighter() -> None:
    image = np.full((1, 20, 1), 200, np.uint8)
    found = heat.over(image, np.linspace(0, 1, 20, dtype=np.float32)[None], 1.0).astype(int)
    assert (np.diff(found.sum(axis=-1)[0]) > 0).all()
    fifth = heat.over(image, np.full((1, 20), 0.2, np.float32), 1.0)[0, 0]
    assert fifth[2] > DARK + (heat.BRIGHT[2] - DARK) / 3  # to be seen


def test_a_single_pixel_does_not_darken_all_others() -> None:
    maps = np.full((3, 20, 20), 0.5, np.float32)
    maps[0, 0, 0] = 100.0
    assert heat.brightest(maps) == 0.5 and heat.brightest(np.zeros((0, 4, 4), np.float32)) == 0.0
