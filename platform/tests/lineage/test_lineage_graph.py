"""The graph of columns, walks over it, and confidentiality along its edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.contracts.model import Classification
from bankmesh.errors import UnknownName
from bankmesh.lineage.confidentiality import find_losses
from bankmesh.lineage.graph_traversal import VALUES, Direction, find_columns, walk, way
from bankmesh.lineage.lineage_charts import mermaid, tree
from bankmesh.lineage.lineage_graph import ROWS, Edge, Graph
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype, TransformationType


def ref(text: str) -> ColumnRef:
    dataset, _, column = text.rpartition(".")
    return ColumnRef(dataset, column)


def graph(*edges: tuple[str, str, TransformationSubtype], **extra) -> Graph:
    made = tuple(sorted(Edge(ref(source), ref(target), how) for source, target, how in edges))
    columns: dict[str, tuple[str, ...]] = {}
    for edge in made:
        for end in (edge.source, edge.target):
            if end.column != ROWS:
                columns[end.dataset] = tuple(sorted({*columns.get(end.dataset, ()), end.column}))
    return Graph(made, columns, extra.get("gaps", {}), frozenset(extra.get("opaque", ())), frozenset())


MESH = graph(
    ("legacy.till.sale.paid", "shop.landing.till.sale.amount", TransformationSubtype.TRANSFORMATION),
    ("shop.landing.till.sale.amount", "shop.sale.amount", TransformationSubtype.IDENTITY),
    ("shop.landing.till.sale.day", "shop.sale.*", TransformationSubtype.FILTER),
    ("shop.sale.*", "shop.sale.amount", TransformationSubtype.FILTER),
    ("shop.sale.amount", "shop.spend.total", TransformationSubtype.AGGREGATION),
    ("shop.sale.customer", "shop.spend.*", TransformationSubtype.GROUP_BY),
    ("shop.spend.*", "shop.spend.total", TransformationSubtype.FILTER),
    ("shop.sale.amount", "shop.spend.is_large", TransformationSubtype.CONDITIONAL),
    ("shop.spend.total", "crm.best.total", TransformationSubtype.IDENTITY),
)


def names(refs) -> list[str]:
    return [str(found) for found in refs]


def test_upstream_leads_to_the_legacy_file() -> None:
    found = walk(MESH, (ref("crm.best.total"),), Direction.UPSTREAM, VALUES)
    assert names(found.columns) == [
        "shop.spend.total",
        "shop.sale.amount",
        "shop.landing.till.sale.amount",
        "legacy.till.sale.paid",
    ]
    assert [found.depth[column] for column in found.columns] == [1, 2, 3, 4]


def test_what_decides_on_rows_is_reached_unless_only_values_are_asked_for() -> None:
    start = (ref("shop.spend.total"),)
    everything = names(walk(MESH, start, Direction.UPSTREAM).columns)
    values = names(walk(MESH, start, Direction.UPSTREAM, VALUES).columns)
    assert set(everything) - set(values) == {"shop.sale.customer", "shop.landing.till.sale.day"}


def test_downstream_crosses_domains() -> None:
    found = walk(MESH, (ref("shop.landing.till.sale.day"),), Direction.DOWNSTREAM)
    assert set(names(found.columns)) == {
        "shop.sale.amount",
        "shop.spend.total",
        "shop.spend.is_large",
        "crm.best.total",
    }


def test_depth_counts_datasets() -> None:
    near = walk(MESH, (ref("shop.spend.total"),), Direction.UPSTREAM, depth=1)
    assert set(names(near.columns)) == {"shop.sale.amount", "shop.sale.customer"}


def test_the_way_between_two_columns_prefers_values() -> None:
    found = way(MESH, ref("legacy.till.sale.paid"), ref("shop.spend.total"))
    assert names(found) == [
        "legacy.till.sale.paid",
        "shop.landing.till.sale.amount",
        "shop.sale.amount",
        "shop.spend.total",
    ]
    assert names(way(MESH, ref("shop.sale.customer"), ref("crm.best.total")))[-1] == "crm.best.total"
    assert way(MESH, ref("crm.best.total"), ref("shop.sale.amount")) == ()


def test_names_of_columns_and_of_datasets() -> None:
    assert names(find_columns(MESH, "legacy.till.sale.paid")) == ["legacy.till.sale.paid"]
    assert names(find_columns(MESH, "shop.spend")) == ["shop.spend.is_large", "shop.spend.total"]
    with pytest.raises(UnknownName, match="Did you mean total"):
        find_columns(MESH, "shop.spend.totla")
    with pytest.raises(UnknownName, match=r"Did you mean shop\.spend"):
        find_columns(MESH, "shop.spent")


def test_a_tree_draws_each_column_with_how() -> None:
    start = walk(MESH, (ref("shop.spend.total"),), Direction.UPSTREAM)
    assert list(tree(MESH, start)) == [
        "shop.spend.total",
        "├─ shop.sale.amount  AGGREGATION",
        "│  ├─ shop.landing.till.sale.amount  IDENTITY",
        "│  │  └─ legacy.till.sale.paid  TRANSFORMATION",
        "│  └─ shop.landing.till.sale.day  FILTER",
        "└─ shop.sale.customer  GROUP_BY",
    ]


def test_mermaid_draws_a_box_for_each_dataset_and_dots_what_only_decides() -> None:
    lines = list(mermaid(walk(MESH, (ref("shop.spend.total"),), Direction.UPSTREAM)))
    assert lines[0] == "flowchart LR"
    assert sum(line.strip().startswith("subgraph") for line in lines) == 4
    assert sum("-->" in line for line in lines) == 3
    assert any("-.->" in line for line in lines)


classes = {
    "shop.sale.amount": Classification.CONFIDENTIAL,
    "shop.sale.customer": Classification.RESTRICTED,
    "shop.spend.total": Classification.INTERNAL,
    "shop.spend.is_large": Classification.PUBLIC,
    "crm.best.total": Classification.INTERNAL,
}
CLASSES = {ref(name): level for name, level in classes.items()}


def test_a_value_that_goes_to_a_lower_class_is_a_loss_and_a_decision_is_none() -> None:
    (loss,) = find_losses(MESH, CLASSES, ())
    assert (str(loss.source), str(loss.target)) == ("shop.sale.amount", "shop.spend.total")
    assert (loss.source_class, loss.target_class) == (Classification.CONFIDENTIAL, Classification.INTERNAL)


def test_a_declassification_or_a_higher_class_is_no_loss() -> None:
    assert find_losses(MESH, CLASSES, {ref("shop.spend.total")}) == ()
    raised = CLASSES | {ref("shop.spend.total"): Classification.CONFIDENTIAL}
    (loss,) = find_losses(MESH, raised, ())
    assert str(loss.target) == "crm.best.total"


columns = st.sampled_from([ColumnRef(f"d{number}", name) for number in range(4) for name in ("a", "b", ROWS)])
edges = st.lists(st.builds(Edge, columns, columns, st.sampled_from(list(TransformationSubtype))), max_size=25)


@given(edges, columns)
def test_a_walk_reaches_just_what_a_way_leads_to(found: list[Edge], start: ColumnRef) -> None:
    made = Graph(tuple(sorted(set(found))), {}, {}, frozenset(), frozenset())
    reached = set(walk(made, (start,), Direction.DOWNSTREAM).depth)
    closure, growing = {start}, True
    while growing:
        more = {edge.target for edge in found if edge.source in closure} - closure
        closure |= more
        growing = bool(more)
    assert reached == closure
    back = {other for other in closure if start in walk(made, (other,), Direction.UPSTREAM).depth}
    assert back == closure


@given(edges)
def test_where_every_step_keeps_confidentiality_every_way_does(found: list[Edge]) -> None:
    made = Graph(tuple(sorted(set(found))), {}, {}, frozenset(), frozenset())
    levels = {
        column: Classification(sum(ord(letter) for letter in str(column)) % 4)
        for edge in found
        for column in (edge.source, edge.target)
    }
    if find_losses(made, levels, ()):
        return
    for start, level in levels.items():
        if level >= Classification.CONFIDENTIAL:
            for reached in walk(made, (start,), Direction.DOWNSTREAM, VALUES).depth:
                assert levels[reached] >= level


dependencies = st.frozensets(
    st.builds(
        Dependency,
        st.builds(ColumnRef, st.sampled_from("xyz"), st.sampled_from("abc")),
        st.sampled_from(list(TransformationSubtype)),
        st.booleans(),
    ),
    max_size=4,
)
steps = st.builds(
    StepLineage,
    columns=st.dictionaries(st.sampled_from("abcd"), dependencies),
    rows=dependencies,
    opaque=st.frozensets(st.builds(ColumnRef, st.sampled_from("xyz"), st.sampled_from("abc")), max_size=3),
    underivable=st.dictionaries(st.sampled_from("abcd"), st.text(max_size=9)),
)


@given(steps)
def test_lineage_is_read_back_from_json_as_it_was(step: StepLineage) -> None:
    assert StepLineage.from_json(step.to_json()) == step
    assert StepLineage.from_json(step.to_json()).to_json() == step.to_json()


def test_the_first_three_ways_of_depending_are_direct() -> None:
    assert [how for how in TransformationSubtype if how.kind is TransformationType.DIRECT] == [
        TransformationSubtype.IDENTITY,
        TransformationSubtype.TRANSFORMATION,
        TransformationSubtype.AGGREGATION,
    ]
