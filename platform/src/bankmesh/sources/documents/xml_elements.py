"""Reads the declared fields of an element in one pass over it: repeated and undeclared elements are faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.documents.xml_formats import parse_element_path
from bankmesh.sources.landing_rejects import RecordFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element

    from bankmesh.sources.declarations.source_declaration import SourceColumn
    from bankmesh.sources.documents.xml_formats import XmlFormat

XML_BLANKS = " \t\r\n"
INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
"""The namespace of the attributes of XML Schema, which are no fields."""

Texts = list[str | None]
Faults = list[RecordFault]


@dataclass
class WantedElement:
    """What is read of an element: columns by number that take its text or an attribute, and the elements below.

    Once `settle` was called, `only_text` is the column of an element of which only the text is read, by one column, and
    `is_strict` is whether what no column reads of the element is a fault.
    """

    texts: list[int] = field(default_factory=list)
    attributes: dict[str, list[int]] = field(default_factory=dict)
    children: dict[str, WantedElement] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    only_text: int | None = None
    is_strict: bool = False

    def settle(self, *, is_strict: bool) -> None:
        """Prepare to read, once everything that is wanted is added; ignored elements below are not strict."""
        self.only_text = self.texts[0] if len(self.texts) == 1 and not self.children else None
        self.is_strict = is_strict
        for name, child in self.children.items():
            child.settle(is_strict=is_strict and name not in self.ignored)

    def below(self, names: Iterable[str]) -> WantedElement:
        """Return what is wanted at a path, which is added if need be."""
        found = self
        for name in names:
            found = found.children.setdefault(name, WantedElement())
        return found


class TagNames(dict[str, str]):
    """The names that declarations use for tags, each found once."""

    def __init__(self, written: XmlFormat) -> None:
        """Use the namespaces of a format."""
        super().__init__()
        self._written = written

    def __missing__(self, tag: str) -> str:
        """Find the name of a tag."""
        return self.setdefault(tag, self._written.name_of(tag))


class ElementFields:
    """Reads the columns of records; not to be shared between threads."""

    def __init__(self, columns: Sequence[SourceColumn], written: XmlFormat) -> None:
        """Prepare to read these columns, all of which are in the file."""
        self.columns, self.names = tuple(columns), TagNames(written)
        self.depth = len(written.row_steps)
        self.wanted: dict[int, WantedElement] = {self.depth: WantedElement()}
        for number, column in enumerate(columns):
            path = parse_element_path(column.header)
            if path is None:
                raise ValueError(column.header)
            at = self.wanted.setdefault(self.depth - path.up, WantedElement()).below(path.elements)
            if path.attribute is None:
                at.texts.append(number)
            else:
                at.attributes.setdefault(path.attribute, []).append(number)
        self._strips = tuple(column.type.name != "string" for column in columns)
        for text in written.ignored_fields:
            path = parse_element_path(text)
            if path is not None:
                *above, last = [*path.elements, *([f"@{path.attribute}"] if path.attribute else [])]
                self.wanted[self.depth].below(above).ignored.add(last)
        for level, wanted in self.wanted.items():
            wanted.settle(is_strict=written.other_fields == "reject" and level == self.depth)

    def read(self, element: Element, level: int, texts: Texts, faults: Faults) -> None:
        """Fill in the texts of the columns that an element at some depth has; faults are added."""
        wanted = self.wanted.get(level)
        if wanted is not None:
            self._read(element, wanted, texts, faults)

    def _read(self, element: Element, wanted: WantedElement, texts: Texts, faults: Faults) -> None:
        if wanted.texts:
            self._take_text(element, wanted.texts, texts, faults)
        elif wanted.is_strict and has_text(element):
            faults.append(RecordFault(None, f"text of {self.names[element.tag]} is not declared"))
        if element.keys():
            if is_nil(element) and (len(element) or has_text(element)):
                faults.append(RecordFault(self._label(wanted), "is nil, but has content"))
            self._take_attributes(element, wanted, texts, faults)
        if len(element):
            self._read_children(element, wanted, texts, faults)

    def _read_children(self, element: Element, wanted: WantedElement, texts: Texts, faults: Faults) -> None:
        names, children, strips = self.names, wanted.children, self._strips
        seen: set[str] = set()
        is_odd = False
        for number, child in enumerate(element, 1):
            name = names[child.tag]
            below = children.get(name)
            if below is None:
                if wanted.is_strict and not is_odd and name not in wanted.ignored and not wanted.texts:
                    faults.append(RecordFault(None, f"element {number} of {names[element.tag]} is not declared"))
                    is_odd = True
                continue
            if name in seen:
                faults.append(RecordFault(self._label(below), f"{name} is repeated, where one is declared"))
                break
            seen.add(name)
            column = below.only_text
            # `keys` makes no dictionary for an element without attributes, as `attrib` does.
            if column is not None and not len(child) and not child.keys():
                text = child.text or ""
                texts[column] = text.strip(XML_BLANKS) if strips[column] else text
            else:
                self._read(child, below, texts, faults)

    def _take_text(self, element: Element, columns: list[int], texts: Texts, faults: Faults) -> None:
        if len(element):
            faults.append(RecordFault(self.columns[columns[0]].label, "elements, where a text is declared"))
        elif not is_nil(element):
            for number in columns:
                texts[number] = self._trimmed(number, element.text)

    def _take_attributes(self, element: Element, wanted: WantedElement, texts: Texts, faults: Faults) -> None:
        seen = set[str]()
        for tag, value in element.attrib.items():
            if tag.startswith(INSTANCE):
                continue
            name = self.names[tag]
            numbers = wanted.attributes.get(name, [])
            if numbers and name in seen:
                label = self.columns[numbers[0]].label
                faults.append(RecordFault(label, f"@{name} is repeated, where one is declared"))
                break
            seen.add(name)
            for number in numbers:
                texts[number] = self._trimmed(number, value)
            if wanted.is_strict and name not in wanted.attributes and f"@{name}" not in wanted.ignored:
                faults.append(RecordFault(None, f"an attribute of {self.names[element.tag]} is not declared"))

    def _trimmed(self, number: int, text: str | None) -> str:
        """Return a text; blanks around a value that is no string are none of it, as in XML Schema."""
        found = text or ""
        return found.strip(XML_BLANKS) if self._strips[number] else found

    def _label(self, wanted: WantedElement) -> str | None:
        """Return the label of the first column of an element or those below."""
        numbers = [*wanted.texts, *(number for several in wanted.attributes.values() for number in several)]
        if numbers:
            return self.columns[numbers[0]].label
        return next(iter(filter(None, map(self._label, wanted.children.values()))), None)


def is_nil(element: Element) -> bool:
    """Whether an element says that it has no value."""
    return element.get(f"{INSTANCE}nil") in {"true", "1"}


def has_text(element: Element) -> bool:
    """Whether an element has text of its own, before or between the elements in it."""
    if element.text and element.text.strip(XML_BLANKS):
        return True
    for child in element:
        tail = child.tail
        if tail and tail.strip(XML_BLANKS):
            return True
    return False
