"""One way out: the networks of a trained model as files that other programs read. Nothing is ever read back."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.core import files
from models.core.errors import UserError

SUFFIXES = {"keras": ".keras", "weights": ".weights.h5", "onnx": ".onnx", "tflite": ".tflite"}


def export_model(model: Any, kind: str, out: Path) -> list[Path]:
    """Write each network of a model (``parts()``) as ``<out>-<part><suffix>`` and return the files written.

    Args:
        model: a family's model with its weights.
        kind: "keras", "weights", "onnx" or "tflite".
        out: path without or with the suffix; its folder must exist.

    Raises:
        UserError: if a package that the format needs is missing, or the format cannot hold the network.
        StorageError: if the disk says no; no half-written file is left.
    """
    suffix = SUFFIXES[kind]
    stem = out.name.removesuffix(suffix)
    if kind == "onnx" and importlib.util.find_spec("tf2onnx") is None:
        raise UserError(
            "ONNX export needs the package tf2onnx.",
            where="--format onnx",
            advice="pip install 'generative-studio[onnx]'",
        )
    written = []
    with tempfile.TemporaryDirectory() as scratch:
        for part, network in model.parts().items():
            draft = Path(scratch) / f"{part}{suffix}"
            try:
                _writer(network, kind)(str(draft))
            except Exception as error:
                first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
                raise UserError(f"The {part} cannot be written as {kind}: {first}", where=str(out)) from error
            target = out.with_name(f"{stem}-{part}{suffix}")
            files.write_atomic(target, functools.partial(_copy, draft))
            written.append(target)
    return written


def _writer(network: Any, kind: str) -> Callable[[str], Any]:
    if kind == "keras":
        return network.save  # type: ignore[no-any-return]
    if kind == "weights":
        return network.save_weights  # type: ignore[no-any-return]
    if kind == "onnx":
        return lambda path: network.export(path, format="onnx", verbose=False)
    return lambda path: network.export(path, format="litert", verbose=False)


def _copy(draft: Path, stream: Any) -> None:
    with draft.open("rb") as source:
        shutil.copyfileobj(source, stream)
