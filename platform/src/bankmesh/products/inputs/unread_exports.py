"""Files of the exports that no landing reads, by legacy system of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, SourceFaults
from bankmesh.names import landing_asset
from bankmesh.sources import LegacySystem, UnreadFiles, read_systems, unread_files
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from bankmesh.settings import Settings


def systems_by_domain(root: Path) -> dict[str, tuple[LegacySystem, ...]]:
    """Return every legacy system of the workspace; domains whose declarations have faults are left out."""
    found: dict[str, tuple[LegacySystem, ...]] = {}
    for package in domain_packages(root):
        try:
            found[package.name] = read_systems(package / "sources")
        except SourceFaults:
            continue
    return found


def unread_of_system(settings: Settings, domain: str, system: str) -> UnreadFiles:
    """Return the unread files of one system's folder; a folder may be shared with systems of other domains."""
    known = systems_by_domain(settings.root)
    everywhere = [one for systems in known.values() for one in systems]
    mine = next((one for one in known.get(domain, ()) if one.name == system), None)
    return unread_files(mine, everywhere, settings.exports) if mine else UnreadFiles(system, (), ())


def unread_of_landings(settings: Settings, landings: Collection[str]) -> list[UnreadFiles]:
    """Return the unread files of each system that one of these landings (`retail/landing/core_banking_trans`) is of."""
    known = systems_by_domain(settings.root)
    everywhere = [one for systems in known.values() for one in systems]
    found: list[UnreadFiles] = []
    for domain, systems in known.items():
        for system in systems:
            keys = {landing_asset(domain, system.name, obj.name) for obj in system.objects}
            if not keys.intersection(landings):
                continue
            try:
                unread = unread_files(system, everywhere, settings.exports)
            except LegacyFileError:
                continue  # the landing that reads the file has failed with it
            if unread:
                found.append(unread)
    return found
