"""Random declared fixed-width files land exactly as written; damage is found in rejects, or the file is refused."""

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.errors import LegacyFileError
from bankmesh.sources import land, read_system

pytestmark = pytest.mark.system

HEAD = """\
system: host
description: A system.
owner: team
format:
  kind: fixed_width
  encoding: %s
  record_length: %d
  terminated: %s
"""
WIDTH = 24
RECORDS = """\
  padding: right
  selector: {start: 1, length: 1}
  records:
    head: {value: H, role: header}
    one: {value: A}
    two: {value: B}
    tail:
      value: T
      role: trailer
      totals:
        - {count: [one, two], start: 2, length: 5}
        - {sum: a, of: two, start: 7, length: 12, decimals: 2, minus: trailing}
objects:
  one:
    description: Ones.
    files: ["thing.txt"]
    record: one
    may_be_empty: true
    line_as: line
    rejects_tolerated: 100%
    columns:
      n: {start: 2, length: 5, type: long, required: true, classification: internal, description: A number.}
      t: {start: 7, length: 6, type: string, classification: restricted, description: A text.}
  two:
    description: Twos.
    files: ["thing.txt"]
    record: two
    may_be_empty: true
    line_as: line
    rejects_tolerated: 100%
    columns:
      a: {start: 2, length: 9, type: "decimal(8,2)", decimals: 2, minus: trailing, required: true, classification: internal, description: A.}
      n: {from: one, start: 2, length: 5, type: long, required: true, classification: internal, description: The one above.}
"""
quiet = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
sizes = st.sampled_from([1, 30, 100, 1 << 20])
texts = st.text(st.characters(codec="cp1250", exclude_characters="\r\n", exclude_categories=["Cc"]), max_size=6)
details = st.lists(
    st.one_of(
        st.tuples(st.just("A"), st.integers(-999, 99999), texts.map(lambda text: text.rstrip(" "))),
        st.tuples(st.just("B"), st.integers(-999_999, 999_999)),
    ),
    max_size=25,
)


def landed(declaration: str, content: bytes, block_bytes: int, name: str = "thing.txt"):
    """Each object's landing with its rows and rejects, or the error that refuses the file."""
    with TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "host.yaml").write_text(declaration, encoding="utf-8")
        (base / name).write_bytes(content)
        found = []
        for obj in read_system(base / "host.yaml").objects:
            (base / obj.name).mkdir()
            try:
                landing = land(obj, base, base / obj.name, block_bytes=block_bytes)
            except LegacyFileError as error:
                found.append(error)
                continue
            rejects = pl.read_parquet(landing.rejects_paths).rows(named=True)
            assert landing.balanced
            found.append((landing, pl.read_parquet(landing.rows_paths).rows(), rejects))
        return found


def signed(number: int, width: int) -> str:
    return f"{abs(number):0{width - 1}}{'-' if number < 0 else ' '}"


def written(values) -> list[str]:
    total = sum(value[1] for value in values if value[0] == "B")
    lines = ["H"]
    for kind, number, *text in values:
        lines.append(f"A{number:05}{text[0]:6}" if kind == "A" else f"B{signed(number, 9)}")
    lines.append(f"T{len(values):05}{signed(total, 12)}")
    return [f"{line:{WIDTH}}" for line in lines]


def expected(values):
    """Rows of both objects by their line; a row of `two` above any of `one` is a reject."""
    ones, twos, last = {}, {}, None
    for line, (kind, number, *text) in enumerate(values, 2):
        if kind == "A":
            last, ones[line] = number, (number, text[0] or None, line)
        elif last is not None:
            twos[line] = (Decimal(number) / 100, last, line)
    return ones, twos


@quiet
@given(details, sizes, st.sampled_from(["\n", "\r\n", ""]), st.booleans(), st.sampled_from(["cp1250", "utf-8"]))
def test_what_was_written_is_what_lands(values, block_bytes, end, final, encoding):
    encoding = encoding if end else "cp1250"
    lines = written(values)
    content = end.join(lines) + (end if final else "")
    declaration = HEAD % (encoding, WIDTH, str(bool(end)).lower()) + RECORDS
    one, two = landed(declaration, content.encode(encoding), block_bytes)
    ones, twos = expected(values)
    assert one[1] == list(ones.values())
    assert two[1] == list(twos.values())
    assert not one[2]
    assert len(two[2]) == sum(value[0] == "B" for value in values) - len(twos)
    assert one[0].rows_in + two[0].rows_in == len(values)
    for landing, *_ in (one, two):
        assert landing.rows_in + sum(landing.other_records.values()) == len(lines)


damages = st.lists(
    st.tuples(
        st.integers(0, 26),
        st.sampled_from(["replace", "insert", "delete", "truncate", "double", "lose", "repeat"]),
        st.integers(0, WIDTH),
        st.sampled_from(["A", "B", "T", "H", "0", "7", "-", " ", "x", "\r", "\t", "é", "\0", ""]),
    ),
    min_size=1,
    max_size=3,
)


