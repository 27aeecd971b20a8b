"""What is relied on of Polars' private NodeTraverser. If this fails after an upgrade of Polars, do what HELP says."""

from __future__ import annotations

import polars as pl
import pytest
from polars.io.plugins import register_io_source

from bankmesh.lineage.polars import node_traverser, plan_tree
from bankmesh.lineage.polars.plan_tree import ExpressionKind

HELP = """
Polars' plan looks otherwise than in the version that lineage/polars/node_traverser.py was written against.

1. See what changed: `polars._plr._ir_nodes` and `_expr_nodes` list the kinds of nodes and expressions with their
   attributes; their source is crates/polars-python/src/lazyframe/visit.rs and visitor/ in Polars' repository.
2. A new kind of node: give it a class in tree.py, a line in traverser._BUILDERS, its meaning in nodes.py and walk.py.
   A new kind of expression: a Form, a line in traverser._parts and _FORMS, its meaning in expressions.py. New functions:
   a line in functions.py. Until then the columns that go through it are underivable; nothing is told wrongly.
3. Run test_frame_lineage_expressions.py, test_frame_lineage_plans.py and, with more examples, the perturbation test.
4. Set traverser.VERSION and the lists below.
"""
NODES = {
    "Cache", "DataFrameScan", "Distinct", "Filter", "GroupBy", "HConcat", "HStack", "Join", "MapFunction", "MergeSorted",
    "PythonScan", "Reduce", "Scan", "Select", "SimpleProjection", "Sink", "Slice", "Sort", "Union",
}  # fmt: skip
"""Kinds of nodes that Polars lists. `Reduce` was not met in any plan; `Gather` is met, though not listed."""

EXPRESSIONS = {
    "Agg", "Alias", "BinaryExpr", "Cast", "Column", "Explode", "Filter", "Function", "Gather", "Len", "Literal",
    "PyExprIR", "Rolling", "Slice", "Sort", "SortBy", "Ternary", "Window",
}  # fmt: skip
FAMILIES = {
    "ArrayFunction", "BooleanFunction", "EwmFunction", "ListFunction", "RollingFunction", "RollingFunctionBy",
    "StringFunction", "StructFunction", "TemporalFunction",
}  # fmt: skip
OPTIONS = {"GroupbyOptions", "RollingGroupOptions", "WindowMapping", "Operator"}

c = pl.col


def names(module: object) -> set[str]:
    return {name for name in dir(module) if not name.startswith("_")}


def expression(built: pl.Expr) -> plan_tree.Expression:
    frame = pl.LazyFrame(schema={"i": pl.Int64, "j": pl.Int64, "b": pl.Boolean, "l": pl.List(pl.Int64), "s": pl.String})
    node = node_traverser.read_plan(frame.select(built.alias("z")))
    assert isinstance(node, plan_tree.Select), HELP
    return node.columns[0][1]


def shape(found: plan_tree.Expression) -> str:
    inputs = ", ".join(
        f"{'' if role is plan_tree.InputRole.VALUE else role.value.lower() + '='}{shape(part)}"
        for role, part in found.inputs
    )
    name = (
        found.name
        if found.form in {ExpressionKind.COLUMN, ExpressionKind.UNREADABLE, ExpressionKind.AGGREGATE}
        else found.form.value.lower()
    )
    return f"{name}({inputs})" if inputs else name


def test_the_traverser_is_of_the_version_that_was_read() -> None:
    version = pl.LazyFrame({"i": [1]})._ldf.visit().version()
    assert version[0] == node_traverser.VERSION, HELP


def test_there_are_no_other_kinds_of_nodes_and_expressions() -> None:
    import polars._plr as plr

    assert names(plr._ir_nodes) == NODES, HELP
    assert names(plr._expr_nodes) == EXPRESSIONS | FAMILIES | OPTIONS, HELP


@pytest.mark.parametrize(
    ("built", "found"),
    [
        (c("i") + c("j"), "binary(i, j)"),
        (pl.when("b").then("i").otherwise("j"), "ternary(i, j, condition=b)"),
        (c("i").filter("b"), "filter(i, condition=b)"),
        (c("i").sort_by("j", "b"), "sort(i, sort=j, sort=b)"),
        (c("i").gather("j"), "gather(i, condition=j)"),
        (c("i").slice(c("j").sum(), 2), "slice(i, condition=sum(j), condition=literal)"),
        (c("i").sum().over("s", order_by="j"), "window(sum(i), window=s, window=j)"),
        (c("i").rolling(index_column="j", period="2i"), "rolling(i, window=j)"),
        (c("i").len(), "len(i)"),
        (c("i").count(), "count(i)"),
        (c("i").max_by("j"), "function(i, sort=j)"),
        (c("i").top_k_by("j", 2), "function(i, condition=literal, sort=j)"),
        (c("i").rolling_sum_by("j", "2i"), "function(i, window=j)"),
    ],
)
def test_inputs_have_their_roles(built: pl.Expr, found: str) -> None:
    assert shape(expression(built)) == found, HELP


