"""`mesh dev` as a process group of its own, with its daemon, spoken to through Dagster's GraphQL API."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
MESH = Path(sys.executable).with_name("mesh")
PATIENCE = 240.0

LOCATIONS = "{workspaceOrError{... on Workspace{locationEntries{name locationOrLoadError{__typename}}}}}"
LAUNCH = """
mutation($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
BACKFILLED = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
RUNS = "{ runsOrError { ... on Runs { results { runId status tags { key value } } } } }"
CHECKS = """
query($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetChecksOrError { ... on AssetChecks { checks {
        name executionForLatestMaterialization { status runId }
      } } }
      assetMaterializations(limit: 1) {
        runId metadataEntries { label ... on IntMetadataEntry { intValue } }
      }
    }
  }
}
"""


class Waited(AssertionError):
    """Something did not come in time."""


def wait_for(what: str, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `look` gives once it gives something; asks twice a second."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise Waited(f"{what} did not come within {patience:.0f} s")


class DevServer:
    """A running `mesh dev`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def loaded(self) -> dict[str, str]:
        """Location → `RepositoryLocation`, or `PythonError` where it did not load; empty while starting."""
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        loads = {entry["name"]: entry["locationOrLoadError"] for entry in entries}
        return {name: load["__typename"] for name, load in loads.items()} if all(loads.values()) else {}

    def launch(self, location: str, *keys: str, tags: dict[str, str] | None = None) -> str:
        """Materialise assets of one location in a run; its id."""
        params = {
            "selector": {
                "repositoryLocationName": location,
                "repositoryName": "__repository__",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": key.split("/")} for key in keys],
            },
            "mode": "default",
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]},
        }
        told = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return told["run"]["runId"]

    def backfill(self, key: str, *partitions: str) -> str:
        """Launch a backfill as the UI does; its id."""
        params = {"assetSelection": [{"path": key.split("/")}], "partitionNames": list(partitions)}
        told = self.ask(BACKFILL, params=params)["launchPartitionBackfill"]
        assert told["__typename"] == "LaunchBackfillSuccess", told
        return told["backfillId"]

    def backfilled(self, backfill_id: str) -> str | None:
        """How a backfill ended, None while it has not."""
        status = self.ask(BACKFILLED, id=backfill_id)["partitionBackfillOrError"]["status"]
        return status if status.startswith(("COMPLETED", "FAILED", "CANCELED")) else None

    def ended(self, run_id: str) -> str | None:
        """How a run ended, None while it has not."""
        status = self.ask(RUN, id=run_id)["runOrError"]["status"]
        return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        return self.ask(RUNS)["runsOrError"]["results"]

    def checks(self, key: str) -> dict[str, str]:
        """Check → status of its newest execution."""
        node = self._node(key)
        found = {}
        for check in node["assetChecksOrError"]["checks"]:
            run = check["executionForLatestMaterialization"]
            found[check["name"]] = run["status"] if run else ""
        return found

    def version(self, key: str) -> int:
        """The version that the newest materialisation tells; -1 if there is none."""
        for event in self._node(key)["assetMaterializations"]:
            for entry in event["metadataEntries"]:
                if entry["label"] == "version":
                    return entry["intValue"]
        return -1

    def _node(self, key: str) -> dict[str, Any]:
        return self.ask(CHECKS, key={"path": key.split("/")})["assetNodeOrError"]


@contextmanager
def dev_server(environment: dict[str, str], log: Path) -> Iterator[DevServer]:
    """Start `mesh dev`, wait until its locations have loaded or failed to, and end all its processes afterwards."""
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [MESH, "dev", "--port", str(port)],
            cwd=ROOT, env=os.environ | environment, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
        try:
            server = DevServer(port)
            wait_for("the server", server.loaded)
            yield server
        finally:
            end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A real HTTP receiver of alerts: its Apprise URL, and the messages that came."""
    received: list[dict[str, Any]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing on standard error."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/alerts", received
    finally:
        server.shutdown()
        server.server_close()
