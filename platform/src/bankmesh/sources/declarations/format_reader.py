"""Reads the file format of a declaration: the `format` of a system, and the overrides of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.sources.declarations.layout_reader import FIXED_WIDTH_KEYS, read_layout
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, read_numbers
from bankmesh.sources.declarations.record_layout import FixedWidthFormat
from bankmesh.sources.declarations.source_declaration import ENCODINGS, PLAIN_TEXT, ParquetFormat, TextFormat

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.yaml.nodes import Mapping

TEXT_KEYS = ("delimiter", "quote", "encoding", "header", "multiline", *NUMBER_KEYS)
KINDS: dict[str, tuple[str, ...]] = {"text": TEXT_KEYS, "parquet": (), "fixed_width": FIXED_WIDTH_KEYS}
"""The kinds of files, with the keys of each."""


def read_format(given: Mapping, base: FileFormat = PLAIN_TEXT) -> FileFormat:
    """Read a format; keys that are not given come from `base`."""
    given.only(("kind", *dict.fromkeys((*TEXT_KEYS, *FIXED_WIDTH_KEYS))))
    kind = given.word("kind", KINDS, _kind(base))
    for key in given.entries:
        known_elsewhere = key in TEXT_KEYS or key in FIXED_WIDTH_KEYS
        if known_elsewhere and key not in KINDS[kind]:
            others = " and ".join(other.replace("_", "-") for other, keys in KINDS.items() if key in keys)
            message = f"{given.what} is {kind.replace('_', '-')}; {key} is for {others}"
            given.faults.add(given.value(key), "option-of-another-kind", message)
    if kind == "fixed_width":
        if isinstance(base, FixedWidthFormat) and not given.entries:
            return base
        return read_layout(given, base)
    return _text(given, base if isinstance(base, TextFormat) else PLAIN_TEXT) if kind == "text" else ParquetFormat()


def _kind(base: FileFormat) -> str:
    if isinstance(base, FixedWidthFormat):
        return "fixed_width"
    return "parquet" if isinstance(base, ParquetFormat) else "text"


def _text(given: Mapping, base: TextFormat) -> TextFormat:
    delimiter = given.text("delimiter", base.delimiter)
    quote = given.optional_text("quote") if "quote" in given.entries else base.quote
    for key, mark in (("delimiter", delimiter), ("quote", quote)):
        if mark is not None and (len(mark) != 1 or not mark.isascii() or mark in "\r\n"):
            message = f"{key} must be one ASCII character, not {mark!r}"
            given.faults.add(given.value(key), "one-character", message)
    if quote == delimiter:
        at = given.value("quote") or given.value("delimiter")
        given.faults.add(at, "one-character", "quote and delimiter must differ")
    multiline = given.flag("multiline", default=base.multiline)
    if multiline and quote is None:
        at = given.value("multiline") or given.value("quote")
        given.faults.add(at, "multiline", "values over several lines need a quote")
    encoding = given.word("encoding", ENCODINGS, base.encoding)
    header = given.flag("header", default=base.header)
    numbers = read_numbers(given, base.numbers, delimiter, quote)
    return TextFormat(delimiter, quote, encoding, header, multiline, numbers)
