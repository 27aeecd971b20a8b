"""`mesh new`: scaffold a new product."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bankmesh.cli.command_group import CommandGroup
from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import console
from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import current_settings

app = typer.Typer(cls=CommandGroup, no_args_is_help=True, help="Scaffold new products.")


class TransformLanguage(StrEnum):
    """The language of the transform."""

    DBT = "dbt"
    POLARS = "polars"


@app.callback()
def new() -> None:
    """Scaffold new products."""


@app.command("product")
def new_product(
    product: Annotated[str, typer.Argument(help="domain.name of the new product.", metavar="PRODUCT")],
    kind: Annotated[TransformLanguage, typer.Option(help="The language of the transform.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from", help="The product that it reads; by default the domain's first.", autocompletion=complete_product
        ),
    ] = None,
) -> None:
    """Scaffold a product: contract, transform and test. It can be materialised without changes."""
    settings = current_settings()
    with uninterrupted():
        written = scaffold_product(settings, product, kind.value, source)
    for path in written:
        console().print(f"wrote {path.relative_to(settings.root)}", markup=False)
    console().print(f"Next: mesh contract check; mesh run {product}; then edit the contract and the transform.")
