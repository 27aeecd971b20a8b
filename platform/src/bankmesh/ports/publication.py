"""Metadata of a published version, and its encoding in the commit.

The commit's `commitInfo` has one key of the platform, `bankmesh`:

| key | meaning |
| --- | --- |
| `format` | 1 |
| `port` | `domain.product@major` |
| `candidate` | name of the folder that the files were written into |
| `rows`, `bytes` | of the whole table at this version |
| `run_id`, `attempt` | the run that published, and the attempt of its step (null if not known) |
| `contract_version`, `code_version` | the versions that it was built with |
| `platform_version` | of this platform and its libraries (null if not known) |
| `inputs` | the snapshot vector: product to Delta version, landing to fingerprint |
| `partitions` | the partitions replaced; null if the whole table was replaced |
| `contract_digest` | of the contract's text, under which `contract_texts` stores it (null if not known) |
| `lineage` | column lineage, as `bankmesh.lineage` writes it (null if not known) |
| `input_partitions` | the input fingerprints of each partition, for inputs that are read by partition (or null) |
| `gate` | result of the gate: summary and clauses |

A commit that restores the rows of an earlier version has that version's provenance, its own `run_id` and `candidate`,
and, beside `bankmesh`, the decision (`bankmesh.ports.version_decisions`).

Delta protocol, section "Commit Provenance Information": writers may add keys to `commitInfo`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bankmesh.ports.version_decisions import Decision, decision_of

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMIT_KEY = "bankmesh"
EXPIRY_KEY = "bankmesh_expiry"
REMOVAL_KEY = "bankmesh_removal"
"""Key of commits that remove rows by legal duty; its value names the reason: retention or erasure."""
SKIP_KEY = "bankmesh_skip"
"""Key of commits that only use up a version number which a lost version had."""
FORMAT = 1


@dataclass(frozen=True)
class Provenance:
    """The origin of a version; `gate` is JSON as `bankmesh.quality` writes it and contains no data values.

    `input_partitions` maps input and partition to a fingerprint of the rows that the partition was built from.
    """

    run_id: str
    contract_version: str
    code_version: str
    inputs: Mapping[str, int | str] = field(hash=False)
    partitions: tuple[str, ...] | None
    gate: Mapping[str, Any] = field(hash=False)
    attempt: int | None = None
    contract_digest: str | None = None
    lineage: Mapping[str, Any] | None = field(default=None, hash=False)
    platform_version: str | None = None
    input_partitions: Mapping[str, Mapping[str, str]] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Publication:
    """One published version; `rows` and `bytes` are those of the whole table at that version.

    `decision` is the decision that restored the version's rows; None for a version that a run built.
    """

    version: int
    published_at: datetime
    rows: int
    bytes: int
    provenance: Provenance
    candidate: str
    decision: Decision | None = None

    @property
    def fresh_since(self) -> datetime:
        """The time that freshness counts from: of restored rows, the publication of the version that they come from."""
        found = self.decision.fresh_since if self.decision else None
        return found or self.published_at


def to_commit(port: str, candidate: str, rows: int, size: int, provenance: Provenance) -> dict[str, Any]:
    """Return the value of the commit's `bankmesh` key. NaN and infinities, which JSON lacks, become text."""
    record = {
        "format": FORMAT,
        "port": port,
        "candidate": candidate,
        "rows": rows,
        "bytes": size,
        "run_id": provenance.run_id,
        "attempt": provenance.attempt,
        "contract_version": provenance.contract_version,
        "code_version": provenance.code_version,
        "inputs": dict(provenance.inputs),
        "partitions": None if provenance.partitions is None else list(provenance.partitions),
        "gate": dict(provenance.gate),
        "contract_digest": provenance.contract_digest,
        "lineage": None if provenance.lineage is None else dict(provenance.lineage),
        "platform_version": provenance.platform_version,
        "input_partitions": provenance.input_partitions,
    }
    plain: dict[str, Any] = json.loads(json.dumps(record, default=str), parse_constant=str)
    return plain


def from_commit(commit: Mapping[str, Any]) -> Publication | None:
    """Return the publication in a commit's `commitInfo`; None for a commit of another writer."""
    record = commit.get(COMMIT_KEY)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return None
    partitions = record["partitions"]
    return Publication(
        version=commit["version"],
        published_at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        rows=record["rows"],
        bytes=record["bytes"],
        candidate=record["candidate"],
        decision=decision_of(commit),
        provenance=Provenance(
            run_id=record["run_id"],
            attempt=record["attempt"],
            contract_version=record["contract_version"],
            code_version=record["code_version"],
            inputs=record["inputs"],
            partitions=None if partitions is None else tuple(partitions),
            gate=record["gate"],
            # Earlier releases wrote none of these keys.
            contract_digest=record.get("contract_digest"),
            lineage=record.get("lineage"),
            platform_version=record.get("platform_version"),
            input_partitions=record.get("input_partitions"),
        ),
    )
