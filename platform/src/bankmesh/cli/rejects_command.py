"""`mesh rejects`: the records that a landing rejected, by file, line, column and reason."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.catalog.landing_status import landing_status
from bankmesh.cli.name_completion import complete_source
from bankmesh.cli.output import JsonOption, ago, count, print_json, print_table
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

    `landing` is None if it was never landed, or if a file was refused as a whole, which `refusal` explains.
    """

    object: LandingName
    landing: Landing | None
    state: str
    counts: tuple[RejectCount, ...]
    records: tuple[RejectedRecord, ...]
    refusal: Refusal | None = None

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
    limit: Annotated[int, typer.Option(min=0, help="Maximum number of records of each landing.")] = SHOWN,
    as_json: JsonOption = False,
) -> None:
    """Show the records that the last landing rejected: of one landing, or of all that a product reads."""
    if raw and as_json:
        raise RawTextRefused("in JSON")
    if raw and not sys.stdout.isatty():
        raise RawTextRefused("in a file or a pipe")
    settings = current_settings()
    found = [_rejects_of(item, settings.home, limit, raw=raw) for item in _resolve(target, settings)]
    if as_json:
        print_json([_facts(item) for item in found])
        return
    _print(found, raw=raw)


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


def _rejects_of(item: LandingName, home: Path, limit: int, *, raw: bool) -> ObjectRejects:
    status = landing_status(home, item)
    if status.attempt is None:
        return ObjectRejects(item, None, status.state, (), (), status.refusal)
    paths = status.attempt.rejects_paths
    rejected = count_rejects(paths), read_rejects(paths, limit, raw=raw)
    return ObjectRejects(item, status.attempt, status.state, *rejected)


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
        "by_reason": [{"column": c.fault.column, "reason": c.fault.reason, "rejects": c.rejects} for c in item.counts],
        "rejected": [
            {
                "file": record.file,
                "line": record.line,
                "faults": [{"column": fault.column, "reason": fault.reason} for fault in record.faults],
            }
            for record in item.records
        ],
    }


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
