"""Products that wait for themselves: by inputs, by relationships, over domains and majors, in files or hidden."""

from __future__ import annotations

import os
import re
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.orchestration.code_locations import load_location
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.orchestration.runner.run_waves import Runnable, unbuilt_inputs
from bankmesh.settings import current_settings
from bankmesh.workspace.product_consumers import Consumer
from bankmesh.workspace.read_cycles import CYCLE, CycleFaults, find_cycles

if TYPE_CHECKING:
    from booth_workspace import Booth
    from vault_workspace import Two

    from bankmesh.orchestration.runner.run_outcome import RunOutcome


SALE = "contracts/sale.odcs.yaml"
SPEND = "products/customer_spend.sql"
WHO = "description: Who bought., classification: internal"
LINE = 26

# --- Decisions -------------------------------------------------------------------------------------------------------

NAMES = ["d.a", "d.a@2", "d.b", "e.a", "e.b", "e.b@2"]
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()), max_size=14, unique=True)


def _split(edges: list[tuple[str, str, bool]]) -> tuple[list[Consumer], list[Consumer]]:
    """Inputs and relationships; a contract that refers to its own product is refused by itself."""
    reads = [
        (Consumer(port, source, f"{port}.yaml", line), relationship)
        for line, (port, source, relationship) in enumerate(edges, 1)
        if not (relationship and port == source)
    ]
    return [read for read, is_one in reads if not is_one], [read for read, is_one in reads if is_one]


def _path(message: str) -> list[str]:
    """The products that a message names on the way round, the first one again at the end."""
    return re.findall(r"[de]\.[ab](?:@2)?", message.partition(":")[0])


@given(EDGES)
def test_there_is_a_fault_exactly_where_there_is_a_cycle_and_its_path_is_one(
    edges: list[tuple[str, str, bool]],
) -> None:
    inputs, relationships = _split(edges)
    cycles = find_cycles(inputs, relationships, NAMES)
    graph = nx.DiGraph((reader.port, reader.source) for reader in (*inputs, *relationships))

    assert bool(cycles.faults) == (not nx.is_directed_acyclic_graph(graph))
    groups = [set(group) for group in nx.strongly_connected_components(graph)]
    waiting = [group for group in groups if len(group) > 1 or graph.has_edge(*list(group) * 2)]
    assert sorted(map(sorted, waiting)) == sorted(sorted(group) for group, _ in cycles.groups)
    for fault in cycles.faults:
        path = _path(fault.message)
        assert path[0] == path[-1]
        assert len(set(path)) == len(path) - 1
        assert set(pairwise(path)) <= set(graph.edges)
        assert any(set(path) <= group for group in waiting)
    for group, of_group in cycles.groups:
        assert cycles.faults_of([min(group)]).faults == tuple(sorted(cycle.fault for cycle in of_group))


@given(EDGES)
def test_a_relationship_that_inputs_lead_back_from_is_a_fault_at_its_own_line(
    edges: list[tuple[str, str, bool]],
) -> None:
    inputs, relationships = _split(edges)
    built_from = nx.DiGraph((reader.port, reader.source) for reader in inputs)
    built_from.add_nodes_from(NAMES)
    closing = {
        (reader.file, reader.line)
        for reader in relationships
        if (reader.port, reader.source) not in built_from.edges
        and nx.has_path(built_from, reader.source, reader.port)
        # Between products that wait for one another anyhow, the inputs are to be changed first.
        and not nx.has_path(built_from, reader.port, reader.source)
    }
    faults = find_cycles(inputs, relationships, NAMES).faults
    assert closing <= {(fault.file, fault.line) for fault in faults}
    assert {(f.file, f.line) for f in faults if "Remove the relationship" not in f.message}.isdisjoint(closing)


def test_unbuilt_inputs_of_products_that_wait_for_one_another_are_each_named_once() -> None:
    needs = {"d/a": {"d/b"}, "d/b": {"d/c"}, "d/c": {"d/b"}}
    runnables = [Runnable(key, "d", frozenset(read)) for key, read in needs.items()]
    assert unbuilt_inputs(runnables, frozenset({"d/a"}), lambda _key: False) == ("d/c", "d/b")


# --- Workspaces ------------------------------------------------------------------------------------------------------


def _refer(booth: Booth) -> None:
    """Let `sale` refer to `customer_spend`, which is built from it."""
    booth.edit(SALE, WHO, f"{WHO}, relationships: [{{to: customer_spend.customer_id}}]")


def _by_macro(booth: Booth) -> None:
    macro = "{% macro sales() %}{{ source('booth', 'sale') }}{% endmacro %}"
    file = booth.root / "dbt_project/macros/booth/sales.sql"
    file.parent.mkdir(parents=True)
    file.write_text(macro)
    booth.edit(SPEND, "source('booth', 'sale')", "sales()")


def _by_expression(booth: Booth) -> None:
    booth.edit(SPEND, "source('booth', 'sale')", "source('booth', 'sa' ~ 'le')")


def _in_own_project(booth: Booth) -> None:
    shutil.move(booth.root / "dbt_project", booth.root / "own")
    file = booth.path("defs/dbt_products/defs.yaml")
    file.write_text(f"{file.read_text()}attributes: {{project: own}}\n")


