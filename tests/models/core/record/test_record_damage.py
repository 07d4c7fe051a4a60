"""Damaged and hostile run folders: what is damaged is seen, set aside, and the one before it used (C-15, C-82)."""

import io
import json
import random
import shutil
import struct
import tracemalloc
import zipfile
from collections import Counter

import numpy as np
import pytest

from models.core.disk import npz
from models.core.errors import RunFormatError, UserError
from models.core.record import Run, list_runs
from tests.tools.bounds import rounds
from tests.tools.record_tools import expected, is_whole, make_run, state

WANTED = expected(state(0))


@pytest.fixture
def folder(tmp_path):
    with make_run(tmp_path / "run", title="A title") as run:
        run.set_status("training")
        for step in (1, 2, 3):
            run.save_checkpoint(step, state(step), metric=float(step), epoch=step)
    return run.folder


def flip(draw, data):
    place = draw.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]


def cut(draw, data):
    return data[: draw.randrange(len(data))]


def zero_page(draw, data):
    size = draw.choice([8, 64, 512])
    place = draw.randrange(0, max(1, len(data) - size))
    return data[:place] + bytes(min(size, len(data) - place)) + data[place + size :]


def swap(draw, data):
    return b""  # replaced by another file's content in ``mutate``


def grow(draw, data):
    return data + draw.randbytes(draw.choice([1, 100, 5000]))


def noise(draw, data):
    return draw.randbytes(len(data))


def splice(draw, data):
    a, b = sorted((draw.randrange(len(data)), draw.randrange(len(data))))
    return data[:a] + data[b:] + data[a:b]


MUTATIONS = [flip, flip, flip, cut, zero_page, swap, grow, noise, splice]


def mutate(draw, path, other):
    """Damage a file until its bytes are others; returns its new bytes."""
    before = path.read_bytes()
    after = before
    for _ in rounds("bytes that are others", most=1000):
        if after.rstrip() != before.rstrip():  # without its last line break a JSON file is whole
            break
        kind = draw.choice(MUTATIONS)
        after = other.read_bytes() if kind is swap else kind(draw, before)
    path.write_bytes(after)
    return after


TARGETS = [
    ("checkpoints/step-3.npz", "checkpoints/step-2.npz"),
    ("checkpoints/MANIFEST.json", "run.json"),
    ("run.json", "checkpoints/MANIFEST.json"),
]


def test_a_thousand_damages_are_seen_and_none_is_loaded(folder, tmp_path):
    draw, seen = random.Random(15), Counter()
    original = Run.open(folder).info
    for number in range(1000):
        target, other = draw.choice(TARGETS)
        work = tmp_path / "work"
        shutil.copytree(folder, work)
        damaged = mutate(draw, work / target, work / other)
        reader = Run.open(work)
        entry, arrays = reader.load_checkpoint(WANTED)
        step = 2 if target.endswith("npz") else 3
        assert entry.step == step and is_whole(entry, arrays), number  # never what was damaged, always what was saved
        assert reader.info == original and len(reader.notices) == 1, number
        assert not (work / "quarantine").exists()  # a reader moves nothing
        with Run.open(work, write=True) as run:
            assert run.load_checkpoint(WANTED)[0].step == step and len(run.notices) == 1, number
        assert [path.read_bytes() for path in (work / "quarantine").iterdir()] == [damaged], number
        healed = Run.open(work)
        assert healed.load_checkpoint(WANTED)[0].step == step and healed.notices == [], number
        seen[target] += 1
        shutil.rmtree(work)
    assert min(seen.values()) > 250


def test_the_damage_is_what_makes_the_difference(folder):
    """The proof that the test above can fail: without the sha256 a swapped file is loaded as step 3."""
    path = folder / "checkpoints" / "step-3.npz"
    shutil.copy(folder / "checkpoints" / "step-2.npz", path)
    entry, arrays = Run.open(folder).load_checkpoint(WANTED, verify=False)
    assert entry.step == 3 and not is_whole(entry, arrays)


def test_missing_files_fall_back_and_nothing_left_is_an_error(folder):
    for step in (3, 2):
        (folder / "checkpoints" / f"step-{step}.npz").unlink()
        reader = Run.open(folder)
        assert reader.load_checkpoint(WANTED)[0].step == step - 1
        assert f"step {step}" in reader.notices[-1 if step == 3 else 1]
    (folder / "checkpoints" / "step-1.npz").write_bytes(b"")
    with Run.open(folder, write=True) as run, pytest.raises(RunFormatError, match="No checkpoint"):
        run.load_checkpoint(WANTED)
    assert (folder / "quarantine" / "step-1.npz").read_bytes() == b""


def test_two_damaged_files_of_one_name_are_both_kept(folder):
    for content in (b"first", b"second"):
        (folder / "checkpoints" / "step-3.npz").write_bytes(content)
        with Run.open(folder, write=True) as run:
            run.load_checkpoint(WANTED)
            run.save_checkpoint(3, state(3))
    assert {path.read_bytes() for path in (folder / "quarantine").iterdir()} == {b"first", b"second"}


