"""`mesh contract`: check contracts, compare two of them, and list where each clause is enforced."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bankmesh.catalog.contracts import workspace_contracts
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.contracts.comparison import compare
from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.reading import find_faults, read_contract
from bankmesh.settings import current_settings
from bankmesh.workspace import all_contract_files

ContractFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]

app = typer.Typer(no_args_is_help=True, help="Check, compare and account for data contracts.")


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="Contracts or folders; all of the workspace if left out.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Check contracts strictly; every fault with file and line. Exit 1 if there is one."""
    found = _contract_files(paths) if paths else all_contract_files(current_settings().root)
    files = [Path(os.path.relpath(file)) for file in found]
    faults = find_faults(files)
    if as_json:
        print_json([{"file": f.file, "line": f.line, "rule": f.rule, "message": f.message} for f in faults])
    else:
        for fault in faults:
            console().print(str(fault), markup=False, soft_wrap=True)
        console().print(f"{len(files)} contracts, {len(faults)} faults")
    raise typer.Exit(1 if faults else 0)


def _contract_files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.odcs.yaml")) if path.is_dir() else [path])]


@app.command()
def diff(old: ContractFile, new: ContractFile, *, as_json: JsonOption = False) -> None:
    """Compare two editions of a contract; each change is breaking or not. Exit 1 if one is."""
    changes = compare(read_contract(old), read_contract(new))
    if as_json:
        print_json(
            [{"rule": c.rule, "breaking": c.breaking, "subject": c.subject, "message": c.message} for c in changes]
        )
    else:
        print_table(
            ("", "rule", "what", "change"),
            [("BREAKING" if c.breaking else "ok", c.rule, c.subject, c.message) for c in changes],
        )
    raise typer.Exit(1 if any(change.breaking for change in changes) else 0)


@app.command("coverage")
def show_coverage(*, as_json: JsonOption = False) -> None:
    """List where each clause of each contract is enforced, and which are not."""
    entries = [
        (contract.port, item)
        for contract in workspace_contracts(current_settings().root)
        for item in coverage(contract)
    ]
    if as_json:
        print_json(
            [
                {
                    "product": port,
                    "clause": item.clause,
                    "line": item.line,
                    "enforced": item.enforced,
                    "where": item.where,
                    "reason": item.reason,
                }
                for port, item in entries
            ]
        )
        return
    print_table(
        ("product", "clause", "enforced by"),
        [(port, item.clause, item.where or f"NOT ENFORCED: {item.reason}") for port, item in entries],
    )
