"""Diffusion with a model that others trained: a preset is dropped or chosen, and every page works with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QMenu

from models.core.hub import library, presets, tiny
from models.core.record import Run
from studio.frame.model_picker import ModelPicker
from studio.window import Window
from tests.tools.gui.diffusion import INPAINT, PROMPT, shown, walked
from tests.tools.gui.windows import banner_text, wait_idle

pytestmark = pytest.mark.usefixtures("app_theme")
needs_hub = pytest.mark.skipif(bool(library.missing()), reason="KerasHub is not installed: the extra stable-diffusion")
LONG = 300_000  # ms; nothing is measured, only waited for


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("presets") / "tiny")


def menu_of(picker: ModelPicker) -> QMenu:
    picker._fill()
    return next(one for one in picker._menu.findChildren(QMenu) if one.title() == "Stable Diffusion")


def test_without_kerashub_the_menu_says_what_to_install(studio: Window, qtbot, monkeypatch) -> None:
    monkeypatch.setattr(library, "missing", lambda: "Install it.")
    entries = menu_of(studio.picker).actions()
    assert len(entries) == len(presets.PRESETS) + 1
    assert not any(entry.isEnabled() for entry in entries) and "Install it." in entries[0].toolTip()
    studio.opening.preset("tiny")
    wait_idle(qtbot, studio, lambda: "KerasHub is not installed" in banner_text(studio))
    assert studio.session.model is None


@needs_hub
def test_a_chosen_preset_becomes_the_current_model_and_a_run_of_the_list(studio: Window, qtbot) -> None:
    menu_of(studio.picker).actions()[0].trigger()
    wait_idle(qtbot, studio, lambda: studio.session.model is not None, LONG)
    model = studio.session.model
    assert model is not None and model.title == "tiny" and model.abilities == {"Diffuses"}
    assert banner_text(studio) == ""
    studio.picker._fill()
    studio.picker._menu.actions()[-1].trigger()  # Unload
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
    wait_idle(qtbot, studio, lambda: studio.session.model is not None, LONG)
    model = studio.session.model
    assert model is not None and model.folder != preset
    assert Run.open(model.folder).info.config["preset"] == str(preset)
