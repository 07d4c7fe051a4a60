"""Animations as MP4 (H.264), for phones, slides and browsers, by the optional package ``av`` (extra ``video``)."""

from __future__ import annotations

import importlib.util
import io
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from models.core.errors import ImageError
from models.core.work import SILENT, Work

SUFFIX = ".mp4"
QUALITY = "12"  # x264's constant rate factor: 0 loses nothing, 51 everything; this cannot be told from the images


def mp4_bytes(frames: NDArray[np.uint8], milliseconds: int, comment: str, *, work: Work = SILENT) -> bytes:
    """Encode an animation.

    Args:
        frames: uint8 (n, height, width, 1 or 3). H.264 wants even sides: an odd one repeats its last row or column.
        milliseconds: that each frame is shown.
        comment: goes into the file's metadata.
        work: told (frames done, frames in all); checked before every frame.

    Raises:
        ImageError: if the package is not there.
        Cancelled: if ``work`` is cancelled.
    """
    if importlib.util.find_spec("av") is None:
        advice = "Install it: pip install 'generative-studio[video]'. Or choose GIF, APNG or WebP."
        raise ImageError("An MP4 animation needs the package av, which is not installed.", advice=advice)
    import av

    _, height, width, channels = frames.shape
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as animation:
        animation.metadata["comment"] = comment
        track = animation.add_stream("libx264", rate=Fraction(1000, milliseconds), options={"crf": QUALITY})
        track.height, track.width, track.pix_fmt = *even.shape[1:3], "yuv420p"
        for number, picture in enumerate(even):
            work.check()
            colour = np.repeat(picture, 3, axis=-1) if channels == 1 else picture
            animation.mux(track.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(colour), format="rgb24")))
            work.tell("Writing frames", number + 1, len(even))
        animation.mux(track.encode())
    return stream.getvalue()
