"""What `mesh doctor` finds: one examined thing, whether it is well, and what to do if it is not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


_UNKNOWN = "Run the command that fails: its own message says more."


class Health(StrEnum):
    """How an examined thing is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True)
class HealthFinding:
    """One line: what was examined, its state, and what to do (empty if nothing)."""

    subject: str
    health: Health
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.health:<8} {self.subject}: {self.message}.{remedy}"


def ok(subject: str, message: str) -> HealthFinding:
    """Return a finding that needs no action."""
    return HealthFinding(subject, Health.OK, message)


def warning(subject: str, message: str, remedy: str) -> HealthFinding:
    """Return a finding that may become a fault."""
    return HealthFinding(subject, Health.WARNING, message, remedy)


def fault(subject: str, message: str, remedy: str) -> HealthFinding:
    """Return a finding that keeps commands from working."""
    return HealthFinding(subject, Health.FAULT, message, remedy)


def examine(subject: str, check: Callable[[], Iterable[HealthFinding]]) -> Iterator[HealthFinding]:
    """Yield the findings of a check; one that fails is a fault itself, and others go on.

    Of other errors than Bankmesh's own only the class is given, because their texts may quote addresses and passwords.
    """
    try:
        yield from check()
    except BankmeshError as error:
        yield fault(subject, str(error).rstrip("."), "")
    except Exception as error:  # noqa: BLE001 - see above
        yield fault(subject, f"it could not be examined ({type(error).__name__})", _UNKNOWN)
