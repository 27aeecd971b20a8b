"""Reads a JSON document as a stream: the elements of one list, one after the other, and what precedes them."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.documents.json_values import JsonDecoder
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

_PIECE_BYTES = 1 << 20
_LONGEST_VALUE = 64 << 20
_BLANKS = " \t\r\n"
_WHOLE = "one whole JSON document in UTF-8"
_MOST_DEPTH = 64

Found = TypeVar("Found")


@dataclass(frozen=True)
class DocumentMember:
    """A value of a document: where keys lead to it, or to the list whose element it is, and its flaw, if any."""

    keys: tuple[str, ...]
    value: object
    flaw: str | None
    is_element: bool


class JsonStream:
    """One JSON document, read once from start to end; `size` and `sha256` are those of the file as stored."""

    def __init__(self, path: Path, block_bytes: int) -> None:
        """Prepare to read a document without opening it."""
        self.path = path
        self._file = LegacyText(path, UTF8_SIG, min(block_bytes, _PIECE_BYTES), expected="a JSON document")
        self._decoder = JsonDecoder()
        self._text, self._at, self._is_whole = "", 0, False
        self._lines, self._before = 1, 0
        self._pieces: Iterator[str] = iter(())

    @property
    def size(self) -> int:
        """Size of the file as stored."""
        return self._file.size

    @property
    def sha256(self) -> str:
        """Hash of the file as stored."""
        return self._file.sha256

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding unlikely, once all was read; no values."""
        return self._file.warnings

    def elements(
        self, steps: Sequence[str], wanted: Sequence[Collection[str]], above: list[dict[str, object]]
    ) -> Iterator[tuple[str, object, str | None]]:
        """Yield text, value and flaw of each element of the list at a path of keys.

        `above` is filled with the `wanted` members, by level, of the objects on the way, as far as they precede the
        list. Raises LegacyFileError if the document is damaged or cut short, if a key of the path is absent, or if a
        wanted member comes later.
        """
        above += [{} for _ in steps]
        return self._whole(self._below(0, steps, wanted, above))

    def members(self) -> Iterator[DocumentMember]:
        """Yield each value of the document that no object holds alone: those of objects, and the elements of lists.

        Raises LegacyFileError if the document is damaged or cut short.
        """
        return self._whole(self._members(()))

    def _whole(self, found: Iterator[Found]) -> Iterator[Found]:
        """Yield what is found in the document, which must be all that is in the file."""
        self._pieces = self._decoded()
        if self._peek() == "":
            raise self.refuse("the file is empty", _WHOLE)
        yield from found
        if self._peek() != "":
            raise self.refuse("something follows the document", _WHOLE)

    def _members(self, keys: tuple[str, ...]) -> Iterator[DocumentMember]:
        mark = self._peek()
        if mark == "{" and len(keys) < _MOST_DEPTH:
            self._at += 1
            for key in self._keys():
                yield from self._members((*keys, key))
        elif mark == "[":
            self._at += 1
            for _, value, flaw in self._list():
                yield DocumentMember(keys, value, flaw, is_element=True)
        else:
            yield DocumentMember(keys, self._value_around(), None, is_element=False)

    def refuse(self, problem: str, expected: str) -> LegacyFileError:
        """Return the error that refuses the whole file."""
        return LegacyFileError(self.path, problem, expected)

    def _below(
        self, level: int, steps: Sequence[str], wanted: Sequence[Collection[str]], above: list[dict[str, object]]
    ) -> Iterator[tuple[str, object, str | None]]:
        if self._peek() == "n":
            self._value()  # null has no rows
            return
        opening = "[" if level == len(steps) else "{"
        if self._peek() != opening:
            kind = "a list" if opening == "[" else "an object"
            place = ".".join(["$", *steps[:level]])
            raise self.refuse(f"{place} is not {kind}", f"{kind} there, on the way to the rows")
        self._at += 1
        if opening == "[":
            yield from self._list()
            return
        seen, is_past = set[str](), False
        place = ".".join(["$", *steps[: level + 1]])
        for key in self._keys():
            if key in seen:
                raise self.refuse("a key is twice in an object around the rows", "each key once")
            seen.add(key)
            if key == steps[level]:
                is_past = True
                yield from self._below(level + 1, steps, wanted, above)
                continue
            if is_past and key in wanted[level]:
                raise self.refuse(
                    "a declared value comes after the rows that need it", "declared values before the rows"
                )
            value = self._value_around()
            if key in wanted[level]:
                above[level][key] = value
        if not is_past:
            raise self.refuse(f"{place} is absent", "the list of the rows; an empty one, or null, if there are none")

    def _value_around(self) -> object:
        _, value, flaw = self._value()
        if flaw is not None:
            raise self.refuse(f"a value around the rows {flaw}", _WHOLE)
        return value

    def _list(self) -> Iterator[tuple[str, object, str | None]]:
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._after_value("]"):
                return

    def _keys(self) -> Iterator[str]:
        """Yield the keys of an object whose value is read before the next."""
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            if self._peek() != '"':
                raise self._damaged()
            _, key, _ = self._value()
            if self._peek() != ":":
                raise self._damaged()
            self._at += 1
            yield str(key)
            if self._after_value("}"):
                return

    def _after_value(self, closing: str) -> bool:
        """Pass a comma or the closing mark; return whether it was that."""
        mark = self._peek()
        if mark not in {",", closing}:
            raise self._damaged()
        self._at += 1
        return mark == closing

    def _value(self) -> tuple[str, object, str | None]:
        self._peek()
        while True:
            try:
                value, end = self._decoder.decode_at(self._text, self._at)
            except ValueError:
                end = None
            except RecursionError:
                raise self.refuse("a value is nested too deeply", _WHOLE) from None
            # A number at the end of what was read may go on.
            if end is not None and (end < len(self._text) or self._is_whole):
                text = self._text[self._at : end]
                self._at = end
                return text, value, self._decoder.take_flaw(text)
            if self._is_whole:
                raise self._damaged()
            if len(self._text) - self._at > _LONGEST_VALUE:
                raise self.refuse("a value is longer than 64 MiB, or damaged", "values below that")
            self._read_more(len(self._text) - self._at)

    def _peek(self) -> str:
        """Return the next character that is no blank; empty at the end of the document."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            if self._is_whole:
                return ""
            self._read_more(0)

    def _read_more(self, least: int) -> None:
        """Read more than `least` characters, so that a long value is parsed a few times only; drop what was parsed."""
        pieces = [self._text[self._at :]]
        length = 0
        while length <= least and not self._is_whole:
            piece = next(self._pieces, None)
            self._is_whole = piece is None
            pieces.append(piece or "")
            length += len(piece or "")
        self._lines, self._before = self._position()
        self._text, self._at = "".join(pieces), 0

    def _decoded(self) -> Iterator[str]:
        decode = codecs.getincrementaldecoder("utf-8")().decode
        try:
            for piece in self._file.pieces():
                yield decode(piece)
            yield decode(b"", final=True)
        except UnicodeDecodeError:
            raise self.refuse("the document is not UTF-8", _WHOLE) from None

    def _damaged(self) -> LegacyFileError:
        line, before = self._position()
        place = f"line {line}, character {before + 1}"
        return self.refuse(f"{place}: the document is no JSON, or is cut short", _WHOLE)

    def _position(self) -> tuple[int, int]:
        """Return the line, from 1, of what is parsed next, and the number of characters before it in that line."""
        last = self._text.rfind("\n", 0, self._at)
        before = self._before + self._at if last < 0 else self._at - last - 1
        return self._lines + self._text.count("\n", 0, self._at), before
