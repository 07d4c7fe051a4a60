"""Pictures of any size through a network of small ones: overlapping tiles, blended without seams.

A tile's outermost pixels are wrong, because the network could not see beyond them. So they are thrown away
(``margin`` pixels), and where two tiles overlap beyond that, one fades into the other. The weights of all tiles at a
pixel add up to one, along each axis and therefore in the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.work import SILENT, Work

Floats = NDArray[np.float32]
Network = Callable[[Floats], Floats]  # (n, tile, tile, channels) -> the same shape; in_tiles sends one at a time

TILE = 256
MARGIN = 24
FADE = 16
MULTIPLE = 8


def opaque(images: Any) -> Any:
    """Pictures (n, h, w, 1 to 4) without their last channel if that is transparency (2 or 4 channels)."""
    if images.ndim != 4 or images.shape[3] not in (1, 2, 3, 4):
        raise ValueError(f"images are (n, height, width, 1 to 4), not {images.shape}")
    return images[..., :-1] if images.shape[3] in (2, 4) else images


def starts(length: int, tile: int, overlap: int, multiple: int = MULTIPLE) -> list[int]:
    """Where tiles begin along one side of ``length`` pixels; all are multiples of ``multiple``, as ``length`` is."""
    if length <= tile:
        return [0]
    stride = (tile - overlap) // multiple * multiple
    return [*range(0, length - tile, stride), length - tile]


def weights(length: int, tile: int, begins: list[int], margin: int, fade: int) -> Floats:
    """How much each tile counts at each of its pixels, (tiles, tile): 0 in the margin, a ramp of ``fade``, then 1.

    Divided by their sum at each pixel of the side, so that they add up to one.
    """
    along = np.arange(tile)
    rows = np.ones((len(begins), tile), np.float64)
    total = np.zeros(length, np.float64)
    for index, begin in enumerate(begins):
        if begin > 0:
            rows[index] *= np.clip((along - margin + 1) / (fade + 1), 0.0, 1.0)
        if begin + tile < length:
            rows[index] *= np.clip((tile - along - margin) / (fade + 1), 0.0, 1.0)
        total[begin : begin + tile] += rows[index]
    for index, begin in enumerate(begins):
        rows[index] /= total[begin : begin + tile]
    return rows.astype(np.float32)


def padded(image: NDArray[Any], multiple: int = MULTIPLE) -> NDArray[Any]:
    """The image (height, width, channels) mirrored at its right and lower side up to whole multiples."""
    height, width = image.shape[:2]
    if height % multiple == 0 and width % multiple == 0:
        return image
    return np.pad(image, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="symmetric")


def in_tiles(
    image: NDArray[Any],
    network: Network,
    *,
    tile: int = TILE,
    margin: int = MARGIN,
    fade: int = FADE,
    work: Work = SILENT,
) -> Floats:
    """Send an image through a network tile by tile.

    Args:
        image: (height, width, channels), at least 1 x 1; float32 in [0, 1], or uint8 0..255 to save memory.
        network: called with float32 (1, h, w, channels), h and w at most ``tile`` and multiples of 8.
        tile: side of a tile in pixels, a multiple of 8. An image that fits into one tile is sent whole.
        margin: how far the network sees; so many pixels at a tile's inner edges are thrown away.
        fade: over so many pixels one tile fades into the next.
        work: told (tiles done, tiles in all); checked before every tile.

    Returns:
        float32 (height, width, channels of the network).

    Raises:
        Cancelled: if ``work`` is cancelled.
    """
    wide, places = padded(image), layout(image.shape[:2], tile, margin, fade)
    result: Floats | None = None
    for number, (place, weight) in enumerate(places):
        work.check()
        answer = network(_float(wide[place])[None])[0]
        if result is None:
            result = np.zeros((*wide.shape[:2], answer.shape[2]), np.float32)
        result[place] += answer * weight[0][:, None, None] * weight[1][None, :, None]
        work.tell("Denoising", number + 1, len(places))
    assert result is not None
    return result[: image.shape[0], : image.shape[1]]


def for_channels(own: int, network: Network) -> Network:
    """A network of ``own`` channels (1 or 3) for tiles of 1 or 3: grey is repeated, colour goes channel by channel."""

    def adapted(tiles: Floats) -> Floats:
        channels = tiles.shape[3]
        if channels < own:
            grey: Floats = network(np.repeat(tiles, own, axis=3)).mean(axis=3, keepdims=True)
            return grey
        if channels > own:
            return np.concatenate([network(tiles[..., i : i + 1]) for i in range(channels)], axis=3)
        return network(tiles)

    return adapted


def both_ways_up(network: Network) -> Network:
    """The mean of a network's two answers, to a tile and to the tile turned upside down; their mistakes differ in part.

    Source: R. Timofte, R. Rothe and L. Van Gool, "Seven Ways to Improve Example-Based Single Image Super Resolution",
    2016, section 3.6 (there with all eight that mirrors and quarter turns make).
    """

    def both(tile: Floats) -> Floats:
        answers = network(np.concatenate([tile, tile[:, ::-1, ::-1]]))
        mean: Floats = np.float32(0.5) * (answers[:1] + answers[1:, ::-1, ::-1])
        return mean

    return both


Place = tuple[tuple[slice, slice], tuple[Floats, Floats]]  # (rows and columns, weights down and across)


def layout(size: tuple[int, ...], tile: int, margin: int, fade: int) -> list[Place]:
    """The tiles of an image (height, width) with their weights; ValueError if tile, margin and fade do not suit."""
    overlap = 2 * margin + fade
    if tile % MULTIPLE or tile - overlap < MULTIPLE or 0 in size:
        raise ValueError(f"tiles of {tile} pixels do not suit a margin of {margin} and a fade of {fade}")
    sides = []
    for length in (size[0] + -size[0] % MULTIPLE, size[1] + -size[1] % MULTIPLE):
        side = min(tile, length)
        begins = starts(length, side, overlap)
        along = weights(length, side, begins, margin, fade)
        sides.append([(slice(begin, begin + side), row) for begin, row in zip(begins, along, strict=True)])
    return [((rows, columns), (down, across)) for rows, down in sides[0] for columns, across in sides[1]]


def _float(part: NDArray[Any]) -> Floats:
    return part.astype(np.float32) / np.float32(255) if part.dtype == np.uint8 else part.astype(np.float32)
