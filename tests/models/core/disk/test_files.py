"""Atomic files, strict JSON, stray files, odd names, and the lock."""

import errno
import json
import os
import subprocess
import sys

import pytest

from models.core.disk import files, strict_json
from models.core.errors import RunBusyError, RunFormatError, StorageError
from models.core.record.lock import Lock, held_by_other
from tests.tools.record_tools import Full, Shim, use


def strays(folder):
    return [name for name in os.listdir(folder) if name.startswith(files.PREFIX)]


def test_a_file_is_written_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "a.bin"
    files.write_bytes(path, b"old")
    files.write_bytes(path, b"new" * 1000)
    assert path.read_bytes() == b"new" * 1000
    assert os.listdir(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.ENOENT, errno.ENAMETOOLONG])
def test_each_failing_call_leaves_the_old_file_and_no_partial_one(tmp_path, monkeypatch, code):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    failed = 0
    for n in range(1, 30):
        shim = use(monkeypatch, Shim(n, code))
        try:
            files.write_bytes(path, b"new")
        except StorageError as error:
            failed += 1
            assert error.where == str(path) and error.advice and "Errno" not in error.what
            assert path.read_bytes() in ((b"old", b"new") if shim.fired == "fsync_folder" else (b"old",))
            path.write_bytes(b"old")
        else:
            assert not shim.fired
            break
        assert not strays(tmp_path)
    assert failed == 6  # open, write, fsync, close, replace, fsync of the folder


def test_the_message_of_a_full_disk_names_the_bytes(tmp_path, monkeypatch):
    use(monkeypatch, Full(10))
    with pytest.raises(StorageError, match=r"100 bytes are needed, [\d,]+ bytes are free"):
        files.write_bytes(tmp_path / "a", bytes(100))


def test_interrupted_calls_and_short_writes_are_continued(tmp_path, monkeypatch):
    for n in range(1, 7):
        for code in (errno.EINTR, "short"):
            shim = use(monkeypatch, Shim(n, code))
            files.write_bytes(tmp_path / "a", data := os.urandom(1000))
            assert shim.fired and (tmp_path / "a").read_bytes() == data


def test_an_error_of_the_writer_leaves_nothing(tmp_path):
    def broken(stream):
        stream.write(b"half")
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        files.write_atomic(tmp_path / "a", broken)
    assert os.listdir(tmp_path) == []


def test_json_comes_back_sorted_and_without_nan(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"b": [1, 2.5, None], "a": "ü"})
    assert files.read_json(path) == {"a": "ü", "b": [1, 2.5, None]}
    assert path.read_text().index('"a"') < path.read_text().index('"b"')
    with pytest.raises(ValueError, match="Out of range"):
        files.write_json(path, {"a": float("nan")})
    assert files.read_json(path)["a"] == "ü"


BAD_JSON = [
    b"",
    b"{",
    b"nope",
    b"[NaN]",
    b"[Infinity]",
    b"[-Infinity]",
    b"[1e999]",
    b"[" + b"9" * 5000 + b"]",
    b"\xff\xfe",
    b'{"a": 1, "a": 2}',
    b"[" * 200_000,
    b"[" * 65 + b"]" * 65,
    b'{"a":' * 100 + b"1" + b"}" * 100,
    b'"' + b"x" * 2000 + b'"',
]


@pytest.mark.parametrize("data", BAD_JSON, ids=range(len(BAD_JSON)))
def test_malformed_json_is_refused(tmp_path, data):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    limit = 1000 if len(data) == 2002 else files.MAX_JSON_BYTES
    with pytest.raises(RunFormatError) as caught:
        files.read_json(path, max_bytes=limit)
    assert caught.value.where == str(path)


def test_brackets_in_strings_are_not_depth():
    value = {"a": "[" * 500 + '\\" [[['}
    assert strict_json.parse_json(json.dumps(value).encode(), "") == value


OPEN_STRINGS = {
    "escaped quotes": b"[" * 70 + b'"' + b'\\"' * 500_000,
    "escaped quotes first": b'"' + b'\\"' * 500_000 + b"[" * 70,
    "backslashes": b'"' + b"\\" * 1_000_001 + b"[" * 70,
    "quotes": b"[" * 64 + b'"' * 1_000_001 + b"[",
    "brackets in an open string": b'"' + b"[" * 1_000_000,
}


def test_a_megabyte_of_a_string_that_never_ends_is_refused_at_once():
    """The old search for brackets went over it again from each of its quotes: half an hour."""
    code = (
        "import sys; from models.core import errors; from models.core.disk import strict_json\n"
        "for data in sys.stdin.buffer.read().split(b'\\n'):\n"
        "    try: strict_json.parse_json(data, '')\n"
        "    except errors.RunFormatError: print('refused')\n"
    )
    given = b"\n".join(OPEN_STRINGS.values())
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, timeout=120, check=True)
    assert done.stdout.split() == [b"refused"] * len(OPEN_STRINGS)


@pytest.mark.parametrize(
    ("text", "deep"), [('["]]"' + "[" * 3, True), ('"[[[[["', False), ('["\\\\",[[[', True), ('["\\"",[[', False)]
)
def test_brackets_are_counted_outside_of_strings_only(text, deep):
    assert strict_json._is_deeper(text, 3) is deep


