"""Dependencies of one expression: a walk from its root to the columns that records how each value is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from bankmesh.lineage.composition import chain
from bankmesh.lineage.model import TransformationSubtype
from bankmesh.lineage.sql.duckdb_functions import is_aggregate, is_masking, orders_its_value, picked_by
from bankmesh.lineage.sql.relation_values import CollectedDependencies, RelationValue, folded, made_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bankmesh.lineage.sql.name_scopes import Scope
    from bankmesh.lineage.sql.relation_values import RelationColumn

# Words that DuckDB reads as values if no column has that name, and schemas that may qualify a function.
_CONSTANTS = frozenset(
    {
        *("current_catalog", "current_role", "current_schema", "current_user"),
        *("localtime", "localtimestamp", "session_user", "user"),
    }
)
_FUNCTION_SCHEMAS = frozenset({"main", "system", "pg_catalog"})


def value_of(node: exp.Expr, scope: Scope, matched: tuple[RelationColumn, ...] | None = None) -> RelationValue:
    """Return what the value of an expression depends on.

    `matched` are the columns that `columns(...)` in it represents. Filters, joins and groups of subqueries in it are
    added to the rows of the scope.
    """
    walk = _Walk(scope, matched=matched)
    walk.visit(node, _Use(TransformationSubtype.IDENTITY))
    return walk.gathered.value()


def decides(
    nodes: Iterable[exp.Expr | None],
    how: TransformationSubtype,
    scope: Scope,
    preferred: Mapping[str, RelationValue] | None = None,
) -> RelationValue:
    """Return what a condition on rows, or a key of rows, depends on; `how` is INDIRECT and applies to all its parts.

    `preferred` has the values of single names that, outside of aggregates, take precedence over columns of FROM.
    """
    walk = _Walk(scope, row_level=True)
    walk.preferred = preferred or {}
    for node in nodes:
        walk.visit(node, _Use(how))
    return walk.gathered.value()


def line_of(node: exp.Expr) -> int:
    """Return the line of the query that an expression is on, 0 if the parser recorded none."""
    return next((int(part.meta["line"]) for part in node.walk() if "line" in part.meta), 0)


def dotted(node: exp.Expr) -> tuple[str, ...] | None:
    """Return the parts of `a.b.c` if it consists of names only, else None."""
    if isinstance(node, exp.Identifier):
        return (node.name,)
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return tuple(part.name for part in node.parts)
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Identifier):
        before = dotted(node.this)
        return None if before is None else (*before, node.expression.name)
    return None


@dataclass(frozen=True)
class _Use:
    """The use of a node's value by the enclosing expression."""

    how: TransformationSubtype
    masking: bool = False

    def then(self, how: TransformationSubtype, *, masking: bool = False) -> _Use:
        """Return the use of a part from which the node is made in the way `how`."""
        return _Use(chain(self.how, how), self.masking or masking)


