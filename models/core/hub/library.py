"""KerasHub itself: imported when it is needed, and one sentence where it is not installed."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from models.core import device
from models.core.errors import UserError

EXTRA = "stable-diffusion"


def missing() -> str:
    """What to do where KerasHub is not installed; "" where it is."""
    if importlib.util.find_spec("keras_hub") is not None:
        return ""
    return f'Stable Diffusion needs KerasHub: pip install "generative-studio[{EXTRA}]".'


def imported() -> Any:
    """The module ``keras_hub``.

    Raises:
        UserError: if it is not installed, or does not fit the rest of what is.
    """
    if lacks := missing():
        raise UserError("KerasHub is not installed.", advice=lacks)
    device.prepare()
    try:
        with device.quiet():
            hub = importlib.import_module("keras_hub")
    except ImportError as error:
        advice = f'Install it again: pip install --upgrade "generative-studio[{EXTRA}]".'
        raise UserError(f"KerasHub cannot be imported: {error}.", advice=advice) from error
    if importlib.util.find_spec("tensorflow_text") is None:
        _do_without_tensorflow_text(hub)
    return hub


def _do_without_tensorflow_text(hub: Any) -> None:
    """Let CLIP's tokenizer be made where tensorflow-text is not installed.

    KerasHub 0.32 tokenizes in Python by then, but CLIP's class expects that the attempt with TensorFlow, which it lets
    fail, has noted the vocabulary first. (There is no tensorflow-text for Windows and for Macs; it takes 190 MB.)
    """

    def note(self: Any, vocabulary: dict[str, int], merges: list[str]) -> None:
        self.vocabulary, self.merges = dict(vocabulary), merges

    hub.models.CLIPTokenizer._set_vocabulary_and_merges_tf = note
