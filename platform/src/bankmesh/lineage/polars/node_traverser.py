"""Reader of Polars' plan of a lazy frame, and the only module that uses Polars' private NodeTraverser.

`LazyFrame._ldf.visit()` is made for engines that run Polars' plans elsewhere (cudf-polars); it has a version of its own
and changes with Polars. `tests/lineage/test_frame_lineage_traverser.py` tests what this module relies on, and says what
to do when a new Polars breaks it. The result is a `plan_tree`; nothing else here touches a private name.

Three things that the traverser does not show are obtained in another way. Python functions, `list.eval` and a few more
expressions raise NotImplementedError: the arena holds expressions in the order of conversion, inputs first, so those of
an unreadable one are before it and no other claims them (`_Arena.unclaimed`); the cross-check detects a wrong one. The
names of a struct's fields are those of its type. A node that raises still gives its inputs and schema.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from bankmesh.lineage.polars import plan_tree as tree
from bankmesh.lineage.polars.plan_tree import Expression, InputRole
from bankmesh.lineage.polars.plan_tree import ExpressionKind as Kind

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = 16
"""The traverser's major version that this module was written against (Polars 2.1)."""

# Unreadable expressions that have no inputs: `pl.element()`, `pl.field()`.
_LEAVES = frozenset({"element", "field"})
# Number of inputs of other unreadable expressions, where it is fixed.
_TAKES = {"list.eval": 2, "rolling map": 1, "categorical expr": 1, "reshape": 1}
_OPAQUE = ("opaque python mapfunction", "opaque rust mapfunction")
_TAKES_GROUPS = "apply inside GroupBy"


def read_plan(frame: pl.LazyFrame) -> tree.Node:
    """Return the plan of a lazy frame as it was written: nothing pushed down, dropped or folded.

    Raises PolarsError if the plan does not resolve (a column does not exist, types are incompatible).
    """
    return _PlanReader(_traverser(frame, pl.QueryOptFlags.none())).plan()


def requested(frame: pl.LazyFrame) -> list[tuple[object, tuple[str, ...] | None]]:
    """Return what the engine would read of each source: its function, and columns or None for all. Nothing is run."""
    flags = pl.QueryOptFlags.none()
    flags.projection_pushdown = True
    traverser = _traverser(frame, flags)

    def inputs(number: int) -> list[int]:
        traverser.set_node(number)
        found: list[int] = traverser.get_inputs()
        return found

    reads = []
    for number in tree.bottom_up(traverser.get_node(), inputs):
        traverser.set_node(number)
        node, _ = _shown(traverser.view_current_node)
        if type(node).__name__ == "PythonScan":
            columns = node.options[1]
            reads.append((_function(node), None if columns is None else tuple(columns)))
    return reads


def _traverser(frame: pl.LazyFrame, flags: pl.QueryOptFlags) -> Any:  # noqa: ANN401 - Polars names no type for it
    return frame._ldf.with_optimizations(flags._pyoptflags).visit()  # noqa: SLF001 - see above


def _shown(view: Callable[[], object]) -> tuple[Any, str]:
    """Return what Polars shows, or None and the text of the error that it raises instead."""
    try:
        return view(), ""
    except (NotImplementedError, pl.exceptions.PanicException) as reason:
        return None, str(reason).splitlines()[0]


def _function(scan: Any) -> object:  # noqa: ANN401
    return getattr(scan.options[0], "io_source", scan.options[0])


class _PlanReader:
    """Reader of one plan."""

    def __init__(self, traverser: Any) -> None:  # noqa: ANN401
        self._traverser = traverser
        self._caches: dict[int, int] = {}

    def plan(self) -> tree.Node:
        root = self._traverser.get_node()
        numbers = tree.bottom_up(root, self._inputs)
        arena = _Arena(self._traverser, {found.node for number in numbers for found in self._expressions(number)})
        nodes: dict[int, tree.Node] = {}
        for number in numbers:
            nodes[number] = self._node(number, tuple(nodes[found] for found in self._inputs(number)), arena)
        return nodes[root]

    def _inputs(self, number: int) -> list[int]:
        self._traverser.set_node(number)
        inputs: list[int] = self._traverser.get_inputs()
        node, _ = _shown(self._traverser.view_current_node)
        if type(node).__name__ != "Cache":
            return inputs
        # A cache that is read twice occurs in the plan twice, with all nodes below it.
        first = self._caches.setdefault(node.id_, number)
        return inputs if first == number else [first]

    def _expressions(self, number: int) -> list[Any]:
        self._traverser.set_node(number)
        found: list[Any] = self._traverser.get_exprs()
        return found

    def _node(self, number: int, inputs: tuple[tree.Node, ...], arena: _Arena) -> tree.Node:
        expressions = self._expressions(number)
        node, reason = _shown(self._traverser.view_current_node)
        base = {"inputs": inputs, "schema": self._traverser.get_schema()}
        for first in self._inputs(number)[:1]:
            # Expressions have the types of the frame that they read.
            self._traverser.set_node(first)
        if node is None:
            return _unshown(reason, base, arena.named(expressions))
        build = _BUILDERS.get(type(node).__name__)
        if build is None:
            return tree.UnknownNode(**base, reason=f"the plan node {type(node).__name__} is not known")
        return build(node, base, arena)