def damaged(line: str, kind: str, at: int, sign: str) -> list[str]:
    return {
        "replace": [line[:at] + sign + line[at + 1 :]],
        "insert": [line[:at] + sign + line[at:]],
        "delete": [line[:at] + line[at + 1 :]],
        "truncate": [line[:at]],
        "double": [line + line],
        "lose": [],
        "repeat": [line, line],
    }[kind]


@settings(parent=quiet, max_examples=400)
@given(details, damages, sizes, st.sampled_from(["\n", "\r\n"]))
def test_a_damaged_line_is_a_reject_or_the_file_is_refused(values, damage, block_bytes, end):
    """Values may change within what the declaration allows, but no record disappears and no sum goes wrong."""
    original = written(values)
    lines = [[line] for line in original]
    for at, *how in damage:
        lines[at % len(lines)] = damaged(original[at % len(lines)], *how)
    content = end.join(line for several in lines for line in several).encode("utf-8")
    outcome = landed(HEAD % ("utf-8", WIDTH, "true") + RECORDS, content, block_bytes)
    if isinstance(outcome[0], LegacyFileError):
        # Both objects refuse the file, for the same reason; each has counted its own records until then.
        assert (outcome[1].problem, outcome[1].expected) == (outcome[0].problem, outcome[0].expected)
        return
    (one, one_rows, one_rejects), (two, two_rows, two_rejects) = outcome
    text = content.decode().removesuffix("\n").split("\n")
    raw = {at: line.removesuffix("\r") for at, line in enumerate(text, 1) if line.strip("\r")}
    found = {line: "row" for *_, line in one_rows} | {line: "row" for *_, line in two_rows}
    for reject in (*one_rejects, *two_rejects):
        assert reject["raw_text"] == raw[reject["line"]]
        found[reject["line"]] = "reject"
    # Every line but header and trailer is a row or a reject.
    assert sorted(found) == sorted(raw)[1:-1]
    # The trailer agreed: every record of a declared type is a row, or a reject of the object of that type.
    whole = {at: line[0] for at, line in raw.items() if len(line) == WIDTH and "\r" not in line}
    kept = [whole.get(r["line"]) == "A" for r in one_rejects] + [whole.get(r["line"]) == "B" for r in two_rejects]
    assert one.rows + two.rows + sum(kept) == int(raw[max(raw)][1:6])
    # A row whose line is as it was written holds what was written.
    for row in one_rows:
        line = raw[row[-1]]
        if line in original:
            assert row[:-1] == (int(line[1:6]), line[6:12].rstrip(" ") or None)
    for row in two_rows:
        line = raw[row[-1]]
        if line in original:
            assert row[0] == Decimal(("-" if line[9] == "-" else "") + line[1:9]) / 100
            above = [raw[at] for at in raw if at < row[-1] and raw[at][0] == "A"]
            assert row[1] == int(above[-1][1:6])


fields = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(1, 9),
        st.sampled_from(["none", "left", "right", "both"]),
        st.sampled_from([" ", "*", "_"]),
    ),
    min_size=1,
    max_size=6,
)


@quiet
@given(fields, st.data(), sizes, st.booleans())
def test_random_layouts_of_texts_are_read_back(columns, data, block_bytes, terminated):
    at, declared, shapes = 1, [], []
    for number, (gap, length, side, pad) in enumerate(columns):
        declared.append(
            f'      c{number}: {{start: {at + gap}, length: {length}, type: string, padding: {side}, pad: "{pad}", '
            "classification: internal, description: T.}\n"
        )
        shapes.append((gap, length, side, pad))
        at += gap + length
    size = at - 1 + data.draw(st.integers(0, 3))
    values = st.text(st.characters(codec="iso8859-2", exclude_categories=["Cc"]), max_size=9)
    rows = data.draw(st.lists(st.tuples(*[values] * len(shapes)), min_size=1, max_size=12))
    lines, wanted = [], []
    for row in rows:
        line, landed_as = "", []
        for text, (gap, length, side, pad) in zip(row, shapes, strict=True):
            cut = text[:length]
            if side in ("left", "both"):
                cut = cut.lstrip(pad)
            if side in ("right", "both"):
                cut = cut.rstrip(pad)
            if side == "none":
                cut = cut.ljust(length, "#")
            room = length - len(cut)
            before = {"left": room, "both": room // 2}.get(side, 0)
            line += " " * gap + pad * before + cut + pad * (room - before)
            landed_as.append(cut or None)
        lines.append(line.ljust(size))
        wanted.append(tuple(landed_as))
    head = HEAD % ("iso8859-2", size, str(terminated).lower())
    text = "objects:\n  thing:\n    description: T.\n    files: [thing.txt]\n    columns:\n" + "".join(declared)
    content = ("\n" if terminated else "").join(lines).encode("iso8859-2")
    [(landing, found, rejects)] = landed(head + text, content, block_bytes)
    assert found == wanted
    assert not rejects
    assert landing.rows_in == len(rows)
