"""The values in elements of XML documents by their paths, as columns of a declaration read them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.sources.documents.xml_elements import INSTANCE, XML_BLANKS, has_text, is_nil

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

OWN_TEXT = "."


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


@dataclass
class ElementValues:
    """Reads elements, and notes what some of them hold by path.

    `lists` counts repeated elements, `branches` are elements with others in them, and `texts` those with a text;
    `mixed` are both at once, and values of `padded` have blanks around them.
    """

    lists: Counter[str] = field(default_factory=Counter)
    branches: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    mixed: set[str] = field(default_factory=set)
    padded: set[str] = field(default_factory=set)

    def add_element(self, element: Element, path: str, found: dict[str, str | None]) -> None:
        """Fill in the values of an element and those in it; of repeated elements only their number counts."""
        self.add_attributes(element, f"{path}/" if path else "", found)
        own = path or OWN_TEXT
        if not len(element):
            self._add_text(own, element, found)
            return
        self.branches.add(own)
        if has_text(element):
            self.mixed.add(own)
        names = Counter(local_name(child) for child in element)
        for child in element:
            name = local_name(child)
            below = f"{path}/{name}" if path else name
            if names[name] == 1:
                self.add_element(child, below, found)
            else:
                self.lists[below] += 1

    def add_attributes(self, element: Element, above: str, found: dict[str, str | None]) -> None:
        """Fill in the attributes of an element, apart from those of XML Schema."""
        for tag, value in element.attrib.items():
            if not tag.startswith(INSTANCE):
                self._add(f"{above}@{tag.rpartition('}')[2]}", value, found)

    def _add_text(self, path: str, element: Element, found: dict[str, str | None]) -> None:
        if is_nil(element):
            found[path] = None
            return
        if element.text:
            self.texts.add(path)
        elif element.attrib:
            self.branches.add(path)  # attributes alone are its values, unless it has a text elsewhere
        self._add(path, element.text or "", found)

    def _add(self, path: str, value: str, found: dict[str, str | None]) -> None:
        stripped = value.strip(XML_BLANKS)
        if stripped != value:
            self.padded.add(path)
        found[path] = stripped
