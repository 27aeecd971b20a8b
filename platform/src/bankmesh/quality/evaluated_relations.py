"""Relations that a gate evaluates: the candidate, the table that it becomes, and published rows that it refers to."""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.clause_rules import ProfileShift
    from bankmesh.quality.classification_check import ClassificationFlow
    from bankmesh.quality.profile_check import ShiftedColumns
    from bankmesh.quality.volume_check import VolumeChange

_numbers = itertools.count(1)


@dataclass(frozen=True)
class GateRelations:
    """The relations of an evaluation, as SQL that can follow FROM on the gate's connection.

    `candidate` holds what is about to be published. `table` is the whole table after publication: candidate and kept
    rows; None if the candidate is the whole table. `kept` holds only the published rows that this run does not replace;
    with it, uniqueness over the whole table compares the candidate's keys with the kept ones instead of grouping all
    rows again. That assumes that the kept rows are unique among themselves, as an earlier gate has found. `references`
    maps product ids to the published rows that foreign keys point to. `casts` is what the build lost in casts to the
    promised types, `volume` the figures for the clause `volume`, `classification` the lineage for the clause of that
    name; without them, these clauses are errored. `shifts` measures the columns of the clause `profile`.
    """

    candidate: str
    table: str | None = None
    kept: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    casts: tuple[CastLoss, ...] | None = None
    volume: VolumeChange | None = None
    classification: ClassificationFlow | None = None
    shifts: Callable[[ProfileShift, duckdb.DuckDBPyConnection], ShiftedColumns] | None = None


@dataclass
class RelationViews:
    """Temporary views over the relations of one evaluation, so that only DuckDB's parser reads the relations' SQL.

    `names` maps a role (`candidate`, `table`, `kept`, a product id) to a view, `broken` to the error of a missing one.
    `casts` is what the build lost, see `GateRelations`.
    """

    connection: duckdb.DuckDBPyConnection
    casts: tuple[CastLoss, ...] | None = None
    names: dict[str, str] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)

    def add(self, role: str, relation: str) -> None:
        """Create a view; an error is stored for the clauses that need it."""
        name = f"bankmesh_gate_{next(_numbers)}"
        try:
            self.connection.execute(f"create temp view {name} as select * from {relation}")
        except Exception as error:  # noqa: BLE001 - a relation that cannot be read errors its clauses
            self.broken[role] = error
        else:
            self.names[role] = name

    def drop(self) -> None:
        """Drop all views."""
        for name in self.names.values():
            with suppress(Exception):  # temporary anyway; a failure must not lose a result
                self.connection.execute(f"drop view if exists {name}")
