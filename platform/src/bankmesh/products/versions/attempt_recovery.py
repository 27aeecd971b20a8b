"""Recovery after a kill: whether an unreported version is this run's own, and which version may follow which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.ports import Publication


def answers(
    publication: Publication,
    vector: Mapping[str, int | str],
    code_version: str,
    partitions: tuple[str, ...] | None,
) -> bool:
    """Return whether an unreported version is exactly what this run would publish: same inputs, code, partitions."""
    made = publication.provenance
    return (
        dict(made.inputs) == dict(vector)
        and made.code_version == code_version
        and (tuple(made.partitions) if made.partitions is not None else None) == partitions
    )


def older_inputs(ours: Mapping[str, int | str], theirs: Mapping[str, int | str]) -> list[str]:
    """Return input products that the other publication read at a later version, as `retail.party 3 < 4`.

    Fingerprints of landings have no order and are not compared.
    """
    return [
        f"{name} {mine} < {theirs[name]}"
        for name, mine in sorted(ours.items())
        if isinstance(mine, int) and isinstance(theirs.get(name), int) and mine < theirs[name]  # type: ignore[operator]
    ]
