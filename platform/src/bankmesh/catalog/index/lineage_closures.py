"""Transitive closures of the lineage graph: everything that a column or dataset is made from, or is used for.

A recursive query finds the members of the closure, a second one the edges between them (in a joined query, PostgreSQL
would read all edges). Distances are then counted in Python. A table that reads its own last version is a cycle, which
the query terminates on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import sqlalchemy as sa

from bankmesh.catalog.index import tables
from bankmesh.catalog.index.lineage_rows import column_id
from bankmesh.errors import UnknownName
from bankmesh.lineage.lineage_graph import ROWS, Edge
from bankmesh.lineage.model import ColumnRef, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

_AT_ONCE = 5_000
_T = TypeVar("_T")
_Row = tuple[str, str, str, str, str, bool]  # source, its column, target, its column, how, masking
_DIRECT = sorted(how.value for how in TransformationSubtype if how.kind is TransformationType.DIRECT)


class ReachedColumn(NamedTuple):
    """A column in a closure: its distance in steps, and whether a path of only DIRECT steps leads to it."""

    ref: ColumnRef
    depth: int
    direct: bool


@dataclass(frozen=True)
class ColumnClosure:
    """Everything that a column depends on, or that depends on it.

    Attributes:
        start: the column that the closure starts from.
        reached: the other columns, nearest first, including rows of datasets (`*`).
        edges: every dependency between these columns.
        opaque: those of their datasets that are made by a step without a plan.
        gaps: those of these columns whose lineage could not be derived, with the reason.
    """

    start: ColumnRef
    reached: tuple[ReachedColumn, ...]
    edges: tuple[Edge, ...]
    opaque: frozenset[str]
    gaps: Mapping[ColumnRef, str]


def upstream(connection: Connection, ref: ColumnRef, *, direct_only: bool = False) -> ColumnClosure:
    """Return what a column is made from; `direct_only` leaves out what only decides which rows or values are taken.

    Raises UnknownName if there is no such dataset or column.
    """
    return _closure(connection, ref, up=True, direct=direct_only)


def downstream(connection: Connection, ref: ColumnRef, *, direct_only: bool = False) -> ColumnClosure:
    """Return what is made from a column. Arguments and errors as for `upstream`."""
    return _closure(connection, ref, up=False, direct=direct_only)


def upstream_datasets(connection: Connection, dataset: str) -> dict[str, int]:
    """Return the datasets that `dataset` is made from, with the number of steps between. Raises UnknownName."""
    return _datasets(connection, dataset, up=True)


def downstream_datasets(connection: Connection, dataset: str) -> dict[str, int]:
    """Return the datasets that are made from `dataset`, with the number of steps between. Raises UnknownName."""
    return _datasets(connection, dataset, up=False)


def column_ref(connection: Connection, name: str) -> ColumnRef:
    """Return the column of a name: `retail.party.birth_date`, `retail.party@2.name`, `legacy.crm.client.phone`.

    Raises UnknownName if there is no such dataset or column.
    """
    dataset, _, column = name.rpartition(".")
    ref = ColumnRef(dataset, column)
    _require(connection, ref)
    return ref


def _members(*, up: bool, direct: bool) -> sa.Select[Any]:
    """Return the recursive query for the ids of a closure, which reads each column once."""
    edges = tables.edges
    here, there = (edges.c.target_id, edges.c.source_id) if up else (edges.c.source_id, edges.c.target_id)
    found = sa.select(sa.bindparam("start", type_=sa.BigInteger).label("id")).cte("found", recursive=True)
    step = sa.select(there).select_from(found.join(edges, here == found.c.id))
    if direct:
        step = step.where(edges.c.how.in_(_DIRECT))
    return sa.select(found.union(step).c.id)


_MEMBERS = {(up, direct): _members(up=up, direct=direct) for up in (True, False) for direct in (True, False)}


def _edges(connection: Connection, members: Sequence[int], *, up: bool, direct: bool) -> list[_Row]:
    edges = tables.edges
    here = edges.c.target_id if up else edges.c.source_id
    query = sa.select(
        edges.c.source_dataset,
        edges.c.source_column,
        edges.c.target_dataset,
        edges.c.target_column,
        edges.c.how,
        edges.c.masking,
    )
    if direct:
        query = query.where(edges.c.how.in_(_DIRECT))
    found: list[_Row] = []
    for start in range(0, len(members), _AT_ONCE):
        rows = connection.execute(query.where(here.in_(members[start : start + _AT_ONCE]))).all()
        found += cast("list[_Row]", [tuple(row) for row in rows])
    return found


def _closure(connection: Connection, start: ColumnRef, *, up: bool, direct: bool) -> ColumnClosure:
    _require(connection, start)
    members: Sequence[int] = connection.scalars(_MEMBERS[up, direct], {"start": _id(start)}).all()
    rows = _edges(connection, members, up=up, direct=direct)
    reached = _reached(start, rows, up=up)
    # Each ColumnRef is created once, because each column has many edges.
    refs = {(found.ref.dataset, found.ref.column): found.ref for found in reached}
    refs[start.dataset, start.column] = start
    hows = {how.value: how for how in TransformationSubtype}
    edges = [Edge(refs[row[0], row[1]], refs[row[2], row[3]], hows[row[4]], row[5]) for row in rows]
    known = {start, *(found.ref for found in reached)}
    datasets = {ref.dataset for ref in known}
    gaps = [row for row in connection.execute(sa.select(tables.gaps)) if row.dataset in datasets]
    opaque: sa.ScalarResult[str] = connection.scalars(sa.select(tables.datasets.c.id).where(tables.datasets.c.opaque))
    return ColumnClosure(
        start,
        reached,
        tuple(edges),
        frozenset(opaque) & datasets,
        {ref: row.reason for row in gaps if (ref := ColumnRef(row.dataset, row.column_name)) in known},
    )


def _reached(start: ColumnRef, rows: Iterable[_Row], *, up: bool) -> tuple[ReachedColumn, ...]:
    """Return the reached columns with their depths, found breadth-first, and whether DIRECT steps alone reach them."""
    beside: dict[tuple[str, str], list[tuple[str, str]]] = {}
    passing: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows:
        source, target = (row[0], row[1]), (row[2], row[3])
        here, there = (target, source) if up else (source, target)
        beside.setdefault(here, []).append(there)
        if row[4] in _DIRECT:
            passing.setdefault(here, []).append(there)
    first = (start.dataset, start.column)
    depths, direct = _depths(first, beside), _depths(first, passing)
    del depths[first]
    ordered = sorted((depth, name) for name, depth in depths.items())
    return tuple(ReachedColumn(ColumnRef(*name), depth, name in direct) for depth, name in ordered)


def _id(ref: ColumnRef) -> int:
    return column_id(ref.dataset, ref.column)


def _depths(start: _T, beside: Mapping[_T, Sequence[_T]]) -> dict[_T, int]:
    found = {start: 0}
    front = [start]
    while front:
        following = []
        for here in front:
            for there in beside.get(here, ()):
                if there not in found:
                    found[there] = found[here] + 1
                    following.append(there)
        front = following
    return found


def _datasets(connection: Connection, dataset: str, *, up: bool) -> dict[str, int]:
    _require_dataset(connection, dataset)
    flows = tables.flows
    here, there = (flows.c.target, flows.c.source) if up else (flows.c.source, flows.c.target)
    found = sa.select(sa.bindparam("start", type_=sa.Text).label("id")).cte("found", recursive=True)
    found = found.union(sa.select(there).select_from(found.join(flows, here == found.c.id)))
    query = sa.select(here.label("here"), there.label("there")).select_from(found.join(flows, here == found.c.id))
    beside: dict[str, list[str]] = {}
    for row in connection.execute(query, {"start": dataset}):
        beside.setdefault(row.here, []).append(row.there)
    depths = _depths(dataset, beside)
    del depths[dataset]
    return dict(sorted(depths.items(), key=lambda item: (item[1], item[0])))


def _require(connection: Connection, ref: ColumnRef) -> None:
    _require_dataset(connection, ref.dataset)
    table = tables.columns
    names: set[str] = set(connection.scalars(sa.select(table.c.name).where(table.c.dataset == ref.dataset)))
    if ref.column not in names | {ROWS}:
        raise UnknownName(f"column of {ref.dataset}", ref.column, names)


def _require_dataset(connection: Connection, dataset: str) -> None:
    names: set[str] = set(connection.scalars(sa.select(tables.datasets.c.id)))
    if dataset not in names:
        raise UnknownName("dataset", dataset, names)
