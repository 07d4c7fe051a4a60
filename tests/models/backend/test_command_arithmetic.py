"""The command ``arithmetic --images``: mean of A - mean of B + mean of C, and its sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models import vae
from models.core import loading, state
from models.core.images import convert, decoding, export, recipes
from models.core.latent.arithmetic import Equation, from_recipe
from models.core.record import Run
from models.core.training import train
from tests.tools.images import blobs

IMAGES = blobs(9, (8, 8, 1)).images


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and nine images beside it."""
    folder = tmp_path_factory.mktemp("arithmetic")
    run = train.start(folder / "run", "vae", vae.CONFIG(latent_size=4), blobs(32, (8, 8, 1)))
    run.save_checkpoint(0, state.capture(loading.build(run), training=False))
    run.close()
    for number, image in enumerate(IMAGES):
        export.write_png(folder / f"{number}.png", image)
    return folder


def files(folder: Path, *numbers: int) -> list[str]:
    return [str(folder / f"{number}.png") for number in numbers]


def test_the_sum_and_its_sheet_are_those_of_the_equation(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "sum.png"
    words = ["arithmetic", str(folder / "run"), "--images", *files(folder, 0, 1), "--minus", *files(folder, 2, 3, 4)]
    assert (
        command_line.main([*words, "--plus", *files(folder, 5), "--seed", "3", "--noise", "0.5", "--out", str(out)])
        == 0
    )
    model, _ = loading.load(Run.open(folder / "run"))
    z = model.encode(convert.to_float(IMAGES))
    coding = z[:2].mean(axis=0) - z[2:5].mean(axis=0) + z[5]
    image = convert.to_uint8(model.decode(coding[None]))[0]
    np.testing.assert_allclose(decoding.decode(out).astype(int), image.astype(int), atol=1)
    equation = from_recipe(recipes.read_recipe(out) or {}, 4)
    assert [len(group) for group in equation.groups] == [2, 3, 1] and (equation.noise, equation.seed) == (0.5, 3)
    np.testing.assert_allclose(equation.coding(), coding, atol=1e-5)
    sheet = convert.grid(convert.to_uint8(model.decode(equation.neighbours())))
    written = decoding.decode(out.with_name("sum-sheet.png"))
    np.testing.assert_allclose(written.astype(int), sheet.astype(int), atol=1)
    np.testing.assert_array_equal(written[9:17, 9:17], decoding.decode(out))


def test_one_list_is_three_equal_groups(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "sum.png"
    words = ["arithmetic", str(folder / "run"), "--images", *files(folder, *range(9)), "--out", str(out)]
    assert command_line.main(words) == 0
    model, _ = loading.load(Run.open(folder / "run"))
    a, b, c = np.split(model.encode(convert.to_float(IMAGES)), 3)
    found = from_recipe(recipes.read_recipe(out) or {}, 4)
    np.testing.assert_allclose(found.coding(), Equation((a, b, c)).coding(), atol=1e-5)


def test_an_image_of_this_very_run_brings_its_coding(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    words = ["arithmetic", str(folder / "run"), "--images"]
    assert command_line.main([*words, *files(folder, 0, 1, 2), "--out", str(first)]) == 0
    assert command_line.main([*words, str(first), "--plus", *files(folder, 3), "--out", str(second)]) == 0
    before, after = (from_recipe(recipes.read_recipe(path) or {}, 4) for path in (first, second))
    np.testing.assert_array_equal(after.groups[0][0], before.coding())
    assert len(after.groups[1]) == 0


def test_what_does_not_suit_is_refused_before_the_work(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, out = str(folder / "run"), ["--out", str(tmp_path / "x.png")]
    (tmp_path / "damaged.png").write_bytes(b"no image")
    for words, code, said in (
        ([run, "--images", *files(folder, 0, 1), *out], 2, "--images must be three groups of equal size (they are 2)"),
        ([run, run, "--images", *files(folder, 0, 1, 2), *out], 2, "run must be one with --images"),
        ([run, "--images", *files(folder, 0, 1, 2)], 2, "--out is missing"),
        ([run, "--images", *files(folder, 0, 1, 2), "--people", "200", *out], 2, "--people is only for measuring"),
        ([run, "--minus", *files(folder, 0)], 2, "--minus needs --images"),
        ([run, "--images", *files(folder, *[0] * 65), "--plus", *files(folder, 1), *out], 2, "at most 64"),
        ([run, "--images", *files(folder, 0, 1), str(tmp_path / "damaged.png"), *out], 1, "damaged.png"),
    ):
        assert command_line.main(["arithmetic", *words]) == code
        assert said in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()
