"""Errors of governed reading. None of their texts holds a value of the data, a path of storage or a key.

BankmeshError
├── AccessDenied           the decision, or a rule of reading, refuses a read
│   ├── NoPurpose          a read declares no purpose
│   └── AuditUnavailable   the audit log cannot be written, so nothing is read
├── IdentityRefused        there is no token, or it is not valid
├── UntranslatableResidual a condition on rows cannot be evaluated on columns, so the decision denies
└── FaultsFound
    └── PolicyFaults       faults of policies, roles.yaml and purposes.yaml
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bankmesh.errors import BankmeshError, FaultsFound, as_sentence, shorten_list

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bankmesh.access.model import Reason


class PolicyFaults(FaultsFound):
    """Faults of policies, roles and purposes."""

    noun = "policy file"


class AccessDenied(BankmeshError):
    """A read is refused.

    Attributes:
        port: the product's port, or the name of what was read instead.
        problem: what is refused, without any value of the data.
        reasons: the policies or contract lines that refuse it.
        next_step: a command that would work, or whom to contact.
        is_recorded: whether the audit log has the refusal already.
    """

    is_wrong_call = True
    is_recorded = False

    def __init__(self, port: str, problem: str, reasons: Iterable[Reason] = (), next_step: str = "") -> None:
        self.port, self.problem, self.reasons, self.next_step = port, problem, tuple(reasons), next_step
        why = "".join(f"\n  {reason}" for reason in dict.fromkeys(map(str, self.reasons)))
        more = f"\n{as_sentence(next_step)}" if next_step else ""
        super().__init__(f"{port}: {as_sentence(problem)}{why}{more}")


class NoPurpose(AccessDenied):
    """A read declares no purpose; `allowed` are those that its reader could declare."""

    def __init__(self, port: str, allowed: Iterable[str]) -> None:
        self.allowed = tuple(allowed)
        named = shorten_list(self.allowed) or "none; your roles hold no purpose that the contract allows"
        step = (
            f"Name one: --purpose {self.allowed[0]}, or BANKMESH_PURPOSE={self.allowed[0]}"
            if self.allowed
            else f"`mesh policy explain {port}` shows which roles and purposes may read it"
        )
        super().__init__(port, f"a read names the purpose that it serves. Allowed: {named}", (), step)


class AuditUnavailable(AccessDenied):
    """The audit log cannot be written."""

    is_wrong_call = False

    def __init__(self, port: str, problem: str) -> None:
        super().__init__(
            port,
            f"the read cannot be recorded in the audit log ({problem}), so no data is read",
            (),
            "Make the folders `audit` and `access` of the mesh home and its access database writable, with free space, "
            "and read again; `mesh doctor` examines them",
        )


class IdentityRefused(BankmeshError):
    """There is no token, or it is not valid: who reads is not known; `is_recorded` as for AccessDenied."""

    is_wrong_call = True
    is_recorded = False

    def __init__(self, problem: str, next_step: str) -> None:
        self.problem, self.next_step = problem, next_step
        super().__init__(f"{as_sentence(problem)} {as_sentence(next_step)}")


class UntranslatableResidual(BankmeshError):
    """A condition of a policy on rows cannot be evaluated on columns, so the decision denies."""
