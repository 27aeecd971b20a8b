"""Masks as policies and contracts spell them: which types they suit, which type they return, and which hides more.

| spelling | suits | returns | reveals |
| --- | --- | --- | --- |
| `null` | every type | the type, all null | nothing |
| `redact` | string | `***` | whether there is a value |
| `pseudonym` | string, whole numbers, date, timestamp | string, 64 hexadecimal digits | equal values |
| `generalise(years: 10)` | integer, long, date, timestamp | string, `30-39` or `1980-1989` | the band |
| `generalise(month)`, `generalise(year)` | date, timestamp | date, the first day | the month or the year |
| `generalise(prefix: 2)` | string | string | the first characters, if more follow |
| `generalise(round: 100)` | integer, long, decimal, double | the type, rounded towards zero | the value to a unit |
| `partial(last: 4)`, `partial(first: 2)` | string, integer, long | string, `***1234` | so many, if as many are hidden |

In every method but `null`, null stays null. Nothing here imports Polars: policies are checked with these rules alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.access.model import Mask, MaskMethod
from bankmesh.contracts.model import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOWED = (
    "null, redact, pseudonym, partial(last: N), partial(first: N), generalise(years: N), generalise(month), "
    "generalise(year), generalise(prefix: N) or generalise(round: N)"
)
_SPELLING = re.compile(
    r"(?P<method>[a-z]+)(?:\(\s*(?P<option>[a-z]+)\s*(?::\s*(?P<size>[0-9]{1,18})\s*)?\))?", re.ASCII
)

_SIZES: dict[MaskMethod, dict[str, tuple[int, int] | None]] = {
    MaskMethod.PARTIAL: {"last": (1, 64), "first": (1, 64)},
    MaskMethod.GENERALISE: {"years": (2, 100), "month": None, "year": None, "prefix": (1, 64), "round": (2, 10**15)},
}
"""The options of each method, with the least and the most of their sizes; None for an option without a size."""

_WHOLE = frozenset({"integer", "long"})
_MOMENTS = frozenset({"date", "timestamp"})
_SUITED: dict[str, frozenset[str]] = {
    "redact": frozenset({"string"}),
    "pseudonym": frozenset({"string", "decimal"}) | _WHOLE | _MOMENTS,
    "partial": frozenset({"string"}) | _WHOLE,
    "years": _WHOLE | _MOMENTS,
    "month": _MOMENTS,
    "year": _MOMENTS,
    "prefix": frozenset({"string"}),
    "round": frozenset({"decimal", "double"}) | _WHOLE,
}
_UNITS = frozenset({"years", "round"})
"""The options whose size is a unit: a multiple of it hides more. Of the others, no size hides more than another one:
`partial(last: 2)` shows characters of a text that is too short for `partial(last: 4)`.
"""

_STRICTEST_FIRST = tuple(MaskMethod)


def parse_mask(text: str) -> Mask:
    """Read a mask as policies and contracts spell it, `partial(last: 4)`.

    Raises ValueError, with what is allowed.
    """
    found = _SPELLING.fullmatch(text.strip())
    methods = {method.value: method for method in MaskMethod}
    if found is None or found["method"] not in methods:
        raise ValueError(f"{text!r} is not a mask; write {ALLOWED}")
    method, option = methods[found["method"]], found["option"] or ""
    options = _SIZES.get(method)
    if (options is None and option) or (options is not None and option not in options):
        raise ValueError(f"{text!r} is not a mask; write {ALLOWED}")
    bounds = options[option] if options else None
    size = int(found["size"]) if found["size"] else None
    if bounds is None and size is not None:
        raise ValueError(f"{text!r}: {option} has no size; write {method}({option})")
    if bounds is not None and (size is None or not bounds[0] <= size <= bounds[1]):
        raise ValueError(f"{text!r}: {option} needs a size from {bounds[0]} to {bounds[1]}, as {method}({option}: 4)")
    return Mask(method, option, size)


def fits(mask: Mask, kind: ColumnType) -> str | None:
    """Return why a mask does not suit a column type, or None if it does."""
    if mask.method is MaskMethod.NULL:
        return None
    suited = _SUITED[mask.option if mask.method is MaskMethod.GENERALISE else mask.method.value]
    if kind.name not in suited:
        return f"{mask} does not suit {kind}, only {', '.join(sorted(suited))}; `null` suits every type"
    if mask.method is MaskMethod.PSEUDONYM and kind.name == "decimal" and kind.scale:
        return f"pseudonym suits decimals without places, and {kind} has {kind.scale}; write null"
    return None


def masked_type(mask: Mask, kind: ColumnType) -> ColumnType:
    """Return the type of a masked column; a mask that does not fit gives null, and so keeps the type."""
    if mask.method is MaskMethod.NULL or fits(mask, kind) is not None:
        return kind
    if mask.option in {"month", "year"}:
        return ColumnType("date")
    return kind if mask.option in {"prefix", "round"} else ColumnType("string")


def strictest(masks: Iterable[Mask]) -> Mask:
    """Return the mask that hides the most; null where two hide different parts of a value.

    Raises ValueError if there is no mask.
    """
    found = list(masks)
    if not found:
        raise ValueError("there is no mask to choose from")
    method = min((mask.method for mask in found), key=_STRICTEST_FIRST.index)
    same = sorted({mask for mask in found if mask.method is method}, key=str)
    chosen = (mask for mask in same if all(_follows_from(mask, other) for other in same))
    return next(chosen, Mask(MaskMethod.NULL))


def _follows_from(coarse: Mask, fine: Mask) -> bool:
    """Whether the result of one mask can be computed from that of another of its method, and so reveals no more."""
    if coarse == fine:
        return True
    if coarse.option != fine.option or coarse.size is None or fine.size is None:
        return (fine.option, coarse.option) in {("month", "year"), ("month", "years"), ("year", "years")}
    return coarse.option in _UNITS and coarse.size % fine.size == 0
