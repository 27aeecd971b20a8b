"""Damage to single records of every kind of file: each ends in a reject or a refusal, or lands as the file says.

Damage replaces, inserts or deletes one byte of a record. Records that it cannot reach land unchanged; the number of rows
and rejects is that of the records; and a row of a damaged record is what its text says, never anything else. A digit that
became another digit is such a row, unless a checksum or a total of its kind of file covers it.
"""

import random
import time
from collections import Counter

import polars as pl
import pytest
from damaged_documents import DOCUMENTS
from damaged_kinds import KINDS

from bankmesh.errors import LegacyFileError
from bankmesh.sources import land

RECORDS = 80
FEW = 10
ALL_KINDS = [*KINDS, *DOCUMENTS]
PRINTABLE = bytes(range(0x20, 0x7F))


class Trial:
    """Files of one kind, damaged again and again; what became of the damaged records."""

    def __init__(self, kind, base, seed=1):
        self.kind, self.base, self.chosen = kind, base, random.Random(seed)  # noqa: S311
        self.obj = kind.declared(base)
        self.outcomes = Counter()
        self.count = 0
        self.head, self.records, self.tail = kind.write(RECORDS)
        self.clean, _ = self.land(self.head + b"".join(self.records) + self.tail)
        assert len(self.clean) == RECORDS

    def land(self, content: bytes):
        self.count += 1
        (self.base / self.kind.file).write_bytes(self.kind.packed(content))
        target = self.base / f"out-{self.count}"
        target.mkdir()
        landing = land(self.obj, self.base, target)
        shown = [column.name for column in landing.columns if column.header]
        return pl.concat([pl.read_parquet(path) for path in landing.rows_paths]).select(shown).rows(), landing

    def damage(self, record: bytes, *, printable: bool) -> bytes:
        at = self.chosen.randrange(len(record))
        sign = bytes([self.chosen.choice(PRINTABLE if printable else range(256))])
        if self.kind.name == "copybook":  # a byte more or less moves all records behind it
            return record[:at] + sign + record[at + 1 :]
        kept = self.chosen.choice([(at, at + 1, sign), (at, at, sign), (at, at + 1, b"")])
        return record[: kept[0]] + kept[2] + record[kept[1] :]

    def run_once(self) -> None:
        """Damage some records of one file, and check what lands."""
        many = self.chosen.randrange(1, self.kind.per_file + 1)
        hit = set(self.chosen.sample(range(len(self.records)), min(many, len(self.records))))
        printable = self.chosen.random() < 0.8
        made = [self.damage(r, printable=printable) if at in hit else r for at, r in enumerate(self.records)]
        hit = {at for at in hit if made[at] != self.records[at]}
        content = self.head + b"".join(made) + self.tail
        try:
            rows, landing = self.land(content)
        except LegacyFileError:
            self.outcomes["refused"] += len(hit)
            return
        if not landing.balanced:
            self.outcomes["refused"] += len(hit)
            return
        # Without its line end a record runs into the next one.
        reached = hit | {at + 1 for at in hit} | {at - 1 for at in hit if self.kind.is_framed}
        single = len(self.records) == RECORDS
        untouched = Counter(row for at, row in enumerate(self.clean) if not single or at not in reached)
        found = Counter(rows)
        if single:
            assert not untouched - found, "an undamaged record was changed or lost"
        self._check_counts(content, rows, landing)
        others = list((found - untouched).elements())
        if self.kind.said is not None:
            assert set(others) <= self.kind.said(content), "a row that the file does not say"
        if self.kind.is_covered:
            assert found <= Counter(self.clean), "a row that the file does not have"
        if self.kind.is_whole:
            assert rows == self.clean
        self.outcomes["rejected"] += min(landing.rejects, len(hit))
        self.outcomes["as written"] += len(hit) - min(landing.rejects, len(hit))

    def _check_counts(self, content, rows, landing):
        total = len(rows) + landing.rejects
        if self.kind.counted is not None:
            assert total == self.kind.counted(content), "a record was lost or landed twice"
        else:
            assert total >= RECORDS - self.kind.is_framed * landing.rejects, "a record was lost"

    @property
    def damaged(self) -> int:
        return sum(self.outcomes.values())


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.name)
def test_damage_ends_in_rejects_or_refusals_or_lands_as_the_file_says(tmp_path, kind):
    trial = Trial(kind, tmp_path)
    for _ in range(25):
        trial.run_once()
    assert trial.outcomes["refused"] + trial.outcomes["rejected"]


@pytest.mark.slow
def test_a_hundred_thousand_damaged_records_over_all_kinds(tmp_path):
    outcomes, began = Counter(), time.monotonic()
    for kind in ALL_KINDS:
        (tmp_path / kind.name).mkdir()
        trial = Trial(kind, tmp_path / kind.name, seed=2)
        # Of files that one damage refuses whole, a few records each are damaged; they take as long as others with many.
        while trial.damaged < (24_000 if kind.per_file > FEW else 600):
            trial.run_once()
        outcomes.update({f"{kind.name}: {name}": count for name, count in trial.outcomes.items()})
    for name, count in sorted(outcomes.items()):
        print(f"{name}: {count:,}")  # noqa: T201 - the figures of the proof
    figures = f"{sum(outcomes.values()):,} damaged records of {len(ALL_KINDS)} kinds, 0 lost, 0 guessed"
    print(f"{figures}, in {time.monotonic() - began:,.0f} s")  # noqa: T201 - the same
    assert sum(outcomes.values()) >= 100_000
