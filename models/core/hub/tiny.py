"""A Stable Diffusion 3 of a million random weights: built offline in half a second, to try the controls and for tests.

Its images are noise of its own kind and mean nothing; every network, the tokenizers and the sampling are the real ones.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import numpy as np

from models.core.hub import library

NAME = "tiny"
SIDE = 64  # px
PARAMETERS = 1_164_579
TOKENS = 77  # of a sentence, as in the large ones
WIDTH, LAYERS, HEADS = 64, 2, 2  # of the transformer
TEXT = 32  # numbers that a text encoder makes of a token
FILTERS = [32, 32, 32, 32]  # of the autoencoder, whose codings are an eighth as high and wide


def vocabulary() -> tuple[dict[str, int], list[str]]:
    """Tokens by name, and the pairs that are merged: letters, numbers and a few words."""
    marks = [*string.ascii_lowercase, *string.digits]
    merges = ["r e", "re d</w>", "c a", "ca t</w>", "d o", "do g</w>"]
    merged = [pair.replace(" ", "") for pair in merges]
    names = ["!", "<|startoftext|>", "<|endoftext|>", *marks, *(f"{mark}</w>" for mark in marks), *merged]
    return {name: number for number, name in enumerate(names)}, merges


def build(seed: int = 1) -> Any:
    """KerasHub's ``StableDiffusion3TextToImage`` with random weights; the same seed gives the same ones.

    Raises:
        UserError: if KerasHub is not installed.
    """
    hub = library.imported()
    from keras_hub.src.models.vae.vae_backbone import VAEBackbone

    words, merges = vocabulary()

    def encoder(activation: str, name: str) -> Any:
        sizes = (len(words), TEXT, TEXT, LAYERS, HEADS, 2 * TEXT)
        return hub.models.CLIPTextEncoder(*sizes, activation, -2, TOKENS, name=name)

    def preprocessor(*, padded_with_end: bool) -> Any:
        tokenizer = hub.models.CLIPTokenizer(words, merges, pad_with_end_token=padded_with_end)
        return hub.models.CLIPPreprocessor(tokenizer, sequence_length=TOKENS)

    vae = VAEBackbone(FILTERS, [1] * 4, FILTERS, [1] * 4, scale=1.5305, shift=0.0609, name="vae")
    backbone = hub.models.StableDiffusion3Backbone(
        2, WIDTH, LAYERS, HEADS, 64, None, None, vae, encoder("quick_gelu", "clip_l"), encoder("gelu", "clip_g"),
        image_shape=(SIDE, SIDE, 3), name="tiny_stable_diffusion_3",
    )  # fmt: skip
    _fill(backbone, seed)
    both = hub.models.StableDiffusion3TextToImagePreprocessor(
        preprocessor(padded_with_end=True), preprocessor(padded_with_end=False)
    )
    return hub.models.StableDiffusion3TextToImage(backbone, both)


def _fill(backbone: Any, seed: int) -> None:
    """Random numbers in all kernels and tables; Keras' own would be others in every process."""
    draws = np.random.default_rng(seed)
    for variable in backbone.weights:
        if len(variable.shape) > 1:
            fan_in = int(np.prod(variable.shape[:-1]))
            variable.assign(draws.standard_normal(variable.shape, np.float32) / np.sqrt(fan_in))
        elif "bias" in variable.name:
            variable.assign(0.02 * draws.standard_normal(variable.shape, np.float32))


def save(folder: Path, seed: int = 1) -> Path:
    """Save it as a preset, as KerasHub saves any of its models.

    Raises:
        UserError: if KerasHub is not installed.
    """
    build(seed).save_to_preset(str(folder))
    return folder
