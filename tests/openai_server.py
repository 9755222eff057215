"""A real HTTP server on the loopback that speaks the OpenAI chat protocol, well or badly, as a script says."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = Callable[["Exchange"], None]
PATIENCE = 30.0  # seconds a reply may hang before the test has failed anyway


class Exchange:
    """One request and the means to answer it; `body` is the request's JSON."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: dict, stop: threading.Event) -> None:
        self.body = body
        self.path = handler.path
        self.headers = handler.headers
        self.gone = threading.Event()  # the client has hung up
        self._handler = handler
        self._stop = stop

    def head(self, status: int = 200, kind: str = "text/event-stream", **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in {"Content-Type": kind, "Connection": "close", **headers}.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> bool:
        """False once the client has hung up."""
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            self.gone.set()
        return not self.gone.is_set()

    def event(self, delta: dict | None, finish: str | None = None) -> bool:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": choices}
        return self.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def wait_until_gone(self) -> None:
        """Says nothing until the client hangs up or the server is closed."""
        self._handler.connection.settimeout(0.05)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self._stop.is_set():
            try:
                if self._handler.connection.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            return
        self.gone.set()

    def reset(self) -> None:
        """Hangs up as a crashed server does: by a reset."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.connection.close()


def says(*pieces: str) -> Reply:
    """A whole draft, streamed piece by piece."""

    def reply(exchange: Exchange) -> None:
        exchange.head()
        exchange.event({"role": "assistant", "content": ""})
        for piece in pieces:
            exchange.event({"content": piece})
        exchange.event({}, "stop")
        exchange.write(b"data: [DONE]\n\n")

    return reply


def fails(status: int, message: str = "try later", **headers: str) -> Reply:
    """An error as OpenAI words it."""

    def reply(exchange: Exchange) -> None:
        exchange.head(status, "application/json", **headers)
        exchange.write(json.dumps({"error": {"message": message, "type": "server_error", "code": None}}).encode())

    return reply


def raw(data: bytes | Iterable[bytes], kind: str = "text/event-stream") -> Reply:
    """Those bytes, whatever they are."""

    def reply(exchange: Exchange) -> None:
        exchange.head(200, kind)
        for part in [data] if isinstance(data, bytes) else data:
            if not exchange.write(part):
                return

    return reply


class Server:
    """Answers request n with reply n, the last reply for all that follow. `seen` are the exchanges, in order."""

    def __init__(self, replies: Iterable[Reply]) -> None:
        self.seen: list[Exchange] = []
        self._replies = list(replies)
        self._stop = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                exchange = Exchange(self, body, outer._stop)
                outer.seen.append(exchange)
                outer._replies[min(len(outer.seen), len(outer._replies)) - 1](exchange)

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # a client may hang up at any time
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    server = Server(replies)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
