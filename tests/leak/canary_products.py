"""Two products in a workspace of their own, with canaries in all that their reader may not see."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from leak.canaries import MARKER, SCRIPT, CanaryBook
from port_samples import provenance
from reader_sessions import read_as

from bankmesh.access.masks.key_provider import create_keys, key_provider
from bankmesh.access.masks.pseudonyms import Pseudonyms
from bankmesh.access.relations.governed_relation import pseudonym_domains
from bankmesh.contracts.column_types import arrow_schema, polars_schema
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.ports import ReplaceAll, ReplacePartitions, keep_contract, measure_files, port_at, publish, stage
from bankmesh.testing.contract_builder import contract_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bankmesh.contracts.model import Contract

PARTY, ACCOUNT = "retail.party", "retail.account"
ROLE, PURPOSE = "teller", "counter"
MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")
FILTER_LITERAL = "xkpqwvfilter"
MASKS = {
    "name": ("string", "redact"),
    "phone": ("string", "partial(last: 4)"),
    "card": ("long", "partial(last: 2)"),
    "postcode": ("string", "generalise(prefix: 2)"),
    "born": ("date", "generalise(month)"),
    "seen": ("timestamp", "generalise(year)"),
    "salary": ("decimal", "generalise(round: 100)"),
    "age": ("long", "generalise(years: 10)"),
    "person": ("string", "pseudonym"),
    "account_number": ("long", "pseudonym"),
    "wealth": ("double", "null"),
    "remark": ("string", "null"),
}
SHOWN = {
    "id": "long",
    "label": "string",
    "note": "string",
    "amount": "decimal",
    "day": "date",
    "at": "timestamp",
    "visits": "long",
    "score": "double",
    "active": "boolean",
    "tags": "array",
}
WITHHELD = {
    "secret_text": "string",
    "secret_note": "string",
    "secret_number": "long",
    "secret_amount": "decimal",
    "secret_day": "date",
    "secret_at": "timestamp",
    "secret_score": "double",
    "secret_tags": "array",
    "opted": "boolean",
}
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"logicalType": "string"},
    "long": {"logicalType": "integer"},
    "decimal": {"logicalType": "number", "physicalType": "decimal(18,2)"},
    "double": {"logicalType": "number", "physicalType": "double"},
    "date": {"logicalType": "date"},
    "timestamp": {"logicalType": "timestamp"},
    "boolean": {"logicalType": "boolean"},
    "array": {"logicalType": "array", "items": {"logicalType": "string"}},
}
_POLICIES = f"""\
@id("rows-of-consent")
@why("only rows of persons who have opted in")
forbid (principal, action == Action::"read", resource is retail::party_v1)
unless {{ resource has opted && resource.opted && !(resource has note && resource.note == "{FILTER_LITERAL}") }};
"""
_ROLES = f"""\
roles:
  {ROLE}:
    description: Serves customers at the counter.
    clearance: internal
    purposes: [{PURPOSE}]
