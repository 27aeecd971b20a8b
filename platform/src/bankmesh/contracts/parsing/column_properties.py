"""Reads the properties of the schema object as `Column`s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bankmesh.contracts.column_types import column_type, fit_value
from bankmesh.contracts.model import Classification, Column, ColumnType, Partitioning
from bankmesh.contracts.parsing.access_clauses import MASK, SUBJECT, read_mask, read_subject
from bankmesh.contracts.parsing.declassification import read_declassification
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.section_cursor import custom_properties
from bankmesh.names import SNAKE_CASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

CLASSIFICATIONS = {c.label: c for c in Classification}
GRANULARITIES = ("day", "month")
ALLOW_NAN = "allowNaN"
COLUMN_PROPERTIES = ("declassification", ALLOW_NAN, "profile", SUBJECT, MASK)
_DATE = ColumnType("date")


def read_columns(table: Section) -> tuple[tuple[Column, Section], ...]:
    """Return the columns of a schema object, each with its section; a column without name or type is skipped.

    Faults: `no-columns`, `column-name`, `duplicate-column`, `missing-description`, `missing-classification`,
    `bad-classification`, `missing-type`, `bad-type`, `item-rules`, `bad-key-position`, `bad-declassification`,
    `bad-allow-nan`, `bad-subject`, `bad-mask`.
    """
    if not table.data.get("properties") and not table.wrong("properties"):
        table.fault("properties", "no-columns", "a product promises at least one column; list them under properties")
    found: list[tuple[Column, Section]] = []
    lines: dict[str, int] = {}
    for section in table.sections("properties"):
        name = section.text("name")
        if name is not None and name in lines:
            message = f"column {name} is promised twice; first on line {lines[name]}"
            section.fault("name", "duplicate-column", message)
            continue
        if name is not None:
            lines[name] = section.place("name").line
        column = _column(section, name)
        if column is not None:
            found.append((column, section))
    return tuple(found)


def _column(section: Section, name: str | None) -> Column | None:
    if name is None and not section.wrong("name"):
        section.fault("name", "column-name", "a column needs a name")
    if name is not None and not SNAKE_CASE.fullmatch(name):
        section.fault("name", "column-name", f"column {name} is not snake_case (small letters, digits, single _)")
        name = None
    label = f"column {name}" if name else "a column"
    description = section.need("description", "missing-description", f"{label} has no description")
    classification = _classification(section, label)
    kind = _type(section, label)
    custom = custom_properties(section, COLUMN_PROPERTIES)
    declassification = read_declassification(section, classification)
    key = _position(section, label, "primaryKey", "primaryKeyPosition")
    partition = _position(section, label, "partitioned", "partitionKeyPosition")
    if name is None or kind is None:
        return None
    return Column(
        name=name,
        type=kind,
        description=description or "",  # empty only if a fault was noted
        classification=Classification.RESTRICTED if classification is None else classification,
        required=section.get("required") is True,
        primary_key_position=key,
        partition_position=partition,
        tags=section.texts("tags"),
        examples=_examples(section, label, kind),
        place=section.place(),
        declassification=declassification,
        allows_nan=_allows_nan(section, label, kind, custom),
        subject=read_subject(section),
        mask=read_mask(section),
    )


def _allows_nan(section: Section, label: str, kind: ColumnType, custom: Mapping[str, Value]) -> bool:
    """Return the custom property `allowNaN`; without it, a double must be finite."""
    if ALLOW_NAN not in custom:
        return False
    at = next(s for s in section.sections("customProperties") if s.data.get("property") == ALLOW_NAN)
    if not isinstance(custom[ALLOW_NAN], bool):
        at.fault("value", "bad-allow-nan", f"{ALLOW_NAN} of {label} is true or false")
    elif (kind.item or kind).name != "double":
        at.fault("property", "bad-allow-nan", f"{label} is {kind}, which has no NaN; leave {ALLOW_NAN} out")
    return custom[ALLOW_NAN] is True


def _classification(section: Section, label: str) -> Classification | None:
    allowed = ", ".join(CLASSIFICATIONS)
    message = f"{label} has no classification. Allowed: {allowed}"
    word = section.need("classification", "missing-classification", message)
    if word is not None and word not in CLASSIFICATIONS:
        hint = nearest(word, CLASSIFICATIONS)
        message = f"{label} cannot be classified {word}.{hint} Allowed: {allowed}"
        section.fault("classification", "bad-classification", message)
        return None
    return CLASSIFICATIONS[word] if word is not None else None


def _type(section: Section, label: str) -> ColumnType | None:
    logical = section.need("logicalType", "missing-type", f"{label} has no logicalType")
    item: ColumnType | None = None
    if logical == "array":
        items = section.section("items")
        if items is not None:
            item = _item_type(items, label)
            if item is None:
                return None
    options = section.get("logicalTypeOptions") or {}
    if logical is None or section.wrong("physicalType") or section.wrong("logicalTypeOptions"):
        return None
    form = options.get("format") if logical in ("integer", "number") else None
    try:
        return column_type(logical, section.text("physicalType"), form, item)
    except ValueError as error:
        at = "physicalType" if "physicalType" in section.data else "logicalType"
        section.fault(at, "bad-type", f"{label}: {error}")
        return None


def _item_type(items: Section, label: str) -> ColumnType | None:
    for key in ("quality", "relationships", "primaryKey", "partitioned", "unique", "required"):
        if items.get(key):
            items.fault(key, "item-rules", f"items of {label} cannot have {key}; write a quality rule on the column")
    return _type(items, f"items of {label}")


def _position(section: Section, label: str, flag: str, position: str) -> int | None:
    """Return the position that belongs to a flag; 1 if the flag has none."""
    given = section.get(position)
    if section.get(flag) is not True:
        if isinstance(given, int) and given >= 1:
            section.fault(position, "bad-key-position", f"{label} has {position} {given} without {flag}: true")
        return None
    if given is None or section.wrong(position):
        return 1
    if given < 1:
        section.fault(position, "bad-key-position", f"{label} has {flag}: true, so {position} counts from 1")
    return int(given)


def _examples(section: Section, label: str, kind: ColumnType) -> tuple[Any, ...]:
    """Return the examples, which must be values of the column's type: an impossible example misleads readers."""
    given = section.get("examples") or []
    for index, example in enumerate(given):
        values = example if kind.item is not None and isinstance(example, list) else [example]
        for value in values:
            try:
                fit_value(kind, value) if value is not None else None
            except ValueError as error:
                section.notes.add((*section.path, "examples", index), "bad-example", f"example of {label}: {error}")
                break
    return tuple(given)


