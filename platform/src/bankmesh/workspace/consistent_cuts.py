"""A consistent cut: the version that each product had at one moment, such that no version is newer than its inputs.

The commits of ports carry the clocks of the hosts that wrote them. If two clocks differ, a version can seem older than
a version that it was built from. A cut leaves such a version out: of each product it has the newest publication at or
before the moment whose inputs are in the cut with the version that was read, or a later one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, PortError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bankmesh.ports import Publication


class BadMoment(BankmeshError):
    """A moment is not a date and time with a time zone, or it lies in the future."""

    is_wrong_call = True

    def __init__(self, moment: object, problem: str) -> None:
        self.moment, self.problem = moment, problem
        super().__init__(
            f"{moment} {problem}. Write a date and time in UTC that has passed, such as 2026-01-31T00:00Z."
        )


class NotPublishedThen(PortError):
    """A product had no readable version at a moment: it was published later, or the version of then has expired."""

    is_wrong_call = True

    def __init__(self, port: str, moment: datetime, first: datetime | None) -> None:
        self.port, self.moment, self.first = port, moment, first
        known = f"its oldest readable version is of {first:%Y-%m-%d %H:%M} UTC" if first else "it is not published yet"
        super().__init__(f"{port} has no readable version of {moment:%Y-%m-%d %H:%M} UTC; {known}.")


def parse_moment(moment: str | datetime, now: datetime | None = None) -> datetime:
    """Return a moment in UTC from a datetime or ISO 8601 text. Raises BadMoment."""
    try:
        found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        raise BadMoment(moment, "is not a date and time in ISO 8601") from None
    if found.tzinfo is None:
        raise BadMoment(moment, "has no time zone")
    if found > (now or datetime.now(UTC)):
        raise BadMoment(moment, "lies in the future, so later publications could change what it shows")
    return found.astimezone(UTC)


@dataclass
class ConsistentCut:
    """The versions of products at one moment; each is found when it is requested.

    Attributes:
        moment: the moment, in UTC.
        history: returns the readable publications of a port, newest first.
    """

    moment: datetime
    history: Callable[[str], Sequence[Publication]]
    _found: dict[str, Publication | None] = field(default_factory=dict, init=False)

    def publication(self, port: str) -> Publication:
        """Return the publication of a port in the cut. Raises NotPublishedThen, and PortError for a damaged log."""
        found = self._find(port)
        if found is None:
            oldest = next(reversed(self.history(port)), None)
            raise NotPublishedThen(port, self.moment, oldest.published_at if oldest else None)
        return found

    def _find(self, port: str) -> Publication | None:
        if port not in self._found:
            self._found[port] = None  # a product that reads itself has no newer input in the cut than itself
            earlier = (made for made in self.history(port) if made.published_at <= self.moment)
            self._found[port] = next((made for made in earlier if self._has_inputs(port, made)), None)
        return self._found[port]

    def _has_inputs(self, port: str, made: Publication) -> bool:
        """Whether every product that a version was built from is in the cut with that version or a later one."""
        for source, version in made.provenance.inputs.items():
            if not isinstance(version, int) or source == port:  # a landing has no versions
                continue
            found = self._find(source)
            has_expired = all(other.version != version for other in self.history(source))
            if not has_expired if found is None else found.version < version:
                return False
        return True
