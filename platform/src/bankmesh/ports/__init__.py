"""Output ports on Delta Lake: stage a candidate, measure it, publish it in one commit, read it at a version.

    candidate = stage(port)                        a folder inside the table that no version refers to
    ...                                            Parquet is written into candidate.path
    files = measure_files(candidate, schema, ...)  reads footers only: rows, bytes, statistics
    publish(port, candidate, files, schema, ...)   one metadata-only commit; no row is copied
    open_version(port).scan_polars()               what a reader gets
    withdraw(port, 3, by=..., reason=...)          removes the rows of a bad version and restores those before it

Tables are on a local file system. All paths are ones that Delta Lake also accepts as URIs; the decision
`publish-by-metadata-commit` describes what an object store will need.
"""

from bankmesh.ports.candidate_folders import Candidate, stage
from bankmesh.ports.candidate_measures import CandidateFiles, DataFile, measure_files
from bankmesh.ports.commit_preconditions import schema_conflicts
from bankmesh.ports.confirmations import (
    Confirmation,
    confirm,
    confirmations,
    expire_confirmations,
    fresh_since,
)
from bankmesh.ports.contract_texts import contract_digest, keep_contract, kept_contract
from bankmesh.ports.duckdb_session import connect, delta_extension_path, extension_settings, load_extension
from bankmesh.ports.port_locations import Port, port_at, published_ports
from bankmesh.ports.port_reader import OpenVersion, is_intact, open_version, rest_relation_sql
from bankmesh.ports.publication import Provenance, Publication
from bankmesh.ports.publisher import ReplaceAll, ReplacePartitions, publish, skip_versions
from bankmesh.ports.restore_plan import CannotRestore, sources_by_version
from bankmesh.ports.table_volume import (
    TableCounts,
    TableVolume,
    VolumeBaseline,
    rest_counts,
    volume_after,
    volume_baseline,
)
from bankmesh.ports.version_decisions import Decision, DecisionKind, Withdrawal, WithdrawnVersion
from bankmesh.ports.version_expiry import ExpiryReport, expire
from bankmesh.ports.version_history import (
    VersionNotes,
    at_version,
    find_version,
    hold_of,
    latest,
    newest_good,
    own_publications,
    published_by,
    read_history,
    readable_publications,
    recent_decisions,
    unresumed,
    withdrawals,
)
from bankmesh.ports.version_restore import CheckMix, NotHeld, RestoreResult, resume, roll_back, withdraw

__all__ = [
    "Candidate",
    "CandidateFiles",
    "CannotRestore",
    "CheckMix",
    "Confirmation",
    "DataFile",
    "Decision",
    "DecisionKind",
    "ExpiryReport",
    "NotHeld",
    "OpenVersion",
    "Port",
    "Provenance",
    "Publication",
    "ReplaceAll",
    "ReplacePartitions",
    "RestoreResult",
    "TableCounts",
    "TableVolume",
    "VersionNotes",
    "VolumeBaseline",
    "Withdrawal",
    "WithdrawnVersion",
    "at_version",
    "confirm",
    "confirmations",
    "connect",
    "contract_digest",
    "delta_extension_path",
    "expire",
    "expire_confirmations",
    "extension_settings",
    "find_version",
    "fresh_since",
    "hold_of",
    "is_intact",
    "keep_contract",
    "kept_contract",
    "latest",
    "load_extension",
    "measure_files",
    "newest_good",
    "open_version",
    "own_publications",
    "port_at",
    "publish",
    "published_by",
    "published_ports",
    "read_history",
    "readable_publications",
    "recent_decisions",
    "rest_counts",
    "rest_relation_sql",
    "resume",
    "roll_back",
    "schema_conflicts",
    "skip_versions",
    "sources_by_version",
    "stage",
    "unresumed",
    "volume_after",
    "volume_baseline",
    "withdraw",
    "withdrawals",
]
