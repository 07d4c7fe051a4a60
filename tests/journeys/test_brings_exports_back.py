"""A user exports, opens another model, and drops the file on the window: the same pixels and the same controls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.core.diffusion.capability import Sampling
from models.core.images import decoding
from studio.panels.denoise.cleaning import Noise
from studio.panels.diffusion.inpaint_page import grown
from studio.panels.diffusion.recording import Setup, View
from studio.window import Window
from tests.journeys.exports import Journey, same
from tests.tools.gui.denoisers import train_conv
from tests.tools.gui.events import drop
from tests.tools.gui.runs import copy_into_home
from tests.tools.gui.windows import banner_text, files_mime

CODING = np.array([0.5, -1.0, 2.0, 0.25], np.float32)


@pytest.fixture(scope="session")
def conv_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("conv")
    return train_conv(where / "run", where / "smooth.npz", epochs=1)


@pytest.fixture
def journey(studio: Window, qtbot, tiny_run: Path) -> Journey:
    return Journey(studio, qtbot, copy_into_home(tiny_run, "other"))


@pytest.fixture
def latent(studio: Window, qtbot, diffusion_run: Path, tiny_run: Path) -> tuple[Journey, Any]:
    journey = Journey(studio, qtbot, copy_into_home(diffusion_run, "diffusion"))
    panel = journey.open(copy_into_home(tiny_run), "latent")
    panel.go_to(CODING)
    journey.idle()
    return journey, panel


def test_images_of_latent_come_back_with_path_and_undo(latent) -> None:
    journey, panel = latent
    panel.path.kind.choose(1)
    journey.idle()
    shown, frames = panel.picture.image().copy(), panel.path.frames.copy()
    for what in ("picture", "enlarged", "sheet"):
        path = journey.export(lambda what=what: panel._export(what))
        journey.come_back(path)
        np.testing.assert_array_equal(panel.coding, CODING)
        np.testing.assert_array_equal(panel.sliders.values(), CODING)
        np.testing.assert_array_equal(panel.picture.image(), shown)
        np.testing.assert_array_equal(panel.path.frames, frames)
        assert panel.path.kind.index() == 1 and banner_text(journey.studio) == ""
        same(path, decoding.decode(journey.export(lambda what=what: panel._export(what))))
    journey.studio.session.undo.undo()
    journey.idle()
    assert not np.array_equal(panel.coding, CODING)
    journey.studio.session.undo.redo()
    journey.idle()
    np.testing.assert_array_equal(panel.picture.image(), shown)


def test_animations_of_latent_come_back_with_a_path_that_was_drawn(latent) -> None:
    journey, panel = latent
    panel.path.follow(np.random.default_rng(3).normal(size=(24, 4)).astype(np.float32))
    journey.idle()
    frames, codings = panel.path.frames.copy(), panel.path.codings.copy()
    paths = [journey.export(lambda s=s: panel._export_animation(s)) for s in (".gif", ".apng", ".webp", ".mp4", ".png")]
    for path in paths:
        journey.come_back(path)
        np.testing.assert_array_equal(panel.path.codings, codings)
        np.testing.assert_array_equal(panel.path.frames, frames)
        assert panel.path.words == "drawn on the map"


def test_a_recipe_counts_on_the_image_itself_and_with_locked_sliders_and_so_do_bare_codings(latent) -> None:
    journey, panel = latent
    path, codings = journey.export(lambda: panel._export("picture")), journey.export(lambda: panel._export("codings"))
    for file, where in ((path, panel.picture), (path, journey.studio), (codings, journey.studio)):
        panel.random()
        journey.idle()
        panel.sliders.set_locked([True, False, False, False])
        assert drop(where, files_mime([file]))
        journey.idle(lambda: np.array_equal(panel.coding, CODING))
    np.save(path.with_name("five.npy"), np.zeros((2, 5), np.float32))
    assert "has 5 numbers, and the model's codings have 4" in journey.drop(path.with_name("five.npy"))
    np.testing.assert_array_equal(panel.coding, CODING)


def test_images_of_arithmetic(latent) -> None:
    journey, _ = latent
    panel = journey.open(journey.studio.session.model.folder, "arithmetic")
    rng = np.random.default_rng(1)
    groups = tuple(rng.normal(size=(n, 4)).astype(np.float32) for n in (2, 1, 3))
    panel.change(replace(panel.equation, groups=groups, strengths=(1.0, 0.5, 1.5), noise=0.5, seed=7))
    journey.idle()
    wanted = panel.equation.recipe()
    for what in ("picture", "enlarged", "sheet"):
        path = journey.export(lambda what=what: panel._export(what))
        journey.come_back(path)
        assert panel.equation.recipe() == wanted
        same(path, decoding.decode(journey.export(lambda what=what: panel._export(what))))


def test_images_of_styles(journey: Journey, styles_run: Path) -> None:
    panel = journey.open(copy_into_home(styles_run, "styles"), "styles")
    journey.idle(lambda: panel.one.heat.image() is not None)
    panel.change(panel.table.with_crossover(1).with_cell(3, 4).with_amount(2, 0.25).with_noise(1, 5))
    journey.idle()
    wanted = panel.table.recipe()
    for what in ("picture", "enlarged", "sheet", "variation"):
        path = journey.export(lambda what=what: panel.out.export(what))
        journey.come_back(path)
        journey.idle(lambda: panel.one.heat.image() is not None and panel.mixes.grid.table() is not None)
        assert panel.table.recipe() == wanted
        same(path, decoding.decode(journey.export(lambda what=what: panel.out.export(what))))


def test_feature_maps_a_film_and_one_frame_of_it(journey: Journey, styles_run: Path) -> None:
    panel = journey.open(copy_into_home(styles_run, "styles"), "styles")
    panel.show_view(1)
    panel.features.choose(1)
    journey.idle()
    maps = journey.export(panel.out._export_maps)
    panel.change(panel.table.with_walk(40))
    panel.show_view(2)
    journey.idle(lambda: len(panel.walk.frames) > 9)
    panel.walk.chosen.emit(9)
    journey.idle()
    frame, shown = journey.export(lambda: panel.out.export("picture")), panel.one.picture.image().copy()
    animation, frames = journey.export(lambda: panel.animation._export(".gif")), panel.walk.frames.copy()
    journey.come_back(maps)
    assert panel.views.currentIndex() == 1 and panel.features.layer.value() == 1
    same(maps, decoding.decode(journey.export(panel.out._export_maps)))
    for path in (frame, animation):
        journey.come_back(path)
        journey.idle(lambda: panel.one.frame == 9)
        assert panel.views.currentIndex() == 2
        np.testing.assert_array_equal(panel.one.picture.image(), shown)
        np.testing.assert_array_equal(panel.walk.frames, frames)


def test_a_reverse_process_with_a_fork(journey: Journey, diffusion_run: Path) -> None:
    panel = journey.open(copy_into_home(diffusion_run, "diffusion"), "diffusion")
    page = panel.walk
    page.change(View(Setup(Sampling("ddim", 10, 0.5, 2.0, 7), 3, 2)))
    journey.idle(lambda: page.walks.main is not None and page.walks.main.done)
    page.go_to(60)
    page.fork()
    journey.idle(lambda: page.walks.fork is not None and page.walks.fork.done)
    page.go_to(30)
    journey.idle()
    for what in ("frame", "cards", ".gif", ".png"):
        path, wanted = journey.export(lambda what=what: page._export(what)), page.recipe()
        journey.come_back(path)
        journey.idle(lambda: page.walks.fork is not None and page.walks.fork.done)
        assert page.recipe() == wanted and panel.page is page
        same(path, decoding.decode(journey.export(lambda what=what: page._export(what))))


@pytest.mark.parametrize("mode", ["forward", "inpaint"])
def test_the_other_pages_of_diffusion(journey: Journey, diffusion_run: Path, mode: str) -> None:
    panel = journey.open(copy_into_home(diffusion_run, "diffusion"), "diffusion")
    panel.choose(0 if mode == "forward" else 2)
    page = panel.page

    def made() -> bool:
        return page.recording() is not None and page.recording().done

    journey.idle(made)
    if mode == "forward":
        page.change(((0.3, 0.9), (0.6, 0.4)))
        journey.idle()
    else:
        page._change(grown)
        journey.idle(made)
    page.go_to(40)
    path, wanted = journey.export(lambda: page._export("frame")), page.recipe()
    journey.come_back(path)
    journey.idle(made)
    assert page.recipe() == wanted and panel.page is page
    same(path, decoding.decode(journey.export(lambda: page._export("frame"))))
    journey.studio.session.undo.undo()
    journey.idle(made)
    assert page.recipe() != wanted


def open_photo(journey: Journey, run: Path, path: Path, how: Noise) -> Any:
    """A photo with noise in Denoise."""
    panel = journey.open(copy_into_home(run, "conv"), "denoise")
    y, x = np.mgrid[0:40, 0:40]
    Image.fromarray(np.stack([4 * x, 6 * y, 3 * (x + y)], -1).astype(np.uint8)).save(path)
    panel.dropped([str(path)])
    journey.idle(lambda: panel._scene.after is not None)
    panel.noise.set_noise(how)
    panel.disturb()
    journey.idle()
    return panel


def test_images_of_denoise_bring_their_source_along(journey: Journey, conv_run: Path, tmp_path: Path) -> None:
    how = Noise("speckle", 0.2, 9)
    panel = open_photo(journey, conv_run, tmp_path / "photo.png", how)
    (tmp_path / "photo.png").unlink()
    for what in ("after", "before", "both"):
        path = journey.export(lambda what=what: panel._export(what))
        panel.sample()
        journey.idle(lambda: panel._scene.source.path.name != "photo.png")
        journey.come_back(path)
        journey.idle(lambda: panel._scene.source.path.name == "photo.png" and panel.wipe.pair()[1] is not None)
        assert panel.noise.noise() == how and banner_text(journey.studio) == ""
        same(path, panel.card.picture(what))
    journey.studio.session.undo.undo()
    journey.idle(lambda: panel._scene.source.path.name != "photo.png")


def test_a_large_source_is_asked_for_and_then_takes_its_noise(
    journey: Journey, conv_run: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("models.core.recipes.arrays.MOST_TEXT", 10)
    how = Noise("gaussian", 0.3, 4)
    panel = open_photo(journey, conv_run, tmp_path / "photo.png", how)
    path = journey.export(lambda: panel._export("after"))
    panel.sample()
    journey.idle(lambda: panel._scene.source.path.name != "photo.png")
    before = panel.noise.noise()
    assert "Now drop photo.png" in journey.drop(path) and panel.noise.noise() == before
    journey.drop(tmp_path / "photo.png")
    journey.idle(lambda: panel._scene.source.path.name == "photo.png" and panel.wipe.pair()[1] is not None)
    assert panel.noise.noise() == how
    same(path, panel.card.picture("after"))


def test_a_sheet_of_neurons_brings_the_chosen_unit_back(latent) -> None:
    journey, _ = latent
    panel = journey.open(journey.studio.session.model.folder, "neurons")
    journey.idle(lambda: panel.survey is not None)
    panel.choose(2)
    panel._another()
    panel._move_to(60)
    journey.idle()
    path, wanted, after = journey.export(panel._export), panel._recipe(), panel.after.image().copy()
    journey.come_back(path)
    journey.idle(lambda: panel.survey is not None and panel.after.image() is not None)
    assert panel._recipe() == wanted
    np.testing.assert_allclose(panel.after.image().astype(int), after, atol=1)
    same(path, decoding.decode(journey.export(panel._export)))
    journey.studio.session.undo.undo()
    journey.idle()
    assert panel._recipe() != wanted


def test_results_of_transfer_bring_the_form_back(latent) -> None:
    journey, _ = latent
    panel = journey.open(journey.studio.session.model.folder, "transfer")
    wanted = {"labels": 60, "seeds": 1, "epochs": 2, "frozen_epochs": 1, "layers": 0}
    for name, value in wanted.items():
        panel.spins[name].setValue(value)
    panel.begin()
    journey.idle(lambda: panel.found is not None)
    path = journey.export(panel._save)
    panel.spins["labels"].setValue(99)
    journey.come_back(path)
    assert {name: spin.value() for name, spin in panel.spins.items()} == wanted
    assert "Press Start" in banner_text(journey.studio)
