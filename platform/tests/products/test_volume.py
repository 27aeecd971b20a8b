"""The clause `volume`: a version does not hold much less than the one before, unless a person says that it is right."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from shop_mesh import MONTHS
from shop_workspace import Sale, contract_text, write_exports, write_workspace

from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.orchestration.assets.run_tags import ACCEPT_TAG, ACCEPTED_BY_TAG, ACCEPTED_KEYS_TAG
from bankmesh.orchestration.instance import open_instance
from bankmesh.ports import read_history
from bankmesh.testing import try_product

if TYPE_CHECKING:
    from pathlib import Path

    from shop_mesh import Mesh

MARKER = "schema:\n"


def hours(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame


def weekdays(count: int, opens: int = 8) -> pl.DataFrame:
    return pl.DataFrame({"weekday": [f"day {n}" for n in range(count)], "opens": [opens + n % 3 for n in range(count)]})


def contract(volume: str | None = None):
    text = contract_text("opening_hour")
    if volume:
        text = text.replace(MARKER, f"  - property: volume\n    value: {volume}\n{MARKER}", 1)
    found, faults = read_text("opening_hour.odcs.yaml", text)
    assert faults == ()
    return found


def trials(tmp_path: Path, *frames: pl.DataFrame, volume: str | None = None):
    """The last of several trials in one home."""
    found = contract(volume)
    return [try_product(found, {"frame": frame}, transform=hours, home=tmp_path) for frame in frames][-1]


@pytest.mark.parametrize(
    ("before", "after", "volume", "published"),
    [
        (100, 90, None, True),
        (100, 89, None, False),
        (99, 0, None, True),
        (100, 0, None, False),
        (1000, 900, None, True),
        (1000, 899, None, False),
        (100, 1000, None, True),
        (1000, 975, "{tolerance: 2.5}", True),
        (1000, 974, "{tolerance: 2.5}", False),
        (1000, 999, "{tolerance: 0}", False),
        (1000, 1, "free", True),
    ],
)
def test_the_tolerance_is_exact(tmp_path, before, after, volume, published) -> None:
    trial = trials(tmp_path, weekdays(before), weekdays(after), volume=volume)
    assert (trial.publication is not None) is published
    assert trial.broken == (() if published else ("volume",))


def test_the_first_version_has_nothing_to_be_compared_with(tmp_path) -> None:
    trial = trials(tmp_path, weekdays(120))
    assert trial.clause("volume").outcome == "passed"
    assert "no version before" in trial.clause("volume").message


def test_the_message_has_both_figures_the_version_and_what_to_do(tmp_path) -> None:
    message = trials(tmp_path, weekdays(1200), weekdays(30)).clause("volume").message
    assert "rows 1,200 → 30 since version 0; at most 10 % fewer" in message
    assert 'mesh run shop.opening_hour --accept-shrink "why"' in message


def test_what_was_refused_is_no_version_to_compare_with(tmp_path) -> None:
    assert trials(tmp_path, weekdays(200), weekdays(20), weekdays(20)).broken == ("volume",)


def test_distinct_values_count_where_the_contract_names_the_column(tmp_path) -> None:
    fewer = weekdays(200).with_columns(opens=pl.lit(8))
    assert trials(tmp_path / "a", weekdays(200), fewer).broken == ()
    trial = trials(tmp_path / "b", weekdays(200), fewer, volume="{distinct: [opens]}")
    assert trial.broken == ("volume",)
    assert "distinct opens 3 → 1" in trial.clause("volume").message


def test_a_free_product_has_no_such_clause(tmp_path) -> None:
    assert "volume" not in [clause.name for clause in contract("free").clauses]


@pytest.fixture(scope="module")
def monthly(tmp_path_factory):
    """The contract of the partitioned product, in a workspace of its own: its model is dbt's."""
    return write_workspace(tmp_path_factory.mktemp("volume"), "stall") / "stall/contracts/monthly_sale.odcs.yaml"


