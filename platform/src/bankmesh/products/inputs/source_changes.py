"""Landings that are older than the files of their legacy objects, found by fingerprint, without landing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import LegacyFileError, NotDelivered
from bankmesh.names import landing_asset
from bankmesh.products.inputs.unread_exports import systems_by_domain
from bankmesh.sources import current_landing, fingerprint, legacy_files

if TYPE_CHECKING:
    from collections.abc import Collection

    from bankmesh.settings import Settings
    from bankmesh.sources import LegacyObject


def changed_landings(settings: Settings, landings: Collection[str]) -> frozenset[str]:
    """Return those of these landings (`retail/landing/core_banking_trans`) whose files or declaration have changed.

    A missing landing counts as changed; so does one whose files cannot be read, so that its landing reports why. An
    object that is not delivered, or not any more, has nothing newer to land.
    """
    if not settings.exports.is_dir():
        return frozenset()
    found = {
        landing_asset(domain, system.name, obj.name): (domain, obj)
        for domain, systems in systems_by_domain(settings.root).items()
        for system in systems
        for obj in system.objects
    }
    return frozenset(key for key in landings if key in found and _has_changed(settings, *found[key]))


def _has_changed(settings: Settings, domain: str, obj: LegacyObject) -> bool:
    current = current_landing(settings.home, domain, obj.system, obj.name)
    try:
        if current is not None and current.files and not legacy_files(obj, settings.exports):
            return False
        mark = fingerprint(obj, settings.exports)
    except NotDelivered:
        return False
    except LegacyFileError:
        return True
    return current is None or current.fingerprint != mark
