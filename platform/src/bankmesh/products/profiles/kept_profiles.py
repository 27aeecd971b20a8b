"""Profiles beside the table of a port: `_profiles/<candidate>.json`, one for each version that a run built.

A profile is written after the commit. A version without one, such as a restored one or one of an earlier release, is
profiled when somebody requests it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.ports import connect, readable_publications
from bankmesh.ports.port_locations import profile_file
from bankmesh.products.inputs.input_classifications import published_classes
from bankmesh.products.profiles.kept_samples import keep_sample
from bankmesh.products.profiles.profile_model import VersionProfile
from bankmesh.products.profiles.profile_queries import profile_relation, profile_rows
from bankmesh.storage.atomic_files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import OpenVersion, Port, Publication
    from bankmesh.products.profiles.candidate_sample import CandidateSample
    from bankmesh.products.profiles.row_samples import StoredSample

_FORMAT = 1
UNKNOWN_CLASS = "its class in this version is not known, so no values are shown"


def profile_candidate(
    contract: Contract, sample: CandidateSample, connection: duckdb.DuckDBPyConnection
) -> tuple[VersionProfile, StoredSample | None] | None:
    """Return the profile of the table that a candidate becomes, and the sampled rows to keep for the next one.

    None if a query fails, which fails no version.
    """
    import duckdb as duckdb_errors

    try:
        return profile_rows(contract, sample.rows(connection), connection), sample.to_store(connection)
    except duckdb_errors.Error:
        return None


def keep_profile(
    port: Port,
    publication: Publication,
    base: int | None,
    profile: VersionProfile,
    sample: StoredSample | None = None,
) -> bool:
    """Store the profile of a version that was just published, and its sample; return whether both were stored.

    `base` is the version whose rows the profile includes where the candidate is a part of the table. If another run has
    published in between, the profile is of another table and is not stored. A file that cannot be written fails no
    published version.
    """
    if publication.provenance.partitions is not None and _version_before(port, publication) != base:
        return False
    place = profile_file(port, publication.candidate)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps({"format": _FORMAT, **profile.to_json()}))
        if sample is not None:
            keep_sample(port, publication, sample)
    except OSError:
        return False
    return True


def _version_before(port: Port, publication: Publication) -> int | None:
    made = (found.version for found in readable_publications(port))
    return next((version for version in made if version < publication.version), None)


def kept_profile(port: Port, publication: Publication) -> VersionProfile | None:
    """Return the stored profile of a version; None if there is none that this release can read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(profile_file(port, publication.candidate).read_text(encoding="utf-8"))
        if record["format"] == _FORMAT:
            return VersionProfile.from_json(record)
    return None


def profile_version(contract: Contract, opened: OpenVersion) -> VersionProfile:
    """Return the profile of an open version: the stored one, else computed from its rows.

    Shows values only of columns that are at most `internal` both now and in the contract of that version. Raises
    PortError and duckdb.Error.
    """
    found = kept_profile(opened.port, opened.publication)
    if found is None:
        with connect() as connection:
            found = profile_relation(contract, opened.duckdb_relation_sql(), connection)
    return withhold_values(found, contract, published_classes(opened.port, opened.publication))


def withhold_values(
    profile: VersionProfile, contract: Contract, classes: Mapping[str, Classification] | None
) -> VersionProfile:
    """Return the profile without values of columns above `internal`, by the contract or by the version's `classes`.

    `classes` is None if they are not known; then no values are shown. Columns that the contract has lost are left out.
    """
    now = {column.name: column.classification for column in contract.columns}
    columns = []
    for column in profile.columns:
        if column.name not in now:
            continue
        before = None if classes is None else classes.get(column.name)
        highest = max(now[column.name], before) if before is not None else None
        if column.kind == "none" or (highest is not None and highest <= Classification.INTERNAL):
            columns.append(column)
            continue
        why = UNKNOWN_CLASS if highest is None else f"it is {highest.label}, so no values are shown"
        columns.append(replace(column, kind="none", groups=(), why=why))
    return replace(profile, columns=tuple(columns))
