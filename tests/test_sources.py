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
    cut_at = None
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
        end = len(self.body) if Handler.cut_at is None else start + Handler.cut_at
        self.wfile.write(self.body[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    Handler.cut_at = Handler.redirect = None
    Handler.ranges = []
    Handler.body = CONTENT
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("MATH_EVAL_CACHE", str(tmp_path))
        monkeypatch.setenv("MATH_EVAL_MIRROR", f"http://127.0.0.1:{running.server_port}")
        yield running
        running.shutdown()
        thread.join()


def test_a_download_that_broke_off_goes_on_where_it_was(server):
    pinned = PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT))
    Handler.cut_at = 300_000
    with pytest.raises(FetchError, match="run the command again to go on"):
        ensure(pinned)
    assert not cached_path(pinned).exists()
    Handler.cut_at = None
    assert ensure(pinned).read_bytes() == CONTENT
    assert [path for path, _ in Handler.ranges] == ["/example.org/a/b/data.jsonl"] * 2
    assert Handler.ranges[0][1] == 0
    assert 0 < Handler.ranges[1][1] <= 300_000
    ensure(pinned)
    assert len(Handler.ranges) == 2, "a cached file is not fetched again"


def test_other_bytes_are_refused_and_not_kept(server):
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
    seen = []
    ensure(PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT)), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)


def test_a_folder_can_be_the_mirror(tmp_path, monkeypatch):
    place = tmp_path / "mirror/example.org/a/b"
    place.mkdir(parents=True)
    (place / "data.jsonl").write_bytes(CONTENT)
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


def test_two_fetches_of_one_file_at_once(server):
    pinned = PinnedFile(url=URL, sha256=SHA, bytes=len(CONTENT))
    with concurrent.futures.ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("fork")) as pool:
        paths = list(pool.map(ensure, [pinned] * 4))
    assert {path.read_bytes() == CONTENT for path in paths} == {True}
    assert len(Handler.ranges) == 1, "the others wait and find it"
    assert not list(cached_path(pinned).parent.glob("*.part"))
