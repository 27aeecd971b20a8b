"""What `mesh contract coverage` says of the lineage of each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_workspace import contract_text

from bankmesh.catalog.lineage_coverage import lineage_coverage
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.lineage.lineage_graph import graph_of
from bankmesh.lineage.model import ColumnRef, StepLineage

if TYPE_CHECKING:
    from pathlib import Path


def entries(folder: Path, steps: dict[str, StepLineage]) -> dict[str, tuple[bool, str]]:
    file = folder / "opening_hour.odcs.yaml"
    file.write_text(contract_text("opening_hour"))
    contract = read_contract(file)
    found = lineage_coverage(contract, graph_of([contract], {}, steps))
    return {entry.clause: (entry.enforced, entry.where or entry.reason or "") for entry in found}


def test_a_column_that_cannot_be_resolved_is_told_with_the_reason(tmp_path: Path) -> None:
    step = StepLineage(
        {"weekday": frozenset(), "opens": frozenset()}, underivable={"opens": "it comes out of a recursive query"}
    )
    found = entries(tmp_path, {"shop.opening_hour": step})
    assert found["lineage.opens"] == (False, "underivable: it comes out of a recursive query")
    assert found["lineage.weekday"][0]


def test_a_column_that_the_published_version_lacks_is_told(tmp_path: Path) -> None:
    found = entries(tmp_path, {"shop.opening_hour": StepLineage({"weekday": frozenset()})})
    assert found["lineage.opens"] == (False, "underivable: the published version does not have it")


def test_an_opaque_step_is_told_as_one(tmp_path: Path) -> None:
    step = StepLineage(
        {"weekday": frozenset(), "opens": frozenset()}, opaque=frozenset({ColumnRef("till.hour", "opens")})
    )
    assert "not a query" in entries(tmp_path, {"shop.opening_hour": step})["lineage.opens"][1]


def test_of_what_was_never_published_nothing_is_claimed(tmp_path: Path) -> None:
    assert list(entries(tmp_path, {})) == ["lineage"]
    assert not entries(tmp_path, {})["lineage"][0]
