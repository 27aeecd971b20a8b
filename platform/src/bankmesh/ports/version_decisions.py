"""Decisions about published versions: withdrawn, rolled back, resumed; each is one commit of the port's log.

The commit's `commitInfo` stores a decision under `bankmesh_decision`, beside `bankmesh` if it also restores rows:

| key | meaning |
| --- | --- |
| `format` | 1 |
| `kind` | `withdraw`, `rollback` or `resume` |
| `by`, `reason` | the person, and the reason |
| `withdrawn` | versions that it withdraws |
| `restored` | the version whose rows readers get again; null if no row changes |
| `sources` | each restored partition, `""` for the whole of an unpartitioned table, to the version that wrote it |
| `fresh_since` | publication of the newest version that the rows come from (ISO 8601, UTC); freshness counts from it |
| `held_code` | code versions that built the withdrawn versions: the product is held while its code is one of these |

The time of a decision is that of its commit. Expiry copies decisions (`carried`) before it removes their commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.errors import PortError, as_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DECISION_KEY = "bankmesh_decision"
FORMAT = 1
WHOLE = ""
"""The name of the one partition of an unpartitioned table."""


class DecisionKind(StrEnum):
    """The kind of a decision."""

    WITHDRAW = "withdraw"
    ROLLBACK = "rollback"
    RESUME = "resume"


@dataclass(frozen=True)
class Decision:
    """One decision; `commit` and `at` are those of its commit, once there is one. See the module for the rest."""

    kind: DecisionKind
    by: str
    reason: str
    withdrawn: tuple[int, ...] = ()
    restored: int | None = None
    sources: Mapping[str, int] = field(default_factory=dict, hash=False)
    fresh_since: datetime | None = None
    held_code: tuple[str, ...] = ()
    commit: int = -1
    at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the decision for display: `version` is the one whose rows are restored, null if no row changed."""
        return {
            "kind": self.kind.value,
            "version": self.restored,
            "withdrawn": list(self.withdrawn),
            "by": self.by,
            "reason": self.reason,
        }

    def to_record(self) -> dict[str, Any]:
        """Return the value of the commit's `bankmesh_decision` key."""
        return {
            "format": FORMAT,
            "kind": self.kind.value,
            "by": self.by,
            "reason": self.reason,
            "withdrawn": list(self.withdrawn),
            "restored": self.restored,
            "sources": dict(self.sources),
            "fresh_since": None if self.fresh_since is None else self.fresh_since.isoformat(),
            "held_code": list(self.held_code),
        }


@dataclass(frozen=True)
class Withdrawal:
    """One withdrawn version: when, by whom and why."""

    version: int
    kind: DecisionKind
    at: datetime
    by: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the withdrawal as JSON; `at` is ISO 8601 in UTC."""
        return {
            "version": self.version,
            "kind": self.kind.value,
            "at": self.at.isoformat(),
            "by": self.by,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        return f"withdrawn {self.at:%Y-%m-%d %H:%M} UTC by {self.by}: {self.reason}"


class WithdrawnVersion(PortError):
    """A reader requested a version that is withdrawn."""

    def __init__(self, product: str, withdrawal: Withdrawal, newest: int) -> None:
        self.product, self.withdrawal, self.newest = product, withdrawal, newest
        super().__init__(
            f"{product} version {withdrawal.version} is {as_sentence(str(withdrawal))} "
            f"Read version {newest}, the newest good one; "
            "to read the withdrawn rows all the same, pass `withdrawn=True` or `--withdrawn`."
        )


def decision_of(commit: Mapping[str, Any]) -> Decision | None:
    """Return the decision in a commit's `commitInfo`; None if it has none."""
    record = commit.get(DECISION_KEY)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return None
    fresh = record["fresh_since"]
    return Decision(
        kind=DecisionKind(record["kind"]),
        by=record["by"],
        reason=record["reason"],
        withdrawn=tuple(record["withdrawn"]),
        restored=record["restored"],
        sources=record["sources"],
        fresh_since=None if fresh is None else datetime.fromisoformat(fresh),
        held_code=tuple(record["held_code"]),
        commit=commit["version"],
        at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
    )


def withdrawals_of(commit: Mapping[str, Any]) -> list[Withdrawal]:
    """Return one entry for each version that the decision of a commit withdraws."""
    found = decision_of(commit)
    if found is None or found.at is None:
        return []
    return [Withdrawal(version, found.kind, found.at, found.by, found.reason) for version in found.withdrawn]


def carried(withdrawals: Sequence[Withdrawal]) -> list[dict[str, Any]]:
    """Return withdrawals as expiry copies them into its own commit; `carried_over` reads them."""
    return [withdrawal.to_json() for withdrawal in withdrawals]


def carried_over(records: Sequence[Mapping[str, Any]]) -> list[Withdrawal]:
    """Return the withdrawals that `carried` wrote."""
    return [
        Withdrawal(r["version"], DecisionKind(r["kind"]), datetime.fromisoformat(r["at"]), r["by"], r["reason"])
        for r in records
    ]
