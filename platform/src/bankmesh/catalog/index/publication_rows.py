"""Index rows of a port's Delta log: its publications, and the inputs of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.catalog.index import tables
from bankmesh.names import parse_port_name
from bankmesh.ports import port_at, sources_by_version
from bankmesh.ports.port_archive import archived_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from bankmesh.catalog.index.index_rows import Row, Rows
    from bankmesh.ports import Confirmation, Port, Publication, Withdrawal


def table_of(home: Path, name: str) -> Port:
    """Return the port of a name such as `retail.party@2`; from the archive if it was moved there."""
    wanted = parse_port_name(name)
    port = port_at(home, wanted.product_id, wanted.major)
    return port if port.is_published else archived_port(home, wanted.product_id, wanted.major) or port


def publication_rows(
    port: str,
    published: Sequence[Publication],
    withdrawn: Mapping[int, Withdrawal],
    confirmed: Iterable[Confirmation] = (),
) -> Rows:
    """Return the rows of a port's readable publications, withdrawn versions and confirmations."""
    found: list[Row] = []
    inputs: list[Row] = []
    for publication in published:
        made = publication.provenance
        counts = made.gate.get("counts", {})
        found.append(
            {
                "port": port,
                "version": publication.version,
                "published_at": publication.published_at.timestamp(),
                "rows": publication.rows,
                "bytes": publication.bytes,
                "run_id": made.run_id,
                "contract_version": made.contract_version,
                "contract_digest": made.contract_digest,
                "code_version": made.code_version,
                "partitions": None if made.partitions is None else len(made.partitions),
                "passed": counts.get("passed", 0),
                "warned": counts.get("warned", 0),
                "fresh_since": publication.fresh_since.timestamp(),
                "restored": publication.decision.restored if publication.decision else None,
            }
        )
        inputs += [
            {"port": port, "version": publication.version, "input": name, "read": str(read)}
            for name, read in made.inputs.items()
        ]
    sources = [
        {"port": port, "version": version, "source": source}
        for version, written in sources_by_version(published).items()
        for source in sorted(written)
    ]
    readable = {publication.candidate for publication in published}
    moments = {(item.version, item.at.timestamp()) for item in confirmed if item.candidate in readable}
    return {
        tables.publications: found,
        tables.publication_inputs: inputs,
        tables.publication_sources: sources,
        tables.confirmations: [{"port": port, "version": version, "at": at} for version, at in sorted(moments)],
        tables.withdrawals: [_withdrawal_row(port, item) for item in withdrawn.values()],
    }


def _withdrawal_row(port: str, item: Withdrawal) -> Row:
    return {
        "port": port,
        "version": item.version,
        "kind": item.kind.value,
        "at": item.at.timestamp(),
        "by": item.by,
        "reason": item.reason,
    }
