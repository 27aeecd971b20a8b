"""However files, code, contracts and versions change between runs, what is published is what a build would publish.

The rows of each product are worked out here, from the files and constants of the moment and from the published rows of
its inputs, and compared after every run. A second run then finds nothing to build.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from bakery import Bakery, as_it_was, named
from hypothesis import HealthCheck, given, settings
from shop_workspace import SALES, Sale

from bankmesh.ports import CannotRestore, latest, open_version, resume, withdraw

pytestmark = pytest.mark.system

ALL = {"sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale"}
SPEND = "dbt_project/models/bakery/products/customer_spend.sql"
BY_PARTITION = """\
type: bankmesh.DbtDataProducts
attributes:
  partition_inputs: {monthly_sale: {till.sale: {column: sold_on}}}
"""
TRANSFORM = """\
import polars as pl

from bakery.surcharge import SURCHARGE


def sale(sales):
    amount = (pl.col("amount") + SURCHARGE).cast(pl.Decimal(18, 2))
    return sales.drop("complete_through").with_columns(amount).sort("sale_id")
"""


@dataclass
class Story:
    """A bakery, and what its files and code say at the moment."""

    bakery: Bakery
    sales: tuple[Sale, ...] = SALES
    surcharge: int = 0
    least: int = 0
    reads_by_partition: bool = False
    notes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        (self.bakery.package / "surcharge.py").write_text("SURCHARGE = 0\n")
        (self.bakery.package / "defs/sale/transform.py").write_text(TRANSFORM)
        self.bakery.edit(SPEND, "group by", "where sale_id > 0\ngroup by")
        if self.reads_by_partition:
            (self.bakery.package / "defs/dbt_products/defs.yaml").write_text(BY_PARTITION)

    # --- Changes ---

    def price(self, number: int, amount: str) -> None:
        self.export(tuple(replace(s, amount=amount) if s.sale_id == number else s for s in self.sales))

    def move(self, number: int, day: str) -> None:
        self.export(tuple(replace(s, sold_on=day) if s.sale_id == number else s for s in self.sales))

    def export(self, sales: tuple[Sale, ...]) -> None:
        self.sales = sales
        self.bakery.export(*sales)

    def edit_module(self, surcharge: int) -> None:
        (self.bakery.package / "surcharge.py").write_text(f"SURCHARGE = {surcharge}\n")
        self.surcharge = surcharge

    def edit_model(self, least: int) -> None:
        self.bakery.edit(SPEND, f"sale_id > {self.least}", f"sale_id > {least}")
        self.least = least

    def edit_contract(self, name: str) -> None:
        self.notes[name] += 1
        with (self.bakery.package / f"contracts/{name}.odcs.yaml").open("a") as contract:
            contract.write(f"# {self.notes[name]}\n")

    def withdraw(self, name: str, *, resumed: bool) -> None:
        port = self.bakery.port(name)
        newest = latest(port)
        with suppress(CannotRestore):  # nothing good is left to bring back
            if newest is not None and newest.decision is None:
                withdraw(port, newest.version, by="ada", reason="it looked wrong")
                if resumed:
                    resume(port, by="ada", reason="it was right")

    def lose_file(self, name: str) -> None:
        newest = latest(self.bakery.port(name))
        if newest is not None and newest.decision is None:
            open_version(self.bakery.port(name)).files()[0].unlink()

    # --- What is right ---

    def check(self, held: Collection[str] = ()) -> None:
        """Compare the rows of all products, but for those that are held."""
        rows = self.bakery.rows
        sold = {(s.sale_id, s.customer_id, Decimal(s.amount) + self.surcharge) for s in self.sales}
        if "sale" not in held:
            assert {(row["sale_id"], row["customer_id"], row["amount"]) for row in rows("sale")} == sold
        spent: Counter[int] = Counter()
        for row in rows("sale"):
            if row["sale_id"] > self.least:
                spent[row["customer_id"]] += row["amount"]
        published = {row["customer_id"]: row["total"] for row in rows("customer_spend")}
        assert "customer_spend" in held or published == spent
        top = min((-total, customer) for customer, total in published.items())[1]
        assert [row["customer_id"] for row in rows("top_customer")] == [top]
        monthly = {(row["sale_id"], row["sold_on"].isoformat(), row["amount"]) for row in rows("monthly_sale")}
        right = {(s.sale_id, s.sold_on, Decimal(s.amount)) for s in self.sales}
        assert "monthly_sale" in held or monthly == right


amounts = st.sampled_from(["1.00", "2.50", "40.00"])
days = st.sampled_from(["2024-01-01", "2024-01-31", "2024-02-29", "2024-04-01"])
Change = Callable[[Story], object]
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda number, amount: lambda story: story.price(number, amount), st.integers(1, 4), amounts),
    st.builds(lambda number, day: lambda story: story.move(number, day), st.integers(1, 4), days),
    st.just(lambda story: story.export(story.sales)),
    st.just(lambda story: story.export(SALES)),
    st.builds(lambda number: lambda story: story.edit_module(number), st.integers(0, 2)),
    st.builds(lambda number: lambda story: story.edit_model(number), st.integers(0, 2)),
    st.builds(lambda name: lambda story: story.edit_contract(name), st.sampled_from(sorted(ALL))),
    st.builds(
        lambda name, resumed: lambda story: story.withdraw(name, resumed=resumed),
        st.sampled_from(["sale", "customer_spend", "monthly_sale"]),
        st.booleans(),
    ),
    st.builds(lambda name: lambda story: story.lose_file(name), st.sampled_from(sorted(ALL))),
)
chapters = st.lists(st.tuples(st.lists(changes, min_size=1, max_size=3), st.booleans()), min_size=3, max_size=5)


def _play(chapters_drawn: list[tuple[list[Change], bool]], *, reads_by_partition: bool) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bakery-"))
    try:
        with as_it_was():
            story = Story(Bakery.write(folder / "workspace"), reads_by_partition=reads_by_partition)
            outcome, heard = story.bakery.run()
            assert outcome.success, heard.failures
            story.check()
            for edits, is_run_twice in chapters_drawn:
                for edit in edits:
                    edit(story)
                outcome, heard = story.bakery.run()
                assert not outcome.failed, heard.failures
                held = named(outcome.held.keys())
                assert named(outcome.up_to_date) | held == ALL
                story.check(held)
                if is_run_twice:
                    outcome, heard = story.bakery.run()
                    assert outcome.published == set(), heard.unchanged
                    story.check(held)
    finally:
        shutil.rmtree(folder)


def _drawn(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@_drawn(2)
@given(chapters, st.booleans())
def test_a_confirmed_product_is_never_stale(
    chapters_drawn: list[tuple[list[Change], bool]],
    reads_by_partition: bool,
) -> None:
    _play(chapters_drawn, reads_by_partition=reads_by_partition)


@pytest.mark.slow
@_drawn(40)
@given(chapters, st.booleans())
def test_a_confirmed_product_is_never_stale_in_many_sequences(
    chapters_drawn: list[tuple[list[Change], bool]],
    reads_by_partition: bool,
) -> None:
    _play(chapters_drawn, reads_by_partition=reads_by_partition)
