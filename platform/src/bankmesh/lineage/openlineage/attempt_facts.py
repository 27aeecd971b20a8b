"""What a step says of itself, in plain values: the events are made from these and from nothing else.

No value of the data is among them; texts of errors are those that the run itself may show.
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
    """A column: name, type as people write it, description and classification."""

    name: str
    type: str
    description: str
    classification: str


@dataclass(frozen=True)
class InputFacts:
    """A dataset as a step reads it.

    Attributes:
        ref: how the step's lineage names it: `retail.party`, `core_banking.account`.
        logical: how people name it, unlike `ref` also across domains.
        version: the Delta version or fingerprint read; None where it is not known.
        fields: its columns, so that a backend that has not heard of its maker knows them.
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
    """What makes it: the text of a query or a program, and where that stands.

    `language` is `sql` or `python`; `url` and `path` say where the file is, `commit` at which state of the repository.
    """

    language: str
    text: str
    dialect: str | None = None
    url: str | None = None
    path: str | None = None
    commit: str | None = None


@dataclass(frozen=True)
class JobFacts:
    """The job: what it is called, who owns it, how it works. `kind` is OpenLineage's `jobType`."""

    name: str
    owner: str
    description: str
    kind: str
    code: CodeFacts | None = None


@dataclass(frozen=True)
class RunFacts:
    """One attempt. `root` is the run or backfill that it belongs to in the end: an id and a job's name.

    `nominal` are the first moment of the first partition and the first moment after the last.
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
    """A clause that was held against the data. `holds` is what the data say, whatever the severity."""

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
    """How an attempt ended, as far as it is known; what is not known is left out of the event.

    Attributes:
        version, rows, bytes, files: of what was published.
        nulls: nulls in what was built, by column.
        lineage: where each column comes from, in terms of the inputs' `ref`.
        assertions: the gate, clause by clause.
        error: why it failed.
        read: version, rows and bytes of inputs, by `ref`, of which the START could not know them.
    """

    version: str | None = None
    rows: int | None = None
    bytes: int | None = None
    files: int | None = None
    built_rows: int | None = None
    nulls: Mapping[str, int] = field(default_factory=dict, hash=False)
    lineage: StepLineage | None = None
    code: CodeFacts | None = None
    assertions: tuple[AssertionFacts, ...] = ()
    error: str | None = None
    read: Mapping[str, tuple[str, int, int]] = field(default_factory=dict, hash=False)
