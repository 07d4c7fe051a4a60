"""The run folder under kills, failing disks, full disks and two writers (C-11, C-12, C-14, C-60)."""

import errno
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections import Counter
from contextlib import suppress

import pytest

from models.core.disk import files
from models.core.errors import StorageError
from models.core.record import Run
from models.core.record.lock import Lock, held_by_other
from tests.tools import record_tools
from tests.tools.bounds import end, rounds
from tests.tools.record_tools import Full, Shim, expected, is_whole, make_run, state, use

ERRORS = [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR, "short"]
BIG = 8 * 2**20 // 12  # state() of this size has 8 MB


@pytest.fixture(scope="module")
def children():
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.tools.record_tools"])
    return context


def start(children, target, *arguments):
    """Start a child that answers through a pipe; it is killed by the test."""
    answers, theirs = children.Pipe(duplex=False)
    child = children.Process(target=target, args=(*arguments, theirs), daemon=True)
    child.start()
    theirs.close()
    return child, answers


def kill(child, answers):
    """Kill; return the last thing that the child acknowledged (None if nothing)."""
    child.kill()
    end(child)
    last = None
    with suppress(EOFError):
        for _ in rounds("the last acknowledgement of a child that is dead"):
            if not answers.poll():
                break
            last = answers.recv()
    answers.close()
    return last


def stray(folder):
    return [path for path in folder.rglob(files.PREFIX + "*") if path.is_file()]


def kill_while_saving(folder, children, size, kills):
    """Kill ``kills`` writers at random times; returns how many kills hit a file that was being written."""
    with make_run(folder) as run:
        run.save_checkpoint(1, state(1, size))
        began = time.monotonic()
        run.save_checkpoint(2, state(2, size))
        save_time = time.monotonic() - began
    draw, hits, acknowledged = random.Random(11), 0, 2
    for _ in range(kills):
        child, answers = start(children, record_tools.save_for_ever, str(folder), size)
        assert answers.recv() >= acknowledged
        time.sleep(draw.uniform(0, 3 * save_time))
        acknowledged = max(acknowledged, kill(child, answers) or 0)
        hits += bool(stray(folder))
        foreign = folder / "checkpoints" / f"{files.PREFIX}{os.getpid()}-{'0' * 32}"
        foreign.write_bytes(b"of a process that lives")
        with Run.open(folder, write=True) as run:
            assert stray(folder) == [foreign]
            entry, arrays = run.load_checkpoint(expected(state(0, size)))
            assert entry.step >= acknowledged and is_whole(entry, arrays, size) and run.notices == []
            assert len([name for name in os.listdir(folder / "checkpoints") if name.endswith(".npz")]) <= 3
        foreign.unlink()
    return hits


def test_forty_kills_during_saves_lose_nothing(tmp_path, children):
    hits = kill_while_saving(tmp_path / "run", children, BIG, 40)
    assert hits >= 5  # else the kills missed the moment that this test is about


@pytest.mark.soak
def test_two_hundred_kills_during_saves_of_80_mb(tmp_path, children):
    assert kill_while_saving(tmp_path / "run", children, 10 * BIG, 200) >= 50


def test_writing_in_place_would_not_survive_the_kills(tmp_path, children, monkeypatch):
    """The proof that the test above can fail: a child without temporary files loses its checkpoints."""
    run = make_run(tmp_path / "run")
    entry = run.save_checkpoint(1, state(1))
    path = run.folder / "checkpoints" / entry.file
    use(monkeypatch, Full(100))
    with pytest.raises(OSError, match="No space"), path.open("wb") as stream:
        stream.write(b"half of the next one")
        files.OPS.write(stream.fileno(), memoryview(bytes(101)))
        files.OPS.write(stream.fileno(), memoryview(b"x"))
    with pytest.raises(files.RunFormatError):
        run.load_checkpoint(expected(state(1)))
    run.close()


def beats(run, step):
    """What a training run writes, by name."""
    return {
        "checkpoint": lambda: run.save_checkpoint(step, state(step), metric=1.0 / step),
        "status": lambda: run.set_status("training", str(step)),
        "metrics": lambda: run.append_metrics({"step": step, "loss": 1.0}),
        "sample": lambda: run.save_sample(step, "samples", b"picture"),
        "truncate": lambda: run.truncate_metrics(step - 6),
    }


