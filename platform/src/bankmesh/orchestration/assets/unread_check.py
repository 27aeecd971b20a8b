"""The check of a landing that warns of files which no landing reads."""

from __future__ import annotations

import dagster as dg

from bankmesh.orchestration.assets.event_metadata import OUTCOME
from bankmesh.sources import LegacyObject, PassedOverFiles, UnreadFiles

ALL_READ = "every_file_read"


def all_read(key: dg.AssetKey, item: LegacyObject, passed: PassedOverFiles, unread: UnreadFiles) -> dg.AssetCheckResult:
    """Check for files that the object's patterns pass over, and for files that no object of any system takes."""
    said = {
        "passed over": ", ".join(passed.files),
        "not taken by any object": ", ".join(unread.untaken),
        "repeated": ", ".join(passed.copies),
    }
    # A file without an object is one warning, on the system's first landing.
    complete = not passed.files and not (unread.untaken and unread.first_object == item.name)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ALL_READ,
        passed=complete,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if complete else _unread(item, passed, unread),
        metadata={OUTCOME: "passed" if complete else "warned", **{name: text for name, text in said.items() if text}},
    )


def _unread(item: LegacyObject, passed: PassedOverFiles, unread: UnreadFiles) -> str:
    own = (passed,) if passed.files else ()
    return (
        f"{UnreadFiles(item.system, own, unread.untaken)} Name them in `files` [{item.place}], in "
        "`files: {all: ...}` if all of them belong together, or in `ignore` of the system if they hold no rows."
    )
