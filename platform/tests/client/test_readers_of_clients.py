"""Who reads with a client: its reader stays, and each product that it opens is decided by the contracts of the moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from diff_samples import PORT, key_column, party_port, publish_party

from bankmesh import DataMeshClient
from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.errors import AccessDenied, IdentityRefused, NoPurpose
from bankmesh.access.tokens.development_tokens import issue_token
from bankmesh.access.tokens.reader_session import ReaderSession, write_session
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.errors import ContractFaults
from bankmesh.testing.contract_builder import contract_text

CONTRACT = "domains/retail/src/retail/contracts/party.odcs.yaml"
COLUMNS = {"id": key_column("integer"), "city": {"logicalType": "string", "required": True}}
ROLES = """\
roles:
  clerk: {description: Serves customers., clearance: internal, purposes: [service, advice]}
  officer: {description: Examines customers., clearance: restricted, purposes: [service, advice]}
"""
PURPOSES = "purposes:\n  service: Helping a customer.\n  advice: Advising a customer.\n"


def party(*roles):
    """The contract of a product that these roles may read."""
    properties = {"purposes": ["service", "advice"]}
    return contract_text(
        PORT, COLUMNS, properties=properties, roles=[{"role": role, "access": "read"} for role in roles]
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home of a workspace with one product of three rows, which clerks and officers may read."""
    files = {
        "workspace.yaml": "load_from: []\n",
        CONTRACT: party("clerk", "officer"),
        "policies/roles.yaml": ROLES,
        "policies/purposes.yaml": PURPOSES,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    contract, faults = read_text("party.odcs.yaml", files[CONTRACT])
    assert contract is not None, faults
    publish_party(party_port(tmp_path / "mesh"), contract, [{"id": number, "city": "Ely"} for number in range(3)])
    for name in ("BANKMESH_TOKEN", "BANKMESH_PURPOSE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BANKMESH_ROOT", str(tmp_path))
    monkeypatch.setenv("MESH_HOME", str(tmp_path / "mesh"))
    yield tmp_path / "mesh"
    close_chains()


def choose(home, role, purpose):
    """Do what `mesh token use` does."""
    token = issue_token(home, role, [role], days=1, now=datetime.now(UTC))
    write_session(home, ReaderSession(token, purpose))


def reader_of(client):
    decision = client.get_data_product("retail", "party").decision
    return decision.principal.id, decision.purpose


def test_a_client_and_its_cuts_keep_the_reader_and_the_purpose_of_the_first_read(home):
    choose(home, "clerk", "service")
    client, then = DataMeshClient(), datetime.now(UTC)
    before = client.at(then)
    assert reader_of(client) == ("clerk", "service")
    choose(home, "officer", "advice")
    assert reader_of(client) == ("clerk", "service")
    assert reader_of(client.at(then)) == ("clerk", "service")
    assert reader_of(before) == ("clerk", "service")
    assert client.reads.metadata_reader().purpose == "service"
    assert client.reads.metadata_reader().principal.id == "clerk"
    assert client.get_data_product("retail", "party", purpose="advice").decision.purpose == "advice"
    assert reader_of(DataMeshClient()) == ("officer", "advice")


def test_a_cut_that_reads_first_chooses_the_reader_of_its_client(home):
    choose(home, "clerk", "service")
    client = DataMeshClient()
    assert reader_of(client.at(datetime.now(UTC))) == ("clerk", "service")
    choose(home, "officer", "advice")
    assert reader_of(client) == ("clerk", "service")


def test_a_client_without_a_reader_reads_once_one_is_chosen(home):
    client = DataMeshClient()
    with pytest.raises(IdentityRefused):
        reader_of(client)
    choose(home, "clerk", "")
    with pytest.raises(NoPurpose):
        reader_of(client)
    choose(home, "officer", "advice")
    assert reader_of(client) == ("clerk", "advice")


def test_a_running_client_opens_products_under_the_contracts_of_the_moment(home):
    choose(home, "clerk", "service")
    client, file = DataMeshClient(), home.parent / CONTRACT
    before, opened = file.read_text(encoding="utf-8"), client.get_data_product("retail", "party")
    file.write_text(party("officer"), encoding="utf-8")
    for each in (client, client.at(datetime.now(UTC))):
        with pytest.raises(AccessDenied, match="clerk"):
            each.get_data_product("retail", "party")
    assert client.contract(PORT).roles[0].role == "officer"
    assert opened.to_polars().height == 3
    file.write_text("id: [", encoding="utf-8")
    with pytest.raises(ContractFaults):
        client.get_data_product("retail", "party")
    file.write_text(before, encoding="utf-8")
    assert client.get_data_product("retail", "party").to_polars().height == 3
