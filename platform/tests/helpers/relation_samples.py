"""A published product with canaries in all that a reader may not see, and relations over it, for tests of reading."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import cedarpy
import polars as pl
from diff_samples import PORT, key_column, party_contract, party_port, publish_party

from bankmesh.access.errors import AccessDenied
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.masks.pseudonyms import PseudonymKey
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Principal, Reason, RowFilter
from bankmesh.access.relations.governed_relation import GovernedRelation
from bankmesh.access.row_filters.filter_compiler import PartialResult, compile_residuals
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.ports import open_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import ColumnType, Contract
    from bankmesh.ports import OpenVersion

COLUMNS: dict[str, dict[str, Any]] = {
    "id": key_column("integer"),
    "name": {"logicalType": "string"},
    "national_id": {"logicalType": "string"},
    "phone": {"logicalType": "string"},
    "born": {"logicalType": "date"},
    "joined": {"logicalType": "timestamp"},
    "postcode": {"logicalType": "string"},
    "visits": {"logicalType": "integer", "physicalType": "integer"},
    "balance": {"logicalType": "number", "physicalType": "decimal(18,2)"},
    "score": {"logicalType": "number", "physicalType": "double"},
    "tags": {"logicalType": "array", "items": {"logicalType": "string"}},
    "referrer": {"logicalType": "integer"},
    "opted": {"logicalType": "boolean"},
}
OUTCOMES = {
    "id": "show",
    "name": "redact",
    "national_id": "withhold",
    "phone": "partial(last: 4)",
    "born": "generalise(year)",
    "joined": "show",
    "postcode": "show",
    "visits": "show",
    "balance": "generalise(round: 100)",
    "score": "show",
    "tags": "show",
    "referrer": "pseudonym",
    "opted": "withhold",
}
OPTED = "resource has opted && resource.opted"
ALICE = Principal("alice@bank.example", frozenset({"retail_analyst"}))
POSTCODES = ("60200", "28002", "40001", "76001", None)


@dataclass
class Recorded:
    """A read on record."""

    columns: tuple[str, ...]
    way: str
    statement: str | None
    lookups: dict[str, tuple[object, ...]]
    confined: frozenset[str] = frozenset()
    ended: tuple[int, bool] | None = None

    def end(self, rows: int, cancelled: bool) -> None:
        assert self.ended is None, "a read ends once"
        self.ended = (rows, cancelled)


@dataclass
class Recorder:
    """Records reads in memory; `failure` is raised instead of beginning one."""

    reads: list[Recorded] = field(default_factory=list)
    refusals: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    failure: Exception | None = None

    def begin(
        self,
        columns: Sequence[str],
        way: str,
        statement: str | None = None,
        *,
        lookups: Mapping[str, Collection[object]] | None = None,
        confined: Collection[str] = (),
    ) -> Recorded:
        if self.failure is not None:
            raise self.failure
        found = {name: tuple(values) for name, values in (lookups or {}).items()}
        self.reads.append(Recorded(tuple(columns), way, statement, found, frozenset(confined)))
        return self.reads[-1]

    @contextmanager
    def record_refusals(self, way: str, columns: Sequence[str] | None = None) -> Iterator[None]:
        try:
            yield
        except AccessDenied:
            self.refusals.append((way, tuple(columns or ())))
            raise


@dataclass(frozen=True)
class FixedKeys:
    """A provider of one key."""

    key: PseudonymKey = field(default_factory=lambda: PseudonymKey(3, b"CANARY-key-of-thirty-two-bytes!!"))

    def current_key(self) -> PseudonymKey:
        return self.key


def party_row(number: int, *, opted: bool | None) -> dict[str, Any]:
    """A row whose values name their cell. Of a person who has not opted in, all of them are canaries."""
    kept = opted is True
    return {
        "id": number if kept else 777_000_000_000 + number,
        "name": f"CANARY-name-{number}",
        "national_id": f"CANARY-nid-{number}",
        "phone": f"CANARY-phone-{number:04}" if kept else f"CANARY-phone-{77_700_000 + number}",
        "born": date(1950 + number % 60, 3, 1 + number % 28) if kept else date(1777, 7, 7),
        "joined": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        if kept
        else datetime(1777, 7, 7, tzinfo=UTC),
        "postcode": POSTCODES[number % len(POSTCODES)] if kept else f"CANARY-postcode-{number}",
        "visits": number % 7 if kept else 777_000_000 + number,
        "balance": Decimal(number) + Decimal("0.5") if kept else Decimal(f"777000{number}.77"),
        "score": number / 8 if kept else 777_000.25 + number,
        "tags": ["a", f"t{number % 3}"] if kept else [f"CANARY-tag-{number}"],
        "referrer": 55_500_000 + number % 5,
        "opted": opted,
    }


def party_rows(numbers: Iterable[int]) -> list[dict[str, Any]]:
    """Rows of which every third is of a person who has opted in, others have not or have said nothing."""
    answers = (True, False, None)
    return [party_row(number, opted=answers[number % 3]) for number in numbers]


def column_outcome(name: str, outcome: str) -> ColumnDecision:
    """A decision on a column: `show`, `withhold`, or a mask as policies spell it."""
    reasons = (Reason(f"policy on {name}"),)
    if outcome in {"show", "withhold"}:
        return ColumnDecision(name, ColumnOutcome(outcome), None, reasons)
    return ColumnDecision(name, ColumnOutcome.MASK, parse_mask(outcome), reasons)


def rows_where(condition: str, columns: Mapping[str, ColumnType]) -> RowFilter:
    """The row filter of a condition in Cedar; an empty one permits every row."""
    if not condition:
        return RowFilter()
    policy = f"permit(principal, action, resource) when {{ {condition} }};"
    request = {"principal": 'Reader::"alice"', "action": 'Action::"read"', "resource": None, "context": {}}
    found = cedarpy.is_authorized_partial(request, policy, cedarpy.Entities.from_json_str(json.dumps([])))
    row = RowType("retail::party_v1", columns, frozenset())
    return compile_residuals([PartialResult(found.residuals, found.diagnostics.errors)], row)


def decide(
    contract: Contract, outcomes: Mapping[str, str], condition: str = OPTED, purpose: str = "analytics"
) -> AccessDecision:
    """A decision on a contract's product; columns without an outcome are withheld."""
    types = {column.name: column.type for column in contract.columns}
    return AccessDecision(
        principal=ALICE,
        port=contract.port,
        purpose=purpose,
        columns={name: column_outcome(name, outcomes.get(name, "withhold")) for name in types},
        row_filter=rows_where(condition, types),
        obligations=frozenset(),
        reasons=(Reason("policy of the product"),),
        policy_digest="p" * 64,
        contract_digest="c" * 64,
    )


@dataclass(frozen=True)
class Party:
    """The product `retail.party` in a home, published once."""

    contract: Contract
    opened: OpenVersion
    rows: list[dict[str, Any]]

    @classmethod
    def publish(cls, home: Path, rows: Sequence[dict[str, Any]], columns: Mapping[str, Any] | None = None) -> Party:
        """Publish these rows as its only version."""
        contract, port = party_contract(columns or COLUMNS), party_port(home)
        publish_party(port, contract, rows)
        return cls(contract, open_version(port), list(rows))

    def relation(
        self, recorder: Recorder, outcomes: Mapping[str, str] | None = None, condition: str = OPTED, **more: Any
    ) -> GovernedRelation:
        """A relation over it."""
        decision = decide(self.contract, OUTCOMES if outcomes is None else outcomes, condition)
        return GovernedRelation(decision, self.contract, self.opened, recorder, more.get("keys", FixedKeys()))


__all__ = ["PORT", "FixedKeys", "Party", "Recorded", "Recorder", "column_outcome", "decide", "party_rows", "pl"]
