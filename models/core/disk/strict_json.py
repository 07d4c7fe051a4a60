"""JSON from a file that nobody trusts: bounded in depth, finite in its numbers, each key once."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from models.core.errors import RunFormatError

MAX_DEPTH = 64
MAX_WHOLE = 2**64  # no whole number of ours is larger; a larger one fits into no array
_MARK = re.compile(r'\\.|["\[\]{}]', re.DOTALL)  # one character, or two that belong together: nothing to go back to


def parse_json(data: bytes, where: str, *, max_depth: int = MAX_DEPTH) -> Any:
    """Parse strict JSON: no NaN, no infinity (1e999 neither), no key twice, not deeper than ``max_depth``.

    Whole numbers are smaller than 2**64. The time is proportional to the size, whatever the bytes are.

    Raises:
        RunFormatError: it is not.
    """
    try:
        text = data.decode("utf-8")
        if text.count("[") + text.count("{") > max_depth and _is_deeper(text, max_depth):
            raise ValueError(f"nested deeper than {max_depth}")
        return json.loads(
            text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise RunFormatError(f"The file is damaged: {str(error)[:200]}.", where=where) from error


def _is_deeper(text: str, most: int) -> bool:
    """Whether brackets outside of strings are nested deeper than ``most``: one pass over the characters."""
    depth, inside = 0, False
    for match in _MARK.finditer(text):
        mark = match[0]
        if mark == '"':
            inside = not inside
        elif inside or mark[0] == "\\":
            continue
        else:
            depth += 1 if mark in "[{" else -1
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


def _whole(text: str) -> int:
    if len(text) > 25 or not -MAX_WHOLE < int(text) < MAX_WHOLE:
        raise ValueError("a number is too large")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values