def test_a_relationship_that_closes_a_cycle_is_a_fault_at_its_line_with_the_way_out(booth: Booth) -> None:
    _refer(booth)
    [(file, line, rule, message)] = booth.found()
    assert (file, line, rule) == (SALE, LINE, CYCLE)
    assert message == (
        "booth.sale refers to booth.customer_spend, which reads booth.sale: none of them can be built first. "
        f"The other places: {os.path.relpath(booth.path(SPEND))}:4. "
        "Remove the relationship, and check it on booth.customer_spend, which is built later: by a data test of "
        "its dbt model, which may read both, or by a relationship to booth.sale; or remove an input"
    )


@pytest.mark.parametrize("hide", [_by_macro, _by_expression, _in_own_project])
def test_it_is_found_and_named_once_however_the_input_is_written(booth: Booth, hide) -> None:
    _refer(booth)
    hide(booth)
    assert [(file, line, rule) for file, line, rule, _ in booth.found_with_locations()] == [(SALE, LINE, CYCLE)]


def test_two_hidden_inputs_in_a_ring_are_found(booth: Booth) -> None:
    _by_expression(booth)
    booth.edit(SPEND, "'sa' ~ 'le'", "'top_' ~ 'customer'")
    booth.edit("products/top_customer.sql", "'customer_spend'", "'customer_' ~ 'spend'")
    assert booth.found() == []
    [(_, _, rule, message)] = booth.found_with_locations()
    assert rule == CYCLE
    assert message.startswith("booth.customer_spend reads booth.top_customer reads booth.customer_spend: none")


def test_the_later_product_may_check_it(booth: Booth) -> None:
    booth.edit(
        "contracts/customer_spend.odcs.yaml",
        "description: The largest sale., ",
        "description: Largest., relationships: [{to: sale.sale_id}], ",
    )
    assert booth.found() == []


def test_a_location_with_a_cycle_loads_and_its_products_say_why_they_do_not_run(booth: Booth) -> None:
    _refer(booth)
    definitions = load_location("booth", "booth.definitions").definitions
    graph = definitions.resolve_asset_graph()
    definitions.resolve_implicit_global_asset_job_def()
    assert [level for level in graph.toposorted_asset_keys_by_level if level]
    for name in ("sale", "customer_spend"):
        node = next(graph.get(key) for key in graph.get_all_asset_keys() if key.path == ["booth", name])
        assert not node.parent_keys
        assert node.check_keys
        assert node.automation_condition is None


class Nobody:
    """Progress that nobody reads."""

    def started(self, step: str) -> None: ...

    def finished(self, step: str, notes: dict[str, object]) -> None: ...

    def decided(self, unchanged: object) -> None:
        """Nothing to keep."""

    def failed(self, step: str, message: str) -> None: ...


def _run(booth: Booth, *only: str) -> RunOutcome:
    booth.forget()
    settings = current_settings(booth.root)
    with open_instance(settings) as instance:
        return run_everything(settings.root, instance, Nobody(), [f"booth/{name}" for name in only])


@pytest.mark.parametrize("hide", [None, _by_expression])
def test_a_run_refuses_what_is_on_a_cycle_and_goes_on_with_the_rest(two: Two, hide) -> None:
    _refer(two)
    if hide:
        hide(two)
    for named in (["sale"], ["customer_spend"], ["opening_hour", "sale"]):
        with pytest.raises(CycleFaults) as refused:
            _run(two, *named)
        assert [(fault.line, fault.rule) for fault in refused.value.faults] == [(LINE, CYCLE)]

    alone = _run(two, "landing/till_hour", "opening_hour")
    assert alone.success
    assert alone.published == {"booth/landing/till_hour", "booth/opening_hour"}

    outcome = _run(two)
    assert not outcome.success
    assert outcome.failed == {"booth/sale", "booth/customer_spend"}
    assert outcome.skipped == {"booth/top_customer"}
    assert {"booth/monthly_sale", "vault/ledger", "booth/week", "booth/first_hour"} <= outcome.published
    assert outcome.cycles is not None
    assert f"{SALE}:{LINE}" in str(outcome.cycles)


def test_a_cycle_over_two_domains_is_a_fault_and_leaves_other_products_alone(two: Two) -> None:
    to = "'vault/ledger.odcs.yaml#/schema/ledger/properties/weekday'"
    two.edit(
        "contracts/opening_hour.odcs.yaml",
        "description: Day of the week., classification: public",
        f"description: Day of the week., classification: public, relationships: [{{to: {to}}}]",
    )
    [(file, line, rule, message)] = two.found_with_locations()
    assert (file, line, rule) == ("contracts/opening_hour.odcs.yaml", 27, CYCLE)
    assert message.startswith("booth.opening_hour refers to vault.ledger, which reads booth.opening_hour: none")

    outcome = _run(two)
    assert outcome.failed == {"booth/opening_hour", "vault/ledger"}
    assert outcome.skipped == {"booth/best_hour", "booth/week", "booth/first_hour"}
    assert {"booth/sale", "booth/top_customer"} <= outcome.published
