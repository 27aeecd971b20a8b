"""Products built from a withdrawn version: found through any number of products, from the logs and from the index alike."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from catalog_samples import NOW, Samples

from bankmesh.catalog.index.index_update import rebuild, refresh
from bankmesh.catalog.index.indexed_versions import IndexFacts, outdated_ports
from bankmesh.catalog.product_description import describe
from bankmesh.catalog.product_status import product_states
from bankmesh.catalog.scorecard_facts import read_facts
from bankmesh.catalog.scorecards import freshness_kept
from bankmesh.catalog.search.product_search import search
from bankmesh.catalog.search.search_query import parse_search_query
from bankmesh.ports import Decision, DecisionKind, Provenance, port_at
from bankmesh.ports.publication import COMMIT_KEY, to_commit
from bankmesh.ports.version_decisions import DECISION_KEY
from bankmesh.workspace.withdrawn_inputs import LogFacts, withdrawn_inputs
from bankmesh.workspace.workspace_contracts import workspace_contracts


def _decide(samples: Samples, product: str, withdrawn: tuple[int, ...], restored: int | None) -> int:
    """Withdraw versions; with `restored`, the commit brings that version's rows back."""
    samples.clock += timedelta(hours=1)
    port = port_at(samples.settings.home, product, 1)
    decision = Decision(DecisionKind.WITHDRAW, "Ada", "wrong currency", withdrawn, restored, fresh_since=None)
    info: dict[str, Any] = {}
    if restored is not None:
        fresh = samples.clock - timedelta(hours=5)
        decision = dataclasses.replace(decision, sources={"": restored}, fresh_since=fresh)
        provenance = Provenance("restore", "1.0.0", "code", {}, None, {"counts": {}, "clauses": []})
        info[COMMIT_KEY] = to_commit(port.app_id, "restore", 10, 100, provenance)
    return samples._commit(port.path, {**info, DECISION_KEY: decision.to_record()})


@pytest.fixture
def chain(samples: Samples) -> Samples:
    """`shop.sale` 1 is withdrawn; spend read it, top read spend, other read the good version."""
    for name in ("sale", "spend", "top", "other"):
        samples.contract(f"shop.{name}")
    samples.publish("shop.sale")
    samples.publish("shop.other", inputs={"shop.sale": 0})
    samples.publish("shop.sale")
    samples.publish("shop.spend", inputs={"shop.sale": 1, "till.sale": "1"})
    samples.publish("shop.top", inputs={"shop.spend": 0})
    _decide(samples, "shop.sale", (1,), 0)
    return samples


def _marked(facts) -> dict[str, list[str]]:
    return {
        name: [str(found) for found in withdrawn_inputs(facts, f"shop.{name}")]
        for name in ("sale", "spend", "top", "other")
    }


MARKS = {
    "sale": [],
    "spend": ["withdrawn shop.sale 1"],
    "top": ["withdrawn shop.sale 1 through shop.spend 0"],
    "other": [],
}


def test_the_logs_say_who_is_built_from_it(chain: Samples) -> None:
    assert _marked(LogFacts(chain.settings.home)) == MARKS


def test_an_input_whose_log_is_damaged_hides_no_other(chain: Samples) -> None:
    home = chain.settings.home
    for name in ("a_first", "z_last"):
        chain.contract(f"shop.{name}")
        chain.publish(f"shop.{name}")
        chain.publish(f"shop.{name}")
    chain.contract("shop.mixed")
    chain.publish("shop.mixed", inputs={"shop.a_first": 0, "shop.sale": 1, "shop.z_last": 0})
    for name in ("a_first", "z_last"):
        (port_at(home, f"shop.{name}", 1).path / "_delta_log" / f"{1:020d}.json").write_bytes(b"")
    assert [str(found) for found in withdrawn_inputs(LogFacts(home), "shop.mixed")] == ["withdrawn shop.sale 1"]
    states = {
        state.contract.name: state for state in product_states(workspace_contracts(chain.settings.root), home, None)
    }
    assert (states["mixed"].freshness, states["a_first"].freshness) == ("late", "unreadable")


