"""The variational autoencoder: its loss is the textbook's, it learns, it does what it says it can do."""

import keras
import numpy as np
import pytest

from models import vae
from models.core.capabilities import Decodes, Encodes, Reconstructs, capabilities
from models.core.errors import ConfigError
from models.core.family import DataSpec, parse_config
from models.core.images import convert
from tests.tools.images import blobs


def made(shape=(8, 8, 1), **values):
    return vae.build(parse_config(vae.CONFIG, {"latent_size": 4, **values}), DataSpec(shape))


def test_the_defaults_are_the_textbook_s():
    config = vae.CONFIG()
    assert (config.architecture, config.latent_size, config.epochs, config.batch_size) == ("dense", 10, 25, 128)
    model = vae.build(config, DataSpec((28, 28, 1)))
    units = [layer.units for layer in model.encoder.layers if hasattr(layer, "units")]
    assert units == [150, 100, 10, 10]
    assert [layer.units for layer in model.decoder.layers if hasattr(layer, "units")] == [100, 150, 784]
    assert isinstance(model.make_optimizer(), keras.optimizers.Nadam)


@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_the_loss_is_squared_error_plus_the_divergence_a_pixel(weight):
    model = made(kl_weight=weight)
    rng = np.random.default_rng(0)
    x = rng.random((5, 8, 8, 1), dtype=np.float32)
    generated = rng.random((5, 8, 8, 1), dtype=np.float32)
    mu, gamma = rng.standard_normal((2, 5, 4)).astype(np.float32)
    loss = model.compute_loss(x, y_pred={"image": generated, "mean": mu, "log_variance": gamma})
    divergence = -0.5 * (1 + gamma - np.exp(gamma) - mu**2).sum(axis=1).mean() / 64
    assert float(loss) == pytest.approx(((x - generated) ** 2).mean() + weight * divergence, rel=1e-5)


def test_a_cloud_that_is_the_prior_costs_nothing():
    model = made()
    x = np.full((3, 8, 8, 1), 0.5, np.float32)
    zero = np.zeros((3, 4), np.float32)
    assert float(model.compute_loss(x, y_pred={"image": x, "mean": zero, "log_variance": zero})) == pytest.approx(0.0)


def test_it_learns_with_plain_compile_and_fit_of_arrays():
    x = convert.to_float(blobs().images)
    model = made(kl_weight=0.1)
    model.compile(optimizer=keras.optimizers.Adam(5e-3))
    history = model.fit(x, epochs=30, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    assert set(history) == {"loss", "reconstruction", "kl"}


@pytest.mark.parametrize(
    ("architecture", "shape"), [("dense", (8, 8, 1)), ("conv", (32, 32, 3)), ("conv", (28, 28, 1))]
)
def test_what_it_can_do(architecture, shape):
    model = made(shape, architecture=architecture, width=4)
    assert capabilities(model) == {"Reconstructs", "Encodes", "Decodes"}
    assert all(isinstance(model, kind) for kind in (Encodes, Decodes, Reconstructs))
    x = np.random.default_rng(0).random((70, *shape), dtype=np.float32)
    codings = model.encode(x)
    assert codings.shape == (70, 4) and codings.dtype == np.float32
    generated = model.decode(codings)
    assert generated.shape == x.shape and generated.min() >= 0 and generated.max() <= 1
    np.testing.assert_allclose(model.reconstruct(x[:3]), generated[:3], atol=1e-5)
    np.testing.assert_allclose(model.decode(codings[:1])[0], generated[0], atol=1e-5)
    assert model.decode(codings[:0]).shape == (0, *shape)


def test_the_same_seed_gives_the_same_weights_and_draws_and_another_does_not():
    a, b, c = made(seed=1), made(seed=1), made(seed=2)
    z = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(a.decode(z), b.decode(z))
    assert not np.array_equal(a.decode(z), c.decode(z))
    np.testing.assert_array_equal(a.sample_codings(5, 3), b.sample_codings(5, 3))
    assert not np.array_equal(a.sample_codings(5, 3), a.sample_codings(5, 4))
    x = np.zeros((2, 8, 8, 1), np.float32)
    first, second = (np.asarray(a(x)["image"]) for _ in range(2))
    assert not np.array_equal(first, second)  # the coding is drawn anew at every call
    np.testing.assert_array_equal(first, np.asarray(b(x)["image"]))


@pytest.mark.parametrize("shape", [(20, 20, 1), (27, 27, 1), (256, 256, 3), (28, 29, 3)])
def test_conv_says_which_field_does_not_suit_the_images(shape):
    with pytest.raises(ConfigError) as caught:
        made(shape, architecture="conv")
    assert set(caught.value.fields) == {"architecture"}


def test_colour_and_large_images_get_another_suggestion_than_the_textbook_s():
    assert vae.suggest(DataSpec((28, 28, 1))) == {}
    assert vae.suggest(DataSpec((8, 8, 1))) == {"kl_weight": 0.1}  # with 1 every coding gives the same grey digit
    for shape in ((64, 64, 3), (64, 64, 1)):
        values = vae.suggest(DataSpec(shape))
        assert parse_config(vae.CONFIG, values).architecture == "conv"
