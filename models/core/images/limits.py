"""How many parts a foreign image file may have, and the error of a file that has more."""

from __future__ import annotations

MOST_PARTS = 100_000  # chunks, segments, strips: of files that are decoded
MOST_BLOCKS = 1_000_000  # of 255 bytes at most, in a GIF
MOST_SCANS = 100  # of a progressive JPEG; encoders write 3 to 15
MOST_FRAMES = 1000  # counting stops here
MOST_TAGS = 1000  # of a page of a TIFF
MOST_VALUES = 1_000_000  # in all tags of a page together


class TooManyParts(ValueError):
    """A file with more parts than may be; the text says of which kind, as the rest of a sentence."""
