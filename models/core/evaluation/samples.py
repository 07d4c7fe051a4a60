"""New images from a model, whichever way it makes them: from codings, or out of noise step by step."""

from __future__ import annotations

from typing import TypeGuard

import numpy as np

from models.core.arrays import Images
from models.core.capabilities import Conditions, Decodes
from models.core.diffusion.capability import QUICK, Diffuses, Labels, Sampling
from models.core.errors import UserError
from models.core.work import SILENT, Work


def draws(model: object) -> TypeGuard[Decodes | Diffuses]:
    """Whether a model can make new images."""
    return isinstance(model, Decodes | Diffuses)


def check(model: object) -> None:
    """Refuse a model that draws no images.

    Raises:
        UserError: what else to choose.
    """
    if not draws(model):
        advice = "Choose a VAE, a GAN or a diffusion model."
        raise UserError("This model generates no samples, so there is nothing to evaluate.", advice=advice)


def draw(
    model: Decodes | Diffuses, count: int, seed: int, *, sampling: Sampling | None = None, work: Work = SILENT
) -> Images:
    """``count`` new images, (count, h, w, c) in [0, 1]; the same seed gives the same ones.

    Args:
        model: with its weights.
        count: how many.
        seed: of codings or noise.
        sampling: how a model that diffuses walks.
        work: told and checked now and then by a model that diffuses, which raises ``Cancelled``.
    """
    if isinstance(model, Decodes):
        return model.decode(model.sample_codings(count, seed))
    return model.sample(count, seed, sampling=sampling, work=work)


def draw_classes(
    model: Conditions | Diffuses, labels: Labels, seed: int, *, sampling: Sampling | None = None, work: Work = SILENT
) -> Images:
    """New images of classes (n,) that are asked for, (n, h, w, c) in [0, 1]; see ``draw``."""
    if isinstance(model, Conditions):
        wanted = np.eye(len(model.condition_names), dtype=np.float32)[labels]
        return model.decode_with(model.sample_codings(len(labels), seed), wanted)
    return model.sample(len(labels), seed, conditions=labels, sampling=sampling, work=work)


def sheet(
    model: Decodes | Diffuses, rows: int, count: int, columns: int, seed: int, *, work: Work = SILENT
) -> tuple[Images, int]:
    """A sheet of samples for a preview, and its columns: with conditions one column each, else as told.

    Args:
        model: with its weights.
        rows: of a sheet with conditions.
        count: of images without conditions.
        columns: of a sheet without conditions.
        seed: of codings or noise.
        work: as in ``draw``.
    """
    if isinstance(model, Conditions):
        conditions = model.preview_conditions()
        codings = np.repeat(model.sample_codings(rows, seed), len(conditions), 0)  # one coding a row
        return model.decode_with(codings, np.tile(conditions, (rows, 1))), len(conditions)
    if isinstance(model, Decodes) or not len(model.condition.preview()):
        return draw(model, count, seed, sampling=QUICK, work=work), columns
    asked = model.condition.preview()
    each = np.concatenate([asked] * rows)
    return model.sample(len(each), seed, conditions=each, sampling=QUICK, work=work), len(asked)
