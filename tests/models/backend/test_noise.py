"""Each kind of noise does what its name says, from a seed, in numpy and in Keras alike."""

from __future__ import annotations

import io

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from models.core.denoising import noise

GREY = np.full((2, 64, 64, 3), 0.5, np.float32)


@pytest.mark.parametrize("kind", noise.KINDS)
def test_same_seed_same_noise_and_zero_strength_changes_nothing(kind: str) -> None:
    pictures = np.random.default_rng(0).random((2, 16, 12, 3), np.float32)
    before = pictures.copy()
    first, second = noise.add(pictures, kind, 0.3, 5), noise.add(pictures, kind, 0.3, 5)
    assert first.dtype == np.float32 and first.shape == pictures.shape
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(pictures, before)
    assert not np.array_equal(first, noise.add(pictures, kind, 0.3, 6))
    assert first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(noise.add(pictures, kind, 0.0, 5), pictures)


def test_gaussian_has_the_deviation_that_was_asked_for() -> None:
    assert abs((noise.add(GREY, "gaussian", 0.1, 0) - GREY).std() - 0.1) < 0.002


def test_speckle_grows_with_brightness() -> None:
    dark, bright = noise.add(GREY * 0.2, "speckle", 0.2, 0).std(), noise.add(GREY, "speckle", 0.2, 0).std()
    assert abs(bright / dark - 5.0) < 0.2


def test_mask_blackens_whole_pixels() -> None:
    masked = noise.add(GREY, "mask", 0.25, 0)
    assert set(np.unique(masked)) == {0.0, 0.5}
    assert (masked == masked[..., :1]).all()
    assert abs((masked == 0).mean() - 0.25) < 0.02


def test_salt_and_pepper_is_half_and_half() -> None:
    peppered = noise.add(GREY, "salt_and_pepper", 0.2, 0)
    assert abs((peppered == 0).mean() - 0.1) < 0.02 and abs((peppered == 1).mean() - 0.1) < 0.02


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="'rain' is not a kind of noise"):
        noise.add(GREY, "rain", 0.1, 0)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.2])
def test_sigma_is_found_again_in_a_smooth_picture(sigma: float) -> None:
    slope = np.linspace(0.3, 0.7, 200, dtype=np.float32)[:, None, None] * np.ones((1, 200, 3), np.float32)
    noisy = noise.gaussian(slope, np.float32(sigma), np.random.default_rng(0))
    assert abs(noise.estimated_sigma(noisy) / sigma - 1) < 0.05


def test_sigma_of_a_large_picture_is_found_on_blocks_all_over_it() -> None:
    """A quiet left half and a noisy right one: the median lies between them wherever the blocks are taken from."""
    sigma = np.repeat(np.array([0.05, 0.15], np.float32), 1500)[None, :, None]
    noisy = 0.5 + sigma * np.random.default_rng(0).standard_normal((3000, 3000, 1), dtype=np.float32)
    whole = np.median(np.abs(noisy[::2, ::2] - noisy[1::2, ::2] - noisy[::2, 1::2] + noisy[1::2, 1::2])) / 2 / 0.6745
    assert abs(noise.estimated_sigma(noisy) / whole - 1) < 0.01
    in_bytes = np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8)
    assert abs(noise.estimated_sigma(in_bytes) / whole - 1) < 0.03  # bytes make steps of 0.003


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 2, 3), (3, 3, 1)])
def test_sigma_of_tiny_pictures_is_a_number(shape: tuple[int, int, int]) -> None:
    assert noise.estimated_sigma(np.zeros(shape, np.float32)) == 0.0


@pytest.mark.parametrize("kind", noise.TRAINING_KINDS)
def test_training_noise_agrees_with_its_definition(kind: str) -> None:
    """Moments over many pixels; each image has a strength of its own, and strength 0 changes nothing."""
    images = ops.convert_to_tensor(np.full((2, 100, 100, 3), 0.5, np.float32))
    strength = ops.convert_to_tensor(np.array([0.0, 0.3], np.float32).reshape(2, 1, 1, 1))
    found = ops.convert_to_numpy(noise.disturb(images, kind, strength, keras.random.SeedGenerator(1)))
    np.testing.assert_array_equal(found[0], 0.5)
    mean, deviation = {
        "gaussian": (0.5, 0.3),
        "speckle": (0.5, 0.15),
        "mask": (0.35, 0.5 * np.sqrt(0.3 * 0.7)),
        "dropout": (0.5, 0.5 / 0.7 * np.sqrt(0.3 * 0.7)),
        "salt_and_pepper": (0.5, 0.5 * np.sqrt(0.3)),
    }[kind]
    assert abs(found[1].mean() - mean) < 0.012
    assert abs(found[1].std() - deviation) < 0.012


def test_training_noise_with_a_number_as_seed_is_always_the_same() -> None:
    images, strength = ops.ones((1, 8, 8, 1)), ops.full((1, 1, 1, 1), 0.5)
    first, second = (ops.convert_to_numpy(noise.disturb(images, "gaussian", strength, 7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (h, w, c) after it was saved as JPEG."""
    stream = io.BytesIO()
    Image.fromarray(image.squeeze()).save(stream, "JPEG", quality=quality)
    return np.atleast_3d(np.asarray(Image.open(stream)))


@pytest.mark.parametrize(("name", "wanted"), [("camera", 0.028), ("moon", 0.028), ("astronaut", 0.019)])
def test_sigma_of_a_jpeg_photo_is_that_of_the_noise_that_is_left(name: str, wanted: float) -> None:
    """JPEG at a quality of 75 leaves a third of it in the finest coefficients; of colour noise it keeps the grey part,
    which is 0.67 of it."""
    from skimage import data

    clean = np.atleast_3d(getattr(data, name)()).astype(np.float32) / 255
    noisy = noise.gaussian(clean, np.float32(0.028), np.random.default_rng(0))
    stored = np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8)
    for quality in (None, 90, 75):
        found = noise.estimated_sigma(stored if quality is None else as_jpeg(stored, quality))
        assert 0.8 * wanted < found < max(1.15 * 0.028, 1.25 * wanted), (quality, found)


def test_texture_is_no_noise() -> None:
    from skimage import data

    for name in ("grass", "gravel"):
        image = np.atleast_3d(getattr(data, name)())
        whole = image.astype(np.float32) / 255
        fine = np.median(np.abs(whole[::2, ::2] - whole[1::2, ::2] - whole[::2, 1::2] + whole[1::2, 1::2])) / 2 / 0.6745
        assert noise.estimated_sigma(image) == pytest.approx(fine, rel=1e-3)
