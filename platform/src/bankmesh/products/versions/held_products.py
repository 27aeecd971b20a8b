"""Held products: a version that their code built was withdrawn, and they were not resumed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, PortError
from bankmesh.names import port_of_asset, readable_asset
from bankmesh.ports import hold_of, port_at
from bankmesh.workspace.withdrawn_inputs import LogFacts, withdrawn_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bankmesh.ports import Decision, Port


class HeldProduct(BankmeshError):
    """A product is not built, because a version that this code built is withdrawn."""

    def __init__(self, port: str, decision: Decision) -> None:
        self.port, self.decision = port, decision
        super().__init__(f"{port} is not built: {describe_hold(port, decision)}")


def describe_hold(port: str, decision: Decision) -> str:
    """Return since when, by whom and why a product is held, and what ends it."""
    withdrawn = ", ".join(map(str, decision.withdrawn))
    return (
        f"held since {decision.at:%Y-%m-%d %H:%M} UTC by {decision.by}, who withdrew version {withdrawn} "
        f"({decision.reason.rstrip('.')}). Change its code or contract, or `mesh resume {port}`."
    )


def describe_holds(held: Mapping[str, Decision]) -> dict[str, str]:
    """Return one sentence for each of these assets: `retail.party is held since ...`."""
    names = {asset: readable_asset(asset) for asset in held}
    return {asset: f"{names[asset]} is {describe_hold(names[asset], decision)}" for asset, decision in held.items()}


def check_hold(port: Port, code_version: str) -> None:
    """Raise HeldProduct if a product of this code is held."""
    decision = hold_of(port, code_version)
    if decision is not None:
        raise HeldProduct(port.name, decision)


def find_held(home: Path, code_versions: Mapping[str, str | None]) -> dict[str, Decision]:
    """Return the held ones of these assets, each with the decision that holds it.

    `code_versions` has the version of the code that would build each asset; assets that are no product are left out.
    """
    found: dict[str, Decision] = {}
    for asset, code_version in sorted(code_versions.items()):
        name = port_of_asset(asset.split("/"))
        if name is None or code_version is None:
            continue
        try:
            decision = hold_of(port_at(home, name.product_id, name.major), code_version)
        except PortError:
            continue  # Its own run reports what is wrong with the port; others go on.
        if decision is not None:
            found[asset] = decision
    return found


def find_outdated(home: Path, assets: Iterable[str]) -> dict[str, float]:
    """Return which products have rows from a withdrawn version of an input, and when that was withdrawn.

    Moments are seconds since 1970. A product that reads a withdrawn version only through a product in between follows
    when that one is rebuilt.
    """
    facts = LogFacts(home)
    found: dict[str, float] = {}
    for asset in assets:
        name = port_of_asset(asset.split("/"))
        try:
            direct = [item for item in withdrawn_inputs(facts, str(name)) if not item.via] if name else []
        except PortError:
            continue  # of the product's own log, as above
        if direct:
            found[asset] = max(item.withdrawal.at.timestamp() for item in direct)
    return found
