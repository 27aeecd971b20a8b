"""Formats of ISO 20022 messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.sources.bank_messages.message_format import MessageFormat
from bankmesh.sources.iso20022.message_paths import (
    BALANCE,
    CAMT053_FIELDS,
    CAMT054_FIELDS,
    DETAIL,
    ENTRY,
    GROUP,
    HEADER,
    PAIN001_FIELDS,
    PARENT,
)

if TYPE_CHECKING:
    from bankmesh.sources.bank_messages.message_fields import MessageField
    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.sources.iso20022.message_paths import ElementField
    from bankmesh.yaml.nodes import Mapping

_NATIONAL_PAIN001 = (
    "urn:iso:std:iso:20022:tech:xsd:pain.001.002.03",
    "urn:iso:std:iso:20022:tech:xsd:pain.001.003.03",
    "http://www.six-interbank-clearing.com/de/pain.001.001.03.ch.02.xsd",
)
"""Versions of the German banks (two) and of the Swiss banks."""

ISO20022_KEYS = ("require_balances",)


@dataclass(frozen=True)
class MessageShape:
    """The name of a message, its published versions, and its elements from the root down to an entry.

    `national` are the namespaces of national versions, which restrict a published one and keep its elements.
    """

    name: str
    versions: range
    body: str
    parent: str
    entry: str
    header: str = "GrpHdr"
    national: tuple[str, ...] = ()

    def scope_paths(self) -> dict[str, str]:
        """Return the path of the element of each scope of fields, from below the body."""
        entry = f"{self.parent}/{self.entry}"
        group = f"{entry}/NtryDtls"
        return {
            HEADER: self.header, PARENT: self.parent, BALANCE: f"{self.parent}/Bal", ENTRY: entry, GROUP: group,
            DETAIL: f"{group}/TxDtls",
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Iso20022Format(MessageFormat):
    """Files of one kind of ISO 20022 messages; the message names its encoding and version itself.

    With `require_balances`, a statement without opening and closing booked balance is refused.
    """

    shape: ClassVar[MessageShape]
    paths: ClassVar[dict[str, tuple[ElementField, ...]]]

    encoding: str = "utf-8"
    require_balances: bool = True

    def reveals(self, place: str, other: str) -> bool:
        """Whether a message may have the same element for both fields; places begin with the element of their scope."""
        return not set(place.split(" or ")).isdisjoint(other.split(" or "))

    def element_fields(self, record: str) -> dict[str, ElementField]:
        """Return the fields of a type of record by name."""
        return {field.name: field for field in self.paths[record]}


def _as_fields(paths: dict[str, tuple[ElementField, ...]], shape: MessageShape) -> dict[str, tuple[MessageField, ...]]:
    elements = {scope: path.rpartition("/")[2] for scope, path in shape.scope_paths().items()}
    return {record: tuple(field.as_message_field(elements) for field in fields) for record, fields in paths.items()}


@dataclass(frozen=True, kw_only=True)
class Camt053Format(Iso20022Format):
    """Account statements."""

    kind: ClassVar[str] = "camt053"
    shape: ClassVar[MessageShape] = MessageShape("camt.053.001", range(2, 14), "BkToCstmrStmt", "Stmt", "Ntry")
    paths: ClassVar[dict[str, tuple[ElementField, ...]]] = CAMT053_FIELDS
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = _as_fields(CAMT053_FIELDS, shape)


@dataclass(frozen=True, kw_only=True)
class Camt054Format(Iso20022Format):
    """Notifications of debits and credits."""

    kind: ClassVar[str] = "camt054"
    shape: ClassVar[MessageShape] = MessageShape(
        "camt.054.001", range(2, 14), "BkToCstmrDbtCdtNtfctn", "Ntfctn", "Ntry"
    )
    paths: ClassVar[dict[str, tuple[ElementField, ...]]] = CAMT054_FIELDS
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = _as_fields(CAMT054_FIELDS, shape)
    require_balances: bool = False


@dataclass(frozen=True, kw_only=True)
class Pain001Format(Iso20022Format):
    """Credit transfers that a customer initiates."""

    kind: ClassVar[str] = "pain001"
    shape: ClassVar[MessageShape] = MessageShape(
        "pain.001.001", range(3, 13), "CstmrCdtTrfInitn", "PmtInf", "CdtTrfTxInf", national=_NATIONAL_PAIN001
    )
    paths: ClassVar[dict[str, tuple[ElementField, ...]]] = PAIN001_FIELDS
    fields: ClassVar[dict[str, tuple[MessageField, ...]]] = _as_fields(PAIN001_FIELDS, shape)
    require_balances: bool = False


def read_camt053(given: Mapping, base: FileFormat) -> Camt053Format:
    """Read the format of account statements; keys that are not given come from a base of that kind."""
    inherited = base if isinstance(base, Camt053Format) else Camt053Format()
    return Camt053Format(require_balances=given.flag("require_balances", default=inherited.require_balances))


def read_camt054(_given: Mapping, _base: FileFormat) -> Camt054Format:
    """Read the format of notifications, which has no keys."""
    return Camt054Format()


def read_pain001(_given: Mapping, _base: FileFormat) -> Pain001Format:
    """Read the format of credit transfers, which has no keys."""
    return Pain001Format()
