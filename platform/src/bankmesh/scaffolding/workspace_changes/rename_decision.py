"""How a product gets a new name: in place while nothing is promised, else as a new product that succeeds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status
from bankmesh.errors import BankmeshError, UnknownName, shorten_list
from bankmesh.names import CONTRACT_SUFFIX, PortName, split_major
from bankmesh.ports import port_at
from bankmesh.ports.port_archive import archived_port
from bankmesh.scaffolding.product_scaffold import check_product_name
from bankmesh.scaffolding.workspace_changes.change_plan import ChangeRefused
from bankmesh.scaffolding.workspace_changes.product_references import domain_files, read_references
from bankmesh.scaffolding.workspace_changes.product_rename import plan_rename_in_place
from bankmesh.scaffolding.workspace_changes.product_succession import SuccessionTerms, plan_succession
from bankmesh.sources import read_systems
from bankmesh.workspace.product_consumers import model_files
from bankmesh.workspace.stage_transitions import move_entry
from bankmesh.workspace.workspace_contracts import workspace_contracts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from bankmesh.contracts.model import Contract
    from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan
    from bankmesh.settings import Settings

_UNPROMISED = {Status.PROPOSED, Status.DRAFT}


class NeedsEndOfSupport(BankmeshError):
    """The product is in force, so its old name needs an end of support; nothing was written."""

    is_wrong_call = True

    def __init__(self, port: str, new: str) -> None:
        super().__init__(
            f"{port} is active, so {new} becomes a new product; {port} is deprecated and has its rows until the end of "
            "support. Add --end-of-support DATE."
        )


@dataclass(frozen=True)
class RenameRecord:
    """Who renames a product, when and why, and until when the old name is supported, if it is in force."""

    by: str
    on: date
    why: str | None
    end_of_support: str | None


def plan_product_rename(settings: Settings, old: str, new: str, record: RenameRecord) -> ChangePlan:
    """Return the rename of `domain.product`, or of its active major `domain.product@2`, to `new`; writes nothing.

    `new` is a name, or `domain.name` with the same domain. Raises UnknownName, CannotScaffold for an invalid name,
    NeedsEndOfSupport, ChangeRefused, and what the plans raise.
    """
    product, major = split_major(old)
    contracts = workspace_contracts(settings.root)
    majors = [contract for contract in contracts if contract.product == product]
    if not majors or (major is not None and major not in {contract.major for contract in majors}):
        raise UnknownName("product", old, {contract.port for contract in contracts})
    name = _new_name(settings, majors[0], new)
    live = [contract for contract in majors if contract.status is not Status.RETIRED]
    why = record.why or f"Renamed to {majors[0].domain}.{name}."
    if live and all(contract.status in _UNPROMISED for contract in live):
        _refuse_part(live, old, major)
        _refuse_outside_readers(settings.root, live)
        published = [contract for contract in live if _is_published(settings, contract.port_name)]
        return plan_rename_in_place(
            settings, live, name, move_entry(Status.RETIRED, why, record.by, record.on), published
        )
    contract = _active_major(product, [c for c in live if major in {None, c.major}])
    if record.end_of_support is None:
        raise NeedsEndOfSupport(contract.port, f"{contract.domain}.{name}")
    terms = SuccessionTerms(
        active=move_entry(Status.ACTIVE, record.why or f"Takes the place of {contract.port}.", record.by, record.on),
        deprecated=move_entry(Status.DEPRECATED, why, record.by, record.on),
        end_of_support=record.end_of_support,
    )
    return plan_succession(settings, contract, name, terms)


def _new_name(settings: Settings, contract: Contract, new: str) -> str:
    """Return the new name without its domain. Raises CannotScaffold, and ChangeRefused for a name that is taken."""
    domain, dot, name = new.rpartition(".")
    check_product_name(name)
    if dot and domain != contract.domain:
        raise ChangeRefused(
            contract.product, f"{new} is in another domain. Build it there as a new product, and deprecate this one."
        )
    package = Path(contract.file).parents[1]
    is_contract = {path.name.partition(".")[0] for path in (package / "contracts").glob(f"*{CONTRACT_SUFFIX}")}
    if name in is_contract or name in model_files(settings.root, package):
        raise ChangeRefused(contract.product, f"the name {name} is taken in {contract.domain}. Choose another one.")
    if _is_published(settings, PortName(contract.domain, name)):
        raise ChangeRefused(
            contract.product, f"{settings.home} has versions of {contract.domain}.{name}. Choose another name."
        )
    if any(system.name == contract.domain for system in read_systems(package / "sources")):
        raise ChangeRefused(contract.product, f"a legacy system is called {contract.domain}, too. Rename it by hand.")
    return name


def _is_published(settings: Settings, port: PortName) -> bool:
    is_there = port_at(settings.home, port.product_id, port.major).is_published
    return is_there or archived_port(settings.home, port.product_id, port.major) is not None


def _refuse_part(live: Sequence[Contract], old: str, major: int | None) -> None:
    if major is not None and len(live) > 1:
        raise ChangeRefused(old, "all majors of a draft are renamed together. Leave out the major.")


def _refuse_outside_readers(root: Path, live: Sequence[Contract]) -> None:
    ports = {contract.port_name for contract in live}
    found = [
        str(place.relative_to(root))
        for file in domain_files(root)
        if file.domain != live[0].domain
        for place in read_references(file, lambda port: port in ports)
    ]
    if found:
        raise ChangeRefused(
            live[0].product,
            f"it is a draft that other domains read: {shorten_list(found)}. Move it to active first, so that the old "
            "name can be deprecated; or let them stop reading it.",
        )


def _active_major(product: str, contracts: Sequence[Contract]) -> Contract:
    active = [contract for contract in contracts if contract.status is Status.ACTIVE]
    if len(active) == 1:
        return active[0]
    if active:
        ports = " or ".join(contract.port_name.numbered for contract in active)
        raise ChangeRefused(product, f"several majors are active, and each gets a name of its own; write {ports}.")
    stages = (
        ", ".join(f"{contract.port_name.numbered} is {contract.status}" for contract in contracts) or "it is retired"
    )
    raise ChangeRefused(product, f"{stages}; only products that are proposed, draft or active can be renamed.")