@pytest.mark.parametrize(
    ("built", "found"),
    [
        (c("i").map_elements(abs, return_dtype=pl.Int64), "anonymousfunction(i)"),
        (c("i").map_elements(abs, return_dtype=pl.Int64) + c("j"), "binary(anonymousfunction(i), j)"),
        (c("j") + c("i").map_elements(abs, return_dtype=pl.Int64), "binary(j, anonymousfunction(i))"),
        (
            pl.map_batches([c("i").filter("b"), c("j") * 2], lambda v: v[0], return_dtype=pl.Int64),
            "anonymousfunction(filter(i, condition=b), binary(j, literal))",
        ),
        (pl.fold(0, lambda a, b: a + b, [c("i"), c("j") * 2.5]), "fold(i, binary(cast(j), literal))"),
        (c("l").list.eval(pl.element() + 1), "list.eval(l, binary(element, literal))"),
        (c("l").list.eval(pl.element().rank()).list.sum() + c("i"), "binary(function(list.eval(l, function(element))), cast(i))"),
        (c("i").cumulative_eval(pl.element().sum()), "cumulative_eval(i, sum(element))"),
        (c("i").rolling_map(sum, 2), "rolling map(i)"),
    ],
)  # fmt: skip
def test_inputs_of_what_polars_does_not_show_are_found(built: pl.Expr, found: str) -> None:
    assert shape(expression(built)) == found, HELP


def test_an_input_of_one_function_or_of_another_in_it_is_given_to_both() -> None:
    inner = c("j").map_elements(abs, return_dtype=pl.Int64)
    outer = pl.map_batches([c("i"), inner], lambda v: v[0], return_dtype=pl.Int64)
    assert shape(expression(outer)) == "anonymousfunction(i, anonymousfunction(i, j))", HELP


def test_a_cache_that_is_read_twice_is_one_node() -> None:
    cached = pl.LazyFrame({"i": [1]}).filter(c("i") > 0).cache()
    root = node_traverser.read_plan(pl.concat([cached, cached]))
    nodes = plan_tree.bottom_up(root, lambda node: node.inputs)
    assert len(root.inputs) == 2, HELP
    assert [type(node) for node in nodes].count(plan_tree.Filter) == 1, HELP


def test_sources_are_known_by_their_function_and_by_what_they_are_asked() -> None:
    schema = {"i": pl.Int64, "j": pl.Int64, "k": pl.Int64}

    def source(*_: object) -> list[pl.DataFrame]:
        return [pl.DataFrame(schema=schema)]

    frame = register_io_source(source, schema=schema)
    root = node_traverser.read_plan(frame)
    assert isinstance(root, plan_tree.Source), HELP
    assert root.read is source, HELP
    assert list(root.schema.items()) == list(pl.Schema(schema).items()), HELP
    ((read, columns),) = node_traverser.requested(frame.filter(c("j") > 0).select("i"))
    assert read is source, HELP
    assert set(columns) == {"i", "j"}, HELP
    assert node_traverser.requested(frame) == [(source, None)], HELP


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda frame: frame.map_batches(lambda rows: rows), plan_tree.Opaque),
        (lambda frame: frame.group_by("i").map_groups(lambda rows: rows, schema={"i": pl.Int64}), plan_tree.GroupBy),
        (lambda frame: frame.gather([0]), plan_tree.Gather),
        (lambda frame: pl.concat([frame, frame.rename({"i": "k"})], how="horizontal"), plan_tree.SideBySide),
        (lambda frame: frame.with_row_index("n"), plan_tree.RowNumber),
        (lambda _: pl.scan_csv(b"a,b\n1,2"), plan_tree.FileScan),
    ],
)
def test_nodes_are_what_they_were(build: object, kind: type) -> None:
    assert isinstance(node_traverser.read_plan(build(pl.LazyFrame({"i": [1]}))), kind), HELP


def test_a_node_that_is_not_known_makes_its_columns_underivable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(node_traverser._BUILDERS, "Sort")
    node = node_traverser.read_plan(pl.LazyFrame({"i": [1]}).sort("i"))
    assert isinstance(node, plan_tree.UnknownNode)
    assert "Sort" in node.reason
