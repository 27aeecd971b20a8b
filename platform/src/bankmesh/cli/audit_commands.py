"""`mesh audit` and `mesh verify`: the log of who read what, and the receipts of reads."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bankmesh.access.audit.audit_log import AuditLog
from bankmesh.access.audit.audit_query import (
    AuditEntry,
    EntryFilter,
    SubjectMatch,
    find_receipt,
    may_see,
    query_log,
    subject_query,
)
from bankmesh.access.audit.log_verification import verify_log
from bankmesh.access.audit.receipt_check import check_receipt
from bankmesh.access.errors import IdentityRefused
from bankmesh.access.signing_keys import UnusableKey, read_public_key
from bankmesh.access.tokens.current_reader import current_principal
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.output import JsonOption, count, print_json, print_table
from bankmesh.errors import BankmeshError, UnknownName
from bankmesh.names import split_major
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from bankmesh.access.audit.audit_query import SubjectQuery
    from bankmesh.access.audit.log_verification import LogReport
    from bankmesh.access.model import Principal
    from bankmesh.settings import Settings

app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Verify the audit log, find who read what, and fetch receipts."
)
_ALL = (SubjectMatch.NAMED, SubjectMatch.POSSIBLE, SubjectMatch.UNNAMED, None)


class NoSubject(BankmeshError):
    """A query names a subject of no product, or of one whose contract names no subject."""

    is_wrong_call = True


class NoMoment(BankmeshError):
    """A text is no moment."""

    is_wrong_call = True


class NoReceipt(BankmeshError):
    """A file holds no receipt."""

    is_wrong_call = True


@app.command()
def verify(*, as_json: JsonOption = False) -> None:
    """Verify every chain of the audit log. Exit 1 if anything was changed, removed or added."""
    report = verify_log(current_settings().home)
    if as_json:
        print_json(_report_json(report))
    else:
        _print_report(report)
    raise typer.Exit(0 if report.is_intact else 1)


@app.command()
def query(
    subject: Annotated[
        str | None,
        typer.Option(metavar="VALUE", help="A value of the product's subject column: a customer's id."),
    ] = None,
    product: Annotated[str | None, typer.Option(metavar="DOMAIN.PRODUCT", help="Reads of this product.")] = None,
    principal: Annotated[str | None, typer.Option(metavar="ID", help="Reads of this reader.")] = None,
    since: Annotated[str | None, typer.Option(metavar="MOMENT", help="Reads from then on, in ISO 8601.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show who read what: your own reads, those of your domains' products as owner or steward, all as auditor.

    With --subject, reads that look the subject up come first, in all products with subjects of that kind. The query is
    recorded, without the subject.
    """
    settings = current_settings()
    with _refusals_on_record(settings, None, product):
        reader = current_principal(settings)
    wanted = EntryFilter(
        product=None if subject is not None else product,
        principal=principal,
        since=None if since is None else _moment(since),
        subject=None if subject is None else _subject(settings, subject, product),
    )
    entries = [entry for entry in query_log(settings.home, wanted) if may_see(reader, entry.record)]
    AuditLog(settings.home).inspected(reader, product, by_subject=subject is not None, records=len(entries))
    if as_json:
        print_json([entry.to_json() for entry in entries])
    else:
        _print_entries(entries)


@app.command()
def receipt(
    position: Annotated[str, typer.Argument(metavar="POSITION", help="CHAIN:SEQUENCE, from `mesh audit query`.")],
) -> None:
    """Print the receipt of a read, for its own reader or a governance auditor, as JSON."""
    settings = current_settings()
    with _refusals_on_record(settings, None):
        reader = current_principal(settings)
    with _refusals_on_record(settings, reader):
        found = find_receipt(settings.home, position, reader)
    print_json(found)


