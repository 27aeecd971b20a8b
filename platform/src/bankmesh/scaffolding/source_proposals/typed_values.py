"""Proposals for fields whose values have types of their own, as in JSON and workbooks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import WIDEST_DECIMAL
from bankmesh.scaffolding.classification_proposal import split_words
from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile, is_nearly_all
from bankmesh.scaffolding.source_proposals.column_proposal import (
    LONG_DIGITS,
    ColumnProposal,
    decimal_type,
    is_number_type,
    propose_column,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

TEXT, NUMBER, FLAG, DATE, MOMENT, TIME = "texts", "numbers", "true or false", "dates", "dates with a time", "times"
"""Kinds of values that a column can read. Any other kind is a word for people, and its values become rejects."""

Value = tuple[str, str]
"""A kind, and the value as text: a number in plain spelling, or any other word where only a double holds it."""

_PLAIN_NUMBER = r"^-?([0-9]+)(?:\.([0-9]+))?$"
_LEAST_PLACES, _MOST_PLACES = 2, 12
"""Typed numbers are written without zeros at their ends: places are at least those of money, at most these."""
_DOUBLE_DIGITS = 17
_AMOUNT = re.compile(
    r"(?:^|_)(?:amount|balance|limit|exposure|price|salary|income|wage|turnover|revenue|fee|saldo|betrag|preis|umsatz|castka|"
    r"zustatek)(?:_|$)"
)
"""Names of amounts of money, which have places in some file, even if not in these."""
_ROUNDED = "some have more digits than a double holds: are rounded ones enough?"


@dataclass
class NumberProfile:
    """Digits of typed numbers: the most before and behind the point, and how many numbers only a double holds."""

    values: int = 0
    digits: int = 0
    places: int = 0
    doubles: int = 0

    def update(self, numbers: pl.Series) -> None:
        """Add a batch of numbers as text."""
        found = numbers.str.extract(_PLAIN_NUMBER, 1)
        places = numbers.str.extract(_PLAIN_NUMBER, 2).str.strip_chars_end("0").str.len_bytes()
        self.values += len(numbers)
        self.doubles += found.null_count()
        self.digits = max(self.digits, _most(found.str.strip_chars_start("0").str.len_bytes()))
        self.places = max(self.places, _most(places))

    def as_money(self) -> str:
        """Return the type of whole numbers that may have places in later files."""
        return decimal_type(self.digits, _LEAST_PLACES)

    def decide(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Return the type that holds all numbers, notes and questions."""
        if self.doubles or self.places > _MOST_PLACES:
            note = "numbers with long fractions, as doubles"
            is_rounded = not self.doubles and self.digits + self.places > _DOUBLE_DIGITS
            return "double", (note,), (_ROUNDED,) if is_rounded else ()
        if not self.places and self.digits <= LONG_DIGITS:
            return "long", (), ()
        places = max(self.places, _LEAST_PLACES) if self.places else 0
        if self.digits + places > WIDEST_DECIMAL:
            return "double", (), (_ROUNDED,)
        return decimal_type(self.digits, places), (), ()


def _most(lengths: pl.Series) -> int:
    return int(lengths.max() or 0)  # type: ignore[arg-type]  # of whole numbers


@dataclass
class TypedProfile:
    """Counts of one field: its texts, numbers and other kinds of values apart; `present` are all that are not null."""

    name: str
    texts: ColumnProfile
    numbers: NumberProfile = field(default_factory=NumberProfile)
    kinds: Counter[str] = field(default_factory=Counter)
    present: int = 0

    @classmethod
    def named(cls, name: str) -> TypedProfile:
        """Return an empty profile."""
        return cls(name, ColumnProfile(name))

    def update(self, values: Sequence[Value]) -> None:
        """Add values that are not null."""
        import polars as pl

        self.present += len(values)
        self.kinds.update(kind for kind, _ in values)
        texts = [text for kind, text in values if kind == TEXT]
        if texts:
            self.texts.update(pl.Series(values=texts, dtype=pl.String))
        numbers = [text for kind, text in values if kind == NUMBER]
        if numbers:
            self.numbers.update(pl.Series(values=numbers, dtype=pl.String))


@dataclass(frozen=True)
class TypedProposal:
    """A column, and whether it needs `quoted_numbers` because some of its numbers or markers are texts."""

    column: ColumnProposal
    quoted: bool = False


def propose_typed(profile: TypedProfile, rows: int, *, day_first: bool | None) -> TypedProposal:
    """Return the proposed declaration of a field in so many rows.

    Its most frequent kind of values decides the type. Texts that spell values of this type are read, too; what the
    type does not read is counted in a note, or, if it is more than a few, in a question.
    """
    texts = profile.texts
    texts.rows, texts.absent = rows, rows - profile.present
    spelled = propose_column(texts, day_first=day_first)
    counts = Counter({kind: profile.kinds[kind] for kind in (NUMBER, FLAG)})
    counts[DATE], counts[TEXT] = profile.kinds[DATE] + profile.kinds[MOMENT], texts.values
    counts[TIME] = profile.kinds[TIME]
    main = max(counts, key=lambda kind: counts[kind])
    if main == TEXT and _are_read_with_texts(profile.numbers, str(spelled.keys["type"])):
        main = NUMBER
    if main == TIME and counts[main]:
        found = _of_times(spelled)
    elif main == TEXT or not counts[main]:
        found = _of_texts(spelled)
    else:
        found = _of_kind(main, profile, spelled)
    read = counts[main] + (texts.values if main != TEXT and found.reads_texts else 0)
    others = profile.present - read - texts.missing.total()
    return TypedProposal(_with_others(found.column, others, profile), found.quoted)


