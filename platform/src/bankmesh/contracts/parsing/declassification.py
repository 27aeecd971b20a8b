"""Custom property `declassification`: why a column may be less confidential than its inputs, proven by a clause.

    customProperties:
      - property: declassification
        value:
          method: keyed_hash
          rule: client_hash__pattern
          why: The key of the hash never leaves the vault.

A method is accepted only if a clause that blocks publication proves it on every row: an *aggregation* counts its
subjects, a *keyed hash* has the form of a digest, a *generalised* value belongs to a limited domain. A case that
cannot be decided from the clause is refused.
"""

from __future__ import annotations

import re
import string
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bankmesh.contracts.clause_rules import InvalidValues, SqlMeasure
from bankmesh.contracts.model import Classification, Comparison, Declassification, Operator, Severity
from bankmesh.contracts.parsing.odcs_schema import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bankmesh.contracts.model import Clause, Column
    from bankmesh.contracts.parsing.section_cursor import Section

PROPERTY = "declassification"
METHODS = ("aggregation", "keyed_hash", "generalisation")
FEWEST_SUBJECTS = 5
"""The smallest group whose figures no longer describe a single person."""
SUBJECTS = "subject_count"
_NEEDED = ("method", "rule", "why")
_KEYS = (*_NEEDED, "subjects")

_HEX = frozenset(string.hexdigits)
_WHOLE_HEX = (frozenset("0123456789abcdef"), frozenset("0123456789ABCDEF"))
_ALPHANUMERIC = frozenset(string.ascii_letters + string.digits)
_BASE64 = _ALPHANUMERIC | frozenset("+/-_")
_FEWEST_HEX = 32  # 128 bits
_BASE64_LENGTHS = frozenset({22, 27, 32, 38, 43, 64, 86})  # 128, 160, 192, 224, 256, 384 and 512 bits, without padding
_STEP = re.compile(r"select count\(\*\) from \$\{table\} where \$\{column\} % (?P<step>[\d.]+) <> 0")
# No generalised value has this form, so a pattern that matches it limits nothing.
_ANYTHING = "Zoë Ωmega-7319/xk_(44,5)! # Praha 1, 110 00; +420 555 0199 @q%"
_DIGEST = re.compile(
    r"\^?\[(?P<letters>[^\]\\\[^&~|]+)\]\{(?P<least>\d+)(?:,(?P<most>\d*))?\}(?P<padding>=*|=\?|=\{\d(?:,\d)?\})\$?"
)


def read_declassification(section: Section, classification: Classification | None) -> Declassification | None:
    """Read a column's declassification, before its rule is resolved; None with a fault (`bad-declassification`)."""
    item = next((s for s in section.sections("customProperties") if s.data.get("property") == PROPERTY), None)
    if item is None or item.faulty:
        return None
    value = item.section("value")
    if value is None:
        message = f"declassification is a mapping of {', '.join(_NEEDED)}"
        item.fault("value", "bad-declassification", message)
        return None
    for key in value.data:
        if key not in _KEYS:
            message = f"declassification has no key {key}.{nearest(key, _KEYS)} Allowed: {', '.join(_KEYS)}"
            value.fault(key, "bad-declassification", message)
    for key in (*_NEEDED, *(["subjects"] if "subjects" in value.data else [])):
        value.need(key, "bad-declassification", f"declassification needs {key}, a text")
    method = value.text("method")
    if method is not None and method not in METHODS:
        message = f"declassification by {method} is not known.{nearest(method, METHODS)} Allowed: {', '.join(METHODS)}"
        value.fault("method", "bad-declassification", message)
    if value.text("subjects") and method in METHODS[1:]:
        value.fault("subjects", "bad-declassification", f"{method} counts no subjects; leave the key out")
    if classification is Classification.RESTRICTED:
        item.fault("value", "bad-declassification", "a restricted column cannot be declassified")
    if item.faulty:
        return None
    subjects = (value.text("subjects") or SUBJECTS) if method == METHODS[0] else None
    data = value.data
    return Declassification(data["method"], data["rule"].strip(), data["why"].strip(), subjects, item.place())


def check_declassifications(columns: Sequence[tuple[Column, Section]], clauses: Iterable[Clause]) -> None:
    """Check the rule of each declassification. Faults: `declassification-rule`, `declassification-unproven`."""
    by_name = {clause.name: clause for clause in clauses}
    by_column = {column.name: column for column, _ in columns}
    for column, section in columns:
        given = column.declassification
        if given is None:
            continue
        at = next(s for s in section.sections("customProperties") if s.data.get("property") == PROPERTY)
        value = at.section("value")
        if value is None:  # pragma: no cover - read_declassification has refused it
            continue
        problem = _unusable(given, by_name)
        if problem:
            value.fault("rule", "declassification-rule", problem)
        elif problem := unproven(given, by_name[given.rule], column, by_column):
            value.fault("rule", "declassification-unproven", problem)


def _unusable(given: Declassification, clauses: Mapping[str, Clause]) -> str | None:
    if given.rule not in clauses:
        return f"there is no clause {given.rule} in this contract.{nearest(given.rule, clauses)}"
    clause = clauses[given.rule]
    if clause.severity is not Severity.ERROR:
        return f"clause {clause.name} only warns; what proves a declassification has severity error"
    if not _allows_none(clause.comparison):
        return f"clause {clause.name} lets some rows through; what proves a declassification allows none"
    return None


