"""The command ``sample`` for models that diffuse: how they walk, what they are asked for, what does not suit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models import __main__ as command_line
from models import dcgan, ddpm, gan
from models.core import loading, state
from models.core.diffusion.capability import Sampling, begun
from models.core.family import Config
from models.core.images import convert, decoding, export, recipes
from models.core.recipes import arrays
from models.core.record import Run
from models.core.training import train
from tests.tools.diffusers import TINY
from tests.tools.images import blobs


def untaught(folder: Path, family: str, config: Config, side: int = 8) -> Run:
    """A run with fresh weights in a checkpoint: what its images show is of no interest here."""
    dataset = blobs(32, (side, side, 1))
    named = type(dataset)(
        **{**vars(dataset), "labels": np.arange(32, dtype=np.int32) % 2, "label_names": ("cat", "dog")}
    )
    run = train.start(folder, family, config, named)
    run.save_checkpoint(0, state.capture(loading.build(run), training=False))
    run.close()
    return run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    untaught(tmp_path / "run", "ddpm", ddpm.CONFIG(size="small", timesteps=100, condition="class"))
    return tmp_path / "run"


def test_every_way_of_walking_is_an_argument_and_in_the_recipe(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    words = ["sample", str(run), "--count", "4", "--seed", "3", "--out", str(out), "--class", "dog"]
    words += ["--sampler", "ddim", "--steps", "5", "--eta", "0.5", "--guidance", "1.5"]
    assert command_line.main(words) == 0
    recipe = recipes.read_recipe(out)
    assert recipe is not None
    wanted = {"sampler": "ddim", "steps": 5, "eta": 0.5, "guidance": 1.5, "label": 1, "seed": 3, "count": 4}
    assert {name: recipe["walk"][name] for name in wanted} == wanted
    model, _ = loading.load(Run.open(run))
    generated = model.sample(4, 3, conditions=np.full(4, 1, np.int32), sampling=Sampling("ddim", 5, 0.5, 1.5))
    np.testing.assert_array_equal(decoding.decode(out), convert.grid(convert.to_uint8(generated)))
    other = tmp_path / "other.png"
    assert command_line.main(["sample", str(run), "--count", "2", "--out", str(other), "--sampler", "dpm_solver"]) == 0
    assert (recipes.read_recipe(other) or {})["walk"]["steps"] == 50


def test_own_pictures_go_into_noise_and_come_back_as_others(run: Path, tmp_path: Path) -> None:
    shape = Run.open(run).info.dataset["image_shape"]
    own = np.random.default_rng(1).integers(0, 256, (2, *shape), np.uint8)
    paths = [str(export.write_png(tmp_path / f"own-{number}.png", image)) for number, image in enumerate(own)]
    (tmp_path / "bad.png").write_bytes(b"no picture")
    words = ["sample", str(run), "--images", *paths, str(tmp_path / "bad.png"), "--seed", "3", "--steps", "10"]
    assert command_line.main([*words, "--from", "1", "--out", str(tmp_path / "near.png")]) == 0
    recipe = recipes.read_recipe(tmp_path / "near.png") or {}
    assert recipe["begin"]["time"] == 1 and recipe["walk"]["count"] == 2
    assert np.array_equal(arrays.unpack(recipe["begin"]["pictures"]), own)
    sheet = convert.grid(own).astype(int)
    apart = []
    for start in ("near.png", "far.png"):
        if start == "far.png":
            assert command_line.main([*words, "--from", "100", "--out", str(tmp_path / start)]) == 0
        apart.append(float(np.abs(decoding.decode(tmp_path / start).astype(int) - sheet).mean()))
    assert apart[0] < 10 < apart[1]  # hardly any noise leaves the image, all of it nothing


def test_a_recipe_says_what_happened_and_nothing_that_did_not(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three steps of ddpm were a hundred, and the recipe said three."""
    out = tmp_path / "sheet.png"
    assert command_line.main(["sample", str(run), "--count", "1", "--out", str(out), "--sampler", "ddpm"]) == 0
    assert "its samples are mostly noise" in capsys.readouterr().out  # it has not learned a step
    recipe = recipes.read_recipe(out) or {}
    walk = recipe["walk"]
    assert (walk["sampler"], walk["steps"]) == ("ddpm", 100)
    assert (walk["eta"], walk["guidance"], walk["label"], recipe.get("begin")) == (None, None, -1, None)
    cat = tmp_path / "cat.png"
    words = ["sample", str(run), "--count", "1", "--out", str(cat), "--steps", "2", "--class", "cat"]
    assert command_line.main(words) == 0
    walk = (recipes.read_recipe(cat) or {})["walk"]
    assert (walk["sampler"], walk["steps"], walk["eta"], walk["guidance"]) == ("ddim", 2, 0.0, 2.0)


