"""The reads of one reader in a workspace: who they are, what was decided, and the rows that they may see, on record."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from bankmesh.access.errors import AccessDenied, IdentityRefused, NoPurpose
from bankmesh.access.metadata_reader import MetadataReader, current_metadata_reader
from bankmesh.access.model import MaskMethod
from bankmesh.access.registry.reader_registry import OF_DOMAINS, STEWARDSHIP
from bankmesh.access.tokens.current_reader import PinnedReader, issued_readers
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from bankmesh.access.audit.audit_log import AuditLog
    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.masks.key_provider import KeyProvider
    from bankmesh.access.model import AccessDecision, Principal
    from bankmesh.access.relations.governed_relation import GovernedRelation
    from bankmesh.contracts.model import Contract
    from bankmesh.ports import OpenVersion
    from bankmesh.settings import Settings


class GovernedReads:
    """Decides and records the reads of one reader. Nothing is loaded before the first of them."""

    def __init__(
        self,
        settings: Settings,
        *,
        token: str | None = None,
        purpose: str | None = None,
    ) -> None:
        """`token` and `purpose` are those of the environment by default, else of the session of the mesh home.

        Both stay what they are at the first read, so that the reader does not change with the session of the home.
        """
        self._settings = settings
        self._reader = PinnedReader(settings, token, purpose)

    @property
    def principal(self) -> Principal:
        """The reader, whose token must still be valid. Raises IdentityRefused, PolicyFaults and UnusableKey."""
        return self._reader.principal

    @property
    def policy(self) -> AccessPolicy:
        """The policies, roles, purposes and contracts of the workspace, as its files are now.

        Raises PolicyFaults and ContractFaults.
        """
        from bankmesh.access.decisions.access_policy import load_access_policy

        return load_access_policy(self._settings.root, workspace_contracts(self._settings.root))

    @cached_property
    def log(self) -> AuditLog:
        """The audit log of the mesh home."""
        from bankmesh.access.audit.audit_log import AuditLog

        return AuditLog(self._settings.home)

    def decide(self, contract: Contract, purpose: str | None = None, *, way: str) -> AccessDecision:
        """Return the decision about reads of a product, which may be a refusal.

        Raises IdentityRefused and NoPurpose, both on record, and AuditUnavailable, PolicyFaults and ContractFaults.
        """
        from bankmesh.access.decisions.decision_engine import decide, usable_purposes

        declared = purpose
        try:
            declared = declared or self._reader.purpose
            principal = self.principal
        except IdentityRefused as error:
            self.log.denied(None, contract.port, declared, way=way, why=type(error).__name__)
            raise
        if declared is None:
            missing = NoPurpose(contract.port, usable_purposes(self.policy, principal, contract.port))
            self.log.denied(principal, contract.port, None, way=way, why=type(missing).__name__)
            raise missing
        return decide(self.policy, principal, contract.port, declared)

    def metadata_reader(self) -> MetadataReader:
        """Return who reads what was computed from data: nobody in particular without a valid token."""
        try:
            token, purpose = self._reader.token, self._reader.purpose
        except IdentityRefused as error:
            return MetadataReader(problem=str(error))
        return current_metadata_reader(self._settings, token=token, purpose=purpose)

    def open(
        self, contract: Contract, opened: OpenVersion, purpose: str | None = None, *, way: str = "scan"
    ) -> GovernedRelation:
        """Return the rows of a version that the reader may see.

        Raises AccessDenied if nothing of it may be read, on record, and the errors of `decide`.
        """
        from bankmesh.access.masks.key_provider import PinnedKey
        from bankmesh.access.relations.governed_relation import GovernedRelation

        decision = self.decide(contract, purpose, way=way)
        if decision.is_refused:
            self._refuse(contract, decision, way)
        keys = self._pinned_key(decision)
        recorder = self.log.recorder_for(
            decision,
            opened,
            subjects=contract.subject_columns,
            pseudonym_key=str(keys.key.version) if isinstance(keys, PinnedKey) else "",
        )
        return GovernedRelation(decision, contract, opened, recorder, keys)

    def _pinned_key(self, decision: AccessDecision) -> KeyProvider | None:
        """Return the key of the decision's pseudonyms. One that is not available is refused when it is needed."""
        from bankmesh.access.masks.key_provider import PinnedKey, key_provider
        from bankmesh.access.masks.pseudonyms import KeyUnavailable

        provider = key_provider(self._settings.home)
        if all(mask.method is not MaskMethod.PSEUDONYM for mask in decision.masks.values()):
            return None
        try:
            return PinnedKey(provider.current_key())
        except KeyUnavailable:
            return provider

    def record_refusals(
        self, decision: AccessDecision, way: str, columns: Sequence[str] | None = None
    ) -> AbstractContextManager[None]:
        """Return a block whose AccessDenied or IdentityRefused is recorded, once, and raised on."""
        return self.log.record_refusals(decision, way, columns)

    def _refuse(self, contract: Contract, decision: AccessDecision, way: str) -> NoReturn:
        """Record and raise the refusal of a whole read."""
        principal = decision.principal
        self.log.denied(
            principal, contract.port, decision.purpose, way=way, why=AccessDenied.__name__, decision=decision
        )
        roles = ", ".join(sorted(principal.roles))
        problem = f"{principal.id} ({roles}) may not read it for {decision.purpose}"
        raise AccessDenied(contract.port, problem, decision.reasons, self._next_step(contract, decision.purpose))

    def _next_step(self, contract: Contract, purpose: str) -> str:
        """Return the command with which this reader could read the product, else another token, else another role."""
        from bankmesh.access.decisions.decision_engine import usable_purposes
        from bankmesh.access.decisions.refusal_reasons import admitted_roles

        policy = self.policy
        own = usable_purposes(policy, self.principal, contract.port)
        if own:
            return f"Your token may read it for {', '.join(own)}: add `--purpose {own[0]}`"
        others = [
            (name, held)
            for name, reader in issued_readers(self._settings).items()
            for held in usable_purposes(policy, reader, contract.port)
        ]
        if others:
            name, held = min(others, key=lambda other: other[1] != purpose)
            return f"On this machine, `mesh get {contract.port} --as {name} --purpose {held}` would read it"
        for held in dict.fromkeys((purpose, *contract.purposes, STEWARDSHIP)):
            for role in admitted_roles(policy.registry, contract, held):
                domain = f" --domain {contract.domain}" if role in OF_DOMAINS else ""
                return (
                    f"On this machine, `mesh token issue --role {role}{domain}` and then "
                    f"`mesh get {contract.port} --as {role} --purpose {held}` would read it"
                )
        return f"`mesh policy explain {contract.port}` shows what its contract and the policies permit"