def propose_texts(profile: TypedProfile, rows: int, *, day_first: bool | None) -> ColumnProposal:
    """Return the proposed declaration of a field that has texts alone, in so many rows."""
    profile.texts.rows, profile.texts.absent = rows, rows - profile.present
    return propose_column(profile.texts, day_first=day_first)


def _are_read_with_texts(numbers: NumberProfile, kind_of_texts: str) -> bool:
    """Whether a field has numbers that its texts, which spell fractions, can be read with and lose no digit by it."""
    is_fraction = is_number_type(kind_of_texts) and kind_of_texts != "long"  # whole ones are mostly keys
    return is_fraction and numbers.values > 0 and numbers.decide()[0] != "double"


@dataclass(frozen=True)
class _DecidedColumn:
    column: ColumnProposal
    quoted: bool
    reads_texts: bool = False


def _of_texts(spelled: ColumnProposal) -> _DecidedColumn:
    """Return the column of a field with texts: a number in them needs a declaration of its own."""
    kind = str(spelled.keys["type"])
    keys = dict(spelled.keys)
    if kind == "long":
        note = "digits in texts; declare long, and quoted_numbers of the format, if they are numbers"
        keys = {"type": "string"} | ({"required": True} if keys.get("required") else {})
        return _DecidedColumn(replace(spelled, keys=keys, notes=(*spelled.notes, note)), quoted=False)
    if kind == "boolean":
        keys["codes"] = {"true": True, "false": False}
    return _DecidedColumn(replace(spelled, keys=keys), quoted=is_number_type(kind))


def _of_times(spelled: ColumnProposal) -> _DecidedColumn:
    """Return the column of a field with times without a day, which no type but text holds."""
    keys = {"type": "string"} | ({"required": True} if spelled.keys.get("required") else {})
    column = replace(spelled, keys=keys, notes=("times, which land as HH:MM:SS",), questions=())
    return _DecidedColumn(column, quoted=False, reads_texts=True)


def _of_kind(main: str, profile: TypedProfile, spelled: ColumnProposal) -> _DecidedColumn:
    """Return the column of a field whose values mostly have a type."""
    texts, kind_of_texts = profile.texts, str(spelled.keys["type"])
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    keys: dict[str, object] = {"type": "boolean"}
    reads_texts = False
    if main == NUMBER:
        kind, notes, questions = profile.numbers.decide()
        if kind == "long" and _AMOUNT.search(split_words(profile.name)):
            kind, notes = profile.numbers.as_money(), (*notes, "whole numbers alone, and an amount by its name")
        reads_texts = texts.values > 0 and is_number_type(kind_of_texts)
        keys = {"type": kind}
        if reads_texts:
            wider = _wider(kind, kind_of_texts, max(profile.numbers.digits, texts.most_digits))
            keys = {"type": wider} | _spelling(spelled, wider)
    elif main == DATE:
        kind = "timestamp" if profile.kinds[MOMENT] or kind_of_texts == "timestamp" else "date"
        reads_texts = texts.values > 0 and kind_of_texts == kind
        keys = {"type": kind} | ({"format": spelled.keys["format"]} if reads_texts else {})
        if kind == "timestamp":
            keys["timezone"] = "UTC"
            questions = ("which time zone are its times in? They are stored without one, and UTC is a guess",)
    if texts.missing:
        keys["missing"] = sorted(texts.missing)
    elif not texts.absent:
        keys["required"] = True
    if reads_texts:
        notes = (*notes, f"{texts.values:,} of {profile.present:,} values are written as text")
    elif texts.values:
        questions = (*questions, *spelled.questions)
    column = replace(spelled, keys=keys, notes=notes, questions=questions)
    return _DecidedColumn(column, main != DATE and (reads_texts or bool(texts.missing)), reads_texts)


def _spelling(spelled: ColumnProposal, kind: str) -> dict[str, object]:
    keys = {key: spelled.keys[key] for key in ("read", "decimal", "thousands", "minus") if key in spelled.keys}
    if kind != "long" and keys.get("thousands") == ".":
        keys["decimal"] = ","  # whole numbers in texts have none
    return keys


def _wider(kind: str, other: str, digits: int) -> str:
    """Return the type that holds the numbers of both, with so many digits before the point."""
    if "double" in (kind, other):
        return "double"
    return kind if kind == other else decimal_type(digits, max(_places(kind), _places(other)))


def _places(kind: str) -> int:
    return int(kind.rpartition(",")[2].rstrip(")")) if "," in kind else 0


def _with_others(column: ColumnProposal, others: int, profile: TypedProfile) -> ColumnProposal:
    """Return a column with what is said about values of kinds that it does not read."""
    if not others:
        return column
    kinds: Mapping[str, int] = {kind: n for kind, n in profile.kinds.items() if n}
    listed = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items(), key=lambda each: -each[1]))
    if is_nearly_all(profile.present - others, profile.present):
        note = f"{others:,} of {profile.present:,} values are of another kind ({listed}): rejects"
        return replace(column, notes=(*column.notes, note))
    question = f"which kind of values does it have? There are {listed}; {others:,} become rejects"
    return replace(column, questions=(*column.questions, question))
