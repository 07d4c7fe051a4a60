"""The networks inside a Stable Diffusion 3 of KerasHub, each as a plain Keras model that is asked in batches.

KerasHub's own ``generate`` runs all steps in one compiled loop. Here every step is a question of its own, so that it
can be shown, cancelled and left for another one; the numbers are the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from models.core import device
from models.core.disk import files
from models.core.disk.operations import shown
from models.core.errors import RunFormatError, UserError
from models.core.hub import library, tiny
from models.core.inference import predict_all
from models.core.record.preset import LARGEST_JSON, TASK
from models.core.work import SILENT, Work

Tokens = NDArray[np.int32]  # (n, LENGTH of all text encoders together)
Numbers = NDArray[np.float32]
SMALL = 50_000_000  # weights below which several states are shown at a time
BATCHES = (1, 8, 32)  # a large model keeps a device busy with one, and whoever cancels waits for one


@contextlib.contextmanager
def memory_watched(advice: str) -> Iterator[None]:
    """Turn what a backend raises when memory runs out into one sentence; the model stays as it was.

    Raises:
        UserError: if memory ran out.
    """
    try:
        yield
    except Exception as error:
        if not device.out_of_memory(error):
            raise
        raise UserError("Memory ran out.", advice=advice) from error


def read(preset: str, image_shape: tuple[int, int, int], precision: str) -> Any:
    """KerasHub's text-to-image model of a preset, with its weights.

    Args:
        preset: "tiny", or a folder whose files were checked.
        image_shape: of the images that it shall make.
        precision: what it computes in: float32, bfloat16 or float16.

    Raises:
        UserError: if KerasHub is not installed.
        RunFormatError: if the files cannot be read.
    """
    if preset == tiny.NAME:
        return tiny.build()
    hub = library.imported()
    try:
        return _read(hub, Path(preset), image_shape, precision)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        if device.out_of_memory(error):
            raise
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
        advice = "Copy the whole folder again, or take another preset."
        raise RunFormatError(
            f"This preset cannot be read: {first}", where=shown(Path(preset)), advice=advice
        ) from error


def _read(hub: Any, folder: Path, image_shape: tuple[int, int, int], precision: str) -> Any:
    """As KerasHub's ``from_preset``, which would leave text encoders and autoencoder in the precision of the file."""
    from keras_hub.src.utils.preset_utils import get_preset_loader

    loader = get_preset_loader(str(folder))
    for name in ("vae", "clip_l", "clip_g", "t5"):
        part = loader.config["config"].get(name)
        if part is not None:
            part["config"]["dtype"] = precision
    kind = hub.models.StableDiffusion3Backbone
    backbone = loader.load_backbone(kind, True, dtype=precision, image_shape=image_shape)
    task = files.read_json(folder / TASK, max_bytes=LARGEST_JSON)
    preprocessor = keras.saving.deserialize_keras_object(task["config"]["preprocessor"])
    preprocessor.load_preset_assets(str(folder))
    return hub.models.StableDiffusion3TextToImage(backbone, preprocessor)


class Networks:
    """Text encoder, noise predictor, encoder and decoder of one model.

    Args:
        task: KerasHub's text-to-image model.
    """

    def __init__(self, task: Any) -> None:
        self.task = task
        backbone = task.backbone
        self.lengths = {name: self._preprocess([""])[name].shape[1] for name in sorted(self._preprocess([""]))}
        self.text = _text_encoder(backbone, self.lengths)
        self.diffuser = _diffuser(backbone)
        image = keras.Input(backbone.image_shape, name="image")
        mean = ops.split(backbone.vae.encoder(image), 2, axis=-1)[0]  # KerasHub's own sampler draws around it
        self.encoder = keras.Model(image, backbone.image_rescaling(mean))
        latent = keras.Input(backbone.latent_shape[1:], name="latent")
        self.decoder = keras.Model(latent, backbone.decode_step(latent))
        self.sizes = BATCHES if backbone.count_params() < SMALL else BATCHES[:1]
        self._read: dict[bytes, tuple[Numbers, Numbers]] = {}  # what a few sentences came to

    def _preprocess(self, sentences: Sequence[str]) -> dict[str, Tokens]:
        found = self.task.preprocessor.generate_preprocess(list(sentences))
        return {name: np.asarray(ops.convert_to_numpy(tokens), np.int32) for name, tokens in found.items()}

    def tokens(self, sentences: Sequence[str]) -> Tokens:
        """Sentences as tokens of all text encoders, side by side, (n, LENGTH)."""
        found = self._preprocess(sentences)
        return np.concatenate([found[name] for name in self.lengths], axis=1)

    def sentences(self, tokens: Tokens) -> tuple[Numbers, Numbers]:
        """What the text encoders make of tokens (n, LENGTH): vectors (n, places, size) and their summary (n, size)."""
        unknown = {row.tobytes(): row for row in tokens if row.tobytes() not in self._read}
        if unknown:
            if len(self._read) > 64:
                self._read.clear()
            vectors, pooled = self._ask(self.text, [np.stack(list(unknown.values()))], SILENT)
            self._read |= dict(zip(unknown, zip(vectors, pooled, strict=True), strict=True))
        known = [self._read[row.tobytes()] for row in tokens]
        return np.stack([vectors for vectors, _ in known]), np.stack([pooled for _, pooled in known])

    def velocity(
        self, x: Numbers, sigma: float, sentences: tuple[Numbers, Numbers], work: Work
    ) -> Numbers:  # fmt: skip
        """What the noise predictor says of states (n, h, w, c) in which ``sigma`` is noise."""
        time = np.full(len(x), sigma * self.task.backbone.num_train_timesteps, np.float32)
        return self._ask(self.diffuser, [x, *sentences, time], work)[0]

    def encode(self, images: Numbers) -> Numbers:
        """Codings (n, h/8, w/8, c) of images in [-1, 1]."""
        return self._ask(self.encoder, [images], SILENT)[0]

    def decode(self, codings: Numbers) -> Numbers:
        """Images in [-1, 1], or a little beyond, of codings."""
        return self._ask(self.decoder, [codings], SILENT)[0]

    def _ask(self, network: Any, inputs: list[NDArray[Any]], work: Work) -> list[Numbers]:
        with memory_watched("Ask for fewer images at a time, or take the preset in again with a smaller --size."):
            return [np.asarray(one, np.float32) for one in predict_all(network, inputs, sizes=self.sizes, work=work)]


def _text_encoder(backbone: Any, lengths: dict[str, int]) -> keras.Model:
    """Tokens (b, LENGTH) -> vectors (b, places, size), summary (b, size)."""
    tokens = keras.Input((sum(lengths.values()),), dtype="int32", name="tokens")
    ends = np.cumsum(list(lengths.values())).tolist()
    parts = {
        name: tokens[:, end - length : end] for (name, length), end in zip(lengths.items(), ends, strict=True)
    }  # fmt: skip
    vectors, _, pooled, _ = backbone.encode_text_step(parts, parts)
    return keras.Model(tokens, [vectors, pooled])


def _diffuser(backbone: Any) -> keras.Model:
    """States (b, h, w, c), vectors, summary, time (b,) -> velocity (b, h, w, c)."""
    inner = backbone.diffuser
    given = {name: keras.Input(tensor.shape[1:], name=name) for name, tensor in inner.input.items()}
    order = ("latent", "context", "pooled_projection", "timestep")
    return keras.Model([given[name] for name in order], inner(given))
