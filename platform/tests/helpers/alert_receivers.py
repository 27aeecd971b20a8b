"""A real HTTP and a real SMTP receiver on this machine, with faults that a test can turn on."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from aiosmtpd.controller import Controller

PATIENCE = 20


@dataclass(frozen=True)
class Post:
    """One request that was answered with success, or not."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int


class HttpReceiver:
    """Records what is posted. `status` is what it answers, `delay` how long it takes to; `close` makes it dead."""

    def __init__(self, port: int = 0) -> None:
        self.posts: list[Post] = []
        self.status, self.delay = 200, 0.0
        self._server = _serve(self, port)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/alerts"

    @property
    def taken(self) -> list[Post]:
        """What was answered with success."""
        return [post for post in self.posts if post.status < 300]

    @property
    def titles(self) -> list[str]:
        return [post.body["title"] for post in self.taken]

    @property
    def ids(self) -> list[str]:
        return [post.body["alert_id"] for post in self.taken]

    def wait_for(self, count: int, seconds: float = PATIENCE) -> list[Post]:
        """Wait until so many were taken."""
        until = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < until:
            time.sleep(0.05)
        assert len(self.taken) >= count, f"{len(self.taken)} alerts of {count} after {seconds} s: {self.titles}"
        return self.taken

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reopen(self) -> None:
        """Be back at the same address."""
        self._server = _serve(self, self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _serve(receiver: HttpReceiver, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(receiver.delay)
            receiver.posts.append(Post(self.path, dict(self.headers), json.loads(body), receiver.status))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


@dataclass
class MailReceiver:
    """Records mails by their recipients, headers and text."""

    mails: list[tuple[list[str], dict[str, str], str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=_free_port())
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self._controller.port}?from=alerts@bank.example"


class _Handler:
    def __init__(self, receiver: MailReceiver) -> None:
        self._receiver = receiver

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain", "html"))
        self._receiver.mails.append((envelope.rcpt_tos, dict(mail.items()), body.get_content() if body else ""))
        return "250 taken"


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
