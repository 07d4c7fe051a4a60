"""Maps laid over images."""

from __future__ import annotations

import numpy as np
import pytest

from models.core.images import heat


@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_is_dark_and_grey_and_the_most_is_bright(channels: int) -> None:
    image = np.full((4, 4, channels), 200, np.uint8)
    map_ = np.array([[0.0, 2.0], [1.0, 8.0]], np.float32)
    found = heat.over(image, map_, 2.0)
    assert found.shape == (4, 4, 3) and found.dtype == np.uint8
    assert found[0, 0].tolist() == [90, 90, 90]
    assert found[1, 3].tolist() == found[3, 3].tolist() == list(heat.BRIGHT)
    assert (found[2, 0] > 90).all() and (found[2, 0] < np.array(heat.BRIGHT)).all()
    assert (heat.over(image, np.zeros((2, 2), np.float32), 0.0) == 90).all()
