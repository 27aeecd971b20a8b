"""Proposals for the classification of columns, by their names and by the shape of their values.

A proposal is for a person to review: it errs towards the more confidential class. Names may be in English, German or
Czech. Reasons never hold a value.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NAMES_OF_PEOPLE = "names of people"
SHARE = 0.2
"""The share of a column's distinct values from which their shape decides."""

_RESTRICTED_WORDS = (
    r"(e_?)?mail|phone|telefon|tel|mobile?|handy|fax|address|adresse?|street|strasse|ulice|post_?code|zip(_?code)?|plz|psc|"
    r"birth|birthday|dob|geburt(sdatum|stag)?|narozeni|national_?id|ssn|social_?security|tax_?id|passport|reisepass|"
    r"rodne_?cislo|birth_?number|iban|pan|card_?number|karten_?nummer|cvv|pin|password|secret|token|signature|"
    r"diagnosis|religion|ethnicity|nationality|gender|sex|pohlavi|geschlecht|"
    r"iban|account_?holder|beneficiary|remitter|payee|payer|"
    r"(full|first|middle|last|family|given|maiden|birth)_?names?|surname|vorname|nachname|jmeno|prijmeni|"
    r"(client|customer|person|holder|owner|contact|user|employee|kunden?)_?name"
)
_CONFIDENTIAL_WORDS = (
    r"amount|balance|salary|income|wage|limit|price|turnover|revenue|saldo|betrag|castka|zustatek|score|rating|note|text|"
    r"comment|remark|memo|message|purpose|description|marital(_?status)?|education|employment|occupation|age|account|konto|ucet|party|city|ort|mesto|name|"
    r"(?:cust|customer|client|klient|kunden?|kd|cif|zakaznik)s?(?:id|no|nr|num|number|nummer)?"
)
_INTERNAL_WORDS = (
    r"id|key|number|no|nr|seq|sequence|line|row|version|type|typ|art|kind|status|state|stav|code|kod|currency|mena|waehrung|"
    r"country|flag|category|class|channel|branch|frequency|unit|segment|date|datum|day|time|timestamp|month|year|created|updated"
)
_BY_NAME = (
    (Classification.RESTRICTED, re.compile(rf"(?:^|_)(?:{_RESTRICTED_WORDS})[0-9]*(?:_|$)")),
    (Classification.CONFIDENTIAL, re.compile(rf"(?:^|_)(?:{_CONFIDENTIAL_WORDS})[0-9]*(?:_|$)")),
    (Classification.INTERNAL, re.compile(rf"(?:^|_)(?:{_INTERNAL_WORDS})[0-9]*(?:_|$)")),
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?:\+|00)[0-9]{1,3}[ ()/.-]*(?:[0-9][ ()/.-]*){6,12}|\(?0?[0-9]{2,4}\)?(?:[ /.-][0-9]{2,4}){2,4}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
_BIRTH_NUMBER = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})/?([0-9]{3,4})")
_PERSON = re.compile(r"(?:[^\W\d_][\w'’-]+\.?,? ){1,3}[^\W\d_][\w'’-]+\.?")  # noqa: RUF001 - as names are written
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:19|20)?[0-9]{2}"
)
_IBAN_REMAINDER, _CARD_DIGITS, _DAYS, _MONTHS = 97, range(13, 20), range(1, 32), range(1, 13)


@dataclass(frozen=True)
class ClassificationProposal:
    """A proposed class and why; `by_evidence` is False for the class of a column that nothing speaks for."""

    classification: Classification
    reason: str
    by_evidence: bool = True


def propose_classification(name: str, shapes: Mapping[str, float] | None = None) -> ClassificationProposal:
    """Propose the class of a column from its name and, if values are known, the share of each of their shapes.

    `shapes` is what `measure_shapes` returns. A shape that identifies people makes a column restricted, whatever
    its name is. Without evidence the proposal is confidential.
    """
    frequent = {shape: share for shape, share in (shapes or {}).items() if share >= SHARE}
    if frequent:
        shape = max(frequent, key=lambda each: frequent[each])
        return ClassificationProposal(Classification.RESTRICTED, f"values look like {shape}")
    word = split_words(name)
    for classification, pattern in _BY_NAME:
        if found := pattern.search(word):
            return ClassificationProposal(classification, f"named {found[0].strip('_')}")
    return ClassificationProposal(Classification.CONFIDENTIAL, "no evidence in its name or values", by_evidence=False)


def split_words(name: str) -> str:
    """Return a name in small letters with underscores between its words: `CustomerID` is `customer_id`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", _without_accents(parted).lower()).strip("_")


def measure_shapes(values: Iterable[str]) -> dict[str, float]:
    """Return the share of values, 0 to 1, of each shape that identifies people and that any value has."""
    counts: dict[str, int] = {}
    total = 0
    for value in values:
        total += 1
        if shape := find_shape(value.strip()):
            counts[shape] = counts.get(shape, 0) + 1
    return {shape: count / total for shape, count in counts.items()}


def find_shape(value: str) -> str | None:
    """Return what a value looks like: an identifier of a person or account whose check digits agree, or a contact."""
    return next((shape for shape, has_shape in _SHAPES if has_shape(value)), None)


def is_iban(text: str) -> bool:
    """Whether a text without blanks is an IBAN whose check digits agree (ISO 13616, remainder 1 modulo 97)."""
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(each, 36)) for each in text[4:] + text[:4])) % _IBAN_REMAINDER == 1


def is_card_number(digits: str) -> bool:
    """Whether digits are a payment card number: 13 to 19, a first digit of a network, and the check digit of Luhn."""
    if not (digits.isascii() and digits.isdigit() and len(digits) in _CARD_DIGITS and digits[0] in "3456"):
        return False
    doubled = [int(each) * (1 + at % 2) for at, each in enumerate(reversed(digits))]
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0  # noqa: PLR2004 - Luhn's digits


def is_birth_number(text: str) -> bool:
    """Whether a text is a Czech or Slovak birth number: a day, and ten digits divisible by 11, or nine with a slash."""
    found = _BIRTH_NUMBER.fullmatch(text)
    if found is None:
        return False
    month = int(found[2]) % 50
    month = month - 20 if month > max(_MONTHS) else month
    if month not in _MONTHS or int(found[3]) not in _DAYS:
        return False
    digits = text.replace("/", "")
    if len(digits) == 9:  # noqa: PLR2004 - without a check digit, issued until 1953
        return "/" in text
    return int(digits) % 11 == 0 or (int(digits[:9]) % 11 == 10 and digits[9] == "0")  # noqa: PLR2004


def _is_phone(value: str) -> bool:
    return _PHONE.fullmatch(value) is not None and _DATE.fullmatch(value) is None


def _compact(value: str) -> str:
    return re.sub(r"[ -]", "", value)


_SHAPES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("e-mail addresses", lambda value: _EMAIL.fullmatch(value) is not None),
    ("IBANs (check digits agree)", lambda value: is_iban(_compact(value))),
    ("card numbers (check digits agree)", lambda value: is_card_number(_compact(value))),
    ("social security numbers", lambda value: _SSN.fullmatch(value) is not None),
    ("birth numbers (check digits agree)", is_birth_number),
    ("phone numbers", _is_phone),
    (NAMES_OF_PEOPLE, lambda value: _PERSON.fullmatch(value) is not None and value == value.title()),
)
"""Each shape with its test, the most specific first."""


def _without_accents(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
