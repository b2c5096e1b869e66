"""Pinned sources: mirrors, resumed downloads, refused redirects, hashes."""

import concurrent.futures
import hashlib
import http.server
import multiprocessing
import threading

import pytest

from math_eval.errors import DataError, FetchError, HashMismatchError
from math_eval.sources import PinnedFile, cached_path, ensure

CONTENT = bytes(range(256)) * 4096
SHA = hashlib.sha256(CONTENT).hexdigest()
URL = "https://example.org/a/b/data.jsonl"


class Handler(http.server.BaseHTTPRequestHandler):
    length_sent = None
    redirect = None
    ranges: list = []
    body = CONTENT

    def do_GET(self):
        if self.redirect and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", self.redirect)
            self.end_headers()
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
        Handler.ranges.append((self.path, start))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.body) - start))
        self.end_headers()
        end = len(self.body) if Handler.length_sent is None else start + Handler.length_sent
        self.wfile.write(self.body[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    Handler.length_sent = Handler.redirect = None
    Handler.ranges = []
    Handler.body = CONTENT
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path))
        monkeypatch.setenv("MATH_EVAL_MIRROR", f"http://127.0.0.1:{http_server.server_port}")
        yield http_server
        http_server.shutdown()
        thread.join()


def test_an_interrupted_download_resumes(server):
    pinned = PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT))
    Handler.length_sent = 300_000
    with pytest.raises(FetchError, match="run the command again to resume"):
        ensure(pinned)
    assert not cached_path(pinned).exists()
    Handler.length_sent = None
    assert ensure(pinned).read_bytes() == CONTENT
    assert [path for path, _ in Handler.ranges] == ["/example.org/a/b/data.jsonl"] * 2
    assert Handler.ranges[0][1] == 0
    assert 0 < Handler.ranges[1][1] <= 300_000
    ensure(pinned)
    assert len(Handler.ranges) == 2, "a cached file is not fetched again"


def test_wrong_bytes_are_refused_and_deleted(server):
    Handler.body = CONTENT[:-1] + b"x"
    pinned = PinnedFile(url=URL, sha256=SHA)
    with pytest.raises(HashMismatchError, match=SHA) as caught:
        ensure(pinned)
    assert URL in str(caught.value)
    assert not list(cached_path(pinned).parent.glob("[!.]*"))


def test_a_larger_reply_is_refused(server):
    with pytest.raises(FetchError, match="larger than the pinned file"):
        ensure(PinnedFile(url=URL, sha256=SHA, bytes=1000))


def test_a_redirect_to_plain_http_elsewhere_is_refused(server):
    Handler.redirect = "http://example.com/data.jsonl"
    with pytest.raises(FetchError, match="must be https"):
        ensure(PinnedFile(url=URL, sha256=SHA))


def test_progress_reaches_the_total(server):
    reports = []
    ensure(
        PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT)), lambda received, total: reports.append((received, total))
    )
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    assert reports == sorted(reports)


def test_a_folder_can_be_the_mirror(tmp_path, monkeypatch):
    folder = tmp_path / "mirror/example.org/a/b"
    folder.mkdir(parents=True)
    (folder / "data.jsonl").write_bytes(CONTENT)
    monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MATH_EVAL_MIRROR", str(tmp_path / "mirror"))
    assert ensure(PinnedFile(url=URL, sha256=SHA)).read_bytes() == CONTENT


@pytest.mark.parametrize("mirror", ["http://example.org/x", "ftp://127.0.0.1/x"])
def test_a_mirror_must_be_safe(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path))
    monkeypatch.setenv("MATH_EVAL_MIRROR", mirror)
    with pytest.raises(DataError, match="MATH_EVAL_MIRROR must be"):
        ensure(PinnedFile(url=URL, sha256=SHA))


@pytest.mark.parametrize("url", ["http://example.org/a", "file:///etc/passwd", "https://example.org/../a"])
def test_a_pinned_file_is_https_and_plain(url):
    with pytest.raises(ValueError, match="url must"):
        PinnedFile(url=url, sha256=SHA)


def test_concurrent_fetches_download_once(server):
    pinned = PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT))
    with concurrent.futures.ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("fork")) as pool:
        paths = list(pool.map(ensure, [pinned] * 4))
    assert {path.read_bytes() == CONTENT for path in paths} == {True}
    assert len(Handler.ranges) == 1, "the other processes wait and use the cached file"
    assert not list(cached_path(pinned).parent.glob("*.part"))