@pytest.mark.parametrize("text", ["1" * 400, "-" + "9" * 20, "1" * 5000, str(2**64)])
def test_whole_numbers_that_fit_into_no_array_are_refused(text):
    with pytest.raises(RunFormatError, match="too large"):
        strict_json.parse_json(text.encode(), "")
    assert strict_json.parse_json(str(2**64 - 1).encode(), "") == 2**64 - 1


def test_missing_json_and_a_folder_are_format_errors(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(RunFormatError):
            files.read_json(path)


def test_lines_are_appended_and_a_torn_one_is_ended_first(tmp_path):
    path = tmp_path / "a.jsonl"
    files.append_line(path, "one")
    with path.open("ab") as stream:
        stream.write(b"to")
    files.append_line(path, "two", sync=True)
    assert path.read_bytes() == b"one\nto\ntwo\n"


def test_a_line_that_does_not_fit_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    files.append_line(path, "one")
    use(monkeypatch, Full(3))
    with pytest.raises(StorageError):
        files.append_line(path, "second")
    assert path.read_bytes() == b"one\n"


def dead_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(60)
    return child.pid


def test_only_our_temporary_files_of_dead_processes_are_removed(tmp_path):
    dead, uid = dead_pid(), "0" * 32
    gone = f"{files.PREFIX}{dead}-{uid}"
    kept = [f"{files.PREFIX}{os.getpid()}-{uid}", f"{files.PREFIX}{dead}-short", f"tmp-{dead}-{uid}", "step-1.npz"]
    for name in (gone, *kept):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / f"{files.PREFIX}{dead}-{'1' * 32}").mkdir()
    assert files.clean_stray(tmp_path) == 1
    assert not (tmp_path / gone).exists()
    assert all((tmp_path / name).exists() for name in kept)
    assert files.clean_stray(tmp_path / "nowhere") == 0


def test_folders_are_made_with_their_parents(tmp_path):
    files.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_bytes(b"")
    for bad in (tmp_path / "file", tmp_path / "file" / "x", tmp_path / "nul\0"):
        with pytest.raises(StorageError):
            files.make_folder(bad)


def test_free_bytes_of_a_place_that_is_not_there_yet(tmp_path):
    assert files.free_bytes(tmp_path / "not" / "yet") > 0


def test_fingerprint_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert files.sha256(tmp_path / "a").startswith("ba7816bf")


def test_one_lock_a_folder_and_the_message_names_its_owner(tmp_path):
    lock, second = Lock(tmp_path), Lock(tmp_path)
    assert not held_by_other(tmp_path)
    assert os.listdir(tmp_path) == []  # looking makes nothing
    lock.acquire()
    assert held_by_other(tmp_path)
    with pytest.raises(RunBusyError, match=f"process {os.getpid()} on "):
        second.acquire()
    lock.release()
    assert not held_by_other(tmp_path)
    second.acquire()
    second.release()


def test_a_lock_that_another_computer_left_is_not_broken(tmp_path):
    (tmp_path / ".lock").write_text(json.dumps({"pid": 1, "host": "another-computer", "uuid": "x"}))
    with pytest.raises(RunBusyError, match="another-computer") as caught:
        Lock(tmp_path).acquire()
    assert ".lock" in caught.value.advice
    assert not held_by_other(tmp_path)


def test_a_damaged_lock_file_does_not_lock(tmp_path):
    (tmp_path / ".lock").write_bytes(b"\xff{{{")
    lock = Lock(tmp_path)
    lock.acquire()
    assert json.loads((tmp_path / ".lock").read_bytes())["pid"] == os.getpid()
    lock.release()
    assert (tmp_path / ".lock").read_bytes() == b""


def test_a_file_of_very_many_lists_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(strict_json, "MOST_PARTS", 3)
    assert strict_json.parse_json(b'{"[[[[": [[1], "{{{"]}', "") == {"[[[[": [[1], "{{{"]}
    monkeypatch.setattr(strict_json.json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    for text in (b"[[[[]]]]", b"[{}, {}, {}]", b'["]", [], [], []]'):
        with pytest.raises(RunFormatError, match="more than 3 lists and objects"):
            strict_json.parse_json(text, "")


ONES, NINES = "1" * 30, "9" * 30


@pytest.mark.parametrize("text", [f'{{"{ONES}": "{NINES}"}}', f"[1.{NINES}, {ONES}.5, 1e-{'0' * 30}1, {ONES[:19]}]"])
def test_long_numbers_in_strings_and_of_floats_are_no_large_whole_ones(text):
    assert strict_json.parse_json(text.encode(), "") == json.loads(text)


@pytest.mark.parametrize("text", [f'{{"a": [0, -{NINES[:21]}]}}', f'["\\"", {2**64}]', f"{-(2**64)}"])
def test_large_whole_numbers_are_found_wherever_they_are(text):
    with pytest.raises(RunFormatError, match="too large"):
        strict_json.parse_json(text.encode(), "")