def _sales(per_month: dict[int, int]) -> pl.DataFrame:
    rows = [
        (month * 1000 + n, date(2024, month, 1 + n % 28)) for month, count in per_month.items() for n in range(count)
    ]
    return pl.DataFrame(
        {"sale_id": [r[0] for r in rows], "customer_id": [1] * len(rows), "sold_on": [r[1] for r in rows],
         "amount": pl.Series(["1.00"] * len(rows)).cast(pl.Decimal(18, 2))},
        schema_overrides={"sale_id": pl.Int64, "customer_id": pl.Int64, "sold_on": pl.Date},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("february", "rest", "broken"),
    [
        (20, (), ()),  # 10 of 400 rows, though half of the month
        (10, (), ()),
        (0, (), ("volume",)),  # a partition in four
    ],
)
def test_what_a_run_keeps_counts_with_what_it_builds(monthly, tmp_path, february, rest, broken) -> None:
    target = tmp_path / "dbt"
    full = {1: 120, 2: 30, 3: 120, 4: 130}
    first = try_product(monthly, {"till.sale": _sales(full)}, home=tmp_path, dbt_target=target)
    assert first.publication is not None
    fewer = _sales(full | {2: february})
    trial = try_product(monthly, {"till.sale": fewer}, home=tmp_path, partitions=(MONTHS[1],), dbt_target=target)
    assert trial.broken == broken
    assert trial.clause("volume").observed == 370 + february


MANY = tuple(Sale(n, n % 40 + 1, "2024-01-05", "1.00") for n in range(1, 201))


@pytest.fixture
def grown(landed: Mesh) -> Mesh:
    """The shop after a delivery of 200 sales."""
    write_exports(landed.settings.exports, MANY)
    assert landed.run("till.sale", "sale").success
    return landed


def _shrink(mesh: Mesh, **tags: str):
    """Half of the sales; the landing is accepted apart, so that the product alone is looked at."""
    write_exports(mesh.settings.exports, MANY[:100])
    assert mesh.run("till.sale", tags={ACCEPT_TAG: "half of it is right"}).success
    return mesh.run("sale", tags={f"bankmesh/{name}": value for name, value in tags.items()})


def test_a_version_that_has_shrunk_is_refused_and_readers_keep_the_one_before(grown: Mesh) -> None:
    run = _shrink(grown)
    check = run.checks("sale")["volume"]
    assert not run.success
    assert not check.passed
    assert "rows 200 → 100" in run.failure("sale")
    assert len(grown.rows("sale")) == 200


def test_a_person_accepts_for_one_run_and_the_version_says_who_and_why(grown: Mesh) -> None:
    run = _shrink(grown, accept_shrink="The till was replaced.", accept_shrink_by="Jana")
    assert run.success
    check = run.checks("sale")["volume"]
    assert check.passed
    assert check.metadata["accepted by"].value == "Jana"
    assert check.metadata["accepted because"].value == "The till was replaced."
    clauses = read_history(grown.port("sale"))[0].provenance.gate["clauses"]
    assert [c["accepted"] for c in clauses if "accepted" in c] == [{"why": "The till was replaced.", "by": "Jana"}]
    write_exports(grown.settings.exports, MANY[:50])
    assert grown.run("till.sale", tags={ACCEPT_TAG: "again"}).success
    assert not grown.run("sale").success


@pytest.mark.parametrize(
    "tags",
    [{"accept_shrink": "  "}, {"accept_shrink": "why", "accept_shrink_of": "shop/landing/till_sale shop/top_customer"}],
)
def test_what_accepts_nothing(grown: Mesh, tags) -> None:
    assert not _shrink(grown, **tags).success


def test_a_copied_run_has_not_been_accepted(grown: Mesh) -> None:
    refused = _shrink(grown, accept_shrink="why", accept_shrink_of="shop/top_customer")
    with open_instance(grown.settings) as instance:
        parent = instance.get_run_by_id(refused.run_id)
        tags = {"dagster/parent_run_id": parent.run_id, "dagster/root_run_id": parent.run_id, ACCEPT_TAG: "why"}
    assert not grown.run("sale", tags=tags).success
    assert grown.run("sale", tags=tags | {ACCEPT_TAG: "Looked at again."}).success
    assert ACCEPTED_BY_TAG not in tags
    assert ACCEPTED_KEYS_TAG not in tags
