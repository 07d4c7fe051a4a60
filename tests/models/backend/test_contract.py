"""What a model is given is checked at the door of each capability, in every family; so are the doors beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import models
from models import __main__ as command_line
from models.core import datasets
from models.core.arrays import check_codings, check_images
from models.core.contract import PROMISES
from models.core.denoising import fit_to_model, noise
from models.core.evaluation import metrics
from models.core.family import DataSpec, parse_config
from models.core.images import convert
from models.core.training import train
from tests.tools.least_settings import least

SPEC = DataSpec((28, 28, 1), 10)
FLOATS = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
BYTES = convert.to_uint8(FLOATS)
WRONG: dict[str, tuple[Any, str]] = {
    "uint8": (BYTES, "not uint8"),
    "float64": (FLOATS.astype(np.float64), "not float64"),
    "0 to 255": (FLOATS * np.float32(255), r"in \[0, 1\], not from"),
    "-1 to 1": (FLOATS * np.float32(2) - np.float32(1), r"in \[0, 1\], not from"),
    "not a number": (np.full_like(FLOATS, np.nan), r"in \[0, 1\], not from"),
    "one image": (FLOATS[0], "height, width, channels"),
    "a list": (FLOATS.tolist(), "not list"),
}


def built(key: str) -> Any:
    module = models.family(key)
    return module.build(parse_config(module.CONFIG, least(module.CONFIG)), SPEC)


def test_the_promises_are_those_of_the_capabilities() -> None:
    of_images = {"reconstruct", "encode", "denoise", "disturb", "unit_activations", "unit_means", "probabilities",
                 "project", "forward"}  # fmt: skip
    of_codings = {"decode", "decode_with", "probabilities", "styles"}
    assert {name for name, wanted in PROMISES.items() if "images" in wanted} == of_images
    assert {name for name, wanted in PROMISES.items() if "codings" in wanted} == of_codings
    assert set(PROMISES) == of_images | of_codings | {"reverse", "pictures"}  # and what an inpainting keeps


@pytest.mark.parametrize("key", sorted(models.FAMILIES))
def test_every_family_refuses_what_is_not_promised(key: str) -> None:
    model = built(key)
    doors = [name for name in PROMISES if callable(getattr(model, name, None))]
    assert doors
    for name in doors:
        method, wanted = getattr(model, name), PROMISES[name]
        for given, problem in WRONG.values():
            if "images" in wanted:
                with pytest.raises((TypeError, ValueError), match=problem):
                    method(images=given)
        if "codings" in wanted and "images" not in wanted:
            for given, problem in ((np.zeros((2, 3), np.uint8), "not uint8"), (np.zeros((2, 3)), "not float64"),
                                   (np.full((2, 3), np.inf, np.float32), "finite"),
                                   (np.zeros(3, np.float32), "latent_size")):  # fmt: skip
                with pytest.raises((TypeError, ValueError), match=problem):
                    method(codings=given)
                if name == "decode":
                    with pytest.raises((TypeError, ValueError), match=problem):
                        method(given)


@pytest.mark.parametrize("wrong", WRONG)
def test_denoise_and_fitted_refuse_it_for_images_of_the_models_own_size(wrong: str) -> None:
    given, problem = WRONG[wrong]
    with pytest.raises((TypeError, ValueError), match=problem):
        built("denoising").denoise(given)
    with pytest.raises((TypeError, ValueError), match=problem):
        fit_to_model.fitted(given, SPEC.image_shape)


def test_right_arrays_pass_and_rounding_is_forgiven() -> None:
    check_images(FLOATS)
    rounded = np.array([[[[-1e-6], [1.0 + 1e-6]]]], np.float32)
    check_images(rounded)
    assert convert.to_uint8(rounded).ravel().tolist() == [0, 255]
    check_images(np.zeros((0, 8, 8, 1), np.float32))
    check_codings(np.zeros((0, 3), np.float32))


def test_the_doors_beside_the_models_refuse_the_other_dtype() -> None:
    with pytest.raises(TypeError, match="not float32"):
        convert.to_float(FLOATS)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not uint8"):
        convert.to_uint8(BYTES)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not uint8"):
        noise.add(BYTES, "mask", 0.5, 0)  # type: ignore[arg-type]
    for compare in (metrics.psnr, metrics.ssim):
        with pytest.raises(TypeError, match="not float32"):
            compare(BYTES[0], FLOATS[0])  # type: ignore[operator]


# --- Each command that takes images, with images of the model's own size and of every other kind ---


def files(folder: Path, side: int) -> dict[str, Path]:
    """The same image, a light square on dark, in kinds of files."""
    folder.mkdir()
    square = np.full((side, side), 40, np.uint8)
    square[side // 4 : -side // 4, side // 4 : -side // 4] = 200
    colour = np.repeat(square[..., None], 3, axis=2)
    alpha = np.dstack([colour, np.full((side, side), 255, np.uint8)])
    wide = square.astype(np.uint16) * 257
    other = Image.fromarray(colour).resize((3 * side, 3 * side), Image.Resampling.NEAREST)
    made = {
        "grey": Image.fromarray(square), "colour": Image.fromarray(colour), "alpha": Image.fromarray(alpha),
        "wide": Image.fromarray(wide), "other": other,
    }  # fmt: skip
    for name, image in made.items():
        image.save(folder / f"{name}.png")
    return {name: folder / f"{name}.png" for name in made}


@pytest.fixture(scope="module", params=["dense", "conv"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A denoiser of 8 x 8 digits; the dense one is shown undisturbed images, so that it knows brightness at least."""
    module = models.family("denoising")
    values = {"architecture": request.param, "width": 8, "epochs": 8, "noise": "gaussian", "noise_low": 0,
              "noise_high": 0.01}  # fmt: skip
    dataset = datasets.load("digits")
    folder = tmp_path_factory.mktemp(request.param) / "run"
    with train.start(folder, "denoising", module.CONFIG(**values), dataset) as made:
        assert train.train(made, dataset).status == "finished"
    return folder


def test_denoise_takes_every_kind_of_file_as_it_is_bright(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, out = files(tmp_path / "given", 8), tmp_path / "out"
    words = ["denoise", str(run), "--images", str(tmp_path / "given"), "--out", str(out), "--json"]
    assert command_line.main(words) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["written"] == len(given)
    levels = {name: np.asarray(Image.open(out / f"{name}.png").convert("L")).mean() for name in given}
    for level in levels.values():
        assert abs(level - levels["grey"]) < 3, levels  # whatever the kind of file, the same brightness
        assert abs(level - 80) < 45, levels  # 4.5 dB and white it was: 255


def test_reconstruct_takes_every_kind_of_file(run: Path, tmp_path: Path) -> None:
    given, out = files(tmp_path / "given", 8), tmp_path / "out.png"
    words = ["reconstruct", str(run), "--images", *map(str, given.values()), "--out", str(out)]
    assert command_line.main(words) == 0
    sheet = np.asarray(Image.open(out), np.float32)
    above, below = sheet[:8], sheet[-8:]
    assert abs(above.mean() - below.mean()) < 45
