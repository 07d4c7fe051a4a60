"""The runs that ship with the program open, load without a remark, and do what they are there for."""

from __future__ import annotations

import numpy as np
import pytest

from models.core import datasets, loading
from models.core.capabilities import Decodes, Denoises, Encodes
from models.core.diffusion.capability import Diffuses, Sampling
from models.core.disk import places
from models.core.evaluation import metrics, samples
from models.core.images import convert
from models.core.record import Run
from models.core.styles import mixing
from models.core.styles.mixing import MixesStyles
from tests.tools.folders import ROOT

SHIPPED = sorted(folder.name for folder in (ROOT / "resources" / "pretrained").iterdir()
                 if folder.is_dir())  # fmt: skip


def test_each_family_that_panels_need_is_there() -> None:
    assert {
        "dcgan-faces", "dcgan-fashion", "ddpm-fashion", "denoiser-photos", "sparse-fashion", "stylegan-faces",
        "text-faces", "vae-faces", "vae-fashion",
    } <= set(SHIPPED)  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_it_loads_and_works(name: str) -> None:
    run = Run.open(places.pretrained() / name)
    assert run.info.title == name and run.info.status == "finished" and run.metrics()
    model, entry = loading.load(run)
    assert entry.step >= run.metrics()[-1]["step"]
    if isinstance(model, Decodes):
        generated = model.decode(model.sample_codings(2, 0))
        assert generated.shape == (2, *run.info.dataset["image_shape"]) and 0.01 < generated.std() < 0.6
    assert sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file()) <= 16 * 2**20
    if isinstance(model, Denoises) and not isinstance(model, Diffuses):
        grey = np.full((1, 40, 40, 3), 0.5, np.float32)
        noisy = grey + np.random.default_rng(0).normal(0, 0.1, grey.shape).astype(np.float32)
        assert np.abs(model.denoise(noisy) - grey).mean() < 0.3 * np.abs(noisy - grey).mean()


@pytest.mark.parametrize("name", ["dcgan-fashion", "ddpm-fashion"])
def test_what_is_asked_for_looks_like_it(name: str) -> None:
    """Each sample is nearest to the mean image of the class that was asked for; means tell these classes apart."""
    model, _ = loading.load(Run.open(places.pretrained() / name))
    data = datasets.load("fashion_mnist")
    assert data.labels is not None
    pictures, labels = convert.to_float(np.asarray(data.images[data.test])), data.labels[data.test]
    classes = [data.label_names.index(word) for word in ("Trouser", "Sneaker", "Bag", "Ankle boot", "Dress")]
    means = np.stack([pictures[labels == label].mean(axis=0) for label in classes])
    asked = np.repeat(np.arange(len(classes)), 8)
    generated = samples.draw_classes(model, np.asarray(classes, np.int32)[asked], 5, sampling=Sampling(steps=12))
    apart = np.square(generated[:, None] - means[None]).mean(axis=(2, 3, 4))
    assert (apart.argmin(axis=1) == asked).mean() >= 0.85
    assert generated.std(axis=0).mean() > 0.1


def test_a_sentence_is_followed() -> None:
    """Where two faces differ of which one shall have red hair and one green, that one is redder."""
    model, _ = loading.load(Run.open(places.pretrained() / "text-faces"))
    assert isinstance(model, Diffuses) and model.condition_kind == "text"
    sampling = Sampling.usual(model.rates, model.condition.offer)
    rest = "bob hair, pale skin, no glasses, no beard and a blue shirt on a blue background"
    sentences = [[f"a serious person with {colour} {rest}"] * 8 for colour in ("red", "green")]
    rows = [model.condition.sentences(one) for one in sentences]
    red, green = (model.sample(8, 3, sampling=sampling, conditions=one).astype(np.float64) for one in rows)
    apart = np.abs(red - green).max(axis=-1) > 0.25
    assert 0.2 < apart.mean() < 0.6  # the hair, not everything
    redness = ((red - green)[..., 0] - (red - green)[..., 1])[apart]
    assert (redness > 0).mean() > 0.97 and redness.mean() > 0.5
    corner = np.concatenate([red, green])[:, :6, :6]  # of the background, which is flat
    assert (corner - corner.mean(axis=(1, 2), keepdims=True)).std() < 0.022  # 0.030 with strides through rare times


def test_styles_of_the_faces_differ_and_mix() -> None:
    model, _ = loading.load(Run.open(places.pretrained() / "stylegan-faces"))
    assert isinstance(model, MixesStyles) and isinstance(model, Decodes)
    drawn = mixing.truncate(model.styles(model.sample_codings(12, 3)), model.mean_style(), model.truncation)
    pure = model.synthesize(drawn)
    mixed = model.synthesize(mixing.mix(drawn[:6], drawn[6:], 4))
    assert pure.std(axis=0).mean() > 0.05
    for source in (pure[:6], pure[6:]):  # a mix is neither of its sources
        assert np.abs(mixed - source).mean(axis=(1, 2, 3)).min() > 0.01


def test_the_sparse_one_is_as_good_as_the_textbooks_and_no_sparser() -> None:
    run = Run.open(places.pretrained() / "sparse-fashion")
    last = run.metrics()[-1]
    assert last["val_loss"] <= 0.0099 and abs(last["val_mean_activation"] - 0.1) <= 0.01
    model, _ = loading.load(run)
    assert isinstance(model, Encodes)
    data = datasets.load("fashion_mnist")
    pictures = convert.to_float(np.asarray(data.images[data.validation][:1000]))
    codings = model.encode(pictures)
    assert abs(codings.mean() - 0.1) <= 0.01
    found = metrics.sparseness(codings)  # the mean is on target, and yet hardly a unit is ever active
    assert found["hoyer"] < 0.2 and found["share_active"] < 0.05
    assert float(np.mean((model.decode(codings) - pictures) ** 2)) <= 0.011


def test_the_diffusion_model_denoises_as_well_with_measured_noise_as_with_told_one() -> None:
    """Noise of 0.2 that was cut off at black was taken for 0.142: 20.4 dB where 22.6 were possible, and a grey veil."""
    model, _ = loading.load(Run.open(places.pretrained() / "ddpm-fashion"))
    data = datasets.load("fashion_mnist")
    clean = convert.to_float(np.asarray(data.images[data.test][:12]))
    noisy = model.disturb(clean, 1)

    def decibels(cleaned: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(np.mean(-10.0 * np.log10(np.square(cleaned - clean).mean(axis=(1, 2, 3)))))

    measured, told = model.denoise(noisy), model.denoise(noisy, strength=0.2)
    assert decibels(noisy) < 17.0 and decibels(measured) > 23.0
    assert decibels(measured) > decibels(told) - 0.7
    assert measured[clean == 0.0].mean() < 0.02 and noisy[clean == 0.0].mean() > 0.07
