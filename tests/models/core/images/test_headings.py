"""A table of images with the words of its columns and rows: where images stand, and that words keep to their room."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.core.images import headings

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


def bare(sheet: np.ndarray, columns: int, rows: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The words above, and the images, of a table of images of a side."""
    large = side * headings.factor(side)
    high, wide = (count * (large + headings.GAP) - headings.GAP for count in (rows, columns))
    return sheet[: sheet.shape[0] - high], sheet[-high:, -wide:]


@given(
    st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, min_size=1, max_size=3), st.sampled_from([8, 28, 64, 120])
)
def test_images_stand_in_the_lower_right_corner_whatever_the_words(
    across: list[str], down: list[str], side: int
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (len(across) * len(down), side, side, 3), np.uint8)
    sheet = headings.table(images, across, down)
    factor = headings.factor(side)
    assert side * factor >= headings.CELL or factor == 1
    _, found = bare(sheet, len(across), len(down), side)
    step = side * factor + headings.GAP
    for place, image in enumerate(images):
        top, left = step * (place // len(across)), step * (place % len(across))
        np.testing.assert_array_equal(
            found[top : top + step - headings.GAP : factor, left:][:, : step - headings.GAP : factor], image
        )
    assert sheet.shape[1] - found.shape[1] <= headings.LEFT + 2 * headings.PAD + 1  # no row's words are wider


def test_words_are_written_above_and_beside() -> None:
    images = np.zeros((6, 28, 28, 1), np.uint8)
    sheet = headings.table(images, ["black hair", "green hair", "red hair"], ["no glasses", "sunglasses"])
    above, found = bare(sheet, 3, 2, 28)
    beside = sheet[len(above) :, : sheet.shape[1] - found.shape[1]]
    assert sheet.shape[-1] == 3
    for part, pieces, axis in ((above[:, beside.shape[1] :], 3, 1), (beside, 2, 0)):
        for piece in np.array_split(part, pieces, axis=axis):
            assert 0.005 < (piece < 128).mean() < 0.3
    one = headings.table(images[:1], ["a very long caption that needs several lines above its column"], ["x"])
    assert len(one) > len(headings.table(images[:1], ["short"], ["x"]))
