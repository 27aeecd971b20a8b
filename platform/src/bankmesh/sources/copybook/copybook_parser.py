"""Parser of copybooks: data description entries by the Language Reference of Enterprise COBOL for z/OS.

What has no place in a record, or would move fields in ways that are not supported (COPY, REPLACE, SYNCHRONIZED numbers,
tables without bound), is refused with its line. Levels 66, 77 and 88 are read; other VALUEs have no effect.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from bankmesh.sources.copybook.copybook_source import CopybookError, Word, split_words
from bankmesh.sources.copybook.data_items import (
    BINARY,
    DISPLAY,
    LONG_FLOAT,
    NATIONAL_USAGES,
    NATIVE,
    OTHER_SIZES,
    PACKED,
    SHORT_FLOAT,
    Condition,
    DataItem,
    Occurs,
    Renames,
    Sign,
)
from bankmesh.sources.copybook.picture import BadPictureError, parse_picture

USAGES = {
    "DISPLAY": DISPLAY,
    **dict.fromkeys(("COMP", "COMPUTATIONAL", "COMP-4", "COMPUTATIONAL-4", "BINARY"), BINARY),
    **dict.fromkeys(("COMP-5", "COMPUTATIONAL-5"), NATIVE),
    **dict.fromkeys(("COMP-3", "COMPUTATIONAL-3", "PACKED-DECIMAL"), PACKED),
    **dict.fromkeys(("COMP-1", "COMPUTATIONAL-1"), SHORT_FLOAT),
    **dict.fromkeys(("COMP-2", "COMPUTATIONAL-2"), LONG_FLOAT),
    **{name: name for name in (*NATIONAL_USAGES, *OTHER_SIZES)},
}
_RENAMES, _CONDITION, _STANDALONE, _HIGHEST_LEVEL = 66, 88, 77, 49
_CLAUSES = frozenset(
    f"{' '.join(USAGES)} REDEFINES PIC PICTURE USAGE SIGN OCCURS SYNC SYNCHRONIZED JUST JUSTIFIED BLANK VALUE VALUES "
    "GLOBAL EXTERNAL LEADING TRAILING RENAMES".split()
)


@lru_cache(maxsize=64)
def parse_copybook(source: str, form: str) -> tuple[DataItem, ...]:
    """Return the records (levels 01 and 77) of a copybook; entries without a level 01 form one record without a name.

    Raises CopybookError with the line of the first fault.
    """
    words = split_words(source, form)
    entries = _entries(words)
    if not entries:
        raise CopybookError(1, "the copybook has no entries")
    if entries[0].level not in (1, _STANDALONE):
        entries.insert(0, DataItem(1, "", entries[0].line))
    records: list[DataItem] = []
    for at, entry in enumerate(entries):
        if entry.level in (1, _STANDALONE):
            until = next((n for n in range(at + 1, len(entries)) if entries[n].level in (1, _STANDALONE)), len(entries))
            records.append(_tree(entries[at:until]).inherited())
    names = [record.name for record in records if record.name]
    for record in records:
        if names.count(record.name) > 1:
            raise CopybookError(record.line, f"a second record {record.name}")
    return tuple(records)


def _entries(words: tuple[Word, ...]) -> list[DataItem]:
    found: list[DataItem] = []
    sentence: list[Word] = []
    for word in words:
        if not word.is_stop:
            sentence.append(word)
            continue
        if not sentence:
            continue
        _add(found, _Entry(sentence).read())
        sentence = []
    if sentence:
        raise CopybookError(sentence[0].line, "an entry without a full stop at its end")
    return found


def _add(found: list[DataItem], item: DataItem) -> None:
    if item.level != _CONDITION:
        found.append(item)
    elif not found or found[-1].level == _RENAMES:
        raise CopybookError(item.line, "level 88 without a field above")
    else:
        found[-1] = replace(found[-1], conditions=(*found[-1].conditions, *item.conditions))


def _tree(entries: list[DataItem]) -> DataItem:
    """Return the first entry with the others as its descendants, by their levels."""
    top, rest = entries[0], entries[1:]
    renames = tuple(entry for entry in rest if entry.level == _RENAMES)
    plain = [entry for entry in rest if entry.level != _RENAMES]
    if plain and top.level == _STANDALONE:
        raise CopybookError(plain[0].line, "level 77 has no subordinate entries")
    made = _with_children(top, plain)
    return replace(made, children=made.children + renames) if renames else made


def _with_children(item: DataItem, below: list[DataItem]) -> DataItem:
    children: list[DataItem] = []
    at = 0
    while at < len(below):
        until = at + 1
        while until < len(below) and below[until].level > below[at].level:
            until += 1
        if below[at].level != below[0].level:
            raise CopybookError(below[at].line, f"level {below[at].level:02} is no level of a group above")
        children.append(_with_children(below[at], below[at + 1 : until]))
        at = until
    made = replace(item, children=tuple(children))
    _check(made)
    return made


def _check(item: DataItem) -> None:
    name = item.name or "FILLER"
    sized = item.usage in (SHORT_FLOAT, LONG_FLOAT, *OTHER_SIZES)
    if item.is_group and item.picture is not None:
        raise CopybookError(item.line, f"{name} has a PICTURE and subordinate entries")
    if not item.is_group and item.picture is None and not sized:
        raise CopybookError(item.line, f"{name} has neither a PICTURE nor subordinate entries")
    if item.level == 1 and item.occurs:
        raise CopybookError(item.line, f"{name}: OCCURS is not allowed at level 01")


class _Entry:
    """The words of one entry while it is read."""

    def __init__(self, words: list[Word]) -> None:
        self._words, self._at = words, 0
        self._line = words[0].line

    def read(self) -> DataItem:
        """Return the entry. Raises CopybookError."""
        first = self._next()
        if first in {"COPY", "REPLACE"}:
            problem = f"{first} is not supported: declare the copybook as the compiler sees it, with {first} applied"
            raise CopybookError(self._line, problem)
        levels = {*range(1, _HIGHEST_LEVEL + 1), _RENAMES, _STANDALONE, _CONDITION}
        if not first.isdigit() or int(first) not in levels:
            raise CopybookError(self._line, "an entry begins with a level: 01 to 49, 66, 77 or 88")
        name = self._name()
        item = DataItem(int(first), "" if name == "FILLER" else name, self._line)
        if item.level == _CONDITION:
            return replace(item, conditions=(self._condition(name),))
        while self._at < len(self._words):
            item = self._clause(item)
        if (item.level == _RENAMES) != (item.renames is not None):
            raise CopybookError(self._line, "level 66 and RENAMES need each other")
        return item

    def _condition(self, name: str) -> Condition:
        """Return a level 88; what WHEN SET TO FALSE assigns is none of its values."""
        if self._skip("VALUE", "VALUES"):
            self._skip("IS", "ARE")
        values = []
        while self._peek() not in {"", "WHEN", "FALSE"}:
            first = self._next()
            values.append((first, self._next() if self._skip("THRU", "THROUGH") else None))
        return Condition(name, tuple(values))

    def _name(self) -> str:
        if self._at >= len(self._words) or self._words[self._at].text in _CLAUSES:
            return "FILLER"
        return self._next()

    def _peek(self) -> str:
        return self._words[self._at].text if self._at < len(self._words) else ""

    def _next(self) -> str:
        if self._at >= len(self._words):
            raise CopybookError(self._line, "the entry ends within a clause")
        word = self._words[self._at]
        self._line = word.line
        self._at += 1
        return word.text

    def _skip(self, *words: str) -> bool:
        """Pass over the next word if it is one of these."""
        if self._peek() in words:
            self._at += 1
            return True
        return False

    def _clause(self, item: DataItem) -> DataItem:
        word = self._next()
        if word in {"PIC", "PICTURE"}:
            self._skip("IS")
            return self._picture(item, self._next())
        if word == "REDEFINES":
            return replace(item, redefines=self._next())
        if word == "OCCURS":
            return replace(item, occurs=self._occurs())
        if word == "RENAMES":
            first = self._next()
            return replace(item, renames=Renames(first, self._next() if self._skip("THRU", "THROUGH") else None))
        return self._representation(item, word)

    def _representation(self, item: DataItem, word: str) -> DataItem:
        if word in {"SIGN", "LEADING", "TRAILING"}:
            return replace(item, sign=self._sign(word))
        if word == "USAGE":
            self._skip("IS")
            word = self._next()
        if word in USAGES:
            return replace(item, usage=USAGES[word])
        if word in {"SYNC", "SYNCHRONIZED"}:
            self._skip("LEFT", "RIGHT")
            return replace(item, synchronized=True)
        if word in {"JUST", "JUSTIFIED"}:
            self._skip("RIGHT")
            return replace(item, justified=True)
        if word == "BLANK":
            self._skip("WHEN")
            self._skip("ZERO", "ZEROS", "ZEROES")
            return replace(item, blank_when_zero=True)
        return self._without_effect(item, word)

    def _without_effect(self, item: DataItem, word: str) -> DataItem:
        if word in {"VALUE", "VALUES"}:
            while self._peek() and self._peek() not in _CLAUSES:
                self._at += 1
        elif word not in {"GLOBAL", "EXTERNAL"} and not (word == "IS" and self._peek() in {"GLOBAL", "EXTERNAL"}):
            raise CopybookError(self._line, f"{item.name or 'FILLER'}: {word} is no clause that is supported")
        return item

    def _picture(self, item: DataItem, text: str) -> DataItem:
        try:
            return replace(item, picture=parse_picture(text))
        except BadPictureError as error:
            raise CopybookError(self._line, f"{item.name or 'FILLER'}: PICTURE {text} {error}") from None

    def _sign(self, word: str) -> Sign:
        if word == "SIGN":
            self._skip("IS")
            word = self._next()
        if word not in {"LEADING", "TRAILING"}:
            raise CopybookError(self._line, "SIGN is LEADING or TRAILING")
        separate = self._skip("SEPARATE")
        self._skip("CHARACTER")
        return Sign(word == "LEADING", separate)

    def _occurs(self) -> Occurs:
        least = most = self._number()
        if self._skip("TO"):
            most = self._number()
        self._skip("TIMES")
        depending = None
        if self._skip("DEPENDING"):
            self._skip("ON")
            depending = self._next()
        elif least != most:
            raise CopybookError(self._line, "OCCURS with TO needs DEPENDING ON")
        while self._peek() in {"ASCENDING", "DESCENDING", "INDEXED"}:
            self._at += 1
            self._skip("KEY")
            self._skip("IS", "BY")
            while self._peek() and self._peek() not in {*_CLAUSES, "ASCENDING", "DESCENDING", "INDEXED"}:
                self._at += 1
        if depending is not None and least == most:
            least = 0 if self._is_single else least
        return Occurs(least, most, depending)

    @property
    def _is_single(self) -> bool:
        """Whether OCCURS names one number: with DEPENDING ON, it is the greatest."""
        return not any(word.text == "TO" for word in self._words)

    def _number(self) -> int:
        text = self._next()
        if not text.isdigit():
            raise CopybookError(self._line, f"OCCURS {text}: give a number of times")
        return int(text)
