"""A folder of a preset opens like a run; what is missing or has no business in it is named."""

import json

import pytest

from models.core.errors import RunFormatError
from models.core.record import Run, preset


@pytest.fixture
def folder(tmp_path):
    """A preset whose JSON is whole; nothing reads its weights."""
    networks = {"vae": {"class_name": "VAEBackbone", "config": {}}, "image_shape": [64, 96, 3], "shift": 3.0,
                "latent_channels": 16, "num_train_timesteps": 1000}  # fmt: skip
    config = {"class_name": preset.BACKBONE, "config": networks}
    task = {"class_name": "StableDiffusion3TextToImage", "config": {"backbone": config}}
    for name, value in ((preset.CONFIG, config), (preset.TASK, task), (preset.METADATA, {"parameter_count": 7})):
        (tmp_path / name).write_text(json.dumps(value))
    (tmp_path / preset.WEIGHTS).write_bytes(b"weights")
    return tmp_path


def change(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_it_opens_like_a_finished_run(folder):
    run = Run.open(folder)
    assert run.read_only and run.info.status == "finished" and not run.checkpoints()
    assert run.info.dataset["image_shape"] == [64, 96, 3] and run.info.config == {"preset": str(folder)}
    assert Run.open(folder).info.id == run.info.id
    assert preset.outline(folder).parameters == 7


def test_other_weights_make_another_run(folder):
    before = Run.open(folder).info.id
    (folder / preset.WEIGHTS).write_bytes(b"WEIGHTS")
    assert Run.open(folder).info.id != before


@pytest.mark.parametrize("name", [preset.WEIGHTS, preset.TASK])
def test_what_is_missing_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(RunFormatError, match=f"lacks {name}.*Copy the whole folder"):
        Run.open(folder)


def test_weights_in_several_files_are_all_there(folder):
    (folder / preset.WEIGHTS).unlink()
    shards = {"weight_map": {"vae": ["model_00000.weights.h5"], "clip_l": ["model_00001.weights.h5"]}}
    (folder / preset.SHARDS).write_text(json.dumps(shards))
    (folder / "model_00000.weights.h5").write_bytes(b"1")
    with pytest.raises(RunFormatError, match=r"lacks model_00001\.weights\.h5"):
        Run.open(folder)
    (folder / "model_00001.weights.h5").write_bytes(b"22")
    assert preset.outline(folder).bytes == 3


@pytest.mark.parametrize("name", ["../model.weights.h5", 5])
def test_weights_outside_the_folder_are_refused(folder, name):
    (folder / preset.WEIGHTS).unlink()
    (folder / preset.SHARDS).write_text(json.dumps({"weight_map": {"vae": [name]}}))
    with pytest.raises(RunFormatError, match="names no files of weights"):
        Run.open(folder)


@pytest.mark.parametrize("name", [preset.CONFIG, preset.TASK])
def test_an_object_of_any_other_class_is_refused(folder, name):
    def add(value):
        value["config"]["extra"] = [{"class_name": "Lambda", "config": {}}]

    change(folder / name, add)
    with pytest.raises(RunFormatError, match=f"{name} .* the class 'Lambda'"):
        Run.open(folder)


@pytest.mark.parametrize("field, value", [
    ("image_shape", [64, 60, 3]), ("image_shape", [64, 64, 1]), ("image_shape", "large"), ("shift", -1.0),
    ("shift", None), ("num_train_timesteps", 10**9), ("latent_channels", 0),
])  # fmt: skip
def test_numbers_that_cannot_be_used_are_refused(folder, field, value):
    change(folder / preset.CONFIG, lambda config: config["config"].update({field: value}))
    with pytest.raises(RunFormatError, match="cannot be used"):
        Run.open(folder)


def test_a_folder_of_something_else_is_no_preset(folder, tmp_path):
    change(folder / preset.CONFIG, lambda config: config.update(class_name="BertBackbone"))
    assert not preset.is_preset(folder) and not preset.is_preset(tmp_path / "nothing")
    with pytest.raises(RunFormatError, match="holds no run"):
        Run.open(folder)
