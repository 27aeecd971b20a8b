"""dbt's graph operators: which assets a run builds, alone and over two domains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from bakery import Heard
from hypothesis import given
from hypothesis import strategies as st
from shop_workspace import changed, write_exports

from bankmesh.orchestration.runner.asset_selectors import AssetSelector, parse_selectors, select_assets
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.orchestration.runner.run_waves import Runnable
from bankmesh.ports import port_at, read_history, withdraw
from bankmesh.products.inputs.source_changes import changed_landings
from bankmesh.workspace.landing_names import AmbiguousLanding

if TYPE_CHECKING:
    from pathlib import Path

TURNOVER = AssetSelector("arcade/turnover", upstream=True)
BEHIND = {
    "bazaar/landing/till_sale", "bazaar/sale", "bazaar/monthly_sale", "bazaar/customer_spend", "arcade/visitor",
    "arcade/turnover",
}  # fmt: skip


DECLARED = """\
system: till
description: The till.
owner: shop-data
folder: till
format: {delimiter: ","}
objects:
  sale:
    description: One row for each sale.
    files: [sale.csv]
    columns:
      sale_id: {type: long, classification: internal, description: The sale.}
"""


@pytest.fixture(scope="module")
def two_shops(tmp_path_factory) -> Path:
    """A workspace of two domains that land an object of the same name; one of them lands another, too."""
    root = tmp_path_factory.mktemp("two_shops")
    for domain in ("shop", "stall"):
        sources = root / "domains" / domain / "src" / domain / "sources"
        sources.mkdir(parents=True)
        (sources.parent / "definitions.py").touch()
        (sources / "till.yaml").write_text(DECLARED)
        (sources / "broken.yaml").write_text("{")
    (root / "domains/shop/src/shop/sources/host.yaml").write_text(DECLARED.replace("system: till", "system: host"))
    contracts = root / "domains/shop/src/shop/contracts"
    contracts.mkdir()
    for name in ("sale", "sale.v2"):
        (contracts / f"{name}.odcs.yaml").touch()
    return root


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("shop.sale", AssetSelector("shop/sale")),
        ("+shop.sale", AssetSelector("shop/sale", upstream=True)),
        ("shop.sale+", AssetSelector("shop/sale", downstream=True)),
        ("+shop.sale@2+", AssetSelector("shop/sale/v2", upstream=True, downstream=True)),
        ("shop.sale@1+", AssetSelector("shop/sale", downstream=True)),
        ("+", AssetSelector("+")),
        ("host.sale", AssetSelector("shop/landing/host_sale")),
        ("+host.sale+", AssetSelector("shop/landing/host_sale", upstream=True, downstream=True)),
        ("stall.till.sale", AssetSelector("stall/landing/till_sale")),
        ("shop.landing.till_sale+", AssetSelector("shop/landing/till_sale", downstream=True)),
        ("shop.landing.till.sale", AssetSelector("shop/landing/till_sale")),
        ("shop/landing/till_sale", AssetSelector("shop/landing/till_sale")),
        ("host.sael", AssetSelector("host/sael")),
    ],
)
def test_a_name_with_operators(two_shops, text, selector) -> None:
    assert parse_selectors(two_shops, [text]) == [selector]


def test_a_landing_of_several_domains_is_named_in_full(two_shops) -> None:
    with pytest.raises(AmbiguousLanding, match=r"shop\.landing\.till_sale or stall\.landing\.till_sale"):
        parse_selectors(two_shops, ["+till.sale"])


def test_an_option_selects_what_every_named_asset_reads(two_shops) -> None:
    (selector,) = parse_selectors(two_shops, ["shop.sale+"], upstream=True)
    assert selector == AssetSelector("shop/sale", upstream=True, downstream=True)


def _line() -> list[Runnable]:
    """A landing, two products behind it, and a product beside them."""
    return [
        Runnable("shop/landing/till_sale", "shop", frozenset({"legacy/till_sale"})),
        Runnable("shop/sale", "shop", frozenset({"shop/landing/till_sale"})),
        Runnable("shop/tariff", "shop", frozenset()),
        Runnable("other/spend", "other", frozenset({"shop/sale", "shop/tariff"})),
    ]


def test_what_is_read_and_what_reads_at_any_distance() -> None:
    select = partial(select_assets, _line(), land=True)
    assert select([AssetSelector("other/spend", upstream=True)]) == {runnable.key for runnable in _line()}
    after = {"shop/landing/till_sale", "shop/sale", "other/spend"}
    assert select([AssetSelector("shop/landing/till_sale", downstream=True)]) == after
    assert select([AssetSelector("shop/sale", upstream=True, downstream=True)]) == after
    assert select([]) == frozenset()


def test_without_landing_only_named_landings_are_selected() -> None:
    select = partial(select_assets, _line(), land=False)
    assert select([AssetSelector("shop/sale", upstream=True)]) == {"shop/sale"}
    assert "shop/landing/till_sale" in select([AssetSelector("shop/landing/till_sale", downstream=True)])


@given(st.lists(st.frozensets(st.integers(0, 9), max_size=3), max_size=10), st.integers(0, 9))
def test_the_operators_are_each_others_opposite(needs, number) -> None:
    runnables = [Runnable(f"k{at}", "shop", frozenset(f"k{n}" for n in read)) for at, read in enumerate(needs)]
    named = f"k{number}"
    upstream = select_assets(runnables, [AssetSelector(named, upstream=True)], land=True)
    for runnable in runnables:
        dependents = select_assets(runnables, [AssetSelector(runnable.key, downstream=True)], land=True)
        assert (runnable.key in upstream) == (named in dependents)


def _run(trading, *only, **options):
    heard = Heard()
    with trading.instance() as instance:
        root, landings = trading.settings.root, partial(changed_landings, trading.settings)
        outcome = run_everything(root, instance, heard, only, changed=landings, **options)
    return outcome, heard


def test_inputs_of_all_domains_are_built_first_and_then_confirmed(untouched) -> None:
    outcome, _ = _run(untouched, TURNOVER)
    assert outcome.success
    assert (outcome.published, outcome.unbuilt) == (BEHIND, ())
    outcome, _ = _run(untouched, TURNOVER)
    assert (outcome.published, outcome.confirmed) == (set(), BEHIND)
    write_exports(untouched.settings.exports, changed(3, amount="77.00"))
    outcome, heard = _run(untouched, TURNOVER)
    assert heard.unchanged.reasons == {"bazaar/landing/till_sale": "its files or its declaration have changed"}
    assert {"bazaar/landing/till_sale", "bazaar/sale", "arcade/turnover"} <= outcome.published
    assert outcome.up_to_date == BEHIND


def test_without_landing_what_is_older_than_its_files_is_named(trading) -> None:
    write_exports(trading.settings.exports, changed(3, amount="77.00"))
    outcome, _ = _run(trading, TURNOVER, land=False)
    assert outcome.success
    assert outcome.newer == {"bazaar/landing/till_sale"}
    assert outcome.up_to_date == BEHIND - outcome.newer


def test_a_held_input_is_no_failure_unless_it_is_named_itself(trading) -> None:
    write_exports(trading.settings.exports, changed(3, amount="77.00"))
    assert _run(trading, TURNOVER)[0].success
    port = port_at(trading.settings.home, "bazaar.sale", 1)
    withdraw(port, read_history(port)[0].version, by="Ada", reason="wrong currency")
    outcome, _ = _run(trading, TURNOVER)
    assert (outcome.success, set(outcome.held)) == (True, {"bazaar/sale"})
    assert not _run(trading, "bazaar/sale")[0].success


def test_a_named_product_without_its_system_is_no_success(trading) -> None:
    (trading.settings.exports / "till").rename(trading.settings.exports / "other")
    outcome, _ = _run(trading, TURNOVER)
    assert "arcade/turnover" in outcome.absent
    assert not outcome.success
