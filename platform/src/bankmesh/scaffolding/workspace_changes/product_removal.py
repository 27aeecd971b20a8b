"""Removal of a product's files, once its stage of life allows it and nothing reads it; no published data is touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Status
from bankmesh.errors import Place, shorten_list
from bankmesh.ports import port_at
from bankmesh.ports.port_archive import archived_port
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft
from bankmesh.scaffolding.workspace_changes.product_files import find_product_files, is_about, models_read
from bankmesh.scaffolding.workspace_changes.product_mentions import find_mentions
from bankmesh.scaffolding.workspace_changes.product_references import (
    FileKind,
    domain_files,
    find_imports,
    find_references,
)
from bankmesh.workspace.product_consumers import model_files, workspace_readers
from bankmesh.workspace.stage_transitions import contract_of_port
from bankmesh.workspace.workspace_contracts import readable_contracts
from bankmesh.yaml.node_edits import LayoutNotEditable, remove_entries

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from bankmesh.contracts.model import Contract
    from bankmesh.scaffolding.workspace_changes.product_files import ProductFiles
    from bankmesh.scaffolding.workspace_changes.product_references import WorkspaceFile
    from bankmesh.settings import Settings

_EMPTY_DBT_YAML = {"version"}


def plan_product_removal(settings: Settings, product: str, recorded: Collection[str] = ()) -> ChangePlan:
    """Return the removal of `domain.product`, or of one major, `domain.product@2`; writes nothing.

    A contract that was in force stays in the workspace, retired: its name and major are never used again. `recorded`
    are the consumers of recorded reads, named in the refusal. Raises UnknownName, CannotMove if several majors match,
    and ChangeRefused with what to do first: the stage of life does not allow it, or something refers to the product.
    """
    contract = contract_of_port(settings.root, product)
    files = list(domain_files(settings.root))
    own = find_product_files(settings.root, contract)
    _refuse_stage(settings, contract, recorded)
    is_record = contract.status is Status.RETIRED
    readers = _references(settings.root, contract, own, files, is_record=is_record)
    if readers:
        places = shorten_list(str(place.relative_to(settings.root)) for place in readers)
        raise ChangeRefused(
            contract.port,
            f"it is still referred to, by {places}. Remove these references first.",
        )
    draft = WorkspaceDraft(settings.root)
    _remove_own(draft, own, contract, files, is_record=is_record)
    changes = draft.changes()
    if not changes:
        raise ChangeRefused(
            contract.port, "nothing is left to remove. Its contract stays, as the record that it was retired."
        )
    return ChangePlan(
        what=f"remove {contract.port}",
        root=settings.root,
        changes=changes,
        notes=tuple(_notes(settings, contract, own, files)),
        review=find_mentions(settings, [contract.port_name], {change.path for change in changes} | {own.contract}),
        next_steps=tuple(_next_steps(settings, contract)),
    )


def _refuse_stage(settings: Settings, contract: Contract, recorded: Collection[str]) -> None:
    numbered = contract.port_name.numbered
    readers = {
        r.port for r in workspace_readers(settings.root, readable_contracts(settings.root)) if r.source == contract.port
    }
    consumers = sorted({*contract.consumers, *recorded})
    known = f" Products that read it: {shorten_list(sorted(readers))}." if readers else ""
    known += f" Consumers: {shorten_list(consumers)}." if consumers else ""
    retire = f"`mesh contract move {numbered} retired --why ...`"
    match contract.status:
        case Status.ACTIVE:
            deprecate = f"`mesh contract move {numbered} deprecated --end-of-support DATE --why ...`"
            problem = (
                f"it is active, and its readers need notice.{known} First run {deprecate}, after that day {retire}."
            )
        case Status.DEPRECATED:
            end = contract.custom.get("endOfSupport")
            problem = f"it is deprecated, and readers have support until {end}.{known} After that day run {retire}."
        case Status.DRAFT if place := _published(settings, contract):
            problem = (
                f"it is a draft with published versions in {place}, which may be in use.{known} First run {retire}."
            )
        case _:
            return
    raise ChangeRefused(contract.port, problem)


def _published(settings: Settings, contract: Contract) -> Path | None:
    """Return the folder of the published versions, in the ports or in the archive; None if nothing is published."""
    port = port_at(settings.home, contract.product, contract.major)
    archived = archived_port(settings.home, contract.product, contract.major)
    return port.path if port.is_published else archived.path if archived else None


def _references(
    root: Path, contract: Contract, own: ProductFiles, files: Iterable[WorkspaceFile], *, is_record: bool
) -> list[Place]:
    """Return what would not load or be checked without the product; a contract that stays may still be referred to."""
    folder, removed = own.folder, {own.contract, own.model, own.test, *own.data_tests}
    module = _module(own, contract)
    found: list[Place] = []
    for file in files:
        if file.path in removed or (folder and file.path.is_relative_to(folder)):
            continue
        if is_record and file.kind is FileKind.CONTRACT:
            continue
        text = file.path.read_text(encoding="utf-8", errors="replace") if file.kind is not FileKind.OTHER else ""
        rest = _without_own_entries(file, text, contract, root)
        if rest is not None and find_references(file, rest, lambda port: port == contract.port_name):
            found += find_references(file, text, lambda port: port == contract.port_name)  # with the file's own lines
        if module:
            found += find_imports(file, text, module)
    return found


def _module(own: ProductFiles, contract: Contract) -> str | None:
    """Return the Python package of the component's folder."""
    if own.folder is None:
        return None
    package = Path(contract.file).parents[1]
    return ".".join([package.name, *own.folder.relative_to(package).parts])


