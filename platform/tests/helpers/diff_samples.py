"""Products of any columns, published from rows in Python, for tests of comparisons of versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from port_samples import provenance
from reader_sessions import read_as_owner

from bankmesh.contracts.column_types import arrow_schema, polars_schema
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.ports import (
    Candidate,
    Port,
    Publication,
    ReplaceAll,
    ReplacePartitions,
    keep_contract,
    measure_files,
    port_at,
    publish,
    stage,
)
from bankmesh.testing.contract_builder import contract_text

if TYPE_CHECKING:
    from pathlib import Path

    from bankmesh.contracts.model import Contract

PORT = "retail.party"
MONTHLY = {"partitioning": {"granularity": "month", "start": "2024-01-01", "end": "2025-01-01"}}
MONTH = {"logicalType": "date", "required": True, "partitioned": True, "partitionKeyPosition": 1}
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")
Row = Mapping[str, Any]


def key_column(kind: str, position: int = 1, **more: Any) -> dict[str, Any]:
    return {"logicalType": kind, "primaryKey": True, "primaryKeyPosition": position, **more}


def party_text(columns: Mapping[str, Any]) -> str:
    own = {name: deepcopy(column) for name, column in columns.items()}  # shared values would become aliases of YAML
    return contract_text(PORT, own, properties=MONTHLY if "month" in columns else None)


def party_contract(columns: Mapping[str, Any]) -> Contract:
    contract, faults = read_text("party.odcs.yaml", party_text(columns))
    assert contract is not None, faults
    return contract


def party_port(home: Path) -> Port:
    return port_at(home, PORT, 1)


def write_party(port: Port, contract: Contract, rows: Iterable[Row]) -> Candidate:
    """A candidate with these rows, by partition if the product has them."""
    candidate = stage(port)
    frame = pl.DataFrame(list(rows), schema=polars_schema(contract), orient="row")
    if contract.partitioning is None:
        frame.write_parquet(candidate.path / "0.parquet")
        return candidate
    for (month,), part in frame.group_by("month"):
        (candidate.path / f"month={month}").mkdir()
        part.drop("month").write_parquet(candidate.path / f"month={month}" / "0.parquet")
    return candidate


def publish_party(
    port: Port,
    contract: Contract,
    rows: Iterable[Row],
    months: Sequence[str] | None = None,
    gate: Mapping[str, Any] | None = None,
) -> Publication:
    """Publish rows without a gate, or with the given result: all of the table, or these months. Keys may be null."""
    candidate = write_party(port, contract, rows)
    column = contract.partitioning.column if contract.partitioning else None
    schema = pa.schema([spec.with_nullable(spec.name != column) for spec in arrow_schema(contract)])
    made = provenance("run", months)
    return publish(
        port,
        candidate,
        measure_files(candidate, schema, column, ()),
        schema,
        replace=ReplaceAll() if months is None or column is None else ReplacePartitions(column, tuple(months)),
        provenance=replace(made, contract_digest=keep_contract(port, contract.text), gate=gate or made.gate),
        description=None,
    )


def write_party_workspace(root: Path, contract: Contract) -> None:
    """A workspace that has only this contract, without code, and whose owner reads."""
    folder = root / "domains/retail/src/retail/contracts"
    folder.mkdir(parents=True)
    (root / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")
    (folder / "party.odcs.yaml").write_text(contract.text, encoding="utf-8")
    read_as_owner(root / ".mesh", "retail")
