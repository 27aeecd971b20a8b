"""A version whose run was killed before it could tell: it is told later, once, and never published again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop_nursery import Job
from shop_workspace import SALES, changed, write_exports

from bankmesh.instance import open_instance
from bankmesh.ports import history

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
    made = history(untold.port("sale"))[0]
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
    assert history(untold.port("sale"))[1].provenance.run_id in late.description


def test_it_is_told_late_even_if_the_new_one_is_refused(untold: Mesh) -> None:
    write_exports(untold.settings.exports, changed(4, SALES, amount="-1.00"))
    run = untold.run("till.sale", "sale")
    assert not run.success
    assert untold.versions("sale") == [0] == untold.reported("sale")


def test_what_is_behind_it_reads_it(untold: Mesh) -> None:
    run = untold.run("sale", "customer_spend")
    assert run.success
    assert history(untold.port("customer_spend"))[0].provenance.inputs == {"shop.sale": 0}
