"""Measures how far the rows of a candidate have shifted from the profile of a version: over its values and ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.ports import open_version
from bankmesh.products.profiles.kept_profiles import profile_version
from bankmesh.products.profiles.profile_queries import count_groups
from bankmesh.quality.profile_check import ShiftedColumns, total_variation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from bankmesh.contracts.clause_rules import ProfileShift
    from bankmesh.contracts.model import Column, Contract
    from bankmesh.ports import Port
    from bankmesh.products.profiles.candidate_sample import CandidateSample
    from bankmesh.products.profiles.profile_model import ProfiledColumn, VersionProfile
    from bankmesh.products.profiles.row_samples import CountedRows


def measure_shifts(
    contract: Contract,
    port: Port,
    version: int | None,
    sample: CandidateSample,
    rule: ProfileShift,
    connection: duckdb.DuckDBPyConnection,
) -> ShiftedColumns:
    """Return the shifts of the rule's columns in a candidate's table since a version; None is no version.

    Of a column without values in the profile, only the share of nulls is compared; a column that the version lacks is
    not. Raises PortError and duckdb.Error.
    """
    if version is None:
        return ShiftedColumns(None, None, {})
    profile = profile_version(contract, open_version(port, version))
    limited = {name for name, _ in rule.limits}
    columns = tuple(column for column in contract.columns if column.name in limited)
    return ShiftedColumns(version, profile.rows, _shifts(columns, profile, sample.rows(connection), connection))


def _shifts(
    columns: Iterable[Column], profile: VersionProfile, rows: CountedRows, connection: duckdb.DuckDBPyConnection
) -> dict[str, float]:
    shifts = {}
    for column in columns:
        before = profile.column(column.name)
        if before is None or before.type != str(column.type):
            continue
        is_counted = before.kind != "none"
        counts = count_groups(column, before.groups, before.kind, rows.table, connection) if is_counted else []
        after = distribution(rows.nulls[column.name], rows.rows, counts)
        shifts[column.name] = total_variation(_published(before, profile.rows), after)
    return shifts


def _published(column: ProfiledColumn, rows: int) -> list[float]:
    """Return the distribution of a profile, in the order of `count_groups`."""
    nulls = column.nulls
    if nulls is None:  # one to four rows: of the nulls, or of the values, which have no distinct count then
        nulls = 0 if column.distinct is not None else rows
    named = [group.rows for group in column.groups if (group.start, group.end) != (None, None)]
    if column.kind == "values":
        others = sum(group.rows for group in column.groups) - sum(named)
        return distribution(nulls, rows, [*named, others])
    ranges = [group.rows for group in column.groups]
    return distribution(nulls, rows, [*ranges, 0] if ranges else [])


def distribution(nulls: int, rows: int, counts: Sequence[int]) -> list[float]:
    """Return the shares of nulls and of each group, which are 1 together; values without groups are one group.

    `counts` may be those of a sample: their sum represents all rows with a value.
    """
    share = nulls / rows if rows else 0.0
    total = sum(counts)
    if not counts:
        return [share, 1 - share]
    return [share, *((1 - share) * count / total if total else 0.0 for count in counts)]
