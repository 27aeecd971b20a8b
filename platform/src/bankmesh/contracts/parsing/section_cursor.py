"""A cursor over a parsed contract: reads values safely and notes faults with their line.

Parts that already violate the standard are skipped, so that one mistake is reported once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.contracts.exact_numbers import plain_numbers
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.errors import Fault, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from bankmesh.yaml.documents import Document, Path, Value


@dataclass
class FaultNotes:
    """The faults found so far in one document, and the paths known to be wrong."""

    document: Document
    faults: list[Fault] = field(default_factory=list)
    wrong: set[Path] = field(default_factory=set)

    def add(self, path: Path, rule: str, message: str) -> None:
        """Note a fault at `path`; the path and all its parents count as wrong from now on."""
        self.faults.append(Fault(self.document.file, self.document.line(path), rule, message))
        self.wrong.update(path[:length] for length in range(len(path) + 1))


@dataclass(frozen=True)
class Section:
    """A mapping somewhere in a contract."""

    notes: FaultNotes
    path: Path
    data: dict[str, Any]

    @property
    def faulty(self) -> bool:
        """Whether this section, or anything in it, is known to be wrong."""
        return self.path in self.notes.wrong

    def place(self, key: str | None = None) -> Place:
        """Return file and line of a key, or of the section."""
        path = self.path if key is None else (*self.path, key)
        return Place(self.notes.document.file, self.notes.document.line(path))

    def fault(self, key: str | int | None, rule: str, message: str) -> None:
        """Note a fault at a key of this section, or at the section itself."""
        self.notes.add(self.path if key is None else (*self.path, key), rule, message)

    def wrong(self, key: str) -> bool:
        """Whether a fault was noted at or below that key."""
        return (*self.path, key) in self.notes.wrong

    def get(self, key: str) -> Value:
        """Return the value of a key; None if it is absent or wrong."""
        return None if self.wrong(key) else self.data.get(key)

    def text(self, key: str) -> str | None:
        """Return the text of a key; None if it is absent, wrong or blank."""
        value = self.get(key)
        return value if isinstance(value, str) and value.strip() else None

    def need(self, key: str, rule: str, message: str) -> str | None:
        """Return the text of a key; note a fault if it is absent or blank."""
        found = self.text(key)
        if found is None and not self.wrong(key):
            self.fault(key, rule, message)
        return found

    def only(self, known: Collection[str], what: str, rule: str = "unknown-key") -> None:
        """Note a fault at every key that is not one of these; `what` names the section in the message."""
        for key in self.data:
            if key not in known:
                message = f"{what} has no key {key}.{nearest(key, known)} Allowed: {', '.join(known)}"
                self.fault(key, rule, message)

    def section(self, key: str) -> Section | None:
        """Return the mapping at a key, even if it has faults inside."""
        value = self.data.get(key)
        return Section(self.notes, (*self.path, key), value) if isinstance(value, dict) else None

    def sections(self, key: str) -> Iterator[Section]:
        """Yield the mappings in the list at a key, even if they have faults inside."""
        value = self.data.get(key)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, dict):
                yield Section(self.notes, (*self.path, key, index), item)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in the list at a key."""
        value = self.data.get(key)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def custom_properties(section: Section, allowed: Iterable[str]) -> dict[str, Any]:
    """Return `customProperties` as a mapping; a name outside `allowed` and `x-`, or a repeated one, is a fault.

    Faults: `unknown-custom-property`, `duplicate-custom-property`.
    """
    known = tuple(allowed)
    found: dict[str, Any] = {}
    for item in section.sections("customProperties"):
        name = item.text("property")
        if name is None:
            continue
        if name in found:
            item.fault("property", "duplicate-custom-property", f"custom property {name} is given twice")
        elif name not in known and not name.startswith("x-"):
            allowed_text = ", ".join(known) or "none here"
            item.fault(
                "property",
                "unknown-custom-property",
                f"custom property {name} is not known. Known: {allowed_text}; one of your own starts with x-",
            )
        else:
            found[name] = plain_numbers(item.data.get("value"))
    return found
