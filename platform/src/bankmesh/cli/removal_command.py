"""`mesh remove`: the files of a product, landing or domain that is not needed any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bankmesh.access.metadata_reader import current_metadata_reader
from bankmesh.catalog.readable_metadata import readable_uses
from bankmesh.catalog.recorded_reads import recorded_use
from bankmesh.cli.change_confirmation import DryRunOption, YesOption, carry_out, undo_interrupted
from bankmesh.cli.name_completion import complete_domain, complete_source
from bankmesh.cli.output import JsonOption
from bankmesh.names import split_major
from bankmesh.scaffolding.workspace_changes.domain_removal import plan_domain_removal
from bankmesh.scaffolding.workspace_changes.landing_removal import plan_landing_removal
from bankmesh.scaffolding.workspace_changes.product_removal import plan_product_removal
from bankmesh.settings import current_settings
from bankmesh.workspace.landing_names import require_landing
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan
    from bankmesh.settings import Settings


def remove(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A product, domain.product or one major of it, domain.product@2; or a landing, system.object.",
            metavar="NAME",
            autocompletion=complete_source,
        ),
    ] = None,
    *,
    domain: Annotated[
        str | None, typer.Option(help="A whole domain instead of NAME.", autocompletion=complete_domain)
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove the files of a product or domain, or the declaration of a landing. Published and landed rows stay.

    Exit 1 if its stage or its readers do not allow it.
    """
    if (name is None) == (domain is None):
        raise typer.BadParameter("name a product or landing, or a domain with --domain")
    settings = current_settings()
    undo_interrupted(settings.root, dry_run=dry_run)
    plan = plan_domain_removal(settings, domain) if domain else _plan(settings, str(name))
    carry_out(plan, yes=yes, dry_run=dry_run, as_json=as_json)


def _plan(settings: Settings, name: str) -> ChangePlan:
    product = split_major(name)[0]
    products = {contract.product for contract in workspace_contracts(settings.root)}
    if product in products:
        return plan_product_removal(settings, name, _recorded_readers(settings, product))
    return plan_landing_removal(settings, require_landing(settings.root, name, products))


def _recorded_readers(settings: Settings, product: str) -> set[str]:
    """Return the consumers of recorded reads of a product; for others than its owners and auditors only how many."""
    reads = [use for use in recorded_use(settings.home) if split_major(use.port)[0] == product]
    reader = current_metadata_reader(settings, decides=False)
    named = {use.consumer for use in readable_uses(reads, product.partition(".")[0], reader.principal)}
    number = len({use.consumer for use in reads})
    return named if named or not number else {f"{number} of recorded reads"}
