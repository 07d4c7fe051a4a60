"""The one schema of recipes: what is written comes back, old recipes are adapted, hostile ones are refused by name."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.errors import ImageError, RunFormatError, StorageError
from models.core.images import export, recipes
from models.core.latent import coding_files
from models.core.recipes import arrays, schema
from models.core.recipes.fields import Fields, plain
from models.core.recipes.schema import Recipe
from tests.tools.folders import DATA

FILES = DATA / "recipes"
MARK = "0" * 64
GOOD: dict[str, Any] = {
    "schema_version": 2, "panel": "latent", "made": "image", "run_id": "abc", "model": "faces", "step": 7,
    "checkpoint": MARK, "codings": [1.0, 2.0],
}  # fmt: skip


def test_what_is_written_is_read() -> None:
    found = Recipe.parse(GOOD)
    assert found.values == {"codings": [1.0, 2.0]} and found.step == 7
    assert found.data() == GOOD
    written = schema.written("", "reconstruct", {}, run_id="x", model="n" * 999, step=None, checkpoint="")
    assert Recipe.parse(written).model == "n" * 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("panel", 3), ("panel", "../../x"), ("panel", "x" * 99), ("made", None), ("run_id", ""), ("run_id", [1]),
        ("run_id", "r" * 101), ("model", {}), ("step", -1), ("step", "7"), ("step", True), ("step", 7.5),
        ("step", 10**30), ("checkpoint", "abc"), ("checkpoint", "/etc/passwd"),
    ],
)  # fmt: skip
def test_a_header_that_is_wrong_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    with pytest.raises(RunFormatError, match=field):
        Recipe.parse({**GOOD, field: value})


def test_all_that_is_wrong_is_named_at_once_and_a_newer_schema_is_said_to_be_one() -> None:
    with pytest.raises(RunFormatError, match=r"step: .*checkpoint: "):
        Recipe.parse({**GOOD, "step": "x", "checkpoint": 1})
    for version in (3, "2", True, None, [2]):
        with pytest.raises(RunFormatError, match="this version knows 2"):
            Recipe.parse({**GOOD, "schema_version": version})
    with pytest.raises(RunFormatError, match="no recipe of this program"):
        Recipe.parse({"prompt": "a cat"})


OLD = {
    "latent.png": ("latent", 2000), "arithmetic.png": ("arithmetic", 2000), "styles.png": ("styles", 18935),
    "diffusion.png": ("diffusion", 4056), "denoise.png": ("denoise", 27600), "sample-codings.png": ("latent", None),
    "sample-diffusion.png": ("diffusion", None), "interpolate.gif": ("latent", None),
}  # fmt: skip


@pytest.mark.parametrize("name", OLD)
def test_files_of_version_0_1_are_read(name: str) -> None:
    found = schema.read(FILES / name)
    assert found is not None and (found.panel, found.step) == OLD[name]
    assert len(found.run_id) == 32 and found.model and not found.checkpoint


def test_an_image_without_a_recipe_and_one_that_leads_nowhere_are_told_apart() -> None:
    assert schema.read(FILES / "photo.png") is None
    nowhere = Recipe.parse({"tool": "reconstruct", "run": "abc", "title": "x", "family": "vae"})
    assert nowhere.panel == "" and nowhere.made == "reconstruct"
    assert Recipe.parse({"panel": "", "run_id": "abc", "model": "x", "step": 1, "made": "denoise all"}).panel == ""


def test_an_old_sample_that_began_with_an_image_says_what_it_lacks() -> None:
    raw = {"tool": "sample", "run": "abc", "title": "x", "sampler": "ddim", "from": 500}
    with pytest.raises(RunFormatError, match="does not hold"):
        Recipe.parse(raw)


def test_every_kind_of_file_gives_its_recipe_back_even_a_long_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    long = {**GOOD, "codings": [float(v) for v in rng.normal(size=20_000)]}
    frames = rng.integers(0, 256, (3, 20, 20, 3), np.uint8)
    paths = [
        export.write_animation(tmp_path / f"a{s}", frames, recipe=long) for s in (".gif", ".apng", ".webp", ".mp4")
    ]
    paths += [export.write_png(tmp_path / "a.png", frames[0], long)]
    paths += [export.write_results(tmp_path / "a.json", {"gain": 1.0}, long)]
    for path in paths:
        assert recipes.read_recipe(path) == long, path


@pytest.mark.parametrize("cut", [0, 3, 8, 12, 20, 40])
def test_an_mp4_that_is_cut_or_lies_about_its_sizes_has_no_recipe(tmp_path: Path, cut: int) -> None:
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    whole = export.write_animation(tmp_path / "a.mp4", frames, recipe=GOOD).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) - cut] if cut else whole[:8])
    assert recipes.read_recipe(tmp_path / "cut.mp4") is None
    at = whole.index(b"moov") - 4
    for size in (0, 1, 7, 2**32 - 1):
        (tmp_path / "lie.mp4").write_bytes(whole[:at] + struct.pack(">I", size) + whole[at + 4 :])
        assert recipes.read_recipe(tmp_path / "lie.mp4") in (None, GOOD)  # 0: to the end of the file, which is true


@pytest.mark.parametrize(
    "text",
    ['{"a": ' * 40 + "1" + "}" * 40, '{"a": NaN}', '{"a": 1e999}', '{"a": 1, "a": 2}', "[1]", '"x"', "{", "1" * 5000],
)
def test_a_hostile_note_is_an_error_and_never_a_recipe(tmp_path: Path, text: str) -> None:
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt(recipes.RECIPE_KEY, text)
    Image.new("L", (4, 4)).save(tmp_path / "a.png", pnginfo=info)
    with pytest.raises(ImageError, match="damaged"):
        schema.read(tmp_path / "a.png")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "tool", "run", "path", "walk", "from", "sampler"]) | st.text(), JSON))
def test_whatever_a_file_says_it_is_a_recipe_or_a_refusal(raw: dict[str, Any]) -> None:
    try:
        found = Recipe.parse(raw)
    except RunFormatError:
        return
    assert json.loads(json.dumps(found.data())) == json.loads(json.dumps(found.data()))
    assert Recipe.parse(found.data()) == found


def test_fields_refuse_by_name() -> None:
    fields = Fields({"n": 3, "x": 0.5, "yes": True, "word": "cat", "coding": [1, 2.5], "group": {"deep": "no"}})
    assert fields.whole("n", 0, 5) == 3 and fields.number("x", 0, 1) == 0.5 and fields.choice("word", ("cat",)) == "cat"
    assert fields.whole("absent", 0, 5, 2) == 2 and not fields.has("absent")
    np.testing.assert_array_equal(fields.coding("coding", 2), np.array([1, 2.5], np.float32))
    for ask, words in (
        (lambda: fields.whole("n", 4, 5), "n must be from 4 to 5"), (lambda: fields.whole("yes", 0, 1), "yes must be"),
        (lambda: fields.number("word", 0, 1), "word must be a number"), (lambda: fields.whole("gone", 0, 1), "missing"),
        (lambda: fields.coding("coding", 10), "coding has 2 numbers, and the model's codings have 10"),
        (lambda: fields.coding("word", 2), "word must be a list"), (lambda: fields.text("n"), "n must be text"),
        (lambda: fields.group("group").whole("deep", 0, 1), r"group\.deep must be a whole"),
        (lambda: Fields({"c": [1, float("inf")]}).coding("c", 2), "c must be numbers"),
        (lambda: Fields({"c": [[1], [1, 2]]}).codings("c", 1, 5), "c has 2 numbers"),
        (lambda: Fields({"c": [[1]] * 6}).codings("c", 1, 5), "1 to 5 codings"),
    ):  # fmt: skip
        with pytest.raises(RunFormatError, match=words):
            ask()


def test_a_coding_in_plain_figures_is_the_same_float32() -> None:
    coding = np.random.default_rng(0).standard_normal(1000, np.float32)
    back = json.loads(json.dumps(plain(coding)))
    np.testing.assert_array_equal(np.array(back, np.float32), coding)


def test_codings_from_a_file_that_nobody_should_trust(tmp_path: Path) -> None:
    good = np.random.default_rng(0).standard_normal((3, 4), np.float32)
    np.testing.assert_array_equal(coding_files.read_codings(export.write_codings(tmp_path / "a.npy", good)), good)
    whole = (tmp_path / "a.npy").read_bytes()
    bad = {
        "objects": np.array([[{}]], object), "text": np.array([["a"]]), "cube": np.zeros((2, 2, 2)),
        "nan": np.full((1, 2), np.nan), "empty": np.zeros((0, 3)),
    }  # fmt: skip
    for name, array in bad.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
    (tmp_path / "open.npy").write_bytes(whole.replace(b"(3, 4)", b"(30000"))
    (tmp_path / "promise.npy").write_bytes(whole.replace(b"(3, 4), }", b"(3e5, 4)}"))
    (tmp_path / "huge.npy").write_bytes(whole.replace(b"(3, 4), }    ", b"(99999, 4), }"))
    (tmp_path / "short.npy").write_bytes(whole[:-5])
    (tmp_path / "picture.npy").write_bytes((FILES / "photo.png").read_bytes())
    for path in sorted(tmp_path.glob("*.npy")):
        if path.name != "a.npy":
            with pytest.raises(RunFormatError):
                coding_files.read_codings(path)
    with pytest.raises(StorageError):
        coding_files.read_codings(tmp_path / "gone.npy")


def test_images_are_packed_while_they_are_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 30, 3), np.uint8)
    packed = arrays.small(noise)
    assert packed is not None
    np.testing.assert_array_equal(arrays.unpack(packed), noise)
    assert arrays.small(np.random.default_rng(0).integers(0, 256, (1, 600, 600, 3), np.uint8)) is None
    assert set(arrays.source(noise[0])) == {"mark", "source"} and arrays.mark_of(noise[0]) != arrays.mark_of(noise[1])
