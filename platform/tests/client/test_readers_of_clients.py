"""Who reads with a client: its reader stays, and each product that it opens is decided by the contracts of the moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from diff_samples import PORT, key_column, party_port, publish_party

from bankmesh import DataMeshClient
from bankmesh.access.audit import read_recorder
from bankmesh.access.audit.audit_chain import close_chains
from bankmesh.access.audit.audit_query import EntryFilter, query_log
from bankmesh.access.errors import AccessDenied, IdentityRefused, NoPurpose
from bankmesh.access.tokens.development_tokens import issue_token
from bankmesh.access.tokens.reader_session import ReaderSession, write_session
from bankmesh.client.mesh_client import DataProduct
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
    with pytest.raises(NoPurpose):  # the purpose that was chosen is the officer's
        reader_of(client)
    choose(home, "clerk", "advice")
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


def refusals(home):
    """The refusals on record: the way, the error and the columns."""
    records = [entry.record for entry in query_log(home, EntryFilter()) if entry.state == "denied"]
    return [(record["way"], record["why"], record["columns"]) for record in records]


@pytest.mark.parametrize(
    ("way", "read"),
    [
        ("scan", None),
        ("to_polars", DataProduct.to_polars),
        ("to_arrow", DataProduct.to_arrow),
        ("sql", lambda product: product.sql("select id, city from product")),
        ("profile", lambda product: product.profile),
    ],
)
def test_an_opened_product_is_read_no_longer_once_its_token_has_expired(home, monkeypatch, way, read):
    choose(home, "clerk", "service")
    product = DataMeshClient().get_data_product("retail", "party")
    frame, end = product.scan(), product.decision.principal.expires
    read = read or (lambda _product: frame.collect())
    monkeypatch.setattr(read_recorder, "datetime", SimpleNamespace(now=lambda _zone: end - timedelta(seconds=1)))
    read(product)
    assert refusals(home) == []
    monkeypatch.setattr(read_recorder, "datetime", SimpleNamespace(now=lambda _zone: end))
    with pytest.raises(IdentityRefused, match="the token has expired"):
        read(product)
    assert refusals(home) == [(way, "IdentityRefused", ["id", "city"])]


def test_a_new_token_of_the_same_reader_is_not_bound_to_the_end_of_the_earlier_one(home):
    ends = []
    for days in (1, 2):
        token = issue_token(home, "clerk", ["clerk"], days=days, now=datetime.now(UTC))
        product = DataMeshClient(token=token, purpose="service").get_data_product("retail", "party")
        ends.append(product.decision.principal.expires)
    assert ends[1] - ends[0] >= timedelta(days=1)


def test_a_refusal_at_the_moment_of_collecting_is_on_record_once(home, monkeypatch):
    choose(home, "clerk", "service")
    product = DataMeshClient().get_data_product("retail", "party")
    frame = product.scan(["city"])
    monkeypatch.setenv("POLARS_VERBOSE", "1")
    with pytest.raises(AccessDenied, match="POLARS_VERBOSE"):
        frame.collect()
    assert refusals(home) == [("scan", "AccessDenied", ["city"])]
    for read in (product.scan, lambda: product.sql("select city from product")):
        with pytest.raises(AccessDenied, match="POLARS_VERBOSE"):
            read()
    assert [way for way, _, _ in refusals(home)] == ["scan", "scan", "sql"]


def test_a_refusal_names_an_issued_token_that_would_read_the_product(home):
    for name in ("officer", "clerk"):
        choose(home, name, "service")
    (home.parent / CONTRACT).write_text(party("officer"), encoding="utf-8")
    with pytest.raises(AccessDenied, match=r"`mesh get retail\.party --as officer --purpose service` would read it"):
        DataMeshClient().get_data_product("retail", "party")
