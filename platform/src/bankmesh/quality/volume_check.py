"""The clause `volume`: compares the table after publication with the published one. From the Delta log, without a scan.

Only distinct values of columns, if a contract names any, need a query.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.shrink_tolerance import GUARDED_FROM, CountChange, has_shrunk
from bankmesh.quality import result_messages
from bankmesh.quality.clause_results import ClauseResult, Outcome
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    import duckdb

    from bankmesh.contracts.clause_rules import Volume
    from bankmesh.contracts.model import Clause, Contract
    from bankmesh.contracts.shrink_tolerance import AcceptedShrink
    from bankmesh.ports import TableVolume, VolumeBaseline


@dataclass(frozen=True)
class VolumeChange:
    """The input of the clause: the version before (None for the first one), and the table after publication.

    `relation` has the rows of the table after publication. `accepted` is a person's decision that covers this
    candidate.
    """

    before: VolumeBaseline | None
    after: TableVolume
    relation: str
    accepted: AcceptedShrink | None = None


def check_volume(
    contract: Contract, clause: Clause, rule: Volume, change: VolumeChange | None, connection: duckdb.DuckDBPyConnection
) -> ClauseResult:
    """Evaluate the clause; errored if the figures are missing or a query of distinct values fails."""
    started = time.perf_counter()
    if change is None:
        return _errored(contract, clause, _NoFigures())
    try:
        figures = volume_figures(rule, change, connection)
    except Exception as error:  # noqa: BLE001 - becomes the clause's outcome
        return _errored(contract, clause, error)
    guarded = change.before is not None and change.before.volume.rows >= GUARDED_FROM
    lost = [figure for figure in figures if guarded and has_shrunk(figure, rule.tolerance)]
    accepted = change.accepted if lost else None
    return ClauseResult(
        clause,
        Outcome.FAILED if lost and accepted is None else Outcome.PASSED,
        change.after.rows,
        None,
        change.after.rows,
        _message(contract, clause, rule, change, figures, lost, accepted),
        time.perf_counter() - started if rule.distinct else None,
        accepted,
    )


def volume_figures(rule: Volume, change: VolumeChange, connection: duckdb.DuckDBPyConnection) -> list[CountChange]:
    """Return figures of rows, partitions if there are any, and distinct values; none without a version before."""
    if change.before is None:
        return []
    before, after = change.before.volume, change.after
    figures = [CountChange("rows", before.rows, after.rows)]
    if before.partitions is not None and after.partitions is not None:
        figures.append(CountChange("partitions", before.partitions, after.partitions))
    if before.rows < GUARDED_FROM:
        return figures
    # A column that the version before lacks has no values to lose.
    columns = [name for name in rule.distinct if _has_column(change.before.relation, name, connection)]
    was = _distinct_values(change.before.relation, columns, connection)
    now = _distinct_values(change.relation, columns, connection)
    return figures + [CountChange(f"distinct {name}", was[name], now[name]) for name in columns]


def _has_column(relation: str, name: str, connection: duckdb.DuckDBPyConnection) -> bool:
    query = f"select count(*) from (describe select * from {relation}) where column_name = {sql_literal(name)}"
    row = connection.execute(query).fetchone()
    return row is not None and row[0] > 0


def _distinct_values(relation: str, columns: list[str], connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    if not columns:
        return {}
    counts = ", ".join(f"count(distinct {sql_name(name)})" for name in columns)
    row = connection.execute(f"select {counts} from {relation}").fetchone() or ()
    return dict(zip(columns, map(int, row), strict=True))


def _message(
    contract: Contract,
    clause: Clause,
    rule: Volume,
    change: VolumeChange,
    figures: list[CountChange],
    lost: list[CountChange],
    accepted: AcceptedShrink | None,
) -> str:
    head = f"volume{result_messages.scope(clause)}"
    if change.before is None:
        return f"{head}: {change.after.rows:,} rows; there is no version before to compare with."
    compared = f"{head}: {', '.join(map(str, figures))} since version {change.before.version}"
    if change.before.volume.rows < GUARDED_FROM:
        return f"{compared}; compared from {GUARDED_FROM} rows on."
    said = f"{compared}; at most {rule.tolerance:f} % fewer."
    if accepted is not None:
        return f"{said} {accepted.note}"
    if lost:
        return (
            f'{said} If the loss is correct, accept it for one run: `mesh run {contract.port} --accept-shrink "why"`, '
            "or the run tag bankmesh/accept_shrink in the UI."
        )
    return said


class _NoFigures(Exception):
    """The caller passed no figures of the table to the gate."""

    written_for_users = True

    def __str__(self) -> str:
        return "the gate received no figures of the published version"


def _errored(contract: Contract, clause: Clause, error: Exception) -> ClauseResult:
    message = result_messages.unevaluated(contract, clause, error, None)
    return ClauseResult(clause, Outcome.ERRORED, None, None, None, message, None)
