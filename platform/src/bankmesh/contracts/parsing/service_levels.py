"""Reads service levels and the top-level custom properties of a contract."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bankmesh.contracts.column_types import fit_value
from bankmesh.contracts.exact_numbers import plain_numbers
from bankmesh.contracts.model import ColumnType, ServiceLevel
from bankmesh.contracts.parsing.access_clauses import GRANTS, PURPOSES
from bankmesh.contracts.parsing.cron_expressions import check_cron
from bankmesh.contracts.parsing.durations import seconds
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.section_cursor import custom_properties

if TYPE_CHECKING:
    from collections.abc import Collection

    from bankmesh.contracts.parsing.section_cursor import Section
    from bankmesh.yaml.documents import Value

DURATIONS = ("freshness", "latency", "retention", "frequency")
SINGLE = ("freshness", "retention", "frequency")  # enforced, so each may occur only once
KNOWN = (
    *DURATIONS, "availability", "endOfLife", "endOfSupport", "errorRate", "generalAvailability", "throughput",
    "timeOfAvailability", "timeToDetect", "timeToNotify", "timeToRepair",
)  # fmt: skip
"""Service levels of the standard and of its Data QoS table; Bankmesh does not enforce most of them."""
SCHEDULED = "frequency"
CRON = "cron"
CUSTOM = (
    "productType", "partitioning", "consumers", "endOfSupport", "replacedBy", "charts", "scheduleTimezone", "lifecycle",
    "volume", "profile", PURPOSES, GRANTS,
)  # fmt: skip
PRODUCT_TYPES = ("source-aligned", "aggregate", "consumer-aligned")
_PRODUCT = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*(@[1-9]\d*)?")


def read_service_levels(root: Section, table: str, columns: Collection[str] | None) -> tuple[ServiceLevel, ...]:
    """Return the service levels in order. `columns` is None if columns have faults: elements are then not resolved.

    Faults: `bad-duration`, `bad-schedule`, `duplicate-service-level`, `unknown-element`, `unknown-service-level`.
    """
    found: list[ServiceLevel] = []
    for section in root.sections("slaProperties"):
        if section.faulty:
            continue
        name = section.data["property"]
        if name not in KNOWN and not name.startswith("x-"):
            message = f"service level {name} is not known.{nearest(name, KNOWN)} Known: {', '.join(KNOWN)}"
            section.fault("property", "unknown-service-level", f"{message}; one of your own starts with x-")
            continue
        if name in SINGLE and any(level.property == name for level in found):
            section.fault("property", "duplicate-service-level", f"{name} is promised twice; keep one")
            continue
        _check_elements(section, table, columns)
        _check_schedule(section, name)
        found.append(_level(section, name))
    return tuple(found)


def _level(section: Section, name: str) -> ServiceLevel:
    value, unit = section.data["value"], section.text("unit")
    length: float | None = None
    try:
        length = seconds(value, unit)
    except ValueError as error:
        if name in DURATIONS:
            at = "value" if "value" in str(error) or unit else "property"
            section.fault(at, "bad-duration", f"{name} is a duration: {error}")
    return ServiceLevel(
        property=name,
        value=plain_numbers(value),
        unit=unit,
        schedule=section.text("schedule"),
        scheduler=section.text("scheduler"),
        description=section.text("description"),
        seconds=length,
        place=section.place(),
    )


def _check_schedule(section: Section, name: str) -> None:
    schedule, scheduler = section.text("schedule"), section.text("scheduler")
    if schedule is None and scheduler is None:
        return
    if name != SCHEDULED:
        at = "schedule" if schedule else "scheduler"
        section.fault(at, "bad-schedule", f"{name} has no schedule; only the service level {SCHEDULED} has one")
    elif schedule is None:
        section.fault("scheduler", "bad-schedule", 'a scheduler without a schedule; write schedule: "0 6 * * *"')
    elif scheduler != CRON:
        given = f"scheduler {scheduler}" if scheduler else "a schedule without a scheduler"
        section.fault("scheduler" if scheduler else "schedule", "bad-schedule", f"{given}; write scheduler: {CRON}")
    else:
        try:
            check_cron(schedule)
        except ValueError as error:
            section.fault("schedule", "bad-schedule", f"schedule: {error}")


def _check_elements(section: Section, table: str, columns: Collection[str] | None) -> None:
    for element in (section.text("element") or "").split(","):
        name = element.strip().removeprefix(f"{table}.")
        if name and name != table and columns is not None and name not in columns:
            message = f"element {element.strip()} is not a column of {table}.{nearest(name, columns)}"
            section.fault("element", "unknown-element", message)


def read_custom(root: Section) -> tuple[str, dict[str, Any]]:
    """Return the product type, and all top-level custom properties.

    Faults: `missing-product-type`, `bad-product-type`, `bad-consumers`, `bad-end-of-support`, `bad-replaced-by`,
    `bad-schedule`, `unknown-custom-property`, `duplicate-custom-property`.
    """
    found = custom_properties(root, CUSTOM)
    kind = found.get("productType")
    if kind is None and not root.wrong("customProperties"):
        message = f"custom property productType is missing; one of: {', '.join(PRODUCT_TYPES)}"
        root.fault("customProperties", "missing-product-type", message)
    for item in root.sections("customProperties"):
        if not item.faulty:
            _check_custom(item, item.data["property"], item.data["value"])
    return kind if kind in PRODUCT_TYPES else PRODUCT_TYPES[0], found


def _check_custom(item: Section, name: str, value: Value) -> None:
    if name == "productType" and value not in PRODUCT_TYPES:
        hint = nearest(str(value), PRODUCT_TYPES)
        message = f"productType {value} is not known.{hint} Allowed: {', '.join(PRODUCT_TYPES)}"
        item.fault("value", "bad-product-type", message)
    elif name == "consumers" and not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
        item.fault("value", "bad-consumers", "consumers is a list of names")
    elif name == "endOfSupport":
        try:
            fit_value(ColumnType("date"), value)
        except ValueError as error:
            item.fault("value", "bad-end-of-support", f"endOfSupport: {error}")
    elif name == "replacedBy" and not (isinstance(value, str) and _PRODUCT.fullmatch(value)):
        message = f"replacedBy {value} names no product; write domain.product, or domain.product@2 for a major"
        item.fault("value", "bad-replaced-by", message)
    elif name == "scheduleTimezone" and not _is_timezone(value):
        message = f"scheduleTimezone {value} is not a time zone; write an IANA name, such as Europe/Prague"
        item.fault("value", "bad-schedule", message)


def _is_timezone(value: Value) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def check_other_custom(section: Section) -> None:
    """Check custom properties at places where Bankmesh defines none: names must start with `x-`."""
    for key in ("description", "team", "price"):
        part = section.section(key)
        if part is not None:
            custom_properties(part, ())
            for member in part.sections("members"):
                custom_properties(member, ())
    for key in ("schema", "support", "roles", "servers"):
        for part in section.sections(key):
            custom_properties(part, (PURPOSES,) if key == "roles" else ())
