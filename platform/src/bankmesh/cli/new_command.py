"""`mesh new`: scaffold products, domains and source declarations."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.name_completion import complete_source
from bankmesh.cli.new_source_command import new_source
from bankmesh.cli.output import console
from bankmesh.scaffolding.domain_installation import install_domain, validate_location
from bankmesh.scaffolding.domain_scaffold import create_domain
from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import current_settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Scaffold products, domains and source declarations.")


class TransformLanguage(StrEnum):
    """The language of the transform."""

    DBT = "dbt"
    POLARS = "polars"


@app.callback()
def new() -> None:
    """Scaffold products, domains and source declarations."""


@app.command("product")
def new_product(
    product: Annotated[str, typer.Argument(help="domain.name of the new product.", metavar="PRODUCT")],
    kind: Annotated[TransformLanguage, typer.Option(help="The language of the transform.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The product that it reads, or a landing: system.object; by default the domain's first product.",
            autocompletion=complete_source,
        ),
    ] = None,
) -> None:
    """Scaffold a product: contract, transform and test. It can be materialised without changes."""
    settings = current_settings()
    with uninterrupted():
        written = scaffold_product(settings, product, kind.value, source)
    for path in written.files:
        console().print(f"wrote {path.relative_to(settings.root)}", markup=False)
    console().print(str(written.key), markup=False)
    if written.permission:
        console().print(written.permission, markup=False)
    console().print(f"Next: `mesh run {product}` builds it as it is; then edit the contract and the transform.")


@app.command("domain")
def new_domain(
    name: Annotated[str, typer.Argument(help="Name of the new domain.", metavar="DOMAIN")],
    *,
    install: Annotated[
        bool, typer.Option(help="Also install the package and load its code location; this takes some seconds.")
    ] = True,
) -> None:
    """Scaffold a domain: its package, and its entry wherever the workspace lists domains."""
    settings = current_settings()
    with uninterrupted():
        plan = create_domain(settings.root, name)
    for path in plan.created:
        console().print(f"wrote {path.relative_to(settings.root)}", markup=False)
    for path in plan.changed:
        console().print(f"changed {path.relative_to(settings.root)}", markup=False)
    if install:
        install_domain(plan.folder)
        validate_location(settings, plan.folder)
        console().print(f"The code location {name} is installed and loads.", markup=False)
    else:
        console().print("Next: make install", markup=False)


app.command("source")(new_source)
