"""The frames of an animated image that nobody trusts, decoded as far as there is room for them."""

from __future__ import annotations

from pathlib import Path

from models.core.images import decoding
from models.core.images.pixels import Pixels, pixels_of
from models.core.work import SILENT, Work

MOST = 40_000_000  # pixels of all frames together
FASTEST = 20  # ms; what is said to be faster, or of no duration, is shown as browsers show it
USUAL = 100  # ms


def animation(source: Path | bytes, *, name: str = "", work: Work = SILENT) -> tuple[list[Pixels], list[int]]:
    """Decode all frames of a GIF, an animated PNG, WebP or AVIF.

    Returns:
        The frames, uint8 (height, width, 1 or 3) each, and for how many ms each is shown; none of both if they are more
        than ``decoding.MAX_FRAMES`` or have more than ``MOST`` pixels together.

    Raises:
        ImageError: whatever is wrong with the file.
        Cancelled: if ``work`` is cancelled.
    """
    count = decoding.frames(source, name=name)
    if count >= decoding.MAX_FRAMES:
        return [], []
    frames, durations = list[Pixels](), list[int]()
    with decoding.opened_frames(source, name, count, work=work) as loaded:
        for image in loaded:
            if count * image.width * image.height > MOST:
                return [], []
            frames.append(pixels_of(image, decoding.WHITE))
            told = float(image.info.get("duration", USUAL) or 0)
            durations.append(round(told) if FASTEST <= told <= 60_000 else USUAL)
    return frames, durations
