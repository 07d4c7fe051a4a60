"""A table of images as one image that explains itself: what its columns are above them, its rows at their left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.core.disk import places
from models.core.images import convert

CELL = 96  # px that an image has at least: smaller ones are enlarged, so that words fit above them
GAP = 4
SIZE, LINE, PAD = 13, 17, 8  # px: of letters, from line to line, around words
LEFT = 160  # px that the words of a row may take
PAPER, INK = (255, 255, 255), (26, 29, 33)


def table(images: NDArray[np.uint8], across: Sequence[str], down: Sequence[str]) -> NDArray[np.uint8]:
    """Images row by row with the words of their columns and rows.

    Args:
        images: uint8 (len(across) * len(down), h, w, 1 or 3).
        across: a heading a column.
        down: a heading a row.

    Returns:
        uint8 (H, W, 3); the images stand in its lower right corner, enlarged by ``factor(w)``, ``GAP`` px apart.
    """
    large = np.stack([convert.enlarge(image, factor(images.shape[2])) for image in images])
    sheet = convert.grid(large, columns=len(across), gap=GAP, ground=255)
    sheet = np.repeat(sheet, 3, axis=-1) if sheet.shape[-1] == 1 else sheet
    font = ImageFont.truetype(str(places.resources() / "fonts" / "Inter-Medium.otf"), SIZE)
    height, width = large.shape[1:3]
    above = [_lines(words, font, width) for words in across]
    beside = [_lines(words, font, LEFT) for words in down]
    top = LINE * max(map(len, above)) + 2 * PAD
    left = round(max(font.getlength(line) for lines in beside for line in lines)) + 2 * PAD
    whole = Image.new("RGB", (left + sheet.shape[1], top + sheet.shape[0]), PAPER)
    whole.paste(Image.fromarray(sheet), (left, top))
    pen = ImageDraw.Draw(whole)
    for column, lines in enumerate(above):
        centre = left + column * (width + GAP) + width / 2
        _write(pen, font, lines, (centre, top - PAD - LINE * len(lines)), anchor="ma")
    for row, lines in enumerate(beside):
        middle = top + row * (height + GAP) + height / 2
        _write(pen, font, lines, (left - PAD, middle - LINE * len(lines) / 2), anchor="ra")
    return np.asarray(whole)


def factor(width: int) -> int:
    """How many times a table enlarges images of this width, in px."""
    return max(1, -(-CELL // width))


def _write(
    pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, lines: list[str], at: tuple[float, float], *, anchor: str
) -> None:  # fmt: skip
    for number, line in enumerate(lines):
        pen.text((at[0], at[1] + number * LINE), line, INK, font, anchor)


def _lines(words: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """Words in lines that fit into so many px; a word that is too long for any line is cut."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > room:
            lines.append(_cut(word, font, room))
        else:
            lines[-1] = longer if lines[-1] else _cut(word, font, room)
    return lines


def _cut(word: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(word) <= room:
        return word
    fitting = (word[:end] for end in range(len(word), 0, -1) if font.getlength(f"{word[:end]}…") <= room)
    return f"{next(fitting, '')}…"
