"""Whatever happens to the lines of a file: every record is a row or a reject, and untouched rows land unchanged."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.sources import land, read_system

DECLARATION = """\
system: legacy
description: A system.
owner: team
format: {delimiter: ";", encoding: utf-8, multiline: %s}
objects:
  thing:
    description: Things.
    files: ["thing.txt"]
    may_be_empty: true
    columns:
      n: {type: long, required: true, classification: internal, description: A number.}
      t: {type: string, classification: restricted, description: A text.}
      a: {type: "decimal(6,2)", classification: confidential, description: An amount.}
"""

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=6)
rows = st.lists(st.tuples(texts, st.integers(-99999, 99999)), min_size=1, max_size=25)
damages = st.lists(
    st.tuples(
        st.integers(0, 24),
        st.sampled_from(["replace", "insert", "delete", "truncate", "double"]),
        st.integers(0, 40),
        st.sampled_from([";", '"', '""', "\r", "x", " ", "-", ".", "é", "\t", "\0", ""]),
    ),
    max_size=8,
)
quiet = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def written(number: int, text: str, cents: int) -> str:
    return f'{number};"{text.replace(chr(34), chr(34) * 2)}";{Decimal(cents) / 100:.2f}'


def damaged(line: str, kind: str, at: int, sign: str) -> str:
    at = min(at, len(line))
    return {
        "replace": line[:at] + sign + line[at + 1 :],
        "insert": line[:at] + sign + line[at:],
        "delete": line[:at] + line[at + 1 :],
        "truncate": line[:at],
        "double": line + line,
    }[kind]


def landed(content: bytes, *, multiline: bool, block_bytes: int):
    with TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "legacy.yaml").write_text(DECLARATION % str(multiline).lower(), encoding="utf-8")
        (base / "thing.txt").write_bytes(content)
        (base / "out").mkdir()
        obj = read_system(base / "legacy.yaml").objects[0]
        landing = land(obj, base, base / "out", block_bytes=block_bytes)
        return (
            landing,
            pl.read_parquet(landing.rows_paths).rows(),
            pl.read_parquet(landing.rejects_paths).rows(named=True),
        )


@quiet
@given(rows, damages, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([1, 50, 1 << 20]))
def test_damage_to_some_lines_leaves_the_others_alone(values, damage, end, final, block_bytes):
    lines = [written(number, *value) for number, value in enumerate(values)]
    for at, *how in damage:
        lines[at % len(lines)] = damaged(lines[at % len(lines)], *how)
    content = end.join(["n;t;a", *lines]) + (end if final else "")
    landing, good, rejects = landed(content.encode(), multiline=False, block_bytes=block_bytes)
    physical = content.removesuffix("\n").split("\n")[1:]
    blank = sum(line in ("", "\r") for line in physical)
    assert landing.balanced
    assert (landing.rows_in, landing.blank_lines) == (len(physical) - blank, blank)
    touched = {at % len(lines) for at, *_ in damage}
    expected = [
        (number, text, Decimal(cents) / 100) for number, (text, cents) in enumerate(values) if number not in touched
    ]
    remaining = list(good)
    for row in expected:
        assert row in remaining
        remaining.remove(row)
    assert len(remaining) + len(rejects) <= len(touched)
    for reject in rejects:
        assert reject["line"] - 2 in touched
        assert reject["raw_text"] == physical[reject["line"] - 2].removesuffix("\r")


@quiet
@given(rows, damages, st.sampled_from(["\n", "\r\n"]), st.sampled_from([1, 50, 1 << 20]), st.data())
def test_values_over_several_lines_balance_too(values, damage, end, block_bytes, data):
    breaks = data.draw(st.lists(st.sampled_from(["", "\n", "\r\n", "\n\n", "\r\n\r\n"]), min_size=len(values)))
    spread = [(f"{text}{gap}{text}", cents) for (text, cents), gap in zip(values, breaks, strict=False)]
    lines = [written(number, *value) for number, value in enumerate(spread)]
    clean = end.join(["n;t;a", *lines]).encode()
    landing, good, rejects = landed(clean, multiline=True, block_bytes=block_bytes)
    assert landing.balanced
    assert not rejects
    assert good == [(number, text, Decimal(cents) / 100) for number, (text, cents) in enumerate(spread)]
    for at, *how in damage:
        lines[at % len(lines)] = damaged(lines[at % len(lines)], *how)
    landing, good, rejects = landed(end.join(["n;t;a", *lines]).encode(), multiline=True, block_bytes=block_bytes)
    assert landing.balanced
    whole, *outcome = landed(end.join(["n;t;a", *lines]).encode(), multiline=True, block_bytes=1 << 22)
    assert outcome == [good, rejects]
    assert whole.rows_in == landing.rows_in
