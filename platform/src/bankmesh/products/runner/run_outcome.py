"""How a run over the whole mesh goes and ends: what its caller hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import dagster as dg

from bankmesh.names import port_of_asset
from bankmesh.products.assets.refresh_decisions import is_landing

if TYPE_CHECKING:
    from bankmesh.products.code_locations import LocationNotLoaded
    from bankmesh.workspace.read_cycles import CycleFaults


class Progress(Protocol):
    """Who follows a run; `step` is a step's key, such as `retail__party`."""

    def started(self, step: str) -> None:
        """A step has begun."""

    def finished(self, step: str, notes: dict[str, object]) -> None:
        """A step is done; `notes` is the metadata of its materialisation."""

    def failed(self, step: str, message: str) -> None:
        """A step has failed."""

    def decided(self, unchanged: UnchangedAssets) -> None:
        """What is confirmed is known, before anything is made."""


@dataclass
class UnchangedAssets:
    """Assets that are confirmed, each with what is unchanged, and why others have to be made, by asset key.

    An asset that waits for another has no reason yet. `replaced` are numbers of events in Dagster's log that reported
    earlier confirmations, and say nothing that the new ones do not.
    """

    confirmed: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    replaced: tuple[int, ...] = ()


@dataclass
class RunOutcome:
    """How a run over the whole mesh ended, by asset key (`retail/party`).

    `confirmed` are what a run would have made again: nothing was published for them. `made_because` says of others why
    they were not, where that was known before their run.
    `replaced` are events of earlier confirmations that are of no use any more.
    `absent` are landings of systems that were not delivered, and what depends on nothing else that is missing; what
    depends on a failed asset too is `skipped`. `stopped` were at work when the run was cancelled.
    `not_delivered` has a message for each of those systems. Of the landings that the named assets depend on
    (`sources`), `landed_first` were made because their files had changed, and `newer` are those whose changed files
    this run leaves alone.
    `held` are products of which a version was withdrawn, each with who did and what ends it; `held_by_name` are those
    of them that were named. `unbuilt` are products that the named assets depend on and that were never published, in
    the order in which they can be built. `cycles` says why products that wait for themselves are `failed`.
    """

    published: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    made_because: dict[str, str] = field(default_factory=dict)
    replaced: tuple[int, ...] = ()
    failed: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    stopped: set[str] = field(default_factory=set)
    not_delivered: dict[str, str] = field(default_factory=dict)
    landed_first: set[str] = field(default_factory=set)
    newer: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    held: dict[str, str] = field(default_factory=dict)
    held_by_name: set[str] = field(default_factory=set)
    unbuilt: tuple[str, ...] = ()
    not_loaded: list[LocationNotLoaded] = field(default_factory=list)
    cycles: CycleFaults | None = None

    @property
    def there(self) -> set[str]:
        """What can be read now as this run would have it."""
        return self.published | self.confirmed

    @property
    def landings(self) -> frozenset[str]:
        """The landings that the run tried to make, or depends on."""
        tried = self.there | self.failed | self.absent
        return frozenset(key for key in tried if is_landing(dg.AssetKey.from_user_string(key))) | self.sources

    def by_port(self) -> dict[str, str]:
        """What became of each port, `retail.party@2`: published, confirmed, failed, skipped, absent or held."""
        words = {
            "published": self.published,
            "confirmed": self.confirmed,
            "failed": self.failed,
            "skipped": self.skipped,
            "absent": self.absent,
            "held": set(self.held),
        }
        return {port_name(key): word for word, keys in words.items() for key in keys}

    @property
    def success(self) -> bool:
        """Whether everything that could be is published: absent assets are no failure, unless nothing else is there."""
        nothing_there = bool(self.absent) and not self.there
        return not (self.failed or self.skipped or self.not_loaded or self.held_by_name or nothing_there)


def port_name(key: str) -> str:
    """`retail/party` is `retail.party`, and `retail/party/v2` is `retail.party@2`."""
    name = port_of_asset(key.split("/"))
    return str(name) if name else readable_key(key)


def readable_key(key: str) -> str:
    """`retail/party` as people write it: `retail.party`."""
    return key.replace("/", ".")
