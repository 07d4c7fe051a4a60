"""Voxel faces: people made of blocks, with attributes that are known because we ask the renderer for them.

The drawings are DiceBear's style "Voxel Art" (CC0 1.0). They are rendered once and cached. Because the renderer draws
the same person with and without glasses, there are true counterfactual pairs: see ``pairs``.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.core.datasets import DATASET_TITLES, Dataset, splits
from models.core.datasets.cache import Cached, ImageWriter, new_folder, open_cached, publish, write_rest
from models.core.disk import places
from models.core.errors import DatasetError
from models.core.work import SILENT, Work, advance

Draw = Callable[[int, int], tuple[NDArray[np.uint8], list[bool], str]]
COUNT = 10_000
SIZE = 64
PAIRED = {"glasses": "glassesProbability", "beard": "beardProbability"}
ATTRIBUTES = ("glasses", "beard", "long hair", "smile", "dark hair", "dark skin")

_LONG = ["bob", "shoulderLength", "longStraight", "longWavy", "partedLong", "braids"]
_SHORT = ["short", "spiky", "bowl", "sideSwept", "curly", "afro"]
_SMILES = ("smile", "bigSmile", "grin")
_DARK_HAIR = ("#2c222b", "#3b2f2f", "#5a3825")
_DARK_SKIN = ("#b07347", "#95562f", "#7d4a26", "#6a3d1f")
_VERSION = 1  # of the options below: a change makes a new cache
_OPTIONS: dict[str, Any] = {
    "animationProbability": 0,
    "scale": 1.6,
    "translateY": 22,
    "topProbability": 100,
    "topVariant": _SHORT + _LONG,
    "eyesVariant": ["open", "soft", "wide"],
    "mouthVariant": ["smile", "bigSmile", "flat", "frown", "ooh", "grin"],
    "cheeksProbability": 0,
    "backgroundColor": ["#b6e3f4"],
    "outfitVariant": ["plain"],
    "shirtColor": ["#4c6ef5"],
    "glassesProbability": 50,
    "glassesVariant": ["round", "square", "cat", "shades"],
    "beardProbability": 40,
    "beardVariant": ["full", "mustache", "goatee"],
}
# The style clips to its canvas, which the edge of the image does as well, and the clip doubles the time to render.
_CLIP = re.compile(r' clip-path="url\(#clip-[0-9a-f]+\)"')


def load(
    *,
    size: int | None = None,
    work: Work = SILENT,
    count: int = COUNT,
) -> Dataset:
    """Load the faces; the first time they are rendered, which takes about a minute.

    Args:
        size: height and width, 8 to 256; 64 by default.
        work: see ``models.core.datasets.load``.
        count: how many people. The first ones are the same, however many there are.

    Raises:
        DatasetError: if the renderer is not installed.
        StorageError: if the cache cannot be written.
        Cancelled: if ``work`` is cancelled; nothing is left behind.
    """
    side = size or SIZE
    target = places.cache() / "faces" / f"v{_VERSION}-{side}-{count}"
    cached = open_cached(target) or rendered(target, side, count, _drawn, work)
    train, validation, test = splits(len(cached.images))
    return Dataset(
        name="faces",
        title=DATASET_TITLES["faces"],
        images=cached.images,
        train=train,
        validation=validation,
        test=test,
        labels=None,
        label_names=(),
        attributes=cached.attributes,
        attribute_names=ATTRIBUTES,
        source='Rendered on this machine from DiceBear\'s style "Voxel Art" (CC0 1.0).',
    )


def pairs(attribute: str, count: int, seed: int, size: int = SIZE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Render the same people without and with an attribute; none of them is in the dataset.

    Args:
        attribute: "glasses" or "beard".
        count: how many people.
        seed: which people.
        size: height and width in pixels.

    Returns:
        Two arrays uint8 (count, size, size, 3): without it, with it. Row i of both is one person.

    Raises:
        DatasetError: if there are no pairs of this attribute, or the renderer is not installed.
    """
    if attribute not in PAIRED:
        advice = f"Use one of: {', '.join(PAIRED)}."
        raise DatasetError(f"There are no pairs of faces for {attribute!r}.", where="faces", advice=advice)
    without, with_it = (
        [render(f"pair-{seed}-{index}", size, {PAIRED[attribute]: share})[0] for index in range(count)]
        for share in (0, 100)
    )
    empty = np.empty((0, size, size, 3), np.uint8)
    return np.stack(without) if without else empty, np.stack(with_it) if with_it else empty


def _drawn(index: int, side: int) -> tuple[NDArray[np.uint8], list[bool], str]:
    image, options = render(f"person-{index}", side, {})
    return image, _attributes(options), ""


def rendered(target: Path, side: int, count: int, drawn: Draw, work: Work) -> Cached:
    """Render ``count`` people into a cache: images, attributes, and captions where they have some.

    Args:
        target: the folder of the cache.
        side: height and width in pixels.
        count: how many.
        drawn: the image, attributes and caption ("" for none) of a person by number and side.
        work: told and checked after every 25.
    """
    what = "Rendering the faces (only once)"
    attributes, captions = [], []
    with new_folder(target.parent) as folder:
        with ImageWriter(folder / "images.npy", side, side) as writer:
            for index in range(count):
                if index % 25 == 0:
                    advance(work, what, index, count)
                image, known, caption = drawn(index, side)
                writer.append(image)
                attributes.append(known)
                captions.append(caption)
            advance(work, what, count, count)
            writer.close()
        words = {"captions": captions} if any(captions) else {}
        write_rest(folder, None, np.array(attributes, np.bool_), words)
        publish(folder, target)
    cached = open_cached(target)
    if cached is None:
        raise DatasetError("The faces could not be read back.", where=str(target), advice="Try again.")
    return cached


def _attributes(options: dict[str, Any]) -> list[bool]:
    """Read off what the renderer drew, in the order of ``ATTRIBUTES``."""
    return [
        "glassesVariant" in options,
        "beardVariant" in options,
        options.get("topVariant") in _LONG,
        options.get("mouthVariant") in _SMILES,
        options["hairColor"][0] in _DARK_HAIR,
        options["skinColor"][0] in _DARK_SKIN,
    ]


@cache
def _style() -> Any:
    try:
        from dicebear import Style

        text = (files("dicebear_styles") / "voxel-art.json").read_text(encoding="utf-8")
        return Style(json.loads(text))
    except (ImportError, OSError) as error:
        advice = "Install dicebear-core, dicebear-styles and resvg-py, or choose another dataset."
        raise DatasetError("The renderer of the faces is not installed.", where="faces", advice=advice) from error


def render(seed: str, side: int, changes: dict[str, Any]) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Draw one person, some options changed: uint8 (side, side, 3), and the options that the seed led to."""
    style = _style()
    from dicebear import Avatar
    from resvg_py import svg_to_bytes

    drawn = Avatar(style, {**_OPTIONS, **changes, "seed": seed, "size": side}).to_json()
    png = svg_to_bytes(svg_string=_CLIP.sub("", drawn["svg"]), width=side, height=side, skip_system_fonts=True)
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return np.array(picture.convert("RGB"), dtype=np.uint8), drawn["options"]
