"""How good and how fast the photo denoiser is, on photographs that it has never seen.

    python benchmarks/denoiser.py resources/pretrained/denoiser-photos
    python benchmarks/denoiser.py resources/pretrained/denoiser-photos --large

The photographs are those that scikit-image ships inside its wheel. Non-local means is told the true sigma and gets, for
each photograph, the better of two strengths; the network is told sigma once, and once has to measure it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray

from models.core import device, record
from models.core.denoising import noise
from models.core.disk import files

Image = NDArray[np.float32]
STRENGTHS = (0.6, 0.8)  # of non-local means, times sigma


def photographs() -> dict[str, Image]:
    """Name -> float32 (h, w, 1 or 3) in [0, 1]."""
    from skimage import data

    names = ("astronaut", "chelsea", "coffee", "rocket", "camera", "coins", "moon", "brick", "grass", "gravel")
    found = {name: np.asarray(getattr(data, name)()) for name in names}
    found["motorcycle"] = np.asarray(data.stereo_motorcycle()[0])
    return {name: np.atleast_3d(picture).astype(np.float32) / 255 for name, picture in found.items()}


def psnr(clean: Image, other: Image) -> float:
    """Decibels, with 1 as the largest value; ``other`` is clipped."""
    return float(-10 * np.log10(np.mean((clean - np.clip(other, 0, 1)) ** 2)))


def non_local_means(noisy: Image, clean: Image, sigma: float) -> float:
    """The better PSNR of two strengths."""
    from skimage.restoration import denoise_nl_means

    flat, axis = (noisy[..., 0], None) if noisy.shape[2] == 1 else (noisy, -1)
    cleaned = [
        denoise_nl_means(
            flat, h=share * sigma, sigma=sigma, fast_mode=True, patch_size=5, patch_distance=6, channel_axis=axis
        )
        for share in STRENGTHS
    ]
    return max(psnr(clean, np.reshape(picture, clean.shape)) for picture in cleaned)


def score(model: object, sigma: float, clip: bool) -> None:
    """Print a row a photograph and the means."""
    print(f"sigma {sigma * 255:.0f}/255, noise {'clipped to [0, 1]' if clip else 'not clipped'}; PSNR in dB")
    print(f"{'':12} {'noisy':>7} {'nl means':>9} {'told':>7} {'measured':>9} {'gain on nl means':>17}")
    rows = []
    for number, (name, clean) in enumerate(photographs().items()):
        noisy = noise.gaussian(clean, np.float32(sigma), np.random.default_rng(number))
        noisy = np.clip(noisy, 0, 1) if clip else noisy
        clean_one = type(model).denoise.__wrapped__  # type: ignore[attr-defined]  # the door lets only [0, 1] in
        told, measured = (clean_one(model, noisy[None], strength=s)[0] for s in (sigma, None))
        rows.append([
            min(psnr(clean, noisy), float(-10 * np.log10(np.mean((clean - noisy) ** 2)))),
            non_local_means(noisy, clean, sigma), psnr(clean, told), psnr(clean, measured),
        ])  # fmt: skip
        show(name, rows[-1])
    show("mean", list(np.mean(rows, axis=0)))


def show(name: str, row: list[float]) -> None:
    noisy, classic, told, measured = row
    print(f"{name:12} {noisy:7.2f} {classic:9.2f} {told:7.2f} {measured:9.2f} {told - classic:+17.2f}", flush=True)


def large(model: object) -> None:
    """Time and memory for a photo of 4000 x 3000 pixels, and how long a cancel can take."""
    photo = np.random.default_rng(0).integers(0, 256, (1, 3000, 4000, 3), np.uint8)
    from models.core.images import convert
    from models.core.training import warm_up
    from models.core.work import Callbacks

    warm_up.warm(model)  # as the studio does when it opens a model
    ends: list[float] = [time.perf_counter()]
    begun = time.process_time()
    model.denoise(convert.to_float(photo), work=Callbacks(lambda *now: ends.append(time.perf_counter())))  # type: ignore[attr-defined]
    cpu = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    tiles = np.diff(ends)
    print(f"4000 x 3000: {tiles.sum():.1f} s in {len(tiles)} tiles, {cpu:.1f} s of CPU, peak memory {peak:.2f} GiB")
    print(f"slowest tile (a cancel waits for it): {tiles.max():.2f} s, median {np.median(tiles):.2f} s")


SHEET = (("astronaut", 64, 192), ("astronaut", 128, 240), ("astronaut", 320, 64), ("camera", 96, 224))  # row, column


def sheet(model: object, sigma: float, path: Path) -> None:
    """The sheet that the shipped run shows: above four noisy crops of 64 x 64 pixels, below what the network makes."""
    from models.core.images import convert, export

    found = photographs()
    clean = np.stack([
        np.repeat(found[name][row : row + 64, column : column + 64], 3 // found[name].shape[2], axis=2)
        for name, row, column in SHEET
    ])  # fmt: skip
    grey = np.array([found[name].shape[2] == 1 for name, _, _ in SHEET])[:, None, None, None]
    noisy = noise.gaussian(clean, np.float32(sigma), np.random.default_rng(0))
    noisy = np.clip(np.where(grey, noisy[..., :1], noisy), 0, 1)
    cleaned = model.denoise(noisy, strength=sigma)  # type: ignore[attr-defined]
    pictures = convert.to_uint8(np.concatenate([noisy, cleaned]))
    files.write_bytes(path, export.png_bytes(convert.grid(pictures, columns=len(SHEET), gap=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--sigma", type=float, default=25.0, help="of 255")
    parser.add_argument("--unclipped", action="store_true")
    parser.add_argument("--large", action="store_true", help="time a photo of 4000 x 3000 pixels instead")
    parser.add_argument("--sheet", type=Path, help="write the sheet of the shipped run instead")
    arguments = parser.parse_args()
    device.prepare()
    from models.core import loading

    model, entry = loading.load(record.Run.open(arguments.run))
    print(f"{arguments.run.name}, step {entry.step:,}")
    if arguments.large:
        large(model)
    elif arguments.sheet:
        sheet(model, arguments.sigma / 255, arguments.sheet)
    else:
        score(model, arguments.sigma / 255, not arguments.unclipped)


if __name__ == "__main__":
    main()