class _Walk:
    """Collector of the dependencies of one expression."""

    def __init__(
        self, scope: Scope, *, row_level: bool = False, matched: tuple[RelationColumn, ...] | None = None
    ) -> None:
        self.scope, self.row_level, self.matched = scope, row_level, matched
        self.gathered = CollectedDependencies()
        self.bound: frozenset[str] = frozenset()
        self.preferred: Mapping[str, RelationValue] = {}

    def visit(self, node: exp.Expr | None, use: _Use) -> None:
        """Add what a part of the expression depends on."""
        if node is not None:
            handler = _HANDLERS.get(type(node))
            if handler is None:
                handler = _Walk.subquery if isinstance(node, (exp.Query, exp.Values)) else _Walk.computed
            handler(self, node, use)

    def take(self, value: RelationValue, use: _Use) -> None:
        self.gathered.add(value, use.how, masking=use.masking)

    def parts(self, nodes: Iterable[exp.Expr | None], use: _Use) -> None:
        for node in nodes:
            self.visit(node, use)

    # --- Names ---------------------------------------------------------------------------------------------

    def column(self, node: exp.Expr, use: _Use) -> None:
        names = tuple(part.name for part in node.parts)  # type: ignore[attr-defined]
        if isinstance(node.this, exp.Star):
            self.named(names[:-1], use.then(TransformationSubtype.TRANSFORMATION), line_of(node))
        else:
            self.named(names, use, line_of(node))

    def identifier(self, node: exp.Expr, use: _Use) -> None:
        """A bare name, which the parser leaves in lambdas and before a method's dot."""
        self.named((node.name,), use, line_of(node))

    def named(self, names: tuple[str, ...], use: _Use, line: int = 0) -> None:
        if folded(names[0]) in self.bound:
            return
        if len(names) == 1 and folded(names[0]) in self.preferred:
            self.take(self.preferred[folded(names[0])].read_on(line), use)
            return
        found = self.scope.column(names)
        if found is not None:
            self.take(found.value.read_on(line), use.then(found.how))
        elif not (len(names) == 1 and folded(names[0]) in _CONSTANTS):
            self.gathered.add(RelationValue(unknown=f"there is no column {'.'.join(names)} where it is used"))

    def dot(self, node: exp.Expr, use: _Use) -> None:
        """A field of a struct, or a function with a dot: `x.lower()`, `main.lower(x)`."""
        names, after = dotted(node.this), node.expression
        if not isinstance(after, exp.Func):
            if names is None:
                self.visit(node.this, use.then(TransformationSubtype.TRANSFORMATION))
            else:
                self.named((*names, after.name), use)
            return
        self.visit(after, use)
        inner = use.then(
            TransformationSubtype.AGGREGATION if is_aggregate(after) else TransformationSubtype.TRANSFORMATION,
            masking=is_masking(after),
        )
        if names is None:
            self.visit(node.this, inner)
        elif names[0] not in _FUNCTION_SCHEMAS or self.scope.column(names) is not None:
            self.named(names, inner)

    def star(self, _node: exp.Expr, use: _Use) -> None:
        """`struct_pack(*)` and the like; `count(*)` is handled by `aggregated`."""
        for shown in self.scope.frame.shown:
            self.take(shown.column.value, use.then(TransformationSubtype.TRANSFORMATION))
        self.gathered.add(RelationValue(unknown=self.scope.frame.open))

    def columns(self, node: exp.Expr, use: _Use) -> None:
        """`columns(...)`: one column at a time in a SELECT list, elsewhere all columns that it picks."""
        picked = self.matched
        if picked is None or node.args.get("unpack"):
            found = self.scope.reading.expand_star(node, self.scope)
            picked = found.columns
            self.gathered.add(RelationValue(unknown=found.open))
        for column in picked:
            self.take(column.value, use)

    def positional(self, node: exp.Expr, use: _Use) -> None:
        """A column of FROM by position: `#2` is the second one."""
        shown, place = self.scope.frame.shown, int(node.this.name)
        if place <= len(shown) and self.scope.frame.open is None:
            self.take(shown[place - 1].column.value, use)
        else:
            self.gathered.add(
                RelationValue(unknown=f"#{place} refers to a position among columns that are not all known")
            )

    # --- Row by row ----------------------------------------------------------------------------------------

    def transparent(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use)

    def computed(self, node: exp.Expr, use: _Use) -> None:
        """Operators and functions without a rule of their own: computed from all their arguments."""
        if is_aggregate(node):
            self.aggregate(node, use)
        else:
            inner = use.then(TransformationSubtype.TRANSFORMATION, masking=is_masking(node))
            # A chain of operators nests to the left and may be hundreds long: too deep for recursion.
            while _is_operator(node) and _is_operator(node.this):
                self.parts((part for part in node.iter_expressions() if part is not node.this), inner)
                node = node.this
            self.parts(node.iter_expressions(), inner)

    def first_part(self, node: exp.Expr, use: _Use) -> None:
        """A cast or a collation, whose other parts are names of types or collations."""
        self.visit(node.this, use.then(TransformationSubtype.TRANSFORMATION))

    def argument(self, node: exp.Expr, use: _Use) -> None:
        """`name := value`."""
        self.visit(node.expression, use.then(TransformationSubtype.TRANSFORMATION))

    def function(self, node: exp.Expr, use: _Use) -> None:
        """A lambda."""
        self.binding({part.name for part in node.expressions}, [node.this], use)

    def comprehension(self, node: exp.Expr, use: _Use) -> None:
        """`[f(x) for x in list if c(x)]`."""
        self.visit(node.args["iterator"], use.then(TransformationSubtype.TRANSFORMATION))
        names = {part.name for part in (node.expression, node.args.get("position")) if part is not None}
        self.binding(names, [node.this, node.args.get("condition")], use)

    def binding(self, names: set[str], nodes: Iterable[exp.Expr | None], use: _Use) -> None:
        before, self.bound = self.bound, self.bound | {folded(name) for name in names}
        self.parts(nodes, use.then(TransformationSubtype.TRANSFORMATION))
        self.bound = before

    def case(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use.then(TransformationSubtype.CONDITIONAL))
        self.parts(node.args["ifs"], use)
        self.visit(node.args.get("default"), use.then(TransformationSubtype.TRANSFORMATION))

    def choice(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use.then(TransformationSubtype.CONDITIONAL))
        self.parts([node.args.get("true"), node.args.get("false")], use.then(TransformationSubtype.TRANSFORMATION))

    def nullif(self, node: exp.Expr, use: _Use) -> None:
        """`case when a = b then null else a end`."""
        self.visit(node.this, use.then(TransformationSubtype.TRANSFORMATION))
        self.parts([node.this, node.expression], use.then(TransformationSubtype.CONDITIONAL))

    def constant(self, node: exp.Expr, use: _Use) -> None:
        """A constant, which depends on nothing."""

    # --- Over many rows ------------------------------------------------------------------------------------

    def aggregate(self, node: exp.Expr, use: _Use) -> None:
        before, self.preferred = self.preferred, {}
        self.aggregated(node, use)
        self.preferred = before

    def aggregated(self, node: exp.Expr, use: _Use) -> None:
        hides = is_masking(node)
        picks = picked_by(node)
        if picks is not None:
            self.parts(picks[0], use.then(TransformationSubtype.AGGREGATION, masking=hides))
            self.parts(picks[1], use.then(TransformationSubtype.SORT))
        elif not (isinstance(node, exp.Count) and isinstance(node.this, exp.Star)):
            self.parts(node.iter_expressions(), use.then(TransformationSubtype.AGGREGATION, masking=hides))

    def filtered(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use)
        self.visit(node.expression.this, use.then(TransformationSubtype.CONDITIONAL))

    def ordered(self, node: exp.Expr, use: _Use) -> None:
        """An order inside an aggregate."""
        self.visit(node.this, use)
        self.parts(node.expressions, use.then(TransformationSubtype.SORT))

    def within_group(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use)
        inner = TransformationSubtype.AGGREGATION if orders_its_value(node.this) else TransformationSubtype.SORT
        self.parts(node.expression.expressions, use.then(inner))

    def window(self, node: exp.Expr, use: _Use) -> None:
        self.visit(node.this, use)
        self.window_keys(node, use.then(TransformationSubtype.WINDOW))

    def window_keys(self, node: exp.Expr, use: _Use) -> None:
        order, spec, base = (node.args.get(part) for part in ("order", "spec", "alias"))
        self.parts(node.args.get("partition_by") or [], use)
        self.parts(order.expressions if order else [], use)
        self.parts(spec.iter_expressions() if spec else [], use)
        named = self.scope.windows.get(folded(base.name)) if base else None
        if named is not None:
            self.window_keys(named, use)

    def unnested(self, node: exp.Expr, use: _Use) -> None:
        """`unnest(list)` in a SELECT list: the value is an element, and the list decides how many rows exist."""
        self.visit(node.this, use.then(TransformationSubtype.TRANSFORMATION))
        self.scope.rows.add(decides([node.this], TransformationSubtype.JOIN, self.scope))

    # --- Queries -------------------------------------------------------------------------------------------

    def subquery(self, node: exp.Expr, use: _Use, *, outermost: bool = False) -> None:
        """A scalar subquery, or the query of IN, ANY and ALL; `outermost` if its order matters."""
        relation = self.scope.reading.evaluate(node, self.scope, outermost=outermost)
        for column in relation.columns:
            self.take(column.value, use)
        self.gathered.add(RelationValue(unknown=relation.open))
        self.rows(relation.rows, use)

    def exists(self, node: exp.Expr, use: _Use) -> None:
        self.rows(self.scope.reading.evaluate(node.this, self.scope).rows, use)

    def rows(self, rows: RelationValue, use: _Use) -> None:
        """Add the row dependencies of an inner query: to the condition that contains it, else to the outer rows."""
        if self.row_level:
            self.gathered.add(made_by(rows, use.how))
        else:
            self.scope.rows.add(rows)

    def listed(self, node: exp.Expr, use: _Use) -> None:
        """`[a, b]`, or `array(select ...)`, which aggregates rows in their order."""
        for item in node.expressions:
            if isinstance(item, exp.Query):
                self.subquery(item, use.then(TransformationSubtype.AGGREGATION), outermost=True)
            else:
                self.visit(item, use.then(TransformationSubtype.TRANSFORMATION))


