"""`mesh policy duties`: what the columns of a product inherit from the products that it is built from."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption, console, print_json, print_table
from bankmesh.errors import UnknownName
from bankmesh.settings import current_settings
from bankmesh.workspace.workspace_contracts import find_contract, workspace_contracts


def list_inherited(
    product: Annotated[
        str, typer.Argument(help="domain.product or domain.product@MAJOR.", autocompletion=complete_product)
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what each column inherits from each input: its purposes and roles, and the duties that a grant lifts."""
    from bankmesh.access.duties.inherited_duties import list_duties
    from bankmesh.orchestration.code_locations import load_products
    from bankmesh.products.inputs.duty_guard import report_code

    settings = current_settings()
    contracts = workspace_contracts(settings.root)
    port = find_contract(contracts, product, None).port
    products = load_products(settings.root)
    if port not in products:
        raise UnknownName("product with a transform", port, products)
    report = report_code(products[port], {contract.port: contract for contract in contracts}, settings.root)[1]
    found = list(list_duties(report.flow, report.widenings, report.way))
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        rows = [
            (one.column, one.source, ", ".join(one.from_columns) or "its rows", ", ".join(one.lifted)) for one in found
        ]
        print_table(("column", "input", "depends on", "lifted"), rows)
    else:
        console().print(f"{port} reads no product", markup=False, soft_wrap=True)
