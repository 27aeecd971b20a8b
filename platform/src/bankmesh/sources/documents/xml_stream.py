"""Reads an XML document as a stream of elements: no document type, no entities of its own, and bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, XMLPullParser
from xml.parsers import expat

from bankmesh.errors import LegacyFileError
from bankmesh.sources.declarations.source_declaration import UTF8_SIG
from bankmesh.sources.parsing.encoding_evidence import EncodingEvidence
from bankmesh.sources.parsing.line_blocks import LegacyText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

PIECE_BYTES = 1 << 18
LONGEST_RECORD = 64 << 20
MOST_DEPTH = 256
"""Elements within each other; far below the depth at which code that follows them fails."""

_MOST_PROLOG = 1 << 20
_SINGLE_BYTE = {"iso-8859-1": "latin-1", "iso-8859-2": "iso8859-2", "windows-1250": "cp1250", "windows-1252": "cp1252"}
"""Encodings in which all bytes are characters, so that a wrong declaration is no error."""


class XmlStream:
    """One XML document, read once from start to end.

    `fed` is the number of decompressed bytes that were parsed, and `size` and `sha256` are those of the file as stored.
    """

    def __init__(self, path: Path, block_bytes: int, encoding: str = "", pieces: Iterator[bytes] | None = None) -> None:
        """Prepare to read a document, whose declared encoding must be `encoding`, if that is given.

        `pieces` are its bytes, if it is a part of the file at `path`.
        """
        self.path, self.fed = path, 0
        self._depth = self._last = 0
        self._encoding = encoding
        self._evidence: EncodingEvidence | None = None
        self._text = LegacyText(path, UTF8_SIG, min(block_bytes, PIECE_BYTES), expected="an XML document")
        self._pieces = self._text.pieces() if pieces is None else pieces

    @property
    def size(self) -> int:
        """Size of the file as stored."""
        return self._text.size

    @property
    def sha256(self) -> str:
        """Hash of the file as stored."""
        return self._text.sha256

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the encoding that the document declares unlikely, once all was read; no values."""
        return self._text.warnings if self._evidence is None else self._evidence.warnings()

    def events(self) -> Iterator[tuple[str, Element]]:
        """Yield the start and the end of each element, in order.

        Raises LegacyFileError if the document is empty, not well formed, or cut short, if it has a document type, if it
        declares another encoding, if its elements are nested too deeply, or if a text is too long.
        """
        parser = XMLPullParser(("start", "end"))
        try:
            for piece in self._examined(self._without_document_type()):
                parser.feed(piece)
                self.fed += len(piece)
                yield from self._bounded(parser)
                if self.fed - self._last > LONGEST_RECORD:
                    problem = "more than 64 MiB without the start or end of an element"
                    raise self.refuse(problem, "texts below that")
            parser.close()
            yield from self._bounded(parser)
        except ParseError as error:
            raise self._malformed(error.code, *error.position) from None
        except (LookupError, ValueError):  # from Expat, for the name of the encoding
            raise self.refuse("the document declares an encoding that is not known", "such as UTF-8") from None

    def _bounded(self, parser: XMLPullParser) -> Iterator[tuple[str, Element]]:
        """Yield the events of what was fed, unless elements are nested too deeply."""
        depth = self._depth
        found: tuple[str, Element]
        for found in parser.read_events():  # type: ignore[assignment]  # only elements have these events
            if found[0] == "end":
                depth -= 1
            else:
                depth += 1
                if depth > MOST_DEPTH:
                    raise self.refuse("elements are nested too deeply", f"at most {MOST_DEPTH} within each other")
            yield found
            self._last = self.fed
        self._depth = depth

    def refuse(self, problem: str, expected: str) -> LegacyFileError:
        """Return the error that refuses the whole file."""
        return LegacyFileError(self.path, problem, expected)

    def _without_document_type(self) -> Iterator[bytes]:
        """Yield the document in pieces, once it is known that no document type precedes its root element."""
        prolog = _Prolog(self, self._encoding)
        held: list[bytes] = []
        for piece in self._pieces:
            if prolog.is_over:
                yield piece
                continue
            held.append(piece)
            prolog.feed(piece)
            if prolog.is_over:
                yield from held
        if not held:
            raise self.refuse("the file is empty", "an XML document")
        if not prolog.is_over:
            yield from held

    def _examined(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces, and refuse a document whose bytes are certainly of another encoding than it declares."""
        line, offset = 1, 0
        for piece in pieces:
            if self._evidence is not None:
                self._evidence.add(piece, line, offset)
                line, offset = line + piece.count(b"\n"), offset + len(piece)
            yield piece
        if self._evidence is not None and (problem := self._evidence.refusal()):
            raise self.refuse(problem, "a document in the encoding that it declares")

    def declare(self, encoding: str) -> None:
        """Take the name of the encoding that the document declares: what is unlikely in it becomes a warning."""
        known = _SINGLE_BYTE.get(encoding.lower())
        self._evidence = EncodingEvidence(known) if known else None

    def _malformed(self, code: int, line: int, column: int) -> LegacyFileError:
        words = expat.errors.messages.get(code, "syntax error")
        problem = f"line {line}, column {column + 1}: not well-formed XML ({words})"
        return self.refuse(problem, "a whole and well-formed XML document")


class _Prolog:
    """What precedes the root element, which alone may hold a document type."""

    def __init__(self, stream: XmlStream, encoding: str) -> None:
        self.is_over = False
        self._stream, self._encoding, self._fed = stream, encoding, 0
        self._parser = expat.ParserCreate()
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._document_type
        self._parser.StartElementHandler = self._root

    def feed(self, piece: bytes) -> None:
        self._fed += len(piece)
        try:
            self._parser.Parse(piece)
        except (expat.ExpatError, LookupError, ValueError):
            self.is_over = True  # the parser of the document finds the same fault, and reports it
        if self._fed > _MOST_PROLOG and not self.is_over:
            raise self._stream.refuse("no root element within the first MiB", "an XML document")

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        found = (encoding or "utf-8").lower()
        self._stream.declare(found)
        if self._encoding and found != self._encoding:
            raise self._stream.refuse(
                f"the document declares another encoding than {self._encoding}", "the declared one"
            )

    def _document_type(self, *_parts: object) -> None:
        raise self._stream.refuse(
            "the document has a document type (DOCTYPE)", "a document without one: entities are refused"
        )

    def _root(self, _name: str, _attributes: object) -> None:
        self.is_over = True
        self._parser.StartDoctypeDeclHandler = None
