"""A preset becomes a run, and each way in which that fails is one sentence that says what to do."""

import importlib.util

import pytest

import models
from models.core.errors import Cancelled, ConfigError, StorageError, UserError
from models.core.hub import library, presets
from models.core.record import Run, preset
from models.core.work import Callbacks

HAS_HUB = importlib.util.find_spec("keras_hub") is not None
needs_hub = pytest.mark.skipif(not HAS_HUB, reason="KerasHub is not installed: the extra stable-diffusion")
MEDIUM = "stable_diffusion_3.5_medium"


def test_without_the_extra_one_sentence_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for call in (library.imported, lambda: presets.adopt("tiny", {}, tmp_path / "run")):
        with pytest.raises(UserError, match=r"not installed.*generative-studio\[stable-diffusion\]"):
            call()
    config = models.family(preset.FAMILY).CONFIG(preset="tiny")
    with pytest.raises(UserError, match="not installed"):
        models.family(preset.FAMILY).build(config, None)
    assert not (tmp_path / "run").exists()


@needs_hub
def test_a_preset_becomes_a_run_that_is_found_by_its_name_and_made_once():
    folder = presets.adopt("tiny", {})
    assert folder.name == "tiny" and Run.open(folder).info.status == "finished"
    made = Run.open(folder).info
    assert presets.adopt("tiny", {}) == folder and Run.open(folder).info == made
    other = presets.adopt("tiny", {"precision": "float16"})
    assert other.name == "tiny-2" and Run.open(other).info.config["precision"] == "float16"
    with pytest.raises(ConfigError, match="another run already"):
        presets.adopt("tiny", {"precision": "bfloat16"}, folder)


@needs_hub
@pytest.mark.parametrize("values", [{"size": 128}, {"size": 72}, {"precision": "float8"}])
def test_settings_that_do_not_suit_leave_no_run(values, tmp_path):
    with pytest.raises(ConfigError):
        presets.adopt("tiny", values, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "precision", "free", "words"),
    [
        ("tiny", "automatic", 0, "Random weights, for trying"),
        ("stable_diffusion_3.5_medium", "automatic", 23 * 2**30, "13 GB of memory on a processor, 6 GB on a graphics"),
        ("stable_diffusion_3.5_medium", "bfloat16", 23 * 2**30, "6 GB of memory; 23 GB are free."),
        ("stable_diffusion_3.5_large", "automatic", 23 * 2**30, "Without a graphics card choose bfloat16."),
        ("stable_diffusion_3.5_large", "bfloat16", 8 * 2**30, "more than this machine can hold"),
    ],
)
def test_what_a_preset_takes_is_said_in_words(name, precision, free, words):
    assert words in presets.cost(name, precision, free)


@pytest.fixture
def kaggle(monkeypatch):
    """Stands for the network: a test says what a download does."""
    kagglehub = pytest.importorskip("kagglehub")

    def serve(act):
        monkeypatch.setattr(kagglehub, "model_download", act)

    return serve


@needs_hub
def test_a_download_tells_how_far_it_is_over_all_files(kaggle, tmp_path):
    from kagglehub import clients

    before, told = clients.tqdm, []

    def download(handle):
        assert handle == "keras/stablediffusion-3.5/keras/stable_diffusion_3.5_medium/1"
        with clients.tqdm(total=100, initial=40, unit="B") as first, clients.tqdm(total=50) as second:
            second.update(10)
            first.update(60)
        return str(tmp_path)

    kaggle(download)
    work = Callbacks(lambda what, done, total: told.append((done, total)))
    assert presets.downloaded(MEDIUM, work) == tmp_path
    assert told == [(50, 150), (110, 150)] and clients.tqdm is before


@needs_hub
def test_a_download_can_be_cancelled(kaggle):
    from kagglehub import clients

    kaggle(lambda handle: clients.tqdm(total=100).update(1))
    with pytest.raises(Cancelled):
        presets.downloaded(MEDIUM, Callbacks(cancelled=lambda: True))


class Answer:
    def __init__(self, code):
        self.status_code = code


@needs_hub
@pytest.mark.parametrize("kind, arguments, words", [
    ("requests.ConnectionError", (), "no connection.*Connect to the internet"),
    ("kagglehub.exceptions.KaggleApiHTTPError", ("no", Answer(403)), "accepted its licence.*Sign in at kaggle.com"),
    ("kagglehub.exceptions.KaggleApiHTTPError", ("no", Answer(500)), "refused the download .500..*later"),
    ("kagglehub.exceptions.DataCorruptionError", ("no",), "damaged.*Try again"),
    ("builtins.OSError", (28, "No space left on device"), "No space left.*Free some space"),
])  # fmt: skip
def test_each_way_in_which_a_download_fails_is_one_sentence(kaggle, kind, arguments, words):
    module, name = kind.rsplit(".", 1)
    error = getattr(importlib.import_module(module), name)(*arguments)

    def fail(handle):
        raise error

    kaggle(fail)
    with pytest.raises(UserError, match=words) as caught:
        presets.downloaded(MEDIUM)
    assert isinstance(caught.value, StorageError) == (kind == "builtins.OSError")
