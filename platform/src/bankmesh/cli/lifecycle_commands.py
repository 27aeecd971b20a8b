"""`mesh contract move` and `mesh contract archive`: status changes of contracts, and archiving of retired products."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, count, print_json
from bankmesh.contracts.model import Contract, Status
from bankmesh.errors import BankmeshError
from bankmesh.ports.port_archive import ArchivedPort, archive_port, changed_files
from bankmesh.settings import current_settings
from bankmesh.workspace.stage_transitions import contract_of_port, move_entry, person, plan_move, today, write_move

Product = Annotated[
    str,
    typer.Argument(
        help="domain.product@MAJOR; the major is optional if there is only one.",
        metavar="PRODUCT",
        autocompletion=complete_product,
    ),
]
_DAY = ["%Y-%m-%d"]
_NEXT = {
    Status.DRAFT: "Next: write its transform, then `mesh run {port}`.",
    Status.ACTIVE: "Next: readers that name no major get this one as soon as it is published.",
    Status.DEPRECATED: "Next: notify the consumers that the contract lists; readers get a warning from now on.",
    Status.RETIRED: "Next: reload its code location, then `mesh contract archive {product}@{major}`.",
}


class NotRetiredYet(BankmeshError):
    """A product that is not retired cannot be archived."""

    def __init__(self, contract: Contract) -> None:
        self.port, self.status = contract.port, contract.status
        super().__init__(
            f"{contract.port} is {contract.status}; only retired products can be archived. "
            f"First run `mesh contract move {contract.product}@{contract.major} retired --why ...`."
        )


def move(
    product: Product,
    status: Annotated[Status, typer.Argument(help="The new status.")],
    why: Annotated[str, typer.Option(help="The reason, recorded in the contract.")],
    by: Annotated[str | None, typer.Option(help="Who decided; by default git's user.name or the login name.")] = None,
    on: Annotated[datetime | None, typer.Option("--on", formats=_DAY, help="The day; by default today (UTC).")] = None,
    end_of_support: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="The end of support of a deprecated major.")
    ] = None,
    replaced_by: Annotated[
        str | None,
        typer.Option(help="The port to read instead: domain.product@2.", autocompletion=complete_product),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Change a contract's status and record who, when and why. Exit 1 if the change is not allowed."""
    settings = current_settings()
    contract = contract_of_port(settings.root, product)
    entry = move_entry(status, why, by or person(settings.root), on.date() if on else today())
    given = {
        "endOfSupport": end_of_support.date().isoformat() if end_of_support else None,
        "replacedBy": replaced_by,
    }
    planned = plan_move(settings.root, contract, entry, {name: value for name, value in given.items() if value})
    with uninterrupted():
        write_move(planned)
    after = planned.after
    if as_json:
        print_json(
            {
                "port": after.port,
                "from": contract.status.value,
                "to": after.status.value,
                "date": entry.date,
                "by": entry.by,
                "why": entry.why,
                "version": after.version,
                "end_of_support": after.custom.get("endOfSupport"),
                "replaced_by": after.custom.get("replacedBy"),
                "file": os.path.relpath(after.file),
            }
        )
        return
    out = console()
    out.print(
        f"{after.port}: {contract.status} -> {after.status} on {entry.date} by {entry.by}, contract {after.version} "
        f"({os.path.relpath(after.file)})",
        markup=False,
    )
    out.print(_NEXT[after.status].format(port=after.port, product=after.product, major=after.major), markup=False)


def archive(
    product: Product,
    by: Annotated[str | None, typer.Option(help="Who archives; by default git's user.name or the login name.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Archive the port of a retired product; if it is archived, verify its files. Exit 1 if a file has changed."""
    settings = current_settings()
    contract = contract_of_port(settings.root, product)
    if contract.status is not Status.RETIRED:
        raise NotRetiredYet(contract)
    who = by or person(settings.root)
    archived = archive_port(settings.home, contract.product, contract.major, contract.text, who)
    changed = changed_files(archived) if archived and not archived.moved else []
    if as_json:
        print_json(archive_facts(contract, archived, changed))
    else:
        console().print(_sentence(contract, archived, changed), markup=False, soft_wrap=True)
    raise typer.Exit(1 if changed else 0)


def archive_facts(contract: Contract, archived: ArchivedPort | None, changed: list[str]) -> dict[str, object]:
    """Return the JSON output: `archived` is false if nothing was ever published; `changed` are paths of files."""
    facts: dict[str, object] = {"port": contract.port, "archived": archived is not None, "changed": changed}
    if archived:
        facts |= {
            "moved": archived.moved,
            "folder": str(archived.port.path),
            "archived_on": archived.manifest["archived_on"],
            "archived_by": archived.manifest["archived_by"],
            "versions": [version["version"] for version in archived.manifest["versions"]],
            "files": len(archived.manifest["files"]),
        }
    return facts


def _sentence(contract: Contract, archived: ArchivedPort | None, changed: list[str]) -> str:
    if archived is None:
        return f"{contract.port}: nothing was ever published, so there is nothing to archive"
    files, versions = archived.manifest["files"], archived.manifest["versions"]
    what = f"{count(len(versions))} versions, {count(len(files))} files"
    if archived.moved:
        return f"{contract.port}: archived, {what}, in {archived.port.path}"
    said = f"{contract.port}: in the archive since {archived.manifest['archived_on']}, {what}"
    return f"{said}; NOT as recorded: {', '.join(changed)}" if changed else f"{said}, all as recorded"
