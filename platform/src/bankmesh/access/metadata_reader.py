"""Who reads metadata: commands about metadata work for everybody, and show more to readers who identify themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.access.errors import IdentityRefused, PolicyFaults
from bankmesh.access.signing_keys import UnusableKey
from bankmesh.access.tokens.current_reader import current_purpose, current_token, principal_of_token
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.contracts.model import Contract
    from bankmesh.settings import Settings


@dataclass(frozen=True)
class MetadataReader:
    """A reader of metadata.

    Attributes:
        principal: None if nobody has identified themselves: then only public and operational facts are shown.
        purpose: the declared purpose; None if none is.
        policy: the policies that decide; None where no decision is needed.
        problem: why a token that was given does not count; None if it does, or if there is none.
    """

    principal: Principal | None = None
    purpose: str | None = None
    policy: AccessPolicy | None = field(default=None, repr=False)
    problem: str | None = field(default=None, compare=False)

    def decision_on(self, contract: Contract) -> AccessDecision | None:
        """Return the decision about the data of a product; None without a principal and a purpose."""
        from bankmesh.access.decisions.decision_engine import decide

        if self.principal is None or self.purpose is None or self.policy is None:
            return None
        return decide(self.policy, self.principal, contract.port, self.purpose)


def current_metadata_reader(
    settings: Settings, *, decides: bool = True, token: str | None = None, purpose: str | None = None
) -> MetadataReader:
    """Return who reads metadata in this process; without `decides` who it is, and no policies to decide by.

    `token` and `purpose` are those of the environment by default, else of the session. A token that is not valid, or a
    policy with faults, does not stop a command about metadata: it shows what everybody may see, and why.
    """
    try:
        text = current_token(settings, token)
        if not text:
            return MetadataReader()
        policy = _current_policy(settings) if decides else None
        return MetadataReader(principal_of_token(settings, text), current_purpose(settings, text, purpose), policy)
    except (IdentityRefused, PolicyFaults, UnusableKey) as error:
        return MetadataReader(problem=str(error))


def _current_policy(settings: Settings) -> AccessPolicy:
    from bankmesh.access.decisions.access_policy import load_access_policy

    return load_access_policy(settings.root, workspace_contracts(settings.root))
