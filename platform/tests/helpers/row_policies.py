"""Generated policies on rows, generated rows, and what Cedar itself decides for each of them."""

import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import cedarpy
import polars as pl

from bankmesh.access.row_filters.filter_compiler import PartialResult
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.contracts.model import ColumnType

ROWS = "retail::party_v2"
COLUMNS = {
    "name": ColumnType("string"),
    "alias": ColumnType("string"),
    "long": ColumnType("long"),
    "count": ColumnType("integer"),
    "flag": ColumnType("boolean"),
    "optin": ColumnType("boolean"),
    "amount": ColumnType("decimal", 18, 2),
    "rate": ColumnType("decimal", 38, 4),
    "day": ColumnType("date"),
    "other_day": ColumnType("date"),
    "at": ColumnType("timestamp"),
}
DTYPES = {
    "string": pl.String,
    "long": pl.Int64,
    "integer": pl.Int32,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("us", "UTC"),
}
SCHEMA = {
    name: pl.Decimal(kind.precision, kind.scale) if kind.name == "decimal" else DTYPES[kind.name]
    for name, kind in COLUMNS.items()
}
ROW_TYPE = RowType(ROWS, COLUMNS, frozenset({("Product", "retail.party@2"), ("Domain", "retail")}))

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "é",
    "e\u0301",
    "q\"uo'te",
    "back\\slash",
    "*",
    "a*b",
    "a\nb",
    "\0",
    "\U0001d518",
    "ß",
    "%_",
    " a",
]
LONGS = [-(2**63), -(2**31), -1, 0, 1, 2, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
INTEGERS = [number for number in LONGS if -(2**31) <= number < 2**31]
AMOUNTS = [Decimal(text) for text in ("-922337203685477.58", "-0.01", "0.00", "0.01", "1.50", "99999999999999.99")]
RATES = [
    Decimal(text) for text in ("-922337203685477.5808", "-0.0001", "0.0000", "0.0001", "1.5000", "922337203685477.5807")
]
DECIMALS = [*AMOUNTS, *RATES, Decimal("922337203685477.5807"), Decimal("-922337203685477.5808")]
DAYS = [date(1, 1, 1), date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]
MOMENTS = [
    *(datetime(day.year, day.month, day.day, tzinfo=UTC) for day in DAYS),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2024, 2, 29, 0, 0, 0, 1_000, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
]
VALUES = {
    "string": TEXTS,
    "long": LONGS,
    "integer": INTEGERS,
    "boolean": [True, False],
    "date": DAYS,
    "timestamp": MOMENTS,
}
FAMILIES = {
    "text": (("name", "alias"), TEXTS),
    "number": (("long", "count"), LONGS),
    "flag": (("flag", "optin"), [True, False]),
    "decimal": (("amount", "rate"), DECIMALS),
    "moment": (("day", "other_day", "at"), MOMENTS),
}
READER = {"type": "Reader", "id": "alice"}
MARKETING, OFFERS = ({"type": "Purpose", "id": name} for name in ("marketing", "marketing.offers"))
KNOWN = [
    {"uid": MARKETING, "attrs": {}, "parents": []},
    {"uid": OFFERS, "attrs": {}, "parents": [MARKETING]},
    {"uid": {"type": "Role", "id": "analyst"}, "attrs": {}, "parents": []},
    {
        "uid": READER,
        "attrs": {"roles": ["analyst", "a"], "clearance": 1, "domains": ["retail"], "kind": "person"},
        "parents": [{"type": "Role", "id": "analyst"}],
    },
]
REQUEST = {"principal": 'Reader::"alice"', "action": 'Action::"read"', "context": {"purpose": {"__entity": OFFERS}}}


@dataclass
class PolicyWriter:
    """Writes random conditions on rows that have a type, though not always a value."""

    random: random.Random

    def policy_set(self) -> list[str]:
        """Return one to four policies, at least one of them a permit."""
        return [
            self.policy("permit"),
            *(self.policy(self.pick(["permit", "forbid"])) for _ in range(self.random.randrange(4))),
        ]

    def policy(self, effect: str) -> str:
        """Return a policy with up to two conditions of each kind."""
        scope = self.pick(["resource", "resource", f"resource is {ROWS}", f'resource is {ROWS} in Domain::"retail"'])
        kinds = [self.pick(["when", "when", "unless"]) for _ in range(self.random.choice([1, 1, 2, 3]))]
        conditions = " ".join(f"{kind} {{ {self.condition(3)} }}" for kind in kinds)
        return f'{effect}(principal, action == Action::"read", {scope}) {conditions};'

    def condition(self, depth: int) -> str:
        """Return a condition of at most the given depth."""
        if depth == 0 or self.random.random() < 0.15:
            return self.pick([self.test, self.test, self.test, self.known])()
        inner = lambda: self.condition(depth - 1)  # noqa: E731  (the parts of one template, in order)
        shape = self.pick(["&&", "&&", "||", "||", "!", "if", "==", "test"])
        match shape:
            case "&&" | "||" | "==":
                return f"(({inner()}) {shape} ({inner()}))"
            case "!":
                return f"!({inner()})"
            case "if":
                return f"(if {inner()} then {inner()} else {inner()})"
        return self.test()

    def test(self) -> str:
        """Return a test of one or two columns."""
        tests = [
            self.comparison,
            self.comparison,
            self.guarded,
            self.membership,
            self.sets,
            self.flag,
            self.like,
            self.known,
        ]
        return self.pick(tests)()

    def comparison(self) -> str:
        """Compare two operands of one type."""
        family = self.pick([*FAMILIES])
        left, right = self.operands(family)
        if family == "decimal" and self.random.random() < 0.7:
            method = self.pick(["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"])
            return f"{left}.{method}({right})"
        operator = self.pick(["==", "!=", *(["<", "<=", ">", ">="] * (family in {"number", "moment"}))])
        return f"({left} {operator} {right})"

    def operands(self, family: str) -> tuple[str, str]:
        """Return two operands, at least one of them a column."""
        columns, values = FAMILIES[family]
        column = f"resource.{self.pick(columns)}"
        other = f"resource.{self.pick(columns)}" if self.random.random() < 0.4 else written(self.pick(values))
        return (column, other) if self.random.random() < 0.7 else (other, column)

    def guarded(self) -> str:
        """Compare a column behind a test that it has a value, or that the row's type has it."""
        column = self.pick([*COLUMNS, "unknown_column"])
        found = "resource has " + column
        if column == "unknown_column":
            unguarded = [f"resource.{column}", f"resource.{column} == 1", f"[1].contains(resource.{column})"]
            return self.pick([f"({found} && resource.{column} == 1)", f"!({found})", *unguarded])
        return self.pick(
            [found, f"!({found})", f"({found} && {self.comparison()})", f"(!({found}) || {self.comparison()})"]
        )

    def membership(self) -> str:
        """Search a column in a set of literals and, at times, of columns."""
        family = self.pick([*FAMILIES])
        return f"[{', '.join(self.elements(family))}].contains({self.operands(family)[0]})"

    def elements(self, family: str) -> list[str]:
        """Return one to four elements of a set."""
        columns, values = FAMILIES[family]
        literals = [written(self.pick(values)) for _ in range(self.random.randrange(1, 4))]
        return [*literals, *([f"resource.{self.pick(columns)}"] * (self.random.random() < 0.2))]

    def sets(self) -> str:
        """Compare two sets, one of them with a column."""
        family = self.pick([*FAMILIES])
        column = f"resource.{self.pick(FAMILIES[family][0])}"
        left, right = self.elements(family), [column, *self.elements(family)][: self.random.randrange(4)]
        return f"[{', '.join(left)}].{self.pick(['containsAll', 'containsAny'])}([{', '.join(right)}])"

    def flag(self) -> str:
        """Return a boolean column alone."""
        return f"resource.{self.pick(['flag', 'optin'])}"

    def like(self) -> str:
        """Match a string with a pattern."""
        parts = [
            self.pick(["*", escaped(self.pick(TEXTS)).replace("*", "\\*")]) for _ in range(self.random.randrange(4))
        ]
        return f'(resource.{self.pick(["name", "alias"])} like "{"".join(parts)}")'

    def known(self) -> str:
        """Return a condition that is known before a row is read."""
        known = ["principal.clearance > 0", "principal.clearance > 3", 'context.purpose in Purpose::"marketing"']
        known += ["true", "false", f"resource is {ROWS}", "resource is retail::other_v1", 'resource in Domain::"loans"']
        known += [
            'principal.roles.contains("analyst")',
            "principal.roles.contains(resource.name)",
            "resource.alias == principal.kind",
        ]
        return f"({self.pick(known)})"

    def pick(self, options):
        """Return one of the options."""
        return self.random.choice(options)


def escaped(text: str) -> str:
    """Return a text as it is written between the quotes of a Cedar string."""
    return "".join(
        each if (each.isalnum() and each.isascii()) or each in " *%_" else f"\\u{{{ord(each):x}}}" for each in text
    )


def written(value) -> str:
    """Return a literal as Cedar writes it."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return f'"{escaped(value)}"'
        case Decimal():
            return f'decimal("{cedar_decimal(value)}")'
        case datetime():
            return f'datetime("{cedar_datetime(value)}")'
    raise TypeError(value)


def cedar_decimal(value: Decimal) -> str:
    """Return a decimal as Cedar writes it."""
    return f"{value:.4f}" if value.as_tuple().exponent < -2 else f"{value:.2f}"


def cedar_datetime(value: date) -> str:
    """Return a date or a timestamp of whole milliseconds as Cedar writes it."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def draw_rows(source: random.Random, count: int) -> pl.DataFrame:
    """Return rows of edge values; each value is null in three rows of ten."""
    return pl.DataFrame(
        {name: [draw_value(source, name) for _ in range(count)] for name in COLUMNS}, schema=SCHEMA, strict=True
    )


def draw_value(source: random.Random, column: str):
    """Return an edge value of the column, or None."""
    values = {"amount": AMOUNTS, "rate": RATES}.get(column) or VALUES[COLUMNS[column].name]
    return None if source.random() < 0.3 else source.choice(values)


def row_entities(rows: pl.DataFrame) -> list[dict]:
    """Return the rows as entities of Cedar; a null is an attribute that the entity does not have."""
    return [
        {
            "uid": {"type": ROWS, "id": str(number)},
            "attrs": {name: attribute(value) for name, value in row.items() if value is not None},
            "parents": [{"type": kind, "id": name} for kind, name in sorted(ROW_TYPE.ancestors)],
        }
        for number, row in enumerate(rows.iter_rows(named=True))
    ]


def attribute(value):
    """Return a value as Cedar's JSON holds it."""
    if isinstance(value, Decimal):
        return {"__extn": {"fn": "decimal", "arg": cedar_decimal(value)}}
    if isinstance(value, date):
        return {"__extn": {"fn": "datetime", "arg": cedar_datetime(value)}}
    return value


def evaluate_partially(policies: list[str]) -> PartialResult:
    """Return what Cedar leaves of the policies when it does not know the row."""
    entities = cedarpy.Entities.from_json_str(json.dumps(KNOWN))
    result = cedarpy.is_authorized_partial({**REQUEST, "resource": None}, "\n".join(policies), entities)
    return PartialResult(result.residuals, result.diagnostics.errors)


def decide_rows(policies: list[str], rows: pl.DataFrame) -> list[tuple[bool, list[str]]]:
    """Return for each row whether Cedar permits it, and the ids of the policies that are an error on it."""
    entities = cedarpy.Entities.from_json_str(json.dumps([*KNOWN, *row_entities(rows)]))
    requests = [{**REQUEST, "resource": f'{ROWS}::"{number}"'} for number in range(rows.height)]
    results = cedarpy.is_authorized_batch(requests, "\n".join(policies), entities)
    return [(result.allowed, [error.split("`")[1] for error in result.diagnostics.errors]) for result in results]


def permitted_rows(policies: list[str], rows: pl.DataFrame) -> list[bool]:
    """Return for each row whether it may be seen: Cedar permits it, and no forbid is an error on it."""
    forbids = {f"policy{number}" for number, policy in enumerate(policies) if policy.startswith("forbid")}
    return [allowed and not forbids.intersection(errors) for allowed, errors in decide_rows(policies, rows)]
