"""JSON from a file that nobody trusts: bounded in depth, finite in its numbers, each key once."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from models.core.errors import RunFormatError

MAX_DEPTH = 64
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_json(data: bytes, where: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON: no NaN, no infinity (1e999 neither), no key twice, not deeper than ``max_depth``.

    Raises:
        RunFormatError: it is not.
    """
    try:
        text = data.decode("utf-8")
        if text.count("[") + text.count("{") > max_depth and _depth(text) > max_depth:
            raise ValueError(f"nested deeper than {max_depth}")
        return json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RunFormatError(f"The file is damaged: {str(error)[:200]}.", where=where) from error


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


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
