"""What an import could not carry over as it was, each with where it is and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {
    "left out": "Left out: it has no counterpart, and products may lack it",
    "changed": "Changed: it is here in another form",
    "review": "To review: proposed from names and data",
}
"""The kinds of findings, with their headings, the most important first."""


@dataclass(frozen=True, order=True)
class ImportFinding:
    """One thing to know about the import: what it is about, where it is in the foreign project, and what to do."""

    kind: str
    topic: str
    subject: str
    action: str


def report_text(project: str, domain: str, findings: Iterable[ImportFinding]) -> str:
    """Return the report as Markdown, a table for each kind of finding."""
    found = sorted(set(findings), key=lambda finding: (list(KINDS).index(finding.kind), finding))
    lines = [f"# Import of the dbt project {project} into {domain}", ""]
    lines += ["Written by `mesh import dbt`; running it again writes it anew.", ""]
    for kind, group in groupby(found, key=lambda finding: finding.kind):
        lines += [f"## {KINDS[kind]}", "", "| what | where | what to do |", "| --- | --- | --- |"]
        lines += [f"| {_cell(f.topic)} | {_cell(f.subject)} | {_cell(f.action)} |" for f in group]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
