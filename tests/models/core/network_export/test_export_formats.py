"""Exported networks of every family open in their real runtime, without this project, and give the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.core.errors import StorageError, UserError
from models.core.network_export import formats, plain_keras
from tests.tools import small_models
from tests.tools.folders import ROOT

OPENER = ROOT / "tests" / "tools" / "open_exports.py"
SLOW = ("onnx", "tflite")  # a case of each family; the other formats take all cases


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.fixture(scope="module")
def built(patch: Any) -> dict[str, Any]:
    return {case: small_models.moved(small_models.build(case, patch)) for case in small_models.CASES}


def inputs_of(network: Any) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    found = {}
    for tensor in network.inputs:
        shape = (3, *(side or 8 for side in tensor.shape[1:]))
        whole = "int" in str(tensor.dtype)
        found[tensor.name] = rng.integers(1, 3, shape, np.int32) if whole else rng.random(shape, np.float32)
    return found


def answers(network: Any, inputs: dict[str, Any]) -> list[Any]:
    given = list(inputs.values())
    found = network.predict_on_batch(given if len(given) > 1 else given[0])
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


@pytest.fixture(scope="module")
def folder(built: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the networks of each case answer, before any export."""
    found = tmp_path_factory.mktemp("exports")
    for case, model in built.items():
        for part, network in model.parts().items():
            inputs = inputs_of(network)
            right = dict(zip(model.OUTPUTS[part], answers(network, inputs), strict=True))
            assert min(np.std(values) for values in right.values()) > 1e-3, (case, part)  # else nothing is compared
            np.savez(
                found / f"{case}-{part}.npz",
                **{f"in/{name}": value for name, value in inputs.items()},
                **{f"out/{name}": value for name, value in right.items()},
            )
    return found