def _is_operator(node: object) -> bool:
    return isinstance(node, exp.Binary) and type(node) not in _HANDLERS


_HANDLERS: dict[object, Callable[[_Walk, exp.Expr, _Use], None]] = {
    exp.Alias: _Walk.transparent,
    exp.Array: _Walk.listed,
    exp.Case: _Walk.case,
    exp.Cast: _Walk.first_part,
    exp.Collate: _Walk.first_part,
    exp.Column: _Walk.column,
    exp.Columns: _Walk.columns,
    exp.Comprehension: _Walk.comprehension,
    exp.Dot: _Walk.dot,
    exp.Exists: _Walk.exists,
    exp.Explode: _Walk.unnested,
    exp.Filter: _Walk.filtered,
    exp.Grouping: _Walk.constant,
    exp.Identifier: _Walk.identifier,
    exp.If: _Walk.choice,
    exp.IgnoreNulls: _Walk.transparent,
    exp.Kwarg: _Walk.argument,
    exp.Lambda: _Walk.function,
    exp.Literal: _Walk.constant,
    exp.Nullif: _Walk.nullif,
    exp.Order: _Walk.ordered,
    exp.Ordered: _Walk.transparent,
    exp.Paren: _Walk.transparent,
    exp.PositionalColumn: _Walk.positional,
    exp.PropertyEQ: _Walk.argument,
    exp.RespectNulls: _Walk.transparent,
    exp.Star: _Walk.star,
    exp.TryCast: _Walk.first_part,
    exp.Var: _Walk.constant,
    exp.Window: _Walk.window,
    exp.WithinGroup: _Walk.within_group,
}
