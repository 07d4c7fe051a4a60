"""Images of which half is missing, cleaned by the command ``denoise``: PSNR and brightness against the originals.

    python -m models train denoising --dataset fashion_mnist --epochs 10 --seed 42 --run runs/textbook
    python benchmarks/missing.py runs/textbook

Test images of Fashion-MNIST are written as PNG files of the model's own size, a share of their pixels set to black,
cleaned by ``python -m models denoise``, and read again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from models.core import datasets
from models.core.denoising import noise
from models.core.images import convert, decoding, export

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--share", type=float, default=0.5, help="of the pixels, that is missing")
    parser.add_argument("--told", action="store_true", help="tell the command the share instead of letting it measure")
    arguments = parser.parse_args()
    dataset = datasets.load("fashion_mnist")
    clean = convert.to_float(np.asarray(dataset.images[dataset.test][: arguments.count]))
    noisy = noise.add(clean, "mask", arguments.share, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder, "given"), Path(folder, "out")
        for number, image in enumerate(convert.to_uint8(noisy)):
            export.write_png(given / f"{number:05}.png", image)
        words = ["denoise", str(arguments.run.resolve()), "--images", str(given), "--out", str(out)]
        words += ["--strength", str(arguments.share)] if arguments.told else []
        subprocess.run([sys.executable, "-m", "models", *words], cwd=HERE, check=True, stdout=subprocess.DEVNULL)
        cleaned = convert.to_float(np.stack([decoding.decode(path) for path in sorted(out.iterdir())]))
    for name, found in ((f"{arguments.share:.0%} missing", noisy), ("cleaned", cleaned)):
        error = np.square(found - clean)
        each = float(np.mean(-10 * np.log10(error.mean(axis=(1, 2, 3)))))
        print(
            f"{name}: {-10 * np.log10(error.mean()):.2f} dB over all pixels, {each:.2f} dB as the mean over images; "
            f"mean brightness {found.mean():.4f} of {clean.mean():.4f} ({found.mean() / clean.mean() - 1:+.1%})"
        )


if __name__ == "__main__":
    main()
