"""A server for real on one machine: PostgreSQL, a gRPC process for each code location, web server, daemon."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
import yaml
from postgres_servers import start_postgres

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
LOCATIONS = {"retail": 4001, "customer_service": 4002, "investment": 4003}
PATIENCE = 400  # for a busy machine; alone it takes a minute

ASKED = """
mutation launch($parameters: ExecutionParams!) {
  launchPipelineExecution(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on InvalidSubsetError { message }
  }
}
"""
STATE = "query state($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
LOADED = """
{ workspaceOrError { ... on Workspace { locationEntries {
  name loadStatus locationOrLoadError { __typename ... on PythonError { message } }
} } } }
"""


def _yaml(name):
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def test_compose_workspace_and_script_name_the_locations_of_the_repository():
    here = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    assert {entry["python_module"]["location_name"] for entry in here} == set(LOCATIONS)
    servers = [entry["grpc_server"] for entry in _yaml("workspace.yaml")["load_from"]]
    assert {server["location_name"]: server["port"] for server in servers} == LOCATIONS

    services = _yaml("compose.yaml")["services"]
    script = (DEPLOY / "all-processes.sh").read_text(encoding="utf-8")
    for name, port in LOCATIONS.items():
        command = f"-p {port} -m {name}.definitions --location-name {name} --lazy-load-user-code"
        assert services[name]["command"].endswith(command)
        assert command in script
        assert services["daemon"]["environment"][f"{name.upper()}_HOST"] == name
        assert f"{name.upper()}_HOST=localhost" in script
        assert services["webserver"]["depends_on"][name] == {"condition": "service_healthy"}
    assert set(services) == {*LOCATIONS, "postgres", "webserver", "daemon"}


def test_laptop_and_server_differ_in_where_things_are_kept_alone():
    from bankmesh.orchestration.instance import DAGSTER_YAML

    server = _yaml("dagster.yaml")
    for key in ("storage", "compute_logs", "run_launcher"):
        del server[key]
    laptop = yaml.safe_load(DAGSTER_YAML)
    del laptop["instance_class"]  # it chooses the storage where `storage` is not said
    assert server == laptop


def test_the_image_holds_what_the_containers_run():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for folder in re.findall(r"^COPY (?!requirements)(\S+)", text, re.MULTILINE):
        assert (ROOT / folder).exists()
    assert "--require-hashes" in text
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert all(
        f"\n{package}==" in f"\n{lock}" for package in ("dagster-postgres", "dagster-webserver", "psycopg2-binary")
    )


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    server = start_postgres(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    """The address of the UI, once every process is up."""
    folder = tmp_path_factory.mktemp("server")
    command = [sys.executable, "-m", "demo_bank", "--scale", "0.01", "--seed", "1", "--out", str(folder / "exports")]
    subprocess.run(command, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DAGSTER_POSTGRES_URL": database.replace("postgresql://", "postgresql+psycopg2://", 1),
        "MESH_HOME": str(folder / "mesh"),
        "BANK_DATA": str(folder / "exports"),
        "BANKMESH_BIN": str(Path(sys.executable).parent),
        "BANKMESH_AUTOMATION": "off",
        "PORT": str(port),
    }
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(DEPLOY / "all-processes.sh")], env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield _Server(f"http://127.0.0.1:{port}/graphql", process, log, folder / "mesh")
    finally:
        children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        psutil.wait_procs(children, timeout=20)
        for child in children:
            if child.is_running():
                child.kill()


class _Server:
    def __init__(self, address, process, log, home):
        self.address, self.process, self.log, self.home = address, process, log, home

    def ask(self, query, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address, body, headers)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return json.load(response)["data"]

    def wait(self, what):
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if found := what():
                    return found
            except OSError:  # not listening yet
                pass
            assert self.process.poll() is None, self.log.read_text(errors="replace")[-5000:]
            assert time.monotonic() < until, self.log.read_text(errors="replace")[-5000:]
            time.sleep(1)

    def locations(self):
        entries = self.ask(LOADED)["workspaceOrError"]["locationEntries"]
        return {e["name"]: e for e in entries if e["loadStatus"] == "LOADED"}


@pytest.mark.slow
def test_a_product_is_published_through_the_server_and_told_in_postgres(server, database):
    import psycopg2

    loaded = server.wait(lambda: entries if set(entries := server.locations()) == set(LOCATIONS) else None)
    assert loaded["retail"]["locationOrLoadError"]["__typename"] == "RepositoryLocation", loaded["retail"]
    landings = ("core_banking_client", "core_banking_district", "crm_client", "crm_consent")
    asked = [*(["retail", "landing", name] for name in landings), ["retail", "party"]]
    selector = {
        "repositoryLocationName": "retail",
        "repositoryName": "__repository__",
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": path} for path in asked],
    }
    launched = server.ask(ASKED, parameters={"selector": selector, "mode": "default"})["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run = launched["run"]["runId"]
    ended = {"SUCCESS", "FAILURE", "CANCELED"}
    status = server.wait(lambda: s if (s := server.ask(STATE, run=run)["runOrError"]["status"]) in ended else None)
    assert status == "SUCCESS", server.log.read_text(errors="replace")[-5000:]

    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select asset_key from event_logs where run_id = %s and dagster_event_type = 'ASSET_MATERIALIZATION'", [run]
        )
        told = {tuple(json.loads(key)) for (key,) in cursor.fetchall()}
    assert told == {tuple(path) for path in asked}
    assert list(server.home.glob("ports/retail/party/v1/_delta_log/*.json"))
