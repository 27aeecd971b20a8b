"""Sequence numbers of FIX sessions: which are missing, and which are repeated."""

from __future__ import annotations

from dataclasses import dataclass, field

from bankmesh.sources.bank_messages.message_records import BadField

_LOGON, _SEQUENCE_RESET = b"A", b"4"


@dataclass
class SessionSequence:
    """The numbers of the messages of one sender to one target, in the order of a file.

    A session may begin with any number. A logon with number 1 or `ResetSeqNumFlag` begins it anew. A message with
    `PossDupFlag` fills a gap, and a `SequenceReset` moves to its new number.
    """

    expected: int = 0
    first: int = 0
    gaps: list[range] = field(default_factory=list)
    lost: int = 0

    @property
    def missing(self) -> int:
        """How many numbers are missing so far."""
        return self.lost + sum(map(len, self.gaps))

    def follow(self, values: dict[str, bytes]) -> None:
        """Take the next message. Raises BadField if its number is not readable, or was taken before."""
        number = _number(values, "34")
        kind = values["35"]
        is_anew = kind == _LOGON and (number == 1 or values.get("141") == b"Y")
        if not self.expected or is_anew:
            self.lost += sum(map(len, self.gaps))
            self.gaps.clear()
            self.first = self.expected = number
        if kind == _SEQUENCE_RESET:
            self._reset(number, _number(values, "36"), is_fill=values.get("123") == b"Y")
        elif number >= self.expected:
            self._skip_to(number)
            self.expected = number + 1
        elif not self._fill(range(number, number + 1)) and number >= self.first:
            raise BadField("MsgSeqNum (34) is that of an earlier message")

    def _reset(self, number: int, new: int, *, is_fill: bool) -> None:
        if is_fill and number < self.expected:
            self._fill(range(number, new))
        elif is_fill:
            self._skip_to(number)
        self.expected = max(self.expected, new) if is_fill else new
        if not is_fill:
            self.first = min(self.first, new)

    def _skip_to(self, number: int) -> None:
        if number > self.expected:
            self.gaps.append(range(self.expected, number))

    def _fill(self, numbers: range) -> bool:
        """Take numbers out of the gaps; return whether any of them was in one."""
        left: list[range] = []
        filled = False
        for gap in self.gaps:
            before = range(gap.start, min(gap.stop, numbers.start))
            after = range(max(gap.start, numbers.stop), gap.stop)
            filled = filled or len(before) + len(after) < len(gap)
            left += [part for part in (before, after) if part]
        self.gaps = left
        return filled


def _number(values: dict[str, bytes], tag: str) -> int:
    text = values.get(tag, b"")
    if not text.isdigit() or len(text) > 18:  # noqa: PLR2004 - beyond any sequence
        raise BadField(f"{tag} is no number of a message")
    return int(text)
