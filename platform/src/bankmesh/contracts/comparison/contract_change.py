"""One difference between two versions of a contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bankmesh.errors import Place


@dataclass(frozen=True)
class Change:
    """One difference between two contracts.

    `rule` is a stable, kebab-case id; `subject` names the column, clause or key; `place` is in the new contract, or
    in the old one for what was removed.
    """

    rule: str
    breaking: bool
    subject: str
    message: str
    place: Place

    def __str__(self) -> str:
        """One line: place, verdict, message and rule."""
        word = "breaking" if self.breaking else "compatible"
        return f"{self.place}: {word}: {self.message} [{self.rule}]"


def breaking(rule: str, subject: str, message: str, place: Place) -> Change:
    """Return a change that can break a consumer."""
    return Change(rule, breaking=True, subject=subject, message=message, place=place)


def compatible(rule: str, subject: str, message: str, place: Place) -> Change:
    """Return a change that breaks no consumer."""
    return Change(rule, breaking=False, subject=subject, message=message, place=place)
