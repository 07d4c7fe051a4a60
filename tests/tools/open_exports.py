"""Opens exported files in their real runtime, in a process that cannot import this project; run by a test.

``python open_exports.py FORMAT FOLDER``: for each ``<name>.<format>.json`` in the folder, every network is fed with the
arrays of ``<name>-<part>.npz`` (inputs as ``in/<input>``, right outputs as ``out/<output>``). One JSON object a line:
file, the names of its outputs in order, the largest difference as a share of an output's largest value (kernels of
other libraries sum in another order, so what is equal is the leading digits).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"


class Deny:
    """Makes this project impossible to import, wherever it is installed."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in ("models", "studio"):
            raise ImportError(f"{name} must not be needed")


sys.meta_path.insert(0, Deny())
import numpy as np  # noqa: E402


def in_order(network: dict[str, Any], inputs: dict[str, Any]) -> Any:
    given = [inputs[port["name"]] for port in network["inputs"]]
    return given if len(given) > 1 else given[0]


def asked(model: Any, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    found = model.predict_on_batch(in_order(network, inputs))
    return dict(zip(model.output_names, found if isinstance(found, list) else [found], strict=True))


def keras(path: Path, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    from keras.saving import load_model

    return asked(load_model(path), network, inputs)


def weights(path: Path, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """Into the network of the .keras file beside it, whose own weights are wiped first."""
    from keras.saving import load_model

    model = load_model(str(path).removesuffix(".weights.h5") + ".keras")
    model.set_weights([np.zeros_like(one) for one in model.get_weights()])
    model.load_weights(path)
    return asked(model, network, inputs)


def safetensors(path: Path, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    from keras.models import model_from_json
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        model = model_from_json(file.metadata()["architecture"])
        assert set(file.keys()) == {variable.path for variable in model.weights}
        for variable in model.weights:
            variable.assign(file.get_tensor(variable.path))
    return asked(model, network, inputs)


def onnx(path: Path, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == [port["name"] for port in network["inputs"]]
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def tflite(path: Path, network: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """By name through the signature, and by place: the first output must be the first one there, too."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        Interpreter = tf.lite.Interpreter
    found = dict(Interpreter(str(path)).get_signature_runner()(**inputs))
    names = [port["name"] for port in network["outputs"]]
    assert set(found) == set(names)
    plain = Interpreter(str(path))
    for port, detail in zip(network["inputs"], plain.get_input_details(), strict=True):
        plain.resize_tensor_input(detail["index"], inputs[port["name"]].shape)
    plain.allocate_tensors()
    for port, detail in zip(network["inputs"], plain.get_input_details(), strict=True):
        plain.set_tensor(detail["index"], inputs[port["name"]])
    plain.invoke()
    for name, detail in zip(names, plain.get_output_details(), strict=True):
        np.testing.assert_allclose(plain.get_tensor(detail["index"]), found[name], atol=1e-6)
    return {name: found[name] for name in names}


OPENERS = {"keras": keras, "weights": weights, "safetensors": safetensors, "onnx": onnx, "tflite": tflite}


def main(kind: str, folder: Path) -> None:
    for beside in sorted(folder.glob(f"*.{kind}.json")):
        for part, network in json.loads(beside.read_text("utf-8"))["networks"].items():
            arrays = np.load(folder / f"{beside.name.removesuffix(f'.{kind}.json')}-{part}.npz")
            inputs = {name[3:]: arrays[name] for name in arrays.files if name.startswith("in/")}
            found = OPENERS[kind](folder / network["file"], network, inputs)
            right = {name: arrays[f"out/{name}"] for name in found}
            off = [float(np.abs(found[name] - one).max() / np.abs(one).max()) for name, one in right.items()]
            print(json.dumps({"file": network["file"], "outputs": list(found), "off": max(off)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
