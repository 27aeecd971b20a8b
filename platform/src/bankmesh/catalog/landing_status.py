"""The state of each landing: the one that products read, the last attempt, and how many records were rejected."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bankmesh.sources import Landing, Refusal, current_landing, landing_folder, latest_attempt, latest_refusal
from bankmesh.workspace.landing_names import LandingName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class LandingStatus:
    """A declared legacy object with the landing that products read and that of the last attempt, if there are any.

    `refusal` is why the last attempt made no landing: its files were refused as a whole.
    """

    name: LandingName
    current: Landing | None
    attempt: Landing | None
    refusal: Refusal | None = None

    @property
    def state(self) -> str:
        """What the last attempt is: `current`, `refused`, `not accepted` or `never landed`.

        One that is not accepted has no more rejects than tolerated. `mesh new source` made it, which leaves that to the
        next run, or it falls behind the one before.
        """
        if self.refusal is not None:
            return "refused"
        if self.attempt is None:
            return "never landed"
        if self.current is not None and self.current.fingerprint == self.attempt.fingerprint:
            return "current"
        return "not accepted" if self.attempt.acceptable else "refused"


def landing_status(home: Path, name: LandingName) -> LandingStatus:
    """Return the state of a landing in a mesh home."""
    place = (home, name.domain, name.system, name.object)
    if refusal := latest_refusal(*place):
        return LandingStatus(name, current_landing(*place), None, refusal)
    return LandingStatus(name, current_landing(*place), latest_attempt(*place))


def landings_of_version(home: Path, domain: str, inputs: Mapping[str, Any]) -> Iterator[tuple[LandingName, Landing]]:
    """Yield the landings that a version of a product of that domain was built from, if they are still recorded.

    `inputs` are those of its provenance: a fingerprint for each landing, a version for each product.
    """
    for name, mark in inputs.items():
        if isinstance(mark, str):
            system, _, item = name.partition(".")
            with suppress(OSError, ValueError, KeyError, TypeError):  # it has expired
                yield LandingName(domain, system, item), Landing.read(landing_folder(home, domain, system, item) / mark)
