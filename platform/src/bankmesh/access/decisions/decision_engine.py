"""The decision about reads of one product: both sides must permit and nothing may forbid. Any error denies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bankmesh.access.decisions.cedar_requests import CedarSession, EvaluationFailed, PolicyReader
from bankmesh.access.decisions.column_outcomes import decide_column, policy_reasons
from bankmesh.access.decisions.refusal_reasons import purpose_refusals, who_could
from bankmesh.access.decisions.row_outcomes import combine_rows
from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.model import AccessDecision, ColumnDecision, ColumnOutcome, Principal, Reason, RowFilter
from bankmesh.access.policies.model import OBLIGATIONS
from bankmesh.access.registry.reader_registry import PERSON_KIND, PRODUCT_KIND, PRODUCT_ROLE
from bankmesh.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.access.decisions.access_policy import AccessPolicy, PolicySide, PortPolicy
    from bankmesh.access.decisions.cedar_requests import ColumnAnswer
    from bankmesh.access.policies.model import CedarPolicy

NO_ROWS = RowFilter('{"every":[{"forbid":[],"permit":[]}]}')
"""The filter of a refused read: a set of policies without a permit."""

_CACHED = 4096
"""Decisions that are kept in a process; one has some kilobytes."""


def decide(policy: AccessPolicy, principal: Principal, port: str, purpose: str) -> AccessDecision:
    """Return the decision about reads of a port for a purpose.

    Never raises for a refusal: an unknown port or purpose, and any error in evaluation, withholds every column.
    Decisions are cached by the digest of the policy and everything that is known of the principal.
    """
    try:
        return _decide(policy, replace(principal, attributes=dict(principal.attributes)), port, purpose)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong must deny
        found = policy.ports.get(port)
        return _refuse(
            policy, principal, port, purpose, found, (Reason(f"the decision failed: {type(error).__name__}"),)
        )


def usable_purposes(policy: AccessPolicy, principal: Principal, port: str) -> tuple[str, ...]:
    """Return the purposes for which the principal can read at least one column of a port."""
    held = policy.registry.held_purposes(principal)
    return tuple(purpose for purpose in held if not decide(policy, principal, port, purpose).is_refused)


@dataclass(frozen=True)
class PolicyEvaluation:
    """A decision with all policies that it follows from, those about each column, and the error that it denies for."""

    decision: AccessDecision
    determining: frozenset[CedarPolicy]
    of_column: Mapping[str, tuple[CedarPolicy, ...]] = field(default_factory=dict)
    problem: str = ""


@lru_cache(maxsize=_CACHED)
def _decide(policy: AccessPolicy, principal: Principal, port: str, purpose: str) -> AccessDecision:
    return evaluate(policy, principal, port, purpose).decision


def evaluate(policy: AccessPolicy, principal: Principal, port: str, purpose: str) -> PolicyEvaluation:
    """Return a decision and the policies that determine it, not cached. May raise any error, which `decide` denies."""
    whole = _evaluate_port(policy, principal, port, purpose)
    return replace(whole, decision=_with_short_places(policy, whole.decision))


def policies_in_effect(policy: AccessPolicy, principal: Principal, port: str, purpose: str) -> frozenset[CedarPolicy]:
    """Return the policies that hold for a reader and a port, whether or not the contract admits the reader.

    Empty if its roles do not hold the purpose. Raises EvaluationFailed, UntranslatableResidual.
    """
    found = policy.ports[port]
    if purpose_refusals(policy.registry, principal, found.contract, purpose):
        return frozenset()
    session = CedarSession(found, _reader(policy, principal, purpose), purpose)
    rows = combine_rows(found, [(side, session.on_rows(side)) for side in found.sides])
    of_column = _of_columns([(side.name, session.on_columns(side)) for side in found.sides])
    return frozenset({*rows.determining, *(each for policies in of_column.values() for each in policies)})


def _evaluate_port(policy: AccessPolicy, principal: Principal, port: str, purpose: str) -> PolicyEvaluation:
    found = policy.ports.get(port)
    if found is None:
        unknown = Reason(str(UnknownName("product", port, policy.ports)).rstrip("."))
        return PolicyEvaluation(_refuse(policy, principal, port, purpose, None, (unknown,)), frozenset())
    refusals = purpose_refusals(policy.registry, principal, found.contract, purpose)
    if refusals:
        return PolicyEvaluation(_refuse(policy, principal, port, purpose, found, refusals), frozenset())
    try:
        return _evaluate(policy, principal, found, purpose)
    except (EvaluationFailed, UntranslatableResidual) as error:
        refused = _refuse(policy, principal, port, purpose, found, (Reason(str(error)),))
        return PolicyEvaluation(refused, frozenset(), {}, str(error))


def _evaluate(policy: AccessPolicy, principal: Principal, port: PortPolicy, purpose: str) -> PolicyEvaluation:
    """Raises EvaluationFailed, UntranslatableResidual."""
    reader = _reader(policy, principal, purpose)
    session = CedarSession(port, reader, purpose)
    name = port.contract.port
    rows = combine_rows(port, [(side, session.on_rows(side)) for side in port.sides])
    if rows.denied_by is not None:
        by_default = _denied_by_default(policy, port, rows.denied_by, reader, purpose)
        refused = _refuse(policy, principal, name, purpose, port, (*policy_reasons(rows.forbids), *by_default))
        return PolicyEvaluation(refused, frozenset(rows.determining))
    answers = [(side.name, session.on_columns(side)) for side in port.sides]
    columns = _columns(port, reader, answers)
    of_column = _of_columns(answers)
    determining = frozenset({*rows.determining, *(each for found in of_column.values() for each in found)})
    decision = AccessDecision(
        principal=principal,
        port=name,
        purpose=purpose,
        columns=columns,
        row_filter=rows.row_filter,
        obligations=frozenset(
            each.annotations["obligation"] for each in determining if "obligation" in each.annotations
        ),
        reasons=policy_reasons(rows.determining),
        policy_digest=policy.policy_digest,
        contract_digest=port.contract_digest,
    )
    if unknown := decision.obligations - OBLIGATIONS:
        raise EvaluationFailed(f"a policy demands {', '.join(sorted(unknown))}, which no reader of rows fulfils")
    return PolicyEvaluation(decision, determining, of_column)


def _reader(policy: AccessPolicy, principal: Principal, purpose: str) -> PolicyReader:
    """Return the reader with the roles that count for the purpose; only products are of the kind `product`."""
    active = policy.registry.active_roles(principal, purpose)
    kind = PRODUCT_KIND if PRODUCT_ROLE in active else PERSON_KIND
    return PolicyReader(principal.id, active, int(policy.registry.clearance(active)), principal.domains, kind)


def _denied_by_default(
    policy: AccessPolicy, port: PortPolicy, side: PolicySide, reader: PolicyReader, purpose: str
) -> tuple[Reason, ...]:
    roles = ", ".join(sorted(reader.roles))
    denied = Reason(f"{side.name} permits no rows of {port.contract.port} to {roles} for {purpose}")
    return (denied, who_could(policy.registry, port.contract, purpose))


def _columns(
    port: PortPolicy, reader: PolicyReader, answers: Sequence[tuple[str, dict[str, tuple[ColumnAnswer, ColumnAnswer]]]]
) -> dict[str, ColumnDecision]:
    decided = {}
    for column in port.contract.columns:
        text = f"no policy permits it: {column.classification.label}, for roles {', '.join(sorted(reader.roles))}"
        sides = [(name, *of_columns[column.name]) for name, of_columns in answers]
        decided[column.name] = decide_column(column, sides, Reason(text, column.place))
    return decided


def _of_columns(
    answers: Sequence[tuple[str, dict[str, tuple[ColumnAnswer, ColumnAnswer]]]],
) -> dict[str, tuple[CedarPolicy, ...]]:
    names = answers[0][1]
    return {
        name: tuple(
            dict.fromkeys(policy for _, found in answers for answer in found[name] for policy in answer.determining)
        )
        for name in names
    }


def _refuse(
    policy: AccessPolicy,
    principal: Principal,
    port: str,
    purpose: str,
    found: PortPolicy | None,
    reasons: tuple[Reason, ...],
) -> AccessDecision:
    """Return the decision that withholds every column and every row."""
    names = [column.name for column in found.contract.columns] if found else []
    return AccessDecision(
        principal=principal,
        port=port,
        purpose=purpose,
        columns={name: ColumnDecision(name, ColumnOutcome.WITHHOLD, None, reasons) for name in names},
        row_filter=NO_ROWS,
        obligations=frozenset(),
        reasons=reasons,
        policy_digest=policy.policy_digest,
        contract_digest=found.contract_digest if found else "",
    )


def _with_short_places(policy: AccessPolicy, decision: AccessDecision) -> AccessDecision:
    """Return the decision with places below the workspace, whose paths do not depend on the machine."""

    def shorten(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return tuple(
            replace(reason, place=policy.shorten_place(reason.place)) if reason.place else reason for reason in reasons
        )

    columns = {name: replace(found, reasons=shorten(found.reasons)) for name, found in decision.columns.items()}
    row_filter = replace(decision.row_filter, reasons=shorten(decision.row_filter.reasons))
    return replace(decision, columns=columns, row_filter=row_filter, reasons=shorten(decision.reasons))
