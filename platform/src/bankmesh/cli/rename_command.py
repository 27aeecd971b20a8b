"""`mesh rename`: another name for a product, through the life cycle if it is in force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bankmesh.cli.change_confirmation import DryRunOption, YesOption, carry_out, undo_interrupted
from bankmesh.cli.name_completion import complete_product
from bankmesh.cli.output import JsonOption
from bankmesh.scaffolding.workspace_changes.rename_decision import RenameRecord, plan_product_rename
from bankmesh.settings import current_settings
from bankmesh.workspace.stage_transitions import person, today


def rename(
    old: Annotated[
        str, typer.Argument(help="domain.product, or its active major.", metavar="OLD", autocompletion=complete_product)
    ],
    new: Annotated[str, typer.Argument(help="The new name, in the same domain.", metavar="NEW")],
    why: Annotated[str | None, typer.Option(help="The reason, recorded in the contracts.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decided; by default git's user.name or the login name.")] = None,
    end_of_support: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The end of support of the old name, if it is active.")
    ] = None,
    *,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rename a product. If it is active, a new product succeeds it, and the old name is deprecated.

    Exit 1 if its stage or its readers do not allow it.
    """
    settings = current_settings()
    undo_interrupted(settings.root, dry_run=dry_run)
    end = end_of_support.date().isoformat() if end_of_support else None
    record = RenameRecord(by or person(settings.root), today(), why, end)
    carry_out(plan_product_rename(settings, old, new, record), yes=yes, dry_run=dry_run, as_json=as_json)
