"""Make a dataset of photograph patches from Debian's wallpaper packages, to train ``denoiser-photos`` on.

    python resources/pretrained/fetch_photos.py photos.npz
    python -m models train denoising --dataset photos.npz --set architecture=conv ...

It needs ``apt-get`` and ``dpkg`` (any Debian or Ubuntu) but no rights: packages are unpacked into a scratch folder.
Which pictures are used, by whom they are and under which licences is in PHOTOS.md beside this file. None of the
photographs that scikit-image ships is among them: those are kept for the examination.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.core.images import decoding

# package -> the photographs in it (the other wallpapers are drawn or rendered)
PHOTOS: dict[str, tuple[str, ...]] = {
    "lomiri-wallpapers-16.04": (
        "Bridge_by_Sander_Klootwijk.jpg", "Dragonfly_by_Bolly.jpg",
        "Picture_0B_by_freespace.jpg", "Picture_1A_by_freespace.jpg", "Wine_by_Jakkub_Mede.jpg",
        "aitzgorri_by_Aitzol_Berasategi.jpg", "free_by_Peter_Nerlich.jpg", "friends_by_Aitzol_Berasategi.jpg",
        "greentock_by_Peter_Nerlich.jpg", "life_by_Aitzol_Berasategi.jpg", "picosdeeuropa_by_Aitzol_Berasategi.jpg",
        "seeding_by_Clements_Engelhardt.jpg", "sunset_by_Aitzol_Berasategi.jpg",
    ),
    "lomiri-wallpapers-20.04": ("Kleiber_by_Lukas_Baubkus.jpg", "Infinite-Sea_by_Aury88.jpg"),
    "mate-backgrounds": (
        "nature/Aqua.jpg", "nature/Blinds.jpg", "nature/Dune.jpg", "nature/FreshFlower.jpg", "nature/Garden.jpg",
        "nature/GreenMeadow.jpg", "nature/LadyBird.jpg", "nature/RainDrops.jpg", "nature/Storm.jpg",
        "nature/TwoWings.jpg", "nature/Wood.jpg", "nature/YellowFlower.jpg", "abstract/Elephants_3840x2160.jpg",
    ),
    "plasma-workspace-wallpapers": tuple(
        f"{name}/contents/images/2560x1600.jpg"
        for name in (
            "Autumn", "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey",
            "Kite", "OneStandsOut", "Path", "summer_1am",
        )
    ),
}  # fmt: skip
SHORT_SIDES = (420, 600, 840, 1100)  # each photograph is used at these sizes: fine and coarse structure
LEAST_SHRINK = 1.4  # a stored picture is never used at its own size: its noise and JPEG blocks would be learned
FLAT = 6.0  # standard deviation (of 255) below which a patch shows next to nothing
FLAT_SHARE = 0.1  # of such patches so many are kept


def unpack(package: str, scratch: Path) -> Path:
    """Fetch a Debian package and return the folder it was unpacked into."""
    subprocess.run(["apt-get", "download", package], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    archive = next(scratch.glob(f"{package}_*.deb"))
    folder = scratch / package
    subprocess.run(["dpkg", "-x", str(archive), str(folder)], check=True)
    return folder


def photographs(scratch: Path) -> list[NDArray[np.uint8]]:
    """Every photograph of ``PHOTOS``, uint8 (height, width, 3)."""
    found = []
    for package, names in PHOTOS.items():
        folder = unpack(package, scratch)
        for name in names:
            path = next(path for path in folder.rglob(Path(name).name) if str(path).endswith(name))
            pixels = decoding.decode(path)
            found.append(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
        print(f"{package}: {len(names)} photographs", flush=True)
    return found


def sizes(photo: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The photograph made smaller, so that what is left is sharp and free of the camera's own noise."""
    height, width = photo.shape[:2]
    picture, smaller = Image.fromarray(photo), []
    for short in SHORT_SIDES:
        factor = min(height, width) / short
        if factor >= LEAST_SHRINK:
            size = (round(width / factor), round(height / factor))
            smaller.append(np.asarray(picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)))
    return smaller


def patches(photo: NDArray[np.uint8], count: int, side: int, draw: np.random.Generator) -> list[NDArray[np.uint8]]:
    """``count`` patches (side, side, 3) from anywhere in a photograph at its sizes, turned and mirrored at random."""
    pictures = sizes(photo)
    areas = np.array([picture.shape[0] * picture.shape[1] for picture in pictures], np.float64)
    chosen: list[NDArray[np.uint8]] = []
    while len(chosen) < count:
        picture = pictures[draw.choice(len(pictures), p=areas / areas.sum())]
        top, left = (draw.integers(0, length - side + 1) for length in picture.shape[:2])
        patch = picture[top : top + side, left : left + side]
        if patch.std() < FLAT and draw.random() > FLAT_SHARE:
            continue
        patch = np.rot90(patch, draw.integers(4))
        chosen.append(patch[:, ::-1] if draw.random() < 0.5 else patch)
    return chosen


def main() -> None:
    """Fetch, cut, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--patches", type=int, default=24_000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    draw = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        photos = photographs(Path(scratch))
    each = -(-arguments.patches // len(photos))
    cut = [patch for photo in photos for patch in patches(photo, each, arguments.side, draw)]
    np.savez(arguments.out, images=np.stack(cut[: arguments.patches]))
    print(f"{arguments.out}: {arguments.patches:,} patches of {len(photos)} photographs")


if __name__ == "__main__":
    main()