class _Arena:
    """The expressions of one plan, by number. `roots` are the numbers of those that nodes of the plan name."""

    def __init__(self, traverser: Any, roots: set[int]) -> None:  # noqa: ANN401
        self._traverser, self._roots = traverser, roots
        self._read: dict[int, Expression] = {}

    def named(self, expressions: list[Any]) -> tuple[tree.Named, ...]:
        """Return expressions with the names of the columns that they give."""
        return tuple((found.output_name, self.read(found.node)) for found in expressions)

    def read(self, root: int) -> Expression:
        """Return one expression with all expressions below it."""
        for number in tree.bottom_up(root, self._inputs):
            if number not in self._read:
                self._read[number] = self._expression(number)
        return self._read[root]

    @cached_property
    def unclaimed(self) -> dict[int, tuple[int, ...]]:
        """Inputs of the unreadable expressions; an input that may belong to either of two is given to both."""
        total = self._traverser.add_expressions([])[1]
        views = [self._view(number) for number in range(total)]
        claimed = {found for view, _ in views if view is not None for _, found in _parts(view)}
        inputs: dict[int, tuple[int, ...]] = {}
        waiting: list[int] = []
        for number, (view, reason) in enumerate(views):
            if view is None and reason not in _LEAVES:
                taken = _TAKES.get(reason, len(waiting))
                inputs[number] = tuple(waiting[max(len(waiting) - taken, 0) :])
                # If the number of inputs is unknown, only the last one certainly belongs to it.
                waiting = waiting[: -_TAKES.get(reason, 1)]
            if number in self._roots:
                waiting = []
            elif number not in claimed and type(view).__name__ != "Literal":
                # Literals that were cast to another type remain in the arena without an owner.
                waiting.append(number)
        return inputs

    def _view(self, number: int) -> tuple[Any, str]:
        return _shown(lambda: self._traverser.view_expression(number))

    def _inputs(self, number: int) -> list[int]:
        view, reason = self._view(number)
        if view is not None:
            return [found for _, found in _parts(view)]
        return [] if reason in _LEAVES else list(self.unclaimed[number])

    def _expression(self, number: int) -> Expression:
        view, reason = self._view(number)
        if view is None:
            return self._unreadable(reason, self._inputs(number))
        inputs = tuple((role, self._read[found]) for role, found in _parts(view))
        kind = type(view).__name__
        if kind == "Function":
            name, *arguments = _called(view)
            fields = self._fields(number) if name in _NAMES_FIELDS else ()
            return Expression(Kind.FUNCTION, inputs, _text(name), fields, argument=tuple(arguments))
        if kind == "StructEval":
            fields = ("", *(found.output_name for found in view.evaluation))
            return Expression(Kind.STRUCT, inputs, view.variant, fields)
        form = _FORMS.get(kind, Kind.UNREADABLE)
        return Expression(form, inputs, _name(view, form), scalar=_is_scalar(view))

    def _unreadable(self, reason: str, inputs: list[int]) -> Expression:
        if reason == "list.eval" and not any(self._type(found).is_nested() for found in inputs[:1]):
            reason = "cumulative_eval"
        return Expression(Kind.UNREADABLE, tuple((InputRole.VALUE, self._read[found]) for found in inputs), reason)

    def _type(self, number: int) -> pl.DataType:
        try:
            found: pl.DataType = self._traverser.get_dtype(number)
        except pl.exceptions.PolarsError:
            return pl.Unknown()
        return found

    def _fields(self, number: int) -> tuple[str, ...]:
        kind = self._type(number)
        item = kind.inner if isinstance(kind, pl.List) else kind
        return tuple(field.name for field in item.fields) if isinstance(item, pl.Struct) else ()


