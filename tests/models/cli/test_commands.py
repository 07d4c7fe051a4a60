"""The command line, as a person or a script calls it: in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from models.core.images import decoding, recipes
from models.core.record import Run


def call(*words, **env):
    return subprocess.run(
        [sys.executable, "-m", "models", *map(str, words)], capture_output=True, text=True, timeout=240,
        env={**os.environ, **env}, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """An .npz of small images, and a run trained on it by the command line."""
    folder = tmp_path_factory.mktemp("commands")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (200, 8, 8), dtype=np.uint8)
    np.savez(folder / "small.npz", images=pictures, labels=np.arange(200, dtype=np.int32) % 3)
    made = subprocess.run(
        [sys.executable, "-m", "models", "train", "vae", "--dataset", str(folder / "small.npz"), "--epochs", "2",
         "--seed", "3", "--set", "latent_size=4", "--run", str(folder / "run"), "--json"],
        capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "STUDIO_HOME": str(folder / "home")},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return folder, [json.loads(line) for line in made.stdout.splitlines()]


def test_train_speaks_json_a_line_and_ends_with_the_result(small):
    folder, lines = small
    assert lines[-1]["event"] == "done" and lines[-1]["status"] == "finished"
    assert lines[-1]["val_loss"] == Run.open(folder / "run").metrics()[-1]["val_loss"]
    assert {"progress"} <= {line["event"] for line in lines}
    assert lines[-1]["epoch"] == 2


def test_errors_are_one_clear_line_without_a_traceback(small):
    folder, _ = small
    for words, names, code in (
        (["info", folder], ["holds no run"], 2),
        (["resume", folder / "nowhere"], ["is not there", "nowhere"], 2),
        (["datasets", folder / "nowhere"], ["no such dataset", "nowhere"], 2),
        (["arithmetic", folder / "run"], ["Only faces", "run"], 1),
        (
            ["reconstruct", folder / "run", "--images", folder / "small.npz", "--out", folder / "r.png"],
            ["small.npz"],
            1,
        ),
    ):
        done = call(*words)
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        for name in names:
            assert name in done.stdout + done.stderr


def test_wrong_arguments_are_all_named_and_exit_with_2(small):
    folder, _ = small
    done = call("train", "vae", "--dataset", folder / "gone", "--epochs", "0", "--set", "latent_size=x", "--set",
                "colour=red", "--set", "oops", "--seed", "-1")  # fmt: skip
    assert done.returncode == 2
    for name in ("dataset", "epochs", "latent_size", "colour", "oops", "seed"):
        assert name in done.stderr, (name, done.stderr)
    assert "Traceback" not in done.stderr
    unknown = call("train", "vea")
    assert unknown.returncode == 2 and "vae" in unknown.stderr
    assert call("sample", folder / "run", "--out", "x.png", "--count", "0").returncode == 2
    assert call("fly").returncode == 2
    assert call("export", folder / "run", "--format", "pickle", "--out", "x").returncode == 2


def test_sample_interpolate_and_reconstruct_write_pictures_with_recipes(small):
    folder, _ = small
    out = folder / "sheet.png"
    assert call("sample", folder / "run", "--count", 9, "--seed", 5, "--out", out).returncode == 0
    assert decoding.decode(out).shape == (3 * 8 + 2, 3 * 8 + 2, 1)
    assert recipes.read_recipe(out)["seed"] == 5
    again = call("sample", folder / "run", "--count", 9, "--seed", 5, "--out", folder / "again.png", "--json")
    assert json.loads(again.stdout.splitlines()[-1])["written"].endswith("again.png")
    np.testing.assert_array_equal(decoding.decode(folder / "again.png"), decoding.decode(out))
    assert call("interpolate", folder / "run", "--from", 1, "--to", 2, "--steps", 5, "--out",
                folder / "film.gif").returncode == 0  # fmt: skip
    assert decoding.frames(folder / "film.gif") == 5
    (folder / "damaged.png").write_bytes(b"no image")
    done = call("reconstruct", folder / "run", "--images", out, folder / "damaged.png", "--out", folder / "pairs.png")
    assert done.returncode == 0 and "damaged.png" in done.stdout + done.stderr
    assert decoding.decode(folder / "pairs.png").shape[:2] == (2 * 8 + 1, 8)


@pytest.mark.parametrize("kind", ["keras", "weights", "safetensors", "onnx", "tflite"])
def test_export_writes_one_file_a_network(small, kind):
    folder, _ = small
    done = call("export", folder / "run", "--format", kind, "--out", folder / "net")
    assert done.returncode == 0 and not done.stderr, done.stderr
    said = json.loads((folder / f"net.{kind}.json").read_text("utf-8"))
    assert said["family"] == "vae" and said["format"] == kind and len(said["run"]) == 32
    for part in ("encoder", "decoder"):
        file = folder / said["networks"][part]["file"]
        assert file.stat().st_size > 1000 and str(file) in done.stdout
    assert [port["name"] for port in said["networks"]["encoder"]["outputs"]] == ["coding", "log_variance"]


def test_export_writes_over_a_file_only_if_it_is_told_to(small):
    folder, _ = small
    (folder / "kept-decoder.weights.h5").write_bytes(b"mine")
    words = ("export", folder / "run", "--format", "weights", "--out", folder / "kept")
    done = call(*words)
    assert done.returncode == 1 and "exists already" in done.stderr and "--overwrite" in done.stderr
    assert [path.name for path in folder.glob("kept*")] == ["kept-decoder.weights.h5"]
    assert (folder / "kept-decoder.weights.h5").read_bytes() == b"mine"
    assert call(*words, "--overwrite").returncode == 0
    assert (folder / "kept-decoder.weights.h5").stat().st_size > 1000 and (folder / "kept-encoder.weights.h5").exists()


def test_info_and_datasets_say_what_is_there(small):
    folder, _ = small
    info = json.loads(call("info", folder / "run", "--json").stdout.splitlines()[-1])
    assert info["family"] == "vae" and info["status"] == "finished" and info["config"]["latent_size"] == 4
    told = json.loads(call("datasets", folder / "small.npz", "--json").stdout.splitlines()[-1])
    assert told["image_shape"] == [8, 8, 1]
    families = call("list").stdout
    assert "exports: keras, weights, safetensors, onnx, tflite" in families
    assert "  architecture = dense (or conv_codings, conv): " in families


def test_a_terminated_training_saves_and_is_resumed(small):
    folder, _ = small
    run = folder / "terminated"
    words = ["train", "vae", "--dataset", str(folder / "small.npz"), "--epochs", "3000", "--run", str(run), "--json"]
    process = subprocess.Popen([sys.executable, "-m", "models", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("step", 0) > 20:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read().splitlines()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert json.loads(rest[-1])["status"] == "paused"
    step = Run.open(run).checkpoints()[-1].step
    assert step > 20 and Run.open(run).info.status == "paused"
    done = call("resume", run, "--epochs", 1)  # fewer epochs than are done already
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert Run.open(run).checkpoints()[-1].step >= step


def test_branch_makes_a_run_that_goes_on_with_other_settings(small):
    folder, _ = small
    source, new = Run.open(folder / "run"), folder / "branched"
    step = source.checkpoints()[0].step
    done = call("branch", folder / "run", "--step", step, "--set", "epochs=3", "--set", "latent_size=5", "--out", new)
    assert done.returncode == 0, done.stderr
    made = Run.open(new)
    assert made.info.config["latent_size"] == 5 and [entry.step for entry in made.checkpoints()] == [step]
    assert made.events()[0]["values"]["fresh"]  # layers of another size begin anew
    assert call("resume", new).returncode == 0 and Run.open(new).info.status == "finished"
    for words, names in (
        (["--step", 99_999, "--out", folder / "b"], ["step", "99999", str(step)]),
        (["--set", "latent_size=0", "--set", "colour=1", "--out", folder / "b"], ["latent_size", "colour"]),
        (["--set", "nonsense", "--out", folder / "b"], ["nonsense"]),
    ):
        failed = call("branch", folder / "run", *words)
        assert failed.returncode == 2 and "Traceback" not in failed.stderr
        assert all(name in failed.stderr for name in names)
        assert not (folder / "b").exists()


def test_two_processes_do_not_train_the_same_run(small):
    folder, _ = small
    held = Run.open(folder / "run", write=True)
    try:
        done = call("resume", folder / "run", "--epochs", 9)
        assert done.returncode == 1 and "Traceback" not in done.stderr
    finally:
        held.close()


def test_a_damaged_checkpoint_gives_way_to_the_one_before_and_says_so(small):
    folder, _ = small
    newest = max((folder / "run" / "checkpoints").glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(bytes(content))
    done = call("sample", folder / "run", "--count", 4, "--out", folder / "after.png")
    assert done.returncode == 0 and "damaged" in done.stdout


def test_a_reader_that_goes_away_pauses_the_run_and_loses_nothing(small):
    folder, _ = small
    run = folder / "unread"
    words = ["train", "vae", "--dataset", str(folder / "small.npz"), "--epochs", "3000", "--run", str(run), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "models", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    for line in process.stdout:
        if json.loads(line).get("step", 0) > 5:
            break
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=120)
    assert Run.open(run).info.status == "paused" and Run.open(run).checkpoints()[-1].step > 5
