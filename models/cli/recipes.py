"""The recipes of what the command line makes: the window's schema, so that the window brings it back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.cli.asking import Asked
from models.core.arrays import Codings
from models.core.capabilities import Decodes, Encodes
from models.core.diffusion.capability import Diffuses, Sampling
from models.core.diffusion.samplers import SAMPLERS
from models.core.recipes import arrays
from models.core.recipes.fields import plain
from models.core.recipes.schema import of_run
from models.core.record import Run

Pixels = NDArray[np.uint8]
Recipe = dict[str, Any]
MOST_NUMBERS = 40_000  # of codings inside a recipe


def sampled(run: Run, seed: int, count: int, codings: Codings | None = None) -> Recipe:
    """A sheet of images from codings: Latent draws the same codings from the seed, or is given other ones."""
    if codings is None or codings.size > MOST_NUMBERS:
        return of_run(run, "latent", "sample", seed=seed, count=count)
    return of_run(run, "latent", "sample", rows=[plain(one) for one in codings])


def walked(
    run: Run, model: Diffuses, sampling: Sampling, *, asked: Asked, count: int,
    begin: tuple[int, int, Pixels] | None = None,
) -> Recipe:  # fmt: skip
    """A sheet of images out of noise: the Reverse page of Diffusion.

    Args:
        sampling: with the seed that was used.
        begin: (t, seed of its noise, source images uint8 (n, h, w, c)) of image to image.
    """
    values: Recipe = {"mode": "reverse", "time": 0, "walk": _walk(model, sampling, asked, count)}
    if begin is not None:
        time, seed, sources = begin
        values["begin"] = {"time": time, "seed": seed, "pictures": arrays.pack(sources)}
    return of_run(run, "diffusion", "sample", **values)


def inpainted(
    run: Run, model: Diffuses, sampling: Sampling, *, asked: Asked, count: int,
    canvas: tuple[Pixels, NDArray[np.bool_]],
) -> Recipe:  # fmt: skip
    """Images of which a part was generated again: the Inpaint page of Diffusion.

    Args:
        sampling: with the seed that was used.
        canvas: the image uint8 (h, w, c), and where it was generated again, (h, w).
    """
    image, mask = canvas
    marked = np.where(mask, 255, 0).astype(np.uint8)[None, ..., None]
    packed = {"picture": arrays.pack(image[None]), "mask": arrays.pack(marked)}
    walk = _walk(model, sampling, asked, count)
    return of_run(run, "diffusion", "inpaint", mode="inpaint", time=0, walk=walk, **packed)


def _walk(model: Diffuses, sampling: Sampling, asked: Asked, count: int) -> Recipe:
    """How a walk went, and what was asked for."""
    counts = {
        "eta": SAMPLERS[sampling.sampler].noise == "eta",
        "guidance": asked.anything,
    }  # the others are written as null
    how = {name: value if counts.get(name, True) else None for name, value in asdict(sampling).items()}
    steps = sampling.taken(len(model.schedule) - 1)
    label = -1 if asked.label is None else asked.label
    return {**how, "steps": steps, "label": label, "count": count, **asked.prompt.numbers()}


def tabled(run: Run, model: Diffuses, sampling: Sampling, asked: Asked, lists: dict[str, str]) -> Recipe:
    """A table of words: the Prompt page of Diffusion fills it again. ``lists``: what was given across and down."""
    recipe = walked(run, model, sampling, asked=asked, count=1)
    return {**recipe, "made": "table", "mode": "prompt", "table": {"begin": asked.prompt.text, **lists}}


def interpolated(
    run: Run, start: int | Codings, end: int | Codings, steps: int, *, linear: bool, scale: int, fps: float | None
) -> Recipe:
    """From one seed's image to another's, or from one coding (latent_size,) to another: the path of Latent.

    ``fps`` is None for a strip.
    """
    path: Recipe = {"kind": "straight" if linear else "arc", "steps": steps}
    for name, one in (("start", start), ("end", end)):
        path |= {f"{name}_seed": one} if isinstance(one, int) else {name: plain(one)}
    return of_run(run, "latent", "interpolate", path=path, scale=scale, fps=fps)


def reconstructed(run: Run, model: Any, sources: NDArray[np.float32]) -> Recipe:
    """Images (n, h, w, c) and what a model made of them: Latent shows the codings; without codings nothing can."""
    if isinstance(model, Encodes) and isinstance(model, Decodes):
        codings = model.encode(sources)
        if codings.size <= MOST_NUMBERS:
            return of_run(run, "latent", "reconstruct", rows=[plain(one) for one in codings])
    return of_run(run, "", "reconstruct", images=len(sources))


def denoised(run: Run, name: str, source: Pixels, strength: float | None, *, whole: bool) -> Recipe:
    """One image (h, w, c) that was cleaned; ``whole``: with the image itself, if it is small."""
    return of_run(run, "denoise", "denoise", image=name, told=strength, **arrays.source(source, whole=whole))
