"""However files, code, contracts and versions change between runs, what is published is what a build would publish.

The rows of each product are worked out here, from the files and constants of the moment and from the published rows of
its inputs, and compared after every run. A second run then finds nothing to build.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import hypothesis.strategies as st
import pytest
from bakery import Bakery, as_it_was, named
from hypothesis import HealthCheck, given, settings
from shop_workspace import SALES, Sale

from bankmesh.ports import CannotRestore, hold_of, latest, open_version, resume, withdraw

ALL = {"sale", "customer_spend", "top_customer", "opening_hour", "monthly_sale"}
SPEND = "dbt_project/models/bakery/products/customer_spend.sql"
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
    notes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        (self.bakery.package / "surcharge.py").write_text("SURCHARGE = 0\n")
        (self.bakery.package / "defs/sale/transform.py").write_text(TRANSFORM)
        self.bakery.edit(SPEND, "group by", "where sale_id > 0\ngroup by")

    # --- Changes ---

    def price(self, number: int, amount: str) -> None:
        self.export(tuple(replace(s, amount=amount) if s.sale_id == number else s for s in self.sales))

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

    def check(self) -> None:
        rows = self.bakery.rows
        sold = {(s.sale_id, s.customer_id, Decimal(s.amount) + self.surcharge) for s in self.sales}
        if not self.is_held("sale"):
            assert {(row["sale_id"], row["customer_id"], row["amount"]) for row in rows("sale")} == sold
        spent: Counter[int] = Counter()
        for row in rows("sale"):
            if row["sale_id"] > self.least:
                spent[row["customer_id"]] += row["amount"]
        published = {row["customer_id"]: row["total"] for row in rows("customer_spend")}
        assert self.is_held("customer_spend") or published == spent
        top = min((-total, customer) for customer, total in published.items())[1]
        assert [row["customer_id"] for row in rows("top_customer")] == [top]
        monthly = {(row["sale_id"], row["amount"]) for row in rows("monthly_sale")}
        assert monthly == {(s.sale_id, Decimal(s.amount)) for s in self.sales}

    def is_held(self, name: str) -> bool:
        newest = latest(self.bakery.port(name))
        assert newest is not None
        return (
            newest.decision is not None and hold_of(self.bakery.port(name), newest.provenance.code_version) is not None
        )


amounts = st.sampled_from(["1.00", "2.50", "40.00"])
Change = Callable[[Story], object]
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda number, amount: lambda story: story.price(number, amount), st.integers(1, 4), amounts),
    st.just(lambda story: story.export(story.sales)),
    st.just(lambda story: story.export(SALES)),
    st.builds(lambda number: lambda story: story.edit_module(number), st.integers(0, 2)),
    st.builds(lambda number: lambda story: story.edit_model(number), st.integers(0, 2)),
    st.builds(lambda name: lambda story: story.edit_contract(name), st.sampled_from(sorted(ALL))),
    st.builds(
        lambda name, resumed: lambda story: story.withdraw(name, resumed=resumed),
        st.sampled_from(["sale", "customer_spend"]),
        st.booleans(),
    ),
    st.builds(lambda name: lambda story: story.lose_file(name), st.sampled_from(sorted(ALL))),
)
chapters = st.lists(st.tuples(st.lists(changes, min_size=1, max_size=3), st.booleans()), min_size=3, max_size=5)


def _play(chapters_drawn: list[tuple[list[Change], bool]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bakery-"))
    try:
        with as_it_was():
            story = Story(Bakery.write(folder / "workspace"))
            story.bakery.run()
            story.check()
            for edits, is_run_twice in chapters_drawn:
                for edit in edits:
                    edit(story)
                outcome, heard = story.bakery.run()
                assert not outcome.failed, heard.failures
                assert named(outcome.there) | named(outcome.held.keys()) == ALL
                story.check()
                if is_run_twice:
                    outcome, heard = story.bakery.run()
                    assert outcome.published == set(), heard.unchanged
                    story.check()
    finally:
        shutil.rmtree(folder)


def _drawn(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@_drawn(2)
@given(chapters)
def test_a_confirmed_product_is_never_stale(chapters_drawn: list[tuple[list[Change], bool]]) -> None:
    _play(chapters_drawn)


@pytest.mark.slow
@_drawn(40)
@given(chapters)
def test_a_confirmed_product_is_never_stale_in_many_sequences(chapters_drawn: list[tuple[list[Change], bool]]) -> None:
    _play(chapters_drawn)
