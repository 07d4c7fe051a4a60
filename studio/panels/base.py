"""What all panels have in common: a page with a place for errors, and an empty state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from models.core.disk import places
from models.core.errors import UserError
from studio import theme
from studio.panels.page_area import PageArea
from studio.session import ModelInfo
from studio.widgets.card import EmptyState, ErrorNote
from studio.workers.inference import FamilyInfo
from studio.workers.recipes import Prepared
from studio.workers.services import Services
from studio.workers.worker import as_error


class Panel(QWidget):
    """One page of the studio.

    A panel says what it is called (``TITLE``), its icon, the capability it needs (``NEEDS``) and what it is for
    (``PURPOSE``, shown while there is no model that has the capability). It builds itself in ``build`` and answers to
    ``model_changed``. Nothing here asks which family a model is of.
    """

    TITLE: ClassVar[str] = ""
    ICON: ClassVar[str] = "square"
    NEEDS: ClassVar[type | None] = None
    PURPOSE: ClassVar[str] = ""
    OFFERS: ClassVar[str] = ""  # a run of resources/pretrained that the empty panel opens with one click
    HINTS: ClassVar[str] = ""  # keys worth knowing, shown in the status line

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.services = services
        self.session = services.session
        self.usable = False  # whether the current model is one that it can ask
        self._info: ModelInfo | None = None  # that model, for panels that need one
        self._to_restore: list[Any] = []  # at most one state, that waits until the page is ready for it
        self.error = ErrorNote()
        self.content = QWidget()
        self.empty = self._make_empty()
        self._page = PageArea(self.content)
        self._stack = QStackedLayout()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.GAP_L, theme.GAP_L, theme.GAP_L, theme.GAP_L)
        outer.setSpacing(theme.GAP_M)
        outer.addWidget(self.error)
        outer.addLayout(self._stack, 1)
        for page in (self._page, self.empty):  # now: a stack without a parent shows its first page as a window
            self._stack.addWidget(page)
        try:
            self.build(self.content)
        except Exception:
            self.deleteLater()  # what is half built would stay as a window of its own, unseen
            raise
        self.session.model_changed.connect(self._model_changed)
        self.session.weights_changed.connect(self._weights_changed)
        self._model_changed()

    def _make_empty(self) -> EmptyState:
        """What the panel is for, with the pretrained model that it offers, or the way to all models."""
        offered = places.pretrained() / self.OFFERS
        if self.OFFERS and offered.is_dir():
            empty = EmptyState(self.ICON, self.PURPOSE, f"Open {self.OFFERS}", "Choose another model")
            empty.asked.connect(lambda: self.session.asked_for_run.emit(offered))
            empty.asked_other.connect(lambda: self.session.asked_for_panel.emit("home"))
        else:
            empty = EmptyState(self.ICON, self.PURPOSE, "Choose a model" if self.NEEDS else None)
            empty.asked.connect(lambda: self.session.asked_for_panel.emit("home"))
        return empty

    def row(self, parent: QWidget) -> QHBoxLayout:
        """The usual layout: cards side by side with the usual gap."""
        row = QHBoxLayout(parent)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP_M)
        return row

    def key(self, keys: str | QKeySequence.StandardKey, do: Callable[[], object], *, anywhere: bool = False) -> None:
        """A key of this page: ``do`` is called while there is a model that the panel can ask, else nothing happens.

        Args:
            anywhere: also while the focus is outside of the page, but the page in front.
        """

        def pressed() -> None:
            if self.usable:
                do()

        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence(keys), self, pressed, context=Qt.ShortcutContext.WindowShortcut if anywhere else inside)

    def build(self, content: QWidget) -> None:
        """Make the widgets of the page, once: when the panel is needed first, so that work may be going on already."""

    def families_ready(self, families: tuple[FamilyInfo, ...]) -> None:
        """The backend is there, and with it the families; told once."""

    def _model_changed(self) -> None:
        model = self.session.model
        self.usable = self.NEEDS is None or (model is not None and self.suits(model))
        self._stack.setCurrentWidget(self._page if self.usable else self.empty)
        self.error.hide()
        self._to_restore.clear()
        self.attempt(self.model_changed if self.usable else self.model_gone)

    def _weights_changed(self) -> None:
        if self.usable:
            self.attempt(self.weights_changed)

    def came_forward(self) -> None:
        """The window has brought the panel to the front."""
        if self.usable:
            self.attempt(self.shown)

    def attempt(self, act: Callable[[], None]) -> None:
        """Do what the window asks of the page; what goes wrong is said on the page and stops nobody else."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - it is shown and logged
            self.show_error(as_error(error))

    @classmethod
    def suits(cls, model: ModelInfo) -> bool:
        """Whether this panel can do something with a model."""
        return model.can(cls.NEEDS)

    def model_changed(self) -> None:
        """Another model is current; it has the capability this panel needs."""

    def model_gone(self) -> None:
        """No model, or one that this panel can ask nothing: what was known of the one before no longer holds."""
        self._info = None

    def weights_changed(self) -> None:
        """The current model has learned more; not called while there is none that this panel can ask."""

    def shown(self) -> None:
        """The panel came to the front; not called while there is no model that it can ask."""

    def come_forward(self) -> None:
        """Ask for this panel to be in front, if it is not."""
        if not self.isVisible():
            self.session.asked_for_panel.emit(str(self.property("panel")))

    def dropped(self, paths: list[str]) -> bool:
        """Files were dropped on the window while this panel was in front; True if it took them."""
        return False

    # --- recipes: checked as a whole before anything is changed, then brought back in one step of undo ---

    def prepare(self, values: Mapping[str, Any], info: ModelInfo, model: Any) -> Prepared:
        """Make a state of the values of a recipe, for a model that is perhaps not the current one yet.

        Runs in the inference thread: it touches no widget and keeps nothing.

        Raises:
            UserError: naming what does not fit.
        """
        raise UserError(f"{self.TITLE} has no settings that a recipe could bring back.")

    def bring_back(self, state: Any) -> None:
        """Show the state that ``prepare`` made: one step that can be undone."""

    def ready(self) -> bool:
        """Whether the page knows enough of the current model to show a state."""
        return True

    def restore(self, state: Any) -> None:
        """Bring a state back: now, or when the panel says ``settled``; another model forgets it."""
        self._to_restore[:] = [state]
        self.settled()

    def settled(self) -> bool:
        """To be called by a panel that has become ready; True if there was a state to bring back."""
        if not self._to_restore or not self.ready():
            return False
        self.error.hide()
        self.bring_back(self._to_restore.pop())
        return True

    def show_error(self, error: UserError) -> None:
        """Show an error above the page."""
        self.error.show_error(error)
