"""A decision about a read as plain frozen values: who, for which purpose, which columns and rows, and why.

Nothing here reads a file or touches data. `bankmesh.access.decisions` makes decisions; `bankmesh.access.relations`
turns them into rows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bankmesh.errors import Place

AttributeValue = str | int | bool | frozenset[str]

STRICT_AUDIT = "strict_audit"
"""The obligation under which a read waits until its records are on the disk."""


class ColumnOutcome(StrEnum):
    """What a reader gets of a column."""

    SHOW = "show"
    MASK = "mask"
    WITHHOLD = "withhold"


class MaskMethod(StrEnum):
    """How the values of a masked column are replaced, the strictest first."""

    NULL = "null"
    REDACT = "redact"
    PSEUDONYM = "pseudonym"
    GENERALISE = "generalise"
    PARTIAL = "partial"


@dataclass(frozen=True)
class Mask:
    """A mask method with its option.

    Attributes:
        method: the method.
        option: `last` or `first` for partial; `years`, `month`, `year`, `prefix` or `round` for generalise; else empty.
        size: characters that stay for partial and `prefix`; width of the band for `years`; the unit for `round`.
    """

    method: MaskMethod
    option: str = ""
    size: int | None = None

    def __str__(self) -> str:
        """The spelling of policies and contracts: `redact`, `partial(last: 4)`, `generalise(month)`."""
        if not self.option:
            return self.method.value
        size = "" if self.size is None else f": {self.size}"
        return f"{self.method}({self.option}{size})"


@dataclass(frozen=True)
class Principal:
    """A reader: a person or a service under a token, or a product that reads its inputs.

    Attributes:
        id: unique name within its issuer, `alice@bank.example` or `product:retail.customer_360`.
        roles: the roles of the workspace that the token's issuer vouches for.
        attributes: further facts that policies may use, such as `domains`, the domains that the reader works for.
        client: the application that reads, as `roles.yaml` lists it.
        issuer: the issuer of the token.
        expires: when the token ends, and with it every read under it; None if it does not end.
    """

    id: str
    roles: frozenset[str]
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict, hash=False)
    client: str = ""
    issuer: str = ""
    expires: datetime | None = None

    @property
    def domains(self) -> frozenset[str]:
        """The domains that the reader works for; owners and stewards have rights in these alone."""
        found = self.attributes.get("domains", frozenset())
        return found if isinstance(found, frozenset) else frozenset()


@dataclass(frozen=True)
class Reason:
    """Why a part of a decision is as it is: a sentence, and the policy or contract line that it comes from."""

    text: str
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.text} ({self.place})" if self.place else self.text


@dataclass(frozen=True)
class ColumnDecision:
    """What a reader gets of one column; `mask` is set if the outcome is MASK, and only then."""

    column: str
    outcome: ColumnOutcome
    mask: Mask | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class RowFilter:
    """The rows that a reader may see.

    Attributes:
        residual: canonical JSON of the policies' conditions on columns, as `bankmesh.access.row_filters` reads it;
            empty if every row is permitted.
        columns: the columns that the conditions read; they need not be shown.
        reasons: the policies that the conditions come from.
    """

    residual: str = field(default="", repr=False)
    columns: frozenset[str] = frozenset()
    reasons: tuple[Reason, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether every row is permitted."""
        return not self.residual

    @property
    def digest(self) -> str:
        """SHA-256 of the conditions, in hexadecimal; receipts hold it instead of the conditions."""
        return hashlib.sha256(self.residual.encode()).hexdigest()


@dataclass(frozen=True)
class AccessDecision:
    """The decision about reads of one product by one principal for one purpose.

    Attributes:
        principal: the reader.
        port: the product's port, `retail.party@2`.
        purpose: the declared purpose.
        columns: the decision on each column of the newest contract of the major; any other column is withheld.
        row_filter: the rows that may be seen.
        obligations: what a reader of rows must do, such as `STRICT_AUDIT`.
        reasons: why the read as a whole is permitted or refused.
        policy_digest: SHA-256 of all policies, roles and purposes that were in force.
        contract_digest: SHA-256 of the text of the contract that was in force.
    """

    principal: Principal
    port: str
    purpose: str
    columns: Mapping[str, ColumnDecision] = field(hash=False)
    row_filter: RowFilter
    obligations: frozenset[str]
    reasons: tuple[Reason, ...]
    policy_digest: str
    contract_digest: str

    @property
    def is_refused(self) -> bool:
        """Whether the reader gets nothing: no column is shown or masked."""
        return not self.readable

    @property
    def readable(self) -> tuple[str, ...]:
        """The columns that are shown or masked, in the contract's order."""
        return tuple(name for name, found in self.columns.items() if found.outcome is not ColumnOutcome.WITHHOLD)

    @property
    def shown(self) -> frozenset[str]:
        """The columns whose values are shown as they are."""
        return frozenset(name for name, found in self.columns.items() if found.outcome is ColumnOutcome.SHOW)

    @property
    def masks(self) -> dict[str, Mask]:
        """The mask of each masked column."""
        return {name: found.mask for name, found in self.columns.items() if found.mask is not None}

    def of(self, column: str) -> ColumnDecision:
        """Return the decision on a column; a column that the contract does not have is withheld."""
        unknown = Reason(f"the contract of {self.port} has no column {column}")
        return self.columns.get(column) or ColumnDecision(column, ColumnOutcome.WITHHOLD, None, (unknown,))
