"""Data: look at a dataset before anything is trained on it, and bring in a folder of one's own images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFileDialog, QListWidget, QListWidgetItem, QScrollArea, QWidget

from models.core import datasets
from models.core.datasets import Dataset, captions
from models.core.errors import UserError
from models.core.terminal import visible
from studio import theme
from studio.panels.base import Panel
from studio.panels.data.bars import Bars
from studio.panels.data.words import CaptionWords
from studio.session import FOLDER_SIZE, FOLDER_SIZES
from studio.widgets.basics import Elided, QuietCombo, plain
from studio.widgets.card import Card, button, hbox, label, vbox
from studio.widgets.grid import PictureGrid
from studio.widgets.picture import Picture
from studio.widgets.progress import ProgressRow
from studio.workers.worker import made

PATH = 0x0100  # role of the list's items: the key or path of the dataset


class Data(Panel):
    """The datasets there are, their images, labels and balance."""

    TITLE, ICON = "Data", "database"
    HINTS = "Drop a folder of images or an .npz file"

    def build(self, content: QWidget) -> None:
        """List at the left, images in the middle, facts at the right."""
        self.dataset: Dataset | None = None
        self._wanted: str | None = None
        self._rows: np.ndarray[Any, Any] = np.zeros(0, int)
        self._saying: list[int] | None = None  # the images whose captions use the word that is looked for
        self.words = CaptionWords()
        self.words.hide()
        self.words.chosen.connect(self._look_for)
        row = self.row(content)
        row.addWidget(self._make_list())
        row.addWidget(self._make_pictures(), 1)
        row.addWidget(self._make_facts())

    def _make_list(self) -> QWidget:
        card = Card("Datasets")
        card.setFixedWidth(224)
        self.list = QListWidget()
        self.list.setAccessibleName("Datasets")
        self.list.setWordWrap(True)
        self.list.currentItemChanged.connect(self._item_chosen)
        for key, title in datasets.DATASET_TITLES.items():
            self._add_item(key, title.split(":")[0])
        for path in map(str, self.session.settings.get("folders", [])):
            made(partial(self._add_item, path, Path(path).name), partial(self._damaged_item, path))
        self.fit_to = QuietCombo()
        for size in FOLDER_SIZES:
            self.fit_to.addItem(f"{size} x {size} pixels", size)
        self.fit_to.setCurrentIndex(FOLDER_SIZES.index(FOLDER_SIZE))
        self.fit_to.setToolTip("Size to which the images of a folder are fitted, here and in training")
        self.fit_to.setAccessibleName("Size of a folder's images")
        self.fit_to.currentIndexChanged.connect(self._fit)
        self.error.asked.connect(self._remove)
        add = button("Add a folder", "primary")
        add.clicked.connect(self._choose_folder)
        npz = button("Add an .npz file")
        npz.clicked.connect(self._choose_npz)
        card.body.addWidget(self.list, 1)
        card.body.addWidget(label("Or drop a folder of images on this window. They are fitted to", "secondary", True))
        card.body.addWidget(self.fit_to)
        card.body.addWidget(add)
        card.body.addWidget(npz)
        return card

    def _make_pictures(self) -> QWidget:
        self.pictures_card = Card("Images")
        self.part = QuietCombo()
        self.part.setAccessibleName("Which images")
        self.part.setMinimumWidth(150)
        self.part.currentIndexChanged.connect(self._show_part)
        self.pictures_card.tools.addWidget(self.part)
        self.grid = PictureGrid(cell=64, max_size=96)
        self.grid.set_droppable(True)
        self.grid.dropped.connect(self.dropped)
        self.grid.clicked.connect(self._show_one)
        self.progress = ProgressRow()
        self.progress.cancelled.connect(self._cancel)
        self.pictures_card.body.addWidget(self.progress)
        self.found = Elided()
        everything = button("Show all")
        everything.clicked.connect(self.words.clear)
        self.only = QWidget()
        self.only.setLayout(hbox(self.found, everything))
        self.only.layout().setStretch(0, 1)  # type: ignore[union-attr]
        self.only.hide()
        self.pictures_card.body.addWidget(self.only)
        self.pictures_card.body.addWidget(self.grid, 1)
        return self.pictures_card

    def _make_facts(self) -> QWidget:
        card = Card("Details")
        card.setFixedWidth(272)
        self.one = Picture("Click an image to enlarge it")
        self.one.setFixedHeight(180)
        self.caption = label("", "", True)
        self.one_words = label("", "secondary", True)
        self.facts = label("", "prose", True)
        self.bars = Bars()
        self.skipped = label("", "secondary", True)
        self.train_button = button("Train on this dataset", "primary")
        self.train_button.clicked.connect(self._train)
        inner = QWidget()
        inner.setProperty("role", "bare")
        inner.setLayout(
            vbox(self.one, self.caption, self.one_words, self.words, self.facts, self.bars, self.skipped, None)
        )
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(inner)
        card.body.addWidget(area, 1)
        card.body.addLayout(hbox(self.train_button, None))
        return card

    # --- choosing ---

    def _add_item(self, name: str, title: str) -> QListWidgetItem:
        for index in range(self.list.count()):
            if self.list.item(index).data(PATH) == name:
                return self.list.item(index)
        item = QListWidgetItem(visible.line(title))
        item.setData(PATH, name)
        item.setToolTip(plain(name))
        self.list.addItem(item)
        return item

    def _damaged_item(self, name: str, error: UserError) -> QListWidgetItem:
        """An entry that cannot be shown as it is; choosing it says what is wrong."""
        item = self._add_item(name, repr(name))
        item.setIcon(theme.icon("warning-circle", "bad"))
        item.setToolTip(plain(str(error)))
        return item

    def _item_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.open(item.data(PATH))

    def shown(self) -> None:
        """Show the first dataset when the panel is opened for the first time."""
        if self._wanted is None:
            self.list.setCurrentRow(0)

    def _choose_folder(self) -> None:
        if path := QFileDialog.getExistingDirectory(self, "A folder of images"):
            self.add(path)

    def _choose_npz(self) -> None:
        if path := QFileDialog.getOpenFileName(self, "Arrays", "", "NumPy archives (*.npz)")[0]:
            self.add(path)

    def dropped(self, paths: list[str]) -> bool:
        """A folder or an .npz file."""
        path = Path(paths[0])
        if not (path.is_dir() or path.suffix.lower() == ".npz"):
            path = path.parent  # an image stands for its folder
        self.add(str(path))
        return True

    def add(self, path: str) -> None:
        """Add a folder or file to the list, for good, and show it."""
        self.session.add_folder(path)
        self.session.fit(path, int(self.fit_to.currentData()))
        item = self._add_item(path, Path(path).name)
        if self.list.currentItem() is item:
            self.open(path)
        self.list.setCurrentItem(item)

    def open(self, name: str) -> None:
        """Load a dataset without holding up anything."""
        self._wanted = name
        self.error.hide()
        size = self.session.fitted_to(name)
        if size is not None:
            with QSignalBlocker(self.fit_to):
                self.fit_to.setCurrentIndex(FOLDER_SIZES.index(size))
        self.progress.begin("Loading")
        self.services.file_worker.ask(
            "dataset",
            lambda task: _counted(datasets.load(name, size=size, work=task)),
            partial(self._loaded, name), partial(self._not_loaded, name), self.progress.advance,
        )  # fmt: skip

    def _cancel(self) -> None:
        self.services.file_worker.cancel("dataset")
        self.progress.end()

    def _fit(self) -> None:
        """Another size was chosen: it holds for the folder that is shown, and for those that are added."""
        name = self._wanted
        if name is not None and self.session.fitted_to(name) is not None:
            self.session.fit(name, int(self.fit_to.currentData()))
            self.open(name)

    def _mark(self, name: str, error: UserError | None) -> None:
        """Mark a dataset that cannot be used in the list, here and in Train; None: it can."""
        (self.session.bad_datasets.discard if error is None else self.session.bad_datasets.add)(name)
        item = self._add_item(name, Path(name).name)
        item.setIcon(QIcon() if error is None else theme.icon("warning-circle", "bad"))
        item.setToolTip(plain(name if error is None else str(error)))

    def _remove(self) -> None:
        """Take the dataset that cannot be used off the list."""
        self.error.hide()
        self.session.forget_folder(str(self._wanted))
        self.list.takeItem(self.list.currentRow())  # the next one becomes current

    # --- showing ---

    def _loaded(self, name: str, dataset: Dataset) -> None:
        self.progress.end()
        self.dataset = dataset
        self._mark(name, None)
        self.train_button.setEnabled(True)
        self.session.datasets_changed.emit()
        title = dataset.title.split(":")[0]
        self.pictures_card.set_title(title)
        self.pictures_card.set_subtitle(f"{len(dataset.images):,} images, " + " x ".join(map(str, dataset.image_shape)))
        self.part.blockSignals(True)
        self.part.clear()
        for part in ("train", "validation", "test"):
            where = getattr(dataset, part)
            count = len(range(*where.indices(len(dataset.images))))
            if count:
                self.part.addItem(f"{part}: {count:,}", (part, None))
        for index, label_name in enumerate(dataset.label_names):
            self.part.addItem(f"only {visible.line(label_name)}", ("label", index))
        self.part.blockSignals(False)
        self._saying = None
        self.only.hide()
        self._show_part()
        self._show_facts(dataset)

    def _not_loaded(self, name: str, error: UserError) -> None:
        self.progress.end()
        self.error.show_error(error, "" if name in datasets.DATASETS else "Remove it from the list")
        self._mark(name, error)
        self.session.datasets_changed.emit()
        self.dataset = None  # what was shown before is another dataset
        self.train_button.setEnabled(False)
        self.pictures_card.set_title(Path(name).name)
        self.pictures_card.set_subtitle("could not be loaded")
        self.part.clear()
        self.grid.set_source(0, lambda index: None)
        self.one.set_image(None)
        for words in (self.caption, self.one_words, self.facts, self.skipped):
            words.setText("")
        self.bars.show_counts("", {})
        self.words.show_words({}, 0)
        self.only.hide()

    def _show_part(self) -> None:
        dataset, chosen = self.dataset, self.part.currentData()
        if dataset is None or chosen is None:
            return
        kind, index = chosen
        if kind == "label" and dataset.labels is not None:
            self._rows = np.flatnonzero(dataset.labels == index)
        else:
            self._rows = np.arange(*getattr(dataset, kind).indices(len(dataset.images)))
        if self._saying is not None:
            self._rows = np.intersect1d(self._rows, self._saying)
            self.found.setText(f"{len(self._rows):,} images whose captions say “{visible.line(self.words.word)}”")
        self.grid.set_source(len(self._rows), lambda i: np.asarray(dataset.images[self._rows[i]]))
        if len(self._rows):
            self._show_one(0)

    def _look_for(self, word: str) -> None:
        """Show only the images whose captions use a word; "" shows all."""
        if self.dataset is None or not word:
            self._found(word, None)
            return
        sentences = self.dataset.captions
        self.services.file_worker.ask(
            "word", lambda task: captions.with_word(sentences, word), partial(self._found, word), self.error.show_error
        )

    def _found(self, word: str, rows: list[int] | None) -> None:
        if word == self.words.word:  # nothing else was asked for meanwhile
            self._saying = rows
            self.only.setVisible(rows is not None)
            self._show_part()

    def _show_one(self, index: int) -> None:
        if self.dataset is None or not 0 <= index < len(self._rows):
            return
        row = int(self._rows[index])
        self.one.set_image(np.asarray(self.dataset.images[row]))
        self._show_caption(row)
        words = [f"image {row:,}"]
        if self.dataset.labels is not None and self.dataset.label_names:
            words.append(self.dataset.label_names[int(self.dataset.labels[row])])
        if self.dataset.attributes is not None:
            names = np.array(self.dataset.attribute_names)[self.dataset.attributes[row]]
            words.append(", ".join(names) or "none of the attributes")
        self.one_words.setText("  ·  ".join(words))

    def _show_caption(self, row: int) -> None:
        sentences = self.dataset.captions if self.dataset is not None else ()
        self.caption.setText((visible.line(sentences[row]) or "This image has no caption") if sentences else "")
        self.caption.setVisible(bool(sentences))

    def _show_facts(self, dataset: Dataset) -> None:
        self.words.show_words(dataset.word_counts, sum(map(bool, dataset.captions)))
        self.facts.setText("\n\n".join(part for part in (dataset.source, dataset.notice) if part))
        if dataset.attributes is not None and len(dataset.attribute_names):
            shares = dataset.attributes.mean(axis=0)
            self.bars.show_shares("Share of images with", dict(zip(dataset.attribute_names, shares, strict=True)))
        elif dataset.labels is not None and dataset.label_names:
            counts = np.bincount(dataset.labels, minlength=len(dataset.label_names))
            self.bars.show_counts("Images per class", dict(zip(dataset.label_names, counts, strict=True)))
        else:
            self.bars.show_counts("", {})
        lines = [f"{item.path}: {item.reason}" for item in dataset.skipped[:100]]
        count = len(dataset.skipped)
        head = f"{count:,} {'file' if count == 1 else 'files'} could not be read:\n" if lines else ""
        self.skipped.setText(head + "\n".join(lines))

    def _train(self) -> None:
        if self._wanted is not None:
            self.session.asked_for_panel.emit("train")
            self.session.asked_to_train.emit(self._wanted)


def _counted(dataset: Dataset) -> Dataset:
    """The same dataset, which counted the words of its captions in this thread."""
    _ = dataset.word_counts
    return dataset
