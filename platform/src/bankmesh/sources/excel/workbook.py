"""The parts of a workbook that its sheets refer to: names of sheets, shared texts, styles of dates, the date system."""

from __future__ import annotations

import posixpath
import re
import zipfile
from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError
from bankmesh.sources.documents.xml_stream import XmlStream
from bankmesh.sources.parsing.compression import DAMAGED_ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

_PIECE_BYTES = 1 << 18
_MOST_BYTES = 1 << 30
"""The decompressed size of a part beyond which it is a bomb: a full sheet of short values has less."""

_DATE_STYLES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_DURATION_STYLE = 46
_TIME_STYLES = frozenset((18, 19, 20, 21, 32, 33, 45, 47))
_HALF_OF_DAY = re.compile("am/pm|a/p")
_PARTS = re.compile("y+|m+|d+|h+|s+")
_WHOLE = re.compile("[0-9]{1,9}")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_STYLES = "xl/styles.xml"
_EXPECTED = "an undamaged Excel workbook (.xlsx)"


class Workbook:
    """An open workbook; `texts` are the shared ones, `date_styles` the numbers of cell styles that show dates.

    `time_styles` are those that show a time without a day, and `duration_styles` those that show elapsed time. Without
    styles (`has_styles`) no cell may refer to one.
    """

    def __init__(self, path: Path) -> None:
        """Open a workbook. Raises LegacyFileError if it is damaged or no workbook."""
        self.path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except DAMAGED_ARCHIVE as error:
            raise LegacyFileError(path, f"is no workbook ({type(error).__name__})", _EXPECTED) from None
        names = [info.filename for info in self._archive.infolist()]
        if len(set(names)) != len(names) or any(info.flag_bits & 1 for info in self._archive.infolist()):
            raise LegacyFileError(path, "has parts that are there twice or encrypted", _EXPECTED)
        self.sheets: dict[str, str] = {}
        self.is_1904 = False
        self._read_workbook()
        self.texts = [text_of(item) for item in self._items("xl/sharedStrings.xml", "si")]
        self.has_styles = _STYLES in self._archive.namelist()
        self.date_styles = self.time_styles = self.duration_styles = frozenset[int]()
        if self.has_styles:
            self._read_styles()

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def stream(self, part: str) -> XmlStream:
        """Return the XML of a part. Raises LegacyFileError if the workbook has none."""
        if part not in self._archive.namelist():
            raise LegacyFileError(self.path, f"has no part {part}", _EXPECTED)
        return XmlStream(self.path, _PIECE_BYTES, pieces=self._pieces(part))

    def _pieces(self, part: str) -> Iterator[bytes]:
        length = 0
        try:
            with self._archive.open(part) as file:
                while piece := file.read(_PIECE_BYTES):
                    length += len(piece)
                    if length > _MOST_BYTES:
                        raise LegacyFileError(self.path, f"part {part} is longer than 1 GiB", _EXPECTED)
                    yield piece
        except DAMAGED_ARCHIVE as error:
            raise LegacyFileError(self.path, f"part {part} is damaged ({type(error).__name__})", _EXPECTED) from None

    def _items(self, part: str, name: str) -> Iterator[Element]:
        """Yield each element of that name as it ends; what is not needed any more is dropped."""
        if part not in self._archive.namelist():
            return
        open_elements: list[Element] = []
        for event, element in self.stream(part).events():
            if event == "start":
                open_elements.append(element)
                continue
            open_elements.pop()
            if local_name(element) == name:
                yield element
                element.clear()
                if open_elements:
                    open_elements[-1].remove(element)

    def _read_workbook(self) -> None:
        targets = {
            item.get("Id"): posixpath.normpath(posixpath.join("/xl", item.get("Target", ""))).lstrip("/")
            for item in self._items("xl/_rels/workbook.xml.rels", "Relationship")
        }
        for event, element in self.stream("xl/workbook.xml").events():
            if event == "end" and local_name(element) == "sheet":
                key = next((value for name, value in element.attrib.items() if name.endswith("}id")), None)
                self.sheets[element.get("name", "")] = targets.get(key, "")
            elif event == "end" and local_name(element) == "workbookPr":
                self.is_1904 = element.get("date1904") in {"1", "true"}

    def _read_styles(self) -> None:
        custom: dict[int, str] = {}
        found: list[int] = []
        inside = False
        for event, element in self.stream(_STYLES).events():
            name = local_name(element)
            if name == "cellXfs":
                inside = event == "start"
            elif event == "end" and name == "numFmt":
                custom[self._format_number(element)] = element.get("formatCode", "")
            elif event == "end" and name == "xf" and inside:
                found.append(self._format_number(element))
        durations = {at for at, style in enumerate(found) if _is_duration(style, custom.get(style))}
        dates = {at for at, style in enumerate(found) if _is_date(style, custom.get(style))}
        times = {at for at, style in enumerate(found) if _is_time(style, custom.get(style))} - durations
        self.date_styles, self.time_styles = frozenset(dates - durations - times), frozenset(times)
        self.duration_styles = frozenset(durations)

    def _format_number(self, element: Element) -> int:
        number = whole_number(element.get("numFmtId", "0"))
        if number is None:
            raise LegacyFileError(self.path, "the styles are damaged: a format has no number", _EXPECTED)
        return number


def whole_number(text: str) -> int | None:
    """Return an index or the number of a row; None if the text is none."""
    return int(text) if _WHOLE.fullmatch(text) else None


def _is_date(style: int, code: str | None) -> bool:
    return style in _DATE_STYLES if code is None else shows_date(code)


def _is_duration(style: int, code: str | None) -> bool:
    return style == _DURATION_STYLE if code is None else shows_duration(code)


def _is_time(style: int, code: str | None) -> bool:
    return style in _TIME_STYLES if code is None else shows_time(code)


def shows_time(code: str) -> bool:
    """Whether a number format shows a time without a day: `m` behind `h` or before `s` is no month."""
    first = _HALF_OF_DAY.sub("", _QUOTED.sub("", code).split(";")[0].lower())
    parts = [part[0] for part in _PARTS.findall(first)]
    around = zip(["", *parts], parts, [*parts[1:], ""], strict=False)
    is_day = any(part in "yd" or (part == "m" and before != "h" and after != "s") for before, part, after in around)
    return bool(parts) and not is_day and "general" not in first


def shows_duration(code: str) -> bool:
    """Whether a number format shows elapsed time: its first section has hours, minutes or seconds in brackets."""
    return _ELAPSED.search(_QUOTED.sub("", code).split(";")[0]) is not None


def shows_date(code: str) -> bool:
    """Whether a number format shows a date or time: its first section has a letter of one outside quotes."""
    first = _QUOTED.sub("", code).split(";")[0].lower()
    return "general" not in first and any(letter in first for letter in "ymdhs")


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(item: Element) -> str:
    """Return the text of a shared or inline string: its runs joined, without phonetic guides."""
    parts = []
    for child in item:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts += [each.text or "" for each in child if local_name(each) == "t"]
    return unescape("".join(parts))


def unescape(text: str) -> str:
    """Return a text with its escaped characters: `_x000D_` is a carriage return, and two surrogates are a character."""
    if "_x" not in text:
        return text
    return _SURROGATES.sub(_join, _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))


def _join(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