def check_keys(columns: tuple[tuple[Column, Section], ...]) -> None:
    """Check that positions of key columns are distinct. Fault: `bad-key-position`."""
    taken: dict[int, str] = {}
    for column, section in columns:
        position = column.primary_key_position
        if position is None:
            continue
        if position in taken:
            at = "primaryKeyPosition" if "primaryKeyPosition" in section.data else "primaryKey"
            message = f"columns {taken[position]} and {column.name} both have primaryKeyPosition {position}"
            section.fault(at, "bad-key-position", message)
        taken.setdefault(position, column.name)


def read_partitioning(
    root: Section, table: Section | None, columns: tuple[tuple[Column, Section], ...], given: Value
) -> Partitioning | None:
    """Return the partitioning that the custom property and the partitioned column define. Fault: `bad-partitioning`."""
    marked = [(column, section) for column, section in columns if column.partition_position is not None]
    if given is None:
        for column, section in marked:
            message = f"column {column.name} is partitioned, but there is no custom property partitioning"
            section.fault("partitioned", "bad-partitioning", message)
        return None
    at = next(s for s in root.sections("customProperties") if s.data.get("property") == "partitioning")
    span = _partition_span(at, given)
    if table is None or table.wrong("properties"):
        return None
    if len(marked) != 1:
        message = f"exactly one column must have partitioned: true, not {len(marked)}"
        at.fault("value", "bad-partitioning", message)
        return None
    column, section = marked[0]
    if column.type.name != "date" or not (column.required or column.primary_key_position is not None):
        message = f"partition column {column.name} must be a required date, not {column.type}"
        section.fault("partitioned", "bad-partitioning", message)
        return None
    return Partitioning(column.name, *span) if span is not None else None


def _partition_span(at: Section, given: Value) -> tuple[str, str, str | None] | None:
    """Return granularity, start and end as ISO dates; None with a fault."""
    allowed = ("granularity", "start", "end")
    if not isinstance(given, dict):
        at.fault("value", "bad-partitioning", f"partitioning is a mapping of {', '.join(allowed)}")
        return None
    value = at.section("value")
    if value is None:
        return None
    for key in given:
        if key not in allowed:
            message = f"partitioning has no key {key}.{nearest(key, allowed)} Allowed: {', '.join(allowed)}"
            value.fault(key, "bad-partitioning", message)
    granularity = given.get("granularity")
    if granularity not in GRANULARITIES:
        value.fault("granularity", "bad-partitioning", f"granularity is one of: {', '.join(GRANULARITIES)}")
        return None
    start = _partition_date(value, "start", granularity)
    end = _partition_date(value, "end", granularity) if "end" in given else None
    if start is None:
        return None
    if end is not None and end <= start:
        value.fault("end", "bad-partitioning", f"end {end} must be after start {start}; it is exclusive")
        return None
    return granularity, start.isoformat(), end.isoformat() if end else None


def _partition_date(value: Section, key: str, granularity: str) -> date | None:
    try:
        found: date = fit_value(_DATE, value.data.get(key))
    except ValueError as error:
        value.fault(key, "bad-partitioning", f"{key} of partitioning: {error}")
        return None
    if granularity == "month" and found.day != 1:
        value.fault(key, "bad-partitioning", f"{key} {found} must be the first day of a month")
        return None
    return found
