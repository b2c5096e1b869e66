"""A server that records requests and answers them as a test says."""

import http.server
import json
import threading
from contextlib import contextmanager


def completion(text="\\boxed{4}", finish="stop", tokens_in=5, **message):
    return {
        "choices": [{"index": 0, "message": {"content": text, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": 3},
    }


def refusal(message, **fields):
    return 400, {"error": {"message": message, "type": "invalid_request_error", **fields}}


class RecordingServer(http.server.ThreadingHTTPServer):
    """Keeps the bodies and headers of all requests.

    `answer` makes the reply to a body: a JSON value, a text, a list of texts (sent one by one), or a status and one of
    these. `models` is the reply to GET /v1/models; None for status 404.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies, self.headers, self.paths, self.statuses = [], [], [], []
        self.models = None
        self.answer = lambda _body: completion()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def accepted(self):
        """The bodies of the requests with status 200."""
        return [body for body, status in zip(self.bodies, self.statuses, strict=True) if status == 200]

    def handle_error(self, *_):
        """Clients that hang up are what some tests want."""


class _Handler(http.server.BaseHTTPRequestHandler):
    lock = threading.Lock()

    def do_GET(self):
        models = self.server.models
        self._send(404 if models is None else 200, {} if models is None else models)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = self.server.answer(body)
        status, content = reply if isinstance(reply, tuple) else (200, reply)
        with self.lock:
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
            self.server.paths.append(self.path)
            self.server.statuses.append(status)
        self._send(status, content)

    def _send(self, status, content):
        events = isinstance(content, list) and content and isinstance(content[0], str)
        kind = "text/event-stream" if events else "text/html" if isinstance(content, str) else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        for part in content if events else [content if isinstance(content, str) else json.dumps(content)]:
            self.wfile.write(part.encode())
            self.wfile.flush()

    def log_message(self, *_):
        pass


@contextmanager
def recording_server():
    with RecordingServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
