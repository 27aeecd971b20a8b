"""Faults of policies that only decisions show: rules without effect, masks that do not suit, subjects shown raw.

Every role is evaluated for every purpose that it holds, on every product, as a reader who works for all domains.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bankmesh.access.decisions.cedar_requests import EvaluationFailed
from bankmesh.access.decisions.column_outcomes import mask_problem
from bankmesh.access.decisions.decision_engine import evaluate, policies_in_effect
from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.model import ColumnOutcome, MaskMethod
from bankmesh.access.policies.model import PolicyOrigin
from bankmesh.access.policies.probe_readers import list_all_probes, list_role_probes
from bankmesh.errors import Fault, shorten_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.decisions.decision_engine import PolicyEvaluation
    from bankmesh.access.policies.model import CedarPolicy
    from bankmesh.access.policies.probe_readers import PolicyProbe
    from bankmesh.contracts.model import Column
    from bankmesh.errors import Place


@dataclass
class _Findings:
    """What the decisions so far show."""

    determining: set[CedarPolicy] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)
    misfits: dict[tuple[CedarPolicy, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    raw: dict[tuple[str, str, str], dict[str, Place]] = field(default_factory=lambda: defaultdict(dict))
    hidden: dict[tuple[str, str, str], dict[str, Place]] = field(default_factory=lambda: defaultdict(dict))


def find_policy_faults(policy: AccessPolicy) -> tuple[Fault, ...]:
    """Return the faults `unreachable-policy`, `policy-error`, `mask-misfit` and `raw-subject`, sorted."""
    findings = _Findings()
    for probe in list_role_probes(policy):
        found = evaluate(policy, probe.principal, probe.port, probe.purpose)
        findings.determining |= found.determining
        if found.problem:
            findings.problems.add(found.problem)
        _note_columns(policy, probe, found, findings)
    faults = [
        *_unreachable(policy, findings),
        *_errors(policy, findings),
        *_misfits(findings),
        *_raw_subjects(findings),
    ]
    return tuple(sorted(set(faults)))


def _note_columns(policy: AccessPolicy, probe: PolicyProbe, found: PolicyEvaluation, findings: _Findings) -> None:
    columns = {column.name: column for column in policy.ports[probe.port].contract.columns}
    for name, decided in found.decision.columns.items():
        column = columns[name]
        for each in found.of_column.get(name, ()):
            if "mask" in each.annotations and (problem := mask_problem(parse_mask(each.annotations["mask"]), column)):
                findings.misfits[each, problem].append(f"{probe.port}.{name}")
        if column.subject is not None:
            key = (probe.role, probe.purpose, column.subject)
            if decided.outcome is ColumnOutcome.SHOW:
                findings.raw[key][f"{probe.port}.{name}"] = policy.shorten_place(column.place)
            elif decided.mask is not None and decided.mask.method is MaskMethod.PSEUDONYM:
                findings.hidden[key][f"{probe.port}.{name}"] = _pseudonym_place(found.of_column[name], column)


def _pseudonym_place(policies: Iterable[CedarPolicy], column: Column) -> Place:
    return next((each.place for each in policies if "mask" in each.annotations), column.place)


def _unreachable(policy: AccessPolicy, findings: _Findings) -> Iterator[Fault]:
    """Yield each policy that decides nothing; the platform's are for every workspace and need not.

    A forbid counts also where no contract admits the reader, and so do products and readers without a domain.
    """
    left = {each for each in policy.policies if each.origin is not PolicyOrigin.PLATFORM} - findings.determining
    for probe in list_all_probes(policy) if left else ():
        try:
            left -= policies_in_effect(policy, probe.principal, probe.port, probe.purpose)
        except (EvaluationFailed, UntranslatableResidual) as error:
            findings.problems.add(str(error))
        if not left:
            break
    for each in left:
        message = f"{each.label} never has an effect: no role with a purpose that it holds, and no column, fulfils it"
        yield Fault(each.place.file, each.place.line, "unreachable-policy", message)


def _errors(policy: AccessPolicy, findings: _Findings) -> Iterator[Fault]:
    """Yield each error of evaluation: it denies a read that the policies may mean to permit."""
    for problem in findings.problems:
        for each in policy.policies:
            # With the blank before it: one file's path may be the end of another's.
            _, is_there, text = f" {problem}".partition(f" {each.place}: ")
            if is_there:
                message = f"every read that this policy concerns is refused, because it cannot be evaluated: {text}"
                yield Fault(each.place.file, each.place.line, "policy-error", message)


def _misfits(findings: _Findings) -> Iterator[Fault]:
    for (policy, problem), columns in findings.misfits.items():
        named = shorten_list(dict.fromkeys(columns), most=4)
        message = f"@mask cannot be applied to {named}, which would be null instead: {problem}"
        yield Fault(policy.place.file, policy.place.line, "mask-misfit", message)


def _raw_subjects(findings: _Findings) -> Iterator[Fault]:
    for key, raw in findings.raw.items():
        hidden = findings.hidden.get(key)
        if not hidden:
            continue
        role, purpose, subject = key
        column, place = next(iter(raw.items()))
        other, reason = next(iter(hidden.items()))
        message = (
            f"{role} sees the {subject} in {column} for {purpose}, and its pseudonym in {other} ({reason}): "
            "joined, they undo each other; mask or show both"
        )
        yield Fault(place.file, place.line, "raw-subject", message)
