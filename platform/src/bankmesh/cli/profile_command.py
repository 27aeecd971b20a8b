"""`mesh profile`: what the columns of a version hold; counts first, then values that may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.cli.product_commands import MajorOption, ProductArgument
from bankmesh.cli.reader_options import PurposeOption, ReaderOption
from bankmesh.cli.rejects_command import printable
from bankmesh.client import DataMeshClient
from bankmesh.products.profiles.profile_table import describe_distinct, describe_groups, describe_nulls, describe_rows

if TYPE_CHECKING:
    from bankmesh.client.mesh_client import DataProduct
    from bankmesh.products.profiles.profile_model import VersionProfile


def profile(
    product: ProductArgument,
    major: MajorOption = None,
    version: Annotated[int | None, typer.Option(help="A published version; by default the newest.")] = None,
    *,
    purpose: PurposeOption = None,
    reader: ReaderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show nulls, distinct values, frequent values and ranges of each column of a version."""
    mesh = DataMeshClient(token=reader, purpose=purpose)
    contract = mesh.contract(product, major)
    opened = mesh.get_data_product(contract.domain, contract.name, contract.major, version)
    found = opened.profile
    if as_json:
        print_json({"product": contract.port, "version": opened.version, **found.to_json()})
    else:
        _print(opened, found)


def _print(opened: DataProduct, found: VersionProfile) -> None:
    line = f"{opened.contract.port}: version {opened.version} (published {opened.published_at:%Y-%m-%d %H:%M} UTC)"
    console().print(line, markup=False, soft_wrap=True)
    console().print(f"{describe_rows(found)}\n".capitalize(), markup=False, soft_wrap=True)
    cells = [
        (
            column.name,
            describe_nulls(column, found.rows),
            describe_distinct(column),
            printable(describe_groups(column)),
        )
        for column in found.columns
    ]
    print_table(("column", "nulls", "distinct", "values"), cells)
