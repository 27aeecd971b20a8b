"""Facts about a step as plain values, the only source of the OpenLineage events.

They contain no value of the data; error texts are those that the run itself may show.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.openlineage.openlineage_names import DatasetName


@dataclass(frozen=True)
class FieldFacts:
    """A column: name, type as the contract writes it, description and classification."""

    name: str
    type: str
    description: str
    classification: str


@dataclass(frozen=True)
class InputFacts:
    """A dataset as a step reads it.

    Attributes:
        ref: its name in the step's lineage: `retail.party`, `core_banking.account`.
        logical: its logical name, which, unlike `ref`, is unique across domains.
        version: the Delta version or fingerprint read; None where it is not known.
        fields: its columns, so that a backend has them even without an event of the job that made the dataset.
    """

    ref: str
    logical: str
    name: DatasetName
    version: str | None
    rows: int | None = None
    bytes: int | None = None
    fields: tuple[FieldFacts, ...] = ()
    owner: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class OutputFacts:
    """The dataset that a step makes; `tags` are name and value."""

    logical: str
    name: DatasetName
    fields: tuple[FieldFacts, ...]
    owner: str
    description: str
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CodeFacts:
    """The code of a job: the text of a query or a program, and the location of its file.

    `language` is `sql` or `python`. `url` and `path` locate the file, `commit` is the revision of its repository.
    """

    language: str
    text: str
    dialect: str | None = None
    url: str | None = None
    path: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class JobFacts:
    """A job: its name, owner, description and code. `kind` is OpenLineage's `jobType`."""

    name: str
    owner: str
    description: str
    kind: str
    code: CodeFacts | None = None


@dataclass(frozen=True)
class RunFacts:
    """One attempt of a step. `root` is the outermost run or backfill that it belongs to: an id and a job name.

    `nominal` holds the start of the first partition and the end, exclusive, of the last.
    """

    dagster_run: str
    dagster_job: str
    step: str
    attempt: int
    asset: str
    root: tuple[str, str]
    engine: tuple[str, str]
    nominal: tuple[datetime, datetime] | None = None


@dataclass(frozen=True)
class AssertionFacts:
    """A contract clause that was evaluated on the data. `holds` is the result, independent of the severity."""

    name: str
    rule: str
    column: str | None
    severity: str
    holds: bool
    outcome: str
    description: str
    failing_rows: int | None = None


@dataclass(frozen=True)
class AttemptEnd:
    """How an attempt ended, as far as it is known; unknown facts are left out of the event.

    Attributes:
        version, rows, bytes: of the published table.
        nulls: number of nulls in the built data, by column.
        lineage: column lineage, in terms of the inputs' `ref`.
        assertions: the gate's result for each clause.
        error: why it failed.
        read: version, rows and bytes of inputs, by `ref`, for inputs whose START event could not have them.
    """

    version: str | None = None
    rows: int | None = None
    bytes: int | None = None
    built_rows: int | None = None
    nulls: Mapping[str, int] = field(default_factory=dict, hash=False)
    lineage: StepLineage | None = None
    code: CodeFacts | None = None
    assertions: tuple[AssertionFacts, ...] = ()
    error: str | None = None
    read: Mapping[str, tuple[str, int, int]] = field(default_factory=dict, hash=False)
