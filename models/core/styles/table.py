"""A table of style mixes: sources, where they cross over, how one image is blended; a value that never changes.

It names sources by their seeds and knows no network, so that it stays right while a model learns.

Source: T. Karras, S. Laine and T. Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks",
2019, arXiv:1812.04948, section 3.1 and figure 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.errors import UserError
from models.core.recipes.fields import plain
from models.core.styles.mixing import FIXED, OFF, StyleLayer

SIDE = 6  # sources on each edge of the table
MOST_KEYFRAMES = 12
FEWEST_STEPS, MOST_STEPS = 2, 24  # frames from one keyframe to the next
LARGEST_SEED = 2**31 - 1
USUAL_TRUNCATION, MOST_TRUNCATION = 0.8, 1.5
LARGEST_STYLE = 1e6
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Source:
    """Where the styles of an image come from.

    Attributes:
        seed: of the coding that is mapped, 0 to 2^31 - 1.
        own: the styles (layers, style_size) of an image that was searched for, instead; None for a drawn one.
    """

    seed: int = 0
    own: Array | None = None

    @property
    def words(self) -> str:
        """For a person."""
        return f"drawn with seed {self.seed}" if self.own is None else "an image that was searched for"


@dataclass(frozen=True, eq=False)
class Mix:
    """One image: two sources, and how much of the fine one each layer takes (0 to 1)."""

    coarse: Source
    fine: Source
    amounts: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Mixture:
    """A table of mixes with one of them taken out to be blended layer by layer.

    Attributes:
        rows: the coarse sources; ``columns`` the fine ones.
        crossover: how many layers the coarse source paints, 0 to the number of layers.
        noises: one a layer: ``FIXED``, ``OFF``, or a seed.
        seed: that the sources were drawn from.
        truncation: how far styles may be from their mean, 0 to 1.5.
        cell: (row, column) of the mix that is shown large.
        amounts: of its layers, 0 (coarse) to 1 (fine); None while it follows ``crossover``.
        keyframes: what an animation goes through, and back to the first one.
        steps: frames from one keyframe to the next, 2 to 24.
    """

    rows: tuple[Source, ...]
    columns: tuple[Source, ...]
    crossover: int
    noises: tuple[int, ...]
    seed: int = 0
    truncation: float = USUAL_TRUNCATION
    cell: tuple[int, int] = (0, 0)
    amounts: tuple[float, ...] | None = None
    keyframes: tuple[Mix, ...] = ()
    steps: int = 8

    @classmethod
    def begin(cls, layers: int, seed: int = 1) -> Mixture:
        """New sources for a model with so many layers; they cross over after the four coarsest, or half of them."""
        rows, columns = _drawn(seed, 0), _drawn(seed, SIDE)
        return cls(rows, columns, min(4, layers // 2), (FIXED,) * layers, seed)

    @property
    def layers(self) -> int:
        """Of the model."""
        return len(self.noises)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Rows, then columns."""
        return (*self.rows, *self.columns)

    # --- one image ---

    def blend(self) -> tuple[float, ...]:
        """How much of the fine source each layer of the large image takes."""
        return self.amounts if self.amounts is not None else crossed(self.layers, self.crossover)

    def mix(self) -> Mix:
        """The large image."""
        row, column = self.cell
        return Mix(self.rows[row], self.columns[column], self.blend())

    # --- changes: each gives a new table ---

    def with_crossover(self, layer: int) -> Mixture:
        """Let the coarse sources paint another number of layers; the large image follows."""
        return replace(self, crossover=layer, amounts=None)

    def with_cell(self, row: int, column: int) -> Mixture:
        """Take another mix out, as it is in the table."""
        return replace(self, cell=(row, column), amounts=None)

    def with_amount(self, layer: int, value: float) -> Mixture:
        """Blend one layer of the large image."""
        return replace(self, amounts=_put(self.blend(), layer, value))

    def with_noise(self, layer: int | None, choice: int) -> Mixture:
        """Choose the noise of one layer, or of all if ``layer`` is None."""
        noises = (choice,) * self.layers if layer is None else _put(self.noises, layer, choice)
        return replace(self, noises=noises)

    def with_other_noise(self) -> Mixture:
        """Draw again what is resampled; if nothing is, resample all layers that have noise."""
        resampled = [choice for choice in self.noises if choice >= 0]
        if resampled:
            noises = tuple(min(choice + 1, LARGEST_SEED) if choice >= 0 else choice for choice in self.noises)
        else:
            noises = tuple(choice if choice == OFF else 1 for choice in self.noises)
        return replace(self, noises=noises)

    def with_source(self, line: int, source: Source) -> Mixture:
        """Replace a source: lines 0 to 5 are rows, 6 to 11 columns."""
        made = _put(self.sources, line, source)
        return replace(self, rows=made[: len(self.rows)], columns=made[len(self.rows) :])

    def with_draw(self, line: int) -> Mixture:
        """Replace a source by another draw, one that is not in the table yet."""
        return self.with_source(line, Source((max(source.seed for source in self.sources) + 1) % LARGEST_SEED))

    def with_seed(self, seed: int) -> Mixture:
        """Draw all sources anew, but those that were searched for."""
        new = (*_drawn(seed, 0), *_drawn(seed, SIDE))
        kept = tuple(old if old.own is not None else one for old, one in zip(self.sources, new, strict=True))
        return replace(self, rows=kept[:SIDE], columns=kept[SIDE:], seed=seed)

    def with_keyframe(self) -> Mixture:
        """Let the animation go through the large image too.

        Raises:
            UserError: if there are too many.
        """
        if len(self.keyframes) >= MOST_KEYFRAMES:
            raise UserError(
                f"An animation has {MOST_KEYFRAMES} keyframes at most.", where="keyframes", advice="Take one out."
            )
        return replace(self, keyframes=(*self.keyframes, self.mix()))

    def without_keyframe(self, index: int) -> Mixture:
        """Take a keyframe out."""
        return replace(self, keyframes=(*self.keyframes[:index], *self.keyframes[index + 1 :]))

    def with_walk(self, seed: int, stops: int = SIDE) -> Mixture:
        """Make the animation a random walk: from the large image from one draw to the next, and back."""
        drawn = [Source((seed + number) % LARGEST_SEED) for number in range(stops - 1)]
        pure = (0.0,) * self.layers
        return replace(self, keyframes=(self.mix(), *(Mix(source, source, pure) for source in drawn)))

    # --- recipes ---

    def recipe(self) -> dict[str, Any]:
        """All that is needed to bring it back, as JSON; styles that were searched for are written once."""
        own: list[Array] = []

        def written(source: Source) -> dict[str, int]:
            if source.own is None:
                return {"seed": source.seed}
            found = next((at for at, one in enumerate(own) if one is source.own), len(own))
            if found == len(own):
                own.append(source.own)
            return {"own": found}

        return {
            "rows": [written(source) for source in self.rows],
            "columns": [written(source) for source in self.columns],
            "crossover": self.crossover,
            "noises": list(self.noises),
            "source_seed": self.seed,
            "truncation": self.truncation,
            "cell": list(self.cell),
            "amounts": None if self.amounts is None else list(self.amounts),
            "keyframes": [
                {"coarse": written(mix.coarse), "fine": written(mix.fine), "amounts": list(mix.amounts)}
                for mix in self.keyframes
            ],
            "steps": self.steps,
            "own": [_plain(styles) for styles in own],
        }


