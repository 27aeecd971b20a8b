"""Reads the file format of a declaration: the `format` of a system, and the overrides of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, read_numbers
from bankmesh.sources.declarations.source_declaration import ENCODINGS, PLAIN_TEXT, ParquetFormat, TextFormat

if TYPE_CHECKING:
    from bankmesh.sources.declarations.source_declaration import FileFormat
    from bankmesh.yaml.nodes import Mapping

TEXT_KEYS = ("delimiter", "quote", "encoding", "header", "multiline", *NUMBER_KEYS)


def read_format(given: Mapping, base: FileFormat = PLAIN_TEXT) -> FileFormat:
    """Read a format; keys that are not given come from `base`."""
    given.only(("kind", *TEXT_KEYS))
    base_kind = "parquet" if isinstance(base, ParquetFormat) else "text"
    if given.word("kind", ("text", "parquet"), base_kind) == "text":
        return _text(given, base if isinstance(base, TextFormat) else PLAIN_TEXT)
    for key in TEXT_KEYS:
        if key in given.entries:
            message = f"{given.what} is parquet; {key} is for text"
            given.faults.add(given.value(key), "option-of-another-kind", message)
    return ParquetFormat()


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
