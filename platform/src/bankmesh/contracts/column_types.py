"""The small set of column types, and their names in DuckDB, Arrow (and so Delta) and Polars.

| type | DuckDB | Arrow | Polars |
| --- | --- | --- | --- |
| string | VARCHAR | string | String |
| boolean | BOOLEAN | bool | Boolean |
| integer | INTEGER | int32 | Int32 |
| long | BIGINT | int64 | Int64 |
| double | DOUBLE | double | Float64 |
| decimal(p,s) | DECIMAL(p,s) | decimal128(p,s) | Decimal(p,s) |
| date | DATE | date32 | Date |
| timestamp | TIMESTAMP WITH TIME ZONE | timestamp[us, UTC] | Datetime(us, UTC) |
| array | item[] | list of item | List(item) |

Arrow and Polars are imported by the functions that need them, so that loading contracts stays fast.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from bankmesh.contracts.exact_numbers import is_number, spell_number, without_trailing_zeros
from bankmesh.contracts.model import ColumnType

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from bankmesh.contracts.model import Column, Contract
    from bankmesh.yaml.documents import Value

WIDEST_DECIMAL = 38
_BITS = {"integer": 31, "long": 63}
_DECIMAL = re.compile(r"(?:decimal|numeric)\(\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\)", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")

_PHYSICAL = {
    "string": {"string": "string", "varchar": "string", "text": "string"},
    "integer": {"int": "integer", "integer": "integer", "long": "long", "bigint": "long"},
    "date": {"date": "date"},
    "timestamp": {"timestamp": "timestamp", "timestamptz": "timestamp", "timestamp with time zone": "timestamp"},
    "boolean": {"boolean": "boolean", "bool": "boolean"},
}
_INTEGER_FORMATS = {"i32": "integer", "i64": "long"}


def column_type(logical: str, physical: str | None, form: str | None, item: ColumnType | None) -> ColumnType:
    """Return the type that `logicalType`, `physicalType` and `logicalTypeOptions.format` define together.

    `item` is the type of an array's items. Raises ValueError, with what to write instead, for a type that DuckDB,
    Polars, Arrow and Delta do not share without loss.
    """
    if logical == "array":
        return _array(physical, item)
    if logical == "number":
        return _number(physical, form)
    if logical not in _PHYSICAL:
        raise ValueError(_REFUSED[logical])
    names = _PHYSICAL[logical]
    plain = physical.strip().lower() if physical else None
    if plain is not None and plain not in names:
        hint = ", and a length as logicalTypeOptions.maxLength" if plain.startswith("varchar") else ""
        wanted = " or ".join(names)
        raise ValueError(f"physicalType {physical} does not go with logicalType {logical}; write {wanted}{hint}")
    if logical == "integer":
        return _integer(names[plain] if plain else None, form)
    return ColumnType(logical)


_REFUSED = {
    "time": "logicalType time cannot be stored: Delta has no time of day. Use a timestamp, or a string HH:MM:SS",
    "object": "logicalType object is not supported: a consumer cannot filter or mask inside it. Use one column each",
}


def _array(physical: str | None, item: ColumnType | None) -> ColumnType:
    if item is None:
        raise ValueError("an array needs items with a logicalType")
    if item.name == "array":
        raise ValueError("an array of arrays is not supported; use one row for each inner array")
    if physical is not None and physical.lower() not in ("array", "list", f"array<{item}>", f"list<{item}>"):
        raise ValueError(f"physicalType {physical} does not go with logicalType array; write array<{item}>")
    return ColumnType("array", item=item)


def _number(physical: str | None, form: str | None) -> ColumnType:
    found = _DECIMAL.fullmatch(physical.strip()) if physical else None
    if found:
        precision, scale = int(found[1]), int(found[2] or 0)
        if not 1 <= precision <= WIDEST_DECIMAL or scale > precision:
            raise ValueError(f"{physical} cannot be stored; precision is 1 to {WIDEST_DECIMAL}, scale at most that")
        if form is not None:
            raise ValueError(f"format {form} is about floating point and does not go with {physical}; leave it out")
        return ColumnType("decimal", precision=precision, scale=scale)
    if physical is None or physical.strip().lower() != "double":
        given = f"physicalType {physical}" if physical else "no physicalType"
        raise ValueError(f"a number with {given} has no exact meaning; write decimal(precision,scale) or double")
    if form not in (None, "f64"):
        raise ValueError(f"format {form} does not go with physicalType double; write f64 or leave it out")
    return ColumnType("double")


def _integer(physical: str | None, form: str | None) -> ColumnType:
    if form is not None and form not in _INTEGER_FORMATS:
        raise ValueError(f"format {form} cannot be stored without loss; write i32 (physicalType integer) or i64 (long)")
    by_format = _INTEGER_FORMATS[form] if form else None
    if physical and by_format and physical != by_format:
        raise ValueError(f"format {form} says {by_format}, physicalType says {physical}; make them agree")
    return ColumnType(physical or by_format or "long")


def fit_value(kind: ColumnType, value: Value) -> Value:
    """Return a contract's value as the Python value of that type; an array type takes a value of its items.

    decimal returns Decimal, date returns date, timestamp returns an aware datetime in UTC (text without offset is UTC).
    Raises ValueError if the value is not one of that type.
    """
    if kind.item is not None:
        return fit_value(kind.item, value)
    fitters = {"string": _text, "boolean": _truth, "double": _double, "date": _date, "timestamp": _moment}
    if kind.name in fitters:
        return fitters[kind.name](value)
    return _exact(kind, value) if kind.name == "decimal" else _whole(kind, value)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{_show(value)} is not text; put it in quotes")


def _truth(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{_show(value)} is not true or false")


def _double(value: Value) -> float:
    if is_number(value):
        return float(value)
    raise ValueError(f"{_show(value)} is not a number")


def _whole(kind: ColumnType, value: Value) -> int:
    fits = is_number(value) and -(2 ** _BITS[kind.name]) <= value < 2 ** _BITS[kind.name]
    if not is_number(value) or (fits and value != int(value)):
        raise ValueError(f"{_show(value)} is not a whole number")
    if not fits:
        raise ValueError(f"{_show(value)} does not fit into {kind}")
    return int(value)


def _exact(kind: ColumnType, value: Value) -> Decimal:
    try:
        exact = Decimal("truth" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        raise ValueError(f"{_show(value)} is not a number") from None
    if not exact.is_finite() or exact.copy_abs() >= Decimal(10) ** (kind.precision - kind.scale):
        raise ValueError(f"{spell_number(value)} does not fit into {kind}")
    places = -int(without_trailing_zeros(exact).as_tuple().exponent)
    if places > kind.scale:
        raise ValueError(f"{spell_number(value)} has more than {kind.scale} places, too many for {kind}")
    return exact


def _show(value: Value) -> str:
    """Return a value for messages: numbers as people write them, texts in quotes."""
    return spell_number(value) if is_number(value) else repr(value)


def _date(value: Value) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError(f"{_show(value)} is not a date; write it as YYYY-MM-DD")


def _moment(value: Value) -> datetime:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError(f"{_show(value)} is not a timestamp; write it as YYYY-MM-DDTHH:MM:SSZ")
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{_show(value)} is beyond the years 1 to 9999") from None


def duckdb_type(kind: ColumnType) -> str:
    """Return the type in DuckDB SQL, valid in `cast(x as ...)`."""
    if kind.item is not None:
        return f"{duckdb_type(kind.item)}[]"
    if kind.name == "decimal":
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _DUCKDB[kind.name]


_DUCKDB = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "long": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


def arrow_type(kind: ColumnType) -> pa.DataType:
    """Return the Arrow type, which is also what Delta Lake stores."""
    import pyarrow as pa

    if kind.item is not None:
        return pa.list_(arrow_type(kind.item))
    if kind.name == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    plain = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return plain[kind.name]


def nullable(column: Column) -> bool:
    """Whether a column may hold null: it is neither required nor part of the primary key."""
    return not column.required and column.primary_key_position is None


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the promised columns, in order, as an Arrow schema; required and key columns are not nullable."""
    import pyarrow as pa

    return pa.schema([pa.field(c.name, arrow_type(c.type), nullable=nullable(c)) for c in contract.columns])


def nan_columns(contract: Contract) -> frozenset[str]:
    """Return the columns that may hold NaN or infinity."""
    return frozenset(column.name for column in contract.columns if column.is_floating and column.allows_nan)


def polars_type(kind: ColumnType) -> pl.DataType:
    """Return the Polars data type."""
    import polars as pl

    if kind.item is not None:
        return pl.List(polars_type(kind.item))
    if kind.name == "decimal":
        return pl.Decimal(kind.precision, kind.scale)
    plain: dict[str, pl.DataType] = {
        "string": pl.String(),
        "boolean": pl.Boolean(),
        "integer": pl.Int32(),
        "long": pl.Int64(),
        "double": pl.Float64(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us", "UTC"),
    }
    return plain[kind.name]


def polars_schema(contract: Contract) -> pl.Schema:
    """Return the promised columns, in order, as a Polars schema."""
    import polars as pl

    return pl.Schema({column.name: polars_type(column.type) for column in contract.columns})
