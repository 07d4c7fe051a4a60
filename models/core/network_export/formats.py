"""One way out: the networks of a trained model as files that other programs read. Nothing is ever read back.

Each network is rebuilt from Keras' own layers first (core/network_export/plain_keras.py), so no file needs this
project. Beside the files lies a JSON that says what goes in and out of them: names, shapes, ranges, classes,
conditions, the schedule.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import models
from models.core import device
from models.core.disk import files, new_files
from models.core.disk.operations import native, shown
from models.core.errors import UserError

SCHEMA = 1  # of the JSON


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        suffix: of its files.
        package: that writes it, "" for what is there anyway.
        extra: of this project that installs the package.
        tensorflow: whether only TensorFlow can write it.
    """

    suffix: str
    package: str = ""
    extra: str = ""
    tensorflow: bool = False


FORMATS = {
    "keras": Format(".keras"),
    "weights": Format(".weights.h5"),
    "safetensors": Format(".safetensors", "safetensors", "safetensors"),
    "onnx": Format(".onnx", "tf2onnx", "onnx", tensorflow=True),
    "tflite": Format(".tflite", tensorflow=True),
}


def missing(kind: str) -> str:
    """What a format lacks on this machine, as the rest of a sentence; "" if it can be written."""
    known = FORMATS[kind]
    if known.tensorflow and device.prepare().backend != "tensorflow":
        return "needs TensorFlow: set KERAS_BACKEND=tensorflow, the same run works on both"
    if known.package and importlib.util.find_spec(known.package) is None:
        return f"needs the package {known.package}: pip install 'generative-studio[{known.extra}]'"
    return ""


def check(kind: str) -> None:
    """Refuse a format that cannot be written here, before a model is loaded.

    Raises:
        UserError: saying what it lacks, and what works.
    """
    lacking = missing(kind)
    if lacking:
        can = ", ".join(name for name in FORMATS if not missing(name))
        raise UserError(f"The format {kind} {lacking}.", where="--format", advice=f"What works here: {can}.")


def names(model: Any, kind: str, out: Path) -> dict[str, Path]:
    """The files that an export writes: by the network (``parts()``), and at last by "" the JSON beside them.

    Raises:
        UserError: if the model comes trained, from files that other programs read already.
    """
    if not hasattr(model, "parts"):
        raise UserError("This model was trained by others and is not exported.", advice="Copy its preset's folder.")
    suffix = FORMATS[kind].suffix
    stem = out.name.removesuffix(suffix)
    written = {part: out.with_name(f"{stem}-{part}{suffix}") for part in model.parts()}
    return {**written, "": out.with_name(f"{stem}.{kind}.json")}


def check_names(paths: Iterable[Path]) -> None:
    """Refuse to write over files.

    Raises:
        UserError: naming those that are there.
    """
    taken = [shown(path) for path in paths if os.path.lexists(native(path))]
    if taken:
        what = "This file exists already." if len(taken) == 1 else "These files exist already."
        raise UserError(what, where=", ".join(taken), advice="Choose another --out, or give --overwrite.")


def export_model(
    model: Any, kind: str, out: Path, *, about: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None, overwrite: bool = False,
) -> list[Path]:  # fmt: skip
    """Write each network of a model (``parts()``) as ``<out>-<part><suffix>`` and ``<out>.<kind>.json`` beside them.

    Args:
        model: a family's model with its weights.
        kind: one of ``FORMATS``.
        out: path without or with the suffix; ``about``: more values for the JSON, such as the run.
        tell: called with each network's name before it is written.
        overwrite: whether files of these names are replaced; else they are kept, and nothing is written.

    Returns:
        The files written, the JSON last.

    Raises:
        UserError: if ``check`` or ``check_names`` refuses, or the format cannot hold a network.
        StorageError: if a file cannot be written; none is left half written.
    """
    check(kind)
    targets = names(model, kind, out)
    if not overwrite:
        check_names(targets.values())
    files.make_folder(out.parent)
    networks, write = {}, files.write_atomic if overwrite else new_files.write_only
    with tempfile.TemporaryDirectory() as scratch:
        drafts = {part: Path(scratch) / f"{part}{FORMATS[kind].suffix}" for part in targets}
        for part, network in model.parts().items():
            if tell:
                tell(part)
            try:
                rebuilt = _drafted(network, model.OUTPUTS[part], kind, drafts[part])
            except ValueError as error:
                raise UserError(f"The {part} cannot be written as {kind}: {error}", where=str(out)) from error
            networks[part] = _network(rebuilt, targets[part].name, model)
        facts = {**_facts(model, kind), **(about or {}), "networks": networks}
        for part, target in targets.items():
            write(target, functools.partial(_copy, drafts[part]) if part else _json(facts))
    return list(targets.values())


