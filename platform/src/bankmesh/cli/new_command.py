"""`mesh new`: scaffold a product in the right places."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bankmesh.cli.interruption import uninterrupted
from bankmesh.cli.output import console
from bankmesh.scaffolding.product_scaffold import scaffold_product
from bankmesh.settings import current_settings

app = typer.Typer(no_args_is_help=True, help="Scaffold new things.")


class TransformLanguage(StrEnum):
    """What the transform is written in."""

    DBT = "dbt"
    POLARS = "polars"


@app.callback()
def new() -> None:
    """Scaffold new things."""


@app.command("product")
def new_product(
    product: Annotated[str, typer.Argument(help="domain.name of the new product.", metavar="PRODUCT")],
    kind: Annotated[TransformLanguage, typer.Option(help="What the transform is written in.")],
    source: Annotated[
        str | None, typer.Option("--from", help="The product that it reads; the domain's first if left out.")
    ] = None,
) -> None:
    """Scaffold a product: contract, transform and test. It materialises as it is; then make it yours."""
    settings = current_settings()
    with uninterrupted():
        written = scaffold_product(settings, product, kind.value, source)
    for path in written:
        console().print(f"wrote {path.relative_to(settings.root)}", markup=False)
    console().print(f"Next: mesh contract check; mesh run {product}; then make the contract and the transform yours.")
