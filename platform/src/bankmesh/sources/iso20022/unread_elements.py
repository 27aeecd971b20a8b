"""Elements of messages that no field reads: names of elements alone, and never what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.sources.documents.xml_stream import XmlStream
from bankmesh.sources.iso20022.statement_totals import CHECKED_PATHS
from bankmesh.sources.parsing.line_blocks import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from bankmesh.sources.iso20022.iso20022_formats import Iso20022Format

_BODY = 2
"""Depth of the element that paths begin below."""


def find_unread_elements(written: Iso20022Format, files: Sequence[Path]) -> tuple[str, ...]:
    """Return the paths of elements with a text in any of the files that no field of any type of record reads.

    Nor are they totals that are verified. A path ends where nothing below is read. Raises LegacyFileError for a file
    that is no whole document.
    """
    read = _read_paths(written)
    begun = {path[:end] for path in read for end in range(1, len(path) + 1)}
    found: dict[tuple[str, ...], None] = {}
    for file in files:
        for path in _paths_with_text(file):
            if path not in read:
                end = next((end for end in range(1, len(path)) if path[:end] not in begun), len(path))
                found[path[:end]] = None
    return tuple("/".join(path) for path in found)


def _read_paths(written: Iso20022Format) -> set[tuple[str, ...]]:
    prefixes = written.shape.scope_paths()
    paths = [
        f"{prefixes[field.scope]}/{path.partition('/@')[0]}"
        for fields in written.paths.values()
        for field in fields
        for path in field.paths
    ]
    paths += [f"{prefixes[scope]}/{path}" for scope, checked in CHECKED_PATHS.items() for path in checked]
    return {tuple(path.split("/")) for path in paths}


def _paths_with_text(file: Path) -> Iterator[tuple[str, ...]]:
    """Yield the path of each element that has a text and no elements, from the children of the body on."""
    names: list[str] = []
    opened: list[Element] = []
    for event, element in XmlStream(file, BLOCK_BYTES).events():
        if event == "start":
            names.append(element.tag.rpartition("}")[2])
            opened.append(element)
            continue
        if len(names) > _BODY and not len(element) and (element.text or "").strip():
            yield tuple(names[_BODY:])
        names.pop()
        opened.pop()
        if opened and len(opened) <= _BODY + 1:
            opened[-1].remove(element)