_FORMS = {
    "Column": Kind.COLUMN,
    "Literal": Kind.LITERAL,
    "Len": Kind.LENGTH,
    "BinaryExpr": Kind.BINARY,
    "Cast": Kind.CAST,
    "Ternary": Kind.TERNARY,
    "Agg": Kind.AGGREGATE,
    "Explode": Kind.EXPLODE,
    "Filter": Kind.FILTER,
    "Sort": Kind.SORT,
    "SortBy": Kind.SORT,
    "Gather": Kind.GATHER,
    "Slice": Kind.SLICE,
    "Window": Kind.WINDOW,
    "Rolling": Kind.ROLLING,
}

_NAMES_FIELDS = frozenset({"as_struct", "value_counts"})

# Functions whose inputs after the first only choose: how many values, and by what.
_CHOOSES: dict[str, Callable[[int], InputRole]] = {
    "top_k": lambda _: InputRole.CONDITION,
    "top_k_by": lambda place: InputRole.CONDITION if place == 1 else InputRole.SORT,
    "min_by": lambda _: InputRole.SORT,
    "max_by": lambda _: InputRole.SORT,
}


def _parts(view: Any) -> list[tuple[InputRole, int]]:  # noqa: ANN401, C901, PLR0911, PLR0912 - a line a kind
    """Return the inputs of an expression that Polars shows, values first."""
    match type(view).__name__:
        case "BinaryExpr":
            return [(InputRole.VALUE, view.left), (InputRole.VALUE, view.right)]
        case "Cast" | "Explode":
            return [(InputRole.VALUE, view.expr)]
        case "Ternary":
            return [
                (InputRole.VALUE, view.truthy),
                (InputRole.VALUE, view.falsy),
                (InputRole.CONDITION, view.predicate),
            ]
        case "Agg":
            return [(InputRole.VALUE, found) for found in view.arguments]
        case "Function":
            function = _called(view)[0]
            return [(_role(function, place), found) for place, found in enumerate(view.input)]
        case "Filter":
            return [(InputRole.VALUE, view.input), (InputRole.CONDITION, view.by)]
        case "Sort":
            return [(InputRole.VALUE, view.expr)]
        case "SortBy":
            return [(InputRole.VALUE, view.expr), *((InputRole.SORT, found) for found in view.by)]
        case "Gather":
            return [(InputRole.VALUE, view.expr), (InputRole.CONDITION, view.idx)]
        case "Slice":
            return [
                (InputRole.VALUE, view.input),
                (InputRole.CONDITION, view.offset),
                (InputRole.CONDITION, view.length),
            ]
        case "Window":
            keys = [*view.partition_by, *([] if view.order_by is None else [view.order_by])]
            return [(InputRole.VALUE, view.function), *((InputRole.WINDOW, found) for found in keys)]
        case "Rolling":
            return [(InputRole.VALUE, view.function), (InputRole.WINDOW, view.index_column)]
        case "StructEval":
            return [(InputRole.VALUE, view.expr), *((InputRole.VALUE, found.node) for found in view.evaluation)]
    return []


def _called(view: Any) -> tuple[Any, ...]:  # noqa: ANN401
    data = view.function_data
    return data if isinstance(data, tuple) else (data,)


def _role(function: object, place: int) -> InputRole:
    if place == 0:
        return InputRole.VALUE
    if type(function).__name__ == "RollingFunctionBy":
        return InputRole.WINDOW
    return _CHOOSES[function](place) if isinstance(function, str) and function in _CHOOSES else InputRole.VALUE


def _name(view: Any, form: Kind) -> str:  # noqa: ANN401
    if form is Kind.BINARY:
        return _text(view.op).rpartition(".")[2]
    if form is Kind.AGGREGATE and view.name == "count" and view.options:
        return "len"  # nulls too
    return type(view).__name__ if form is Kind.UNREADABLE else getattr(view, "name", "")


def _text(name: object) -> str:
    return name if isinstance(name, str) else repr(name)


def _is_scalar(view: Any) -> bool:  # noqa: ANN401
    return bool(getattr(view, "scalar", False)) or getattr(view, "order_by", None) is not None


