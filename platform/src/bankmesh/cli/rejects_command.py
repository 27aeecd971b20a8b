"""`mesh rejects`: the records that a landing rejected, by file, line, column and reason."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.access.metadata_decisions import owns_facts
from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.access.registry.reader_registry import STEWARD, STEWARDSHIP
from bankmesh.catalog.landing_status import landing_status
from bankmesh.catalog.reject_texts import read_reject_texts, require_reject_texts
from bankmesh.cli.get_command import MOST_ROWS
from bankmesh.cli.name_completion import complete_source
from bankmesh.cli.output import JsonOption, ago, count, print_json, print_table, warn_of_reader
from bankmesh.errors import BankmeshError
from bankmesh.settings import current_settings
from bankmesh.sources import Landing, count_rejects, read_rejects
from bankmesh.workspace.domain_folders import declared_ports
from bankmesh.workspace.landing_names import (
    LandingName,
    declared_landings,
    matching_landings,
    require_readable_declarations,
    unknown_input,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bankmesh.access.metadata_reader import MetadataReader
    from bankmesh.settings import Settings
    from bankmesh.sources import Refusal, RejectCount, RejectedRecord

SHOWN = 20


class RawTextRefused(BankmeshError):
    """The raw text of rejects was requested for an output other than a terminal."""

    is_wrong_call = True

    def __init__(self, where: str) -> None:
        super().__init__(
            f"--raw shows the rejected text, which may contain any data, only on a terminal, not {where}. "
            "Leave --raw out for file, line, column and reason."
        )


@dataclass(frozen=True)
class ObjectRejects:
    """The rejects of the last attempt to land an object.

    `landing` is None if it was never landed, or if a file was refused as a whole, which `refusal` explains. Counts and
    records are empty where `is_withheld`: they are for owners and stewards of the domain, and auditors.
    """

    object: LandingName
    landing: Landing | None
    state: str
    counts: tuple[RejectCount, ...]
    records: tuple[RejectedRecord, ...]
    refusal: Refusal | None = None
    is_withheld: bool = False

    @property
    def expired(self) -> bool:
        """Whether there were rejects that have expired."""
        return self.landing is not None and self.landing.rejects_expired


def rejects(
    target: Annotated[
        str,
        typer.Argument(
            help="domain.product, or a landing: system.object.",
            metavar="PRODUCT|LANDING",
            autocompletion=complete_source,
        ),
    ],
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Show the rejected text too; only on a terminal.")] = False,
    limit: Annotated[
        int, typer.Option(min=0, max=MOST_ROWS, help="Maximum number of records of each landing.")
    ] = SHOWN,
    as_json: JsonOption = False,
) -> None:
    """Show the records that the last landing rejected: of one landing, or of all that a product reads.

    Files, lines and reasons are for owners and stewards of the domain and auditors; everybody sees how many there are.
    """
    if raw and as_json:
        raise RawTextRefused("in JSON")
    if raw and not sys.stdout.isatty():
        raise RawTextRefused("in a file or a pipe")
    settings = current_settings()
    reader = current_metadata_reader(settings, decides=False)
    named = _resolve(target, settings)
    for name in named if raw else ():
        require_reject_texts(settings.home, reader, name)
    warn_of_reader(reader)
    found = [_rejects_of(item, settings.home, limit, reader, raw=raw) for item in named]
    if as_json:
        print_json([_facts(item) for item in found])
    else:
        _print(found, raw=raw)
    for item in found:
        if item.is_withheld and item.landing is not None and item.landing.rejects:
            sys.stderr.write(f"mesh: {_withheld(item.object)}\n")


def _withheld(name: LandingName) -> str:
    """Return who sees the records of a landing, and the command that would work."""
    token = f"`mesh token issue --role {STEWARD} --domain {name.domain}`"
    return (
        f"the records that {name.full} rejected are for owners and stewards of {name.domain}, and auditors. "
        f"{token} issues such a token; {STEWARDSHIP} is its purpose."
    )


def _resolve(target: str, settings: Settings) -> list[LandingName]:
    """Return the landings that the target names or, if it is a product, reads. Raises UnknownName."""
    declared = declared_landings(settings.root)
    name = target.replace("/", ".")
    ports = declared_ports(settings.root)
    if name in ports:
        return _read_by(name, ports[name].parent.parent.name, settings.root)
    if named := matching_landings(declared, target):
        return named
    require_readable_declarations(settings.root)
    raise unknown_input(target, ports, declared)


def _read_by(port: str, domain: str, root: Path) -> list[LandingName]:
    """Return the landings that a product reads directly, by its code, whether or not it was ever published."""
    from bankmesh.orchestration.code_locations import load_products
    from bankmesh.products.product_definition import LegacyInput

    product = load_products(root, domain).get(port)
    inputs = product.inputs.values() if product else ()
    return sorted({LandingName(i.domain, i.system, i.object) for i in inputs if isinstance(i, LegacyInput)})


def _rejects_of(item: LandingName, home: Path, limit: int, reader: MetadataReader, *, raw: bool) -> ObjectRejects:
    status, is_withheld = landing_status(home, item), not owns_facts(reader.principal, item.domain)
    landing = status.attempt
    if landing is None or is_withheld:
        return ObjectRejects(item, landing, status.state, (), (), status.refusal, is_withheld)
    counts = count_rejects(landing.rejects_paths)
    if raw:
        records = read_reject_texts(home, reader, item, landing, limit)
    else:
        records = read_rejects(landing.rejects_paths, limit)
    return ObjectRejects(item, landing, status.state, counts, records)


def _facts(item: ObjectRejects) -> dict[str, Any]:
    landing = item.landing
    return {
        "landing": item.object.full,
        "domain": item.object.domain,
        "system": item.object.system,
        "object": item.object.object,
        "state": item.state,
        "refused_at": item.refusal.at.isoformat() if item.refusal else None,
        "refusal": item.refusal.message if item.refusal else None,
        "landed_at": landing.landed_at.isoformat() if landing else None,
        "records": landing.rows_in if landing else None,
        "rejects": landing.rejects if landing else None,
        "rejects_tolerated": landing.rejects_tolerated if landing else None,
        "expired": item.expired,
        "by_reason": None if item.is_withheld else [*map(_count_facts, item.counts)],
        "rejected": None if item.is_withheld else [*map(_record_facts, item.records)],
    }


def _count_facts(found: RejectCount) -> dict[str, Any]:
    return {"column": found.fault.column, "reason": found.fault.reason, "rejects": found.rejects}


def _record_facts(record: RejectedRecord) -> dict[str, Any]:
    faults = [{"column": fault.column, "reason": fault.reason} for fault in record.faults]
    return {"file": record.file, "line": record.line, "faults": faults}


def _print(found: Sequence[ObjectRejects], *, raw: bool) -> None:
    if not found:
        typer.echo("The product reads no landing directly.")
        return
    print_table(("landing", "state", "rejects", "records", "tolerated", "landed"), (_state(item) for item in found))
    records = [row for item in found for row in _records(item, raw=raw)]
    if records:
        typer.echo()
        headings = ("file", "line", "column", "reason", *(["raw text"] if raw else []))
        print_table(headings, records)
    totals = [
        (item.object.full, c.fault.column or "-", c.fault.reason, count(c.rejects))
        for item in found
        for c in item.counts
    ]
    if totals:
        typer.echo()
        print_table(("landing", "column", "reason", "rejects"), totals)
    for item in found:
        if item.refusal:
            typer.echo(f"\nThe files of {item.object.full} were refused:\n{item.refusal.message}")
        if item.expired:
            typer.echo(f"The rejects of {item.object.full} have expired. Land its files again to see them.", err=True)


def _state(item: ObjectRejects) -> tuple[str, ...]:
    landing = item.landing
    if landing is None:
        when = ago(item.refusal.at) if item.refusal else "never"
        return (item.object.full, item.state, "-", "-", "-", when)
    counts = (count(landing.rejects), count(landing.rows_in), landing.rejects_tolerated)
    return (item.object.full, item.state, *counts, ago(landing.landed_at))


def _records(item: ObjectRejects, *, raw: bool) -> Iterator[tuple[str, ...]]:
    for record in item.records:
        text = [printable(record.raw or "")] if raw else []
        for fault in record.faults:
            yield (record.file, str(record.line), fault.column or "-", fault.reason, *text)
            text = [""] if raw else []


def printable(text: str) -> str:
    """Return the text without terminal control characters: an escape becomes a backslash and `x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
