"""An outside judge: datacontract-cli lints what is exported and holds published data against it.

`test` of the judge reads Delta through DuckDB; it is given a connection that has the extension, since it would fetch it.
"""

import shutil

import polars as pl
import pytest
import yaml
from deltalake import DeltaTable, write_deltalake
from whole_bank import ROOT

from bankmesh.catalog.export import write_exports
from bankmesh.ports import connect
from bankmesh.workspace.workspace_contracts import workspace_contracts

# One partitioned product, one that refers to others, one with a column that is unique where it is not null.
PRODUCTS = (
    "retail.party",
    "retail.account",
    "retail.transaction_history",
    "customer_service.customer_interaction_history",
)


@pytest.fixture(scope="module")
def exported(bank, tmp_path_factory):
    """The exported contracts of all shipped products, by port."""
    written = write_exports(tmp_path_factory.mktemp("export"), bank.home, workspace_contracts(ROOT))
    return {item.port: item.file for item in written if item.standard == "odcs"}


def lint(text):
    """What the judge says of the document: `passed` or `failed`, and what it found."""
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_str=text).lint()
    return run.result.value, [check.reason for check in run.checks if check.reason]


def judge(text):
    """How many checks the judge ran, and those that did not pass."""
    from datacontract.data_contract import DataContract

    with connect() as connection:
        run = DataContract(data_contract_str=text, duckdb_connection=connection).test()
    assert all(check.result is not None for check in run.checks)
    wrong = {f"{check.type}({check.field or check.model})" for check in run.checks if check.result.value != "passed"}
    assert bool(wrong) is (run.result.value != "passed")
    return len(run.checks), wrong


def test_every_shipped_contract_passes_lint(exported):
    assert len(exported) >= 15
    told = {port: lint(file.read_text(encoding="utf-8")) for port, file in exported.items()}
    assert {port: said for port, said in told.items() if said != ("passed", [])} == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: active", "status: active\ncolour: red"),
        ("logicalType: integer", "logicalType: whole"),
        ("\nid: retail.party", ""),
    ],
    ids=["a key that the standard does not know", "a type that it does not know", "no id"],
)
def test_lint_of_a_damaged_document_fails(exported, old, new):
    text = exported["retail.party"].read_text(encoding="utf-8")
    assert old in text
    result, reasons = lint(text.replace(old, new, 1))
    assert result == "failed"
    assert reasons


@pytest.mark.parametrize("port", PRODUCTS)
def test_published_data_keep_what_the_exported_contract_promises(exported, port):
    checks, wrong = judge(exported[port].read_text(encoding="utf-8"))
    assert wrong == set()
    promised = yaml.safe_load(exported[port].read_text(encoding="utf-8"))["schema"][0]["properties"]
    assert checks > 2 * len(promised)  # each column is there, with its type, and more than that is promised


def test_damaged_data_do_not(exported, tmp_path):
    damaged = tmp_path / "party"
    document = yaml.safe_load(exported["retail.party"].read_text(encoding="utf-8"))
    shutil.copytree(document["servers"][0]["path"], damaged)
    row = pl.scan_delta(str(damaged)).head(1).with_columns(gender=pl.lit("UNKNOWN"), postal_code=pl.lit("1")).collect()
    write_deltalake(DeltaTable(str(damaged)), row.to_arrow(), mode="append")
    document["servers"][0]["path"] = str(damaged)
    _, wrong = judge(yaml.safe_dump(document, sort_keys=False))
    assert {"field_primary_key_unique(party_id)", "field_invalid_values(gender)", "field_regex(postal_code)"} <= wrong


def test_a_promise_that_the_data_do_not_keep_is_found(exported):
    text = exported["retail.account"].read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    document["schema"][0]["quality"].append({"type": "sql", "query": "select count(*) from ${table}", "mustBe": 0})
    document["schema"][0]["properties"].append({"name": "colour", "logicalType": "string"})
    _, wrong = judge(yaml.safe_dump(document, sort_keys=False))
    assert {"field_is_present(colour)", "model_quality_sql(account)"} <= wrong