def _unshown(reason: str, base: dict[str, Any], expressions: tuple[tree.Named, ...]) -> tree.Node:
    if reason.startswith(_OPAQUE):
        return tree.Opaque(**base)
    if reason.startswith(_TAKES_GROUPS):
        return tree.GroupBy(
            **base, keys=expressions, aggregates=(), index=None, windows=False, keeps_order=False, opaque=True
        )
    unknown = tree.UnknownNode(**base, reason=f"Polars does not show a node of the plan ({reason[:40]})")
    return unknown if base["inputs"] else tree.FileScan(**base)


def _group_by(node: Any, base: dict[str, Any], arena: _Arena) -> tree.Node:  # noqa: ANN401
    timed = node.options.dynamic or node.options.rolling
    return tree.GroupBy(
        **base,
        keys=arena.named(node.keys),
        aggregates=arena.named(node.aggs),
        index=timed.index_column if timed else None,
        windows=node.options.dynamic is not None,
        keeps_order=node.maintain_order,
        opaque=False,
    )


def _join(node: Any, base: dict[str, Any], arena: _Arena) -> tree.Node:  # noqa: ANN401
    how, _, slices, suffix, coalesces, order = node.options
    asof = how if isinstance(how, tuple) else (how, None, None, None, None, None)
    if node.predicate is not None or asof[0] == "IEJoin":
        # A node of the optimiser; the plan as written has a filter over a cross join instead.
        return tree.UnknownNode(**base, reason="a join with a condition of its own")
    return tree.Join(
        **base,
        how=asof[0],
        left_on=arena.named(node.left_on),
        right_on=arena.named(node.right_on),
        left_by=tuple(asof[4] or ()),
        right_by=tuple(asof[5] or ()),
        suffix=suffix,
        coalesces=coalesces,
        order=order,
        slices=slices is not None,
    )


def _distinct(node: Any, base: dict[str, Any], _: _Arena) -> tree.Node:  # noqa: ANN401
    keep, subset, keeps_order, slices = node.options
    columns = None if subset is None else tuple(subset)
    return tree.Distinct(**base, subset=columns, keep=keep, keeps_order=keeps_order, slices=slices is not None)


def _map(node: Any, base: dict[str, Any], _: _Arena) -> tree.Node:  # noqa: ANN401
    name, *arguments = node.function
    match name:
        case "explode":
            return tree.Explode(**base, columns=tuple(arguments[0]))
        case "unnest":
            return tree.Unnest(**base, columns=tuple(arguments[0]), separator=arguments[1])
        case "unpivot":
            index, on, names, values = arguments
            return tree.Unpivot(**base, index=tuple(index), on=tuple(on), names=names, values=values)
        case "row_index":
            return tree.RowNumber(**base, name=arguments[0])
        case "hint_sorted" | "rechunk":
            return tree.PassThrough(**base)
    return tree.UnknownNode(**base, reason=f"the frame function {name} is not known")


_BUILDERS: dict[str, Callable[[Any, dict[str, Any], _Arena], tree.Node]] = {
    "PythonScan": lambda node, base, _: tree.Source(**base, read=_function(node)),
    "DataFrameScan": lambda _, base, __: tree.InMemory(**base),
    "Scan": lambda _, base, __: tree.FileScan(**base),
    "SimpleProjection": lambda _, base, __: tree.PassThrough(**base),
    "Cache": lambda _, base, __: tree.PassThrough(**base),
    "Sink": lambda _, base, __: tree.PassThrough(**base),
    "Select": lambda node, base, arena: tree.Select(**base, columns=arena.named(node.expr), keeps=False),
    "HStack": lambda node, base, arena: tree.Select(**base, columns=arena.named(node.exprs), keeps=True),
    "Filter": lambda node, base, arena: tree.Filter(**base, predicate=arena.read(node.predicate.node)),
    "GroupBy": _group_by,
    "Join": _join,
    "Union": lambda node, base, _: tree.Union(**base, keeps_order=node.maintain_order, slices=node.slice is not None),
    "HConcat": lambda _, base, __: tree.SideBySide(**base),
    "MergeSorted": lambda node, base, _: tree.Merge(**base, key=tuple(node.key)),
    "Distinct": _distinct,
    "Sort": lambda node, base, arena: tree.Sort(
        **base, by=arena.named(node.by_column), stable=node.sort_options[0], slices=node.slice is not None
    ),
    "Slice": lambda _, base, __: tree.Slice(**base),
    "Gather": lambda _, base, __: tree.Gather(**base),
    "MapFunction": _map,
}
