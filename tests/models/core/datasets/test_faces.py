"""Voxel faces: the attributes are true, and a pair differs in one thing alone."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.core.datasets import faces
from models.core.disk import places
from models.core.errors import Cancelled, DatasetError
from models.core.work import Callbacks
from tests.tools.checks import is_sound

EYES = slice(30, 50)  # rows of a 64 x 64 face
CHIN = slice(46, 64)


def test_a_few_faces() -> None:
    seen: list[tuple[str, int, int]] = []
    dataset = faces.load(count=60, work=Callbacks(lambda *now: seen.append(now)))
    is_sound(dataset)
    assert dataset.images.shape == (60, 64, 64, 3)
    assert dataset.attribute_names == faces.ATTRIBUTES
    assert all(0.05 < share < 0.95 for share in dataset.attributes.mean(axis=0))
    assert len(np.unique(dataset.images.reshape(60, -1), axis=0)) == 60
    assert [done for _, done, _ in seen] == [0, 25, 50, 60]
    seen.clear()
    again = faces.load(count=60, work=Callbacks(lambda *now: seen.append(now)))
    assert not seen and again.fingerprint == dataset.fingerprint
    assert np.array_equal(faces.load(count=5).images, dataset.images[:5])


def test_attributes_are_what_is_drawn() -> None:
    dataset = faces.load(count=40)
    for index in range(40):
        glasses, beard = dataset.attributes[index][:2]
        bare, _ = faces.render(f"person-{index}", 64, {"glassesProbability": 0, "beardProbability": 0})
        changed = (dataset.images[index] != bare).any(axis=(1, 2))
        assert changed[EYES.start : CHIN.start].any() == glasses
        assert changed[EYES.stop :].any() == beard


@pytest.mark.parametrize(("attribute", "rows"), [("glasses", EYES), ("beard", CHIN)])
def test_pairs_differ_in_one_thing_alone(attribute: str, rows: slice) -> None:
    without, with_it = faces.pairs(attribute, 12, seed=1)
    assert without.shape == with_it.shape == (12, 64, 64, 3)
    changed = (without != with_it).any(axis=3)
    assert changed.any(axis=(1, 2)).all()
    elsewhere = changed.copy()
    elsewhere[:, rows] = False
    assert not elsewhere.any()


def test_pairs_come_from_their_seed_and_from_nobody_in_the_dataset() -> None:
    one, _ = faces.pairs("glasses", 8, seed=1)
    again, _ = faces.pairs("glasses", 8, seed=1)
    other, _ = faces.pairs("glasses", 8, seed=2)
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert faces.pairs("beard", 0, seed=1, size=16)[0].shape == (0, 16, 16, 3)
    people = {image.tobytes() for image in faces.load(count=40).images}
    assert not people & {image.tobytes() for image in one}
    with pytest.raises(DatasetError, match="hat"):
        faces.pairs("hat", 1, seed=0)


def test_a_cancelled_rendering_leaves_nothing() -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        faces.load(count=60, work=Callbacks(cancelled=cancelled))
    assert list((places.cache() / "faces").iterdir()) == []


def test_a_damaged_cache_is_made_again() -> None:
    before = faces.load(count=5).fingerprint
    (folder,) = (places.cache() / "faces").iterdir()
    for name in ("images.npy", "attributes.npy", "index.json"):
        content = (folder / name).read_bytes()
        for damaged in (content[: len(content) // 2], b"", b"{}" * 200):
            (folder / name).unlink()  # a memory map may still have the file open
            (folder / name).write_bytes(damaged)
            assert faces.load(count=5).fingerprint == before


@pytest.mark.parametrize("name", ["images.npy", "attributes.npy", "index.json"])
def test_a_single_flipped_bit_is_found_and_said(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong pixel of a face was believed for ever."""
    before = faces.load(count=5).fingerprint
    (folder,) = (places.cache() / "faces").iterdir()
    content = bytearray((folder / name).read_bytes())
    content[-3] ^= 4
    (folder / name).unlink()  # a memory map may still have the file open
    (folder / name).write_bytes(content)
    assert faces.load(count=5).fingerprint == before
    assert faces.load(count=5).fingerprint == before
    assert [record.levelname for record in caplog.records if "made again" in record.message] == ["WARNING"]
    assert (folder / name).read_bytes() != bytes(content)


def test_a_cache_of_an_older_version_without_fingerprints_is_made_again() -> None:
    before = faces.load(count=5).fingerprint
    (folder,) = (places.cache() / "faces").iterdir()
    index = json.loads((folder / "index.json").read_text())
    assert len(index.pop("sha256")) == 3
    (folder / "index.json").write_text(json.dumps(index))
    assert faces.load(count=5).fingerprint == before
    assert "sha256" in json.loads((folder / "index.json").read_text())
