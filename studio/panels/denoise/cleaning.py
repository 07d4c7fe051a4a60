"""What the Denoise panel asks its threads for: disturb, clean, score, and clean a whole folder. No widget in here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.core.capabilities import Denoises
from models.core.denoising import filters, noise
from models.core.disk.operations import shown
from models.core.errors import UserError
from models.core.evaluation import metrics
from models.core.images import convert, decoding, export, photos
from models.core.images.listing import pictures_of
from models.core.recipes import arrays
from models.core.work import Part, Unseen, Work, advance
from studio.panels.denoise.pyramid import Layers, layers
from studio.widgets.exporting import PNG, Saving

Pixels = NDArray[np.uint8]
SAMPLES = ("astronaut.png", "coffee.png", "chelsea.png", "camera.png")  # scikit-image's own
SAMPLE_SIGMA = 0.1  # 25 of 255
MOST_STRENGTH = 0.6  # that can be set in the window
CUT = 112  # px, side of what a card of the comparison shows


@dataclass(frozen=True)
class Noise:
    """What is done to a clean image; ``strength`` 0 leaves it alone."""

    kind: str
    strength: float
    seed: int


@dataclass(frozen=True)
class Scores:
    """How near an image is to the clean one; ``ssim`` is None for one that is too small."""

    psnr: float
    ssim: float | None

    def words(self) -> str:
        """As a line of a card."""
        first = "equal" if np.isinf(self.psnr) else f"{self.psnr:.1f} dB"
        return first if self.ssim is None else f"{first}  ·  SSIM {self.ssim:.3f}"


@dataclass(frozen=True)
class Entry:
    """One image of the comparison: who painted it, how it scores (None without a clean image), how long it took."""

    name: str
    picture: Layers
    scores: Scores | None
    seconds: float

    def cut(self) -> Pixels:
        """The middle of the image, pixel by pixel."""
        height, width = self.picture.pixels.shape[:2]
        top, left = max(0, (height - CUT) // 2), max(0, (width - CUT) // 2)
        return self.picture.pixels[top : top + CUT, left : left + CUT]


@dataclass(frozen=True)
class Folder:
    """What became of many files."""

    written: int
    bad: tuple[str, ...]
    out: Path
    transparent: int = 0  # how many had transparent parts


def noise_of(known: tuple[str, float] | None) -> Noise:
    """The noise of a sample: of the kind and strength (0 to 1) that a model ``known`` to remove noise has learned."""
    kind, strength = known or ("gaussian", SAMPLE_SIGMA)
    if kind == "gaussian":
        return Noise(kind, SAMPLE_SIGMA, 1)
    return Noise("mask" if kind == "dropout" else kind, min(strength, MOST_STRENGTH), 1)


def listed(paths: list[Path]) -> list[tuple[Path, Path]]:
    """(file, its name beneath what was dropped) of files and of all images in folders; an error if there are none."""
    found = pictures_of(paths)
    if not found:
        raise UserError("There are no images in this folder.", where=shown(paths[0]), advice="Drop another one.")
    return found


def sample_path(name: str) -> Path:
    """Where one of ``SAMPLES`` lies; they come with scikit-image."""
    import skimage

    return Path(skimage.__file__).parent / "data" / name


def scored(clean: Pixels | None, other: Pixels, work: Work) -> Scores | None:
    """Compare with the clean image, if there is one of this size."""
    if clean is None or clean.shape != other.shape:
        return None
    return Scores(metrics.psnr(clean, other), metrics.ssim(clean, other, work=work))


def disturbed(picture: Pixels, shape: tuple[int, int, int] | None, how: Noise) -> tuple[Pixels, Layers]:
    """The clean image, brought to ``shape`` if there is one, and with noise."""
    base = picture if shape is None else convert.fit(picture, shape)
    if not how.strength:
        return base, layers(base)
    return base, layers(convert.to_uint8(noise.add(convert.to_float(base), how.kind, how.strength, how.seed)))


def cleaned(model: Denoises, noisy: Pixels, work: Work) -> tuple[Layers, float]:
    """What a model that ``Denoises`` makes of an image, and the seconds it took."""
    begin = time.perf_counter()
    answer = model.denoise(convert.to_float(noisy[None]), work=work)
    work.check()
    return layers(convert.to_uint8(answer[0])), time.perf_counter() - begin


def filtered(name: str, clean: Pixels | None, noisy: Pixels, work: Work) -> Entry:
    """One classic filter in the comparison."""
    begin = time.perf_counter()
    answer = filters.clean(noisy, name, work=work)
    seconds = time.perf_counter() - begin
    return Entry(name, layers(answer), scored(clean, answer, work), seconds)


def other_model(folder: Path, title: str, clean: Pixels | None, noisy: Pixels, *, work: Work) -> Entry | None:
    """Another model in the comparison, loaded for this one image; None if it cannot clean images."""
    from models.core import loading
    from models.core.record import Run

    run = Run.open(folder)
    model = loading.build(run)
    if not isinstance(model, Denoises):
        return None
    if model.effect(noisy.shape):  # it would change the size: no comparison pixel by pixel
        return None
    loading.reload(model, run)
    picture, seconds = cleaned(model, noisy, Part(work, title))
    return Entry(title, picture, scored(clean, picture.pixels, work), seconds)


def clean_files(
    model: Denoises,
    files: list[tuple[Path, Path]],
    out: Path,
    recipe: dict[str, Any],
    *,
    work: Work,
    saving: Saving = PNG,
    ground: tuple[int, int, int] = decoding.WHITE,
) -> Folder:
    """Clean files into a folder; what cannot be read or written is listed and left out.

    Args:
        files: (file, its name in ``out``).
        recipe: to which name and fingerprint of the file are added.
        saving: format and quality; a photo's EXIF is kept.
        ground: the colour behind transparent parts.
    """
    written = 0
    transparent = 0
    bad = []
    for number, (path, name) in enumerate(files):
        advance(work, shown(Path(path.name)), number, len(files))
        try:
            photo = photos.read(path, ground=ground, work=work)
            clean = convert.to_uint8(model.denoise(convert.to_float(photo.pixels[None]), work=Unseen(work))[0])
            target = (out / name).with_suffix(saving.suffix)
            noted = {**recipe, "image": shown(name), "mark": arrays.mark_of(photo.pixels)}
            export.write_photo(target, clean, noted, quality=saving.quality, exif=photo.exif)
        except UserError as error:
            bad.append(f"{shown(name)}: {error.what}")
            continue
        written += 1
        transparent += photo.transparent
    return Folder(written, tuple(bad), out, transparent)