"""


def _columns(book: CanaryBook) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, kind in SHOWN.items():
        found[name] = deepcopy(_TYPES[kind]) | {"classification": "internal"}
    found["id"] |= {"primaryKey": True, "primaryKeyPosition": 1}
    for name, (kind, mask) in MASKS.items():
        custom = [{"property": "mask", "value": mask}]
        found[name] = deepcopy(_TYPES[kind]) | {"classification": "confidential", "customProperties": custom}
    found["person"]["customProperties"].append({"property": "subject", "value": "party"})
    for name, kind in WITHHELD.items():
        found[name] = deepcopy(_TYPES[kind]) | {"classification": "restricted"}
    for name in ("secret_text", "name", "phone"):
        found[name]["examples"] = [book.text(f"example of {name}")]
    return found


MONTH = {
    "logicalType": "date",
    "required": True,
    "partitioned": True,
    "partitionKeyPosition": 1,
    "classification": "internal",
}


def _canary(book: CanaryBook, cell: str, kind: str, column: str) -> Any:
    marker = SCRIPT if column in {"note", "secret_note", "remark"} else MARKER
    makers: dict[str, Callable[[], Any]] = {
        "string": lambda: book.text(cell, marker),
        "long": lambda: book.number(cell),
        "decimal": lambda: book.decimal(cell),
        "double": lambda: book.double(cell),
        "date": lambda: book.date(cell),
        "timestamp": lambda: book.moment(cell),
        "array": lambda: [book.text(cell), book.text(cell)],
    }
    value = makers[kind]()
    return {"phone": f"{value}-0042", "postcode": f"60{value}"}.get(column, value)


def _plain(rng: random.Random, number: int, kind: str) -> Any:
    makers: dict[str, Callable[[], Any]] = {
        "string": lambda: rng.choice(["red", "green", "12", "2024-05-06", "", f"label {number}"]),
        "long": lambda: rng.randrange(-50, 50),
        "decimal": lambda: Decimal(rng.randrange(-5_000, 5_000)) / 100,
        "double": lambda: rng.choice([0.5, -2.25, 0.0, float("nan"), float("inf")]),
        "date": lambda: date(2024, 1, 1) + timedelta(days=rng.randrange(200)),
        "timestamp": lambda: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(3_000)),
        "boolean": lambda: rng.random() < 0.5,
        "array": lambda: [f"t{rng.randrange(4)}" for _ in range(rng.randrange(3))],
    }
    return makers[kind]()


def _row(book: CanaryBook, rng: random.Random, number: int, version: int, *, is_filtered: bool) -> dict[str, Any]:
    opted = (True, False, None, True)[number % 4] if is_filtered else True
    is_hidden = opted is not True
    where = f"v{version} row {number}"
    row: dict[str, Any] = {"opted": opted, "id": number + 1, "active": rng.random() < 0.5}
    for name, kind in SHOWN.items():
        if name == "id" and is_hidden:
            row[name] = book.number(f"id of {where}")
        elif name not in row:
            row[name] = (
                _canary(book, f"{name} of {where}", kind, name)
                if is_hidden
                else (None if rng.random() < 0.1 else _plain(rng, number, kind))
            )
    hidden = {name: kind for name, (kind, _) in MASKS.items()} | WITHHELD
    for name, kind in hidden.items():
        if name != "opted":
            is_null = rng.random() < 0.1
            row[name] = None if is_null else _canary(book, f"{name} of {where}", kind, name)
    return row


@dataclass
class CanaryWorkspace:
    """The workspace, its home, and its canaries."""

    root: Path
    seed: int
    book: CanaryBook = field(default_factory=CanaryBook)

    @property
    def home(self) -> Path:
        return self.root / ".mesh"

    def write(self) -> CanaryWorkspace:
        """Write contracts and policies, publish three versions of one product and two of the other, issue a token."""
        rng = random.Random(self.seed)  # noqa: S311 - reads that can be repeated
        contracts = {port: self._write_contract(port) for port in (PARTY, ACCOUNT)}
        (self.root / "workspace.yaml").write_text("load_from: []\n", encoding="utf-8")
        policies = self.root / "policies"
        policies.mkdir()
        (policies / "roles.yaml").write_text(_ROLES, encoding="utf-8")
        (policies / "purposes.yaml").write_text(
            f"purposes:\n  {PURPOSE}: Work at the counter.\n  vault: Work in the vault.\n", encoding="utf-8"
        )
        (policies / "own.cedar").write_text(_POLICIES, encoding="utf-8")
        for version in range(3):
            months = MONTHS if version == 0 else (MONTHS[version],)
            self._publish(contracts[PARTY], rng, version, months)
        for version in range(2):
            self._publish(contracts[ACCOUNT], rng, version, None)
        read_as(self.home, ROLE, purpose=PURPOSE)
        self._note_secrets(contracts)
        return self

    def _note_secrets(self, contracts: Mapping[str, Contract]) -> None:
        create_keys(self.home)
        key = key_provider(self.home).current_key()
        self.book.secrets[key.secret.hex().encode()] = "the key of pseudonyms"
        for port, contract in contracts.items():
            pseudonyms = Pseudonyms(key, PURPOSE, pseudonym_domains(contract))
            for column in contract.columns:
                if column.name in {"person", "account_number"}:
                    derived = pseudonyms.derived_key(column.name, column.type)
                    self.book.secrets[derived.encode()] = "a derived key of pseudonyms"
            place = str(port_at(self.home, port, 1).path).encode()
            self.book.secrets[place] = "the path of the product's files"
        self.book.secrets[FILTER_LITERAL.encode()] = "the literal of the row filter"

    def _write_contract(self, port: str) -> Contract:
        columns = _columns(self.book)
        properties: dict[str, Any] = {"purposes": [PURPOSE]}
        if port == PARTY:
            columns["month"] = dict(MONTH)
            properties["partitioning"] = {"granularity": "month", "start": "2024-01-01", "end": "2025-01-01"}
        text = contract_text(port, columns, properties=properties, roles=[{"role": ROLE, "access": "read"}])
        folder = self.root / "domains/retail/src/retail/contracts"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{port.rpartition('.')[2]}.odcs.yaml"
        (folder / name).write_text(text, encoding="utf-8")
        contract, faults = read_text(name, text)
        assert contract is not None, faults
        return contract

    def _publish(self, contract: Contract, rng: random.Random, version: int, months: Sequence[str] | None) -> None:
        port = port_at(self.home, contract.product, 1)
        rows: list[dict[str, Any]] = []
        for number in range(36):
            month = MONTHS[number % 3]
            if months is None or month in months:
                row = _row(self.book, rng, number, version, is_filtered=months is not None)
                rows.append(row if months is None else row | {"month": date.fromisoformat(month)})
        candidate = stage(port)
        frame = pl.DataFrame(rows, schema=polars_schema(contract), orient="row")
        parts: Mapping[Any, pl.DataFrame] = {(): frame} if months is None else frame.partition_by("month", as_dict=True)
        for key, part in parts.items():
            folder = candidate.path / f"month={key[0]}" if key else candidate.path
            folder.mkdir(exist_ok=True)
            (part.drop("month") if key else part).write_parquet(folder / "0.parquet")
        column = None if months is None else "month"
        schema = pa.schema([spec.with_nullable(spec.name != column) for spec in arrow_schema(contract)])
        made = provenance("run", months)
        keep_contract(port, contract.text)
        publish(
            port,
            candidate,
            measure_files(candidate, schema, column, ["id", "amount", "secret_number"]),
            schema,
            replace=ReplaceAll() if months is None else ReplacePartitions("month", tuple(months)),
            provenance=made,
            description=None,
        )
