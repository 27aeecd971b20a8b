"""Months that were never published side by side are gated before a withdrawal leaves them so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from shop_mesh import MONTHS
from shop_workspace import SALES, Sale, changed, write_exports

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.model import Clause, Severity
from bankmesh.contracts.parsing.contract_reader import read_contracts
from bankmesh.errors import Place
from bankmesh.ports import connect, roll_back, withdraw
from bankmesh.ports.port_reader import mixed_relation_sql
from bankmesh.products.candidates.mixed_versions import MixRefused, mix_check

if TYPE_CHECKING:
    from shop_mesh import Mesh

WHO = {"by": "Ada Lovelace", "reason": "a month too few"}
JANUARY, FEBRUARY = MONTHS[0], MONTHS[1]


def _withdraw(mesh: Mesh, version: int, *more: Clause) -> None:
    (contract,) = read_contracts([mesh.settings.root / "domains/shop/src/shop/contracts/monthly_sale.odcs.yaml"])
    check = mix_check(mesh.settings.home, replace(contract, clauses=(*contract.clauses, *more)))
    withdraw(mesh.port("monthly_sale"), version, **WHO, check_mix=check)


def _build(mesh: Mesh, month: str, *sales: Sale) -> None:
    write_exports(mesh.settings.exports, sales)
    assert mesh.run("till.sale", "monthly_sale", months=(month, month)).success


def _ids(mesh: Mesh) -> list[int]:
    return sorted(row["sale_id"] for row in mesh.rows("monthly_sale"))


def test_a_sale_that_would_be_in_two_months_is_not_brought_back(published: Mesh) -> None:
    moved = changed(1, sold_on="2024-02-07")
    _build(published, JANUARY, *moved)
    _build(published, FEBRUARY, *moved)
    with pytest.raises(MixRefused) as refused:
        _withdraw(published, 1)
    assert refused.value.clauses == ("primary_key_unique",)
    assert "mesh rollback shop.monthly_sale --to 0" in str(refused.value)
    assert published.versions("monthly_sale") == [0, 1, 2]
    assert _ids(published) == [1, 2, 3, 4]
    roll_back(published.port("monthly_sale"), 0, **WHO)
    assert _ids(published) == [1, 2, 3, 4]


def test_months_that_go_together_come_back(published: Mesh) -> None:
    _build(published, JANUARY, *changed(1, amount="11.00"))
    _build(published, FEBRUARY, *changed(3, amount="6.00"))
    _withdraw(published, 1)
    amounts = {row["sale_id"]: float(row["amount"]) for row in published.rows("monthly_sale")}
    assert (amounts[1], amounts[3]) == (10.0, 6.0)


def test_a_product_that_only_single_months_refer_to_need_not_be_there(published: Mesh) -> None:
    _build(published, JANUARY, *changed(1, amount="11.00"))
    _build(published, FEBRUARY, *changed(3, amount="6.00"))
    rule = MissingReferences(("sale_id",), "shop.receipt", ("sale_id",))
    _withdraw(published, 1, Clause("receipt", rule, None, Severity.ERROR, "", None, ("sale_id",), False, Place("x", 1)))
    assert published.versions("monthly_sale")[-1] == 3


def test_the_rows_that_are_checked_are_those_that_readers_get(published: Mesh) -> None:
    _build(published, JANUARY, *changed(1, amount="11.00"))
    _build(published, FEBRUARY, *changed(3, amount="6.00"))
    port = published.port("monthly_sale")
    mixed = mixed_relation_sql(port, 2, "month", {JANUARY: 0})
    with connect() as connection:
        before = connection.sql(f"select sale_id, amount from {mixed} order by 1").fetchall()
    _withdraw(published, 1)
    after = sorted((row["sale_id"], row["amount"]) for row in published.rows("monthly_sale"))
    assert before == after
    assert len(after) == len(SALES)
