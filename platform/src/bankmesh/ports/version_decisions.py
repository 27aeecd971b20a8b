"""Decisions about published versions: withdrawn, rolled back, resumed; each is one commit of the port's own log.

A commit's `commitInfo` carries them under `bankmesh_decision`, beside `bankmesh` where the commit also restores rows:

| key | meaning |
| --- | --- |
| `format` | 1 |
| `kind` | `withdraw`, `rollback` or `resume` |
| `by`, `reason` | the person, and why |
| `withdrawn` | versions that are withdrawn by it |
| `restored` | the version whose rows readers get again; null where no row changes |
| `sources` | each restored partition, `""` for the whole of an unpartitioned table, to the version that wrote it |
| `fresh_since` | publication of the newest version that the rows come from (ISO 8601, UTC); freshness counts from it |
| `held_code` | code versions that built what is withdrawn: the product is held while its code is one of these |

The moment of a decision is that of its commit. Expiry carries decisions over (`carried`) whose commits it removes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.errors import PortError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DECISION_KEY = "bankmesh_decision"
FORMAT = 1
WHOLE = ""
"""The one partition of a table that has none."""


class DecisionKind(StrEnum):
    """What was decided."""

    WITHDRAW = "withdraw"
    ROLLBACK = "rollback"
    RESUME = "resume"


@dataclass(frozen=True)
class Decision:
    """One decision; `commit` and `at` are those of the commit that holds it, once there is one. The rest: see above."""

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
        """What people are shown of it: `version` is the one whose rows are back, null where no row changed."""
        return {
            "kind": self.kind.value,
            "version": self.restored,
            "withdrawn": list(self.withdrawn),
            "by": self.by,
            "reason": self.reason,
        }

    def to_record(self) -> dict[str, Any]:
        """The value of the commit's `bankmesh_decision` key."""
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
    """One version that is withdrawn: when, by whom and why."""

    version: int
    kind: DecisionKind
    at: datetime
    by: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As JSON has it; `at` is ISO 8601 in UTC."""
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
    """A reader asked for a version that is withdrawn."""

    def __init__(self, product: str, withdrawal: Withdrawal, newest: int) -> None:
        self.product, self.withdrawal, self.newest = product, withdrawal, newest
        super().__init__(
            f"{product} version {withdrawal.version} is {withdrawal}. Read version {newest}, the newest good one; "
            "to read the withdrawn rows all the same, say so (`withdrawn=True`, `--withdrawn`)."
        )


def decision_of(commit: Mapping[str, Any]) -> Decision | None:
    """The decision that an entry of the table's log holds; None if it holds none."""
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
    """One entry for each version that the decision of a commit withdraws."""
    found = decision_of(commit)
    if found is None or found.at is None:
        return []
    return [Withdrawal(version, found.kind, found.at, found.by, found.reason) for version in found.withdrawn]


def carried(withdrawals: Sequence[Withdrawal]) -> list[dict[str, Any]]:
    """Withdrawals as expiry carries them over, see `carried_over`."""
    return [withdrawal.to_json() for withdrawal in withdrawals]


def carried_over(records: Sequence[Mapping[str, Any]]) -> list[Withdrawal]:
    """The withdrawals that `carried` wrote."""
    return [
        Withdrawal(r["version"], DecisionKind(r["kind"]), datetime.fromisoformat(r["at"]), r["by"], r["reason"])
        for r in records
    ]
