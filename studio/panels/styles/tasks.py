"""What the Styles panel asks a model that ``MixesStyles``: tables, images, noise, feature maps, animations, searches.

Each function runs in the inference thread and is given a ``Mixture``; sources are mapped anew each time (half a
millisecond), so that the answer is right for the weights of this moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.images import convert
from models.core.recipes.fields import Fields, coding_in
from models.core.styles import mixing, synthesis
from models.core.styles.mixing import OFF, Floats, MixesStyles, StyleLayer, Styles
from models.core.styles.recipe import from_recipe
from models.core.styles.table import Mix, Mixture, Source
from models.core.work import Unseen, Work
from studio.workers.image_files import Taken

KEY = "styles"  # the panel, in recipes
Pixels = NDArray[np.uint8]
MIX, LAYERS, ANIMATION = range(3)  # what the left half of the panel shows
NOISES = 16
MOST_MAPS = 36
# black, purple, orange, pale yellow: light means much, in grey print too
_HEAT = np.array([[4, 4, 20], [80, 18, 110], [190, 55, 80], [245, 135, 30], [252, 250, 190]], np.float32)


@dataclass(frozen=True)
class Facts:
    """What the panel must know of a model before it can ask anything."""

    layers: tuple[StyleLayer, ...]
    style_size: int


@dataclass(frozen=True, eq=False)
class Variation:
    """How much images differ that have nothing but other noise: ``heat`` (height, width, 3), light is much.

    Attributes:
        mean, most: standard deviation over the noises, of the mean and of the most different pixel, 0 to 1.
    """

    heat: Pixels
    mean: float
    most: float


@dataclass(frozen=True, eq=False)
class Maps:
    """Feature maps (k, height, width, 1) of a layer, each scaled by itself, the liveliest first; their channels."""

    maps: Pixels
    channels: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """What a recipe of the Styles panel brings back: table, view, layer of feature maps, frame of the animation."""

    table: Mixture
    view: int = MIX
    layer: int | None = None
    frame: int | None = None


def state_in(values: Mapping[str, Any], layers: int, size: int) -> Look:
    """Read a recipe for a model with so many layers and styles of ``size`` numbers.

    Raises:
        RunFormatError: naming the first field that does not fit.
    """
    table, fields = from_recipe(values, layers, size), Fields(values)
    frames = len(table.keyframes) * table.steps if len(table.keyframes) > 1 else 0
    frame = fields.whole("frame", 0, frames - 1) if fields.has("frame") else None
    view = fields.whole("view", MIX, ANIMATION, MIX if frame is None else ANIMATION)
    return Look(table, view, fields.whole("layer", 0, layers - 1) if fields.has("layer") else None, frame)


def facts(model: Any) -> Facts:
    """The layers of a model."""
    return Facts(tuple(model.style_layers), model.style_size)


def _mixed(model: MixesStyles, mixes: Sequence[Mix], truncation: float) -> Styles:
    coarse = synthesis.stacks(model, [mix.coarse for mix in mixes], truncation)
    fine = synthesis.stacks(model, [mix.fine for mix in mixes], truncation)
    return mixing.blend(coarse, fine, np.array([mix.amounts for mix in mixes], np.float32))


def _large(model: MixesStyles, table: Mixture) -> Styles:
    return _mixed(model, [table.mix()], table.truncation)


def picture(model: Any, table: Mixture, work: Work) -> Pixels:
    """The large image, (height, width, channels)."""
    generated: Pixels = synthesis.generated(model, _large(model, table), table, work)[0]
    return generated


def variation(model: Any, table: Mixture, work: Work) -> Variation:
    """Paint the large image with 16 noises in all layers that have noise; their spread, pixel by pixel.

    Source: Karras, Laine and Aila 2019, arXiv:1812.04948, figure 4.
    """
    one = _large(model, table)
    noise = mixing.noise(model.noise_size, NOISES, seed=0)
    for layer, choice in zip(model.style_layers, table.noises, strict=True):
        if choice == OFF:
            noise[:, layer.place] = 0.0
    parts = []
    for begin in range(0, NOISES, synthesis.AT_ONCE):
        work.check()
        some = noise[begin : begin + synthesis.AT_ONCE]
        parts.append(model.synthesize(np.repeat(one, len(some), axis=0), some))
    spread = np.concatenate(parts).std(axis=0).mean(axis=-1)  # (height, width)
    most = float(spread.max())
    return Variation(heat(spread / most if most > 1e-6 else np.zeros_like(spread)), float(spread.mean()), most)


def heat(values: Floats) -> Pixels:
    """Values (height, width) in [0, 1] as colours from black to pale yellow."""
    stops = np.linspace(0.0, 1.0, len(_HEAT))
    return np.rint(np.stack([np.interp(values, stops, _HEAT[:, k]) for k in range(3)], axis=-1)).astype(np.uint8)


def features(model: Any, table: Mixture, work: Work) -> list[Maps]:
    """The liveliest feature maps of each layer for the large image; those are the maps with the most spread."""
    one = _large(model, table)
    noise = mixing.noise_of(model.style_layers, model.fixed_noise(), table.noises)
    found = []
    for layer in model.features(one, noise)[:-1]:
        work.check()
        maps = np.moveaxis(layer[0], -1, 0)  # (channels, height, width)
        spread = maps.std(axis=(1, 2))
        chosen = np.argsort(-spread, kind="stable")[:MOST_MAPS]
        low, high = (edge(maps[chosen], axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
        scaled = (maps[chosen] - low) / np.maximum(high - low, 1e-6)
        found.append(Maps(convert.to_uint8(scaled[..., None]), tuple(int(channel) for channel in chosen)))
    return found


def _frames(model: MixesStyles, table: Mixture) -> Styles:
    stops = _mixed(model, table.keyframes, table.truncation)
    amounts = np.arange(table.steps, dtype=np.float32)[:, None, None] / table.steps
    legs = [here + amounts * (there - here) for here, there in zip(stops, np.roll(stops, -1, axis=0), strict=True)]
    return np.concatenate(legs)


def animation(model: Any, table: Mixture, work: Work) -> Pixels:
    """The frames of a loop through the keyframes: straight lines between styles, the last one leads to the first."""
    return synthesis.generated(model, _frames(model, table), table, work)


def keyframes(model: Any, table: Mixture, work: Work) -> Pixels:
    """What the animation goes through."""
    return synthesis.generated(model, _mixed(model, table.keyframes, table.truncation), table, Unseen(work))


# --- images from elsewhere ---


def known_styles(model: Any, recipe: dict[str, Any] | None) -> Styles | None:
    """The styles (layers, style_size) that a recipe of this model tells; None if it tells none."""
    if recipe is None:
        return None
    if recipe.get("panel") == KEY:
        table, frame = from_recipe(recipe, len(model.style_layers), model.style_size), recipe.get("frame")
        if isinstance(frame, int) and 0 <= frame < len(table.keyframes) * table.steps:
            return np.asarray(_frames(model, table)[frame])
        return np.asarray(_large(model, table)[0])
    codings = coding_in(recipe, model.latent_size)
    if codings is None:
        return None
    return np.asarray(mixing.truncate(model.styles(codings[None]), model.mean_style(), model.truncation)[0])


def search(model: Any, taken: Sequence[Taken], *, plus: bool, work: Work) -> list[Source]:
    """Sources for images: what their recipes tell, or what a search in W (or W+) finds."""
    found = [known_styles(model, one.recipe) for one in taken]
    unknown = [one.picture for one, known in zip(taken, found, strict=True) if known is None]
    searched: Iterator[Styles] = iter(())
    if unknown:
        pictures = convert.to_float(np.stack(unknown))
        searched = iter(model.project(pictures, plus=plus, work=work))
    return [Source(own=np.asarray(next(searched) if one is None else one, np.float32)) for one in found]
