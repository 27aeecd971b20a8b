"""`mesh policy`: check policies, explain a decision, and compare decisions with tables of what is expected."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bankmesh.access.policies.policy_tables import outcome_text
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.duties_command import list_inherited
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.cli.pseudonym_key_commands import app as keys_app
from bankmesh.errors import Fault, UnknownName
from bankmesh.settings import Settings, current_settings
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts

if TYPE_CHECKING:
    from bankmesh.access.decisions.access_policy import AccessPolicy
    from bankmesh.access.model import AccessDecision, ColumnDecision, Principal, Reason
    from bankmesh.contracts.model import Contract

app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Check policies, explain decisions about reads, and test both."
)
app.add_typer(keys_app, name="keys")
app.command("duties")(list_inherited)


@app.command()
def check(*, as_json: JsonOption = False) -> None:
    """Check all policies: syntax, names, types, rules without effect, masks, subjects. Exit 1 if there is a fault."""
    settings = current_settings()
    policy, faults = _load(settings)
    if policy is not None:
        from bankmesh.access.policies.policy_check import find_policy_faults

        faults = find_policy_faults(policy)
    if as_json:
        print_json([{"file": f.file, "line": f.line, "rule": f.rule, "message": f.message} for f in faults])
    else:
        for fault in faults:
            console().print(str(fault), markup=False, soft_wrap=True)
        count = f"{len(policy.policies)} policies, " if policy is not None else ""
        console().print(f"{count}{len(faults)} fault{'s' * (len(faults) != 1)}")
    raise typer.Exit(1 if faults else 0)


def _load(settings: Settings) -> tuple[AccessPolicy | None, tuple[Fault, ...]]:
    """Return the policies in force, or their faults with paths below the working folder. Raises ContractFaults."""
    from bankmesh.access.decisions.access_policy import load_access_policy
    from bankmesh.access.errors import PolicyFaults

    try:
        return load_access_policy(settings.root, workspace_contracts(settings.root)), ()
    except PolicyFaults as error:
        return None, tuple(replace(fault, file=os.path.relpath(fault.file)) for fault in error.faults)


@app.command("test")
def run_tests(
    paths: Annotated[
        list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Tables; by default all of the workspace.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare decisions with the tables in `policies/tests`. Exit 1 if one differs, or if there is no table."""
    from bankmesh.access.decisions.access_policy import load_access_policy
    from bankmesh.access.policies.policy_tables import check_case, find_tables, read_table

    settings = current_settings()
    policy = load_access_policy(settings.root, workspace_contracts(settings.root))
    files = paths or find_tables(settings.root)
    findings: list[Fault] = []
    count = 0
    for file in files:
        cases, faults = read_table(Path(os.path.relpath(file)), policy)
        findings += faults
        count += len(cases)
        failures = [failure for case in cases for failure in check_case(policy, case)]
        findings += [Fault(each.case.place.file, each.case.place.line, "decision", each.message) for each in failures]
    if as_json:
        print_json({"cases": count, "failures": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            console().print(str(finding), markup=False, soft_wrap=True)
        console().print(f"{len(files)} tables, {count} cases, {len(findings)} failures")
    raise typer.Exit(1 if findings or not count else 0)


@app.command()
def explain(
    product: Annotated[
        str, typer.Argument(help="domain.product or domain.product@MAJOR.", autocompletion=complete_product)
    ],
    *,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="A role, or the name of an issued development token; by default yours."),
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="What the product is read for.")] = None,
    domain: Annotated[
        list[str] | None,
        typer.Option(help="With a role: a domain that the reader works for; by default the product's."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the outcome of each column for a reader and a purpose, with the policies and contract lines behind it.

    Without a purpose, list those for which the reader can read the product; without a reader, too, list all roles.
    Exit 1 if the read is refused.
    """
    from bankmesh.access.decisions.access_policy import load_access_policy
    from bankmesh.access.decisions.decision_engine import decide

    settings = current_settings()
    contracts = workspace_contracts(settings.root)
    contract = find_contract(contracts, product, None)
    policy = load_access_policy(settings.root, contracts)
    if reader is None and purpose is None:
        _list_readers(policy, contract, as_json=as_json)
        return
    principal = _reader(settings, policy, reader, purpose or "", domain or [contract.domain])
    if purpose is None:
        _list_purposes(policy, principal, contract, as_json=as_json)
        return
    decision = decide(policy, principal, contract.port, purpose)
    if as_json:
        print_json(decision_facts(decision))
    else:
        _print_decision(decision)
    raise typer.Exit(1 if decision.is_refused else 0)


def _reader(settings: Settings, policy: AccessPolicy, name: str | None, purpose: str, domains: list[str]) -> Principal:
    """Return a reader of one role, or the one of an issued development token; without a name, the current reader.

    Raises UnknownName, IdentityRefused.
    """
    from bankmesh.access.policies.probe_readers import reader_with_roles
    from bankmesh.access.tokens.current_reader import current_principal
    from bankmesh.access.tokens.development_tokens import issued_names

    if name is None:
        return current_principal(settings)
    if name in policy.registry.roles:
        return reader_with_roles(policy.registry, (name,), purpose, domains)
    issued = issued_names(settings.home)
    if name in issued:
        return current_principal(settings, name)
    raise UnknownName("role or issued token", name, {*policy.registry.roles, *issued})


def _list_readers(policy: AccessPolicy, contract: Contract, *, as_json: bool) -> None:
    from bankmesh.access.policies.probe_readers import list_readers

    found = list_readers(policy, contract.port)
    if as_json:
        print_json({"port": contract.port, "readers": [{"role": role, "purposes": list(of)} for role, of in found]})
    elif found:
        print_table(("role", "purposes"), [(role, ", ".join(purposes)) for role, purposes in found])
    else:
        console().print(f"no role can read {contract.port}", markup=False, soft_wrap=True)


def _list_purposes(policy: AccessPolicy, principal: Principal, contract: Contract, *, as_json: bool) -> None:
    from bankmesh.access.decisions.decision_engine import usable_purposes

    purposes = usable_purposes(policy, principal, contract.port)
    if as_json:
        print_json({"reader": principal.id, "port": contract.port, "purposes": list(purposes)})
        return
    descriptions = policy.registry.purposes.descriptions
    if purposes:
        print_table(("purpose", "description"), [(name, descriptions[name]) for name in purposes])
    else:
        console().print(f"{principal.id} can read {contract.port} for no purpose", markup=False, soft_wrap=True)


def _print_decision(decision: AccessDecision) -> None:
    out = console()
    verdict = "refused" if decision.is_refused else "permitted"
    out.print(
        f"{decision.port} for {decision.purpose} as {decision.principal.id}: {verdict}", markup=False, soft_wrap=True
    )
    for reason in decision.reasons:
        out.print(f"  {reason}", markup=False, soft_wrap=True)
    if decision.is_refused:
        return
    if not decision.row_filter.is_everything:
        named = ", ".join(sorted(decision.row_filter.columns))
        out.print(f"Rows are filtered by {named}:", markup=False, soft_wrap=True)
        for reason in decision.row_filter.reasons:
            out.print(f"  {reason}", markup=False, soft_wrap=True)
    rows = [(found.column, outcome_text(found), _because(found, decision)) for found in decision.columns.values()]
    print_table(("column", "outcome", "because"), rows)


def _because(found: ColumnDecision, decision: AccessDecision) -> str:
    """Return the reasons of a column that are not already those of the whole read."""
    return "; ".join(str(reason) for reason in found.reasons if reason not in decision.reasons)


def decision_facts(decision: AccessDecision) -> dict[str, Any]:
    """Return a decision for JSON."""
    return {
        "reader": decision.principal.id,
        "port": decision.port,
        "purpose": decision.purpose,
        "refused": decision.is_refused,
        "reasons": [_reason_facts(reason) for reason in decision.reasons],
        "columns": [
            {
                "column": found.column,
                "outcome": found.outcome.value,
                "mask": str(found.mask) if found.mask else None,
                "reasons": [_reason_facts(reason) for reason in found.reasons],
            }
            for found in decision.columns.values()
        ],
        "row_filter": {
            "everything": decision.row_filter.is_everything,
            "columns": sorted(decision.row_filter.columns),
            "digest": decision.row_filter.digest,
            "reasons": [_reason_facts(reason) for reason in decision.row_filter.reasons],
        },
        "obligations": sorted(decision.obligations),
        "policy_digest": decision.policy_digest,
        "contract_digest": decision.contract_digest,
    }


def _reason_facts(reason: Reason) -> dict[str, Any]:
    place = reason.place
    return {"text": reason.text, "file": place.file if place else None, "line": place.line if place else None}