def _allows_none(comparison: Comparison | None) -> bool:
    if comparison is None:
        return False
    unit_free = replace(comparison, unit="rows")
    return unit_free in (
        Comparison(Operator.BE, 0),
        Comparison(Operator.LESS_OR_EQUAL, 0),
        Comparison(Operator.BETWEEN, (0, 0)),
    )


def unproven(given: Declassification, clause: Clause, column: Column, columns: Mapping[str, Column]) -> str | None:
    """Return why a clause that allows no failing row does not prove the method; None if it does."""
    if given.method == "aggregation":
        return _no_aggregation(given.subjects or SUBJECTS, clause, columns)
    about = f"clause {clause.name} does not prove it"
    if given.method == "generalisation" and _is_coarse_step(clause, column):
        return None
    if not isinstance(clause.rule, InvalidValues) or clause.rule.column != column.name:
        return f"{about}: name one about the values of {column.name} (a pattern, valid values, bounds)"
    problem = _no_hash(clause.rule) if given.method == "keyed_hash" else _no_generalisation(clause.rule)
    return f"{about}: {problem}" if problem else None


def _no_hash(rule: InvalidValues) -> str | None:
    if rule.pattern is not None and is_digest_pattern(rule.pattern):
        return None
    return (
        f"a keyed hash has a pattern such as [0-9a-f]{{64}}, hexadecimal of at least {_FEWEST_HEX} digits, "
        "or base64 of the length of a digest"
    )


def _no_generalisation(rule: InvalidValues) -> str | None:
    patterned = rule.pattern is not None and not re.fullmatch(rule.pattern, _ANYTHING)
    low = rule.minimum is not None or rule.exclusive_minimum is not None
    high = rule.maximum is not None or rule.exclusive_maximum is not None
    if rule.valid_values is not None or patterned or (low and high):
        return None
    return "a generalised value has valid values, a pattern that limits it, a step, or a lower and an upper bound"


def _is_coarse_step(clause: Clause, column: Column) -> bool:
    """Whether the clause is a `multipleOf` with a step coarser than the smallest step of the column's type."""
    rule = clause.rule
    if not isinstance(rule, SqlMeasure) or rule.column != column.name:
        return False
    found = _STEP.fullmatch(rule.query)
    return found is not None and Decimal(found["step"]) > Decimal(1).scaleb(-column.type.scale)


def _no_aggregation(subjects: str, clause: Clause, columns: Mapping[str, Column]) -> str | None:
    rule = clause.rule
    about = f"clause {clause.name} does not prove an aggregation"
    if subjects not in columns:
        return f"an aggregation counts its subjects: there is no column {subjects}.{nearest(subjects, columns)}"
    counted = columns[subjects]
    if counted.type.name not in {"integer", "long"}:
        return f"{about}: {subjects} is {counted.type}, not a count"
    if not counted.required and counted.primary_key_position is None:
        return f"{about}: {subjects} may be null, and a row without a count proves nothing; make it required"
    if not isinstance(rule, InvalidValues) or rule.column != subjects:
        return f"{about}: name the one that bounds {subjects} from below (logicalTypeOptions: minimum)"
    lows = [rule.minimum] if rule.minimum is not None else []
    lows += [rule.exclusive_minimum + 1] if rule.exclusive_minimum is not None else []
    least = max(lows, default=None)
    if least is None or least < FEWEST_SUBJECTS:
        said = "has no minimum" if least is None else f"is at least {least}"
        return f"{about}: {subjects} {said}, and figures of fewer than {FEWEST_SUBJECTS} subjects describe persons"
    return None


def is_digest_pattern(pattern: str) -> bool:
    """Whether the pattern matches only digests: hexadecimal of at least 32 digits, or base64 of a digest's length.

    Accepted is one character class with a count, such as `[0-9a-f]{64}` or `[A-Za-z0-9+/]{43}=`; nothing else.
    """
    found = _DIGEST.fullmatch(pattern)
    letters = _letters(found["letters"]) if found else None
    if found is None or letters is None:
        return False
    least = int(found["least"])
    if letters <= _HEX:
        return any(whole <= letters for whole in _WHOLE_HEX) and not found["padding"] and least >= _FEWEST_HEX
    fixed = found["most"] is None or found["most"] == found["least"]
    return _ALPHANUMERIC <= letters <= _BASE64 and fixed and least in _BASE64_LENGTHS


def _letters(written: str) -> frozenset[str] | None:
    """Return the characters of a class without escapes; None for a range outside letters or digits."""
    found: set[str] = set()
    at = 0
    while at < len(written):
        if written[at + 1 : at + 2] == "-" and at + 2 < len(written):
            low, high = written[at], written[at + 2]
            if not any(low in kind and high in kind for kind in _RANGES) or low > high:
                return None
            found.update(map(chr, range(ord(low), ord(high) + 1)))
            at += 3
        else:
            found.add(written[at])
            at += 1
    return frozenset(found)


_RANGES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