def test_the_index_says_the_same(chain: Samples, catalog) -> None:
    rebuild(chain.settings, None, catalog)
    with catalog.reading() as connection:
        assert _marked(IndexFacts(connection)) == MARKS
        assert outdated_ports(connection).keys() == {"shop.spend", "shop.top"}
        facts = describe(connection, "shop.spend", NOW)
        (found,) = facts["built_from_withdrawn"]
        assert (found["product"], found["version"], found["by"]) == ("shop.sale", 1, "Ada")
        sale = describe(connection, "shop.sale", NOW)
        assert [(item["version"], item["reason"]) for item in sale["withdrawn"]] == [(1, "wrong currency")]
        assert sale["publications"][0]["restored"] == 0
        assert sale["published"]["fresh_since"] < sale["published"]["published_at"]


def test_a_rebuilt_product_is_marked_no_longer_and_the_index_follows(chain: Samples, sqlite_catalog) -> None:
    rebuild(chain.settings, None, sqlite_catalog)
    chain.publish("shop.spend", inputs={"shop.sale": 2})
    refresh(chain.settings, None, sqlite_catalog)
    expected = MARKS | {"spend": []}
    assert _marked(LogFacts(chain.settings.home)) == expected
    with sqlite_catalog.reading() as connection:
        assert _marked(IndexFacts(connection)) == expected
    chain.publish("shop.top", inputs={"shop.spend": 1})
    assert not any(_marked(LogFacts(chain.settings.home)).values())


def test_a_withdrawal_marks_readers_in_an_index_that_was_built_before(samples: Samples, sqlite_catalog) -> None:
    for name in ("sale", "spend"):
        samples.contract(f"shop.{name}")
    for _ in range(2):
        samples.publish("shop.sale")
    samples.publish("shop.spend", inputs={"shop.sale": 0})
    rebuild(samples.settings, None, sqlite_catalog)
    _decide(samples, "shop.sale", (0,), None)
    refresh(samples.settings, None, sqlite_catalog)
    with sqlite_catalog.reading() as connection:
        assert outdated_ports(connection).keys() == {"shop.spend"}


def test_what_is_built_from_it_is_late_everywhere(chain: Samples, sqlite_catalog) -> None:
    contracts = workspace_contracts(chain.settings.root)
    states = {state.contract.name: state for state in product_states(contracts, chain.settings.home, None)}
    assert states["spend"].freshness == states["top"].freshness == "late"
    assert states["spend"].to_json()["built_from_withdrawn"][0]["product"] == "shop.sale"
    rebuild(chain.settings, None, sqlite_catalog)
    now = chain.clock + timedelta(minutes=1)
    with sqlite_catalog.reading() as connection:
        hits = {hit.port: hit.freshness for hit in search(connection, parse_search_query(""), now=now)}
    assert hits == {"shop.sale": "fresh", "shop.other": "fresh", "shop.spend": "late", "shop.top": "late"}


def test_time_since_the_withdrawal_is_not_kept_in_the_scorecard(chain: Samples, sqlite_catalog) -> None:
    rebuild(chain.settings, None, sqlite_catalog)
    now = chain.clock + timedelta(hours=2)
    with sqlite_catalog.reading() as connection:
        facts = {found.port: found for found in read_facts(connection, now, None)}
    withdrawn_at = chain.clock.timestamp()
    assert facts["shop.spend"].outdated_at == [withdrawn_at] == facts["shop.top"].outdated_at
    assert facts["shop.other"].outdated_at == [None]
    sale = facts["shop.sale"]
    assert sale.fresh_since[2] == sale.published_at[2] - 5 * 3600
    assert freshness_kept([0.0], 100.0, 50.0, [0.0], [20.0]).value == 20
    assert freshness_kept([0.0, 40.0], 30.0, 60.0, [0.0, 20.0]).value == 30 + 10
