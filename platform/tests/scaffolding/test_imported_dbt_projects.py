"""Foreign dbt projects come in with one command, and their products have the rows that plain dbt makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from foreign_projects import LAYERED
from imported_project import place_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from command import Command


def test_a_layered_project_with_seeds(tmp_path: Path, mesh: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    cafe = place_project(LAYERED, "corner_cafe", tmp_path, mesh, monkeypatch)

    said = cafe.bring_in()
    assert said.code == 0, said.err
    assert "2 products: corner_cafe.orders, corner_cafe.customers" in said.out
    checked = mesh("contract", "check")
    assert (checked.code, checked.out) == (0, "2 contracts, 0 faults\n"), checked.out
    ran = mesh("run")
    assert ran.code == 0, ran.err

    for product in ("orders", "customers"):
        rows = cafe.published_rows(product)
        assert len(rows) > 2
        assert rows == cafe.plain_rows(f"main.{product}")
    customers = yaml.safe_load(cafe.contract("customers"))
    assert customers["description"]["purpose"] == "One row for each customer, with sums."
    columns = {column["name"]: column for column in customers["schema"][0]["properties"]}
    assert columns["customer_id"]["primaryKey"] is True
    assert columns["customer"]["classification"] == "restricted"  # made from names, although its own says nothing
    assert "customers is built from orders: check the pair on customers" in cafe.report()
