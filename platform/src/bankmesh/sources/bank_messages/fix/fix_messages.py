"""One FIX message: its tagged fields, its length and checksum, data fields and repeating groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bankmesh.sources.bank_messages.message_dates import read_day
from bankmesh.sources.bank_messages.message_fields import AMOUNT, COUNT, DATE, MOMENT
from bankmesh.sources.bank_messages.message_records import BadField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bankmesh.sources.bank_messages.message_fields import MessageField

SOH = b"\x01"
_DATA_OF_LENGTH = {
    b"95": b"96", b"90": b"91", b"93": b"89", b"212": b"213", b"348": b"349", b"350": b"351", b"352": b"353",
    b"354": b"355", b"356": b"357", b"358": b"359", b"360": b"361", b"362": b"363", b"364": b"365", b"445": b"446",
    b"618": b"619", b"621": b"622",
}  # fmt: skip
"""Tags of the data fields, whose values may hold delimiters, by the tags in front of them that state their length."""

_FIRST = (b"8", b"9", b"35")
_TAG = re.compile(rb"[1-9][0-9]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")
_MOMENT = re.compile(r"([0-9]{8})-((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(\.[0-9]+)?")
_MICROSECONDS = len(".123456")
_CHECKSUM = re.compile(rb"10=([0-9]{3})")

Pairs = list[tuple[bytes, bytes]]


def verify_message(message: bytes, delimiter: bytes) -> Pairs:
    """Return the fields of a message in order, without the checksum. Raises BadField if it is damaged.

    Length and checksum are those of the message with SOH, which a log may have replaced by another `delimiter`.
    """
    body = message.removesuffix(delimiter)
    body, _, last = body.rpartition(delimiter)
    checksum = _CHECKSUM.fullmatch(last)
    if checksum is None:
        raise BadField("the message does not end with CheckSum (10)")
    body += delimiter
    pairs = split_fields(body, delimiter)
    if tuple(tag for tag, _ in pairs[: len(_FIRST)]) != _FIRST:
        raise BadField("the message does not begin with 8, 9, 35")
    length = len(body) - sum(len(tag) + len(value) + 2 for tag, value in pairs[:2])
    if not pairs[1][1].isdigit() or int(pairs[1][1]) != length:
        raise BadField("BodyLength (9) is not the length of the message")
    total = sum(body) - sum(delimiter) * len(pairs) + sum(SOH) * len(pairs)
    if total % 256 != int(checksum[1]):
        raise BadField("CheckSum (10) is not that of the message")
    return pairs


def split_fields(body: bytes, delimiter: bytes) -> Pairs:
    """Return the tags and values of fields that each end with the delimiter. Raises BadField."""
    pairs: Pairs = []
    at = 0
    while at < len(body):
        stop = body.index(delimiter, at)
        tag, equals, value = body[at:stop].partition(b"=")
        due = _DATA_OF_LENGTH.get(pairs[-1][0]) if pairs else None
        if due is not None:
            if tag != due:
                raise BadField(f"a length ({pairs[-1][0].decode()}) is not followed by its data ({due.decode()})")
            start = at + len(tag) + 1
            stop = start + _length(*pairs[-1])
            if body[stop : stop + 1] != delimiter:
                raise BadField(f"data ({due.decode()}) has not the length that is stated")
            value = body[start:stop]
        elif not equals or not value or _TAG.fullmatch(tag) is None:
            raise BadField("a field is not built of tag, equals sign and value")
        pairs.append((tag, value))
        at = stop + 1
    return pairs


def values_by_tag(pairs: Pairs, groups: Mapping[str, Iterable[str]]) -> dict[str, bytes]:
    """Return the value of each tag outside repeating groups. Raises BadField for a tag that repeats.

    `groups` has the tags of each declared group by the tag of its count. A group has as many members as its count, each
    of which begins with the first tag of the group.
    """
    found: dict[str, bytes] = {}
    members: dict[str, str] = {tag: count for count, tags in groups.items() for tag in tags}
    seen: dict[str, int] = {}
    for raw, value in pairs:
        tag = raw.decode()
        if tag in members:
            count = members[tag]
            if count not in found:
                raise BadField(f"{tag} is not behind the count of its group ({count})")
            seen[count] = seen.get(count, 0) + (tag == next(iter(groups[count])))
        elif tag in found:
            raise BadField(f"{tag} is repeated, and is in no declared group")
        else:
            found[tag] = value
    for count in (count for count in groups if count in found):
        if not found[count].isdigit() or int(found[count]) != seen.get(count, 0):
            raise BadField(f"the count of a group ({count}) is not the number of its members")
    return found


def first_values(pairs: Pairs) -> dict[str, bytes]:
    """Return the first value of each tag, for messages of which only the header is read."""
    return {tag.decode(): value for tag, value in reversed(pairs)}


def field_texts(values: dict[str, bytes], fields: Iterable[MessageField], encoding: str) -> dict[str, str]:
    """Return the texts of the fields that are there, in the spelling of a landing. Raises BadField."""
    return {
        field.name: _text_of(field, values[field.place].decode(encoding)) for field in fields if field.place in values
    }


def _text_of(field: MessageField, text: str) -> str:
    if field.kind == AMOUNT:
        if _NUMBER.fullmatch(text) is None:
            raise BadField(f"{field.place} ({field.name}) is no number")
        return text.removesuffix(".")
    if field.kind == COUNT and not (text.isascii() and text.isdigit()):
        raise BadField(f"{field.place} ({field.name}) is no whole number")
    if field.kind == DATE:
        return read_day(f"{field.place} ({field.name})", text)
    if field.kind == MOMENT:
        match = _MOMENT.fullmatch(text)
        if match is None:
            raise BadField(f"{field.place} ({field.name}) is no time YYYYMMDD-HH:MM:SS")
        fraction = match[3] or ""
        fraction = fraction[:_MICROSECONDS] + fraction[_MICROSECONDS:].rstrip("0")
        return f"{read_day(f'{field.place} ({field.name})', match[1])}T{match[2]}{fraction}Z"
    return text


def _length(tag: bytes, value: bytes) -> int:
    if not value.isdigit() or len(value) > 9:  # noqa: PLR2004 - longer than any line
        raise BadField(f"a length ({tag.decode()}) is no number")
    return int(value)
