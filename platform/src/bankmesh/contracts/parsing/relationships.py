"""Relationships of the standard: a value refers to a row of another product, as published.

Written as `party.party_id` for a product of the same domain, and by its contract for one of another domain:
`retail/party.odcs.yaml#/schema/party/properties/party_id`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import MissingReferences
from bankmesh.contracts.data_test_rules import DbtTest
from bankmesh.contracts.model import NONE_AT_ALL, Clause, Severity
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.section_cursor import custom_properties
from bankmesh.names import PortName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.contracts.clause_rules import Rule
    from bankmesh.contracts.model import Column
    from bankmesh.contracts.parsing.section_cursor import Section

_WORD = "[A-Za-z_][A-Za-z0-9_]*"
_SHORT = re.compile(rf"(?P<table>{_WORD})\.(?P<column>{_WORD})")
_FULL = re.compile(
    rf"(?:(?P<domain>{_WORD})/(?P<file>{_WORD})(?:\.v(?P<major>\d+))?\.odcs\.yaml#)?"
    rf"/?schema/(?P<table>{_WORD})/properties/(?P<column>{_WORD})"
)


@dataclass(frozen=True)
class _Target:
    product: str
    column: str


def reference_clause(
    section: Section, column: Column | None, columns: Mapping[str, Column], domain: str, name: str
) -> Clause | None:
    """Return the clause of one relationship; None with a fault (`bad-reference`).

    `domain` and `name` are those of the product that declares the relationship.
    """
    custom_properties(section, ())
    if section.faulty:
        return None
    try:
        own = (column.name,) if column is not None else _own_columns(section, columns, domain, name)
        targets = [_target(text, domain, name) for text in _texts(section, "to")]
    except ValueError as error:
        section.fault("to", "bad-reference", str(error))
        return None
    product = targets[0].product
    if len({target.product for target in targets}) > 1 or len(targets) != len(own):
        message = f"{', '.join(own)} must refer to as many columns of one product"
        section.fault("to", "bad-reference", message)
        return None
    if product == f"{domain}.{name}":
        message = "a product cannot refer to itself: the published rows are those before this build. Use an sql rule"
        section.fault("to", "bad-reference", message)
        return None
    aims = tuple(target.column for target in targets)
    short = re.sub(r"[^a-z0-9_]+", "_", product.partition(".")[2])
    return Clause(
        name=f"{'_'.join(own)}__references_{short}",
        rule=MissingReferences(own, product, aims),
        comparison=NONE_AT_ALL,
        severity=Severity.ERROR,
        description=f"{', '.join(own)} names a row of {product} by {', '.join(aims)}",
        dimension="consistency",
        columns=own,
        whole_table=False,
        place=section.place(),
    )


def _texts(section: Section, key: str) -> list[str]:
    value = section.data[key]
    return value if isinstance(value, list) else [value]


def _own_columns(section: Section, columns: Mapping[str, Column], domain: str, name: str) -> tuple[str, ...]:
    """Return the columns named by `from`, which must belong to this product."""
    found = []
    for text in _texts(section, "from"):
        target = _target(text, domain, name)
        if target.product != f"{domain}.{name}":
            raise ValueError(f"from must name a column of {name}, not {text}; write {name}.<column>")
        if target.column not in columns:
            raise ValueError(f"there is no column {target.column}.{nearest(target.column, columns)}")
        found.append(target.column)
    return tuple(found)


def _target(text: str, domain: str, name: str) -> _Target:
    """Return the target of a reference. Raises ValueError if the text names no product."""
    short = _SHORT.fullmatch(text)
    if short:
        return _Target(f"{domain}.{short['table']}", short["column"])
    full = _FULL.fullmatch(text)
    if not full:
        example = "retail/party.odcs.yaml#/schema/party/properties/party_id"
        raise ValueError(f"{text} names no product; write party.party_id, or for another domain {example}")
    if full["file"] is None:
        if full["table"] != name:
            raise ValueError(f"{text} is not in this contract; write {full['table']}.{full['column']}")
        return _Target(f"{domain}.{name}", full["column"])
    if full["file"] != full["table"]:
        raise ValueError(f"{text} names contract {full['file']} but schema {full['table']}; both must be the same name")
    return _Target(str(PortName(full["domain"], full["file"], int(full["major"] or 1))), full["column"])


def products_read(rule: Rule) -> tuple[str, ...]:
    """Return the products whose published rows a rule reads in addition to the candidate."""
    if isinstance(rule, MissingReferences):
        return (rule.product,)
    return rule.sources if isinstance(rule, DbtTest) else ()
