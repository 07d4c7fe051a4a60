"""The list of the tests that only ``make test-all`` runs."""

from __future__ import annotations

from tests.tools.folders import ROOT

LIST = ROOT / "tests" / "thorough.txt"


def names_of_thorough_tests() -> list[str]:
    """The beginnings of their names, as pytest writes them: a folder, a file, a test, or one of its cases."""
    lines = LIST.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
