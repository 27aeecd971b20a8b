"""Reads the format of delimited text: marks, encoding, title and end lines, and the totals that these state."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from bankmesh.contracts.model import ColumnType
from bankmesh.sources.declarations.field_reader import SUMMED_TYPES, read_decimals
from bankmesh.sources.declarations.layout_reader import read_line_patterns
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, NumberSpelling, read_numbers
from bankmesh.sources.declarations.source_declaration import ENCODINGS, PLAIN_TEXT, WHITESPACE, TextFormat, TextTotal
from bankmesh.yaml.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn

TEXT_KEYS = (
    "delimiter", "quote", "encoding", "header", "multiline", "title_lines", "end_lines", "totals", *NUMBER_KEYS,
)  # fmt: skip
TEXT_TOTAL_KEYS = ("count", "sum", "group", "decimals", *NUMBER_KEYS)
ROWS = "rows"

_LONGEST_DELIMITER = 8
_TOTAL_TYPE = ColumnType("decimal", 38, 38)


def read_text(given: Mapping, inherited: FileFormat) -> TextFormat:
    """Read the format of delimited text; keys that are not given come from `inherited`, if it is text."""
    base = inherited if isinstance(inherited, TextFormat) else PLAIN_TEXT
    delimiter = given.text("delimiter", base.delimiter)
    quote = given.optional_text("quote") if "quote" in given.entries else base.quote
    multiline = given.flag("multiline", default=base.multiline)
    _check_marks(given, delimiter, quote, multiline=multiline)
    made = TextFormat(
        delimiter,
        quote,
        encoding=given.word("encoding", ENCODINGS, base.encoding),
        header=given.flag("header", default=base.header),
        multiline=multiline,
        title_lines=read_line_patterns(given, "title_lines", base.title_lines),
        end_lines=read_line_patterns(given, "end_lines", base.end_lines),
    )
    made = replace(made, numbers=read_numbers(given, base.numbers, made.separator, quote))
    return replace(made, totals=_totals(given, made) if "totals" in given.entries else base.totals)


def check_text_totals(given: Mapping, written: FileFormat, columns: Iterable[SourceColumn]) -> None:
    """Note a fault of the object `given` for each total that sums up no whole or decimal column of its files."""
    if not isinstance(written, TextFormat):
        return
    summed = [column.header for column in columns if column.is_in_file and column.type.name in SUMMED_TYPES]
    for total in written.totals:
        if total.column is not None and total.column not in summed:
            allowed = ", ".join(summed) or "none"
            message = f"{given.what}: a total sums up {total.column}, which is no column of numbers; allowed: {allowed}"
            given.faults.add(given.value("format") or given.node, "unknown-column", message)


def _totals(given: Mapping, written: TextFormat) -> tuple[TextTotal, ...]:
    node = given.value("totals")
    if not isinstance(node, yaml.SequenceNode):
        given.faults.add(node, "wrong-type", f"totals of {given.what} must be a list")
        return ()
    patterns = (*written.title_lines, *written.end_lines)
    groups = [group for pattern in patterns for group in re.compile(pattern).groupindex]
    entries = [Mapping(item, f"total {at} of {given.what}", given.faults) for at, item in enumerate(node.value, 1)]
    return tuple(_total(entry, groups, written.numbers) for entry in entries)


def _total(given: Mapping, groups: list[str], numbers: NumberSpelling) -> TextTotal:
    given.only(TEXT_TOTAL_KEYS)
    group = given.text("group")
    if group and groups.count(group) != 1:
        message = f"group of {given.what} is {group}; title_lines and end_lines name {', '.join(groups) or 'none'}"
        given.faults.add(given.value("group"), "unknown-word", message)
    if ("sum" in given.entries) == ("count" in given.entries):
        given.faults.add(given.node, "missing-key", f"{given.what} needs either count or sum")
    if "sum" in given.entries:
        decimals = read_decimals(given, _TOTAL_TYPE)
        spelling = read_numbers(given, numbers, None, None)
        if decimals is not None:
            spelling = NumberSpelling(minus=spelling.minus)
        return TextTotal(group, given.text("sum"), spelling, decimals)
    given.word("count", (ROWS,), ROWS)
    for key in ("decimals", *NUMBER_KEYS):
        if key in given.entries:
            message = f"{given.what} is a count; {key} is for a sum"
            given.faults.add(given.value(key), "option-of-another-type", message)
    return TextTotal(group)


def _check_marks(given: Mapping, delimiter: str, quote: str | None, *, multiline: bool) -> None:
    """Note faults of the delimiter and the quote, alone and together."""
    is_long = len(delimiter) > 1
    for key, mark, most in (("delimiter", delimiter, _LONGEST_DELIMITER), ("quote", quote, 1)):
        if mark is None or mark == WHITESPACE:
            continue
        if not mark.isascii() or any(sign in mark for sign in "\r\n\0") or len(mark) > most:
            many = "one ASCII character" if key == "quote" else f"one to {most} ASCII characters, or {WHITESPACE}"
            given.faults.add(given.value(key), "one-character", f"{key} must be {many}, not {mark!r}")
    at = given.value("quote") or given.value("delimiter")
    if quote is not None and quote in delimiter and delimiter != WHITESPACE:
        given.faults.add(at, "one-character", "quote and delimiter must differ")
    if quote is not None and delimiter == WHITESPACE:
        given.faults.add(at, "one-character", f"values between {WHITESPACE} are not quoted: declare `quote: null`")
    at = given.value("multiline") or given.value("delimiter") or given.value("quote")
    if multiline and (quote is None or is_long):
        needed = "a quote" if quote is None else "a delimiter of one character"
        given.faults.add(at, "multiline", f"values over several lines need {needed}")