def test_both_copies_damaged_is_an_error_and_nothing_is_touched(folder):
    for name in ("run.json", "run.copy.json"):
        (folder / name).write_bytes(b"{}")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for write in (False, True):
        with pytest.raises(RunFormatError):
            Run.open(folder, write=write)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_two_thousand_mutations_reach_the_parser_and_only_format_errors_escape(folder):
    """C-82: the fingerprint is not asked; names, shapes, sizes and CRC are all that is left."""
    draw, outcomes = random.Random(82), Counter()
    path = folder / "checkpoints" / "step-3.npz"
    good, model = path.read_bytes(), sum(array.nbytes for array in state(0).values())
    for step in (1, 2):
        (folder / "checkpoints" / f"step-{step}.npz").unlink()
    run = Run.open(folder)
    for number in range(2000):
        if number % 10 == 0:
            tracemalloc.start()  # it makes everything slow: every tenth
        data = good
        for _ in range(draw.choice([1, 1, 2, 5])):
            kind = draw.choice([kind for kind in MUTATIONS if kind is not swap])
            data = kind(draw, data) or b"x"
        path.write_bytes(data)
        run.notices.clear()
        try:
            entry, arrays = run.load_checkpoint(WANTED, verify=False)
            outcomes["loaded"] += 1
            assert is_whole(entry, arrays), number  # harmless: a date, a comment
        except RunFormatError:
            outcomes["refused"] += 1
        if number % 10 == 0:
            assert tracemalloc.get_traced_memory()[1] < 2 * model + 500_000, number
            tracemalloc.stop()
    assert outcomes["refused"] > 1500


JSONS = ["run.json", "checkpoints/MANIFEST.json"]


@pytest.mark.parametrize("name", JSONS)
def test_hostile_json_ends_in_a_user_error(folder, name):
    draw = random.Random(name)
    copy = folder / name.replace(".json", ".copy.json")
    good = (folder / name).read_bytes()
    for data in hostile_json(draw, name.split("/")[-1], good):
        for path in (folder / name, copy):
            path.write_bytes(data)
        try:
            run = Run.open(folder)
            assert is_whole(*run.load_checkpoint(WANTED))
        except UserError as error:
            assert isinstance(error, RunFormatError) and error.where
        assert len(list_runs(folder.parent)) == 1


def hostile_json(draw, name, good):
    """Valid seals on bad values, and bad bytes."""
    values = json.loads(good)
    for key in values:
        for bad in (
            None,
            -1,
            2**70,
            "x" * 10**5,
            [],
            {},
            [[]],
            {"a": [1]},
            True,
            "../../etc",
            1.5,
            "\ud800",
            [None] * 5,
        ):
            yield sealed(name, {**values, key: bad})
        yield sealed(name, {other: item for other, item in values.items() if other != key})
    for bad in ([], "x", 1, None, [values]):
        yield json.dumps(bad).encode()
    for _ in range(100):
        yield draw.choice([flip, cut, noise, splice])(draw, good)
    if "entries" in values:
        for key, bad in (
            ("file", "../run.json"),
            ("file", "step-1.npz\n"),
            ("step", -1),
            ("bytes", -5),
            ("sha256", "z" * 64),
        ):
            entries = [{**values["entries"][0], key: bad}]
            yield sealed(name, {**values, "entries": entries})


def sealed(name, values):
    from models.core.record.sealed import SEAL, seal

    return json.dumps({**values, SEAL: seal(name, values)}).encode()


def archive(members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as place:
        for name, data in members:
            place.writestr(name, data)
    return stream.getvalue()


def array_bytes(descr="<f4", order="False", shape="(2, 3)", data=bytes(24)):
    header = f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


HOSTILE = {
    "empty": b"",
    "no zip": b"PK" * 100,
    "compressed": archive([("a.npy", array_bytes())], zipfile.ZIP_DEFLATED),
    "bomb": archive([("a.npy", bytes(50_000_000))], zipfile.ZIP_DEFLATED),
    "name missing": archive([]),
    "name too many": archive([("a.npy", array_bytes()), ("b.npy", array_bytes())]),
    "outside": archive([("../a.npy", array_bytes())]),
    "object": archive([("a.npy", array_bytes("|O"))]),
    "huge shape": archive([("a.npy", array_bytes(shape="(999999999999, 9999999)"))]),
    "negative": archive([("a.npy", array_bytes(shape="(-2, -3)"))]),
    "fortran": archive([("a.npy", array_bytes(order="True"))]),
    "other type": archive([("a.npy", array_bytes("<i4"))]),
    "other shape": archive([("a.npy", array_bytes(shape="(3, 2)"))]),
    "call": archive([("a.npy", array_bytes(shape="(__import__('os').getpid(),)"))]),
    "many digits": archive([("a.npy", array_bytes(shape="(" + "1" * 80 + "x)"))]),
    "long header": archive([("a.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 500)]),
    "version 2": archive([("a.npy", b"\x93NUMPY\x02\x00" + array_bytes()[8:])]),
    "short": archive([("a.npy", array_bytes(data=bytes(23)))]),
    "long": archive([("a.npy", array_bytes(data=bytes(25)))]),
    "large file": archive([("a.npy", array_bytes())]) + bytes(100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(name):
    wanted = {"a": ((2, 3), np.dtype(np.float32))}
    assert npz.read_npz(io.BytesIO(archive([("a.npy", array_bytes())])), wanted)["a"].shape == (2, 3)
    with pytest.raises(RunFormatError):
        npz.read_npz(io.BytesIO(HOSTILE[name]), wanted)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused():
    data = archive([("a.npy", array_bytes()), ("a.npy", array_bytes())])
    with pytest.raises(RunFormatError, match="twice"):
        npz.read_npz(io.BytesIO(data), {"a": ((2, 3), np.dtype(np.float32))})