def verify_receipt(
    receipt_file: Annotated[
        str, typer.Argument(metavar="RECEIPT", help="A file with a receipt in JSON; - is standard input.")
    ],
    key: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The public key in PEM; then neither a mesh home nor a workspace is needed.",
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Say whether a receipt is valid, and why not. Exit 1 if it is not."""
    found = _read_receipt(receipt_file)
    outcome = (
        check_receipt(None, found, _public_key(key))
        if key is not None
        else check_receipt(current_settings().home, found, None)
    )
    if as_json:
        print_json({"valid": outcome.is_valid, **asdict(outcome)})
    else:
        typer.echo(str(outcome))
    raise typer.Exit(0 if outcome.is_valid else 1)


@contextmanager
def _refusals_on_record(settings: Settings, reader: Principal | None, product: str | None = None) -> Iterator[None]:
    """Record that somebody without a valid token queries the log, or requests what is not theirs, and raise it on."""
    try:
        yield
    except (IdentityRefused, UnknownName) as error:
        AuditLog(settings.home).denied(reader, product or "audit", None, way="audit", why=type(error).__name__)
        raise


def _public_key(file: Path) -> Ed25519PublicKey:
    """Return the key of `--key`; a file that holds none is a wrong call, since exit 1 means an invalid receipt."""
    try:
        return read_public_key(file)
    except UnusableKey as error:
        raise typer.BadParameter(str(error)) from None


def _read_receipt(place: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if place == "-" else Path(place).read_text(encoding="utf-8")
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise NoReceipt(f"There is no file {place}.") from None
    except OSError as error:
        raise NoReceipt(f"{place} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NoReceipt(f"{place} holds no receipt: it is no JSON object. `mesh audit receipt` prints one.")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object. Raises ValueError for a name that it has twice: other readers may take the other value."""
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name occurs twice in an object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and infinity, which are no JSON: they would be verified as null."""
    raise ValueError(f"{name} is no JSON")


def _moment(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
        moment = found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoMoment(f"{text!r} is no moment. Write a date or a moment in ISO 8601, such as 2026-01-31.") from None
    return moment.isoformat(timespec="microseconds")


def _subject(settings: Settings, value: str, product: str | None) -> SubjectQuery:
    if product is None:
        raise NoSubject("--subject needs --product: the product whose column holds the value.")
    if value.encode(errors="replace").decode() != value:
        raise NoSubject("The value of --subject is not UTF-8. Write it in UTF-8, as the product's column has it.")
    contracts = workspace_contracts(settings.root)
    contract = find_contract(contracts, *split_major(product))
    domains = set(contract.subject_columns.values())
    if not domains:
        raise NoSubject(f"The contract of {contract.port} marks no column as the key of a subject.")
    ports = [other.port for other in contracts if domains & set(other.subject_columns.values())]
    return subject_query(settings.home, value, domains, ports)


def _print_entries(entries: list[AuditEntry]) -> None:
    shown = sorted((entry for entry in entries if entry.match in _ALL), key=lambda entry: _ALL.index(entry.match))
    by_subject = any(entry.match is not None for entry in entries)
    headings = ("at", "reader", "purpose", "product", "way", "rows", "state", "position", *(["subject"] * by_subject))
    print_table(headings, [_row(entry, by_subject=by_subject) for entry in shown])
    if hidden := len(entries) - len(shown):
        typer.echo(f"{count(hidden)} further reads name other subjects alone; --json lists them.", err=True)


def _row(entry: AuditEntry, *, by_subject: bool) -> tuple[str, ...]:
    record = entry.record
    version = "" if record.get("version") is None else f" version {record['version']}"
    row = (
        record["at"][:19].replace("T", " "),
        str(record.get("principal") or "-"),
        str(record.get("purpose") or "-"),
        f"{record.get('port') or '-'}{version}",
        str(record.get("way") or "-"),
        count(entry.rows),
        f"{entry.state.value} ({record['why']})" if record.get("why") else entry.state.value,
        entry.position,
    )
    return (*row, entry.match.value) if by_subject and entry.match else row


def _report_json(report: LogReport) -> dict[str, Any]:
    return {
        "intact": report.is_intact,
        "database": report.has_database,
        "chains": [
            {
                "chain": chain.chain,
                "state": chain.state.value,
                "records": chain.records,
                "unanchored": chain.unanchored,
                "torn_bytes": chain.torn_bytes,
                "faults": [asdict(fault) for fault in chain.faults],
            }
            for chain in report.chains
        ],
        "interrupted": [asdict(read) for read in report.interrupted],
        "under_way": report.under_way,
    }


def _print_report(report: LogReport) -> None:
    for chain in report.chains:
        for found in chain.faults:
            typer.echo(f"{chain.chain}: {found}")
        if chain.torn_bytes:
            typer.echo(
                f"{chain.chain}: its last line is incomplete ({chain.torn_bytes} bytes): a kill, or a loss of power"
            )
    for read in report.interrupted:
        typer.echo(f"{read.position}: {read.principal} began to read {read.port} at {read.at}, and was interrupted")
    if not report.has_database and report.chains:
        typer.echo("The access database is gone, so nothing shows whether chains were removed or cut off.")
    records = sum(chain.records for chain in report.chains)
    open_tail = sum(chain.unanchored for chain in report.chains)
    faults = sum(len(chain.faults) for chain in report.chains)
    typer.echo(
        f"Chains: {count(len(report.chains))}, records: {count(records)}, faults: {count(faults)}; "
        f"reads under way: {count(report.under_way)}, interrupted: {count(len(report.interrupted))}; "
        f"records that are not anchored: {count(open_tail)}."
    )
