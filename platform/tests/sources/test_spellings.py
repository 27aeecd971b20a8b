"""Spellings of numbers, days and moments against `decimal` and `datetime`: the value lands, or the row is rejected."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bankmesh.errors import SourceFaults
from bankmesh.sources import read_system
from bankmesh.sources.parsing.text_conversion import Converter

KIND = "classification: internal, description: D."


def declared(column: str, written: str = 'delimiter: ";"'):
    """The one object of a declaration with the one column `v`."""
    text = f"""\
        system: legacy
        description: A system.
        owner: team
        format: {{{written}}}
        objects:
          thing:
            description: Things.
            files: [thing.txt]
            columns:
              v: {{{column}, {KIND}}}
        """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "legacy.yaml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return read_system(path).objects[0]


@cache
def converter(column: str) -> Converter:
    return Converter(declared(column).in_file)


def landed(column: str, *texts: str) -> list[object]:
    """What the texts land as, None for a fault of the row."""
    made = converter(column)(pa.table({"c0": list(texts)}))
    faulty = {fault.row for fault in made.faulty}
    values = iter(made.rows["v"].to_list())
    return [None if row in faulty else next(values) for row in range(len(texts))]


def number_texts(point: str = ".", grouping: str = "", tail: str = "") -> st.SearchStrategy[str]:
    """Numbers and what nearly is one: padded, grouped, signed in front or behind, with too much or too little."""
    zeros = st.integers(0, 60).map("0".__mul__)
    digits = st.from_regex(r"\A[0-9]{0,40}\Z")
    sign = st.sampled_from(["", "", "+", "-", "--"])
    fraction = st.one_of(st.just(""), st.from_regex(r"\A[0-9]{0,4}\Z").map(point.__add__))
    behind = st.sampled_from(["", "", *(tail or " ")])
    plain = st.builds(lambda *parts: "".join(parts), sign, zeros, digits, fraction, behind)
    if not grouping:
        return plain
    groups = st.lists(st.from_regex(r"\A[0-9]{1,4}\Z"), min_size=1, max_size=5).map(grouping.join)
    return st.one_of(plain, st.builds(lambda *parts: "".join(parts), sign, groups, fraction, behind))


def decimal_of(text: str, precision: int, scale: int) -> Decimal | None:
    """The reference: an optional sign, digits, at most so many places, and a value that the type holds."""
    if not re.fullmatch(rf"[+-]?[0-9]+(\.[0-9]{{1,{scale}}})?" if scale else "[+-]?[0-9]+", text):
        return None
    value = Decimal(text)
    with localcontext(prec=200):
        return value if abs(value) * 10**scale < 10**precision else None


@settings(deadline=None)
@given(st.lists(number_texts(), min_size=1, max_size=20), st.sampled_from([(12, 2), (38, 0), (38, 10), (6, 6), (3, 1)]))
@example(["0000000000150.25", "0" * 60 + "9999999999.99", "0" * 60 + "10000000000", "-" + "0" * 99], (12, 2))
@example(["9" * 38, "0" * 38 + "9" * 38, "1" + "0" * 38], (38, 0))
def test_a_decimal_is_its_value_whatever_the_zeros_in_front(texts: list[str], kind: tuple[int, int]) -> None:
    precision, scale = kind
    found = landed(f'type: "decimal({precision},{scale})"', *texts)
    assert found == [decimal_of(text, precision, scale) for text in texts]


@settings(deadline=None)
@given(st.lists(number_texts(), min_size=1, max_size=20), st.sampled_from([("long", 63), ("integer", 31)]))
@example(
    ["0" * 60 + str(2**63 - 1), "0" * 60 + str(2**63), f"-{'0' * 60}{2**63}", f"-{2**63 + 1}", "+0", "-0"], ("long", 63)
)
def test_a_whole_number_is_its_value_whatever_the_zeros_in_front(texts: list[str], kind: tuple[str, int]) -> None:
    name, bits = kind

    def expected(text: str) -> int | None:
        value = int(text) if re.fullmatch("[+-]?[0-9]+", text) else None
        return value if value is not None and -(2**bits) <= value < 2**bits else None

    assert landed(f"type: {name}", *texts) == [expected(text) for text in texts]


SEPARATORS = [(",", "."), (".", ","), (",", "\u00a0"), (",", "'"), (".", " "), (",", "\u202f"), (".", "\u2019")]


@settings(deadline=None)
@given(data=st.data(), separators=st.sampled_from(SEPARATORS), trailing=st.booleans())
def test_declared_separators_and_signs(data: st.DataObject, separators: tuple[str, str], trailing: bool) -> None:
    point, grouping = separators
    texts = data.draw(st.lists(number_texts(point, grouping, "+-"), min_size=1, max_size=20))
    minus = ", minus: trailing" if trailing else ""
    spelt = f'decimal: "{point}", thousands: "{grouping}"{minus}'
    whole = rf"([0-9]+|[0-9]{{1,3}}({re.escape(grouping)}[0-9]{{3}})+)"

    def expected(text: str) -> Decimal | None:
        number, sign = (text[:-1], text[-1]) if trailing and text[-1:] in {"+", "-"} else (text, "")
        if trailing and number[:1] in {"+", "-"}:
            return None
        if not re.fullmatch(rf"{'' if trailing else '[+-]?'}{whole}({re.escape(point)}[0-9]{{1,2}})?", number):
            return None
        return decimal_of(sign + number.replace(grouping, "").replace(point, "."), 12, 2)

    assert landed(f'type: "decimal(12,2)", {spelt}', *texts) == [expected(text) for text in texts]


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ('type: "decimal(12,2)", decimal: ",", thousands: "."',
         {"1.234,56": "1234.56", "1234,56": "1234.56", "-1.234.567,8": "-1234567.8", "000.150,25": "150.25", "7": "7"},
         ["12.34,56", "1.234.56", "1,234.56", "1.2345", "1234.567", ".123", "1..234", "1.234,", ",5", "1.234,567", "1 234"]),
        ('type: "decimal(12,2)", minus: trailing', {"12.50-": "-12.5", "12.50": "12.5", "12.50+": "12.5"},
         ["-12.50", "12.50--", "-12.50-", "-", "12.50 -"]),
        ('type: "decimal(12,2)", read: zero_omitted',
         {".50": ".5", "-.50": "-.5", "0.50": ".5", "12": "12", "0": "0", "12.5": "12.5"}, [".", "12.", "-", ".505", ""]),
        ('type: "decimal(12,2)", read: zero_omitted, decimal: ",", minus: trailing', {",50-": "-.5"}, [".50", "-,50"]),
        ('type: "decimal(9,0)", thousands: "."', {"1.234": "1234"}, ["1.23", "1234,0"]),
        ('type: long, thousands: "."', {"1.234": 1234, "1234": 1234, "-12.345.678": -12345678}, ["1.2", "1.2345"]),
        ('type: double, decimal: ",", thousands: "."', {"1.234,5": 1234.5, ",5": 0.5, "1,5e-1": 0.15, "2,": 2.0},
         ["1.5", "12.34", "1,5e1,5", "NaN"]),
        ('type: long, thousands: "\u00a0", minus: trailing', {"1\u00a0234-": -1234, "1234": 1234}, ["1 234", "-1", "1\u00a023"]),
        ("type: integer, thousands: ','", {"2,147,483,647": 2**31 - 1}, ["2,147,483,648", "2147,483"]),
    ],
)  # fmt: skip
def test_spellings_by_example(column: str, good: dict[str, object], bad: list[str]) -> None:
    values = [Decimal(value) if isinstance(value, str) else value for value in good.values()]
    assert landed(column, *good, *bad) == [*values, *[None] * len(bad)]


def test_numbers_of_a_format_hold_for_its_columns_unless_they_say_otherwise() -> None:
    written = 'delimiter: ";", decimal: ",", thousands: ".", minus: trailing'

    def value(column: str, text: str) -> object:
        made = Converter(declared(column, written).in_file)(pa.table({"c0": [text]})).rows["v"].to_list()
        return made[0] if made else None

    assert value('type: "decimal(12,2)"', "1.234,50-") == Decimal("-1234.5")
    assert value("type: long", "1.234") == 1234
    assert value("type: long, thousands: null", "1.234") is None
    assert value('type: "decimal(12,2)", decimal: ".", thousands: null, minus: leading', "-1234.5") == Decimal(
        "-1234.5"
    )
    assert value("type: long, read: number_with_dot_zero", "4587.0") == 4587
    assert value("type: string", "1.234,50-") == "1.234,50-"


@pytest.mark.parametrize(
    ("column", "written", "told"),
    [
        ('type: "decimal(5,2)", thousands: "."', "", 'thousands and decimal of column thing.v are both "."; they must'),
        ('type: double, decimal: "5"', "", "decimal of column thing.v is 5; allowed: ., ,"),
        ('type: long, thousands: "1"', "", "thousands of column thing.v is '1'; allowed:"),
        ('type: long, thousands: ";"', "", "thousands of column thing.v is ';'; allowed:"),
        ('type: double, decimal: ","', 'delimiter: ",", quote: null', 'decimal of column thing.v is ",", the delimiter, and'),
        ('type: long, thousands: "\'"', 'quote: "\'"', 'thousands of column thing.v is "\'", the quote'),
        ("type: long, minus: behind", "", "minus of column thing.v is behind; allowed: leading, trailing"),
        ('type: long, decimal: ","', "", "column thing.v is long; decimal is for decimal and double"),
        ('type: string, thousands: ","', "", "column thing.v is string; thousands is for long and integer and"),
        ("type: long, read: prefixed_id, minus: trailing", "", "minus does not go with read: prefixed_id"),
        ("type: long, read: zero_omitted", "", "read of column thing.v is zero_omitted; allowed: plain, prefixed_id"),
        ('type: "decimal(5,2)", read: prefixed_id', "", "read of column thing.v is prefixed_id; allowed: plain, zero_omitted, scientific"),
        ("type: long", 'thousands: "."', 'thousands and decimal of format are both "."; they must differ'),
        ("type: date, format: []", "", "format of column thing.v lists none"),
        ('type: date, format: ["%Y-%m-%d", "%Y-%m-%d"]', "", "%Y-%m-%d is listed twice"),
        ('type: date, format: ["%Y-%m-%d", "%d.%m"]', "", "it must name year, month and day only"),
        ('type: date, format: ["%Y-%m-%d", iso8601]', "", "format of column thing.v: it must name"),
        ('type: date, format: ["%d.%m.%Y", "%d.%m.%y"]', "", "a two-digit year (%y) and `century` need each other"),
        ('type: date, format: ["%d.%m.%Y"], century: 1900', "", "a two-digit year (%y) and `century` need each other"),
        ('type: date, format: "%-d%-m%Y"', "", "two parts of one or two digits need a character between them"),
        ('type: timestamp, format: "%Y%m%d%-H%M%-S"', "", "%-S is none of"),
    ],
)  # fmt: skip
def test_spellings_that_cannot_be_are_faults_with_a_line(column: str, written: str, told: str) -> None:
    with pytest.raises(SourceFaults) as caught:
        declared(column, written or 'delimiter: ";"')
    assert told in str(caught.value)
    assert {fault.line for fault in caught.value.faults} <= {4, 10}


def test_a_separator_may_be_the_delimiter_where_values_are_quoted() -> None:
    [column] = declared('type: "decimal(12,2)", thousands: ","', 'delimiter: ","').columns
    assert column.numbers.thousands == ","


# Days and moments

DATES = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%Y%m%d",
    "%d%m%Y",
    "%Y-%m-%d 00:00:00",
    "%-d.%-m.%Y",
    "%-d%m%Y",
    "%Y%m%-d",
]
TIMES = ["%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S", "%H:%M:%S %d/%m/%Y", "%d-%m-%Y %-H:%M:%S",
         "%Y%m%d%-H%M%S", "%Y%m%d-%-H%M%S"]  # fmt: skip


def written(form: str, parts: dict[str, int]) -> str:
    """The numbers as the format has them, whether or not they are a day."""
    widths = {"%Y": 4}
    return re.sub(
        "%-?[A-Za-z]", lambda part: str(parts[part[0][-1]]).zfill(1 if "-" in part[0] else widths.get(part[0], 2)), form
    )


PARTS = st.fixed_dictionaries(
    {
        "Y": st.one_of(st.sampled_from([0, 1, 24, 1900, 2000, 2023, 2024, 9999]), st.integers(0, 9999)),
        "m": st.integers(0, 13),
        "d": st.one_of(st.integers(0, 32), st.sampled_from([28, 29, 30, 31])),
        "H": st.integers(0, 25),
        "M": st.integers(0, 61),
        "S": st.integers(0, 62),
    }
)


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), st.sampled_from(DATES))
@example([{"Y": 2024, "m": 1, "d": 1}], "%-d%m%Y")
def test_a_day_is_read_if_it_exists(several: list[dict[str, int]], form: str) -> None:
    def expected(parts: dict[str, int]) -> dt.date | None:
        try:
            return dt.date(parts["Y"], parts["m"], parts["d"])
        except ValueError:
            return None

    texts = [written(form, parts) for parts in several]
    assert landed(f'type: date, format: "{form}"', *texts) == [expected(parts) for parts in several]


def moment_of(parts: dict[str, int]) -> dt.datetime | None:
    try:
        return dt.datetime(*(parts[part] for part in "YmdHMS"), tzinfo=dt.UTC)
    except ValueError:
        return None


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), st.sampled_from(TIMES))
@example([{"Y": 2024, "m": 5, "d": 5, "H": 12, "M": 30, "S": 60}], "%Y%m%d%H%M%S")
@example([{"Y": 2016, "m": 12, "d": 31, "H": 23, "M": 59, "S": 60}], "%Y-%m-%d %H:%M:%S")
@example([{"Y": 2024, "m": 5, "d": 5, "H": 24, "M": 0, "S": 0}], "%Y-%m-%d %H:%M:%S")
@example([{"Y": 2024, "m": 5, "d": 5, "H": 1, "M": 23, "S": 45}], "%Y%m%d-%-H%M%S")
def test_a_moment_is_read_if_it_exists(several: list[dict[str, int]], form: str) -> None:
    texts = [written(form, parts) for parts in several]
    assert landed(f'type: timestamp, format: "{form}"', *texts) == [moment_of(parts) for parts in several]


FRACTIONS = st.one_of(st.just(""), st.from_regex(r"\A\.[0-9]{0,7}\Z"))
OFFSETS = st.one_of(st.sampled_from(["", "Z"]), st.from_regex(r"\A[+-][0-2][0-9]:?[0-9]{2}\Z"))


@settings(deadline=None)
@given(st.lists(st.tuples(PARTS, st.sampled_from("T "), FRACTIONS, OFFSETS), min_size=1, max_size=20))
@example([({"Y": 2016, "m": 12, "d": 31, "H": 23, "M": 59, "S": 60}, "T", ".999999", "Z")])
@example([({"Y": 1, "m": 1, "d": 1, "H": 0, "M": 0, "S": 0}, "T", "", "+00:01")])
@example([({"Y": 9999, "m": 12, "d": 31, "H": 23, "M": 59, "S": 59}, "T", ".999999", "-00:01")])
@example([({"Y": 2024, "m": 1, "d": 1, "H": 0, "M": 0, "S": 0}, "T", "", "+24:00")])
@example([({"Y": 2024, "m": 1, "d": 1, "H": 0, "M": 0, "S": 0}, "T", "", "+01:60")])
def test_iso_moments_are_read_if_they_exist(several: list[tuple[dict[str, int], str, str, str]]) -> None:
    def expected(parts: dict[str, int], fraction: str, offset: str) -> dt.datetime | None:
        moment = moment_of(parts)
        if moment is None or fraction == "." or len(fraction) > 7:
            return None
        moment = moment.replace(microsecond=int(fraction[1:].ljust(6, "0")) if fraction else 0)
        hours, minutes = (0, 0) if offset in ("", "Z") else (int(offset[1:3]), int(offset[-2:]))
        if hours > 23 or minutes > 59:
            return None
        away = dt.timedelta(hours=hours, minutes=minutes)
        try:
            return moment - away if offset[:1] != "-" else moment + away
        except OverflowError:
            return None

    texts = [written("%Y-%m-%d", p) + mark + written("%H:%M:%S", p) + f + o for p, mark, f, o in several]
    found = landed("type: timestamp, format: iso8601", *texts)
    assert found == [expected(parts, fraction, offset) for parts, _, fraction, offset in several]


def test_of_several_formats_the_one_that_reads_the_value_decides() -> None:
    day = dt.date(2024, 4, 3)
    column = 'type: date, format: ["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%y"], century: 2000'
    found = landed(column, "03.04.2024", "2024-04-03", "03/04/24", "2024/04/03", "31.02.2024", "3.4.2024")
    assert found == [day, day, day, None, None, None]
    moment = dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    mixed = 'type: timestamp, format: [iso8601, "%d.%m.%Y %H:%M:%S"], timezone: Europe/Prague'
    assert landed(mixed, "2024-07-01T10:00:00Z", "01.07.2024 12:00:00", "01.07.2024 12:00:60") == [moment, moment, None]


def test_a_reason_names_the_spelling_and_never_the_value() -> None:
    def reason(column: str) -> str:
        [fault] = converter(column)(pa.table({"c0": ["secret"]})).faulty
        return str(fault.faults[0])

    assert (
        reason('type: date, format: ["%d.%m.%Y", "%Y-%m-%d"]')
        == 'v cannot be read as date written "%d.%m.%Y" or "%Y-%m-%d"'
    )
    spelt = reason('type: "decimal(12,2)", read: zero_omitted, decimal: ",", thousands: ".", minus: trailing')
    assert spelt == (
        'v cannot be read as decimal(12,2) spelt as zero_omitted with decimal "," and thousands "." and a trailing minus'
    )


def test_new_keys_that_are_not_used_do_not_change_the_fingerprint() -> None:
    plain = declared('type: "decimal(12,2)"')
    assert declared('type: "decimal(12,2)", decimal: ".", minus: leading').digest == plain.digest
    assert declared('type: "decimal(12,2)", decimal: ","').digest != plain.digest
    assert declared('type: "decimal(12,2)"', 'delimiter: ";", decimal: ","').digest != plain.digest
    assert declared("type: string", 'delimiter: ";", decimal: ","').digest == declared("type: string").digest
