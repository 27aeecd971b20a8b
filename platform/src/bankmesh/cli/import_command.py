"""`mesh import`: bring what a team has elsewhere into a domain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.name_completion import complete_domain
from bankmesh.cli.output import console
from bankmesh.scaffolding.dbt_import.dbt_import import REPORT, DbtImport, ImportRequest, plan_import
from bankmesh.scaffolding.dbt_import.import_plan import Acceptance, FileState
from bankmesh.scaffolding.domain_installation import install_domain, validate_location
from bankmesh.settings import current_settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Bring projects of other tools into a domain.")


@app.callback()
def import_() -> None:
    """Bring projects of other tools into a domain."""


@app.command("dbt")
def import_dbt(
    project: Annotated[Path, typer.Argument(help="Folder of the dbt project, which is only read.", metavar="FOLDER")],
    domain: Annotated[
        str, typer.Option(help="The domain of its products; a new one is created.", autocompletion=complete_domain)
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the tables of its sources: SOURCE/TABLE.csv or .parquet."),
    ] = None,
    product: Annotated[
        list[str] | None,
        typer.Option(help="A model that becomes a product; by default all outside staging. Repeatable."),
    ] = None,
    *,
    keep_rows: Annotated[
        bool, typer.Option("--keep-rows", help="Keep the database that plain dbt made, to compare rows.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Replace imported files that nobody has edited.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace edited files, too.")] = False,
    install: Annotated[
        bool, typer.Option(help="Also install the package of a new domain and load its code location.")
    ] = True,
) -> None:
    """Import a dbt project: sources, contracts, models, and a report of what needs a person.

    Running it again shows what has changed since, and replaces nothing without --update or --overwrite.
    """
    settings = current_settings()
    imported = plan_import(settings, ImportRequest(project, domain, data, product or (), keep_rows))
    states = imported.plan.states()
    for difference in imported.plan.differences():
        console().print(difference, markup=False)
    if not dry_run:
        acceptance = Acceptance.ALL if overwrite else Acceptance.UNEDITED if update else Acceptance.NONE
        with uninterrupted():
            imported.plan.write(acceptance)
    _print_summary(imported, states, domain, dry_run=dry_run)
    if keep_rows:
        console().print(f"rows of plain dbt: {imported.plain}", markup=False)
    if dry_run:
        return
    if install and imported.is_new_domain:
        folder = settings.root / "domains" / domain
        install_domain(folder)
        validate_location(settings, folder)
        console().print(f"The code location {domain} is installed and loads.", markup=False)
    console().print("Next: mesh contract check, mesh lineage check, mesh run; then review the report.", markup=False)


def _print_summary(imported: DbtImport, states: dict[Path, FileState], domain: str, *, dry_run: bool) -> None:
    out = console()
    counts = Counter(states.values())
    verb = "would write" if dry_run else "wrote"
    out.print(f"{len(imported.products)} products: {', '.join(imported.products)}", markup=False)
    named = ", ".join(f"{counts[state]} {state.value}" for state in FileState if counts[state])
    out.print(f"files: {named} ({verb} new ones)", markup=False)
    kinds = Counter(finding.kind for finding in set(imported.findings))
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    report = Path("domains") / domain / "dbt" / REPORT
    out.print(f"report: {found or 'nothing to do'}; see {report}", markup=False)
