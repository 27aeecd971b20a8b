"""Parser of files of FIX messages: execution reports become records, all other messages are counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.fix.fix_fields import FIX_FIELDS
from bankmesh.sources.bank_messages.fix.fix_messages import field_texts, first_values, values_by_tag, verify_message
from bankmesh.sources.bank_messages.fix.fix_sequence import SessionSequence
from bankmesh.sources.bank_messages.message_records import DAMAGED, BadField, MessageRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bankmesh.sources.bank_messages.fix.fix_messages import Pairs
    from bankmesh.sources.bank_messages.message_records import MessageFile

_LONGEST = 1 << 20
REPORT, OTHER, MISSING = "execution_report", "other messages", "missing sequence numbers"


class FixParser:
    """Parser of one file; a `MessageParser`."""

    def __init__(
        self,
        file: MessageFile,
        *,
        encoding: str,
        delimiter: str,
        prefix: str,
        groups: Mapping[str, tuple[str, ...]],
        claims: bytes,
        accept_gaps: bool,
    ) -> None:
        """Prepare to read a file; `claims` is the pattern of what makes a message an execution report."""
        self.control_totals = 0
        self._file, self._mark, self._groups, self._accept_gaps = file, delimiter, groups, accept_gaps
        self._delimiter = delimiter.encode()
        self._codec = "utf-8" if encoding.startswith("utf") else encoding
        self._start = re.compile(rf"(?:{prefix})(?=8=FIX)")
        # Messages follow each other in a line only if nothing is between them.
        self._next = None if prefix else re.compile(rf"(?<={re.escape(delimiter)})(?=8=FIX)")
        self._whole = re.compile(rf"{re.escape(delimiter)}10=[0-9]{{3}}{re.escape(delimiter)}\Z")
        self._claims = re.compile(claims)
        self._damaged = 0
        self._sessions: dict[tuple[bytes, bytes], SessionSequence] = {}

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[MessageRecord]:
        """Yield execution reports, and what is no whole message. Raises LegacyFileError."""
        line = 0
        for line, text in self._messages(lines):
            yield from self._read(line, text)
        missing = sum(session.missing for session in self._sessions.values())
        # A damaged message has a number, too, which is not known.
        if missing > self._damaged and not self._accept_gaps:
            problem = f"sequence numbers (34) that are missing up to here: {missing}"
            raise self._file.refusal(line, f"{problem}; `sequence_gaps: accept` accepts them")
        for _ in range(min(missing, 1)):
            yield MessageRecord(MISSING, line, "", count=missing)

    def _messages(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Yield each message with its first line; data within it may hold line ends, unless there is a prefix.

        A line behind a whole message is on its own; a blank one is no message.
        """
        first, held = 0, ""
        for line, text in lines:
            for part in [text] if self._next is None else self._next.split(text):
                is_apart = not held or self._next is None or self._whole.search(held) is not None
                if not part and is_apart:
                    continue
                if is_apart or self._start.match(part):
                    if held:
                        yield first, held
                    first, held = line, part
                elif len(held) > _LONGEST:
                    raise self._file.refusal(first, "a message does not end within 1 MiB")
                else:
                    held += f"\n{part}"
        if held:
            self._require_end(first, held)
            yield first, held

    def _require_end(self, line: int, text: str) -> None:
        mark = re.escape(self._mark)
        if not re.search(rf"{mark}10=[0-9]{{3}}(?:{mark})?\Z", text):
            raise self._file.refusal(line, "the file ends within a message")

    def _read(self, line: int, text: str) -> Iterator[MessageRecord]:
        is_report = self._claims.match(text.encode()) is not None
        try:
            pairs = self._verify(text)
            values = values_by_tag(pairs, self._groups) if is_report else first_values(pairs)
        except BadField as error:
            self._damaged += 1
            yield MessageRecord(REPORT if is_report else DAMAGED, line, text, fault=str(error))
            return
        yield from self._take(line, text, values, is_report=is_report)

    def _verify(self, text: str) -> Pairs:
        prefix = self._start.match(text)
        if prefix is None:
            raise BadField("no message begins here")
        return verify_message(text[prefix.end() :].encode(self._codec), self._delimiter)

    def _take(self, line: int, text: str, values: dict[str, bytes], *, is_report: bool) -> Iterator[MessageRecord]:
        self.control_totals += 2
        fields, fault = {}, ""
        try:
            key = values.get("49", b""), values.get("56", b"")
            self._sessions.setdefault(key, SessionSequence()).follow(values)
            if is_report:
                fields = field_texts(values, FIX_FIELDS[REPORT], self._codec)
        except BadField as error:
            fault = str(error)
        if is_report:
            yield MessageRecord(REPORT, line, text, fields, fault)
        elif fault:
            yield MessageRecord(DAMAGED, line, text, fault=fault)
        else:
            yield MessageRecord(OTHER, line, "")
