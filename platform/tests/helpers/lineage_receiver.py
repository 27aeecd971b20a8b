"""An OpenLineage backend on loopback that takes events down, and can be told to be slow, to refuse, or to be dead."""

from __future__ import annotations

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receiver:
    """Use it in a `with` statement. `events` are those that it has answered with 201, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.asked = 0
        self.delay = 0.0
        self.refuse: dict[str, int] = {}
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def told(self) -> list[tuple[str, str]]:
        """Run id and kind of what arrived."""
        return [(event["run"]["runId"], event["eventType"]) for event in self.events]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen, on the port of before if there was one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                event = json.loads(body)
                receiver.asked += 1
                time.sleep(receiver.delay)
                status = receiver.refuse.get(event["job"]["name"], 201)
                if status == 201:
                    receiver.events.append(event)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be dead."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
