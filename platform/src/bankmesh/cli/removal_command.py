"""`mesh remove`: the files of a product that is not needed any more."""

from __future__ import annotations

from typing import Annotated

import typer

from bankmesh.catalog.recorded_reads import recorded_use
from bankmesh.cli.change_confirmation import DryRunOption, YesOption, carry_out, undo_interrupted
from bankmesh.cli.name_completion import complete_source
from bankmesh.cli.output import JsonOption
from bankmesh.scaffolding.workspace_changes.product_removal import plan_product_removal
from bankmesh.settings import current_settings


def remove(
    name: Annotated[
        str,
        typer.Argument(
            help="domain.product@MAJOR; the major is optional if there is only one.",
            metavar="NAME",
            autocompletion=complete_source,
        ),
    ],
    *,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a product's files: contract, transform, tests. Exit 1 if its stage or its readers do not allow it."""
    settings = current_settings()
    undo_interrupted(settings.root, dry_run=dry_run)
    recorded = {
        use.consumer for use in recorded_use(settings.home) if use.port.partition("@")[0] == name.partition("@")[0]
    }
    plan = plan_product_removal(settings, name, recorded)
    carry_out(plan, yes=yes, dry_run=dry_run, as_json=as_json)
