"""Reading a table of style mixes from a recipe that nobody trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.core.errors import RunFormatError
from models.core.styles.mixing import OFF
from models.core.styles.table import (
    FEWEST_STEPS,
    LARGEST_SEED,
    LARGEST_STYLE,
    MOST_KEYFRAMES,
    MOST_STEPS,
    MOST_TRUNCATION,
    SIDE,
    Array,
    Mix,
    Mixture,
    Source,
)

MOST_OWN = 2 * SIDE + 2 * MOST_KEYFRAMES


def from_recipe(recipe: Mapping[str, Any], layers: int, size: int) -> Mixture:
    """The table of a recipe, for a model with so many layers and styles of ``size`` numbers.

    Raises:
        RunFormatError: naming the first field that does not fit.
    """
    found = _list(recipe.get("own"), "own", most=MOST_OWN)
    own = [_styles(rows, layers, size) for rows in found]
    rows, columns = (
        tuple(_source(one, own, edge) for one in _list(recipe.get(edge), edge, SIDE)) for edge in ("rows", "columns")
    )
    amounts, cell = recipe.get("amounts"), _list(recipe.get("cell"), "cell", 2)
    return Mixture(
        rows=rows,
        columns=columns,
        crossover=_whole(recipe.get("crossover"), 0, layers, "crossover"),
        noises=tuple(_whole(one, OFF, LARGEST_SEED, "noises") for one in _list(recipe.get("noises"), "noises", layers)),
        seed=_whole(recipe.get("source_seed"), 0, LARGEST_SEED, "source_seed"),
        truncation=_number(recipe.get("truncation"), 0.0, MOST_TRUNCATION, "truncation"),
        cell=(_whole(cell[0], 0, SIDE - 1, "cell"), _whole(cell[1], 0, SIDE - 1, "cell")),
        amounts=None if amounts is None else _amounts(amounts, layers, "amounts"),
        keyframes=tuple(_mix(one, own, layers) for one in _list(recipe.get("keyframes"), "keyframes",
                                                               most=MOST_KEYFRAMES)),
        steps=_whole(recipe.get("steps"), FEWEST_STEPS, MOST_STEPS, "steps"),
    )  # fmt: skip


def _bad(field: str, problem: str = "cannot be read") -> RunFormatError:
    return RunFormatError(f"The recipe does not fit the model: {field} {problem}.", where=field)


def _list(value: Any, field: str, count: int | None = None, most: int = 0) -> list[Any]:
    if not isinstance(value, list):
        raise _bad(field)
    if len(value) > most if count is None else len(value) != count:
        wanted = f"{most:,} at most" if count is None else f"{count:,}"
        raise _bad(field, f"has {len(value):,} entries, and {wanted} are needed")
    return value


def _whole(value: Any, low: int, high: int, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad(field)
    return value


def _number(value: Any, low: float, high: float, field: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _bad(field)
    return float(value)


def _amounts(values: Any, layers: int, field: str) -> tuple[float, ...]:
    return tuple(_number(value, 0.0, 1.0, field) for value in _list(values, field, layers))


def _styles(rows: Any, layers: int, size: int) -> Array:
    """Styles (layers, size); one row stands for all layers."""
    given = _list(rows, "own", most=layers)
    if len(given) not in (1, layers):
        raise _bad("own")
    numbers = [[_number(value, -LARGEST_STYLE, LARGEST_STYLE, "own") for value in _list(row, "own", size)]
               for row in given]  # fmt: skip
    return np.repeat(np.array(numbers, np.float32), layers // len(given), axis=0)


def _source(value: Any, own: Sequence[Array], field: str) -> Source:
    if not isinstance(value, dict) or set(value) not in ({"seed"}, {"own"}):
        raise _bad(field)
    if "seed" in value:
        return Source(_whole(value["seed"], 0, LARGEST_SEED, field))
    return Source(own=own[_whole(value["own"], 0, len(own) - 1, field)])


def _mix(value: Any, own: Sequence[Array], layers: int) -> Mix:
    if not isinstance(value, dict):
        raise _bad("keyframes")
    coarse, fine = (_source(value.get(name), own, "keyframes") for name in ("coarse", "fine"))
    return Mix(coarse, fine, _amounts(value.get("amounts"), layers, "keyframes"))
