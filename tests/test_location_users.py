"""Each code location as a user of the operating system: it reads its declared inputs, and nothing else."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from bankmesh.ports import keep_contract, kept_contract, port_at
from bankmesh.storage.atomic_files import write_atomically
from bankmesh.workspace.location_users import permission_script, plan_permissions

PORTS = ["retail.party", "retail.account", "retail.party@2", "service.churn"]
READS = {"service.churn": ["retail.party"], "retail.account": ["retail.party"], "retail.party": []}
FIRST_ID = 61_000
"""Users and groups that the machine does not have are numbered from here; the kernel needs no names."""
COMMANDS = ("useradd", "groupadd", "gpasswd", "getent", "id")


def test_readers_of_a_port_are_the_domains_that_declare_it_and_the_catalog():
    plan = plan_permissions(PORTS, READS, "mesh-")
    assert plan.users == {"retail": "mesh-retail", "service": "mesh-service"}
    assert {port.port: port.readers for port in plan.ports} == {
        "retail.party": ("mesh-catalog", "mesh-service"),
        "retail.account": ("mesh-catalog",),
        "retail.party@2": ("mesh-catalog",),
        "service.churn": ("mesh-catalog",),
    }
    assert len({port.group for port in plan.ports}) == len(PORTS)
    assert all(len(name) <= 32 for port in plan.ports for name in (port.owner, port.group))


class Server:
    """A mesh home to which the script was applied, with numbers in place of users and groups."""

    def __init__(self, home: Path, tools: Path) -> None:
        self.home, self.plan = home, plan_permissions(PORTS, READS, "mesh-")
        names = {n for port in self.plan.ports for n in (port.owner, port.group, *port.readers)}
        self.ids = {name: FIRST_ID + number for number, name in enumerate(sorted(names))}
        self.tools = tools
        for command in COMMANDS:
            (tools / command).write_text("#!/bin/sh\nexit 0\n")
            (tools / command).chmod(0o755)

    def apply(self) -> None:
        script = permission_script(self.plan)
        for name, number in sorted(self.ids.items(), reverse=True):
            script = re.sub(rf"{name}\b", str(number), script)
        environment = {"PATH": f"{self.tools}:{os.environ['PATH']}", "MESH_HOME": str(self.home)}
        subprocess.run(["sh", "-c", script], check=True, env=environment)

    def succeeds(self, user: str, *command: str) -> bool:
        member = [self.ids[p.group] for p in self.plan.ports if user in (p.owner, *p.readers)]
        done = subprocess.run(
            command,
            check=False,
            user=self.ids[user],
            group=self.ids[user],
            extra_groups=member,
            umask=0o027,
            capture_output=True,
        )
        return done.returncode == 0


@pytest.fixture
def server():
    if os.geteuid() != 0:
        pytest.skip("only root becomes other users")
    place = Path(tempfile.mkdtemp(prefix="location-users-", dir="/tmp"))
    place.chmod(0o755)  # folders of pytest are closed to other users
    tools = place / "tools"
    tools.mkdir()
    try:
        for port in ("retail/party/v1", "retail/account/v1", "retail/party/v2"):
            folder = place / "home/ports" / port / "_delta_log"
            folder.mkdir(parents=True)
            (folder / "0.json").write_text("{}")
        (place / "home/landings/retail/crm").mkdir(parents=True)
        yield Server(place / "home", tools)
    finally:
        shutil.rmtree(place)


def test_a_location_reads_its_declared_inputs_writes_its_own_ports_and_opens_nothing_else(server):
    server.apply()
    ports = server.home / "ports"
    party, account, second = (
        ports / "retail" / name / "_delta_log/0.json" for name in ("party/v1", "account/v1", "party/v2")
    )
    retail, service = "mesh-retail", "mesh-service"

    assert server.succeeds(service, "cat", str(party))
    assert not server.succeeds(service, "touch", str(party))
    assert not server.succeeds(service, "touch", str(party.parent / "1.json"))
    for other in (account, second):
        assert not server.succeeds(service, "cat", str(other))
        assert not server.succeeds(service, "ls", str(other.parent))
    assert not server.succeeds(service, "ls", str(server.home / "landings/retail"))
    assert not server.succeeds(service, "mkdir", str(ports / "retail/party/v3"))
    assert server.succeeds(retail, "touch", str(server.home / "landings/retail/crm/current.json"))

    for own in (party, account, second):
        assert server.succeeds(retail, "touch", str(own.parent / "1.json"))
    # What an owner writes afterwards belongs to the group of the port, and the reader can open it.
    assert server.succeeds(service, "cat", str(party.parent / "1.json"))
    assert not server.succeeds(retail, "ls", str(ports / "service/churn/v1"))
    assert server.succeeds("mesh-catalog", "cat", str(account))
    assert not server.succeeds("mesh-catalog", "touch", str(account.parent / "2.json"))


def test_a_link_in_a_port_gives_its_owner_nothing_when_the_script_runs_again(server):
    server.apply()
    secret = server.home.parent / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    link = server.home / "ports/retail/party/v1/link"
    assert server.succeeds("mesh-retail", "ln", "-s", str(secret), str(link))
    server.apply()
    assert (secret.stat().st_uid, secret.stat().st_mode & 0o777) == (0, 0o600)
    assert not server.succeeds("mesh-retail", "cat", str(link))


def test_readers_of_a_port_can_open_the_contracts_of_its_versions_and_secrets_stay_closed(tmp_path):
    port = port_at(tmp_path, "retail.party", 1)
    before = os.umask(0o027)
    try:
        digest = keep_contract(port, "id: retail.party\n")
        write_atomically(tmp_path / "key", "secret")
    finally:
        os.umask(before)
    kept = kept_contract(port, digest)
    assert (kept.stat().st_mode & 0o777, (tmp_path / "key").stat().st_mode & 0o777) == (0o640, 0o600)
