"""Tables of what readers are expected to get, in `policies/tests/*.yaml` or `*.yml` beside the policies.

    cases:
      - as: service_agent              a role, or a list of roles of one reader
        purpose: service
        product: retail.party
        columns: {phone: show, national_id: redact}      show, withhold, or a mask
        others: show                   the columns that are not listed; without it each column is listed
        rows: [marketing_opt_in]       the columns of the row filter; without it every row is expected
      - as: marketing
        purpose: service
        product: retail.party
        refused: true

`domains` are those that the reader works for, by default the product's; `client` is by default one that may read for
the purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bankmesh.access.decisions.decision_engine import decide
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.model import ColumnOutcome
from bankmesh.access.policies.probe_readers import reader_with_roles
from bankmesh.access.registry.registry_load import NO_FILE
from bankmesh.contracts.parsing.odcs_schema import nearest
from bankmesh.contracts.parsing.section_cursor import FaultNotes, Section
from bankmesh.errors import Fault
from bankmesh.yaml.documents import decode, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.model import AccessDecision, ColumnDecision
    from bankmesh.errors import Place

_KEYS = ("as", "purpose", "product", "domains", "client", "columns", "others", "rows", "refused")
_WORDS = (ColumnOutcome.SHOW.value, ColumnOutcome.WITHHOLD.value)
_PLACES = ("policies/tests", "domains/*/src/*/policies/tests")


@dataclass(frozen=True)
class PolicyCase:
    """One row of a table: a reader, a purpose and a product, and what the reader gets.

    Attributes:
        columns: the outcome of each column as text: `show`, `withhold`, or a mask; empty if the read is refused.
        rows: the columns of the row filter.
        is_refused: whether the read is refused.
    """

    roles: tuple[str, ...]
    purpose: str
    product: str
    domains: frozenset[str]
    client: str
    columns: Mapping[str, str]
    rows: frozenset[str]
    is_refused: bool
    place: Place


@dataclass(frozen=True)
class CaseFailure:
    """A difference between a case and the decision."""

    case: PolicyCase
    message: str


def find_tables(root: Path) -> list[Path]:
    """Return the tables of the workspace and of its domains, sorted."""
    patterns = (f"{place}/**/*{suffix}" for place in _PLACES for suffix in (".yaml", ".yml"))
    return sorted(file for pattern in patterns for file in root.glob(pattern))


def read_table(file: Path, policy: AccessPolicy) -> tuple[tuple[PolicyCase, ...], tuple[Fault, ...]]:
    """Return the cases of a file, and its faults: a case with a fault is left out.

    Faults: `wrong-type`, `unknown-key`, `missing-key`, `unknown-role`, `unknown-purpose`, `unknown-product`,
    `unknown-column`, `unlisted-column`, `bad-outcome`, `policy-unreadable`, and those of YAML. Raises OSError.
    """
    if file.exists() and not file.is_file():
        return (), (Fault(str(file), 0, "policy-unreadable", NO_FILE),)
    text, faults = decode(str(file), file.read_bytes())
    document, more = parse(str(file), text) if not faults else (None, ())
    if document is None or more:
        return (), (*faults, *more)
    notes = FaultNotes(document)
    listed = document.data.get("cases") if isinstance(document.data, dict) else None
    if not isinstance(listed, list) or not listed or not all(isinstance(case, dict) for case in listed):
        notes.add((), "wrong-type", "the file is a mapping with the key cases, a list of mappings that is not empty")
        return (), tuple(notes.faults)
    top = Section(notes, (), document.data)
    top.only(("cases",), "the file")
    cases = [_read_case(section, policy) for section in top.sections("cases")]
    return tuple(case for case in cases if case is not None), tuple(notes.faults)


def check_case(policy: AccessPolicy, case: PolicyCase) -> Iterator[CaseFailure]:
    """Yield how the decision differs from a case."""
    principal = reader_with_roles(policy.registry, case.roles, case.purpose, case.domains, case.client)
    decision = decide(policy, principal, case.product, case.purpose)
    if decision.is_refused != case.is_refused:
        because = "; ".join(map(str, decision.reasons))
        verdict = f"is refused: {because}" if decision.is_refused else "is permitted"
        yield CaseFailure(case, f"the read {verdict}")
        return
    if case.is_refused:
        return
    for name, expected in case.columns.items():
        found = decision.of(name)
        if outcome_text(found) != expected:
            because = "; ".join(map(str, found.reasons))
            yield CaseFailure(case, f"{name}: expected {expected}, the decision is {outcome_text(found)} ({because})")
    yield from _row_failures(case, decision)


def _row_failures(case: PolicyCase, decision: AccessDecision) -> Iterator[CaseFailure]:
    rows = decision.row_filter
    if rows.columns != case.rows or rows.is_everything != (not case.rows):
        named = ", ".join(sorted(rows.columns)) or ("none" if rows.is_everything else "no column, and no row is seen")
        because = "; ".join(map(str, rows.reasons))
        yield CaseFailure(case, f"rows: filtered by {named}{f' ({because})' if because else ''}")


def outcome_text(found: ColumnDecision) -> str:
    """Return an outcome as tables spell it: `show`, `withhold`, or the mask."""
    return str(found.mask) if found.mask else found.outcome.value


def _read_case(section: Section, policy: AccessPolicy) -> PolicyCase | None:
    before = len(section.notes.faults)
    section.only(_KEYS, "a case")
    roles = _texts(section, "as")
    for role in roles:
        _known(section, "as", "role", role, policy.registry.roles)
    purpose = section.need("purpose", "missing-key", "a case needs a purpose") or ""
    _known(section, "purpose", "purpose", purpose, policy.registry.purposes)
    product = section.need("product", "missing-key", "a case needs a product") or ""
    _known(section, "product", "product", product, policy.ports)
    if len(section.notes.faults) > before:
        return None
    contract = policy.ports[product].contract
    is_refused = _flag(section, "refused")
    columns = {} if is_refused else _columns(section, [column.name for column in contract.columns])
    case = PolicyCase(
        roles=roles,
        purpose=purpose,
        product=product,
        domains=frozenset(_texts(section, "domains") if "domains" in section.data else (contract.domain,)),
        client=section.text("client") or "",
        columns=columns,
        rows=frozenset(_texts(section, "rows") if "rows" in section.data else ()),
        is_refused=is_refused,
        place=section.place(),
    )
    return case if len(section.notes.faults) == before else None


def _columns(section: Section, names: Sequence[str]) -> dict[str, str]:
    """Return the expected outcome of every column."""
    found = section.section("columns") if "columns" in section.data else None
    if found is None and "columns" in section.data:
        section.fault("columns", "wrong-type", "columns is a mapping of columns to outcomes")
    others = section.text("others")
    listed = found.data if found is not None else {}
    for name, outcome in listed.items():
        if name not in names and found is not None:
            found.fault(name, "unknown-column", f"there is no column {name}.{nearest(name, names)}")
        elif found is not None:
            _check_outcome(found, name, outcome)
    if others is not None:
        _check_outcome(section, "others", others)
    missing = [name for name in names if name not in listed]
    if missing and others is None:
        message = f"write the outcome of {', '.join(missing)}, or `others` for all that are not listed"
        section.fault("columns", "unlisted-column", message)
    return {name: str(listed.get(name, others)) for name in names}


def _check_outcome(section: Section, key: str, outcome: object) -> None:
    if outcome in _WORDS:
        return
    try:
        spelt = str(parse_mask(str(outcome)))
    except ValueError as error:
        hint = '"null" in quotes' if outcome is None else "show or withhold"
        section.fault(key, "bad-outcome", f"{error}; or {hint}")
        return
    if spelt != outcome:
        section.fault(key, "bad-outcome", f"write {spelt}")


def _known(section: Section, key: str, kind: str, name: str, known: Iterable[str]) -> None:
    if name and name not in known:
        section.fault(key, f"unknown-{kind}", f"there is no {kind} {name}.{nearest(name, tuple(known))}")


def _texts(section: Section, key: str) -> tuple[str, ...]:
    value = section.data.get(key)
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        section.fault(key, "wrong-type", f"{key} is a name or a list of names")
        return ()
    return tuple(found)


def _flag(section: Section, key: str) -> bool:
    value = section.data.get(key, False)
    if not isinstance(value, bool):
        section.fault(key, "wrong-type", f"{key} is true or false")
    return value is True
