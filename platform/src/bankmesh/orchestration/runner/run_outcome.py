"""Progress and outcome of a run over the whole mesh, as reported to its caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bankmesh.names import is_landing, readable_asset

if TYPE_CHECKING:
    from bankmesh.orchestration.code_locations import LocationNotLoaded
    from bankmesh.workspace.read_cycles import CycleFaults


class Progress(Protocol):
    """A receiver of a run's progress; `step` is a step's key, such as `retail__party`."""

    def started(self, step: str) -> None:
        """Report that a step has begun."""

    def finished(self, step: str, notes: dict[str, object]) -> None:
        """Report that a step is done; `notes` is the metadata of its materialisation."""

    def failed(self, step: str, message: str) -> None:
        """Report that a step has failed."""

    def decided(self, unchanged: UnchangedAssets) -> None:
        """Report the assets that are confirmed, before anything is built."""


@dataclass
class UnchangedAssets:
    """Assets that are confirmed, each with what is unchanged, and why others have to be built, by asset key.

    An asset that waits for another has no reason yet. `replaced` are numbers of events in Dagster's log that reported
    earlier confirmations, and that the new ones make redundant.
    """

    confirmed: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    replaced: tuple[int, ...] = ()


@dataclass
class RunOutcome:
    """The outcome of a run over the whole mesh, by asset key (`retail/party`).

    `named` are the assets that were named, if any; others may be selected with them.
    `readers` are the products that read the named landings themselves.
    `confirmed` are assets that a build would only repeat: nothing was published for them. `build_reasons` gives the
    reason why others were not confirmed, where it was known before their run.
    `replaced` are events of earlier confirmations that are redundant now.
    `absent` are landings of systems that were not delivered, and assets that lack nothing else; assets that depend on a
    failed one too are `skipped`. `stopped` were running when the run was cancelled.
    `not_delivered` has a message for each of those systems. Of the landings that the named assets depend on
    (`sources`), `landed_first` were landed because their files had changed, and `newer` are those whose changed files
    this run does not land.
    `held` are products of which a version was withdrawn, each with who withdrew it and what ends the hold;
    `held_by_name` are those of them that were named. `unbuilt` are products that the named assets depend on and
    that were never published, in build order. `cycles` explains why products that depend on themselves are `failed`.
    """

    named: frozenset[str] = frozenset()
    readers: frozenset[str] = frozenset()
    published: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    build_reasons: dict[str, str] = field(default_factory=dict)
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
    def up_to_date(self) -> set[str]:
        """Assets that are up to date after this run: published or confirmed."""
        return self.published | self.confirmed

    @property
    def landings(self) -> frozenset[str]:
        """The landings that the run tried to make, or depends on."""
        tried = self.up_to_date | self.failed | self.absent
        return frozenset(key for key in tried if is_landing(key)) | self.sources

    def by_port(self) -> dict[str, str]:
        """Return the outcome of each port, `retail.party@2`: published, confirmed, failed, skipped, absent or held."""
        words = {
            "published": self.published,
            "confirmed": self.confirmed,
            "failed": self.failed,
            "skipped": self.skipped,
            "absent": self.absent,
            "held": set(self.held),
        }
        return {readable_asset(key): word for word, keys in words.items() for key in keys}

    @property
    def success(self) -> bool:
        """Whether all that can be published is: absent assets are no failure, unless nothing else exists."""
        wanted = self.up_to_date & self.named if self.named else self.up_to_date
        nothing_there = bool(self.absent) and not wanted
        return not (self.failed or self.skipped or self.not_loaded or self.held_by_name or nothing_there)
