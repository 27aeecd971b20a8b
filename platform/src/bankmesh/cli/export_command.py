"""`mesh export`: products as Open Data Product descriptors, contracts as Open Data Contract documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bankmesh.catalog.export import write_exports
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts


def export(
    products: Annotated[
        list[str] | None,
        typer.Argument(
            help="Only these (domain.product), all majors; by default all products.", autocompletion=complete_product
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write to; by default `export` in MESH_HOME.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Write descriptors (ODPS 1.0.0) and standalone contracts (ODCS 3.1.0) for tools outside the mesh."""
    settings = current_settings()
    contracts = workspace_contracts(settings.root)
    chosen = {find_contract(contracts, product, None).product for product in products or []}
    written = write_exports(out or settings.home / "export", settings.home, contracts, chosen)
    if as_json:
        print_json(
            [
                {
                    "product": item.product,
                    "standard": item.standard,
                    "port": item.port,
                    "version": item.version,
                    "file": str(item.file),
                }
                for item in written
            ]
        )
        return
    print_table(
        ("product", "standard", "version", "file"),
        [(item.port or item.product, item.standard, item.version, str(item.file)) for item in written],
    )
    console().print(f"{len(written)} files", markup=False)
