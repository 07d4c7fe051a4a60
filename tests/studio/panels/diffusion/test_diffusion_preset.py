"""Diffusion with a model that others trained: a preset is dropped or chosen, and every page works with it."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction

from models.core.errors import Cancelled
from models.core.hub import library, presets, tiny
from models.core.record import Run
from studio.frame.model_picker import ModelPicker
from studio.frame.preset_dialog import PresetDialog
from studio.window import Window
from tests.tools.bounds import rounds
from tests.tools.gui.diffusion import INPAINT, PROMPT, shown, walked
from tests.tools.gui.windows import banner_text, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
needs_hub = pytest.mark.skipif(bool(library.missing()), reason="KerasHub is not installed: the extra stable-diffusion")
LONG = 300_000  # ms; nothing is measured, only waited for


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("presets") / "tiny")


def entry(picker: ModelPicker, words: str) -> QAction:
    picker._fill()
    return next(one for one in picker._menu.actions() if one.text() == words)


def dialog_of(studio: Window, qtbot) -> PresetDialog:
    entry(studio.picker, "Stable Diffusion…").trigger()
    dialog = studio.findChild(PresetDialog)
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def test_without_kerashub_the_dialog_says_what_to_install(studio: Window, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(library, "missing", lambda: "Install it.")
    dialog = dialog_of(studio, qtbot)
    assert dialog.cost.text() == "Install it." and not dialog.begin.isEnabled() and not dialog.folder.isEnabled()
    dialog.reject()
    studio.opening.preset("tiny", {})
    wait_idle(qtbot, studio, lambda: "KerasHub is not installed" in banner_text(studio))
    assert studio.session.model is None


@needs_hub
def test_what_a_preset_takes_is_said_before_it_is_downloaded(studio: Window, qtbot) -> None:
    asked: list[tuple[str, dict]] = []
    studio.picker.preset_asked.disconnect()
    studio.picker.preset_asked.connect(lambda *what: asked.append(what))
    dialog = dialog_of(studio, qtbot)
    assert dialog.begin.text() == "Open" and not dialog.side.editor.isEnabled()
    dialog.preset.set_text("stable_diffusion_3.5_medium")
    assert dialog.begin.text() == "Download and open"
    assert "6.3 GB to download" in dialog.cost.text() and "13 GB of memory on a processor" in dialog.cost.text()
    dialog.side.set_text("512")
    dialog.precision.set_text("bfloat16")
    assert "take 6 GB of memory" in dialog.cost.text()
    tall = dialog.height()
    dialog.preset.set_text("tiny")
    assert dialog.height() < tall and dialog.cost.text().startswith("Random weights")
    dialog.preset.set_text("stable_diffusion_3.5_medium")
    dialog.side.set_text("512")
    qtbot.mouseClick(dialog.begin, Qt.MouseButton.LeftButton)
    assert asked == [("stable_diffusion_3.5_medium", {"size": 512, "precision": "bfloat16"})]


@needs_hub
def test_a_download_can_be_stopped_and_the_next_preset_opens(studio: Window, qtbot, monkeypatch) -> None:
    began, cancelled = Event(), Event()

    def fetch(name: str, work: Any) -> Path:
        began.set()
        for _ in rounds("a download that is stopped"):
            work.tell("Downloading", 1, 2)
            try:
                work.check()
            except Cancelled:
                cancelled.set()
                raise
            time.sleep(0.01)
        raise AssertionError

    monkeypatch.setattr(presets, "downloaded", fetch)
    studio.opening.preset("stable_diffusion_3_medium", {})
    qtbot.waitUntil(began.is_set)
    entry(studio.picker, "Stop the download").trigger()
    qtbot.waitUntil(cancelled.is_set)
    studio.picker._fill()
    assert "Stop the download" not in [one.text() for one in studio.picker._menu.actions()]
    assert studio.session.model is None and banner_text(studio) == ""


@needs_hub
def test_a_chosen_preset_becomes_the_current_model_and_a_run_of_the_list(studio: Window, qtbot) -> None:
    dialog_of(studio, qtbot).begin.click()
    wait_idle(qtbot, studio, lambda: studio.session.model is not None, LONG)
    model = studio.session.model
    assert model is not None and model.title == "tiny" and model.abilities == {"Diffuses"}
    assert banner_text(studio) == "" and studio.picker._state.text() == "Stable Diffusion 3, not trained here"
    entry(studio.picker, "Unload the current model").trigger()
    wait_idle(qtbot, studio, lambda: studio.session.model is None)
    assert studio.services.inference._model is None and studio.services.inference._loaded is None


@needs_hub
def test_a_dropped_preset_is_walked_painted_upon_and_forked(preset: Path, studio: Window, qtbot, tmp_path) -> None:
    folder = presets.adopt(str(preset), {"steps": 2})
    studio.open_files([str(folder)])
    studio.show_panel("diffusion")
    panel = studio.panels["diffusion"]
    wait_idle(qtbot, studio, lambda: walked(panel.page), LONG)
    page = panel.page
    assert panel.pages.index(page) == PROMPT and page.line.edit.text() == page.settings._offer.examples[0]
    assert shown(page).shape == (8, tiny.SIDE, tiny.SIDE, 3) and len(page.walks.main) == 3
    wait_idle(qtbot, studio, lambda: page.effects.known() == 8, LONG)
    before = shown(page).copy()
    page.line.asked.emit("a dog")
    wait_idle(qtbot, studio, lambda: page.view.main.prompt.text == "a dog" and walked(page), LONG)
    assert np.abs(shown(page).astype(int) - before).max() > 3
    panel.choose(INPAINT)
    image = np.random.default_rng(0).integers(0, 256, (tiny.SIDE, tiny.SIDE, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "image.png")
    panel.dropped([str(tmp_path / "image.png")])
    page = panel.page
    wait_idle(qtbot, studio, lambda: page.canvas is not None and walked(page), LONG)
    kept, made = ~page.canvas.mask, page.walks.main[len(page.walks.main) - 1].x
    assert np.array_equal(page.canvas.pixels, image)
    assert np.array_equal(made[:, kept], np.repeat(image[None], len(made), axis=0)[:, kept])
    assert not np.array_equal(made[0], image)


@needs_hub
def test_a_preset_s_folder_that_is_dropped_becomes_a_run(preset: Path, studio: Window, qtbot) -> None:
    studio.open_files([str(preset)])
    qtbot.waitUntil(lambda: studio.session.model is not None, timeout=LONG)  # its walk is not waited for
    model = studio.session.model
    assert model is not None and model.folder != preset
    assert Run.open(model.folder).info.config["preset"] == str(preset)