def test_image_to_image_can_be_made_again_from_its_recipe_alone(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = Run.open(run).info.dataset["image_shape"]
    own = np.random.default_rng(2).integers(0, 256, (3, *shape), np.uint8)
    paths = [str(export.write_png(tmp_path / f"own-{number}.png", image)) for number, image in enumerate(own)]
    out = tmp_path / "out.png"
    words = ["sample", str(run), "--json", "--images", *paths, "--from", "60", "--seed", "4", "--steps", "10"]
    assert command_line.main([*words, "--out", str(out)]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [(one["done"], one["total"]) for one in told if one["event"] == "progress"]
    assert counted[-1] == (3, 3) and {total for _, total in counted} == {3}  # images, not steps
    assert command_line.main([*words[:4], *paths[:1] * 65, "--out", str(tmp_path / "many.png")]) == 2
    assert "--images must be at most 64 files" in capsys.readouterr().err
    for path in paths:
        Path(path).unlink()
    recipe = recipes.read_recipe(out) or {}
    again = arrays.unpack(recipe["begin"]["pictures"])
    walk, time = recipe["walk"], recipe["begin"]["time"]
    assert again is not None and time == 60 and walk["count"] == 3
    np.testing.assert_array_equal(again, own)
    model, _ = loading.load(Run.open(run))
    sampling = Sampling(walk["sampler"], walk["steps"], walk["eta"], seed=walk["seed"])
    last = list(model.reverse(sampling, start=begun(model, convert.to_float(again), time, recipe["begin"]["seed"])))[-1]
    np.testing.assert_array_equal(decoding.decode(out), convert.grid(convert.to_uint8(model.pictures(last.x))))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--sampler", "fast", "--steps", "0"], ("--sampler must be one of", "--steps must be at least 1")),
        (["--steps", "101", "--class", "bird"], ("--steps must be from 1 to 100", "--class must be one of cat, dog")),
        (["--eta", "2", "--guidance", "-1"], ("--eta", "--guidance")),
        (["--class", "bird"], ("--class must be one of cat, dog",)),
        (["--class", "2"], ("--class",)),
        (["--count", "0"], ("--count",)),
        (["--sampler", "ddpm", "--steps", "3"], ("--steps must be left out or 100: ddpm takes all steps",)),
        (["--sampler", "ddpm", "--eta", "0.5"], ("--eta is only for --sampler ddim",)),
        (["--sampler", "dpm_solver", "--eta", "0"], ("--eta is only for --sampler ddim",)),
        (["--from", "5"], ("--from needs images",)),
        (["--images", __file__, "--from", "101"], ("--from must be from 1 to 100",)),
    ],
)
def test_what_cannot_be_is_named(run: Path, capsys: pytest.CaptureFixture[str], words: list[str], named: tuple) -> None:  # type: ignore[type-arg]
    assert command_line.main(["sample", str(run), "--out", "x.png", *words]) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in named) and "Traceback" not in said


def test_a_model_with_codings_takes_no_steps_and_one_that_diffuses_has_no_codings(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    untaught(tmp_path / "gan", "gan", gan.CONFIG())
    assert command_line.main(["sample", str(tmp_path / "gan"), "--out", "x.png", "--steps", "5"]) == 2
    assert "--steps is only for diffusion models" in capsys.readouterr().err
    assert command_line.main(["sample", str(tmp_path / "gan"), "--out", "x.png", "--class", "cat"]) == 2
    assert "--class is only for" in capsys.readouterr().err
    assert command_line.main(["sample", str(run), "--out", str(tmp_path / "x.npy")]) == 2
    assert "no codings" in capsys.readouterr().err


# --- What is asked for ---


@pytest.fixture
def text_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ddpm.SIZES, "small", TINY)
    config = ddpm.CONFIG(size="small", timesteps=100, condition="text", schedule="flow", prediction="velocity")
    untaught(tmp_path / "text", "ddpm", config)
    return tmp_path / "text"


def test_a_prompt_is_generated_noted_in_the_recipe_and_doubted(text_run: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "cats.png"
    words = ["sample", str(text_run), "--prompt", "a cat", "--negative", "a dgo", "--count", "2", "--out", str(out)]
    assert command_line.main(words) == 0
    walk = (recipes.read_recipe(out) or {})["walk"]
    assert (walk["prompt"], walk["negative"], walk["sampler"], walk["steps"]) == ("a cat", "a dgo", "euler", 30)
    printed = capsys.readouterr()
    assert "“dgo” (did you mean dog?)" in printed.out + printed.err
    model, _ = loading.load(Run.open(text_run))
    asked, away = (model.condition.sentences([one] * 2) for one in ("a cat", "a dgo"))
    generated = model.sample(2, 0, conditions=asked, negative=away)
    np.testing.assert_array_equal(decoding.decode(out), convert.grid(convert.to_uint8(generated)))


@pytest.mark.parametrize(
    ("more", "named"),
    [(["--class", "cat"], "--class"), (["--attributes", "bald"], "--attributes"), (["--sampler", "ddpm"], "--sampler")],
)  # fmt: skip
def test_what_a_text_model_cannot_be_asked_for_is_refused(text_run: Path, tmp_path: Path, more, named, capsys) -> None:
    words = ["sample", str(text_run), "--out", str(tmp_path / "a.png"), *more]
    assert command_line.main(words) == 2
    assert named in capsys.readouterr().err and not (tmp_path / "a.png").exists()


def test_a_gan_with_classes_is_asked_for_one(tmp_path: Path, capsys) -> None:
    run = tmp_path / "gan"
    untaught(run, "dcgan", dcgan.CONFIG(condition="class", width=4), side=28)
    out = tmp_path / "dogs.png"
    assert command_line.main(["sample", str(run), "--class", "dog", "--count", "3", "--out", str(out)]) == 0
    model, _ = loading.load(Run.open(run))
    codings = model.sample_codings(3, 0)
    codings[:, -2:] = (0.0, 1.0)
    np.testing.assert_array_equal(decoding.decode(out), convert.grid(convert.to_uint8(model.decode(codings))))
    rows = np.array((recipes.read_recipe(out) or {})["rows"], np.float32)
    np.testing.assert_allclose(rows, codings, atol=1e-6)
    assert command_line.main(["sample", str(run), "--class", "cow", "--out", str(tmp_path / "cow.png")]) == 2
    assert "must be one of cat, dog" in capsys.readouterr().err
    assert command_line.main(["sample", str(run), "--prompt", "a dog", "--out", str(tmp_path / "no.png")]) == 2
    assert "is only for models conditioned on text" in capsys.readouterr().err
