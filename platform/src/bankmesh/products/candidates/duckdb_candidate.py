"""Writing of a query's rows as the Parquet files of a candidate, cast to the types that the contract promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bankmesh.contracts.build_casts import count_losses, plan_casts
from bankmesh.contracts.delivered_types import duckdb_delivered
from bankmesh.products.candidates.candidate_files import DATA_FILE, WrittenCandidate, require_columns
from bankmesh.products.candidates.duckdb_casts import projection
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.build_casts import Cast
    from bankmesh.contracts.model import Contract


class Cursor(Protocol):
    """The part of a DuckDB cursor that is needed here."""

    def execute(self, query: str) -> Any:  # noqa: ANN401 - DuckDB's cursor
        """Run one statement."""


def write_candidate(cursor: Cursor, query: str, contract: Contract, folder: Path) -> WrittenCandidate:
    """Write the rows of `query` into `folder`, in the contract's columns and types.

    Raises TransformError if the query delivers other columns than promised, or one twice; CastsRefused if it delivers
    a type that cannot become the promised one. DuckDB's own errors are not caught: they may quote values.
    """
    delivered = describe_query(cursor, query)
    require_columns([name for name, _ in delivered], contract)
    spelled = {name: duckdb_delivered(spelling) for name, spelling in delivered}
    casts = plan_casts(contract, spelled)
    sequences = {cast.column: f"bankmesh_lost_{at}" for at, cast in enumerate(casts) if cast.is_checked}
    for sequence in sequences.values():
        cursor.execute(f"create or replace sequence {sequence}")
    copied = cursor.execute(_copy(query, casts, sequences, contract, folder)).fetchall()
    lost = {column: _count(cursor, sequence) for column, sequence in sequences.items()}
    return WrittenCandidate(int(copied[0][0]), count_losses(casts, lost))


def describe_query(cursor: Cursor, query: str) -> list[tuple[str, str]]:
    """Return names and types of a query's columns, in its order and spelling: a name can occur twice."""
    # The line break ends a comment in the query's last line.
    return [(name, spelling) for name, spelling, *_ in cursor.execute(f"describe {query}\n").fetchall()]


def _copy(query: str, casts: Sequence[Cast], sequences: dict[str, str], contract: Contract, folder: Path) -> str:
    items = ", ".join(projection(cast, sequences.get(cast.column)) for cast in casts)
    options = ["format parquet", "compression zstd"]
    target = folder / DATA_FILE
    if contract.partitioning:
        target = folder
        options += [f"partition_by ({sql_name(contract.partitioning.column)})", "overwrite_or_ignore true"]
    return f"copy (select {items} from ({query}\n) as built) to {sql_literal(str(target))} ({', '.join(options)})"


def _count(cursor: Cursor, sequence: str) -> int:
    found = cursor.execute(f"select last_value from duckdb_sequences() where sequence_name = {sql_literal(sequence)}")
    (count,) = found.fetchone()
    return int(count or 0)
