"""How a user would use each panel, for its screenshots: ``tour(panel)`` in the file of the panel's key.

A tour yields a name once the panel is to be photographed, when all is idle; "" only waits. A panel without a file here
is shown as it opens.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

from studio.panels.base import Panel


def of(key: str, panel: Panel) -> Iterator[str]:
    """The tour of the panel that is registered under ``key``."""
    name = f"{__name__}.{key}"
    if importlib.util.find_spec(name) is None:
        yield "page"
        return
    yield from importlib.import_module(name).tour(panel)


def with_others(key: str) -> dict[str, Callable[[Any], Iterator[str]]]:
    """Further tours of that panel, each with the shipped run of its name: ``WITH_OTHERS`` in the file of the panel."""
    name = f"{__name__}.{key}"
    if importlib.util.find_spec(name) is None:
        return {}
    return dict(getattr(importlib.import_module(name), "WITH_OTHERS", {}))
