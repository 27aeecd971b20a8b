"""YAML with line numbers: mappings that account for all keys, and that note faults instead of raising."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from bankmesh.errors import Fault, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where there is libyaml; both record positions


@dataclass
class Faults:
    """The faults of one file, collected while it is read; `beside` are texts of other files that it names."""

    file: str
    found: list[Fault] = field(default_factory=list)
    beside: dict[Path, str | None] = field(default_factory=dict)

    def add(self, node: yaml.Node | None, rule: str, message: str) -> None:
        """Note a fault at a node, or with None at the file as a whole."""
        self.found.append(Fault(self.file, node.start_mark.line + 1 if node else 0, rule, message))

    def read_beside(self, path: Path) -> str | None:
        """Return the text of another file that this one names, and keep it; None if it is no UTF-8 text."""
        self.beside[path] = read_text(path)
        return self.beside[path]

    def place(self, node: yaml.Node) -> Place:
        """Return the position of a node."""
        return Place(self.file, node.start_mark.line + 1)


class Mapping:
    """A mapping of the file. A value of the wrong kind is a fault, and is then treated as absent."""

    def __init__(self, node: yaml.Node | None, what: str, faults: Faults) -> None:
        """Wrap a node; `what` names it in faults, None is an absent mapping."""
        self.what, self.faults = what, faults
        self.node = node
        self.entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        if not isinstance(node, yaml.MappingNode):
            if node is not None:
                faults.add(node, "wrong-type", f"{what} must be a mapping")
            return
        for key, value in node.value:
            name = str(key.value)
            if name in self.entries:
                faults.add(key, "duplicate-key", f"{what} has the key {name} twice")
            self.entries[name] = (key, value)

    def only(self, known: Sequence[str]) -> None:
        """Note a fault for every key that is not one of these."""
        for name, (key, _) in self.entries.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self.faults.add(key, "unknown-key", f"{self.what} has no key {name}; {hint}")

    def value(self, key: str) -> yaml.Node | None:
        """Return the node at a key, if given."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty; required unless a default is given."""
        node = self.value(key)
        if node is None:
            if default is None:
                self.faults.add(self.node, "missing-key", f"{self.what} needs a {key}")
            return default or ""
        if isinstance(node, yaml.ScalarNode) and node.value and not node.tag.endswith(":null"):
            return str(node.value)
        self.faults.add(node, "wrong-type", f"{key} of {self.what} must be a text")
        return default or ""

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None if the key is absent or null."""
        node = self.value(key)
        if node is None or node.tag.endswith(":null"):
            return None
        return self.text(key) or None

    def word(self, key: str, allowed: Iterable[str], default: str | None = None) -> str:
        """Return one of the allowed words."""
        known = tuple(allowed)
        text = self.text(key, default)
        if text and text not in known:
            message = f"{key} of {self.what} is {text}; allowed: {', '.join(known)}"
            self.faults.add(self.value(key), "unknown-word", message)
            return default or known[0]
        return text or known[0]

    def flag(self, key: str, *, default: bool) -> bool:
        """Return `true` or `false`."""
        node = self.value(key)
        if node is None:
            return default
        if node.tag.endswith(":bool") and node.value.lower() in ("true", "false"):
            return bool(node.value.lower() == "true")
        self.faults.add(node, "wrong-type", f"{key} of {self.what} must be true or false")
        return default

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts, which may be empty; None if the key is absent."""
        node = self.value(key)
        if node is None:
            return None
        if isinstance(node, yaml.SequenceNode) and all(isinstance(n, yaml.ScalarNode) for n in node.value):
            return tuple(str(item.value) for item in node.value)
        self.faults.add(node, "wrong-type", f"{key} of {self.what} must be a list of texts")
        return None

    def one_or_more(self, key: str) -> tuple[str, ...]:
        """Return a text that is not empty, or a list of such texts; required."""
        node = self.value(key)
        if not isinstance(node, yaml.SequenceNode):
            return (self.text(key),)
        several = self.texts(key) or ()
        if not several or "" in several:
            self.faults.add(node, "missing-key", f"{key} of {self.what} lists none, or an empty text")
        return tuple(text for text in several if text)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...] | None:
        """Return a mapping from text to text as pairs; None if the key is absent."""
        node = self.value(key)
        if node is None:
            return None
        inner = Mapping(node, f"{key} of {self.what}", self.faults)
        if not all(isinstance(value, yaml.ScalarNode) for _, value in inner.entries.values()):
            self.faults.add(node, "wrong-type", f"{key} of {self.what} must map texts to texts")
            return None
        return tuple((name, str(value.value)) for name, (_, value) in inner.entries.items())


def read_text(path: Path) -> str | None:
    """Return the text of a file; None if it cannot be read as UTF-8, or if no file can have such a name."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def compose(text: str, faults: Faults) -> yaml.Node | None:
    """Return the document's root node; None, with a fault, if it is not YAML or is empty."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        faults.found.append(Fault(faults.file, line, "not-yaml", f"not YAML: {error.problem}"))
        return None
    except yaml.YAMLError as error:
        faults.found.append(Fault(faults.file, 0, "not-yaml", f"not YAML: {error}"))
        return None
    if root is None:
        faults.found.append(Fault(faults.file, 0, "not-yaml", "the file is empty"))
    return root
