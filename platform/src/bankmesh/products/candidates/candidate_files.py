"""Parts of a candidate that both engines share: its data file, and the checks of its columns and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.errors import TransformError, shorten_list

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.contracts.build_casts import CastLoss
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import CandidateFiles

DATA_FILE = "part-0.parquet"
"""The only data file of a candidate without partitions."""


@dataclass(frozen=True)
class WrittenCandidate:
    """The number of rows that a build wrote, and the losses of its casts."""

    rows: int
    losses: tuple[CastLoss, ...]


def require_columns(delivered: Sequence[str], contract: Contract) -> None:
    """Compare the delivered columns with the promised ones. Raises TransformError that names each difference."""
    if repeated := repeated_columns(delivered):
        raise TransformError(contract.port, repeated, f"Name each column of the query once, as {contract.file} has it.")
    promised = [column.name for column in contract.columns]
    missing = [name for name in promised if name not in delivered]
    surplus = [name for name in delivered if name not in promised]
    if missing or surplus:
        problem = "; ".join(
            f"{what}: {names}"
            for what, names in (
                ("promised but not delivered", ", ".join(missing)),
                ("delivered but not promised", shorten_list(surplus)),
            )
            if names
        )
        raise TransformError(contract.port, problem, f"Fix the transform or {contract.file}.")


def repeated_columns(delivered: Sequence[str]) -> str | None:
    """Describe columns that a query delivers more than once, with positions; None if none. DuckDB ignores case."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(delivered, start=1):
        places.setdefault(name.lower(), []).append(at)
    repeated = [
        f"{delivered[at[0] - 1]} is delivered {len(at)} times, as columns {' and '.join(map(str, at))}"
        for at in places.values()
        if len(at) > 1
    ]
    return f"{'; '.join(repeated)} of {len(delivered)}" if repeated else None


def require_rows(contract: Contract, folder: Path, files: CandidateFiles, rows: int | None) -> None:
    """Check that the files hold the rows that the build wrote. Raises TransformError if a file or a row is missing.

    A build that writes no file is a fault, not an empty product, unless it is partitioned and has no rows.
    """
    hint = "Run it again; if it happens again, the engine or the disk loses rows."
    if contract.partitioning is None and not (folder / DATA_FILE).is_file():
        raise TransformError(contract.port, "the build wrote no file", hint)
    if rows is not None and rows != files.rows:
        problem = f"the build wrote {rows:,} rows, but its files hold {files.rows:,}"
        raise TransformError(contract.port, problem, hint)
