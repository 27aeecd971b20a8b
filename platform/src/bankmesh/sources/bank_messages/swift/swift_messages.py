"""Parser of SWIFT statements: the order of fields, the entries, and the balances and pages that must agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_records import BadField, MessageRecord
from bankmesh.sources.bank_messages.swift.swift_entries import SwiftEntry, hides_entry, read_entry, read_information
from bankmesh.sources.bank_messages.swift.swift_fields import MESSAGE_FIELDS
from bankmesh.sources.bank_messages.swift.swift_tags import MessageEnd, SwiftText, Tag
from bankmesh.sources.bank_messages.swift.swift_totals import (
    EntrySums,
    PageChain,
    check_closing,
    check_totals,
    read_header,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.sources.bank_messages.message_records import MessageFile

SHARED = frozenset(field.name for field in MESSAGE_FIELDS)
"""The fields of a message that its entries and forward balances have, too."""

STATEMENT, ENTRY, FORWARD = "statement", "entry", "forward_balance"
SPLIT = "pages that go on in another file"
_MOST_INFORMATION = 10
_HIDDEN = "its text reads as another :61:, whose tag or line end is damaged"


@dataclass(frozen=True)
class MessageType:
    """A type of message: the order of its tags, those that may repeat, and the groups of which one is required."""

    name: str
    order: tuple[tuple[str, ...], ...]
    repeated: frozenset[str]
    required: tuple[tuple[str, ...], ...]


_HEAD = (("20",), ("21",), ("25", "25P"), ("28C", "28"))
_OPENING, _CLOSING = ("60F", "60M"), ("62F", "62M")
MT940 = MessageType(
    "940",
    (*_HEAD, ("13D",), _OPENING, ("61",), _CLOSING, ("64",), ("65",)),
    frozenset({"61", "65"}),
    (("20",), ("25", "25P"), ("28C", "28"), _OPENING, _CLOSING),
)
MT942 = MessageType(
    "942",
    (*_HEAD, ("34F",), ("13D",), ("61",), ("90D",), ("90C",)),
    frozenset({"34F", "61"}),
    (("20",), ("25", "25P"), ("28C", "28"), ("34F",), ("13D",)),
)


@dataclass
class _Message:
    """A message while it is read; `about_entry` are the :86: below its latest entry."""

    line: int
    closing_line: int = 0
    rank: int = -1
    last: str = ""
    seen: set[str] = field(default_factory=set)
    fields: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)
    entry: tuple[Tag, SwiftEntry] | None = None
    about_entry: list[Tag] = field(default_factory=list)
    sums: EntrySums = field(default_factory=EntrySums)
    information: str | None = None
    shared: dict[str, str] | None = None


class SwiftParser:
    """Parser of MT940 or MT942 files; a `MessageParser`."""

    def __init__(self, file: MessageFile, kind: MessageType, *, terminated: bool, is_split: bool = False) -> None:
        """Prepare to read a file of messages of one type; if `is_split`, statements have pages in several files."""
        self.control_totals = 0
        self._file, self._kind, self._terminated = file, kind, terminated
        self._ranks = {tag: rank for rank, group in enumerate(kind.order) for tag in group}
        self._message: _Message | None = None
        self._chain = PageChain(file, is_split=is_split)

    def records(self, lines: Iterator[tuple[int, str]]) -> Iterator[MessageRecord]:
        """Yield statements, entries and forward balances. Raises LegacyFileError."""
        line = 0
        for item in SwiftText(self._file, self._kind.name, terminated=self._terminated).tags(lines):
            line = item.line
            if isinstance(item, MessageEnd):
                yield from self._end_message(item.line)
            else:
                yield from self._take(item)
        self._chain.require_closed(line)
        if self._chain.split:
            yield MessageRecord(SPLIT, line, "", count=self._chain.split)

    def _take(self, tag: Tag) -> Iterator[MessageRecord]:
        message = self._message
        if message is None:
            if tag.name != "20":
                raise self._file.refusal(tag.line, "a message begins without :20:")
            message = self._message = _Message(tag.line)
        if tag.name == "86":
            self._take_information(message, tag)
            return
        self._check_order(message, tag)
        yield from self._end_entry(message)
        if tag.name == "61":
            self._begin_entry(message, tag)
            return
        message.raw.append(tag.raw)
        try:
            found = read_header(tag, message.fields)
        except BadField as error:
            raise self._file.refusal(tag.line, f":{tag.name}: {error}") from None
        if tag.name == "65":
            yield MessageRecord(FORWARD, tag.line, tag.raw, self._shared(message) | found)
            return
        message.fields |= found
        message.shared = None
        if tag.name in _CLOSING:
            message.closing_line = tag.line

    def _check_order(self, message: _Message, tag: Tag) -> None:
        rank = self._ranks.get(tag.name)
        if rank is None:
            raise self._file.refusal(tag.line, f":{tag.name}: is no field of MT{self._kind.name}")
        repeats = rank == message.rank and tag.name in self._kind.repeated
        if rank <= message.rank and not repeats:
            raise self._file.refusal(tag.line, f":{tag.name}: is not in its place")
        if tag.name == "61" and not message.fields.get("currency"):
            raise self._file.refusal(tag.line, ":61: is not in its place")
        message.rank, message.last = rank, tag.name
        message.seen.add(tag.name)

    def _take_information(self, message: _Message, tag: Tag) -> None:
        """Take :86:, which belongs to the entry right above it, or to the statement after its balances."""
        if message.entry is not None:
            if len(message.about_entry) == _MOST_INFORMATION:
                raise self._file.refusal(tag.line, f"an entry has more than {_MOST_INFORMATION} :86:")
            message.about_entry.append(tag)
            return
        ended = message.rank > (self._ranks["61"] if self._kind is MT940 else self._ranks["13D"])
        if message.information is not None or not ended:
            raise self._file.refusal(tag.line, ":86: is not in its place")
        if hides_entry(tag):
            raise self._file.refusal(tag.line, f":86: {_HIDDEN}")
        message.information = message.fields["information"] = tag.text
        message.raw.append(tag.raw)

    def _begin_entry(self, message: _Message, tag: Tag) -> None:
        entry = read_entry(tag, message.fields["currency"])
        message.sums.add(entry)
        message.entry = tag, entry

    def _end_entry(self, message: _Message) -> Iterator[MessageRecord]:
        """Yield the entry above with all of its :86:."""
        if message.entry is None:
            return
        (tag, entry), tags = message.entry, message.about_entry
        message.entry, message.about_entry = None, []
        fields, fault = self._shared(message) | entry.fields | {"entry_number": str(message.sums.entries)}, entry.fault
        try:
            fields |= read_information(tags) if tags else {}
        except BadField as error:
            fault = fault or f":86: {error}"
        if not fault and any(map(hides_entry, (tag, *tags))):
            fault = _HIDDEN
        yield MessageRecord(ENTRY, tag.line, "\n".join(each.raw for each in (tag, *tags)), fields, fault)

    def _end_last_entry(self, message: _Message) -> Iterator[MessageRecord]:
        """Yield the entry at the end of a message: in MT942, the last of several :86: is that of the report."""
        own = message.about_entry.pop() if len(message.about_entry) > 1 and self._kind is MT942 else None
        yield from self._end_entry(message)
        if own is not None:
            self._take_information(message, own)

    def _shared(self, message: _Message) -> dict[str, str]:
        """Return the fields of the message that its entries have, too."""
        if message.shared is None:
            message.shared = {name: text for name, text in message.fields.items() if name in SHARED}
        return message.shared

    def _end_message(self, line: int) -> Iterator[MessageRecord]:
        message, self._message = self._message, None
        if message is None:
            return
        yield from self._end_last_entry(message)
        for group in self._kind.required:
            if not message.seen.intersection(group):
                raise self._file.refusal(line, f"the message has no :{group[0]}:")
        if self._kind is MT940:
            check_closing(self._file, message.closing_line, message.fields, message.sums)
            self.control_totals += 1 + self._chain.follow(line, message.fields, message.sums)
        else:
            self.control_totals += check_totals(self._file, line, message.fields, message.sums)
        yield MessageRecord(STATEMENT, message.line, "\n".join(message.raw), message.fields)
