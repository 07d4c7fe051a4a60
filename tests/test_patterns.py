"""Every regular expression of the program is tried on strings that make a bad one run for ever.

The strings are made from the pattern itself: each of its repetitions is drawn out, then the end is spoilt, so that the
whole string has to be refused. A pattern that can read one string in several ways needs hours for that.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = sorted(path for folder in ("models", "studio") for path in (ROOT / folder).rglob("*.py"))
LONG = 200_000  # repetitions: work that grows with their square takes minutes
PATIENCE = 60.0  # seconds in which all patterns are done a hundred times over
REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)
CHILD = """
import json, re, sys
for pattern, texts in json.load(sys.stdin):
    compiled = re.compile(pattern, re.DOTALL)
    for text in texts:
        compiled.fullmatch(text), compiled.match(text)
        for found in compiled.finditer(text):
            pass
print("done")
"""


def patterns(path: Path) -> list[str]:
    """The patterns that a file gives to ``re``."""
    tree = ast.parse(path.read_text("utf-8"))
    names: dict[str, Any] = {"re": re}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names |= {name.id: node.value.value for name in node.targets if isinstance(name, ast.Name)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    given = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr != "escape"
    ]
    found = [eval(compile(ast.Expression(one), str(path), "eval"), names) for one in given]
    return [one.decode("latin-1") if isinstance(one, bytes) else one for one in found]


def drawn_out(pattern: str, long: int) -> Iterator[str]:
    """Strings that the pattern nearly matches, each with one repetition or alternative drawn out."""
    tree = parser.parse(pattern, re.DOTALL)
    for chosen in range(_count(tree)):
        for branch in range(3):
            for least in (0, 1):  # optional parts between repetitions make them one by their absence
                yield _Drawn(chosen, branch, long, least).text(tree)


def _parts(argument: Any) -> list[Any]:
    """The patterns inside of a node's argument."""
    if isinstance(argument, parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for item in argument for part in _parts(item)]
    return []


def _count(tree: Any) -> int:
    """How many repetitions there are."""
    return sum((kind in REPEATS) + sum(map(_count, _parts(argument))) for kind, argument in tree)


class _Drawn:
    """A string for a pattern in which one repetition is drawn out; one of each set's characters stands for it."""

    def __init__(self, chosen: int, branch: int, long: int, least: int) -> None:
        self.numbers = itertools.count()
        self.chosen, self.branch = chosen, branch
        self.long, self.least = long, least

    def text(self, tree: Any) -> str:
        return "".join(self._node(kind, argument) for kind, argument in tree)

    def _node(self, kind: Any, argument: Any) -> str:
        if kind in REPEATS:
            least, most, inner = argument
            mine = next(self.numbers) == self.chosen
            return self.text(inner) * (min(self.long, int(most)) if mine else max(self.least, int(least)))
        if kind is constants.BRANCH:
            texts = [self.text(one) for one in argument[1]]
            return texts[min(self.branch, len(texts) - 1)]
        if kind is constants.LITERAL:
            return chr(argument)
        if kind is constants.ANY:
            return '"'
        if kind is constants.IN:
            return _one_of(argument)
        if kind in (constants.ASSERT, constants.ASSERT_NOT, constants.AT):
            return ""
        return "".join(self.text(part) for part in _parts(argument))


def _one_of(members: list[Any]) -> str:
    """A character of a set."""
    compiled = [(kind, value) for kind, value in members if kind is not constants.NEGATE]
    kind, value = compiled[0]
    if members[0][0] is constants.NEGATE:
        return "~"
    if kind is constants.CATEGORY:
        return {constants.CATEGORY_DIGIT: "1", constants.CATEGORY_SPACE: " "}.get(value, "a")
    return chr(value[0] if kind is constants.RANGE else value)


def hostile(pattern: str) -> list[str]:
    """Long strings with an end that does not fit."""
    return [text for one in drawn_out(pattern, LONG) for text in (one + "\0", one[:-1], one * 2 + "\0")]


def tried(found: list[str], seconds: float) -> None:
    """Try patterns in a process of its own; ``subprocess.TimeoutExpired`` if one of them does not come to an end."""
    work = json.dumps([(pattern, hostile(pattern)) for pattern in found])
    command = [sys.executable, "-c", CHILD]
    run = subprocess.run(command, input=work, capture_output=True, text=True, timeout=seconds, check=False)
    assert run.stdout.strip() == "done", run.stderr


def test_no_pattern_of_the_program_runs_for_ever() -> None:
    found = sorted({pattern for path in SOURCE for pattern in patterns(path)})
    assert len(found) > 15
    tried(found, PATIENCE)


@pytest.mark.parametrize("pattern", [r'"(?:[^"\\]|\\.)*"', r"\(((?:\d{1,18},? ?)*)\)", r"(a+)+b", r"a*a*b"])
def test_the_search_finds_patterns_that_would(pattern: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        tried([pattern], 4.0)