def crossed(layers: int, crossover: int) -> tuple[float, ...]:
    """0 for the layers before ``crossover``, 1 for the others."""
    return tuple(float(layer >= crossover) for layer in range(layers))


def crossover_words(layers: Sequence[StyleLayer], crossover: int) -> str:
    """What the coarse source paints, for a person: "coarse up to 8 × 8"."""
    if crossover <= 0:
        return "all fine"
    if crossover >= len(layers):
        return "all coarse"
    last, after = layers[crossover - 1], layers[crossover]
    whole = (last.height, last.width) != (after.height, after.width)
    return f"coarse up to {last.height} × {last.width}" if whole else f"coarse up to {layer_words(last)}"


def layer_words(layer: StyleLayer) -> str:
    """A layer's name with a proper sign of multiplication."""
    return layer.name.replace(" x ", " × ")


def _drawn(seed: int, first: int) -> tuple[Source, ...]:
    return tuple(Source((seed * 2 * SIDE + first + number) % LARGEST_SEED) for number in range(SIDE))


def _put(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return tuple(value if place == at else old for place, old in enumerate(values))


def _plain(styles: Array) -> list[list[float]]:
    """The shortest figures that give the same float32; a style that all layers share is written once."""
    rows = styles[:1] if (styles == styles[0]).all() else styles
    return [plain(row) for row in rows]