def _drafted(network: Any, outputs: Sequence[str], kind: str, draft: Path) -> Any:
    """Write one network into a scratch file and return what was written.

    Raises:
        ValueError: if the format cannot hold it, with the first line of the reason.
    """
    from models.core.network_export.plain_keras import plain

    try:
        rebuilt = plain(network, outputs)
        with device.quiet():
            _WRITERS[kind](rebuilt, str(draft))
    except Exception as error:
        raise ValueError((str(error).splitlines() or [""])[0][:200] or type(error).__name__) from error
    return rebuilt


# --- What the JSON says ---


def _facts(model: Any, kind: str) -> dict[str, Any]:
    spec = model.spec
    return {
        "schema": SCHEMA, "made_by": f"generative-studio {models.__version__}", "format": kind,
        "computes_in": "float32", "image_shape": list(spec.image_shape), "classes": list(spec.label_names),
        "attributes": list(spec.attribute_names), **model.facts(),
    }  # fmt: skip


def _network(network: Any, name: str, model: Any) -> dict[str, Any]:
    ports = model.ports()
    inputs = [_port(tensor.name, tensor, ports) for tensor in network.inputs]
    outputs = [_port(*pair, ports) for pair in zip(network.output_names, network.outputs, strict=True)]
    for port in outputs:
        if ports[port["name"]].clip:
            port["clip"] = True
    return {"file": name, "inputs": inputs, "outputs": outputs}


def _port(name: str, tensor: Any, ports: Mapping[str, Any]) -> dict[str, Any]:
    port = ports[name]
    known = {"name": name, "shape": list(tensor.shape), "dtype": str(tensor.dtype), "meaning": port.meaning}
    return known if port.low is None and port.high is None else {**known, "range": [port.low, port.high]}


# --- The formats ---


def _keras(network: Any, path: str) -> None:
    network.save(path)


def _weights(network: Any, path: str) -> None:
    network.save_weights(path)


def _safetensors(network: Any, path: str) -> None:
    """Weights by layer and name; the architecture, as Keras reads it, is in the metadata."""
    import numpy as np
    from safetensors.numpy import save_file

    from models.core.keras_internals import read_variable

    tensors = {variable.path: np.ascontiguousarray(read_variable(variable)) for variable in network.weights}
    assert len(tensors) == len(network.weights)
    save_file(tensors, path, metadata={"format": "keras", "architecture": network.to_json()})


def _onnx(network: Any, path: str) -> None:
    _named(network).export(path, format="onnx", verbose=False, input_signature=_signature(network))


def _tflite(network: Any, path: str) -> None:
    _named(network).export(path, format="litert", verbose=False, input_signature=_signature(network))


def _named(network: Any) -> Any:
    """The network with a dict of outputs, whose keys become their names; TensorFlow sorts them."""
    import keras

    return keras.Model(network.input, dict(zip(network.output_names, network.outputs, strict=True)), name=network.name)


def _signature(network: Any) -> list[Any]:
    """What Keras would find out by itself once the network was called."""
    import keras

    specs = [keras.InputSpec(shape=(None, *t.shape[1:]), dtype=t.dtype, name=t.name) for t in network.inputs]
    return [specs if len(specs) > 1 else specs[0]]


_WRITERS: dict[str, Callable[[Any, str], None]] = {
    "keras": _keras, "weights": _weights, "safetensors": _safetensors, "onnx": _onnx, "tflite": _tflite,
}  # fmt: skip


def _json(value: Mapping[str, Any]) -> Callable[[Any], None]:
    return lambda stream: stream.write(files.json_bytes(value))


def _copy(draft: Path, stream: Any) -> None:
    with draft.open("rb") as source:
        shutil.copyfileobj(source, stream)
