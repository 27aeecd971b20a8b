"""Verification of one chain of the audit log against its registration and its anchors; pure, it reads no file.

What it finds: a record that was changed, removed, inserted or moved, a tail that was cut off behind an anchor, a chain
that another one was copied over, and forged registrations and anchors. What it cannot find: that records after the last
anchor were removed or changed together, `ANCHOR_SECONDS` of a process that was killed, and changes by a
holder of the files, the database and the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.access.audit.audit_chain import UNANCHORED_SECONDS
from bankmesh.access.audit.audit_record import FIRST_PREVIOUS, RecordKind, line_digest, parse_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bankmesh.access.audit.chain_anchors import ChainAnchor, ChainRegistration

_PATIENCE = 2 * UNANCHORED_SECONDS


class ChainState(StrEnum):
    """How far a chain has come."""

    CLOSED = "closed"
    RUNNING = "running"
    KILLED = "ended without closing"


class Tampering(StrEnum):
    """What was done to a chain."""

    CHANGED = "changed"
    TRUNCATED = "truncated"
    MISSING = "missing"
    FOREIGN = "foreign"
    UNREGISTERED = "unregistered"
    FORGED = "forged"
    UNANCHORED = "unanchored"


@dataclass(frozen=True)
class ChainFault:
    """One fault of a chain; `sequence` is the record at which it shows, None for the chain as a whole."""

    kind: Tampering
    sequence: int | None
    message: str

    def __str__(self) -> str:
        where = "" if self.sequence is None else f"record {self.sequence}: "
        return f"{where}{self.message} [{self.kind}]"


@dataclass(frozen=True)
class ChainReport:
    """What verification found of a chain.

    Attributes:
        chain: its name.
        state: whether it is closed, running, or its process was killed.
        records: complete records.
        faults: what was done to it; empty if nothing was.
        begun: the positions of reads that have no end in this chain, with the record of each.
        ended: the positions of reads that end in this chain and began in another one.
        torn_bytes: bytes of an incomplete last line, which a kill or a loss of power leaves.
        unanchored: records after the last anchor: their removal would not be noticed.
    """

    chain: str
    state: ChainState
    records: int = 0
    faults: tuple[ChainFault, ...] = ()
    begun: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    ended: frozenset[str] = frozenset()
    torn_bytes: int = 0
    unanchored: int = 0


def verify_chain(
    chain: str,
    lines: Iterable[bytes],
    registration: ChainRegistration | None,
    anchors: Sequence[ChainAnchor],
    *,
    is_running: bool,
) -> ChainReport:
    """Verify a chain, given the lines of its file with their line feeds; only the last line may lack one."""
    found = _ChainReader(chain, {anchor.sequence: [] for anchor in anchors})
    for anchor in anchors:
        found.anchored[anchor.sequence].append(anchor)
    for line in lines:
        found.read(line)
    found.check_registration(registration)
    found.check_anchors(anchors, is_running=is_running)
    state = ChainState.CLOSED if found.is_closed else ChainState.RUNNING if is_running else ChainState.KILLED
    last = max((anchor.sequence for anchor in anchors), default=-1)
    return ChainReport(
        chain,
        state,
        found.count,
        tuple(found.faults),
        found.begun,
        frozenset(found.ended),
        found.torn,
        max(0, found.count - 1 - last),
    )


def missing_chain(registration: ChainRegistration) -> ChainReport:
    """Return the report of a registered chain whose file is gone."""
    fault = ChainFault(Tampering.MISSING, None, "it is registered, and its file is gone")
    return ChainReport(registration.chain, ChainState.KILLED, faults=(fault, *_registration_faults(registration)))


class _ChainReader:
    """The lines of a chain, read one after another."""

    def __init__(self, chain: str, anchored: dict[int, list[ChainAnchor]]) -> None:
        self.chain, self.anchored = chain, anchored
        self.faults: list[ChainFault] = []
        self.begun: dict[str, dict[str, Any]] = {}
        self.ended: set[str] = set()
        self.count = self.torn = 0
        self.is_closed = False
        self.first = ""
        self._previous, self._expected = FIRST_PREVIOUS, 0
        self._late: tuple[str, str] | None = None

    def read(self, line: bytes) -> None:
        if not line.endswith(b"\n"):
            self.torn = len(line)
            return
        record, digest = parse_record(line), line_digest(line)
        if record is None:
            self._note(Tampering.CHANGED, self._expected, "the line is no record")
        else:
            self._check_link(record)
            self._check_content(record)
        sequence = self._expected if record is None else record["sequence"]
        for anchor in self.anchored.get(sequence, ()):
            if not anchor.fault and anchor.digest != digest:
                self._note(Tampering.CHANGED, sequence, f"it is not the record that was anchored at {anchor.at}")
        self.first = self.first or digest
        self.count += 1
        self._previous, self._expected = digest, sequence + 1

    def check_registration(self, registration: ChainRegistration | None) -> None:
        if registration is None:
            if self.count or self.torn:
                self._note(Tampering.UNREGISTERED, None, "it is not registered in the access database")
            return
        self.faults += _registration_faults(registration)
        if self.first and not registration.fault and registration.first != self.first:
            self._note(Tampering.CHANGED, 0, "it is not the record that was registered")

    def check_anchors(self, anchors: Sequence[ChainAnchor], *, is_running: bool) -> None:
        for anchor in anchors:
            if anchor.fault:
                self._note(Tampering.FORGED, anchor.sequence, f"an anchor is not to be trusted: {anchor.fault}")
            elif anchor.sequence >= self._expected:
                message = f"the chain ends at record {self._expected - 1}, and this one was anchored at {anchor.at}"
                self._note(Tampering.TRUNCATED, anchor.sequence, message)
        if self._late and _seconds(*self._late) > _PATIENCE and not is_running:
            message = f"records from {self._late[0]} to {self._late[1]} have no anchor, longer than a process may go on"
            self._note(Tampering.UNANCHORED, None, message)

    def _check_link(self, record: dict[str, Any]) -> None:
        sequence = record["sequence"]
        if sequence != self._expected:
            message = f"record {self._expected} was expected here: records were removed, inserted or moved"
            self._note(Tampering.CHANGED, sequence, message)
        elif record["previous"] != self._previous:
            message = "it does not follow from the record before it: one of them was changed"
            self._note(Tampering.CHANGED, sequence, message)
        if self.is_closed:
            self._note(Tampering.CHANGED, sequence, "it comes after the end of the chain")

    def _check_content(self, record: dict[str, Any]) -> None:
        kind, sequence = record["kind"], record["sequence"]
        if (kind == RecordKind.OPEN) != (sequence == 0):
            self._note(Tampering.CHANGED, sequence, "a chain has one opening, its first record")
        if kind == RecordKind.OPEN and record.get("chain") != self.chain:
            self._note(Tampering.FOREIGN, sequence, f"the file holds the chain {record.get('chain')}")
        if kind == RecordKind.BEGIN:
            self.begun[f"{self.chain}:{sequence}"] = record
        if kind == RecordKind.END and self.begun.pop(str(record.get("read")), None) is None:
            self.ended.add(str(record.get("read")))
        self.is_closed = self.is_closed or kind == RecordKind.CLOSE
        if sequence > max(self.anchored, default=-1):
            self._late = (self._late[0] if self._late else record["at"], record["at"])

    def _note(self, kind: Tampering, sequence: int | None, message: str) -> None:
        self.faults.append(ChainFault(kind, sequence, message))


def _registration_faults(registration: ChainRegistration) -> list[ChainFault]:
    return [ChainFault(Tampering.FORGED, None, registration.fault)] if registration.fault else []


def _seconds(first: str, last: str) -> float:
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")
