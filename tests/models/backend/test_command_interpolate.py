"""The command ``interpolate``: from seed to seed as ever, or along one number of a coding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models import vae
from models.core import loading, state
from models.core.images import convert, decoding, recipes
from models.core.latent import paths
from models.core.record import Run
from models.core.training import train
from tests.tools.images import blobs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interpolate") / "run"
    run = train.start(folder, "vae", vae.CONFIG(latent_size=4), blobs(32, (8, 8, 1)))
    run.save_checkpoint(0, state.capture(loading.build(run), training=False))
    run.close()
    return folder


def test_one_number_changes_and_the_others_stay(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "axis.png"
    words = ["interpolate", str(run), "--axis", "3", "--from", "-0.8", "--to", "0.8", "--steps", "7"]
    assert command_line.main([*words, "--out", str(out)]) == 0
    model, _ = loading.load(Run.open(run))
    codings = np.zeros((7, 4), np.float32)
    codings[:, 3] = np.linspace(-0.8, 0.8, 7)  # as the textbook writes it
    strip = convert.grid(convert.to_uint8(model.decode(codings)), columns=7)
    np.testing.assert_allclose(decoding.decode(out).astype(int), strip.astype(int), atol=1)
    assert command_line.main([*words, "--seed", "5", "--out", str(out.with_name("drawn.png"))]) == 0
    codings[:, :3] = model.sample_codings(1, 5)[0, :3]
    drawn = convert.grid(convert.to_uint8(model.decode(codings)), columns=7)
    np.testing.assert_allclose(decoding.decode(out.with_name("drawn.png")).astype(int), drawn.astype(int), atol=1)
    assert np.abs(drawn.astype(int) - strip).max() > 2
    path = (recipes.read_recipe(out) or {})["path"]
    assert (path["start"], path["end"], path["steps"]) == ([0.0, 0.0, 0.0, -0.8], [0.0, 0.0, 0.0, 0.8], 7)


def test_two_seeds_work_as_before(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "seeds.png"
    assert (
        command_line.main(["interpolate", str(run), "--from", "1", "--to", "2", "--steps", "4", "--out", str(out)]) == 0
    )
    model, _ = loading.load(Run.open(run))
    codings = paths.slerp(model.sample_codings(1, 1)[0], model.sample_codings(1, 2)[0], 4)
    strip = convert.grid(convert.to_uint8(model.decode(codings)), columns=4)
    np.testing.assert_allclose(decoding.decode(out).astype(int), strip.astype(int), atol=1)
    assert (recipes.read_recipe(out) or {})["path"] == {"kind": "arc", "start_seed": 1, "end_seed": 2, "steps": 4}


def test_an_axis_that_the_codings_do_not_have_is_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["interpolate", str(run), "--axis", "4", "--from", "0", "--to", "1", "--out", str(tmp_path / "x.png")]
    assert command_line.main(words) == 2
    assert "--axis must be from 0 to 3 (it is 4)" in capsys.readouterr().err and not (tmp_path / "x.png").exists()
