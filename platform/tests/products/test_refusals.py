"""A gate that fails: nothing is published, readers keep what they had, and it is told with counts and no values."""

import dagster as dg
import pytest
from shop_mesh import UNPARTITIONED, Mesh, Run
from shop_workspace import changed, write_exports

from bankmesh.client import DataMeshClient


@pytest.fixture
def after(published: Mesh):
    """Run everything on corrupted sales."""

    def corrupt(**changes: str) -> Run:
        write_exports(published.settings.exports, changed(3, **changes))
        return published.run(*UNPARTITIONED)

    return corrupt


def _checks_in_catalog(mesh: Mesh, product: str) -> dict[str, int]:
    states = DataMeshClient(mesh.settings.root, mesh.settings.home).products()
    return next(state.checks for state in states if state.contract.name == product)


def test_a_polars_product(after, published: Mesh) -> None:
    before = published.rows("sale")
    run = after(amount="-1.00")

    assert not run.success
    assert sorted(run.materialised()) == ["opening_hour", "till_hour", "till_sale"]
    assert "sale" in run.started()
    assert not {"customer_spend", "top_customer"} & set(run.started())
    assert published.rows("sale") == before
    assert published.versions("opening_hour") == [0, 1]
    for product in ("sale", "customer_spend", "top_customer"):
        assert published.versions(product) == [0] == published.reported(product)

    failed = run.checks("sale")["amount__range"]
    assert not failed.passed
    assert failed.severity is dg.AssetCheckSeverity.ERROR
    assert failed.metadata["outcome"].value == "failed"
    assert failed.metadata["failing rows"].value == 1
    assert failed.metadata["rows looked at"].value == 4
    assert len(run.checks("sale")) == 12
    assert _checks_in_catalog(published, "sale") == {
        "passed": 11,
        "warned": 0,
        "failed": 1,
        "errored": 0,
        "not evaluated": 0,
    }


def test_a_dbt_product(after, published: Mesh) -> None:
    before = published.rows("customer_spend")
    run = after(amount="5000.00")

    assert not run.success
    assert "sale" in run.materialised()
    assert "top_customer" not in run.started()
    assert published.versions("sale") == [0, 1]
    assert published.versions("opening_hour") == [0, 1]
    assert published.versions("customer_spend") == [0]
    assert published.versions("top_customer") == [0]
    assert published.rows("customer_spend") == before
    assert run.checks("customer_spend")["total__range"].metadata["failing rows"].value == 1
    assert _checks_in_catalog(published, "customer_spend")["failed"] == 1
    assert _checks_in_catalog(published, "sale") == {
        "passed": 11,
        "warned": 1,
        "failed": 0,
        "errored": 0,
        "not evaluated": 0,
    }


def test_the_failure_names_the_clauses_with_counts_and_their_line(after, published: Mesh) -> None:
    run = after(amount="5000.00")
    message = run.failure("customer_spend")
    contract = published.settings.root / "domains/shop/src/shop/contracts/customer_spend.odcs.yaml"
    first, clause, *_ = message.splitlines()
    assert "shop.customer_spend is not published" in first
    assert "total__range (failed)" in clause
    assert f"{contract}:" in clause
    assert "5000" not in message
    assert run.failure_metadata("customer_spend")["failed"] == 1


def test_a_clause_that_cannot_be_evaluated_is_an_error_and_blocks(after, published: Mesh) -> None:
    run = after(voucher="seventeen")
    check = run.checks("sale")["voucher_is_positive"]
    assert not run.success
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert check.metadata["outcome"].value == "errored"
    assert "failing rows" not in check.metadata
    assert published.versions("sale") == [0]
    assert _checks_in_catalog(published, "sale") == {
        "passed": 11,
        "warned": 0,
        "failed": 0,
        "errored": 1,
        "not evaluated": 0,
    }
    assert "voucher_is_positive (errored)" in run.failure("sale")


def test_the_candidate_is_kept_and_no_reader_sees_it(after, published: Mesh) -> None:
    run = after(amount="-1.00")
    kept = published.port("sale").path / run.failure_metadata("sale")["candidate"]
    assert list(kept.glob("*.parquet"))
    assert len(published.rows("sale")) == 4


def test_the_first_version_is_never_a_bad_one(landed: Mesh) -> None:
    write_exports(landed.settings.exports, changed(3, amount="-1.00"))
    run = landed.run(*UNPARTITIONED)
    assert not run.success
    assert landed.versions("sale") == []
    assert "sale" in run.started()
    assert not {"customer_spend", "top_customer"} & set(run.started())


def test_a_product_goes_on_as_soon_as_its_input_is_mended(after, published: Mesh) -> None:
    after(amount="-1.00")
    write_exports(published.settings.exports, changed(3, amount="1.00"))
    assert published.run(*UNPARTITIONED).success
    assert published.versions("sale") == [0, 1]
    assert _checks_in_catalog(published, "sale")["failed"] == 0
