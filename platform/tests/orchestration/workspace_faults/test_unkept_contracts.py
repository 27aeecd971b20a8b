"""A contract in force that no component and no dbt model keeps: reported, and failed by a run; its location loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from run_failures import Failures
from shop_mesh import settings_in
from shop_workspace import at_stage, contract_text, write_exports

from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything

if TYPE_CHECKING:
    from booth_workspace import Booth

CONTRACT = "contracts/best_hour.odcs.yaml"


def promise(booth: Booth, status: str = "active") -> None:
    """A contract of a product that nothing makes."""
    text = contract_text("opening_hour").replace("opening_hour", "best_hour").replace("shop", "booth")
    booth.path(CONTRACT).write_text(text if status == "active" else at_stage(text, status))


def test_it_is_a_fault_with_every_way_out(booth: Booth) -> None:
    promise(booth)
    [(file, line, rule, message)] = booth.found_with_locations()
    assert (file, rule) == (CONTRACT, "contract-without-transform")
    assert booth.path(CONTRACT).read_text().splitlines()[line - 1] == "status: active"
    assert message == (
        "booth.best_hour is active, and no component or dbt model builds it, so nothing of it is published. Write the "
        "model dbt_project/models/booth/products/best_hour.sql, or a component in domains/booth/src/booth/defs/best_hour/. "
        "If it has no consumers yet, set its status to draft or proposed; if it is to end, "
        "`mesh contract move booth.best_hour deprecated --why ...`."
    )


@pytest.mark.parametrize("status", ["proposed", "draft", "retired"])
def test_what_is_not_in_force_needs_no_transform(booth: Booth, status: str) -> None:
    promise(booth, status)
    assert booth.found_with_locations() == []


def test_a_deprecated_one_is_kept_until_it_is_retired(booth: Booth) -> None:
    (booth.path("defs/opening_hour/defs.yaml")).unlink()
    booth.put("opening_hour", "deprecated")
    [message] = [message for *_, rule, message in booth.found_with_locations() if rule == "contract-without-transform"]
    assert "`mesh contract move booth.opening_hour retired --why ...`" in message


CUSTOM = '''\
"""A component of the domain's own."""

import dagster as dg


class Hours(dg.Component, dg.Model, dg.Resolvable):
    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        @dg.asset(key=["booth", "best_hour"])
        def best_hour() -> None: ...

        return dg.Definitions(assets=[best_hour])
'''


def test_an_asset_of_a_component_of_another_kind_keeps_a_contract(booth: Booth) -> None:
    promise(booth)
    (booth.package / "hours.py").write_text(CUSTOM)
    (booth.package / "defs/best_hour").mkdir()
    (booth.package / "defs/best_hour/defs.yaml").write_text("type: booth.hours.Hours\n")
    assert booth.found_with_locations() == []


def test_a_model_that_no_component_reads_says_which_one_is_missing(booth: Booth) -> None:
    booth.path("defs/dbt_products/defs.yaml").unlink()
    said = [message for *_, rule, message in booth.found_with_locations() if rule == "contract-without-transform"]
    assert len(said) == 3
    todo = "Its model is top_customer.sql: add domains/booth/src/booth/defs/dbt_products/defs.yaml with type: bankmesh."
    assert any(message.startswith("booth.top_customer is active") and todo in message for message in said)


def test_a_model_keeps_it(booth: Booth) -> None:
    promise(booth)
    booth.path("products/best_hour.sql").write_text(
        "select weekday, opens from {{ source('booth', 'opening_hour') }}\n"
    )
    assert booth.found_with_locations() == []


def test_its_location_loads_and_a_run_of_it_says_the_same(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    promise(booth)
    write_exports(booth.root.parent / "exports")
    monkeypatch.setenv("BANK_DATA", str(booth.root.parent / "exports"))
    assert load_location("booth", "booth.definitions").name == "booth"
    failures = Failures()
    with open_instance(settings_in(booth.root, booth.root.parent)) as instance:
        named = run_everything(booth.root, instance, failures, ["booth/best_hour"])
        said = dict(failures.messages)
        others = run_everything(booth.root, instance, failures, ["booth/landing/till_hour", "booth/opening_hour"])
        everything = run_everything(booth.root, instance, failures)
    assert (named.failed, named.success) == ({"booth/best_hour"}, False)
    assert said["booth__best_hour"].startswith("booth.best_hour is active, and no component or dbt model builds it")
    assert others.success
    assert everything.failed == {"booth/best_hour"}
    assert "booth/top_customer" in everything.published
