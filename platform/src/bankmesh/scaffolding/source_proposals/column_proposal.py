"""The declaration that is proposed for a column, decided from its profile. What the file leaves open is a question."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import WIDEST_DECIMAL
from bankmesh.contracts.model import Classification
from bankmesh.scaffolding.classification_proposal import ClassificationProposal, propose_classification, split_words
from bankmesh.scaffolding.source_proposals.value_patterns import TEXT_MARKERS, Spelling
from bankmesh.sources.declarations.number_formats import PLAIN_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile

_LEAST_PER_CODE = 5
"""A value of fewer rows is not listed as a code."""
_CODE = re.compile(r"[A-Za-z0-9_+./-]{1,20}")
_CURRENCY = re.compile(r"(?:^|_)(?:currency|ccy|curr|mena|waehrung|wahrung|whg)(?:_|$)")
_CURRENCY_CODE = re.compile("[A-Z]{3}")
"""Codes of currencies (ISO 4217) are no closed list: a file of tomorrow has another one."""
LONG_DIGITS, _USUAL_DIGITS = 18, 18
_NUMBER_TYPES = frozenset({"long", "decimal", "double"})
_KINDS = (("boolean",), ("date", "timestamp"), ("short_date",), ("long",), ("decimal",), ("double",))
"""Kinds of spellings, the more specific first."""
_DATED = re.compile(r"(?:^|_)(?:date|datum|day|tag|den|valuta|birth|geburt\w*|narozen\w*|dob)[0-9]*(?:_|$)")


@dataclass(frozen=True)
class ColumnProposal:
    """A column of a declaration: its name in the file, keys of the declaration, and notes for its review.

    It lands as `name`, which is made from the one in the file if it is empty.
    """

    header: str
    keys: Mapping[str, object]
    classification: ClassificationProposal
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    name: str = ""


@dataclass
class _Decision:
    """What is decided about the type of a column."""

    kind: str
    keys: dict[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def propose_column(profile: ColumnProfile, *, day_first: bool | None = None) -> ColumnProposal:
    """Return the proposed declaration of a column.

    `day_first` answers whether dates such as `03/04/2024` begin with the day, None if nobody said so. Codes are listed
    only for columns that are proposed as internal or public.
    """
    classification = propose_classification(profile.name, profile.shares)
    decided = _decide_type(profile, day_first)
    keys: dict[str, object] = {"type": decided.kind, **decided.keys}
    markers = _markers(profile, decided.kind)
    if markers:
        keys["missing"] = markers
    if profile.rows and not profile.absent and not any(profile.missing[marker] for marker in markers):
        keys["required"] = True
    if decided.kind == "string" and (codes := _codes(profile, classification)):
        if _CURRENCY.search(split_words(profile.name)) and all(map(_CURRENCY_CODE.fullmatch, codes)):
            keys["pattern"] = _CURRENCY_CODE.pattern
        else:
            keys["codes"] = codes
    return ColumnProposal(profile.name, keys, classification, tuple(decided.notes), tuple(decided.questions))


def decimal_type(digits: int, places: int) -> str:
    """Return the decimal of the usual digits for numbers with so many before and behind the point, or the widest."""
    return f"decimal({_USUAL_DIGITS if digits + places <= _USUAL_DIGITS else WIDEST_DECIMAL},{places})"


def is_number_type(kind: str) -> bool:
    """Whether a type, with its digits or without, is one that is proposed for numbers."""
    return kind.partition("(")[0] in _NUMBER_TYPES


def landed_name(header: str, position: int, taken: set[str]) -> str:
    """Return the name of a column once landed: small letters, digits, underscores; different from those `taken`."""
    name = split_words(header) or f"column_{position}"
    name = name if name[0].isalpha() else f"c_{name}"
    return name if name not in taken else f"{name}_{position}"


def _decide_type(profile: ColumnProfile, day_first: bool | None) -> _Decision:  # noqa: FBT001 - passed on
    if not profile.values:
        return _Decision("string", notes=["no row has a value"])
    reading = profile.reading()
    for kinds in _KINDS:
        found = {spelling: n for spelling, n in reading.items() if spelling.kind in kinds}
        decision = _decide_kind(kinds[0], found, profile, day_first) if found else None
        if decision is not None:
            others = profile.values - max(found.values())
            if others and decision.kind != "string":
                decision.notes.append(f"{others:,} of {profile.values:,} values are written otherwise: rejects")
            return decision
    return _Decision("string")


def _decide_kind(
    kind: str,
    found: Mapping[Spelling, int],
    profile: ColumnProfile,
    day_first: bool | None,  # noqa: FBT001 - passed on
) -> _Decision | None:
    match kind:
        case "date":
            return _decide_date(found, day_first)
        case "short_date":
            return _decide_short_date(found, profile)
        case "long":
            return _decide_long(profile)
        case "decimal":
            return _decide_decimal(found, profile)
        case "double":
            return _Decision("double", _number_keys(_best(found)[0]))
        case _:
            return _Decision(kind)


def _best(found: Mapping[Spelling, int]) -> list[Spelling]:
    most = max(found.values())
    return [spelling for spelling, n in found.items() if n == most]


def _decide_date(found: Mapping[Spelling, int], day_first: bool | None) -> _Decision:  # noqa: FBT001 - passed on
    best = _best(found)
    chosen = [each for each in best if _is_year_first(each.format)][:1]
    chosen = chosen or [each for each in best if "%-" not in each.format] or best
    if len(chosen) > 1 and day_first is not None:
        chosen = [each for each in chosen if (each.format.index("d") < each.format.index("m")) == day_first]
    if len(chosen) == 1:
        return _Decision(chosen[0].kind, {"format": chosen[0].format})
    formats = " or ".join(f'"{each.format}"' for each in chosen or best)
    question = f"is the day or the month first? No row tells: declare type {best[0].kind} and format {formats}"
    return _Decision("string", questions=[question])


def _is_year_first(text: str) -> bool:
    return text.startswith("%Y") or text == "iso8601"


def _decide_short_date(found: Mapping[Spelling, int], profile: ColumnProfile) -> _Decision | None:
    if not _DATED.search(split_words(profile.name)):
        return None
    formats = " or ".join(f'"{spelling.format}"' for spelling in _best(found))
    question = (
        f"which century are its years of two digits in? Declare type date, format {formats} and century: 1900 or 2000"
    )
    return _Decision("string", questions=[question])


def _decide_long(profile: ColumnProfile) -> _Decision:
    if profile.leading_zeros:
        return _Decision("string", notes=["digits with leading zeros, which a number would lose"])
    if profile.most_digits > LONG_DIGITS:
        return _Decision("string", notes=["more digits than a long has"])
    return _Decision("long")


def _decide_decimal(found: Mapping[Spelling, int], profile: ColumnProfile) -> _Decision:
    best = _best(found)
    chosen = best[0]
    marks = [mark for mark in ".," if profile.most_places[mark]]
    if len(marks) == 1 and marks[0] not in profile.decided_marks:
        mark = marks[0]
        question = (
            f'does "{mark}" separate thousands or decimals? No row tells: declare type decimal(18,3) and '
            f'decimal: "{mark}", or type long and thousands: "{mark}"'
        )
        return _Decision("string", questions=[question])
    places = profile.most_places[chosen.numbers.decimal]
    if chosen.numbers.thousands and not places and profile.most_digits <= LONG_DIGITS:
        keys = _number_keys(chosen)
        keys.pop("decimal", None)
        return _Decision("long", keys)
    # One value may have all the digits before its mark, and another all the places.
    return _Decision(decimal_type(profile.most_digits, places), _number_keys(chosen))


def _number_keys(spelling: Spelling) -> dict[str, object]:
    keys: dict[str, object] = {}
    if spelling.read != "plain":
        keys["read"] = spelling.read
    for key in ("decimal", "thousands", "minus"):
        value = getattr(spelling.numbers, key)
        if value != getattr(PLAIN_NUMBERS, key):
            keys[key] = value
    return keys


def _markers(profile: ColumnProfile, kind: str) -> list[str]:
    """Return the markers of missing values that occur; in text only those that are no values."""
    found = sorted(profile.missing)
    return found if kind != "string" else [marker for marker in found if marker in TEXT_MARKERS]


def _codes(profile: ColumnProfile, classification: ClassificationProposal) -> dict[str, str] | None:
    """Return a code table, each value to itself, for a small closed set of words in a column of at most internal."""
    if profile.codes is None or classification.classification > Classification.INTERNAL or profile.shapes:
        return None
    counts = profile.codes + Counter({m: n for m, n in profile.missing.items() if m not in TEXT_MARKERS})
    frequent = counts and min(counts.values()) >= _LEAST_PER_CODE
    if not frequent or not all(_CODE.fullmatch(value) for value in counts):
        return None
    return {value: value for value in sorted(counts)}
