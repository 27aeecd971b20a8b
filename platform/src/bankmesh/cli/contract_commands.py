"""`mesh contract`: check contracts, compare two versions, and list where each clause is enforced."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.access.errors import PolicyFaults
from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.access.registry.contract_names import find_contract_name_faults
from bankmesh.catalog.change_impact import impact
from bankmesh.catalog.lineage_coverage import lineage_coverage
from bankmesh.catalog.readable_metadata import readable_uses
from bankmesh.catalog.recorded_reads import recorded_use
from bankmesh.cli import lifecycle_commands
from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.coverage import Coverage, coverage
from bankmesh.contracts.parsing.contract_reader import find_faults, read_contract
from bankmesh.errors import Fault
from bankmesh.ports.contract_texts import FOLDER as KEPT
from bankmesh.settings import NoWorkspace, current_settings
from bankmesh.workspace.contract_revisions import contract_in_git, published_contract
from bankmesh.workspace.domain_folders import all_contract_files
from bankmesh.workspace.recorded_dbt_coverage import read_dbt_coverage
from bankmesh.workspace.stage_transitions import contract_of_port
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts
from bankmesh.workspace.workspace_graph import workspace_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bankmesh.catalog.change_impact import AffectedConsumer
    from bankmesh.contracts.comparison.contract_change import Change
    from bankmesh.contracts.model import Contract

PUBLISHED = "published"

app = typer.Typer(
    cls=CommandGroup, no_args_is_help=True, help="Check, compare, move and archive data contracts; list their coverage."
)
app.command("move")(lifecycle_commands.move)
app.command("archive")(lifecycle_commands.archive)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="Contracts or folders; by default the whole workspace.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Check contracts strictly, and list every fault with file and line. Exit 1 if there is one.

    Without arguments, check everything that a code location reads: contracts, source declarations, `defs.yaml`,
    inputs, cycles, code locations.
    """
    found = _contract_files(paths) if paths else all_contract_files(current_settings().root)
    files = [Path(os.path.relpath(file)) for file in found]
    faults = _faults_of(files) if paths else _workspace_faults()
    if as_json:
        print_json([{"file": f.file, "line": f.line, "rule": f.rule, "message": f.message} for f in faults])
    else:
        for fault in faults:
            console().print(str(fault), markup=False, soft_wrap=True)
        console().print(f"{len(files)} contracts, {len(faults)} faults")
    raise typer.Exit(1 if faults else 0)


def _faults_of(files: Sequence[Path]) -> tuple[Fault, ...]:
    """Return the faults of contracts; in a workspace also of the roles, purposes and masks that they name."""
    found = [*find_faults(files)]
    try:
        root = current_settings().root
    except NoWorkspace:
        return tuple(found)
    faulty = {fault.file for fault in found}
    sound = [read_contract(file) for file in files if str(file) not in faulty]
    try:
        found += find_contract_name_faults(root, sound)
    except PolicyFaults as error:
        found += error.faults
    return tuple(sorted(found))


def _workspace_faults() -> tuple[Fault, ...]:
    from bankmesh.orchestration.workspace_faults import find_workspace_faults

    found = find_workspace_faults(current_settings())
    return tuple(replace(fault, file=os.path.relpath(fault.file)) for fault in found)


def _contract_files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (_contracts_in(path) if path.is_dir() else [path])]


def _contracts_in(folder: Path) -> list[Path]:
    """Return the contracts below a folder, without the copies that ports store: those have other file names."""
    return sorted(file for file in folder.rglob("*.odcs.yaml") if file.parent.name != KEPT)


