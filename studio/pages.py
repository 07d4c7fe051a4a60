"""The pages of the window: each panel is built when it is needed first."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Iterator, Mapping
from functools import partial

from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.frame.rail import Rail
from studio.panels import PANELS
from studio.panels.base import Panel
from studio.session import ModelInfo
from studio.widgets.card import EmptyState
from studio.workers.inference import FamilyInfo
from studio.workers.services import Services

log = logging.getLogger(__name__)
FIRST = "home"


class Pages(Mapping[str, Panel]):
    """The panels by key, in display order. Asking for one builds it, in the GUI thread only.

    All eleven at once would take longer than all the rest of the start, and most sessions need three. A panel that
    fails to open becomes a page that says so and is no entry any more; the others work.

    Args:
        services: what panels ask.
        stack: shows one page at a time; pages are added to it as they are built.
        rail: gets a button for each.
    """

    def __init__(self, services: Services, stack: QStackedWidget, rail: Rail) -> None:
        self._services, self._stack = services, stack
        self._kinds: dict[str, type[Panel]] = {}  # of those that can be opened, as far as is known
        self._built: dict[str, QWidget] = {}
        self._families: tuple[FamilyInfo, ...] | None = None  # known once the backend is there
        for key, (module, name) in PANELS.items():
            try:
                kind = self._kinds[key] = getattr(importlib.import_module(module), name)
                rail.add(key, kind.TITLE, kind.ICON)
            except Exception as error:
                log.exception("the panel %s failed to open", key)
                self._add(key, _broken(error))
                rail.add(key, key.capitalize(), "warning-circle")

    def __getitem__(self, key: str) -> Panel:
        page = self.page(key) if key in self._kinds else None
        if not isinstance(page, Panel):
            raise KeyError(key)
        return page

    def __contains__(self, key: object) -> bool:
        return key in self._kinds

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._kinds))

    def __len__(self) -> int:
        return len(self._kinds)

    def page(self, key: str) -> QWidget:
        """The page with this key, or the first one; built if nobody has needed it before."""
        if key not in self._built and key not in self._kinds:
            key = FIRST
        if key not in self._built:
            self._build(key)
        return self._built[key]

    def built(self) -> list[Panel]:
        """The panels that somebody has needed so far."""
        return [page for page in self._built.values() if isinstance(page, Panel)]

    def suited(self, model: ModelInfo) -> str | None:
        """The first panel that needs a model and can do something with this one."""
        found = (key for key, kind in self._kinds.items() if kind.NEEDS is not None and kind.suits(model))
        return next(found, None)

    def families_ready(self, families: tuple[FamilyInfo, ...]) -> None:
        """The backend is there: tell those that are built, and later the others."""
        self._families = families
        for panel in self.built():
            panel.attempt(partial(panel.families_ready, families))

    def _build(self, key: str) -> None:
        try:
            panel = self._kinds[key](self._services)
        except Exception as error:
            log.exception("the panel %s failed to open", key)
            del self._kinds[key]
            self._add(key, _broken(error))
            return
        self._add(key, panel)
        if self._families is not None:
            panel.attempt(partial(panel.families_ready, self._families))

    def _add(self, key: str, page: QWidget) -> None:
        page.setProperty("panel", key)
        self._built[key] = page
        self._stack.addWidget(page)


def _broken(error: Exception) -> EmptyState:
    text = f"This panel could not be opened: {traceback.format_exception_only(error)[-1].strip()}"
    return EmptyState("warning-circle", text)
