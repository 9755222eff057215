"""Who may ask, how often, and how much: the gate in front of the page's own addresses, and a clean end."""

from __future__ import annotations

import json
import logging
import math
import signal
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from index.errors import UserError
from ui import texts

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/crosscite/"
OPEN = ("/crosscite/page/",)  # style and scripts: nothing in them is anyone's
ASKING = ("/crosscite/ask",)
CHANGING = ("/crosscite/articles/add", "/crosscite/articles/delete", "/crosscite/feedback", "/crosscite/scores/run")
LOOKS = 10  # times as many other requests as questions are let through
BODY = 64 << 20  # bytes of the largest request that is read
CLIENTS = 10_000  # remembered at once
log = logging.getLogger(__name__)


class RateLimit:
    """A token bucket for each client: `per_minute` questions on average, as many at once; 0 is no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, client: str) -> float:
        """0 and the question counts, or the seconds until the client may ask again."""
        if not self.per_minute:
            return 0.0
        now, rate = self._clock(), self.per_minute / 60
        with self._lock:
            tokens, at = self._buckets.pop(client, (float(self.per_minute), now))
            tokens = min(self.per_minute, tokens + (now - at) * rate)
            allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            if len(self._buckets) > CLIENTS:
                self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / rate


class Gate:
    """ASGI middleware: signed-in readers only where there is a password, no other site's scripts, no floods."""

    def __init__(self, app: ASGIApp, rate: int, only_here: bool = False) -> None:
        """`rate` is questions a minute and client; with `only_here` changes are asked for under a name of this computer
        alone, neither through a proxy nor by a foreign name that points here."""
        self.app = app
        self.only_here = only_here
        self._questions, self._looks = RateLimit(rate), RateLimit(rate * LOOKS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX) or scope["path"].startswith(OPEN):
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal:
            status, said = refusal
            log.info("refused", extra={"fields": {"status": status, "reason": said["error"]}})
            await _refuse(send, status, said)
            return
        await self.app(scope, _limited(receive), send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, dict[str, Any]] | None:
        if not signed_in(scope["app"], headers.get("cookie", "")):
            return 401, {"error": "signed_out"}
        origin = headers.get("origin", "")
        foreign = origin and urlsplit(origin).netloc != headers.get("host")
        if scope["method"] != "GET" and (foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site")):
            return 403, {"error": "foreign"}
        if scope["method"] == "POST" and not headers.get("content-type", "").startswith("application/json"):
            return 415, {"error": "type"}
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY:
            return 413, {"error": "size"}
        if self.only_here and scope["path"] in CHANGING and not by_local_name(headers):
            return 403, {"error": "foreign"}
        limit = self._questions if scope["path"] in ASKING else self._looks
        if seconds := limit.wait(client_of(scope, headers)):
            return 429, {"error": "too_many", "seconds": math.ceil(seconds)}
        return None


def by_local_name(headers: dict[str, str]) -> bool:
    """Whether a request names this computer as one does who sits at it, and no proxy brought it."""
    name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    return is_loopback(name) and "x-forwarded-for" not in headers


def asked_here(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a request comes from this computer and names it as such."""
    return is_loopback((scope.get("client") or ("",))[0]) and by_local_name(headers)


def client_of(scope: Scope, headers: dict[str, str]) -> str:
    """The address a request comes from; behind a proxy on this machine, the one that the proxy names last."""
    peer = (scope.get("client") or ("",))[0]
    if peer in ("127.0.0.1", "::1") and headers.get("x-forwarded-for"):
        return headers["x-forwarded-for"].split(",")[-1].strip()
    return peer


def signed_in(app: Any, cookies: str) -> bool:
    """Whether Gradio's login, if there is one, knows the reader."""
    if getattr(app, "auth", None) is None:
        return True
    jar = dict(part.strip().partition("=")[::2] for part in cookies.split(";"))
    tokens = (jar.get(f"access-token-{app.cookie_id}"), jar.get(f"access-token-unsecure-{app.cookie_id}"))
    return any(token is not None and token.strip('"') in app.tokens for token in tokens)


def _limited(receive: Receive) -> Receive:
    """`receive` that ends a body longer than `BODY`."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        return message if read <= BODY else {"type": "http.disconnect"}

    return counted


async def _refuse(send: Send, status: int, said: dict[str, Any]) -> None:
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if "seconds" in said:
        headers.append((b"retry-after", str(said["seconds"]).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach `host`."""
    return host in ("localhost", "::1") or host.startswith("127.")


def refuse_taken_port(host: str, port: int) -> None:
    """Raise UserError if the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 7861
            message = texts.PORT_TAKEN.format(port=port, host=host, reason=error.strerror, other=other)
            raise UserError(message) from error


def asked_to_end() -> threading.Event:
    """Set once the process is asked to stop (Ctrl-C or SIGTERM) from now on; to be called in the main thread."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended
