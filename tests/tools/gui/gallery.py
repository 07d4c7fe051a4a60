"""Renders every widget in both themes into PNGs, to look at: ``python -m tests.tools.gui.gallery FOLDER``."""

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
from studio.panels.latent.map import LatentMap
from studio.panels.latent.slider_table import SliderTable
from studio.panels.train.codings_chart import CodingsChart
from studio.panels.train.curves.curves import Curves
from studio.panels.train.form import ConfigForm
from studio.widgets.basics import QuietCombo, QuietSpin
from studio.widgets.card import Card, Chip, EmptyState, ErrorNote, Foldout, Segmented, button, hbox, icon_button, vbox
from studio.widgets.picture import FrameStrip, Picture, PictureGrid
from studio.widgets.sliders import CodingSlider, LabelledSlider

PAGES: dict[str, Callable[[], QWidget]] = {}


def page(function: Callable[[], QWidget]) -> Callable[[], QWidget]:
    PAGES[function.__name__] = function
    return function


class Example(Config):
    architecture: Literal["dense", "conv"] = setting("dense", "Which network.", group="model")
    latent_size: int = setting(10, "How many numbers stand for an image.", unit="codings", group="model", ge=1, le=512)
    kl_weight: float = setting(1.0, "How much the codings are pressed into a ball.", group="model", ge=0, le=100)
    activation: Literal["relu", "selu", "swish", "tanh"] = setting("selu", "The bend.", group="model")
    augment: bool = setting(True, "Mirror images at random.")
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
        UserError("The image could not be read.", where="boots/17.png", advice="Choose a PNG or JPEG."),
        "Choose another",
    )
    card.body.addWidget(note)
    about = About("A VAE squeezes each image into a small cloud of numbers.", "z = mu + sigma * eps", "Kingma 2013")
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
    big.caption = "28 x 28 · decoded in 0.4 ms · nearest training image: ankle boot, distance 3.1"
    card.body.addWidget(big)
    empty = Picture("Drop an image here to find its codings.")
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
    strip = FrameStrip()
    strip.set_images(pictures(14), [str(1000 - 70 * i) for i in range(14)])
    strip.set_current(3)
    row = Card("Path", "14 frames, spherical")
    row.body.addWidget(strip)
    return on_window(vbox(hbox(card, samples, lots, spacing=12), row, spacing=12), 1180, 620)


@page
def latent() -> QWidget:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 10, 3000)
    centres = rng.normal(0, 2.2, (10, 2))
    points = centres[labels] + rng.normal(0, 0.45, (3000, 2))
    names = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
    table = SliderTable([f"z{i}" for i in range(64)])
    table.set_values(np.clip(rng.normal(0, 1, 64), -3, 3))
    table.set_locked([i in (2, 5) for i in range(64)])
    one = CodingSlider("glasses", value=1.4)
    other = CodingSlider("beard", value=-0.9)
    other.set_colour("#b5369a")
    other.set_locked(True)
    time = LabelledSlider(0, 7310, "step {:,}".format)
    time.set_value(4970)
    card = Card("Codings", "64 of them")
    card.tools.addWidget(Segmented(["codings", "PCA"]))
    for widget in (table, one, other, time):
        card.body.addWidget(widget)
    card.body.addLayout(hbox(button("Random", "primary"), button("Reset"), button("Undo"), button("Save"), None))
    chart = LatentMap()
    chart.set_points(points, labels, names, pictures(40)[np.arange(3000) % 40])
    angle = np.linspace(0, 2, 40)
    chart.set_path(np.stack([np.cos(angle) * 3, np.sin(angle) * 2 - 1], axis=1))
    chart.set_marker((0.5, 1.0))
    dots = LatentMap()
    dots.set_points(points, labels, names)
    here = Card("Map", "click any spot to decode it, drag to draw a path")
    here.body.addWidget(chart)
    there = Card("Map", "dots only")
    there.body.addWidget(dots)
    return on_window(hbox(card, here, there, spacing=12), 1240, 560)


@page
def charts() -> QWidget:
    rng = np.random.default_rng(5)
    steps = np.arange(1, 7311, 10)
    rows = []
    for i, step in enumerate(steps):
        loss = 0.03 + 0.06 * np.exp(-step / 1200)
        row = {"step": int(step), "loss": loss + rng.normal(0, 0.0015), "mse": loss * 0.7, "kl": 0.01 + loss / 9}
        if i % 20 == 0:
            row["val_loss"] = loss + 0.001
        rows.append(row)
    lines = Curves()
    lines.set_rows(rows)
    lines.set_cursor(4970)
    losses = Card("Losses", "epoch 17 of 25")
    losses.body.addWidget(lines)
    ten, many = CodingsChart(), CodingsChart()
    ten.set_stats(rng.normal(0, 0.1, 10), [1, 1.05, 0.05, 0.97, 1.02, 0.08, 0.9, 1, 0.98, 1.03])
    many.set_stats(rng.normal(0, 0.2, 512), np.abs(rng.normal(0.6, 0.4, 512)))
    bars = Card("Codings", "mean and spread of each of the 10")
    bars.body.addWidget(ten)
    wall = Card("Codings", "mean and spread of each of the 512")
    wall.body.addWidget(many)
    return on_window(hbox(losses, vbox(bars, wall, spacing=12), spacing=12), 1180, 560)


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
