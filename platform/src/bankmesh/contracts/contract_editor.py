"""In-place edits of a contract's text that keep every comment, blank line and quotation mark.

The text is changed at the positions of its YAML nodes. The result is parsed again and compared with the expected
data. A layout that does not allow this is refused, so that no contract is damaged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.contracts.lifecycle import PROPERTY
from bankmesh.errors import BankmeshError
from bankmesh.yaml import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .,;_()/'@-]*[A-Za-z0-9.)]")
_WORDS_OF_YAML = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\x7f": "\\x7F", "\x85": "\\x85", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class CannotEdit(BankmeshError):
    """A contract's layout does not allow an edit in place; the file was not changed."""

    def __init__(self, file: str, problem: str) -> None:
        self.file, self.problem = file, problem
        super().__init__(f"{file}: {problem}. Nothing was written: edit it by hand, then run `mesh contract check`.")


@dataclass(frozen=True)
class LifecycleEntry:
    """One entry to add to a contract's lifecycle."""

    status: str
    date: str
    by: str
    why: str

    @property
    def data(self) -> dict[str, str]:
        """The entry as the contract stores it."""
        return {"status": self.status, "date": self.date, "by": self.by, "why": self.why}


def move_text(file: str, text: str, entry: LifecycleEntry, properties: Mapping[str, str]) -> str:
    """Return the contract's text at another stage: status, minor version, a new `lifecycle` entry, custom properties.

    `properties` are top-level custom properties to set, such as `endOfSupport`. Raises CannotEdit.
    """
    before, faults = documents.parse(file, text)
    if faults or not isinstance(before.data, dict):
        raise CannotEdit(file, "it cannot be read")
    version = _next_minor(str(before.data.get("version")))
    edited = _set_key(file, text, "status", entry.status)
    edited = _set_key(file, edited, "version", version)
    for name, value in properties.items():
        edited = _set_property(file, edited, name, value)
    edited = _add_entry(file, edited, entry)
    after, faults = documents.parse(file, edited)
    if faults or after.data != _expected(before.data, version, entry, properties):
        raise CannotEdit(file, "its layout does not allow an edit in place")
    return edited


def _next_minor(version: str) -> str:
    """Return the next minor version: a contract that changed needs one, and a stage breaks no reader's code."""
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _expected(
    data: dict[str, Any], version: str, entry: LifecycleEntry, properties: Mapping[str, str]
) -> dict[str, Any]:
    custom = [dict(item) for item in data.get("customProperties") or []]
    for name, value in properties.items():
        _put(custom, name, value)
    record: list[Any] = next((item["value"] for item in custom if item["property"] == PROPERTY), [])
    _put(custom, PROPERTY, [*record, entry.data])
    return {**data, "status": entry.status, "version": version, "customProperties": custom}


def _put(custom: list[dict[str, Any]], name: str, value: Any) -> None:  # noqa: ANN401 - whatever a property holds
    for item in custom:
        if item["property"] == name:
            item["value"] = value
            return
    custom.append({"property": name, "value": value})


# --- The edits ---------------------------------------------------------------------------------------------


def _set_key(file: str, text: str, key: str, value: str) -> str:
    node = _child(_root(file, text), key)
    if not isinstance(node, yaml.ScalarNode):
        raise CannotEdit(file, f"{key} is not a text")
    return _replaced(text, node, value)


def _set_property(file: str, text: str, name: str, value: str) -> str:
    node = _property_value(file, text, name)
    if node is None:
        return _append(file, text, {"property": name, "value": value})
    if not isinstance(node, yaml.ScalarNode):
        raise CannotEdit(file, f"custom property {name} is not a text")
    return _replaced(text, node, scalar(value))


def _add_entry(file: str, text: str, entry: LifecycleEntry) -> str:
    node = _property_value(file, text, PROPERTY)
    if node is None:
        return _append(file, text, {"property": PROPERTY, "value": [entry.data]})
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise CannotEdit(file, "lifecycle is not a list of entries")
    return _added(text, node, entry.data)


def _append(file: str, text: str, item: dict[str, Any]) -> str:
    """Append a custom property after the existing ones."""
    node = _child(_root(file, text), "customProperties")
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise CannotEdit(file, "customProperties is not a list of properties")
    return _added(text, node, item)


def _added(text: str, node: yaml.SequenceNode, item: dict[str, Any]) -> str:
    """Return the text with one more item at the end of a list."""
    if node.flow_style:
        at = node.value[-1].end_mark.index
        return f"{text[:at]}, {_flow(item)}{text[at:]}"
    last = _last_leaf(node)
    at = len(text[: last.end_mark.index].rstrip())
    end = text.find("\n", at)
    head, tail = (text[: end + 1], text[end + 1 :]) if end >= 0 else (f"{text}\n", "")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = _block(item, " " * node.start_mark.column)
    return head + "".join(f"{line}{newline}" for line in lines) + tail


def _block(item: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, value in item.items():
        lead = f"{indent}- " if not lines else f"{indent}  "
        if isinstance(value, list):
            lines.append(f"{lead}{key}:")
            lines += [line for part in value for line in _block(part, f"{indent}    ")]
        else:
            lines.append(f"{lead}{key}: {scalar(value)}")
    return lines


def _flow(value: Any) -> str:  # noqa: ANN401 - text, list or mapping
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _quoted(value)


def scalar(text: str) -> str:
    """Return the text as a YAML scalar: plain if every reader takes it for text, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in text) + '"'


# --- Nodes and their positions -----------------------------------------------------------------------------


def _root(file: str, text: str) -> yaml.MappingNode:
    # The pure Python loader, whose positions count characters; the C loader counts bytes.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise CannotEdit(file, "it is not a mapping")
    return root


def _child(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in node.value if name.value == key), None)


def _property_value(file: str, text: str, name: str) -> yaml.Node | None:
    listed = _child(_root(file, text), "customProperties")
    for item in listed.value if isinstance(listed, yaml.SequenceNode) else ():
        named = _child(item, "property")
        if named is not None and named.value == name:
            return _child(item, "value")
    return None


def _last_leaf(node: yaml.Node) -> yaml.Node:
    """Return the last leaf of a node, which ends its text: a block's end mark includes trailing comments and blanks."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]
