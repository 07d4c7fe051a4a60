"""A download is resumed, checked before it gets its name, and given up with a way out."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from models.core.datasets import download, fashion_mnist, load
from models.core.disk import places
from models.core.errors import Cancelled, DatasetError
from models.core.work import Callbacks
from tests.tools.bounds import end
from tests.tools.idx_files import idx

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server:
    """Serves files from memory on this machine and writes down what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.breaks_after: int | None = None
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.http.server_port}/"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name, wanted = request.path.lstrip("/"), request.headers.get("Range")
        self.asked.append((name, wanted))
        if name not in self.files:
            request.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        content = self.files[name][start:]
        request.send_response(206 if wanted else 200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: self.breaks_after])


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    end(thread)
    server.http.server_close()


def check(path: Path) -> None:
    if not path.exists() or path.read_bytes() != CONTENT:
        raise DatasetError("wrong")


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    seen: list[tuple[str, int, int]] = []
    for _ in range(2):
        download.fetch(
            [server.address + "a"], tmp_path / "in" / "a", check, most=10**6, work=Callbacks(lambda *n: seen.append(n))
        )
    assert server.asked == [("a", None)]
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a"]
    assert seen[-1][1:] == (300_000, 300_000)


def test_a_broken_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    server.breaks_after = 100_000
    with pytest.raises(DatasetError) as caught:
        download.fetch([server.address + "a"], tmp_path / "a", check, most=10**6)
    assert str(tmp_path) in caught.value.advice
    assert (tmp_path / "a.part").stat().st_size == 100_000 and not (tmp_path / "a").exists()
    server.breaks_after = None
    download.fetch([server.address + "a"], tmp_path / "a", check, most=10**6)
    assert server.asked[-1] == ("a", "bytes=100000-")
    check(tmp_path / "a")


def test_a_wrong_beginning_is_thrown_away(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    (tmp_path / "a.part").write_bytes(b"x" * 1000)
    download.fetch([server.address + "a"], tmp_path / "a", check, most=10**6)
    check(tmp_path / "a")
    assert [wanted for _, wanted in server.asked] == ["bytes=1000-", None]


def test_a_wrong_or_endless_file_is_refused(server: Server, tmp_path: Path) -> None:
    for content, most in ((b"y" * 300_000, 10**6), (CONTENT, 200_000)):
        server.files["a"] = content
        with pytest.raises(DatasetError):
            download.fetch([server.address + "a"], tmp_path / "a", check, most=most)
        assert list(tmp_path.iterdir()) == []


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    server.files["b"] = CONTENT
    addresses = ["http://127.0.0.1:1/a", server.address + "a", server.address + "b"]
    download.fetch(addresses, tmp_path / "a", check, most=10**6)
    check(tmp_path / "a")


def test_a_cancelled_download_keeps_what_it_has(server: Server, tmp_path: Path) -> None:
    server.files["a"] = CONTENT
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        download.fetch([server.address + "a"], tmp_path / "a", check, most=10**6, work=Callbacks(cancelled=cancelled))
    assert 0 < (tmp_path / "a.part").stat().st_size < 300_000


def test_fashion_mnist_is_downloaded_if_it_is_nowhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    for attribute, shape in (("_IMAGES", (28, 28)), ("_LABELS", ())):
        files = []
        for name, count in (("train-" + attribute, 60_000), ("t10k-" + attribute, 10_000)):
            values = random.integers(0, 10, (count, *shape), dtype=np.uint8)
            server.files[name] = gzip.compress(idx(values), 1)
            files.append((name, count, hashlib.sha256(values.tobytes()).hexdigest()))
        monkeypatch.setattr(fashion_mnist, attribute, tuple(files))
    monkeypatch.setattr(fashion_mnist, "SYSTEM", tmp_path / "nowhere")
    monkeypatch.setattr(fashion_mnist, "ADDRESSES", (server.address,))
    assert "sample" in load("fashion_mnist").notice and server.asked == []  # STUDIO_OFFLINE is set in tests
    monkeypatch.delenv("STUDIO_OFFLINE")
    dataset = load("fashion_mnist")
    assert len(dataset.images) == 70_000 and dataset.notice == "" and len(server.asked) == 4
    (places.cache() / "fashion-mnist" / "t10k-_LABELS").write_bytes(b"damaged")
    assert load("fashion_mnist").fingerprint == dataset.fingerprint
    assert len(server.asked) == 5, "only the damaged file is fetched again"