@pytest.mark.parametrize("what", ["checkpoint", "status", "metrics", "sample", "truncate"])
def test_every_failing_call_is_survived(tmp_path, monkeypatch, what):
    run = make_run(tmp_path / "run")
    step, calls = 1, {"checkpoint": 30}.get(what, 4)
    run.save_checkpoint(step, state(step))
    fired = Counter()
    n, clean = 0, 0
    for n in rounds("a save that passes clean", most=500, seconds=600):
        if clean == len(ERRORS):
            break
        clean = 0
        for code in ERRORS:
            step += 1
            run.append_metrics({"step": step * 10 - 5})
            shim = use(monkeypatch, Shim(n + 1, code))
            refused = None
            try:
                beats(run, step * 10 if what != "checkpoint" else step)[what]()
            except StorageError as error:
                refused = error
            finally:
                monkeypatch.undo()
            fired[shim.fired] += 1
            clean += not shim.fired
            assert refused is None or (refused.where and refused.advice)
            assert not (refused and code in (errno.EINTR, "short")), f"{shim.fired} was not repeated"
            check_after_fault(run, what, step, refused)
    assert n >= calls and fired["write"] and fired["open"]
    run.close()


def check_after_fault(run, what, step, refused):
    reader = Run.open(run.folder)
    entry, arrays = reader.load_checkpoint(expected(state(1)))
    assert is_whole(entry, arrays)
    if what == "checkpoint":
        assert entry.step == step or (refused and entry.step == step - 1)
        run.save_checkpoint(step, state(step))  # retry
        assert is_whole(*Run.open(run.folder).load_checkpoint(expected(state(1)), step=step))
    if what == "status":
        assert reader.info.message in (str(step * 10), str(step * 10 - 10), "")
        run.set_status("training", str(step * 10))
    steps = [row["step"] for row in reader.metrics()]
    assert steps == sorted(set(steps)) and reader.notices == []
    assert stray(run.folder) == []


def test_a_full_disk_keeps_the_old_checkpoint_and_retry_succeeds(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    run.save_checkpoint(1, state(1, 5000))
    draw = random.Random(14)
    for step in range(2, 22):
        disk = use(monkeypatch, Full(draw.randrange(0, 60_000)))
        with pytest.raises(StorageError, match=r"The disk is full: [\d,]+ bytes are needed, [\d,]+ bytes are free"):
            run.save_checkpoint(step, state(step, 5000))
        entry, arrays = Run.open(run.folder).load_checkpoint(expected(state(1, 5000)))
        assert entry.step == step - 1 and is_whole(entry, arrays, 5000) and stray(run.folder) == []
        disk.free()
        run.save_checkpoint(step, state(step, 5000))
    run.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_the_real_limit_for_files_is_survived(tmp_path, children):
    with make_run(tmp_path / "run") as run:
        run.save_checkpoint(1, state(1, 1000))
    child, answers = start(children, record_tools.save_with_small_files, str(run.folder), 100_000)
    assert "The disk is full" in answers.recv()
    assert answers.recv() == 3
    end(child)
    assert [entry.step for entry in Run.open(run.folder).checkpoints()] == [1, 3] and stray(run.folder) == []


def test_of_two_processes_exactly_one_writes(tmp_path, children):
    barrier, answers = children.Barrier(2), children.Queue()
    pair = [
        children.Process(target=record_tools.race, args=(str(tmp_path), barrier, answers), daemon=True) for _ in "ab"
    ]
    for child in pair:
        child.start()
    seen = Counter(answers.get(timeout=60) for _ in range(40))
    end(*pair)
    assert seen == {"writer": 20, "busy": 20}


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, children):
    for _ in range(8):
        child, answers = start(children, record_tools.hold, str(tmp_path))
        assert answers.recv() == child.pid and held_by_other(tmp_path)
        kill(child, answers)
        assert not held_by_other(tmp_path)
        lock = Lock(tmp_path)
        lock.acquire()
        lock.release()


def test_a_folder_that_vanishes_is_a_storage_error_and_the_state_can_be_saved_elsewhere(tmp_path):
    run = make_run(tmp_path / "run")
    run.save_checkpoint(1, state(1))
    shutil.rmtree(run.folder)
    for what, call in beats(run, 2).items():
        if what != "truncate":
            with pytest.raises(StorageError, match="gone"):
                call()
    run.close()
    with make_run(tmp_path / "elsewhere") as other:
        assert is_whole(other.save_checkpoint(2, state(2)), other.load_checkpoint(expected(state(2)))[1])


def test_a_read_only_disk_is_a_storage_error_and_reading_goes_on(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run")
    run.save_checkpoint(1, state(1))
    run.append_metrics({"step": 1})
    for number in range(1, 6):
        use(monkeypatch, Shim(number, errno.EROFS))
        with pytest.raises(StorageError, match="read-only"):
            run.save_checkpoint(2, state(2))
        assert is_whole(*run.load_checkpoint(expected(state(1)), step=1)) and run.metrics() == [{"step": 1}]
    run.close()
