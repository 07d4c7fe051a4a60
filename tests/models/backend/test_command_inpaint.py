"""The command ``inpaint``: what is marked is generated again, the rest is as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import __main__ as command_line
from models import ddpm
from models.cli.inpainting import mask_of
from models.core import loading, state
from models.core.diffusion.capability import Kept, Sampling
from models.core.diffusion.prompt import Prompt, wanted
from models.core.images import convert, decoding, export, recipes
from models.core.recipes import arrays
from models.core.record import Run
from models.core.training import train
from tests.tools.diffusers import TINY
from tests.tools.images import blobs

IMAGE = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
MASK = np.zeros((8, 8), bool)
MASK[4:, 2:7] = True
SETTINGS = {"size": "small", "timesteps": 100, "schedule": "flow", "prediction": "velocity", "ema": 0}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that takes text, an image and a mask."""
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    dataset = replace(blobs(32, (8, 8, 3)), captions=("a bright image", "a dark image") * 16)
    run = train.start(tmp_path / "run", "ddpm", ddpm.CONFIG(**SETTINGS, condition="text"), dataset)
    model, rng = loading.build(run), np.random.default_rng(3)
    model.network.set_weights([rng.normal(0, 0.15, w.shape).astype(np.float32) for w in model.network.get_weights()])
    run.save_checkpoint(0, state.capture(model, training=False))
    run.close()
    export.write_png(tmp_path / "image.png", IMAGE)
    export.write_png(tmp_path / "mask.png", (255 * MASK).astype(np.uint8)[..., None])
    return tmp_path


def words(folder: Path, *more: str, mask: str = "mask.png", image: str = "image.png") -> list[str]:
    both = ["--image", str(folder / image), "--mask", str(folder / mask)]
    return ["inpaint", str(folder / "run"), *both, "--steps", "4", "--out", str(folder / "out.png"), *more]


def test_what_is_marked_is_generated_and_the_rest_is_untouched(folder: Path) -> None:
    asked = ["--prompt", "a bright image", "--negative", "dark", "--seed", "5", "--repeats", "2", "--guidance", "4"]
    assert command_line.main(words(folder, *asked)) == 0
    made = decoding.decode(folder / "out.png")
    np.testing.assert_array_equal(made[~MASK], IMAGE[~MASK])
    assert (made[MASK] != IMAGE[MASK]).any()
    model, _ = loading.load(Run.open(folder / "run"))
    kept = Kept(convert.to_float(IMAGE[None]), MASK[None, ..., None])
    prompt = Prompt(text="a bright image", negative="dark")
    sampling = Sampling("euler", 4, guidance=4.0, seed=5, repeats=2)
    *_, last = model.reverse(sampling, count=1, **wanted(model.condition, prompt, 1), kept=kept)
    wanted_image = convert.to_uint8(model.pictures(last.x, kept))[0]
    np.testing.assert_allclose(made.astype(int), wanted_image.astype(int), atol=1)
    recipe = recipes.read_recipe(folder / "out.png") or {}
    assert (recipe["panel"], recipe["mode"], recipe["walk"]["prompt"]) == ("diffusion", "inpaint", "a bright image")
    assert (recipe["walk"]["repeats"], recipe["walk"]["seed"], recipe["walk"]["count"]) == (2, 5, 1)
    picture, mask = arrays.unpack(recipe["picture"]), arrays.unpack(recipe["mask"])
    assert picture is not None and mask is not None
    np.testing.assert_array_equal(picture[0], IMAGE)
    np.testing.assert_array_equal(mask[0, ..., 0] > 127, MASK)


def test_several_results_are_a_sheet_of_images_that_differ_where_it_is_marked(folder: Path) -> None:
    assert command_line.main(words(folder, "--count", "2")) == 0
    sheet = decoding.decode(folder / "out.png")
    first, second = sheet[:, :8], sheet[:, 9:]
    for one in (first, second):
        np.testing.assert_array_equal(one[~MASK], IMAGE[~MASK])
    assert (first[MASK] != second[MASK]).any()


def test_a_larger_image_is_fitted_with_its_mask_and_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large, wide = IMAGE.repeat(4, axis=0).repeat(4, axis=1), np.zeros((32, 48, 3), np.uint8)
    wide[:, 8:40] = large
    export.write_png(folder / "wide.png", wide)
    marked = np.zeros((32, 48, 1), np.uint8)
    marked[:, 8:40, 0] = (255 * MASK).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    export.write_png(folder / "marked.png", marked)
    assert command_line.main(words(folder, image="wide.png", mask="marked.png")) == 0
    assert "cut and resized to the model's 8 x 8 pixels" in capsys.readouterr().out
    fitted = convert.fit(wide, (8, 8, 3))
    np.testing.assert_array_equal(decoding.decode(folder / "out.png")[~MASK], fitted[~MASK])


def test_in_a_mask_with_transparent_parts_what_is_opaque_is_marked(folder: Path) -> None:
    pixels = np.full((8, 8, 4), 40, np.uint8)  # dark, so that white alone does not say it
    pixels[..., 3] = 255 * MASK
    Image.fromarray(pixels).save(folder / "clear.png")
    np.testing.assert_array_equal(mask_of(folder / "clear.png")[..., 0] > 127, MASK)
    np.testing.assert_array_equal(mask_of(folder / "mask.png")[..., 0] > 127, MASK)


def test_what_does_not_suit_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export.write_png(folder / "black.png", np.zeros((8, 8, 1), np.uint8))
    export.write_png(folder / "small.png", np.full((7, 8, 1), 255, np.uint8))
    (folder / "damaged.png").write_bytes(b"no image")
    for asked, code, said in (
        (words(folder, mask="black.png"), 2, "--mask marks nothing"),
        (words(folder, mask="small.png"), 2, "--mask must be as large as the image: 8 x 8 pixels (it is 8 x 7)"),
        (words(folder, mask="damaged.png"), 1, "damaged.png"),
        (words(folder, image="damaged.png"), 1, "damaged.png"),
        (words(folder, "--class", "1"), 2, "--class is only for models conditioned on classes"),
        (words(folder, "--steps", "101"), 2, "--steps"),
    ):
        assert command_line.main(asked) == code
        assert said in capsys.readouterr().err
    assert not (folder / "out.png").exists()