@app.command()
def diff(
    old: Annotated[
        str,
        typer.Argument(
            metavar="PRODUCT|OLD",
            help="domain.product@MAJOR, or the file of the earlier version.",
            autocompletion=complete_product,
        ),
    ],
    new: Annotated[Path | None, typer.Argument(help="The file of the later version; only with a file OLD.")] = None,
    against: Annotated[
        str | None, typer.Option(help="With PRODUCT: a git revision, or `published`, the default.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions of a contract and list breaking changes with affected consumers. Exit 1 if one breaks.

    The contract of PRODUCT is compared with the one that its newest version was published under, or with git.
    """
    before, after = _two_versions(old, new, against)
    changes = compare(before, after)
    affected = _affected(changes, before)
    if as_json:
        print_json(
            [
                {
                    "rule": change.rule,
                    "breaking": change.breaking,
                    "subject": change.subject,
                    "message": change.message,
                    "hurts": [
                        {"consumer": h.consumer, "how": h.how, "columns": list(h.columns)}
                        for h in affected.get(change, ())
                    ],
                }
                for change in changes
            ]
        )
    else:
        rows = [
            (
                "BREAKING" if change.breaking else "ok",
                change.rule,
                change.subject,
                change.message,
                "; ".join(map(str, affected.get(change, ()))),
            )
            for change in changes
        ]
        print_table(("", "rule", "what", "change", "affects"), rows)
    raise typer.Exit(1 if any(change.breaking for change in changes) else 0)


def _two_versions(old: str, new: Path | None, against: str | None) -> tuple[Contract, Contract]:
    if new is not None:
        if against is not None:
            raise typer.BadParameter("--against requires a product; two files are compared with each other.")
        for file in (Path(old), new):
            if not file.is_file():
                raise typer.BadParameter(f"there is no file {file}.")
        return read_contract(old), read_contract(new)
    settings = current_settings()
    named = Path(old)
    contract = read_contract(named) if named.is_file() else contract_of_port(settings.root, old)
    if against in {None, PUBLISHED}:
        return published_contract(contract, settings.home), contract
    return contract_in_git(contract, str(against)), contract


def _affected(changes: Sequence[Change], before: Contract) -> dict[Change, tuple[AffectedConsumer, ...]]:
    """Return the consumers that each breaking change affects; none if the files are not in a workspace."""
    try:
        settings = current_settings()
    except NoWorkspace:
        return {}
    graph = workspace_graph(settings.root, settings.home)
    if before.port not in graph.columns:
        return {}
    reader = current_metadata_reader(settings, decides=False)
    uses = readable_uses(recorded_use(settings.home), before.domain, reader.principal)
    return {change: impact(change, before, graph, uses) for change in changes if change.breaking}


@app.command("coverage")
def show_coverage(
    product: Annotated[
        str | None,
        typer.Argument(
            help="domain.product or domain.product@MAJOR; by default every product.", autocompletion=complete_product
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List where each clause of each contract is enforced, clauses not enforced, and columns without lineage.

    The clauses of a product's contract come first, then the data tests of its dbt model, then dbt configuration that
    changes no row, which is used or not, with the reason. Configuration of no product is listed under its domain.
    """
    from bankmesh.products.dbt.dbt_domain import with_current_tests

    settings = current_settings()
    contracts = workspace_contracts(settings.root)
    chosen = contracts if product is None else (find_contract(contracts, product, None),)
    graph = workspace_graph(settings.root, settings.home)
    entries: list[tuple[str, Coverage]] = []
    tested = with_current_tests(chosen, settings)
    of_dbt = {domain: read_dbt_coverage(settings.home, domain) for domain in dict.fromkeys(c.domain for c in chosen)}
    for contract in tested:
        found = (
            *coverage(contract),
            *lineage_coverage(contract, graph),
            *of_dbt[contract.domain].get(contract.port, ()),
        )
        entries += [(contract.port, item) for item in found]
    if product is None:
        entries += [(domain, item) for domain, found in of_dbt.items() for item in found.get(domain, ())]
    if as_json:
        print_json(
            [
                {
                    "product": name,
                    "clause": item.clause,
                    "file": os.path.relpath(item.place.file),
                    "line": item.line,
                    "enforced": item.enforced,
                    "where": item.where,
                    "reason": item.reason,
                }
                for name, item in entries
            ]
        )
        return
    rows = [(name, _located(item), item.where or f"NOT ENFORCED: {item.reason}") for name, item in entries]
    print_table(("product", "clause", "enforced by"), rows)


def _located(item: Coverage) -> str:
    """Return a clause, with file and line if it is not from a contract."""
    in_contract = item.place.file.endswith(".odcs.yaml")
    return item.clause if in_contract else f"{item.clause} ({os.path.relpath(item.place.file)}:{item.line})"
