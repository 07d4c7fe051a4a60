"""A table of words: one list across, one down, every sentence from the same noise; filled, opened large, exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLineEdit, QProgressBar

from models.core.diffusion import word_table
from models.core.diffusion.prompt import MOST as MOST_TEXT
from models.core.diffusion.prompt import doubts
from models.core.diffusion.word_table import Table
from models.core.errors import ConfigError, UserError
from models.core.images import convert
from studio import theme
from studio.panels.diffusion.recording import Pixels, Setup
from studio.widgets.basics import plain
from studio.widgets.card import Card, button, label
from studio.widgets.grid import PictureGrid
from studio.widgets.lightbox import Lightbox
from studio.workers.recipes import Later
from studio.workers.services import Services
from studio.workers.worker import Task

KEY = "diffusion/prompt/table"
TITLES = {"begin": "All begin with", "across": "Across", "down": "Down"}
HINTS = {
    "begin": "such as a smiling person",
    "across": "such as black, green, red hair",
    "down": "such as no glasses, round glasses, sunglasses",
}


@dataclass(frozen=True)
class Lists:
    """What a table is made of, as it is typed."""

    begin: str = ""
    across: str = ""
    down: str = ""

    def numbers(self) -> dict[str, Any]:
        """For a recipe."""
        return asdict(self)

    def table(self) -> Table:
        """Which sentence stands where.

        Raises:
            ConfigError: naming each list in which nothing stands, or both if there are too many.
        """
        return word_table.table_of(self.begin, self.across, self.down)


class TableCard(Card):
    """Fills itself in the inference thread; ``left`` asks for the images of the prompt again."""

    left = Signal()
    export_asked = Signal(object)  # the table as one image

    def __init__(self, services: Services, failed: Callable[[UserError], None]) -> None:
        super().__init__("Table of words", "each sentence from the same noise")
        self.services, self._failed = services, failed
        self._setup = Setup()
        self._vocabulary: tuple[str, ...] = ()
        self._images: Pixels | None = None
        self._table = Table([], [], [])
        self.shown = Lists()  # what the images were made of, and how
        self.made_with = Setup()
        self.edits = {name: self._edit(name) for name in TITLES}
        self.do = button("Fill", "primary")
        self.do.clicked.connect(self.fill)
        self.export = button("Export")
        self.export.setToolTip("Write the table to the Gallery, as one image")
        self.export.clicked.connect(lambda: self.export_asked.emit(self.sheet()))
        back = button("Images")
        back.setToolTip("Back to the images of the prompt")
        back.clicked.connect(self.left)
        self.tools.addWidget(self.export)
        self.tools.addWidget(back)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.said = label("", "secondary", wrap=True)
        self.grid = PictureGrid(cell=56, max_size=256, whole=True)
        self.grid.clicked.connect(self._open)
        self._lay_out()
        self._show_state(busy=False)

    def _lay_out(self) -> None:
        form = QGridLayout()
        form.setHorizontalSpacing(theme.GAP_M)
        form.setVerticalSpacing(theme.GAP_S)
        for column, (name, title) in enumerate(TITLES.items()):
            form.addWidget(label(title, "secondary"), 0, column)
            form.addWidget(self.edits[name], 1, column)
            form.setColumnStretch(column, 1)
        form.addWidget(self.do, 1, len(TITLES))
        self.body.addLayout(form)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.said)
        self.body.addWidget(self.grid, 1)

    def _edit(self, name: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setMaxLength(MOST_TEXT)
        edit.setMinimumWidth(80)
        edit.setPlaceholderText(HINTS[name])
        edit.setToolTip(plain(HINTS[name]))
        edit.setAccessibleName(TITLES[name])
        edit.returnPressed.connect(self.fill)
        return edit

    def set_model(self, vocabulary: tuple[str, ...]) -> None:
        """Another model, with the words that it knows: the table is empty."""
        self._vocabulary = vocabulary
        self.forget()

    def set_setup(self, setup: Setup) -> None:
        """How the walks go, and what they lead away from; the sentence is not used."""
        self._setup = setup

    def forget(self) -> None:
        """Nothing that was made is of interest."""
        self.services.inference.cancel(KEY)
        self._images = None
        self.shown = Lists()
        self.grid.set_images([])
        self._show_state(busy=False)

    def lists(self) -> Lists:
        """What is typed."""
        return Lists(**{name: edit.text() for name, edit in self.edits.items()})

    def show_lists(self, lists: Lists) -> None:
        """Type them, and fill the table."""
        for name, text in lists.numbers().items():
            self.edits[name].setText(text)
        self.fill()

    def sheet(self) -> Pixels | None:
        """The table as one image; None while it is empty."""
        return None if self._images is None else word_table.sheet(self._images, self._table)

    @Slot()
    def fill(self) -> None:
        """Ask for all images of the table at once, or say what is missing."""
        lists, setup = self.lists(), self._setup
        try:
            table = lists.table()
        except ConfigError as error:
            problems = dict.fromkeys(f"{TITLES[name]}: {problem}." for name, problem in error.fields.items())
            self.said.setText(" ".join(problems))
            self.said.show()
            return

        def work(model: Any, task: Task) -> Pixels:
            states = word_table.fill(model, setup.sampling, setup.prompt, table.sentences, task)
            return convert.to_uint8(model.pictures(states))

        def take(images: Pixels) -> None:
            self._images = images
            self._table = table
            self.shown = lists
            self.made_with = setup
            self.grid.set_columns(len(table.across))
            self.grid.set_images(images, table.names)
            self._show_state(busy=False)

        typed = " ".join((lists.begin, lists.across, lists.down))  # not the words that join them
        self.said.setText(doubts(typed, self._vocabulary))
        self._show_state(busy=True)
        self.services.inference.question(KEY, work, take, self._refused, self._tell)

    def _tell(self, what: str, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    @Slot(object)
    def _refused(self, error: UserError) -> None:
        self._show_state(busy=False)
        self._failed(error)

    def _show_state(self, *, busy: bool) -> None:
        self.progress.setVisible(busy)
        if not busy:
            self.progress.setValue(0)
        self.said.setVisible(bool(self.said.text()))
        self.export.setEnabled(self._images is not None)

    def set_recipe(self, recipe: Later) -> None:
        """What an image carries that is dragged out."""
        self.grid.recipe = recipe

    def _open(self, index: int) -> None:
        pixels = self.grid.image(index)
        if pixels is not None:
            Lightbox(self.grid, pixels.copy(), self._table.names[index], self.grid.recipe)
