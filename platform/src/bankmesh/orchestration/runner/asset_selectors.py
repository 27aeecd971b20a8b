"""Which assets a run builds: names with dbt's graph operators, resolved over the assets of every location.

`+retail.party` is the product and all that it reads, at any distance; `retail.party+` is the product and all that reads
it; `+retail.party+` is both. A landing is selected in the same way, by any of its names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.names import is_landing, parse_port_name
from bankmesh.orchestration.runner.run_waves import reachable
from bankmesh.workspace.domain_folders import declared_ports
from bankmesh.workspace.landing_names import declared_landings, find_landing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from bankmesh.orchestration.runner.run_waves import Runnable
    from bankmesh.workspace.landing_names import LandingName

_OPERATOR = "+"


@dataclass(frozen=True)
class AssetSelector:
    """One named asset, and whether all that it reads and all that reads it is selected with it."""

    key: str
    upstream: bool = False
    downstream: bool = False


def parse_selectors(root: Path, texts: Iterable[str], *, upstream: bool = False) -> list[AssetSelector]:
    """Read names of products and landings of a workspace, such as `+domain.product@2+` and `system.object`.

    `upstream` selects what the assets read in any case. A name of neither becomes the key of no asset. Raises
    AmbiguousLanding.
    """
    ports, landings = declared_ports(root), declared_landings(root)
    return [_parse_selector(text, ports, landings, upstream=upstream) for text in texts]


def _parse_selector(
    text: str, ports: Collection[str], landings: Collection[LandingName], *, upstream: bool
) -> AssetSelector:
    name = text.strip(_OPERATOR)
    if not name:
        return AssetSelector(text)
    before, after = text.startswith(_OPERATOR), text.endswith(_OPERATOR)
    landing = None if name in ports else find_landing(landings, name)
    return AssetSelector(landing.asset if landing else _asset_of(name), upstream or before, after)


def select_assets(runnables: Iterable[Runnable], selectors: Collection[AssetSelector], *, land: bool) -> frozenset[str]:
    """Return the keys that the selectors name, and those of the assets around them.

    Without `land`, only landings that are named themselves are selected.
    """
    needs: dict[str, frozenset[str]] = {runnable.key: runnable.needs for runnable in runnables}
    readers: dict[str, set[str]] = {key: set() for key in needs}
    for key, read in needs.items():
        for need in read & needs.keys():
            readers[need].add(key)
    around = reachable((s.key for s in selectors if s.upstream), needs)
    around |= reachable((s.key for s in selectors if s.downstream), readers)
    return frozenset(s.key for s in selectors) | {key for key in around if land or not is_landing(key)}


def _asset_of(name: str) -> str:
    """Return the asset key of a port (`retail.party@2`), or that of a name of something else."""
    try:
        return parse_port_name(name).asset
    except ValueError:
        return name.replace(".", "/")
