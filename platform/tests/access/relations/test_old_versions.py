"""Reads of versions that have other columns than the newest contract."""

import polars as pl
import pytest
from diff_samples import party_contract
from relation_samples import COLUMNS, OUTCOMES, FixedKeys, Party, Recorder, decide, party_rows

from bankmesh.access.errors import AccessDenied
from bankmesh.access.relations.governed_relation import GovernedRelation


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    return Party.publish(tmp_path_factory.mktemp("home"), party_rows(range(9)))


def relation(party, columns, outcomes):
    contract = party_contract(columns)
    return GovernedRelation(decide(contract, outcomes), contract, party.opened, Recorder(), FixedKeys())


def test_a_column_that_the_newest_contract_lacks_is_withheld(party):
    columns = {name: column for name, column in COLUMNS.items() if name != "visits"}
    found = relation(party, columns, OUTCOMES)
    assert "visits" not in found.scan().collect().columns
    with pytest.raises(AccessDenied, match="has no column visits"):
        found.scan(["visits"])


def test_a_column_that_the_version_lacks_or_stores_in_another_type_is_absent(party):
    columns = {"segment": {"logicalType": "string"}} | COLUMNS | {"visits": {"logicalType": "string"}}
    found = relation(party, columns, OUTCOMES | {"segment": "show"})
    assert not {"segment", "visits"} & set(found.schema)
    assert found.scan().collect().schema == found.schema
    for name in ("segment", "visits"):
        with pytest.raises(AccessDenied, match=f"version 0 has no column {name}, or stores it in another type"):
            found.read_batches(["id", name])


def test_a_row_filter_on_a_column_that_the_version_lacks_refuses_the_read(party):
    contract = party_contract(COLUMNS | {"agreed": {"logicalType": "boolean"}})
    decision = decide(contract, OUTCOMES, "resource has agreed && resource.agreed")
    recorder = Recorder()
    found = GovernedRelation(decision, contract, party.opened, recorder, FixedKeys())
    with pytest.raises(AccessDenied, match="version 0 lacks agreed"):
        found.scan().select(pl.len()).collect()
    assert recorder.reads == []
