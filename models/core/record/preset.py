"""A preset of Stable Diffusion 3, as KerasHub saves it: a folder of foreign files that opens like a finished run.

    config.json          the networks
    task.json            the networks and the tokenizers
    tokenizer.json ...   with their vocabularies in assets/
    model.weights.h5     the weights, or model.weights.json and several files that it names

Here the JSON is looked at, without a backend: whether everything is there, how large the images are, how much memory
the weights need. Keras makes objects of whatever class such a file names, so a class that is not on the list is
refused before Keras sees it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.core.disk import files
from models.core.disk.operations import native, shown
from models.core.errors import RunFormatError
from models.core.record.info import SCHEMA, RunInfo

FAMILY = "stable_diffusion"
CONFIG, TASK, WEIGHTS, SHARDS, METADATA = (
    "config.json", "task.json", "model.weights.h5", "model.weights.json", "metadata.json",
)  # fmt: skip
BACKBONE = "StableDiffusion3Backbone"
CLASSES = {
    BACKBONE, "StableDiffusion3TextToImage", "StableDiffusion3TextToImagePreprocessor", "VAEBackbone",
    "CLIPTextEncoder", "CLIPPreprocessor", "CLIPTokenizer", "T5Encoder", "T5Preprocessor", "T5Tokenizer",
    "DTypePolicy",
}  # fmt: skip
LARGEST_JSON = 8 * 2**20  # bytes
END = 2**20  # bytes
ADVICE = "Copy the whole folder again, or take another preset."


@dataclass(frozen=True)
class Outline:
    """What a preset says of itself.

    Attributes:
        image_shape: (height, width, channels) of its images.
        latent_channels: of what is diffused, an eighth as high and wide.
        timesteps: T of its training.
        shift: of its noise schedule.
        parameters: weights of all networks.
        fingerprint: sha256 of its config and of both ends of its files of weights; hashing gigabytes takes too long.
        bytes: of the files of weights.
    """

    image_shape: tuple[int, int, int]
    latent_channels: int
    timesteps: int
    shift: float
    parameters: int
    fingerprint: str
    bytes: int


def is_preset(folder: Path) -> bool:
    """Whether a folder holds a preset of Stable Diffusion 3, whole or not."""
    try:
        return bool(_json(folder / CONFIG).get("class_name") == BACKBONE)
    except (RunFormatError, OSError, ValueError):
        return False


def outline(folder: Path) -> Outline:
    """Look at a preset.

    Raises:
        RunFormatError: naming the file that is missing, or what cannot be used.
    """
    config, weights = _json(folder / CONFIG), _weights(folder)
    _check_classes(config, folder / CONFIG)
    _check_classes(_json(folder / TASK), folder / TASK)
    values = config["config"]
    try:
        height, width, channels = (int(side) for side in values["image_shape"])
        latent, timesteps = int(values["latent_channels"]), int(values["num_train_timesteps"])
        shift = float(values["shift"])
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(folder / CONFIG, f"lacks {error}") from error
    if height % 8 or width % 8 or not 8 <= min(height, width) <= max(height, width) <= 2048 or channels != 3:
        raise _unusable(folder / CONFIG, f"is for images of {height} x {width} x {channels}")
    if not (1 <= latent <= 1024 and 100 <= timesteps <= 4000 and 0.0 < shift <= 100.0):
        raise _unusable(folder / CONFIG, "has a noise schedule that cannot be used")
    sizes = {path.name: _size(path) for path in weights}
    count = _json(folder / METADATA).get("parameter_count") if (folder / METADATA).is_file() else None
    parameters = count if isinstance(count, int) and count > 0 else sum(sizes.values()) // 2
    mark = hashlib.sha256(repr(values).encode())
    for path in weights:
        mark.update(f"{path.name} {sizes[path.name]}".encode() + _ends(path))
    shape = height, width, channels
    return Outline(shape, latent, timesteps, shift, parameters, mark.hexdigest(), sum(sizes.values()))


def resized(found: Outline, side: int) -> Outline:
    """The same preset for square images of another size; what it makes is then known by another fingerprint."""
    mark = hashlib.sha256(f"{found.fingerprint} {side}".encode()).hexdigest()
    return replace(found, image_shape=(side, side, found.image_shape[2]), fingerprint=mark)


def info(folder: Path) -> RunInfo:
    """What a preset would say if it was a run: finished, and made by no training.

    Raises:
        RunFormatError: if it cannot be used.
    """
    found = outline(folder)
    return RunInfo(
        schema_version=SCHEMA, id=found.fingerprint[:32], family=FAMILY, config={"preset": str(folder)},
        dataset=described(found.image_shape), seed=0, versions={}, status="finished", created="", message="",
        title=folder.name,
    )  # fmt: skip


def described(image_shape: tuple[int, int, int]) -> dict[str, Any]:
    """What a run says of the images of a model that comes trained: nothing but their shape."""
    return {"name": "", "title": "", "image_shape": list(image_shape)}


def _weights(folder: Path) -> list[Path]:
    """The files of weights; RunFormatError that names one that is missing."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / SHARDS).is_file():
        raise _missing(folder / WEIGHTS)
    table = _json(folder / SHARDS).get("weight_map", {})
    listed = table.values() if isinstance(table, dict) else ()
    names = {name for entry in listed for name in (entry if isinstance(entry, list) else [entry])}
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise _unusable(folder / SHARDS, "names no files of weights")
    for name in sorted(names):
        if not (folder / name).is_file():
            raise _missing(folder / name)
    return [folder / name for name in sorted(names)]


def _json(path: Path) -> dict[str, Any]:
    if not Path(native(path)).is_file():
        raise _missing(path)
    found = files.read_json(path, max_bytes=LARGEST_JSON)
    if not isinstance(found, dict):
        raise _unusable(path, "is no object")
    return found


def _size(path: Path) -> int:
    return Path(native(path)).stat().st_size


def _ends(path: Path) -> bytes:
    """The first and the last mebibyte of a file."""
    with files.opened(path) as stream:
        begin = stream.read(END)
        stream.seek(max(END, _size(path) - END))
        return begin + stream.read(END)


def _check_classes(value: Any, path: Path) -> None:
    """Refuse what Keras should make of a class that has no business here.

    Raises:
        RunFormatError: naming it.
    """
    for name in _classes(value):
        if name not in CLASSES:
            raise _unusable(path, f"wants an object of the class {str(name)[:60]!r}")


def _classes(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        if "class_name" in value:
            yield value["class_name"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _classes(one)


def _missing(path: Path) -> RunFormatError:
    return RunFormatError(f"This preset lacks {path.name}.", where=shown(path.parent), advice=ADVICE)


def _unusable(path: Path, why: str) -> RunFormatError:
    return RunFormatError(f"{path.name} of this preset {why}, so it cannot be used.", where=shown(path.parent),
                          advice=ADVICE)  # fmt: skip
