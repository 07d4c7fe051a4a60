"""The denoising family: noise in training only, codings, images of any size, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from PIL import Image

from models import __main__ as command_line
from models import denoising
from models.core import datasets, loading
from models.core.capabilities import capabilities
from models.core.errors import Cancelled, ConfigError
from models.core.family import DataSpec
from models.core.images import recipes
from models.core.record import Run
from models.core.training import train
from models.core.work import Callbacks

GREY = DataSpec((8, 8, 1))
COLOUR = DataSpec((16, 16, 3))
IMAGES = np.random.default_rng(0).random((64, 8, 8, 1), np.float32)
SLOPE = np.linspace(0.2, 0.8, 16, dtype=np.float32)
PATCHES = np.stack([np.tile(np.roll(SLOPE, shift)[:, None, None], (1, 16, 3)) for shift in range(32)])


def dense(**values: object) -> denoising.Denoiser:
    return denoising.build(denoising.CONFIG(latent_size=6, **values), GREY)


def conv(spec: DataSpec = COLOUR, **values: object) -> denoising.Denoiser:
    settings = {"architecture": "conv", "width": 8, **denoising.PHOTOS, **values}
    return denoising.build(denoising.CONFIG(**settings), spec)


@pytest.fixture(scope="module")
def taught() -> denoising.Denoiser:
    """A colour denoiser after a few steps, so that its output differs from its input."""
    model = conv()
    model.compile(optimizer=model.make_optimizer())
    model.fit(PATCHES, batch_size=8, epochs=2, verbose=0)
    return model


def test_they_can_do_what_their_panels_need() -> None:
    assert capabilities(dense()) == {"Reconstructs", "Encodes", "Decodes", "Denoises"}
    assert capabilities(dense(architecture="conv_codings")) == {"Reconstructs", "Encodes", "Decodes", "Denoises"}
    assert capabilities(conv()) == {"Reconstructs", "Denoises"}


@pytest.mark.parametrize("kind", ["dropout", "gaussian", "mask", "salt_and_pepper", "speckle"])
def test_noise_is_added_in_training_only(kind: str) -> None:
    model = dense(noise=kind)
    clean = np.asarray(model(IMAGES, training=False)["coding"])
    np.testing.assert_array_equal(clean, np.asarray(model(IMAGES)["coding"]))
    assert not np.allclose(clean, np.asarray(model(IMAGES, training=True)["coding"]))
    np.testing.assert_allclose(clean, model.encode(IMAGES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("values", [{}, {"architecture": "conv_codings"}, {"noise": "gaussian", "noise_low": 0.1}])
def test_plain_fit_learns(values: dict[str, object]) -> None:
    model = dense(**values)
    model.compile(optimizer=model.make_optimizer())
    history = model.fit(IMAGES, batch_size=16, epochs=4, verbose=0, validation_data=(IMAGES,)).history
    assert history["val_loss"][-1] < history["val_loss"][0]
    assert np.mean((model.reconstruct(IMAGES) - IMAGES) ** 2) <= history["val_loss"][-1] * 1.01  # clipping only helps
    drawn = model.sample_codings(9, 1)
    np.testing.assert_array_equal(drawn, model.sample_codings(9, 1))
    generated = model.decode(drawn)
    assert drawn.min() >= 0 and generated.shape == (9, 8, 8, 1) and generated.min() >= 0 and generated.max() <= 1


@pytest.mark.parametrize(
    ("kind", "conditioning"),
    [
        ("gaussian", "blind"),
        ("gaussian", "level"),
        ("mask", "level"),
        ("salt_and_pepper", "level"),
        ("speckle", "blind"),
    ],
)
def test_conv_learns_from_patches_and_is_judged_on_the_same_noise(kind: str, conditioning: str) -> None:
    model = conv(noise=kind, conditioning=conditioning)
    model.compile(optimizer=model.make_optimizer())
    first, second = (model.evaluate(PATCHES, verbose=0, return_dict=True) for _ in range(2))
    assert first == second
    history = model.fit(PATCHES, batch_size=4, epochs=2, verbose=0, validation_data=(PATCHES,)).history
    assert np.isfinite(history["val_loss"]).all()
    if kind == "gaussian":  # the others need more steps than a test should take
        assert history["val_loss"][-1] < first["loss"]
        assert history["val_psnr"][-1] > first["psnr"]


def test_an_untaught_conv_gives_back_what_it_got() -> None:
    np.testing.assert_allclose(conv().denoise(PATCHES[:2]), PATCHES[:2], atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (16, 16), (40, 401)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_any_size_and_colour(taught: denoising.Denoiser, size: tuple[int, int], channels: int) -> None:
    picture = np.random.default_rng(1).random((1, *size, channels), np.float32)
    clean = taught.denoise(picture)
    assert clean.shape == (1, *size, 3 if channels > 2 else 1)
    assert clean.dtype == np.float32 and clean.min() >= 0 and clean.max() <= 1


def test_grey_is_seen_as_colour_and_transparency_is_left_out(taught: denoising.Denoiser) -> None:
    grey = np.random.default_rng(1).uniform(0.4, 0.6, (1, 24, 24, 1)).astype(np.float32)
    colour = taught.denoise(np.repeat(grey, 3, axis=3), strength=0.1).mean(axis=3, keepdims=True)
    np.testing.assert_allclose(taught.denoise(grey, strength=0.1), colour, atol=1e-5)
    see_through = np.concatenate([grey, np.zeros_like(grey)], axis=3)
    np.testing.assert_array_equal(taught.denoise(grey), taught.denoise(see_through))
    assert "Transparency" in taught.effect((24, 24, 4)) and taught.effect((24, 24, 1)) == ""


def test_a_grey_model_cleans_colour_channel_by_channel() -> None:
    model = conv(DataSpec((16, 16, 1)))
    assert model.denoise(PATCHES[:1]).shape == (1, 16, 16, 3)


def test_large_pictures_go_in_tiles_without_seams(taught: denoising.Denoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denoising, "TWICE", 0)  # as if this image were too large for two passes
    picture = np.random.default_rng(1).random((1, 120, 480, 3), np.float32)
    told: list[tuple[int, int]] = []
    tiled = taught.denoise(picture, strength=0.1, work=Callbacks(lambda what, done, total: told.append((done, total))))
    level = np.full((1, 1, 1, 1), 0.1, np.float32)
    whole = np.clip(np.asarray(taught.network.predict_on_batch([picture, level])), 0, 1)
    assert told == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_allclose(tiled, whole, atol=2e-3)


def test_a_small_picture_is_cleaned_alike_when_it_stands_on_its_head(taught: denoising.Denoiser) -> None:
    picture = np.random.default_rng(2).random((1, 24, 40, 3), np.float32)
    cleaned = taught.denoise(picture, strength=0.1)
    turned = taught.denoise(picture[:, ::-1, ::-1], strength=0.1)
    np.testing.assert_allclose(turned[:, ::-1, ::-1], cleaned, atol=1e-5)
    level = np.full((1, 1, 1, 1), 0.1, np.float32)
    once = np.clip(np.asarray(taught.network.predict_on_batch([picture, level])), 0, 1)
    assert np.abs(once - cleaned).max() > 1e-3  # one pass alone is another answer


def test_a_deeper_network_begins_as_the_shallow_one_and_learns(taught: denoising.Denoiser) -> None:
    shallow, deep = conv(grey_share=0.0), conv(grey_share=0.0, depth=2)
    names = {layer.name for layer in shallow.network.layers}
    for layer in shallow.network.layers:
        if layer.weights:
            deep.network.get_layer(layer.name).set_weights(layer.get_weights())
    grown = [layer for layer in deep.network.layers if layer.name not in names and layer.weights]
    assert len(grown) == 2 * 2 * 2  # two blocks of two convolutions on either side
    np.testing.assert_allclose(deep.denoise(PATCHES[:2]), shallow.denoise(PATCHES[:2]), atol=1e-6)
    deep.compile(optimizer=deep.make_optimizer())
    deep.fit(PATCHES, batch_size=4, epochs=1, verbose=0)
    assert all(np.abs(layer.get_weights()[0]).max() > 0 for layer in grown)


def test_cancel(taught: denoising.Denoiser) -> None:
    for model in (taught, dense()):
        with pytest.raises(Cancelled):
            model.denoise(PATCHES[:1], work=Callbacks(cancelled=lambda: True))


def test_strength_matters_to_a_model_that_is_told(taught: denoising.Denoiser) -> None:
    weak, strong = (taught.denoise(PATCHES[:1], strength=strength) for strength in (0.02, 0.2))
    assert not np.allclose(weak, strong)
    blind = conv(conditioning="blind")
    np.testing.assert_array_equal(blind.denoise(PATCHES, strength=0.02), blind.denoise(PATCHES, strength=0.2))


def test_the_dense_model_says_what_it_does_to_size_and_colour() -> None:
    model = dense()
    assert model.effect((8, 8, 1)) == ""
    assert "grey images of 8 x 8" in model.effect((30, 20, 3))
    assert model.denoise(np.zeros((2, 30, 20, 3), np.float32)).shape == (2, 8, 8, 1)
    assert model.denoise(IMAGES[:3]).shape == (3, 8, 8, 1)


@pytest.mark.parametrize(
    ("field", "values", "spec"),
    [
        ("noise_high", {"noise_low": 0.6}, GREY),
        ("architecture", {"architecture": "conv"}, DataSpec((10, 9, 3))),
        ("architecture", {"architecture": "conv_codings"}, DataSpec((10, 10, 1))),
    ],
)
def test_settings_that_do_not_suit_are_named(field: str, values: dict[str, object], spec: DataSpec) -> None:
    with pytest.raises(ConfigError) as caught:
        denoising.build(denoising.CONFIG(**values), spec)
    assert set(caught.value.fields) == {field}


def test_suggestions_suit_the_data() -> None:
    assert denoising.suggest(DataSpec((28, 28, 1))) == {}
    spec = DataSpec((64, 64, 3))
    assert denoising.CONFIG(**denoising.suggest(spec)).architecture == "conv"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    settings = {"architecture": "conv", "width": 8, "epochs": 1, "batch_size": 256, **denoising.PHOTOS}
    dataset = datasets.load("digits")
    with train.start(tmp_path / "run", "denoising", denoising.CONFIG(**settings), dataset) as made:
        assert train.train(made, dataset).status == "finished"
        assert made.samples("denoised")
    return tmp_path / "run"


def test_the_command_keeps_names_and_goes_on_after_a_bad_file(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album = tmp_path / "album"
    (album / "inner").mkdir(parents=True)
    Image.fromarray(np.full((9, 13, 3), 200, np.uint8)).save(album / "one.jpg")
    Image.fromarray(np.full((5, 4), 90, np.uint8)).save(album / "inner" / "two.png")
    (album / "bad.png").write_bytes(b"no picture")
    (album / "notes.txt").write_text("not looked at")
    out = tmp_path / "out"
    arguments = ["denoise", str(run), "--images", str(album), str(album / "one.jpg"), "--out", str(out), "--json"]
    assert command_line.main(arguments) == 0
    said = capsys.readouterr()
    last = json.loads(said.out.splitlines()[-1])
    assert (last["written"], last["skipped"]) == (3, 1)
    assert "bad.png" in said.err
    found = {str(path.relative_to(out)) for path in out.rglob("*.png")}
    assert found == {"one.png", "one (2).png", "inner/two.png"}
    with Image.open(out / "one.png") as first, Image.open(out / "inner" / "two.png") as second:
        assert first.size == (13, 9) and second.mode == "L"


def test_the_command_says_when_there_is_nothing_to_do(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    out = str(tmp_path / "out")
    assert command_line.main(["denoise", str(run), "--images", str(tmp_path / "empty"), "--out", out]) == 1
    assert "There are no images here." in capsys.readouterr().err
    assert command_line.main(["denoise", str(run), "--images", str(tmp_path / "none.png"), "--out", out]) == 2
    assert "none.png" in capsys.readouterr().err
    wrong = ["denoise", str(run), "--images", ".", "--out", out, "--strength", "2"]
    assert command_line.main(wrong) == 2


def test_a_resumed_denoiser_is_the_one_that_was_never_stopped(tmp_path: Path) -> None:
    from models.core.training.messages import Changes
    from models.core.training.recorder import StopRequest

    class StopAt(Changes):
        seen = 0

        def take(self) -> tuple[float, float] | None:
            self.seen += 1
            if self.seen == 7:
                stop.ask()
            return None

    stop, dataset = StopRequest(), datasets.load("digits")
    config = denoising.CONFIG(latent_size=6, epochs=2, batch_size=128)
    for name, changes in (("straight", None), ("broken", StopAt())):
        with train.start(tmp_path / name, "denoising", config, dataset) as made:
            train.train(made, dataset, stop=stop if changes else None, changes=changes)
    with Run.open(tmp_path / "broken", write=True) as again:
        assert train.train(again, dataset).status == "finished"
    straight, broken = (loading.load(Run.open(tmp_path / name))[0] for name in ("straight", "broken"))
    for mine, other in zip(straight.variables, broken.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(mine.value), np.asarray(other.value))


def test_grey_patches_have_one_noise_in_all_channels_and_are_their_own_targets() -> None:
    model = conv(noise="gaussian", noise_low=0.1, noise_high=0.1, grey_share=0.5)
    colour = np.random.default_rng(0).uniform(0.3, 0.7, (64, 16, 16, 3)).astype(np.float32)
    target, noisy, strength = (ops.convert_to_numpy(part) for part in model.task(colour, 3))
    grey = np.ptp(target, axis=3).max(axis=(1, 2)) == 0
    assert 16 < grey.sum() < 48
    np.testing.assert_allclose(target[grey], colour[grey].mean(axis=3, keepdims=True).repeat(3, axis=3), rtol=1e-5)
    np.testing.assert_array_equal(target[~grey], colour[~grey])
    assert np.ptp(noisy[grey], axis=3).max() < 1e-6 and np.ptp((noisy - target)[~grey], axis=3).min() > 0
    assert (noisy - target)[grey].std() == pytest.approx(0.1, rel=0.05) and strength.min() == pytest.approx(0.1)


def test_with_grey_patches_it_learns_and_is_judged_the_same_every_time() -> None:
    model = conv(noise="gaussian", grey_share=0.5)
    model.compile(optimizer=model.make_optimizer())
    first, second = (model.evaluate(PATCHES, verbose=0, return_dict=True) for _ in range(2))
    assert first == second
    history = model.fit(PATCHES, batch_size=4, epochs=2, verbose=0, validation_data=(PATCHES,)).history
    assert history["val_loss"][-1] < first["loss"]


def test_the_command_keeps_exif_and_writes_what_is_asked_for(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    album, exif = tmp_path / "album", Image.Exif()
    album.mkdir()
    exif[0x010F] = "Camera"
    Image.fromarray(np.full((9, 13, 3), 200, np.uint8)).save(album / "one.jpg", exif=exif)
    Image.fromarray(np.zeros((8, 8, 4), np.uint8)).save(album / "ghost.png")
    words = ["denoise", str(run), "--images", str(album), "--out", str(tmp_path / "out")]
    for kind, suffix in (("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")):
        more = [] if kind == "png" else ["--quality", "80"]
        assert command_line.main([*words, "--format", kind, "--background", "#c81e32", *more]) == 0
        said = capsys.readouterr().out
        assert "ghost.png" in said and "transparent" in said and "#c81e32" in said and "--background" in said
        with Image.open(tmp_path / "out" / f"one{suffix}") as cleaned:
            assert cleaned.getexif()[0x010F] == "Camera"
        recipe = recipes.read_recipe(tmp_path / "out" / f"one{suffix}")
        assert recipe is not None and recipe.get("quality") == (None if kind == "png" else 80)
        ghost = np.asarray(Image.open(tmp_path / "out" / f"ghost{suffix}").convert("RGB"), np.float32)
        grey = float(np.dot((200, 30, 50), (0.299, 0.587, 0.114)))  # or in colour, channel by channel
        assert abs(ghost.mean() - np.mean((200, 30, 50))) < 12 or abs(ghost.mean() - grey) < 12
    assert command_line.main([*words, "--quality", "80"]) == 2
    assert "--quality" in capsys.readouterr().err
    assert command_line.main([*words, "--format", "bmp", "--background", "blueish"]) == 2
    err = capsys.readouterr().err
    assert "--format" in err and "--background" in err


def test_animations_have_a_scale_and_a_speed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = datasets.load("digits")
    with train.start(tmp_path / "dense", "denoising", denoising.CONFIG(latent_size=4, epochs=1), dataset) as made:
        train.train(made, dataset)
    words = ["interpolate", str(tmp_path / "dense"), "--from", "1", "--to", "2", "--steps", "3"]
    for suffix in (".gif", ".apng", ".webp"):
        out = tmp_path / f"a{suffix}"
        assert command_line.main([*words, "--out", str(out), "--scale", "4", "--fps", "20"]) == 0
        with Image.open(out) as animation:
            assert animation.size == (32, 32) and animation.n_frames == 3
            animation.seek(1)
            animation.load()
            assert animation.info["duration"] == 50  # ms
        recipe = recipes.read_recipe(out)
        assert recipe is not None and (recipe["scale"], recipe["fps"]) == (4, 20.0)
    assert command_line.main([*words, "--out", str(tmp_path / "old.gif")]) == 0
    with Image.open(tmp_path / "old.gif") as animation:
        assert animation.size == (8, 8)
        animation.seek(1)
        animation.load()
        assert animation.info["duration"] == 100
    assert command_line.main([*words, "--out", str(tmp_path / "a.png"), "--scale", "4"]) == 0
    with Image.open(tmp_path / "a.png") as strip:
        assert strip.height == 32
    capsys.readouterr()
    assert command_line.main([*words, "--out", str(tmp_path / "b.png"), "--fps", "4"]) == 2
    assert "--fps" in capsys.readouterr().err
    assert command_line.main([*words, "--out", str(tmp_path / "b.gif"), "--fps", "0", "--scale", "0"]) == 2
    err = capsys.readouterr().err
    assert "--fps" in err and "--scale" in err and not (tmp_path / "b.gif").exists()
