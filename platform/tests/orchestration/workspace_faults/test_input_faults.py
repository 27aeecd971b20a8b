"""Inputs that do not exist and cycles of inputs, in components and models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from booth_workspace import Booth

TOP = "products/top_customer.sql"
SPEND = "products/customer_spend.sql"


def test_a_source_that_does_not_exist_is_named_in_its_model(booth: Booth) -> None:
    booth.edit(TOP, "'customer_spend'", "'customer_spent'")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (TOP, 2, "unknown-input")
    assert "booth.top_customer reads booth.customer_spent" in message
    assert "Did you mean booth.customer_spend?" in message


def test_a_legacy_object_that_does_not_exist_is_named_in_the_model_below(booth: Booth) -> None:
    booth.edit("staging/stg_till__sales.sql", "'sale'", "'sales'")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == ("staging/stg_till__sales.sql", 2, "unknown-input")
    assert "till declares no object sales. Did you mean sale? Known: hour, sale" in message


def test_a_relationship_to_what_does_not_exist_is_named_in_the_contract(booth: Booth) -> None:
    booth.edit("contracts/top_customer.odcs.yaml", "to: sale.sale_id", "to: sales.sale_id")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == ("contracts/top_customer.odcs.yaml", 31, "unknown-input")
    assert "Did you mean booth.sale?" in message


def test_objects_of_a_declaration_with_faults_are_not_looked_up(booth: Booth) -> None:
    booth.edit("sources/till.yaml", "owner:", "ownr:")
    booth.edit("defs/sale/defs.yaml", "till.sale", "till.sales")
    assert "unknown-input" not in {rule for _, _, rule, _ in booth.found()}


def test_a_product_that_reads_itself(booth: Booth) -> None:
    booth.edit(SPEND, "'sale'", "'customer_spend'")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (SPEND, 4, "input-cycle")
    assert message == (
        "booth.customer_spend reads booth.customer_spend: none of them can be built first. Remove one input"
    )


def test_two_products_that_read_each_other(booth: Booth) -> None:
    booth.edit(SPEND, "'sale'", "'top_customer'")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (SPEND, 4, "input-cycle")
    other = os.path.relpath(booth.path(TOP))
    assert message == (
        "booth.customer_spend reads booth.top_customer reads booth.customer_spend: none of them can be built first. "
        f"The other places: {other}:2. Remove one input"
    )


def test_three_products_in_a_ring_over_both_engines(booth: Booth) -> None:
    booth.edit("defs/sale/defs.yaml", "sales: till.sale", "sales: booth.top_customer")
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (SPEND, 4, "input-cycle")
    assert "booth.customer_spend reads booth.sale reads booth.top_customer reads booth.customer_spend" in message


def test_a_cycle_is_why_the_location_does_not_load_and_is_named_once(booth: Booth) -> None:
    booth.edit(SPEND, "'sale'", "'top_customer'")
    assert [rule for _, _, rule, _ in booth.found_with_locations()] == ["input-cycle"]


@pytest.mark.parametrize("home", ["nothing", "file"])
def test_no_home_is_needed(booth: Booth, home: str, tmp_path: Path) -> None:
    if home == "file":
        booth.home.write_text("no folder")
    assert booth.found() == []
