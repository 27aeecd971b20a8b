"""A version whose run was killed before it could tell: it is told later, once, and never published again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest
from shop_nursery import Job
from shop_workspace import SALES, changed, write_exports

from bankmesh.orchestration.assets import asset_results
from bankmesh.orchestration.assets.asset_results import report_publication
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import read_history
from bankmesh.products.lineage_events.product_lineage import published

if TYPE_CHECKING:
    from shop_mesh import Mesh
    from shop_nursery import Nursery


@pytest.fixture
def untold(landed: Mesh, nursery: Nursery) -> Mesh:
    """A mesh with a version of `sale` that Dagster knows nothing of."""
    (killed,) = nursery.run(Job(str(landed.settings.home.parent), ("sale",), die_at="after-commit"))
    assert killed.code < 0
    assert landed.versions("sale") == [0]
    assert landed.reported("sale") == []
    return landed


def test_the_same_version_is_told_with_its_checks_and_the_run_that_made_it(untold: Mesh) -> None:
    made = read_history(untold.port("sale"))[0]
    run = untold.run("sale")
    assert run.success
    assert untold.versions("sale") == [0] == untold.reported("sale")
    assert run.metadata("sale")["published by run"] == made.provenance.run_id != run.run_id
    assert len(run.checks("sale")) == 12
    assert all(check.passed for check in run.checks("sale").values())


def test_from_other_inputs_it_is_told_late_and_a_new_one_is_published(untold: Mesh) -> None:
    write_exports(untold.settings.exports, changed(4, SALES, amount="1.00"))
    run = untold.run("till.sale", "sale")
    assert run.success
    assert untold.versions("sale") == [0, 1] == untold.reported("sale")
    assert untold.rows("sale", 0)[3]["amount"] == 100
    assert untold.rows("sale", 1)[3]["amount"] == 1
    with open_instance(untold.settings) as instance:
        late = instance.fetch_materializations(untold.key("sale"), limit=2).records[1].asset_materialization
    assert late.metadata["dagster/row_count"].value == 4
    assert late.description
    assert read_history(untold.port("sale"))[1].provenance.run_id in late.description


def test_it_is_told_late_even_if_the_new_one_is_refused(untold: Mesh) -> None:
    write_exports(untold.settings.exports, changed(4, SALES, amount="-1.00"))
    run = untold.run("till.sale", "sale")
    assert not run.success
    assert untold.versions("sale") == [0] == untold.reported("sale")


def test_a_clause_that_the_contract_has_lost_is_left_out(untold: Mesh) -> None:
    product = untold.product("sale")
    made = read_history(untold.port("sale"))[0]
    lost, *kept = product.contract.clauses
    fewer = replace(product, contract=replace(product.contract, clauses=tuple(kept)))
    events = list(report_publication(fewer, made, None, recovered=True))
    checks = [event.check_name for event in events if isinstance(event, dg.AssetCheckResult)]
    assert sorted(checks) == sorted(clause.name for clause in kept)
    assert all(event.passed for event in events if isinstance(event, dg.AssetCheckResult))
    assert isinstance(events[-1], dg.MaterializeResult)
    assertions = published(made, fewer.contract).assertions
    assert assertions
    assert lost.name in {entry["name"] for entry in made.provenance.gate["clauses"]}


def test_what_is_behind_it_reads_it(untold: Mesh) -> None:
    run = untold.run("sale", "customer_spend")
    assert run.success
    assert read_history(untold.port("customer_spend"))[0].provenance.inputs == {"shop.sale": 0}


class TestAfterAPowerCut:
    """The last commits of a table can be lost although Dagster's event log has their events."""

    @pytest.fixture
    def lost(self, landed: Mesh) -> Mesh:
        """A mesh whose event log has version 1 of `sale`; its Delta log does not."""
        assert landed.run("sale").success
        write_exports(landed.settings.exports, changed(4, SALES, amount="1.00"))
        assert landed.run("till.sale", "sale").success
        assert landed.reported("sale") == [0, 1]
        (landed.port("sale").path / "_delta_log" / f"{1:020d}.json").unlink()
        assert landed.versions("sale") == [0]
        return landed

    def test_the_lost_number_does_not_come_again(self, lost: Mesh) -> None:
        before = lost.rows("sale", 0)
        assert lost.run("sale").success
        assert lost.versions("sale") == [0, 2]
        assert lost.reported("sale") == [0, 1, 0, 2]
        assert lost.rows("sale", 0) == before
        assert lost.rows("sale")[3]["amount"] == 1

    def test_a_kill_before_the_newest_version_is_reported_again_uses_no_number_twice(
        self, lost: Mesh, nursery: Nursery
    ) -> None:
        (killed,) = nursery.run(Job(str(lost.settings.home.parent), ("sale",), die_at="after-commit"))
        assert killed.code < 0
        assert lost.versions("sale") == [0, 2]
        again = read_history(lost.port("sale"))[0]
        run = lost.run("sale")
        assert lost.versions("sale") == [0, 2]
        assert run.metadata("sale")["published by run"] == again.provenance.run_id != run.run_id

    def test_a_table_that_is_lost_whole_counts_again_and_its_versions_do_not_count_as_reported(
        self, landed: Mesh, nursery: Nursery
    ) -> None:
        assert landed.run("sale").success
        shutil.rmtree(landed.port("sale").path)
        write_exports(landed.settings.exports, changed(4, SALES, amount="2.00"))
        assert landed.run("till.sale").success
        (killed,) = nursery.run(Job(str(landed.settings.home.parent), ("sale",), die_at="after-commit"))
        assert killed.code < 0
        again = read_history(landed.port("sale"))[0]
        run = landed.run("sale")
        assert run.success
        assert landed.versions("sale") == [0]
        assert run.metadata("sale")["published by run"] == again.provenance.run_id != run.run_id
        assert run.metadata("sale")["candidate"] == again.candidate
        assert landed.rows("sale")[3]["amount"] == 2

    def test_a_report_without_identity_counts_by_its_number(self, landed: Mesh, monkeypatch) -> None:
        monkeypatch.setattr(asset_results, "publication_figures", _metadata_of_an_earlier_release)
        assert landed.run("sale").success
        monkeypatch.undo()
        assert landed.run("sale").success
        assert landed.versions("sale") == [0, 1] == landed.reported("sale")


_publication_figures = asset_results.publication_figures


def _metadata_of_an_earlier_release(*arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in _publication_figures(*arguments).items() if name != "candidate"}
