"""A - B + C: groups of codings with strengths, directions on top, and what comes out; a value that never changes.

Source: Radford, Metz and Chintala 2015, arXiv:1511.06434, section 6.3.2 and figure 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.errors import RunFormatError, UserError
from models.core.latent import direction_files, directions
from models.core.latent.direction_files import Direction
from models.core.recipes.fields import plain

SLOTS = ("A", "B", "C")
SIGNS = (1.0, -1.0, 1.0)
STRONGEST = 2.0
MOST_PICTURES, MOST_DIRECTIONS = 64, 32
MOST_NOISE = 1.0
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Equation:
    """z = a mean(A) - b mean(B) + c mean(C) + sum of amount x direction.

    Attributes:
        groups: three arrays of codings (n, latent_size), n may be 0.
        strengths: of the three terms, -2..2.
        directions: with their ``amounts``, -2..2 each.
        base: a single coding (latent_size,) that stands in for A - B + C, or None.
        noise: standard deviation of the neighbours' noise, 0..1.
        seed: of that noise.
        condition: what the last numbers of the coding shall be, in [0, 1]; None leaves one as the sum gives it.
    """

    groups: tuple[Array, Array, Array]
    strengths: tuple[float, float, float] = (1.0, 1.0, 1.0)
    directions: tuple[Direction, ...] = ()
    amounts: tuple[float, ...] = ()
    base: Array | None = None
    noise: float = 0.25
    seed: int = 0
    condition: tuple[float | None, ...] = ()

    @classmethod
    def empty(cls, size: int, conditions: int = 0) -> Equation:
        """Nothing in the slots, for codings of ``size`` numbers of which the last ``conditions`` are a condition."""
        nothing = np.zeros((0, size), np.float32)
        return cls((nothing, nothing, nothing), condition=(None,) * conditions)

    @property
    def size(self) -> int:
        """Numbers in a coding."""
        return int(self.groups[0].shape[1])

    @property
    def filled(self) -> bool:
        """Whether there is anything to paint."""
        return self.base is not None or any(len(group) for group in self.groups)

    def coding(self) -> Array:
        """What comes out, (latent_size,)."""
        start = directions.combine(self.groups, SIGNS, self.strengths) if self.base is None else self.base
        for direction, amount in zip(self.directions, self.amounts, strict=True):
            start = start + np.float32(amount) * direction.vector
        return self._conditioned(np.asarray(start, np.float32))

    def neighbours(self) -> Array:
        """What comes out in the middle of nine, (9, latent_size); a condition that is given has no noise."""
        return self._conditioned(directions.neighbours(self.coding(), self.noise, self.seed))

    def _conditioned(self, codings: Array) -> Array:
        changed = codings.copy()
        for place, value in enumerate(self.condition, start=codings.shape[-1] - len(self.condition)):
            if value is not None:
                changed[..., place] = value
        return changed

    def words(self) -> str:
        """The left-hand side of what is shown."""
        return "A − B + C" if self.base is None else "One image"

    # --- changes: each gives a new equation ---

    def add(self, slot: int, codings: Array) -> Equation:
        """Put codings (n, latent_size) into a slot.

        Raises:
            UserError: if the slot is full.
        """
        group = np.concatenate([self.groups[slot], codings]).astype(np.float32)
        if len(group) > MOST_PICTURES:
            raise UserError(f"A slot holds {MOST_PICTURES} images at most.", where=SLOTS[slot], advice="Clear it.")
        return self._with_group(slot, group)

    def take(self, slot: int, index: int) -> Equation:
        """Take one image out of a slot."""
        return self._with_group(slot, np.delete(self.groups[slot], index, axis=0))

    def clear(self, slot: int) -> Equation:
        """Empty a slot."""
        return self._with_group(slot, self.groups[slot][:0])

    def _with_group(self, slot: int, group: Array) -> Equation:
        first, second, third = (group if place == slot else old for place, old in enumerate(self.groups))
        return replace(self, groups=(first, second, third), base=None)

    def with_strength(self, slot: int, value: float) -> Equation:
        """Set the strength of a term."""
        first, second, third = (value if place == slot else old for place, old in enumerate(self.strengths))
        return replace(self, strengths=(first, second, third))

    def with_direction(self, direction: Direction, amount: float) -> Equation:
        """Add a direction, or replace that of the same name.

        Raises:
            UserError: if there are too many.
        """
        if (place := self.place(direction.name)) is not None:
            made = tuple(direction if index == place else old for index, old in enumerate(self.directions))
            return replace(self, directions=made).with_amount(place, amount)
        if len(self.directions) >= MOST_DIRECTIONS:
            text = f"There are {MOST_DIRECTIONS} directions already."
            raise UserError(text, where="directions", advice="Remove one first.")
        return replace(self, directions=(*self.directions, direction), amounts=(*self.amounts, amount))

    def place(self, name: str) -> int | None:
        """Where a direction of this name is."""
        return next((place for place, one in enumerate(self.directions) if one.name == name), None)

    def with_amount(self, index: int, value: float) -> Equation:
        """Set how much of a direction is added."""
        return replace(self, amounts=tuple(value if at == index else old for at, old in enumerate(self.amounts)))

    def without_direction(self, index: int) -> Equation:
        """Remove a direction."""
        keep = [at for at in range(len(self.directions)) if at != index]
        return replace(
            self,
            directions=tuple(self.directions[at] for at in keep),
            amounts=tuple(self.amounts[at] for at in keep),
        )

    # --- recipes ---

    def recipe(self) -> dict[str, Any]:
        """All that is needed to bring it back, as JSON; ``codings`` is what comes out."""
        asked = {"condition": list(self.condition)} if any(one is not None for one in self.condition) else {}
        return {
            **asked,
            "codings": plain(self.coding()),
            "slots": [[plain(coding) for coding in group] for group in self.groups],
            "strengths": list(self.strengths),
            "directions": [direction.data() for direction in self.directions],
            "amounts": list(self.amounts),
            "base": None if self.base is None else plain(self.base),
            "noise": self.noise,
            "noise_seed": self.seed,
        }


def from_recipe(recipe: Mapping[str, Any], size: int, conditions: int = 0) -> Equation:
    """The equation of a recipe that nobody trusts.

    Raises:
        RunFormatError: naming the first field that does not fit a model with codings of ``size`` numbers, the last
            ``conditions`` of them a condition.
    """
    slots, found = recipe.get("slots"), recipe.get("directions")
    if not isinstance(slots, list) or len(slots) != len(SLOTS):
        raise _bad("slots")
    groups = [_codings(slot, size) for slot in slots]
    if not isinstance(found, list) or len(found) > MOST_DIRECTIONS:
        raise _bad("directions")
    made = tuple(direction_files.parse(data, size, "directions") for data in found)
    base, seed = recipe.get("base"), recipe.get("noise_seed")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise _bad("noise_seed")
    first, second, third = _numbers(recipe.get("strengths"), 3, STRONGEST, "strengths")
    (noise,) = _numbers([recipe.get("noise")], 1, MOST_NOISE, "noise")
    return Equation(
        groups=(groups[0], groups[1], groups[2]),
        strengths=(first, second, third),
        directions=made,
        amounts=_numbers(recipe.get("amounts"), len(made), STRONGEST, "amounts"),
        base=None if base is None else _codings([base], size)[0],
        noise=abs(noise),
        seed=seed,
        condition=_condition(recipe.get("condition"), conditions),
    )


def _condition(values: Any, count: int) -> tuple[float | None, ...]:
    """One value a name or None; a recipe of a sum that was left as it is has none."""
    if values is None:
        return (None,) * count
    if not isinstance(values, list) or len(values) != count:
        raise _bad("condition", f"must be a list of {count} values, one a class or attribute of the model")
    if not all(one is None or (type(one) in (int, float) and 0 <= one <= 1) for one in values):
        raise _bad("condition", "must be numbers from 0 to 1, or null")
    return tuple(None if one is None else float(one) for one in values)


def _bad(field: str, problem: str = "cannot be read") -> RunFormatError:
    return RunFormatError(f"The recipe does not fit the model: {field} {problem}.", where=field)


def _codings(rows: Any, size: int) -> Array:
    if not isinstance(rows, list) or len(rows) > MOST_PICTURES:
        raise _bad("slots")
    made = [_numbers(row, size, 1e6, "slots") for row in rows]
    return np.array(made, np.float32).reshape(len(made), size)


def _numbers(values: Any, count: int, most: float, field: str) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise _bad(field)
    if len(values) != count:
        raise _bad(field, f"has {len(values):,} numbers, and {count:,} are needed")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and -most <= v <= most for v in values):
        raise _bad(field)
    return tuple(float(value) for value in values)
