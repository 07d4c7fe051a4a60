"""What the Gallery asks of files that may come from anywhere: thumbnails, and all about one. It is decoded here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from models.core.errors import UserError
from models.core.images import animation_frames, convert, decoding
from models.core.images.pixels import Pixels
from models.core.recipes import schema as recipe
from models.core.recipes.schema import Recipe
from models.core.work import Work

THUMB = 280  # px


@dataclass(frozen=True, eq=False)
class Looked:
    """What is known of one file.

    Attributes:
        image: its first frame; None if it cannot be decoded.
        count: of its frames.
        frames, durations: of an animation that moves (ms); empty for one image, or where they are too many.
        recipe: what it carries; None for nothing.
        problems: what is wrong with the image or with the recipe, in words.
    """

    picture: Pixels | None = None
    count: int = 1
    frames: list[Pixels] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    recipe: Recipe | None = None
    problems: tuple[str, ...] = ()


def thumbnail(path: Path, work: Work) -> Pixels | None:
    """The image, at most ``THUMB`` pixels wide and high; None if it cannot be decoded."""
    try:
        picture = decoding.decode(path, least=THUMB, work=work)
    except UserError:
        return None  # somebody else's file: it stays an empty tile, and says why when it is opened
    height, width = picture.shape[:2]
    if max(height, width) <= THUMB:
        return picture
    share = THUMB / max(height, width)
    return convert.fit(picture, (max(1, round(height * share)), max(1, round(width * share)), picture.shape[2]))


def look(path: Path, work: Work) -> Looked:
    """Everything about one file."""
    try:
        picture, count = decoding.decode(path, work=work), decoding.frames(path)
    except UserError as error:
        return Looked(problems=(str(error),))
    frames: list[Pixels] = []
    durations: list[int] = []
    problems: list[str] = []
    found = None
    try:
        if count > 1:
            frames, durations = animation_frames.animation(path, work=work)
    except UserError as error:
        problems.append(str(error))
    try:
        found = recipe.read(path)
    except UserError as error:
        problems.append(str(error))
    return Looked(picture, count, frames, durations, found, tuple(problems))
