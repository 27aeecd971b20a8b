"""Queries of the audit log: who read what, and who read one subject; each shows what its reader may know of others.

A governance auditor sees every entry, owners and stewards those of the products of their domains, and everybody their
own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.access.audit.audit_record import RecordKind, line_digest, parse_position, parse_record
from bankmesh.access.audit.chain_file import chain_file, chain_files, opened_for_reading
from bankmesh.access.audit.subject_lookups import subject_hash, subject_key_id
from bankmesh.access.receipts.read_receipt import sign_receipt
from bankmesh.access.registry.reader_registry import AUDITOR, OF_DOMAINS
from bankmesh.access.signing_keys import load_subject_secret
from bankmesh.errors import UnknownName
from bankmesh.names import split_major

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bankmesh.access.model import Principal
    from bankmesh.access.receipts.read_receipt import Receipt


class EntryState(StrEnum):
    """How a read went; `inspected` is a query of the log itself."""

    ENDED = "ended"
    CANCELLED = "cancelled"
    DENIED = "denied"
    INSPECTED = "inspected"
    UNDER_WAY = "under way"
    INTERRUPTED = "interrupted"


_ENTRIES = {
    RecordKind.BEGIN: EntryState.UNDER_WAY,
    RecordKind.DENIED: EntryState.DENIED,
    RecordKind.INSPECTION: EntryState.INSPECTED,
}
"""The records that queries show, each with its state until another record is found."""


class SubjectMatch(StrEnum):
    """What an entry has to do with the subject that a query is about.

    A read possibly names the subject if its subjects were hashed with another key than the present one, or before
    records named their key: nothing shows then whom it names.
    """

    NAMED = "named"
    POSSIBLE = "possibly named"
    UNNAMED = "nobody named"
    OTHERS = "others named"


@dataclass(frozen=True)
class SubjectQuery:
    """A subject: its hashes by subject domain, the ports that have a column of one of these, and the key's id."""

    hashes: dict[str, frozenset[str]]
    ports: frozenset[str]
    key: str


