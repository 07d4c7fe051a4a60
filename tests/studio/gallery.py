"""Renders every widget in both themes into PNGs, to look at: ``python -m tests.studio.gallery FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from PySide6.QtWidgets import QApplication, QCheckBox, QProgressBar, QScrollArea, QWidget

from models.core.errors import UserError
from models.core.family import About, Config, setting
from studio import theme
from studio.widgets.basics import QuietCombo, QuietSpin
from studio.widgets.card import Card, Chip, EmptyState, ErrorNote, Foldout, Segmented, button, hbox, icon_button, vbox
from studio.widgets.form import ConfigForm
from studio.widgets.picture import FilmStrip, Picture, PictureGrid

PAGES: dict[str, Callable[[], QWidget]] = {}


def page(function: Callable[[], QWidget]) -> Callable[[], QWidget]:
    PAGES[function.__name__] = function
    return function


class Example(Config):
    architecture: Literal["dense", "conv"] = setting("dense", "Which network.", group="model")
    latent_size: int = setting(10, "How many numbers stand for a picture.", unit="codings", group="model", ge=1, le=512)
    kl_weight: float = setting(1.0, "How much the codings are pressed into a ball.", group="model", ge=0, le=100)
    activation: Literal["relu", "selu", "swish", "tanh"] = setting("selu", "The bend.", group="model")
    augment: bool = setting(True, "Mirror pictures at random.")
    noise: float = setting(0.1, "Spread of the noise.", unit="grey levels", group="advanced", ge=0)


def pictures(count: int, size: int = 28, channels: int = 1) -> np.ndarray:
    """Boots, more or less: blobs with an edge, different every time."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:size, 0:size] / size
    made = []
    for _ in range(count):
        a, b, c, d = rng.uniform(0.2, 0.8, 4)
        inside = (np.abs(x - a) < 0.15 + 0.2 * c) & (y > 0.2 * d) | ((y - b) ** 2 * 8 + (x - 0.5) ** 2 < 0.15)
        shade = inside[..., None] * rng.uniform(0.5, 1, channels) * (0.75 + 0.25 * rng.random((size, size, 1)))
        made.append((shade * 255).astype(np.uint8))
    return np.stack(made)


@page
def controls() -> QWidget:
    card = Card("Codings", "mean and spread of each of the 10")
    card.tools.addWidget(Segmented(["codings", "PCA"]))
    card.tools.addWidget(button("Export", icon="export"))
    card.body.addLayout(hbox(button("Random", "primary", "shuffle"), button("Reset"), button("Undo", "ghost"), None))
    off = button("Start", "primary")
    off.setEnabled(False)
    plain_off = button("Queue")
    plain_off.setEnabled(False)
    small = hbox(icon_button("lock-simple", "Lock"), icon_button("x", "Close", "small"))
    card.body.addLayout(hbox(off, plain_off, small, Chip("GPU: none, CPU 2 cores"), None))
    combo = QuietCombo()
    combo.addItems(["Fashion-MNIST", "Faces"])
    spin = QuietSpin()
    spin.setValue(42)
    switch, unset = QCheckBox("Mirror pictures"), QCheckBox("Later")
    switch.setChecked(True)
    bar = QProgressBar()
    bar.setValue(60)
    card.body.addLayout(hbox(combo, spin, switch, unset, None))
    card.body.addWidget(bar)
    note = ErrorNote()
    note.show_error(
        UserError("The picture could not be read.", where="boots/17.png", advice="Choose a PNG or JPEG."),
        "Choose another",
    )
    card.body.addWidget(note)
    about = About("A VAE squeezes each picture into a small cloud of numbers.", "z = mu + sigma * eps", "Kingma 2013")
    card.body.addWidget(Foldout("What am I looking at?", about, opened=True))
    empty = Card("Samples through time")
    empty.body.addWidget(EmptyState("image-square", "Samples appear here while a model learns.", "Start a run"))
    return on_window(hbox(card, empty, spacing=12), 860, 460)


def on_window(layout, width: int, height: int) -> QWidget:
    widget = QWidget()
    layout.setContentsMargins(16, 16, 16, 16)
    widget.setLayout(layout)
    widget.resize(width, height)
    return widget


@page
def form() -> QWidget:
    area = QScrollArea()
    area.setWidgetResizable(True)
    inner = ConfigForm(Example)
    inner.set_values({"learning_rate": 5, "epochs": 25})
    inner.setProperty("role", "bare")
    area.setWidget(inner)
    card = Card("New run")
    card.body.addWidget(area)
    return on_window(vbox(card), 340, 620)


@page
def picture() -> QWidget:
    card = Card("Picture", "28 x 28")
    big = Picture()
    big.set_image(pictures(3)[2])
    big.caption = "28 x 28 · decoded in 0.4 ms · nearest training picture: ankle boot, distance 3.1"
    card.body.addWidget(big)
    empty = Picture("Drop a picture here to find its codings.")
    card.body.addWidget(empty)
    grid = PictureGrid()
    grid.set_images(pictures(16))
    grid.set_current(5)
    samples = Card("Samples", "same 16 codings")
    samples.body.addWidget(grid)
    many = PictureGrid(cell=48, max_size=64)
    source = pictures(40, 32, 3)
    many.set_source(10_000, lambda i: source[i % 40])
    lots = Card("Faces to drag", "10,000")
    lots.body.addWidget(many)
    strip = FilmStrip()
    strip.set_images(pictures(14), [str(1000 - 70 * i) for i in range(14)])
    strip.set_current(3)
    row = Card("Path", "14 frames, spherical")
    row.body.addWidget(strip)
    return on_window(vbox(hbox(card, samples, lots, spacing=12), row, spacing=12), 1180, 620)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    only = sys.argv[2:]
    app = QApplication.instance() or QApplication([])
    for name in ("dark", "light"):
        theme.apply(app, name)
        for key, build in PAGES.items():
            if only and key not in only:
                continue
            widget = build()
            widget.show()
            for _ in range(5):
                app.processEvents()
            widget.grab().save(str(folder / f"{key}-{name}.png"))
            widget.close()
            widget.deleteLater()


if __name__ == "__main__":
    main()