def opened(kind: str, folder: Path) -> list[dict[str, Any]]:
    words = [sys.executable, str(OPENER), kind, str(folder)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=folder, env=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("kind", ["keras", "weights", "safetensors", "onnx", "tflite"])
def test_every_network_of_every_family_opens_elsewhere_with_equal_numbers(kind, built, folder) -> None:
    """``weights`` needs the networks of ``keras`` beside it, so that comes first."""
    expected = {}
    for case, model in built.items():
        if kind in SLOW and case in ("stylegan-first", "ddpm-textbook"):
            continue
        written = formats.export_model(model, kind, folder / case)
        assert written[-1] == folder / f"{case}.{kind}.json"
        for part, path in zip(model.parts(), written[:-1], strict=True):
            expected[path.name] = list(model.OUTPUTS[part])
    found = opened(kind, folder)
    assert {one["file"]: one["outputs"] for one in found} == expected
    assert max(one["off"] for one in found) < 2e-5, sorted(found, key=lambda one: -one["off"])[:3]


def test_outputs_are_named_in_the_order_of_the_alphabet_as_tensorflow_sorts_them(built) -> None:
    for model in built.values():
        for part in model.parts():
            assert list(model.OUTPUTS[part]) == sorted(model.OUTPUTS[part])


def test_no_layer_of_this_project_is_left(built) -> None:
    for case, model in built.items():
        for part, network in model.parts().items():
            for layer in plain_keras.plain(network, model.OUTPUTS[part])._flatten_layers():
                assert type(layer).__module__.startswith("keras."), (case, part, layer.name)


def told(built: dict[str, Any], case: str, tmp_path: Path) -> dict[str, Any]:
    written = formats.export_model(built[case], "keras", tmp_path / case, about={"run": "abc"})
    said = json.loads(written[-1].read_text("utf-8"))
    assert said["schema"] == 1 and said["format"] == "keras" and said["run"] == "abc"
    for network in said["networks"].values():
        assert (tmp_path / network["file"]).is_file()
        for port in (*network["inputs"], *network["outputs"]):
            assert port["meaning"] and port["dtype"] and port["shape"][0] is None
    return said


@pytest.mark.parametrize("case", small_models.CASES)
def test_the_json_beside_an_export_knows_every_port(case, built, tmp_path) -> None:
    said = told(built, case, tmp_path)
    assert said["image_shape"] == list(built[case].spec.image_shape)
    assert said["classes"] == list(small_models.CLASSES)


def test_the_json_says_ranges_and_what_is_to_be_clipped(built, tmp_path) -> None:
    network = told(built, "sparse", tmp_path)["networks"]["decoder"]
    assert network["inputs"][0] == {"name": "coding", "shape": [None, 300], "dtype": "float32", "range": [0.0, 1.0],
                                    "meaning": "how active each unit is"}  # fmt: skip
    assert network["outputs"][0]["range"] == [0.0, 1.0] and network["outputs"][0]["clip"] is True


def test_the_json_says_where_a_condition_goes(built, tmp_path) -> None:
    dcgan = told(built, "dcgan", tmp_path)["condition"]
    assert dcgan["names"] == list(small_models.CLASSES) and dcgan["encoding"] == "one-hot"
    assert (dcgan["input"], dcgan["from"], dcgan["to"]) == ("coding", 100, 103)
    model, codings = built["dcgan"], np.random.default_rng(0).standard_normal((2, 103)).astype(np.float32)
    asked = np.eye(3, dtype=np.float32)[[1, 2]]
    by_hand = codings.copy()
    by_hand[:, dcgan["from"] : dcgan["to"]] = asked
    np.testing.assert_array_equal(model.decode_with(codings, asked), model.decode(by_hand))
    ddpm = told(built, "ddpm", tmp_path)["condition"]
    assert ddpm["input"] == "label" and ddpm["names"] == list(small_models.CLASSES)


def test_the_json_says_the_schedule_and_the_scale_of_codings(built, tmp_path) -> None:
    said = told(built, "latent_diffusion", tmp_path)
    np.testing.assert_array_equal(said["schedule"]["alpha_bar"], built["latent_diffusion"].schedule)
    assert said["schedule"]["timesteps"] == 1000 and said["schedule"]["predicts"] == "noise"
    model, image = built["latent_diffusion"], np.full((1, 8, 8, 1), 0.5, np.float32)
    coding = answers(model.parts()["encoder"], {"image": image})[0]
    scaled = (coding - np.array(said["codings"]["mean"])) / np.array(said["codings"]["std"])
    np.testing.assert_allclose(model.states(image), scaled, atol=1e-5)


def test_the_json_says_how_styles_are_truncated(built, tmp_path) -> None:
    model, said = built["stylegan"], told(built, "stylegan", tmp_path)
    coding = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    parts, mean = model.parts(), np.array(said["mean_style"], np.float32)
    style = mean + said["truncation"] * (answers(parts["mapping"], {"coding": coding})[0] - mean)
    styles = np.repeat(style[:, None], len(said["style_layers"]), axis=1)
    noise = np.repeat(model.fixed_noise()[None], 2, axis=0)
    image = np.clip(answers(parts["synthesis"], {"styles": styles, "noise": noise})[0], 0, 1)
    np.testing.assert_allclose(image, answers(parts["generator"], {"coding": coding})[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["onnx", "safetensors"])
def test_a_format_whose_package_is_missing_is_refused_with_what_to_do(kind, built, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    assert f"generative-studio[{kind}]" in formats.missing(kind) and not formats.missing("keras")
    with pytest.raises(UserError, match=f"generative-studio\\[{kind}\\]") as caught:
        formats.export_model(built["vae"], kind, tmp_path / "x")
    assert "keras" in caught.value.advice and kind not in caught.value.advice
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", SLOW)
def test_what_only_tensorflow_writes_is_refused_on_another_backend(kind, monkeypatch) -> None:
    other = formats.device.Device("jax", (), 1)
    monkeypatch.setattr(formats.device, "prepare", lambda: other)
    assert "KERAS_BACKEND=tensorflow" in formats.missing(kind) and not formats.missing("safetensors")


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(built, tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        formats.export_model(built["vae"], "keras", tmp_path / "file" / "x", tell=pytest.fail)


def test_a_layer_without_a_plain_form_is_refused_by_name(built, tmp_path, monkeypatch) -> None:
    from models.core.adversarial.equalised_layers import EqualisedConv

    monkeypatch.delattr(EqualisedConv, "plain")
    with pytest.raises(UserError, match=r"cannot be written as keras: the layer .* \(EqualisedConv\) has weights"):
        formats.export_model(built["progan"], "keras", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []
