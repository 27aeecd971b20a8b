"""Cedar policies as plain frozen values, and the names of their vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bankmesh.access.model import STRICT_AUDIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bankmesh.errors import Place

SHOW, MASK, READ = "show", "mask", "read"
"""The actions: on a column, on a column, on a row."""

READER, ROLE, PURPOSE, DOMAIN, PRODUCT, COLUMN = "Reader", "Role", "Purpose", "Domain", "Product", "Column"
"""The types of entities that every workspace has; each port adds a type of rows."""

OBLIGATIONS = frozenset({STRICT_AUDIT})
"""The obligations that readers of rows fulfil; a decision with any other denies."""


class PolicyEffect(StrEnum):
    """The effect of a policy whose conditions hold."""

    PERMIT = "permit"
    FORBID = "forbid"


class PolicyOrigin(StrEnum):
    """Where a policy comes from: the platform and the workspace are the hub, domains and contracts narrow it."""

    PLATFORM = "platform"
    WORKSPACE = "workspace"
    DOMAIN = "domain"
    CONTRACT = "contract"


@dataclass(frozen=True)
class CedarPolicy:
    """One Cedar policy.

    Attributes:
        origin: where it comes from.
        effect: permit or forbid.
        place: file and line of its `permit` or `forbid`, or of the contract's clause.
        annotations: `id`, `mask`, `obligation` and `why`.
        body: Cedar's JSON form of the policy.
        text: its Cedar text; empty if it is compiled from a contract.
        domain: the domain whose folder or contract holds it; empty for the hub's.
    """

    origin: PolicyOrigin
    effect: PolicyEffect
    place: Place
    annotations: Mapping[str, str] = field(hash=False)
    body: Mapping[str, Any] = field(hash=False, repr=False)
    text: str = field(default="", repr=False)
    domain: str = ""

    @property
    def label(self) -> str:
        """The words for it in reasons: its `@id` or, without one, its kind."""
        named = self.annotations.get("id")
        return f"policy {named}" if named else f"a {self.effect} of the {self.origin}"

    @property
    def actions(self) -> frozenset[str]:
        """The actions that its scope names; all three if it names none."""
        scope = self.body["action"]
        entities = [scope["entity"]] if "entity" in scope else scope.get("entities")
        return frozenset({SHOW, MASK, READ}) if entities is None else frozenset(each["id"] for each in entities)
