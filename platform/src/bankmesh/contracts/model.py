"""The data contract as plain frozen values, from which every other package works.

Nothing here reads a file or touches data. `bankmesh.contracts.parsing.contract_reader` creates these values from an
Open Data Contract Standard document; other packages compile them to checks, schemas and documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.names import PortName

if TYPE_CHECKING:
    from bankmesh.contracts.clause_rules import Rule
    from bankmesh.errors import Place


class Classification(IntEnum):
    """How confidential a column is; a higher value is more confidential."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    @property
    def label(self) -> str:
        """The word used in contracts: `public`, `internal`, `confidential`, `restricted`."""
        return self.name.lower()


class Severity(StrEnum):
    """The effect of a failed clause: `error` blocks publication of the candidate, `warning` only reports."""

    ERROR = "error"
    WARNING = "warning"


class Status(StrEnum):
    """The lifecycle stage of a contract."""

    PROPOSED = "proposed"
    DRAFT = "draft"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"

    @property
    def in_force(self) -> bool:
        """Whether the contract's promises apply: active, or deprecated and not yet retired."""
        return self in {Status.ACTIVE, Status.DEPRECATED}

    @property
    def has_port(self) -> bool:
        """Whether the product is built and can be read: False while it is proposed and once it is retired."""
        return self not in {Status.PROPOSED, Status.RETIRED}


@dataclass(frozen=True)
class ColumnType:
    """A column's type, from the small set that DuckDB, Polars, Arrow and Delta share without loss.

    `name` is one of: string, boolean, integer (32 bit), long (64 bit), double, decimal, date, timestamp
    (UTC, microseconds), array. `precision` and `scale` belong to decimal, `item` to array.
    """

    name: str
    precision: int = 0
    scale: int = 0
    item: ColumnType | None = None

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return f"array<{self.item}>" if self.name == "array" else self.name


@dataclass(frozen=True)
class Declassification:
    """Why a column may be less confidential than its inputs.

    Attributes:
        method: `aggregation` (of at least five subjects a row), `keyed_hash`, or `generalisation`.
        rule: name of the clause that proves the method on the data; its severity is error.
        why: the reason, in words.
        subjects: for an aggregation, the column that counts the subjects of a row.
        place: its position in the contract.
    """

    method: str
    rule: str
    why: str
    subjects: str | None
    place: Place


@dataclass(frozen=True)
class Column:
    """A promised column.

    `subject` is the kind of person or party that its values identify (`party`): two columns of one subject name the
    same subjects, and get equal pseudonyms for one purpose. `mask` is how the column is masked where a policy names no
    method; `bankmesh.access` reads it.
    """

    name: str
    type: ColumnType
    description: str
    classification: Classification
    required: bool
    primary_key_position: int | None
    partition_position: int | None
    tags: tuple[str, ...]
    examples: tuple[Any, ...]
    place: Place
    declassification: Declassification | None = None
    allows_nan: bool = False
    subject: str | None = None
    mask: str | None = None

    @property
    def is_floating(self) -> bool:
        """Whether its values, or the items of its arrays, are doubles."""
        return (self.type.item or self.type).name == "double"


# --- Clauses: what the gate evaluates --------------------------------------------------------------------


class Operator(StrEnum):
    """Comparison operators of the standard."""

    BE = "mustBe"
    NOT_BE = "mustNotBe"
    GREATER = "mustBeGreaterThan"
    GREATER_OR_EQUAL = "mustBeGreaterOrEqualTo"
    LESS = "mustBeLessThan"
    LESS_OR_EQUAL = "mustBeLessOrEqualTo"
    BETWEEN = "mustBeBetween"
    NOT_BETWEEN = "mustNotBeBetween"


@dataclass(frozen=True)
class Comparison:
    """The condition on a measure. `unit` is `rows`, or `percent` of the evaluated rows (0 to 100)."""

    operator: Operator
    value: Any
    unit: str = "rows"


NONE_AT_ALL = Comparison(Operator.BE, 0)


@dataclass(frozen=True)
class Clause:
    """One promise about data; its name is unique in the contract and a valid Dagster check name.

    `comparison` is None for rules that decide without a measure (SchemaMatches, LosslessCasts, Expectation, Volume).
    `whole_table` marks a clause that also needs the published rows that a partial run does not replace.
    """

    name: str
    rule: Rule
    comparison: Comparison | None
    severity: Severity
    description: str
    dimension: str | None
    columns: tuple[str, ...]
    whole_table: bool
    place: Place


# --- The contract ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ServiceLevel:
    """One service level of the standard; `seconds` is set if value and unit are a duration.

    `schedule` is a valid cron expression if `scheduler` is set, which is then `cron`.
    """

    property: str
    value: Any
    unit: str | None
    schedule: str | None
    scheduler: str | None
    description: str | None
    seconds: float | None
    place: Place


