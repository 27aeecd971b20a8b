"""The profile of a version as its reader may see it: stored if every row is shown, else counted over governed rows."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.access.metadata_decisions import require_readable, why_no_value
from bankmesh.access.model import MaskMethod
from bankmesh.ports import connect
from bankmesh.products.governed_tables import create_governed_table, recorded_computation
from bankmesh.products.inputs.input_classifications import published_classes
from bankmesh.products.profiles.kept_profiles import kept_profile, withhold_values
from bankmesh.products.profiles.profile_model import ProfiledColumn, VersionProfile
from bankmesh.products.profiles.profile_queries import profile_relation, subject_columns
from bankmesh.products.version_diffs.spill_folders import spill_folder
from bankmesh.sql_text import sql_literal, sql_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.access.model import AccessDecision
    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Column, Contract

_TABLE = "readable_rows"
_MEMORY_LIMIT = "1GB"


def profile_readable(contract: Contract, relation: GovernedRelation) -> VersionProfile:
    """Return the profile of a version as its reader may see it; its columns are all that the version has.

    Of a column that is masked or withheld it has name, type, classification, and why nothing else. If rows are withheld
    too, it is counted over those that the reader may see. The read is recorded; that of a stored profile as one of no
    rows. Raises AccessDenied if nothing is readable, AuditUnavailable, PortError and duckdb.Error.
    """
    decision, opened = relation.decision, relation.opened
    require_readable(decision)
    stored = set(opened.schema.names)
    columns = tuple(column for column in contract.columns if column.name in stored)
    shown = [column.name for column in columns if column.name in decision.shown]
    subjects = [name for name in subject_columns(contract) if name in stored]
    if decision.row_filter.is_everything:
        found = _of_every_row(contract, relation, shown, subjects)
    else:
        found = _of_readable_rows(contract, relation, shown, subjects)
    found = withhold_values(found, contract, published_classes(opened.port, opened.publication))
    return _with_reasons(found, columns, decision)


def _of_every_row(
    contract: Contract, relation: GovernedRelation, shown: Sequence[str], subjects: Sequence[str]
) -> VersionProfile:
    """Return the stored profile, else one that is computed from the files; subjects are counted and never shown."""
    opened = relation.opened
    with recorded_computation(relation, shown, "profile") as read:
        found = kept_profile(opened.port, opened.publication)
        if found is not None or not shown:
            return found or VersionProfile(opened.rows, 0, ())
        names = ", ".join(map(sql_name, dict.fromkeys([*shown, *subjects])))
        with closing(connect()) as connection:
            found = profile_relation(contract, f"(select {names} from {opened.duckdb_relation_sql()})", connection)
        read.append(found.rows)
    return found


def _of_readable_rows(
    contract: Contract, relation: GovernedRelation, shown: Sequence[str], subjects: Sequence[str]
) -> VersionProfile:
    """Return the profile of the rows that the reader may see; without values if their subjects cannot be counted."""
    decision = relation.decision
    countable = [name for name in subjects if name in shown or _is_pseudonym(decision, name)]
    names = list(dict.fromkeys([*shown, *countable]))
    counted = names or [name for name in decision.readable if name in relation.schema][:1]
    with spill_folder(relation.opened.port.home) as spill, closing(connect(memory_limit=_MEMORY_LIMIT)) as connection:
        connection.execute(f"set temp_directory = {sql_literal(str(spill) if spill else '')}")
        create_governed_table(relation, counted, _TABLE, connection, "profile")
        if not names:
            rows = connection.execute(f"select count(*) from {_TABLE}").fetchall()[0][0]
            return VersionProfile(int(rows), 0, ())
        found = profile_relation(contract, _TABLE, connection)
    hidden = [name for name in subjects if name not in countable]
    if not hidden:
        return found
    why = f"the subjects of its rows are withheld from you ({', '.join(hidden)}), so no values are shown"
    return replace(found, columns=tuple(replace(each, kind="none", groups=(), why=why) for each in found.columns))


def _is_pseudonym(decision: AccessDecision, column: str) -> bool:
    mask = decision.of(column).mask
    return mask is not None and mask.method is MaskMethod.PSEUDONYM


def _with_reasons(found: VersionProfile, columns: Sequence[Column], decision: AccessDecision) -> VersionProfile:
    """Return the profile with an entry for each column that is not shown."""

    def entry(column: Column) -> ProfiledColumn | None:
        why = why_no_value(decision, column.name)
        if why is None:
            return found.column(column.name)
        return ProfiledColumn(column.name, str(column.type), column.classification.label, None, None, "none", (), why)

    return replace(found, columns=tuple(each for column in columns if (each := entry(column)) is not None))
