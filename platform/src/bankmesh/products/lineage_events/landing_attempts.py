"""OpenLineage events of an attempt to land a legacy object, from its declaration and the landing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.lineage.landing_lineage import heading, landing_lineage
from bankmesh.lineage.lineage_graph import landing_id, legacy_id
from bankmesh.lineage.openlineage.attempt_events import attempt
from bankmesh.lineage.openlineage.attempt_facts import (
    AssertionFacts,
    AttemptEnd,
    CodeFacts,
    FieldFacts,
    InputFacts,
    JobFacts,
    OutputFacts,
)
from bankmesh.lineage.openlineage.openlineage_names import dataset_name
from bankmesh.names import landing_asset
from bankmesh.products.code.repository_links import code_place
from bankmesh.products.lineage_events.product_lineage import COMPLETE_FIELD, column_field, run_facts
from bankmesh.sources import landing_folder
from bankmesh.sources.landing_history import TOLERANCE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bankmesh.lineage.openlineage.attempt_events import Attempt
    from bankmesh.products.build_run import StepRun
    from bankmesh.sources import Landing, LandingComparison, LegacyObject


def record_landing(
    step: StepRun, item: LegacyObject, domain: str, exports: Path, home: Path
) -> AbstractContextManager[Attempt]:
    """Return the context of an attempt at a landing."""
    return attempt(
        step.keep_event,
        run_facts(step, landing_asset(domain, item.system, item.name), "landing"),
        landing_job(item, domain),
        [legacy_input(item, exports)],
        landing_output(item, domain, landing_folder(home, domain, item.system, item.name)),
    )


def landing_job(item: LegacyObject, domain: str) -> JobFacts:
    """Return the job that lands a legacy object; its code is the declaration."""
    return JobFacts(
        landing_id(domain, item.system, item.name), item.owner, item.description, "LANDING", _declaration(item)
    )


def _declaration(item: LegacyObject) -> CodeFacts:
    file = Path(item.place.file)
    place = code_place(file)
    return CodeFacts("yaml", file.read_text(encoding="utf-8"), None, place.url, place.path, place.commit)


def legacy_input(item: LegacyObject, exports: Path) -> InputFacts:
    """Return the legacy object as its system delivers it: the files under the declaration's first name.

    Objects that may share their files have a fragment, because their fields differ: `day.txt#batch`.
    """
    files = str((exports / item.folder / item.files[0]).absolute())
    return InputFacts(
        ref=f"{item.system}.{item.name}",
        logical=legacy_id(item.system, item.name),
        name=dataset_name(f"{files}#{item.name}" if item.shares_files else files),
        version=None,
        fields=tuple(FieldFacts(heading(c), str(c.type), c.description, c.classification.label) for c in item.in_file),
        owner=item.owner,
        description=item.description,
    )


def landing_output(item: LegacyObject, domain: str, place: Path) -> OutputFacts:
    """Return the landing as an output: typed Parquet, internal to its domain."""
    return OutputFacts(
        logical=landing_id(domain, item.system, item.name),
        name=dataset_name(str(place)),
        fields=(
            *map(column_field, item.columns),
            COMPLETE_FIELD,
        ),
        owner=item.owner,
        description=item.description,
        tags=(("domain", domain), ("stage", "landing"), ("classification", item.classification.label)),
    )


def landing_checks(landing: Landing, comparison: LandingComparison) -> tuple[AssertionFacts, ...]:
    """Return the promises of a landing, with their results."""
    promises = (
        ("every_row_accounted_for", landing.balanced, "Rows in = rows landed + rejects, counted separately.", None),
        ("rejects_tolerated", landing.within_tolerance, f"At most {landing.rejects_tolerated}.", landing.rejects),
        (
            "history_kept",
            comparison.is_kept,
            f"At most {TOLERANCE} % fewer rows than the last accepted landing, and none older.",
            None,
        ),
    )
    return tuple(
        AssertionFacts(name, "row_count", None, "error", holds, "passed" if holds else "failed", text, count)
        for name, holds, text, count in promises
    )


def landed(landing: Landing, comparison: LandingComparison, item: LegacyObject) -> AttemptEnd:
    """Return the ending of a landing, whether it is acceptable or not."""
    current = landing.acceptable and comparison.is_kept
    size = sum(file.size for file in landing.files)
    return AttemptEnd(
        version=landing.fingerprint if current else None,
        rows=landing.rows if current else None,
        bytes=landing.rows_bytes,
        built_rows=landing.rows,
        lineage=landing_lineage(item),
        assertions=landing_checks(landing, comparison),
        read={f"{item.system}.{item.name}": (landing.fingerprint, landing.rows_in, size)},
    )
