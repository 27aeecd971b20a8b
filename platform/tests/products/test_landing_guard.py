"""A landing that falls behind is refused in Dagster, with its check, and products keep what they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest
from shop_workspace import Sale, write_exports

if TYPE_CHECKING:
    from shop_mesh import Mesh

MANY = tuple(Sale(n, n % 40 + 1, "2024-01-05", "1.00") for n in range(1, 201))


@pytest.fixture
def grown(landed: Mesh) -> Mesh:
    write_exports(landed.settings.exports, MANY)
    assert landed.run("till.sale", "sale").success
    return landed


def test_fewer_rows_are_refused_with_both_figures_and_nothing_behind_it_runs(grown: Mesh) -> None:
    write_exports(grown.settings.exports, MANY[:50])
    run = grown.run("till.sale", "sale")
    check = run.checks("till_sale")["history_kept"]
    assert not run.success
    assert not check.passed
    assert check.metadata["rows"].value == 50
    assert check.metadata["rows before"].value == 200
    assert "till.sale is not landed: it falls behind the last accepted landing: rows 200 → 50" in run.failure(
        "till_sale"
    )
    assert 'mesh run shop.landing.till_sale --accept-shrink "why"' in run.failure("till_sale")
    assert run.started() == ["till_sale"]
    assert grown.run("sale").success
    assert len(grown.rows("sale")) == 200


def test_an_accepted_loss_is_landed_and_shown(grown: Mesh) -> None:
    write_exports(grown.settings.exports, MANY[:50])
    tags = {"bankmesh/accept_shrink": "The till was replaced.", "bankmesh/accept_shrink_by": "Jana"}
    run = grown.run("till.sale", "sale", tags=tags)
    assert run.success
    check = run.checks("till_sale")["history_kept"]
    assert check.passed
    assert (check.metadata["accepted by"].value, check.metadata["accepted because"].value) == (
        "Jana",
        tags["bankmesh/accept_shrink"],
    )
    assert "rows 200 → 50" in run.metadata("till_sale")["accepted loss"]
    assert len(grown.rows("sale")) == 50


def test_a_landing_that_grows_has_its_check_too(grown: Mesh) -> None:
    run = grown.run("till.sale")
    assert run.checks("till_sale")["history_kept"].passed
    assert set(run.checks("till_sale")) >= {"every_row_accounted_for", "rejects_tolerated", "history_kept"}


def test_a_file_that_nothing_reads_is_a_warning_of_the_first_landing_of_its_system(landed: Mesh) -> None:
    (landed.settings.exports / "till" / "sale_2.csv").write_text("sale_id\n1\n")
    run = landed.run("till.sale", "till.hour")
    assert run.success
    check = run.checks("till_sale")["every_file_read"]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["not taken by any object"].value == "sale_2.csv"
    assert "till, files not read: sale_2.csv (no object takes it)." in check.description
    assert run.checks("till_hour")["every_file_read"].passed
    assert run.checks("till_hour")["every_file_read"].metadata["not taken by any object"].value == "sale_2.csv"
