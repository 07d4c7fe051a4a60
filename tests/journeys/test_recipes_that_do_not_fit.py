"""Old files, files of the command line, other steps of a run, and recipes that do not fit: a user is told, always."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models import __main__ as command_line
from models.core import loading, state
from models.core.disk import places
from models.core.images import convert, decoding, export, recipes
from models.core.recipes import schema
from models.core.record import Run
from studio.panels.latent.map_card import MapCard
from studio.window import Window
from tests.journeys.exports import Journey, same
from tests.tools.folders import DATA
from tests.tools.gui.runs import copy_into_home, train_tiny
from tests.tools.gui.windows import banner_text, click, refused

OLD = DATA / "recipes"


@pytest.fixture
def journey(studio: Window, qtbot, tiny_run: Path) -> Journey:
    return Journey(studio, qtbot, copy_into_home(tiny_run, "other"))


def test_files_that_version_0_1_exported_come_back(journey: Journey, monkeypatch) -> None:
    monkeypatch.setattr(MapCard, "_load", lambda card: None)  # ten thousand faces would be drawn first
    panels = journey.studio.panels
    latent, page = panels["latent"], panels["diffusion"].walk
    arithmetic, styles = panels["arithmetic"], panels["styles"]
    images_shown = {
        "latent.png": latent.picture.image,
        "arithmetic.png": lambda: arithmetic.result.grid.image(4),
        "styles.png": styles.one.picture.image,
    }
    for name, shown in images_shown.items():
        journey.come_back(OLD / name)
        journey.idle(lambda shown=shown: shown() is not None)
        same(OLD / name, shown())
    for name, count in (("diffusion.png", 2), ("sample-diffusion.png", 3)):
        journey.come_back(OLD / name)
        journey.idle(lambda count=count: page.cards.frame() is not None and len(page.cards.frame().x) == count)
        same(OLD / name, convert.grid(page.cards.frame().x))
    journey.come_back(OLD / "sample-codings.png")
    same(OLD / "sample-codings.png", convert.grid(latent.path.frames))
    journey.come_back(OLD / "interpolate.gif")
    with Image.open(OLD / "interpolate.gif") as animation:
        for number, frame in enumerate(latent.path.frames):
            animation.seek(number)
            np.testing.assert_allclose(
                np.asarray(animation.convert("L")).astype(int), frame[..., 0].astype(int), atol=1
            )
    journey.open(journey.other, "home")
    assert "Now drop photo.png" in journey.drop(OLD / "denoise.png")
    journey.drop(OLD / "photo.png")
    denoise = panels["denoise"]
    journey.idle(lambda: denoise.wipe.pair()[1] is not None)
    same(OLD / "denoise.png", denoise.wipe.pair()[1].pixels)


def sampled(run: Path, out: Path, *words: str, command: str = "sample") -> Path:
    assert command_line.main([command, str(run), *words, "--out", str(out)]) == 0
    return out


def test_what_the_command_line_makes_of_codings_comes_back_in_latent(
    journey: Journey, tmp_path: Path, diffusion_run: Path
) -> None:
    run, latent = journey.other, journey.studio.panels["latent"]
    journey.other = copy_into_home(diffusion_run, "diffusion")
    sheet = sampled(run, tmp_path / "sheet.png", "--count", "6", "--seed", "3")
    journey.come_back(sheet)
    assert "all 6 are in the strip" in banner_text(journey.studio)
    same(sheet, convert.grid(latent.path.frames))
    np.testing.assert_array_equal(latent.picture.image(), latent.path.frames[0])
    strip = sampled(run, tmp_path / "strip.png", "--from", "1", "--to", "2", "--steps", "5", "--linear",
                    command="interpolate")  # fmt: skip
    journey.come_back(strip)
    assert latent.path.words == "linear" and latent.path.kind.index() == 1
    same(strip, convert.grid(latent.path.frames, columns=5))
    axis = sampled(run, tmp_path / "axis.png", "--axis", "3", "--from", "-0.8", "--to", "0.8", "--steps", "5",
                   command="interpolate")  # fmt: skip
    journey.come_back(axis)
    same(axis, convert.grid(latent.path.frames, columns=5))
    np.testing.assert_allclose(latent.path.codings[:, 3], np.linspace(-0.8, 0.8, 5), atol=1e-6)
    assert not latent.path.codings[:, :3].any()
    own = [export.write_png(tmp_path / f"{n}.png", np.full((8, 8, 1), 90 * n, np.uint8)) for n in (0, 1, 2)]
    pairs = sampled(run, tmp_path / "pairs.png", "--images", *map(str, own), command="reconstruct")
    journey.come_back(pairs)
    above = np.stack([decoding.decode(path) for path in own])
    same(pairs, convert.grid(np.concatenate([above, latent.path.frames]), columns=3))
    codings = sampled(run, tmp_path / "codings.npy", "--count", "3", "--seed", "4")
    journey.open(run, "home")
    journey.drop(codings)
    np.testing.assert_array_equal(latent.path.codings, np.load(codings))


def test_what_the_command_line_makes_out_of_noise_comes_back_in_diffusion(
    journey: Journey, tmp_path: Path, diffusion_run: Path
) -> None:
    run, page = copy_into_home(diffusion_run, "diffusion"), journey.studio.panels["diffusion"].walk
    own = export.write_png(tmp_path / "own.png", np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 4)
    ways = {
        "ddim": ["--sampler", "ddim", "--steps", "5", "--eta", "0.5", "--guidance", "1.5", "--class", "3"],
        "ddpm": ["--sampler", "ddpm"],
        "image": ["--images", str(own), "--from", "40", "--steps", "10"],
    }
    for name, words in ways.items():
        sheet = sampled(run, tmp_path / f"{name}.png", "--count", "2", "--seed", "6", *words)
        journey.come_back(sheet)
        journey.idle(lambda: page.walks.main is not None and page.walks.main.done)
        same(sheet, convert.grid(page.cards.frame().x))
        if name == "ddpm":
            assert schema.read(sheet).values["walk"]["steps"] == 100 and page.walks.main.made == 101


def with_steps(run: Path, *steps: int) -> None:
    """Give a run checkpoints of other steps, with other weights, each better than those before."""
    with Run.open(run, write=True) as writer:
        model, _ = loading.load(writer)
        for step in steps:
            for variable in model.trainable_variables:
                variable.assign(variable + 0.01)
            writer.save_checkpoint(
                step, state.capture(model, training=False), metric=-float(step)
            )  # the best one stays


def test_another_step_of_the_run_is_loaded_or_said_to_be_gone(journey: Journey) -> None:
    latent, session = journey.studio.panels["latent"], journey.studio.session
    run = journey.other
    first = Run.open(run).checkpoints()[-1].step
    journey.open(run, "latent")
    path, shown = journey.export(lambda: latent._export("picture")), latent.picture.image().copy()
    with_steps(run, first + 10)
    journey.open(run, "latent")
    assert session.model.step == first + 10
    said = journey.drop(path)
    assert f"Step {first:,}, which made this, is loaded; the run has reached step {first + 10:,}" in said
    assert session.model.step == first
    np.testing.assert_array_equal(latent.picture.image(), shown)
    journey.studio.opening.follow(run)  # while it trains nothing newer may replace it unasked
    journey.idle()
    assert session.model.step == first
    with_steps(run, first + 20, first + 30, first + 40)
    journey.open(run, "latent")
    assert f"made at step {first:,}; that checkpoint no longer exists" in journey.drop(path)
    assert session.model.step == first + 40


def test_a_recipe_that_does_not_fit_says_what_and_changes_nothing(journey: Journey, diffusion_run: Path) -> None:
    studio, panels, session = journey.studio, journey.studio.panels, journey.studio.session
    latent = journey.open(journey.other, "latent")
    good = latent._recipe()
    there = copy_into_home(diffusion_run, "diffusion")
    journey.open(there, "home")
    model, undo = session.model, session.undo.count()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"codings": good["codings"][:3]}, "codings has 3 numbers, and the model's codings have 4"),
        ({"codings": "text"}, "codings must be a list of numbers"), ({"codings": [1, 2, 3, None]}, "must be numbers"),
        ({"codings": None, "path": None}, "codings is missing"), ({"panel": "sculpture"}, "'sculpture', which is"),
        ({"panel": ""}, "panel ''"), ({"panel": "home"}, "Home has no settings"),
        ({"panel": "denoise"}, "Denoise, which can do nothing with other"),
        ({"panel": "styles"}, "Styles, which can do nothing"), ({"run_id": "nobody"}, "is not on this machine"),
        ({"path": {"kind": "arc", "start": [1]}}, "path.start has 1 numbers"), ({"path": 5}, "path must be a group"),
        ({"path": {"kind": "knot"}}, "path.kind must be one of"), ({"step": "seven"}, "step: "),
        ({"schema_version": 9}, "this version knows 2"), ({"seed": 1, "count": 10**9}, "count must be from 1"),
    ]  # fmt: skip
    for change, words in wrong:
        said = refused(journey.qtbot, studio, {**good, **change})
        assert words in said, (change, said)
        assert session.model is model and session.undo.count() == undo
        assert studio.stack.currentWidget() is panels["home"]
    raw = {**recipes.read_recipe(OLD / "latent.png"), "run_id": good["run_id"]}
    assert "has 64 numbers" in refused(journey.qtbot, studio, raw) or "numbers, and the model's" in banner_text(studio)


def test_the_gallery_brings_a_file_back_and_tells_the_others_apart(journey: Journey, diffusion_run: Path) -> None:
    studio, latent = journey.studio, journey.open(journey.other, "latent")
    path = journey.export(lambda: latent._export("picture"))
    coding = latent.coding.copy()
    shutil.copy(OLD / "photo.png", places.exports() / "photo.png")
    nowhere = {"tool": "reconstruct", "run": "abc", "title": "x", "family": "vae"}
    export.write_png(places.exports() / "pairs.png", np.zeros((8, 8, 1), np.uint8), nowhere)
    export.write_png(places.exports() / "bad.png", np.zeros((8, 8, 1), np.uint8), {"panel": 7})
    gallery = journey.open(copy_into_home(diffusion_run, "diffusion"), "gallery")
    for name, words in (
        ("photo.png", "It has no recipe"),
        ("pairs.png", "made: reconstruct"),
        ("bad.png", "panel:"),
    ):
        gallery.show_file([file.name for file in gallery.files].index(name))
        journey.idle()
        assert words in gallery.words.text() and not gallery.back.isVisible()
        assert gallery.picture.image() is not None
    gallery.show_file([file.name for file in gallery.files].index(path.name))
    journey.idle()
    click(gallery, gallery.back.text())
    journey.idle(lambda: studio.stack.currentWidget() is latent)
    journey.idle()
    np.testing.assert_array_equal(latent.coding, coding)
    assert "it is taken as an image" in journey.drop(places.exports() / "pairs.png")


def test_a_neighbour_of_another_run_is_not_taken_for_it(journey: Journey, tmp_path: Path) -> None:
    latent = journey.open(journey.other, "latent")
    path = journey.export(lambda: latent._export("picture"))
    shutil.rmtree(journey.other)
    other = train_tiny(places.runs() / "second", seed=9)
    journey.open(other, "latent")
    coding = latent.coding.copy()
    assert "is not on this machine" in journey.drop(path)
    np.testing.assert_array_equal(latent.coding, coding)