@dataclass(frozen=True)
class AuditEntry:
    """A read or refusal: its first record, the rows that left if it has ended, and its relation to a subject."""

    position: str
    record: dict[str, Any]
    state: EntryState
    rows: int | None = None
    match: SubjectMatch | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry for scripts; the hashes of subjects are left out."""
        left_out = {"subjects", "subject_key", "unconfined", "previous", "sequence", "kind"}
        facts = {name: value for name, value in self.record.items() if name not in left_out}
        return {
            "position": self.position,
            "state": self.state.value,
            "rows": self.rows,
            "subject": self.match.value if self.match else None,
            **facts,
        }


@dataclass(frozen=True)
class EntryFilter:
    """Which entries a query is about; None means all. `product` is `retail.party` or `retail.party@2`."""

    product: str | None = None
    principal: str | None = None
    since: str | None = None
    subject: SubjectQuery | None = None


def may_see(reader: Principal, record: dict[str, Any]) -> bool:
    """Whether a reader may know of a record."""
    if AUDITOR in reader.roles:
        return True
    if record.get("principal") == reader.id and record.get("issuer") == reader.issuer:
        return True
    domain = str(record.get("port") or "").partition(".")[0]
    return bool(domain and OF_DOMAINS & reader.roles) and domain in reader.domains


def subject_query(home: Path, value: str, domains: Iterable[str], ports: Iterable[str]) -> SubjectQuery:
    """Return the query for a subject. Raises UnusableKey."""
    secret = load_subject_secret(home)
    return SubjectQuery(
        {domain: frozenset({subject_hash(secret, domain, value)}) for domain in domains},
        frozenset(ports),
        subject_key_id(secret),
    )


def query_log(home: Path, wanted: EntryFilter) -> list[AuditEntry]:
    """Return the entries, oldest first. Raises OSError."""
    begun: dict[str, AuditEntry] = {}
    others: list[AuditEntry] = []
    ends: dict[str, dict[str, Any]] = {}
    for file in chain_files(home):
        with opened_for_reading(file) as (_, is_running):
            pass
        for sequence, record in _records(file):
            position = f"{file.stem}:{sequence}"
            if record["kind"] == RecordKind.END:
                ends[str(record.get("read"))] = record
            elif record["kind"] in _ENTRIES and _is_wanted(record, wanted):
                found = _entry(position, record, wanted, is_running=is_running)
                if found is not None and record["kind"] == RecordKind.BEGIN:
                    begun[position] = found
                elif found is not None:
                    others.append(found)
    done = [_ended(entry, ends.get(position)) for position, entry in begun.items()]
    return sorted([*done, *others], key=lambda entry: (entry.record["at"], entry.position))


def find_receipt(home: Path, position: str, reader: Principal) -> Receipt:
    """Return the receipt of the read that begins at a position of the log.

    Raises UnknownName if there is none that has ended, or the reader may not know of it, and UnusableKey.
    """
    try:
        chain, sequence = parse_position(position)
    except ValueError:
        raise UnknownName("read in the audit log", position, ()) from None
    found = find_record(home, chain, sequence)
    if found is None or found[1]["kind"] != RecordKind.BEGIN or not _may_fetch(reader, found[1]):
        raise UnknownName("read in the audit log", position, ())
    end = find_end(home, position)
    if end is None:
        raise UnknownName("read that has ended in the audit log", position, ())
    return sign_receipt(home, position, found[0], found[1], end)


def find_record(home: Path, chain: str, sequence: int) -> tuple[str, dict[str, Any]] | None:
    """Return the digest and the record at a position; None if there is none."""
    file = chain_file(home, chain)
    if file not in chain_files(home):
        return None
    with file.open("rb") as lines:
        for line in lines:
            record = parse_record(line)
            if record is not None and record["sequence"] == sequence:
                return line_digest(line), record
    return None


def find_end(home: Path, position: str) -> dict[str, Any] | None:
    """Return the record that ends the read of a position; it is in another chain if a forked child has ended it."""
    own = chain_file(home, parse_position(position)[0])
    for file in (own, *(file for file in chain_files(home) if file != own)):
        for _, record in _records(file) if file.is_file() else ():
            if record["kind"] == RecordKind.END and record.get("read") == position:
                return record
    return None


def _may_fetch(reader: Principal, record: dict[str, Any]) -> bool:
    is_own = record.get("principal") == reader.id and record.get("issuer") == reader.issuer
    return is_own or AUDITOR in reader.roles


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with file.open("rb") as lines:
        for line in lines:
            if (record := parse_record(line)) is not None and line.endswith(b"\n"):
                yield record["sequence"], record


def _is_wanted(record: dict[str, Any], wanted: EntryFilter) -> bool:
    if wanted.product is not None and not _is_of(str(record.get("port")), wanted.product):
        return False
    if wanted.principal is not None and record.get("principal") != wanted.principal:
        return False
    return wanted.since is None or record["at"] >= wanted.since


def _is_of(port: str, product: str) -> bool:
    name, major = split_major(product)
    return port == product if major is not None and major != 1 else split_major(port)[0] == name


def _entry(position: str, record: dict[str, Any], wanted: EntryFilter, *, is_running: bool) -> AuditEntry | None:
    match = _match(record, wanted.subject) if wanted.subject else None
    if wanted.subject and match is None:
        return None
    if record["kind"] != RecordKind.BEGIN:
        return AuditEntry(position, record, _ENTRIES[record["kind"]], None, match)
    return AuditEntry(position, record, EntryState.UNDER_WAY if is_running else EntryState.INTERRUPTED, None, match)


def _match(record: dict[str, Any], subject: SubjectQuery) -> SubjectMatch | None:
    if record["kind"] != RecordKind.BEGIN:
        return None
    found: dict[str, list[str]] = record.get("subjects") or {}
    if any(hashes & set(found.get(domain, ())) for domain, hashes in subject.hashes.items()):
        return SubjectMatch.NAMED
    if record.get("port") not in subject.ports:
        return None
    is_confined = subject.hashes.keys().isdisjoint(record.get("unconfined", subject.hashes))
    if not is_confined or not any(found.get(domain) for domain in subject.hashes):
        return SubjectMatch.UNNAMED
    return SubjectMatch.OTHERS if record.get("subject_key") == subject.key else SubjectMatch.POSSIBLE


def _ended(entry: AuditEntry, end: dict[str, Any] | None) -> AuditEntry:
    if end is None:
        return entry
    state = EntryState.CANCELLED if end.get("cancelled") else EntryState.ENDED
    return AuditEntry(entry.position, entry.record, state, end.get("rows"), entry.match)
