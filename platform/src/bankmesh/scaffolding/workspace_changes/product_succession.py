"""A new name for a product that is in force: a new product takes over its code, and the old one reads it until its end.

The old product is deprecated, names its successor, and keeps its versions, its contract and its readers. Its transform
is replaced by one that returns the successor's rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from bankmesh.contracts.contract_editor import move_text
from bankmesh.contracts.lifecycle import PROPERTY
from bankmesh.contracts.parsing.access_clauses import GRANTS
from bankmesh.errors import shorten_list
from bankmesh.names import PortName
from bankmesh.scaffolding.product_scaffold import select_columns, sql_column
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft
from bankmesh.scaffolding.workspace_changes.product_mentions import find_mentions
from bankmesh.scaffolding.workspace_changes.product_references import (
    FileKind,
    domain_files,
    find_imports,
    find_permissions,
    read_references,
)
from bankmesh.scaffolding.workspace_changes.product_rename import (
    check_contracts,
    move_files,
    port_rename,
    read_draft,
    refuse_relative_imports,
    rename_in_file,
    rewrite_own_entries,
)
from bankmesh.yaml.node_edits import LayoutNotEditable, remove_entries, rewrite_scalars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bankmesh.contracts.contract_editor import LifecycleEntry
    from bankmesh.contracts.model import Contract
    from bankmesh.errors import Place
    from bankmesh.scaffolding.workspace_changes.product_references import WorkspaceFile
    from bankmesh.scaffolding.workspace_changes.product_rename import PortRename
    from bankmesh.settings import Settings

_OF_THE_OLD = {PROPERTY, "endOfSupport", "replacedBy", GRANTS}
"""Custom properties that the new product begins without; products that are built on the old one still read that."""
_MATERIALIZED = re.compile(r"\bmaterialized\s*=\s*(['\"])product\1")
_MODEL = Template("""\
-- Deprecated: the rows of $new, until its readers have moved there.
$select
from {{ source('$domain', '$table') }}
""")
_DEFS = Template("""\
type: bankmesh.PolarsDataProduct

attributes:
  contract: $old
$major  transform: .transform:$old
  inputs:
    successor: $new
