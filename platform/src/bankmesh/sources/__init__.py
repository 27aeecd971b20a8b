"""Legacy systems: declarations of their files, and strict landing of the files as typed Parquet plus rejects.

read_systems ──► LegacyObject ──► prepare ──► Landing ──► accept ──► current_landing
"""

from bankmesh.sources.declarations.declaration_reader import read_system, read_systems
from bankmesh.sources.declarations.source_declaration import LegacyObject, LegacySystem, SourceColumn
from bankmesh.sources.export_files import fingerprint, legacy_files
from bankmesh.sources.landing_expiry import ExpiredLandings, expire_landings
from bankmesh.sources.landing_history import LandingComparison, LandingFigures
from bankmesh.sources.landing_record import COMPLETE_THROUGH, LandedColumn, LandedFile, Landing
from bankmesh.sources.landing_rejects import (
    RecordFault,
    RejectCount,
    RejectedRecord,
    count_rejects,
    describe_rejects,
    read_rejects,
)
from bankmesh.sources.landing_store import (
    Refusal,
    accept,
    current_landing,
    expire_rejects,
    land_compared,
    land_object,
    landing_folder,
    latest_attempt,
    latest_refusal,
    prepare,
)
from bankmesh.sources.object_landing import land
from bankmesh.sources.unread_files import PassedOverFiles, UnreadFiles, passed_over, unread_files

__all__ = [
    "COMPLETE_THROUGH",
    "ExpiredLandings",
    "LandedColumn",
    "LandedFile",
    "Landing",
    "LandingComparison",
    "LandingFigures",
    "LegacyObject",
    "LegacySystem",
    "PassedOverFiles",
    "RecordFault",
    "Refusal",
    "RejectCount",
    "RejectedRecord",
    "SourceColumn",
    "UnreadFiles",
    "accept",
    "count_rejects",
    "current_landing",
    "describe_rejects",
    "expire_landings",
    "expire_rejects",
    "fingerprint",
    "land",
    "land_compared",
    "land_object",
    "landing_folder",
    "latest_attempt",
    "latest_refusal",
    "legacy_files",
    "passed_over",
    "prepare",
    "read_rejects",
    "read_system",
    "read_systems",
    "unread_files",
]
