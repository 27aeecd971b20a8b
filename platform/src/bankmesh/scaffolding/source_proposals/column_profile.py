"""What the values of one column have in common, gathered batch by batch over all rows in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.scaffolding.classification_proposal import find_shape
from bankmesh.scaffolding.source_proposals.value_patterns import MISSING_MARKERS, Spelling, all_spellings

if TYPE_CHECKING:
    import polars as pl

BLOCK_BYTES = 4 << 20
"""The bytes of a file whose values are profiled at a time."""
MOST_CODES = 20
"""The most values that a code table has."""
_NEARLY_ALL = 0.99
_FEW = 100
"""Below so many values, a spelling must read all of them."""
_MARKS = (".", ",")
_NUMBER_LIKE = "^[0-9+\\-., '\u00a0\u202f\u2019]+$"
_MOST_SHAPED = 1_000
"""The values of each batch whose shape is examined, evenly spread over its distinct ones."""
_EARLY = 20_000
"""The values after which a spelling that fits less than half of them is given up."""


def is_nearly_all(count: int, values: int) -> bool:
    """Whether so many are all of some values, or nearly all of many."""
    return count >= (values if values < _FEW else _NEARLY_ALL * values)


@dataclass
class ColumnProfile:
    """Counts of one column: `rows`, `absent` fields, `missing` markers, `values` (all others), and their spellings.

    `codes` are the distinct values with their counts, None once there are too many. Values are for decisions alone;
    only those of columns that are proposed as internal or public may be shown.
    """

    name: str
    rows: int = 0
    absent: int = 0
    values: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    fits: dict[Spelling, int] = field(default_factory=lambda: dict.fromkeys(all_spellings(), 0))
    codes: Counter[str] | None = field(default_factory=Counter)
    shapes: Counter[str] = field(default_factory=Counter)
    shaped: int = 0
    leading_zeros: int = 0
    most_digits: int = 0
    most_places: Counter[str] = field(default_factory=Counter)
    decided_marks: set[str] = field(default_factory=set)
    """Separators of numbers that some value shows to be decimal or to group digits."""

    def update(self, texts: pl.Series) -> None:
        """Add a batch of values as text; null is an absent field."""
        self.rows += len(texts)
        self.absent += texts.null_count()
        counted = texts.drop_nulls().alias("value").value_counts(name="n")
        is_missing = counted["value"].is_in(MISSING_MARKERS)
        for value, n in counted.filter(is_missing).iter_rows():
            self.missing[value] += n
        counted = counted.filter(~is_missing)
        if counted.is_empty():
            return
        self.values += int(counted["n"].sum())
        self._count_spellings(counted)
        self._count_codes(counted)
        self._count_shapes(counted["value"])
        numbers = counted["value"].filter(counted["value"].str.contains(_NUMBER_LIKE))
        if len(numbers):
            self._measure_numbers(numbers)

    def _count_spellings(self, counted: pl.DataFrame) -> None:
        for spelling in list(self.fits):
            self.fits[spelling] += int(counted["n"].filter(counted["value"].str.contains(spelling.pattern)).sum())
            if self.values >= _EARLY and self.fits[spelling] * 2 < self.values:
                del self.fits[spelling]

    def _count_codes(self, counted: pl.DataFrame) -> None:
        if self.codes is None:
            return
        if len(counted) > MOST_CODES:
            self.codes = None
            return
        self.codes.update(dict(counted.iter_rows()))
        if len(self.codes) > MOST_CODES:
            self.codes = None

    def _count_shapes(self, values: pl.Series) -> None:
        looked_at = values.gather_every(max(1, len(values) // _MOST_SHAPED))
        self.shaped += len(looked_at)
        self.shapes.update(shape for value in looked_at if (shape := find_shape(value.strip())))

    def _measure_numbers(self, values: pl.Series) -> None:
        import polars as pl

        value = pl.col("value")
        figures = [
            value.str.count_matches("[0-9]").max().alias("digits"),
            value.str.contains("^[+-]?0[0-9]").sum().alias("zeros"),
            value.str.contains("^[+-]?[0-9]{4,}").any().alias("ungrouped"),
        ]
        for mark in _MARKS:
            grouped = value.str.contains(rf"^[+-]?[1-9][0-9]{{0,2}}[{mark}][0-9]{{3}}[+-]?$")
            places = value.str.extract(rf"[{mark}]([0-9]+)[+-]?$").str.len_bytes().max()
            figures += [
                places.alias(f"places{mark}"),
                (value.str.contains(mark, literal=True) & ~grouped).any().alias(f"decided{mark}"),
            ]
        found = values.to_frame("value").select(figures).row(0, named=True)
        self.most_digits = max(self.most_digits, found["digits"] or 0)
        self.leading_zeros += found["zeros"]
        for mark in _MARKS:
            self.most_places[mark] = max(self.most_places[mark], found[f"places{mark}"] or 0)
            if found[f"decided{mark}"] or found["ungrouped"]:
                self.decided_marks.add(mark)

    @property
    def shares(self) -> dict[str, float]:
        """The share of the examined values of each shape that identifies people."""
        return {shape: n / self.shaped for shape, n in self.shapes.items()} if self.shaped else {}

    def reading(self) -> dict[Spelling, int]:
        """Return the spellings that read all values, or nearly all of many, with how many each reads."""
        return {spelling: n for spelling, n in self.fits.items() if self.values and is_nearly_all(n, self.values)}
