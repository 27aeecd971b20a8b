"""Parsing of hand-written YAML, with the line of every key and item, and without ambiguous scalars.

YAML 1.1 readers turn `NO` into false, `012` into ten and `1:30` into ninety; YAML 1.2 readers do not. Several tools
read a contract, so a plain scalar that readers disagree about is a fault here, and dates stay text. A number with a
point is a Decimal with the written digits, so that bounds are compared exactly.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

import yaml

from bankmesh.errors import Fault

Path = tuple[str | int, ...]
Value = Any  # a plain YAML value: None, bool, int, Decimal, str, or a list or str-keyed dict of such

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times faster; both know positions
_TAG = "tag:yaml.org,2002:"
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_MOST_DIGITS = 100  # longer than any number a bank counts; keeps int() cheap
_DEEPEST = 64  # levels of nesting; the deepest example of the standard has 14


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data, and the line (from 1) of every key and item by its path."""

    file: str
    text: str
    data: Any
    lines: dict[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """Return the line of the key or item at `path`, or of its nearest parent that is written in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(file: str, text: str) -> tuple[Document, tuple[Fault, ...]]:
    """Parse `text`; faults: `yaml-syntax`, `yaml-duplicate-key`, `yaml-alias`, `yaml-ambiguous`, `yaml-key`."""
    faults: list[Fault] = []
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        return Document(file, text, None, {}), (_syntax_fault(file, text, error),)
    except (RecursionError, ValueError) as error:
        return Document(file, text, None, {}), (Fault(file, 1, "yaml-syntax", f"cannot be read as YAML: {error}"),)
    if root is None:
        return Document(file, text, None, {}), (Fault(file, 1, "yaml-syntax", "the file is empty"),)
    builder = _Builder(file, faults)
    data = builder.build(root, ())
    return Document(file, text, data, builder.lines), tuple(faults)


def decode(file: str, content: bytes) -> tuple[str, tuple[Fault, ...]]:
    """Return a file's UTF-8 text; an invalid byte is a fault (`yaml-syntax`) on its line."""
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", (Fault(file, line, "yaml-syntax", f"byte {error.start} is not UTF-8; save the file as UTF-8"),)


def leaves(data: Value, path: Path = ()) -> list[tuple[Path, Any]]:
    """Return every scalar or empty collection in `data`, with its path, in document order."""
    if isinstance(data, dict) and data:
        return [leaf for key, value in data.items() for leaf in leaves(value, (*path, key))]
    if isinstance(data, list) and data:
        return [leaf for index, value in enumerate(data) for leaf in leaves(value, (*path, index))]
    return [(path, data)]


def spell(path: Path) -> str:
    """Return a path as people write it: `schema[0].properties[2].name`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).lstrip(".") or "the document"


def _syntax_fault(file: str, text: str, error: yaml.YAMLError) -> Fault:
    last = max(1, len(text.splitlines()))
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    before = text.count("\n", 0, position) if isinstance(position, int) else 0
    line = (mark.line if mark is not None else before) + 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    return Fault(file, min(line, last), "yaml-syntax", f"cannot be read as YAML: {problem}")


class _Builder:
    """Converts YAML nodes to plain data and records lines and faults."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file, self.faults = file, faults
        self.lines: dict[Path, int] = {}
        self.seen: set[int] = set()

    def fault(self, node: yaml.Node, rule: str, message: str) -> None:
        self.faults.append(Fault(self.file, node.start_mark.line + 1, rule, message))

    def build(self, node: yaml.Node, path: Path) -> Value:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self.seen:
            self.fault(node, "yaml-alias", "anchors and aliases are not allowed in a contract; write the value out")
            return None
        self.seen.add(id(node))
        if len(path) > _DEEPEST:
            self.fault(node, "yaml-syntax", f"nested deeper than {_DEEPEST} levels")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(cast("yaml.ScalarNode", node))

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(key_node, "yaml-key", "a key must be plain text")
                continue
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key_node.tag == f"{_TAG}merge":
                self.fault(key_node, "yaml-alias", "merge keys (<<) are not allowed in a contract; write the keys out")
            elif key in data:
                first = self.lines[(*path, key)]
                self.fault(key_node, "yaml-duplicate-key", f"key {key} is written twice; first on line {first}")
            else:
                self.lines[(*path, key)] = line
                data[key] = self.build(value_node, (*path, key))
        return data

    def _scalar(self, node: yaml.ScalarNode) -> Value:
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        if node.style not in (None, "") or kind in ("str", "timestamp", "value"):
            return text
        if kind == "null":
            return None
        if kind == "bool" and text in _TRUTH:
            return _TRUTH[text]
        if kind == "int" and _INTEGER.fullmatch(text) and len(text) < _MOST_DIGITS:
            return int(text)
        if kind == "float" and _FLOAT.fullmatch(text) and _is_double(text):
            return Decimal(text)
        meaning = f"YAML readers disagree about a plain {text}" if kind in _PLAIN else f"the tag !{kind} is not allowed"
        self.fault(node, "yaml-ambiguous", f"{meaning}; put it in quotes if it is text, or write a plain number")
        return text


_PLAIN = ("bool", "int", "float")


def _is_double(text: str) -> bool:
    """Whether readers that only have doubles get a number too: no overflow, and no underflow to zero."""
    double = float(text)
    return math.isfinite(double) and (double != 0.0 or not Decimal(text))
