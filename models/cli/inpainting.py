"""What the command ``inpaint`` does once its arguments are read: a part of an image is generated again."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.cli import recipes as command_recipes
from models.cli.asking import warnings
from models.cli.commands import Say, open_model, transparency
from models.cli.denoise_transfer import counting
from models.cli.sampling import walk_of
from models.core.diffusion.capability import Diffuses, Kept
from models.core.disk.operations import shown
from models.core.errors import ConfigError
from models.core.evaluation import cautions
from models.core.images import convert, export, photos
from models.core.images import recipes as image_recipes
from models.core.images.decoding import WHITE
from models.core.record import Run

BLACK = (0, 0, 0)
HALF = 127  # above it a pixel of a mask is white
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]  # (height, width), True where it is generated again


def mask_of(path: Path) -> Pixels:
    """The mask in a file, uint8 (height, width, 1): white or, in a file with transparent parts, opaque is 255.

    Raises:
        ImageError: if it cannot be read.
    """
    on_black = photos.read(path, ground=BLACK)
    size = (*on_black.pixels.shape[:2], 1)
    if not on_black.transparent:
        return convert.fit(on_black.pixels, size)
    on_white = photos.read(path, ground=WHITE)  # what is opaque looks the same on both
    seen = on_white.pixels.astype(int) - on_black.pixels
    opaque: Pixels = (255 - seen.max(axis=-1, keepdims=True)).clip(0, 255).astype(np.uint8)
    return opaque


def canvas(arguments: Namespace, shape: tuple[int, int, int], say: Say) -> tuple[Pixels, Mask]:
    """The image uint8 (h, w, c) and its mask (h, w), both fitted to a model's shape (h, w, c), which is said.

    Raises:
        ImageError: if one of them cannot be read.
        ConfigError: if the mask has another size than the image, or marks nothing.
    """
    photo, mask = photos.read(arguments.image, ground=arguments.background), mask_of(arguments.mask)
    size, wanted = photo.pixels.shape[:2], tuple(shape[:2])
    if mask.shape[:2] not in (size, wanted):
        is_, must = (f"{width} x {height}" for height, width in (mask.shape[:2], size))
        raise ConfigError({"--mask": f"must be as large as the image: {must} pixels (it is {is_})"})
    if words := transparency([shown(arguments.image)] if photo.transparent else [], arguments.background):
        say.line(words)
    if size != wanted:
        say.line(f"The image is cut and resized to the model's {wanted[1]} x {wanted[0]} pixels.")
    marked = convert.fit(mask, (*shape[:2], 1))[..., 0] > HALF
    if not marked.any():
        raise ConfigError({"--mask": "marks nothing: white (or opaque) is what is generated again"})
    return convert.fit(photo.pixels, shape), marked


def inpaint_(arguments: Namespace, say: Say) -> int:
    """The command ``inpaint``: what the mask leaves out comes back as it was, pixel by pixel."""
    image, mask = canvas(arguments, Run.open(arguments.run).info.dataset["image_shape"], say)
    run, model = open_model(arguments, say, Diffuses, lambda model: walk_of(arguments, model))
    sampling, asked = walk_of(arguments, model)
    sampling, count = replace(sampling, repeats=arguments.repeats), arguments.count
    recipe = command_recipes.inpainted(run, model, sampling, asked=asked, count=count, canvas=(image, mask))
    image_recipes.as_json(recipe)  # what does not fit is refused before the work
    for line in (cautions.learned(model), *warnings(asked, model)):
        if line:
            say.line(line)
    kept = Kept(convert.to_float(image[None]), mask[None, ..., None])
    with counting(say, "images") as work:
        walk = model.reverse(sampling, count=count, **asked.conditions(model, count), kept=kept, work=work)
        for step in walk:
            work.tell("Sampling", (model.rates.timesteps - step.t) * count // model.rates.timesteps, count)
    say.line(f"{mask.mean():.0%} of the image was generated again; the rest is as it was.")
    sheet = convert.grid(convert.to_uint8(model.pictures(step.x, kept)))
    say.result(written=str(export.write_png(arguments.out, sheet, recipe)))
    return 0
