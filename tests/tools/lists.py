"""The lists of tests that not every command runs: ``tests/thorough.txt`` and ``tests/one_backend.txt``."""

from __future__ import annotations

from tests.tools.folders import ROOT

LISTS = ("thorough", "one_backend")  # each is a marker, too


def names_in(listed: str) -> list[str]:
    """The beginnings of the names in a list, as pytest writes them: a folder, a file, a test, or one of its cases."""
    lines = (ROOT / "tests" / f"{listed}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
