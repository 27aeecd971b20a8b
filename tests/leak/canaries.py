"""Values that occur nowhere but in hidden cells, and the search for them in bytes, in every spelling that a read may give.

Texts begin with a marker, numbers have thirteen digits that begin alike, and dates lie in the eighteenth century. So a
search looks for few needles, and then for the exact value. Each canary names the cell that it fills.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

MARKER, LETTERS = "qzxjvk", "bcdfghlmnprstw"
SCRIPT = "ᏆᏃᏣᏠ"
"""A marker in a script that nothing else here is written in."""
FIRST_NUMBER = 7_391_400_000_001
FIRST_DAY = date(1713, 1, 2)
_NUMBER = re.compile(rb"7S?3S?9S?1S?4(?:S?\d){8,}".replace(b"S", rb"(?:[,_' .]|\xc2\xa0)"))
_DATES = (
    re.compile(rb"(1[78]\d\d)[-/.]([01]\d)[-/.]([0-3]\d)"),
    re.compile(rb"(?<!\d)(1[78]\d\d)([01]\d)([0-3]\d)(?!\d(?!\d{5}(?!\d)))"),  # not within a number of other length
)
_REVERSED = re.compile(rb"\d{8}41937")
_SHORTENED = re.compile(rb"7\.3914\d*e\+?12")
_DAYS = re.compile(rb"(?<![\w.:+-])-(\d{5})(?![\w.:+-])")
_HIGH = {(number >> 24).to_bytes(3, "little") for number in (FIRST_NUMBER, FIRST_NUMBER + 10_000_000)}
_EPOCH = date(1970, 1, 1)


def _base64_needles(marker: bytes) -> list[bytes]:
    """Return what base64 makes of the marker at each of the three alignments, without what its neighbours change."""
    found = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + marker)
        found.append(text[-(-shift * 8 // 6) + (1 if shift else 0) : (shift + len(marker)) * 8 // 6])
    return [needle for needle in found if len(needle) > 5]


def _text_needles() -> dict[bytes, str]:
    needles: dict[bytes, str] = {}
    for marker in (MARKER, SCRIPT):
        for text in (marker, marker[::-1], marker.upper(), marker.lower(), marker.title()):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                needles[text.encode(encoding)] = encoding
            needles[text.encode().hex().encode()] = "hex"
            needles[text.encode().hex().upper().encode()] = "hex"
            if not text.isascii():
                escaped = text.encode("ascii", "backslashreplace")
                needles[escaped] = needles[escaped.upper().replace(rb"\U", rb"\u")] = "escapes"
                needles["".join(f"%{byte:02X}" for byte in text.encode()).encode()] = "percent"
            for needle in _base64_needles(text.encode()):
                needles[needle] = "base64"
    return needles


@dataclass(frozen=True)
class Leak:
    """A hidden cell that has left, and how it was spelt."""

    cell: str
    spelling: str
    around: bytes


@dataclass
class CanaryBook:
    """The canaries of a workspace: what each value fills."""

    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)
    dates: dict[date, str] = field(default_factory=dict)
    secrets: dict[bytes, str] = field(default_factory=dict)
    """Texts that no plan, error or log may hold, beside cells: paths of files, literals of filters, keys."""
    _needles: dict[bytes, str] = field(default_factory=_text_needles)

    def text(self, cell: str, marker: str = MARKER) -> str:
        """Return a new text for a cell."""
        number, word = len(self.texts), ""
        for _ in range(6):
            number, digit = divmod(number, len(LETTERS))
            word += LETTERS[digit]
        self.texts[word] = cell
        return marker + word

    def number(self, cell: str) -> int:
        """Return a new number for a cell: it ends with 1 to 8, so that it is neither rounded nor the end of a band."""
        tens, last = divmod(len(self.numbers), 8)
        value = FIRST_NUMBER + tens * 10 + last
        self.numbers[value] = cell
        return value

    def decimal(self, cell: str) -> Decimal:
        """Return a new number with two places."""
        return Decimal(self.number(cell)) + Decimal("0.37")

    def double(self, cell: str) -> float:
        """Return a new number with a fraction."""
        return self.number(cell) + 0.25

    def date(self, cell: str) -> date:
        """Return a new date, which is no first of a month."""
        value = max(self.dates, default=FIRST_DAY) + timedelta(days=1)
        value += timedelta(days=value.day == 1)
        self.dates[value] = cell
        return value

    def moment(self, cell: str) -> datetime:
        """Return a new moment on a date of its own."""
        day = self.date(cell)
        return datetime(day.year, day.month, day.day, 7, 7, 7, tzinfo=UTC)

    def search(self, data: bytes, *, secrets: bool = True) -> list[Leak]:
        """Return the hidden cells that bytes hold."""
        found = [
            Leak(self._cell_of_text(data, at), spelling, _around(data, at))
            for needle, spelling in self._needles.items()
            if (at := data.find(needle)) >= 0
        ]
        found += self._numbers(data) + self._dates(data) + self._raw_numbers(data)
        if secrets:
            found += [
                Leak(what, "secret", _around(data, at))
                for secret, what in self.secrets.items()
                if (at := data.find(secret)) >= 0
            ]
        return found

    def _cell_of_text(self, data: bytes, at: int) -> str:
        words = re.findall(f"[{LETTERS}]{{6}}", data[at : at + 40].decode("utf-8", "replace"))
        return next((self.texts[word] for word in words if word in self.texts), "a text")

    def _numbers(self, data: bytes) -> list[Leak]:
        found = [Leak("a double", "exponent", _around(data, match.start())) for match in _SHORTENED.finditer(data)]
        for pattern, step in ((_NUMBER, 1), (_REVERSED, -1)):
            for match in pattern.finditer(data):
                digits = re.sub(rb"\D", b"", match[0])[::step][:13]
                if (cell := self.numbers.get(int(digits))) is not None:
                    found += [Leak(cell, "digits", _around(data, match.start()))]
        return found

    def _raw_numbers(self, data: bytes) -> list[Leak]:
        found = []
        for needle in _HIGH:
            at = data.find(needle)
            while at >= 0:
                value = int.from_bytes(data[at - 3 : at + 5], "little") if at >= 3 else 0
                if value in self.numbers:
                    found.append(Leak(self.numbers[value], "64 bits", b""))
                at = data.find(needle, at + 1)
        return found

    def _dates(self, data: bytes) -> list[Leak]:
        written = [
            (self._cell_of_date(*map(int, m.groups())), "date", m) for pattern in _DATES for m in pattern.finditer(data)
        ]
        counted = [
            (self.dates.get(_EPOCH - timedelta(days=int(m[1]))), "days since 1970", m) for m in _DAYS.finditer(data)
        ]
        return [Leak(cell, how, _around(data, m.start())) for cell, how, m in (*written, *counted) if cell is not None]

    def _cell_of_date(self, year: int, month: int, day: int) -> str | None:
        try:
            return self.dates.get(date(year, month, day))
        except ValueError:
            return None


def _around(data: bytes, at: int) -> bytes:
    return data[max(0, at - 80) : at + 60]
