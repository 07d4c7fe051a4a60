"""JSON from a file that nobody trusts: bounded in depth, finite in its numbers, each key once."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from models.core.errors import RunFormatError

MAX_DEPTH = 64
MOST_PARTS = 200_000  # lists and objects in a file; ours have some thousands
MAX_WHOLE = 2**64  # no whole number of ours is larger; a larger one fits into no array
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)  # or to the end: nothing to go back to
_BRACKET = re.compile(r"[\[\]{}]")
_LONG_WHOLE = re.compile(r"(?<![\d.eE+-])-?\d{20,}(?![\d.eE])")  # 2**64 has twenty digits


def parse_json(data: bytes, where: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON: no NaN, no infinity (1e999 neither), no key twice, not deeper than ``max_depth``.

    Whole numbers are smaller than 2**64, lists and objects at most 200,000. The time is proportional to the size,
    whatever the bytes are: 0.1 s for each megabyte, 0.5 s for all objects (``benchmarks/worst_files.py``).

    Raises:
        RunFormatError: it is not.
    """
    try:
        text = data.decode("utf-8")
        _check_marks(_STRING.sub("", text), max_depth)
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RunFormatError(f"The file is damaged: {str(error)[:200]}.", where=where) from error


def _check_marks(bare: str, max_depth: int) -> None:
    """Look at the brackets and the long numbers outside of strings; ValueError if they are too many or too large."""
    parts = bare.count("[") + bare.count("{")
    if parts > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS:,} lists and objects")
    if parts > max_depth and _is_deeper(bare, max_depth):
        raise ValueError(f"nested deeper than {max_depth}")
    for match in _LONG_WHOLE.finditer(bare):
        if len(match[0]) > 25 or not -MAX_WHOLE < int(match[0]) < MAX_WHOLE:
            raise ValueError("a number is too large")


def _is_deeper(text: str, most: int) -> bool:
    """Whether brackets outside of strings are nested deeper than ``most``."""
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if match[0] in "[{" else -1
        if depth > most:
            return True
    return False


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values
