"""The laws of the tests themselves: each can fail, none can wait for ever, and none is another one's library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.lists import LISTS, names_in

FOLDER = Path(__file__).resolve().parent
FILES = sorted(FOLDER.rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Calls of others that raise if something is not as it should be.
CHECKS = {"raises", "warns", "fail", "waitUntil", "waitSignal", "waitSignals", "waitExposed", "check_output"}
WAITS = {"join", "wait", "get", "result", "communicate"}  # for ever, where nothing says how long


def named(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def called(node: ast.AST) -> set[str]:
    """The last part of the name of everything that is called in a piece of code."""
    calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    return names | {call.id for call in calls if isinstance(call, ast.Name)}


def asserts(node: ast.AST) -> bool:
    """Whether a piece of code says itself what must be true; what is always true says nothing."""
    for part in ast.walk(node):
        if isinstance(part, ast.Assert) and not isinstance(part.test, ast.Constant):
            return True
        if isinstance(part, ast.Raise) and part.exc is not None and "AssertionError" in ast.unparse(part.exc):
            return True
    names = called(node)
    return bool(names & CHECKS) or any(name.startswith("assert_") for name in names)


def checking(trees: list[ast.AST]) -> set[str]:
    """The names of all helpers that can fail, by themselves or through another one."""
    helpers = [one for tree in trees for one in functions(tree) if not one.name.startswith("test_")]
    found = {one.name for one in helpers if asserts(one)}
    for _ in helpers:
        more = {one.name for one in helpers if called(one) & found} | found
        if more == found:
            break
        found = more
    return found


def without_check(tree: ast.AST, helpers: set[str]) -> list[str]:
    """The tests in a file that can only fail by accident."""
    tests = [one for one in functions(tree) if one.name.startswith("test_")]
    return [f"{one.name} at line {one.lineno}" for one in tests if not asserts(one) and not called(one) & helpers]


def ends(loop: ast.While) -> bool:
    """Whether a loop looks at the clock, or goes from one place of something to the next in each of its rounds."""
    moved = {ast.unparse(part.target) for part in loop.body if isinstance(part, ast.AugAssign)}
    counts = isinstance(loop.test, ast.Compare) and ast.unparse(loop.test.left) in moved
    return counts or "monotonic" in called(loop.test)


def endless(tree: ast.AST) -> list[str]:
    """Loops and waits that nothing ends: ``while`` without a look at the clock, ``join()`` without a time."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.While) and not ends(node):
            found.append(f"while at line {node.lineno}: use rounds() or until() of tests/tools/bounds.py")
        call = node.func if isinstance(node, ast.Call) and not (node.args or node.keywords) else None
        if isinstance(call, ast.Attribute) and call.attr in WAITS:
            found.append(f"{ast.unparse(node)[-40:]} at line {node.lineno}: say for how long")
    return found


def borrowed(tree: ast.AST) -> list[str]:
    """Imports from test modules: what two of them need lies in tests/tools."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    paths = [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
    return [path for path in paths if path.startswith("tests.") and ".test_" in path]


TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}
HELPERS = checking(list(TREES.values()))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_test_says_what_must_be_true(path: Path) -> None:
    assert not without_check(TREES[path], HELPERS)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_test_can_wait_for_ever(path: Path) -> None:
    assert not endless(TREES[path])


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_module_borrows_from_a_test_module(path: Path) -> None:
    assert not borrowed(TREES[path])


@pytest.mark.parametrize("name", [name for listed in LISTS for name in names_in(listed)])
def test_what_is_listed_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert (FOLDER.parent / path).exists()
    if test:
        there = {one.name for one in functions(TREES[FOLDER.parent / path])}
        assert any(one.startswith(test.partition("[")[0]) for one in there)


def test_the_search_for_what_is_borrowed_finds_it() -> None:
    tree = ast.parse(
        "from tests.studio.test_jobs import wait\nfrom tests.studio import test_jobs\nfrom tests.tools import a\n"
    )
    assert borrowed(tree) == ["tests.studio.test_jobs.wait", "tests.studio.test_jobs"]


def test_the_search_for_empty_tests_finds_them() -> None:
    tree = ast.parse(
        "def helper(x):\n    assert x\n"
        "def through(x):\n    helper(x)\n"
        "def test_good():\n    through(1)\n"
        "def test_raises():\n    with pytest.raises(ValueError):\n        int('x')\n"
        "def test_empty():\n    print(1)\n"
        "def test_constant():\n    assert True\n"
    )
    assert without_check(tree, checking([tree])) == ["test_empty at line 10", "test_constant at line 12"]


def test_the_search_for_endless_loops_finds_them() -> None:
    tree = ast.parse(
        "while not x.is_set():\n    pass\n"
        "while time.monotonic() < end:\n    pass\n"
        "while place < size:\n    place += 8\n"
        "thread.join()\nthread.join(30)\n', '.join(words)\nchild.wait(timeout=30)\n"
    )
    assert [words.split(":")[0] for words in endless(tree)] == ["while at line 1", "thread.join() at line 7"]
