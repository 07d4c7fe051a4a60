"""Tiles are blended without seams, whatever the size of the image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from models.core.denoising import tiling
from models.core.errors import Cancelled
from models.core.work import Callbacks


def blur(batch: np.ndarray) -> np.ndarray:
    """A shift-invariant network that sees 4 pixels around, and black beyond the edge."""
    kernel = np.outer(np.hanning(11)[1:-1], np.hanning(11)[1:-1])
    kernel = (kernel / kernel.sum())[None, :, :, None]
    return ndimage.convolve(batch, kernel, mode="constant").astype(np.float32)


def same(batch: np.ndarray) -> np.ndarray:
    return batch


@pytest.mark.parametrize("size", [(256, 320), (97, 131), (64, 500), (200, 64), (65, 65)])
def test_tiled_equals_whole(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    whole = blur(tiling.padded(picture)[None])[0][: size[0], : size[1]]
    tiled = tiling.in_tiles(picture, blur, tile=64, margin=8, fade=8)
    np.testing.assert_allclose(tiled, whole, atol=2e-6)


@pytest.mark.parametrize("height", [1, 2, 7, 63, 64, 65, 100, 257])
@pytest.mark.parametrize("width", [1, 3, 64, 129])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_comes_back_as_it_was(height: int, width: int, channels: int) -> None:
    picture = np.random.default_rng(1).random((height, width, channels), np.float32)
    np.testing.assert_allclose(tiling.in_tiles(picture, same, tile=64, margin=8, fade=8), picture, atol=1e-6)


def test_tiles_are_multiples_of_eight_and_at_most_as_large_as_said() -> None:
    seen = set()

    def network(batch: np.ndarray) -> np.ndarray:
        seen.add(batch.shape)
        return batch

    tiling.in_tiles(np.zeros((301, 203, 1), np.float32), network, tile=64, margin=8, fade=8)
    assert seen == {(1, 64, 64, 1)}
    seen.clear()
    tiling.in_tiles(np.zeros((5, 203, 1), np.float32), network, tile=64, margin=8, fade=8)
    assert seen == {(1, 8, 64, 1)}


def test_the_weights_of_all_tiles_add_up_to_one() -> None:
    begins = tiling.starts(1000, 128, 40)
    rows = tiling.weights(1000, 128, begins, 12, 16)
    total = np.zeros(1000)
    for begin, row in zip(begins, rows, strict=True):
        total[begin : begin + 128] += row
        inner = row if begin == 0 else row[12:]
        assert (row[:11] == 0).all() or begin == 0
        assert (inner >= 0).all()
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_bytes_are_read_as_shares_of_255() -> None:
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    np.testing.assert_allclose(tiling.in_tiles(picture, same), picture / 255, atol=1e-7)


def test_progress_counts_every_tile() -> None:
    told: list[tuple[int, int]] = []
    picture = np.zeros((200, 100, 1), np.float32)
    work = Callbacks(lambda what, done, total: told.append((done, total)))
    tiling.in_tiles(picture, same, tile=64, margin=8, fade=8, work=work)
    total = told[0][1]
    assert told == [(number, total) for number in range(1, total + 1)] and total > 4


def test_cancel_is_obeyed_before_the_next_tile() -> None:
    seen = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(1)
        return batch

    with pytest.raises(Cancelled):
        work = Callbacks(cancelled=lambda: len(seen) >= 3)
        tiling.in_tiles(np.zeros((400, 400, 1), np.float32), network, tile=64, margin=8, fade=8, work=work)
    assert len(seen) == 3


@pytest.mark.parametrize("tile", [50, 24])
def test_tiles_that_do_not_suit_are_refused(tile: int) -> None:
    with pytest.raises(ValueError, match="tiles of"):
        tiling.in_tiles(np.zeros((99, 99, 1), np.float32), same, tile=tile, margin=8, fade=8)


def test_the_answer_to_what_stands_on_its_head_is_turned_back() -> None:
    tile = np.random.default_rng(3).random((1, 8, 16, 3), np.float32)
    seen = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch.shape)
        return batch

    np.testing.assert_allclose(tiling.both_ways_up(network)(tile), tile, atol=1e-7)
    assert seen == [(2, 8, 16, 3)]

    def falls(batch: np.ndarray) -> np.ndarray:
        return batch + np.linspace(0, 1, 16, dtype=np.float32)[None, None, :, None]  # brighter to the right

    np.testing.assert_allclose(tiling.both_ways_up(falls)(tile), tile + 0.5, atol=1e-6)
