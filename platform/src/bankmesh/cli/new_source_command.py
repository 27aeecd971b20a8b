"""`mesh new source`: a source declaration from real files, landed at once."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.output import console, count
from bankmesh.errors import BankmeshError
from bankmesh.scaffolding.scaffold_input import CannotScaffold
from bankmesh.settings import current_settings
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from bankmesh.scaffolding.source_scaffold import SourcePlan
    from bankmesh.settings import Settings
    from bankmesh.sources import Landing

FilesArgument = Annotated[list[Path], typer.Argument(help="Files of one object, in one folder.", metavar="FILE...")]


def new_source(
    files: FilesArgument,
    *,
    domain: Annotated[str | None, typer.Option(help="The domain; needed if there are several.")] = None,
    system: Annotated[str | None, typer.Option(help="Name of the system; by default that of the folder.")] = None,
    object_name: Annotated[
        str | None, typer.Option("--object", help="Name of the object; by default that of the file.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of the files; by default what the first file shows.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding; by default what the bytes show.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Delimiter of text files.")] = None,
    header: Annotated[bool | None, typer.Option(help="Whether the first line is a header.")] = None,
    day_first: Annotated[
        bool | None, typer.Option("--day-first/--month-first", help="How dates such as 03/04/2024 are read.")
    ] = None,
    record: Annotated[
        str | None, typer.Option(help="Type of the records, of files with several; by default the entries.")
    ] = None,
    copybook: Annotated[Path | None, typer.Option(help="Copybook of EBCDIC files; it is copied.")] = None,
    rows: Annotated[
        str | None, typer.Option(help="Path of the records in JSON (`$.items[*]`) or XML (`/Orders/Order`).")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of workbooks: its name or a pattern.")] = None,
    header_row: Annotated[int | None, typer.Option(help="Row of the headings of workbooks.", min=1)] = None,
) -> None:
    """Scaffold a source declaration from real files, from all of their rows, and land them."""
    from bankmesh.scaffolding.source_proposals.source_proposal import ProposalOptions
    from bankmesh.scaffolding.source_scaffold import NewSource, land_source, note_key, plan_source, write_source

    settings = current_settings()
    new = NewSource(domain or _only_domain(settings), files, system, object_name)
    options = ProposalOptions(kind, encoding, delimiter, header, day_first, record, copybook, rows, sheet, header_row)
    plan = plan_source(settings, new, options)
    with uninterrupted():
        write_source(plan)
    console().print(f"wrote {plan.file.relative_to(settings.root)}", markup=False)
    _print_proposal(plan)
    try:
        landing = land_source(settings, plan)
    except BankmeshError as error:
        console().print(f"Not landed: {error}", markup=False)
        raise typer.Exit(1) from error
    with uninterrupted():
        key = note_key(settings, plan)
    console().print(str(key), markup=False)
    _print_landing(settings, plan, landing)
    if landing.rejects:
        raise typer.Exit(1)


def _only_domain(settings: Settings) -> str:
    domains = [package.name for package in domain_packages(settings.root)]
    if len(domains) == 1:
        return domains[0]
    raise CannotScaffold(f"Name the domain with --domain: {', '.join(domains)}.")


def _print_proposal(plan: SourcePlan) -> None:
    proposal = plan.proposal
    for question in proposal.questions:
        console().print(f"question: {question}", markup=False)
    for column in proposal.columns:
        for question in column.questions:
            console().print(f"question: {column.header}: {question}", markup=False)
    unsure = [column.header for column in proposal.columns if not column.classification.by_evidence]
    console().print(f"{len(proposal.columns)} columns; review the class of each.", markup=False)
    if unsure:
        console().print(f"Proposed as confidential, without evidence: {', '.join(unsure)}", markup=False)


def _print_landing(settings: Settings, plan: SourcePlan, landing: Landing) -> None:
    from bankmesh.sources import describe_rejects

    name = f"{plan.names.system}.{plan.names.object}"
    console().print(f"{name}: rows {count(landing.rows)}, rejects {count(landing.rejects)}", markup=False)
    exports = "" if plan.exports == settings.exports.absolute() else f"BANK_DATA={quote(str(plan.exports))} "
    command = f"{exports}mesh run {name}"
    if landing.rejects:
        console().print(describe_rejects(landing.rejects_paths), markup=False)
        command = f"correct the declaration, or tolerate them (rejects_tolerated: {landing.rejects}); then {command}"
    console().print(f"Next: {command}", markup=False)
