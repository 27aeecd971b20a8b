"""A step of a scheduled or automatic run confirms its version where it would publish it again; a person's run builds."""

from __future__ import annotations

from shop_mesh import MONTHS, UNPARTITIONED, Mesh
from shop_workspace import changed, write_exports

from bankmesh.orchestration.assets.event_metadata import CONFIRMED
from bankmesh.orchestration.assets.run_tags import CONFIRM, UNCHANGED_TAG, confirm_tags
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import confirmations

PRODUCTS = ("sale", "customer_spend", "top_customer", "opening_hour")
ALL_MONTHS = (MONTHS[0], MONTHS[-1])


def test_what_a_schedule_finds_unchanged_is_confirmed_with_its_checks(published: Mesh) -> None:
    run = published.run(*UNPARTITIONED, tags=confirm_tags())
    assert run.success
    for product in PRODUCTS:
        assert published.versions(product) == [0]
        shown = run.metadata(product)
        assert shown["version"] == 0
        assert CONFIRMED in shown
        assert "profile" in shown
        assert all(check.passed for check in run.checks(product).values())
        assert len(run.checks(product)) > 0
        assert len(confirmations(published.port(product))) == 1
    with open_instance(published.settings) as instance:
        event = instance.get_latest_materialization_event(published.key("sale"))
    assert event.asset_materialization.tags["dagster/data_version"] == "shop.sale#0"


def test_all_months_are_confirmed_at_once(published: Mesh) -> None:
    run = published.run("monthly_sale", months=ALL_MONTHS, tags=confirm_tags())
    assert run.success
    assert run.materialised() == ["monthly_sale"] * 4
    assert published.versions("monthly_sale") == [0]
    assert len(confirmations(published.port("monthly_sale"))) == 1


def test_a_person_who_materialises_gets_it_built(published: Mesh) -> None:
    assert published.run("sale").success
    assert published.run("opening_hour", tags={UNCHANGED_TAG: "build"}).success
    assert (published.versions("sale"), published.versions("opening_hour")) == ([0, 1], [0, 1])


def test_what_changed_on_the_way_is_built_and_the_rest_confirmed(published: Mesh) -> None:
    write_exports(published.settings.exports, changed(4, remark="seen"))
    run = published.run(*UNPARTITIONED, tags={UNCHANGED_TAG: CONFIRM})
    assert run.success
    assert {product: published.versions(product) for product in PRODUCTS} == {
        "sale": [0, 1],
        "customer_spend": [0, 1],
        "top_customer": [0, 1],
        "opening_hour": [0],
    }
    assert CONFIRMED not in run.metadata("sale")
    assert CONFIRMED in run.metadata("opening_hour")


def test_a_version_that_was_never_reported_is_reported_and_not_confirmed(published: Mesh) -> None:
    with open_instance(published.settings) as instance:
        instance.wipe_assets([published.key("opening_hour")])
    run = published.run("opening_hour", tags=confirm_tags())
    assert run.success
    assert run.metadata("opening_hour")["published by run"]
    assert CONFIRMED not in run.metadata("opening_hour")
    assert published.versions("opening_hour") == [0]