""")
_TRANSFORM = Template('''\
"""The transform of $port, which is deprecated and has the rows of $new."""

import polars as pl


def $old(successor: pl.LazyFrame$parameter) -> pl.LazyFrame:
    """Return the rows of $new."""
    return successor$partitions
''')


@dataclass(frozen=True)
class SuccessionTerms:
    """What the contracts record: the first stage of the new product, and the deprecation of the old one."""

    active: LifecycleEntry
    deprecated: LifecycleEntry
    end_of_support: str


def plan_succession(settings: Settings, contract: Contract, new: str, terms: SuccessionTerms) -> ChangePlan:
    """Return the succession of an active major by a new product; writes nothing.

    Raises ChangeRefused if the product reads its own versions, or a file with the new name exists; CannotEdit and
    ContractFaults if a contract cannot be edited or the result has faults.
    """
    rename = port_rename(settings.root, contract, PortName(contract.domain, new))
    files = list(domain_files(settings.root))
    own = set(rename.own_files())
    refuse_relative_imports(rename, files)
    _refuse_own_versions(rename, [file for file in files if file.path in own])
    draft = WorkspaceDraft(settings.root)
    module = _module(rename)
    for file in files:
        text = read_draft(draft, file, rename) if file.domain == contract.domain else None
        if text is None:
            continue
        if file.path in own or (module and find_imports(file, text, module)):
            edited = rename_in_file(file, text, rename)
        else:
            edited = rewrite_own_entries(file, text, rename)
        if edited != text:
            draft.write(file.path, edited)
    move_files(draft, rename)
    _write_contracts(draft, rename, terms)
    stand_ins = _stand_ins(rename)
    for path, text in stand_ins.items():
        draft.write(path, text)
    check_contracts(draft)
    others = [file for file in files if file.path not in own]
    permissions = _found_in(others, rename, find_permissions)
    readers = [place for place in _found_in(others, rename, read_references) if place not in permissions]
    changes = draft.changes()
    return ChangePlan(
        what=f"rename {contract.port} to {rename.new}",
        root=settings.root,
        changes=changes,
        moved=draft.moved,
        stand_ins=frozenset(stand_ins),
        notes=(*_notes(settings.root, rename, terms, readers), *_permission_notes(settings.root, rename, permissions)),
        review=find_mentions(
            settings, [rename.old], {c.path for c in changes} | {Path(place.file) for place in readers}
        ),
        next_steps=(
            f"mesh contract check, reload the code location, then mesh run {rename.new} {rename.old}",
            f"mesh contract move {rename.old.numbered} retired --why ..., from {terms.end_of_support} on",
            f"mesh remove {rename.old.numbered}",
        ),
    )


def _refuse_own_versions(rename: PortRename, own: Iterable[WorkspaceFile]) -> None:
    for file in own:
        if file.kind is FileKind.CONTRACT or file.path in rename.files.data_tests:
            continue
        found = read_references(file, lambda port: port == rename.old)
        if found:
            raise ChangeRefused(
                rename.contract.port,
                f"it reads its own versions ({found[0]}), which {rename.new} would not have. Keep the name.",
            )


def _module(rename: PortRename) -> str | None:
    folder = rename.python().folder
    return f"{rename.old.domain}.defs.{folder[0]}" if folder else None


def _write_contracts(draft: WorkspaceDraft, rename: PortRename, terms: SuccessionTerms) -> None:
    old = rename.files.contract
    path = rename.new_path(old)
    text = draft.text(path) or ""
    try:
        kept = remove_entries(text, lambda _, value: isinstance(value, dict) and value.get("property") in _OF_THE_OLD)
    except LayoutNotEditable as error:
        raise ChangeRefused(rename.contract.port, f"{old}:{error}. Edit it by hand.") from None
    begun = move_text(str(path), kept or "", terms.active, {})
    draft.write(path, rewrite_scalars(begun, lambda at, value: "1.0.0" if at == ("version",) else value))
    ending = {"endOfSupport": terms.end_of_support, "replacedBy": str(rename.new)}
    draft.write(old, move_text(str(old), rename.contract.text, terms.deprecated, ending))


def _stand_ins(rename: PortRename) -> dict[Path, str]:
    """Return the files that build the old product from the new one, with their texts."""
    contract, old, new = rename.contract, rename.old, rename.new
    partition = contract.partitioning.column if contract.partitioning else None
    if rename.files.model:
        columns = select_columns([column.name for column in contract.columns])
        text = _MODEL.substitute(new=new, select=columns, domain=new.domain, table=new.table)
        text += f"where {{{{ in_partitions('{sql_column(partition)}') }}}}\n" if partition else ""
        is_set = _MATERIALIZED.search(rename.files.model.read_text(encoding="utf-8"))
        return {rename.files.model: "{{ config(materialized='product') }}\n\n" * bool(is_set) + text}
    if rename.files.folder is None:
        raise ChangeRefused(contract.port, "neither a dbt model nor a PolarsDataProduct builds it. Rename it by hand.")
    values = {"old": old.product, "port": old, "new": new, "major": f"  major: {old.major}\n" * (old.major > 1)}
    values["parameter"] = ", partitions: list[str]" if partition else ""
    keys = f'.filter(pl.col("{partition}").dt.to_string("%Y-%m-%d").is_in(list(partitions)))'
    values["partitions"] = keys if partition else ""
    folder = rename.files.folder
    return {folder / "defs.yaml": _DEFS.substitute(values), folder / "transform.py": _TRANSFORM.substitute(values)}


def _found_in(
    files: Iterable[WorkspaceFile],
    rename: PortRename,
    find: Callable[[WorkspaceFile, Callable[[PortName], bool]], list[Place]],
) -> list[Place]:
    return [place for file in files for place in find(file, lambda port: port == rename.old)]


def _permission_notes(root: Path, rename: PortRename, permissions: Iterable[Place]) -> Iterable[str]:
    """Yield where owners of inputs let the old product read them; only they may let the new one do so."""
    places = [str(place.relative_to(root)) for place in permissions]
    if places:
        yield (
            f"These contracts let {rename.old} read their products. Their owners must let {rename.new} do so, too, "
            f"before it loads: {shorten_list(places)}."
        )


def _notes(root: Path, rename: PortRename, terms: SuccessionTerms, readers: Iterable[Place]) -> Iterable[str]:
    yield (
        f"{rename.new} is a new product without versions. {rename.old} keeps its versions, is deprecated until "
        f"{terms.end_of_support}, and has the rows of {rename.new} from its next run on."
    )
    places = [str(place.relative_to(root)) for place in readers]
    if places:
        yield f"These read {rename.old}, and move to {rename.new} by then: {shorten_list(places)}."
    if rename.contract.consumers:
        yield f"Notify its consumers: {shorten_list(rename.contract.consumers)}."