def _without_own_entries(file: WorkspaceFile, text: str, contract: Contract, root: Path) -> str | None:
    """Return a YAML file without what it says about the product; None if nothing else is left.

    Raises ChangeRefused for a layout that does not allow this.
    """
    if file.domain != contract.domain or file.kind not in {FileKind.DBT_YAML, FileKind.COMPONENT}:
        return text
    table = contract.port_name.table
    try:
        return remove_entries(text, lambda path, value: is_about(path, value, table))
    except LayoutNotEditable as error:
        place = f"{file.path.relative_to(root)}:{error.line}"
        raise ChangeRefused(
            contract.port, f"{place} is about it, and {error.problem}. Remove it there by hand."
        ) from None


def _remove_own(
    draft: WorkspaceDraft, own: ProductFiles, contract: Contract, files: Iterable[WorkspaceFile], *, is_record: bool
) -> None:
    single = [own.model, own.test, *own.data_tests, *([] if is_record else [own.contract])]
    for path in [*own.component_files(), *filter(None, single)]:
        draft.remove(path)
    for file in files:
        text = draft.text(file.path) if file.kind in {FileKind.DBT_YAML, FileKind.COMPONENT} else None
        if text is None:
            continue
        rest = _without_own_entries(file, text, contract, draft.root)
        if rest is None or (rest != text and _says_nothing(rest)):
            draft.remove(file.path)
        elif rest != text:
            draft.write(file.path, rest)


def _says_nothing(text: str) -> bool:
    """Whether only the format version of a dbt YAML file is left."""
    keys = {line.partition(":")[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")}
    return keys <= _EMPTY_DBT_YAML


def _notes(settings: Settings, contract: Contract, own: ProductFiles, files: Sequence[WorkspaceFile]) -> Iterable[str]:
    if contract.status is Status.RETIRED:
        yield f"Its contract stays, as the record that it was retired; {contract.port} is never used again."
    else:
        yield f"Its contract is removed, too: it is {contract.status}, and {settings.home} has no version of it."
    if own.model is None:
        return
    read = models_read(own.model.read_text(encoding="utf-8"))
    others = {
        model
        for file in files
        if file.kind in {FileKind.DBT_CODE, FileKind.DBT_YAML} and file.path != own.model
        for model in models_read(file.path.read_text(encoding="utf-8", errors="replace"))
    }
    known = model_files(settings.root, Path(contract.file).parents[1])
    for model in sorted((read - others) & known.keys()):
        yield f"No other model reads {known[model].relative_to(settings.root)}, which stays."


def _next_steps(settings: Settings, contract: Contract) -> Iterable[str]:
    port = port_at(settings.home, contract.product, contract.major)
    if port.is_published:
        yield f"mesh contract archive {contract.port_name.numbered}, which moves its published versions to the archive"
    yield "mesh contract check, then reload the code location"