@dataclass(frozen=True)
class SupportChannel:
    """A channel on which the owner can be reached."""

    channel: str
    tool: str | None
    url: str | None
    scope: str | None


@dataclass(frozen=True)
class Role:
    """A role that may read the product: for the contract's purposes or, if it has `purposes`, for these of them."""

    role: str
    access: str | None
    description: str | None
    purposes: tuple[str, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TeamMember:
    """A person of the team that owns a product; `role` is text of the contract, such as `owner` or `steward`."""

    username: str
    role: str | None


@dataclass(frozen=True)
class DerivationGrant:
    """Duties of this product that columns of a product built on it need not have, by decision of this one's owner.

    Attributes:
        product: the port of the product that is relieved: `retail.customer_360@2`.
        columns: the columns of that product.
        lifts: the duties: of `purposes`, `audience`, `masks` and `rows`.
        by: who decided.
        on: the day of the decision, as an ISO date.
        why: the reason, in words.
        place: its position in the contract.
    """

    product: str
    columns: tuple[str, ...]
    lifts: tuple[str, ...]
    by: str
    on: str
    why: str
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Partitioning:
    """How a product grows: `column` holds the first day of each `granularity`; `start` and `end` are ISO dates.

    `end` is exclusive, and None if the product has no last partition.
    """

    column: str
    granularity: str  # day | month
    start: str
    end: str | None


@dataclass(frozen=True)
class Chart:
    """A chart of each published version: a measure for each value of `by`, with dates truncated to `every`.

    `measure` is `rows`, or `mean`, `sum`, `min`, `max` of the column `of`; `where` is a condition of SQL on rows.
    """

    title: str
    by: str
    every: str | None
    measure: str
    of: str | None
    where: str | None


@dataclass(frozen=True)
class LifeStep:
    """One entry of a contract's lifecycle: the status it reached, on which day (ISO date), by whom and why."""

    status: Status
    on: str
    by: str
    why: str
    place: Place = field(compare=False)


@dataclass(frozen=True)
class Contract:
    """A data contract that was read without faults."""

    domain: str
    name: str
    version: str
    status: Status
    product_type: str  # source-aligned | aggregate | consumer-aligned
    owner: str
    purpose: str
    usage: str | None
    limitations: str | None
    granularity: str | None
    table_description: str
    tags: tuple[str, ...]
    columns: tuple[Column, ...]
    clauses: tuple[Clause, ...]
    service_levels: tuple[ServiceLevel, ...]
    support: tuple[SupportChannel, ...]
    roles: tuple[Role, ...]
    partitioning: Partitioning | None
    custom: dict[str, Any] = field(hash=False)
    file: str
    text: str = field(repr=False)
    charts: tuple[Chart, ...] = ()
    lifecycle: tuple[LifeStep, ...] = ()
    purposes: tuple[str, ...] = ()
    derivation_grants: tuple[DerivationGrant, ...] = ()
    team: tuple[TeamMember, ...] = ()

    @property
    def product(self) -> str:
        """`domain.product`."""
        return f"{self.domain}.{self.name}"

    @property
    def major(self) -> int:
        """The major of the contract's semantic version."""
        return int(self.version.split(".", 1)[0])

    @property
    def port(self) -> str:
        """The name of this major for readers and logs: `retail.party`, `retail.party@2` from the second major on."""
        return str(self.port_name)

    @property
    def port_name(self) -> PortName:
        """The name of its port."""
        return PortName(self.domain, self.name, self.major)

    @property
    def consumers(self) -> tuple[str, ...]:
        """The declared consumers, whether or not reads of them were observed."""
        return tuple(map(str, self.custom.get("consumers") or ()))

    @property
    def owners(self) -> tuple[str, ...]:
        """The usernames of the team's members with the role `owner`."""
        return tuple(member.username for member in self.team if member.role == "owner")

    @property
    def stewards(self) -> tuple[str, ...]:
        """The usernames of the team's members with the role `steward`."""
        return tuple(member.username for member in self.team if member.role == "steward")

    @property
    def subject_columns(self) -> dict[str, str]:
        """The columns whose values identify a subject, each with the kind of subject."""
        return {column.name: column.subject for column in self.columns if column.subject is not None}

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The names of the key columns, in order of their position."""
        keyed = [(c.primary_key_position, c.name) for c in self.columns if c.primary_key_position is not None]
        return tuple(name for _, name in sorted(keyed))

    @property
    def classification(self) -> Classification:
        """The classification of the most confidential column."""
        return max((c.classification for c in self.columns), default=Classification.INTERNAL)

    def column(self, name: str) -> Column:
        """Return the column of that name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def service_level(self, prop: str) -> ServiceLevel | None:
        """Return the first service level with that property, or None."""
        return next((s for s in self.service_levels if s.property == prop), None)
