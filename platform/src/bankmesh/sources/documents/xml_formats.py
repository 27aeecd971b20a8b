"""The format of XML documents, and the paths of its declarations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bankmesh.errors import Fault
from bankmesh.sources.declarations.number_formats import NUMBER_KEYS, PLAIN_NUMBERS, read_numbers
from bankmesh.sources.declarations.source_declaration import RecordFormat
from bankmesh.sources.documents.json_formats import OTHER_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.sources.declarations.source_declaration import FileFormat, SourceColumn
    from bankmesh.yaml.nodes import Mapping

XML_KEYS = ("rows", "namespaces", "other_fields", "ignored_fields", "xml_encoding", *NUMBER_KEYS)

STEP = re.compile(r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*")
"""The name of an element or attribute in a path."""


@dataclass(frozen=True)
class ElementPath:
    """A path as declared: `up` ancestors above the record, elements below that, and an attribute at the end, if any."""

    up: int
    elements: tuple[str, ...]
    attribute: str | None = None


@dataclass(frozen=True, kw_only=True)
class XmlFormat(RecordFormat):
    """XML documents; `rows` is the path of the records from the root element, which it begins with.

    Without `namespaces`, pairs of prefix and name, elements are compared by their local names.
    """

    kind: ClassVar[str] = "xml"
    has_paths: ClassVar[bool] = True

    rows: str = ""
    namespaces: tuple[tuple[str, str], ...] = ()
    other_fields: str = "reject"
    ignored_fields: tuple[str, ...] = ()
    xml_encoding: str = ""

    @property
    def row_steps(self) -> tuple[str, ...]:
        """The names of the elements from the root to a record."""
        return tuple(self.rows.strip("/").split("/"))

    def name_of(self, tag: str) -> str:
        """Return the name by which declarations call an element or attribute: `{uri}local` in ElementTree."""
        uri, _, local = tag.rpartition("}")
        if not self.namespaces or not uri:
            return local
        prefix = next((prefix for prefix, known in self.namespaces if known == uri[1:]), None)
        if prefix is None:
            return tag
        return f"{prefix}:{local}" if prefix else local

    def check_columns(self, given: Mapping, record: str, columns: Sequence[SourceColumn]) -> None:
        """Note faults of columns whose path spells no element or attribute, or leaves the document."""
        del record
        for column in (column for column in columns if column.is_in_file):
            path = parse_element_path(column.header)
            problem = None
            if path is None:
                problem = f"path {column.label} spells no element; write it like Amount/@Currency or ../Header/Id"
            elif path.up >= len(self.row_steps):
                problem = f"path {column.label} leaves the document; rows are at {self.rows}"
            elif path.up and path.elements[:1] == self.row_steps[-path.up :][:1]:
                problem = f"path {column.label} goes up and down again on the way to the rows; write it with fewer .."
            elif column.header_pattern:
                problem = f"column {column.label}: header_pattern is for files with headings"
            if problem:
                given.faults.found.append(Fault(column.place.file, column.place.line, "bad-path", problem))


def parse_element_path(text: str) -> ElementPath | None:
    """Return the path that a text spells; None if it spells none."""
    if text == ".":
        return ElementPath(0, ())
    steps = text.split("/")
    up = 0
    while steps and steps[0] == "..":
        up, steps = up + 1, steps[1:]
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else None
    names = [*steps, *([attribute] if attribute is not None else [])]
    if not names or not all(map(STEP.fullmatch, names)):
        return None
    return ElementPath(up, tuple(steps), attribute)


def read_xml(given: Mapping, base: FileFormat) -> XmlFormat:
    """Read the format of XML documents; keys that are not given come from `base`."""
    inherited = base if isinstance(base, XmlFormat) else XmlFormat()
    rows = given.text("rows", inherited.rows)
    if not all(map(STEP.fullmatch, rows.strip("/").split("/"))) or rows.endswith("/"):
        message = f"rows of {given.what} must be a path of elements from the root: /Orders/Order"
        given.faults.add(given.value("rows") or given.node, "bad-path", message)
    ignored = given.texts("ignored_fields")
    for text in ignored or ():
        path = parse_element_path(text)
        if path is None or path.up or text == ".":
            message = f"ignored_fields of {given.what}: {text} is no path of elements from the record, like Links"
            given.faults.add(given.value("ignored_fields"), "bad-path", message)
    spaces = given.pairs("namespaces")
    return XmlFormat(
        numbers=read_numbers(given, getattr(base, "numbers", PLAIN_NUMBERS), None, None),
        rows=rows,
        namespaces=inherited.namespaces if spaces is None else spaces,
        other_fields=given.word("other_fields", OTHER_FIELDS, inherited.other_fields),
        ignored_fields=inherited.ignored_fields if ignored is None else ignored,
        xml_encoding=given.text("xml_encoding", inherited.xml_encoding).lower(),
    )
