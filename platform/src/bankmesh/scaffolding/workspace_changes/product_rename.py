"""A new name for a product of which nothing is promised yet: every file that names it is edited in place.

A product that is in force keeps its name until its readers have moved: see `product_succession`.
"""

from __future__ import annotations

import keyword
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.contract_editor import move_text
from bankmesh.contracts.parsing.contract_reader import faults_between, read_text
from bankmesh.errors import ContractFaults
from bankmesh.names import CONTRACT_SUFFIX, PortName
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft
from bankmesh.scaffolding.workspace_changes.product_files import find_product_files
from bankmesh.scaffolding.workspace_changes.product_mentions import find_mentions
from bankmesh.scaffolding.workspace_changes.product_references import (
    FileKind,
    WorkspaceFile,
    domain_files,
    find_imports,
    keep_purposes,
    rename_ids,
    rewrite_file,
)
from bankmesh.scaffolding.workspace_changes.python_references import (
    PythonRename,
    defines_function,
    imports_folder,
    rename_in_python,
)
from bankmesh.workspace.workspace_contracts import readable_contracts
from bankmesh.yaml.node_edits import LayoutNotEditable, rewrite_scalars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from bankmesh.contracts.contract_editor import LifecycleEntry
    from bankmesh.contracts.model import Contract
    from bankmesh.scaffolding.workspace_changes.product_files import ProductFiles
    from bankmesh.settings import Settings
    from bankmesh.yaml.node_edits import NodePath

_OWN_NAMES = {("name",), ("dataProduct",), ("schema", 0, "name")}


@dataclass(frozen=True)
class PortRename:
    """One port, its files, and its new name."""

    contract: Contract
    files: ProductFiles
    new: PortName
    function: str | None
    """The transform's function, if it has the product's name and gets the new one."""

    @property
    def old(self) -> PortName:
        """The port's name."""
        return self.contract.port_name

    @property
    def new_folder(self) -> Path | None:
        """The new folder of the component; its old one, if that is not `defs/<product>`."""
        folder = self.files.folder
        if folder is None or folder.parent.name != "defs" or folder.name not in {self.old.table, self.old.product}:
            return folder
        return folder.with_name(self.new.table if folder.name == self.old.table else self.new.product)

    def python(self) -> PythonRename:
        """Return what changes in Python files."""
        folder, new_folder = self.files.folder, self.new_folder
        return PythonRename(
            self.old,
            self.new,
            (folder.name, new_folder.name) if folder and new_folder and folder != new_folder else None,
            (self.function, self.new.product) if self.function else None,
        )

    def new_path(self, path: Path) -> Path:
        """Return where a file of the port is moved to; the same path for other files."""
        folder, new_folder = self.files.folder, self.new_folder
        if folder and new_folder and path.is_relative_to(folder):
            return new_folder / path.relative_to(folder)
        if path == self.files.contract:
            return path.with_name(self.new.contract_file)
        if path == self.files.model:
            return path.with_name(path.name.replace(self.old.product, self.new.product, 1))
        return path.with_name(f"test_{self.new.table}.py") if path == self.files.test else path

    def own_files(self) -> list[Path]:
        """Return the files that make the port."""
        single = [self.files.contract, self.files.model, self.files.test, *self.files.data_tests]
        return [*self.files.component_files(), *filter(None, single)]


def port_rename(root: Path, contract: Contract, new: PortName) -> PortRename:
    """Return the rename of one port. Raises ChangeRefused if its component shares a folder with others."""
    files = find_product_files(root, contract)
    function = None
    if files.component and not keyword.iskeyword(new.product):
        named = re.search(
            r"^\s*transform:\s*['\"]?\.([\w.]+):(\w+)", files.component.read_text(encoding="utf-8"), re.MULTILINE
        )
        module = files.component.parent / f"{named[1]}.py" if named else None
        if named and named[2] == contract.name and module and module.is_file():
            function = named[2] if defines_function(module.read_text(encoding="utf-8"), named[2], new.product) else None
    return PortRename(contract, files, new, function)


def plan_rename_in_place(
    settings: Settings,
    contracts: Sequence[Contract],
    new: str,
    retirement: LifecycleEntry,
    published: Collection[Contract],
) -> ChangePlan:
    """Return the rename of majors of a product, all of which are proposed or drafts; writes nothing.

    The contracts of `published` ones also stay under the old name, retired and replaced by the new ones. Raises
    ChangeRefused if a file with the new name exists, ContractFaults if the result has faults.
    """
    draft = WorkspaceDraft(settings.root)
    renames = [port_rename(settings.root, c, PortName(c.domain, new, c.major)) for c in contracts]
    files = list(domain_files(settings.root))
    for rename in renames:
        refuse_relative_imports(rename, files)
    for file in files:
        text = read_draft(draft, file, renames[0])
        if text is not None and (edited := _rename_all(file, text, renames)) != text:
            draft.write(file.path, edited)
    for rename in renames:
        move_files(draft, rename)
    for rename in renames:
        if rename.contract in published:
            path = rename.files.contract
            successor = {"replacedBy": str(rename.new)}
            draft.write(path, move_text(str(path), rename.contract.text, retirement, successor))
    check_contracts(draft)
    changes = draft.changes()
    old, product = renames[0].old, renames[0].new.product_id
    return ChangePlan(
        what=f"rename {old.product_id} to {product}",
        root=settings.root,
        changes=changes,
        moved=draft.moved,
        notes=tuple(_notes(renames, published, [change.path for change in changes])),
        review=find_mentions(settings, [old], {change.path for change in changes}),
        next_steps=(f"mesh contract check, reload the code location, then mesh run {product}",),
    )


def read_draft(draft: WorkspaceDraft, file: WorkspaceFile, rename: PortRename) -> str | None:
    """Return the text of a file that may name a product; None for others. Raises ChangeRefused if it is not UTF-8."""
    if file.kind is FileKind.OTHER and file.path.suffix != ".md":
        return None
    text = draft.text(file.path)
    if text is None and file.kind is not FileKind.OTHER and draft.exists(file.path):
        raise ChangeRefused(rename.contract.port, f"{file.path} is not UTF-8, so it cannot be edited.")
    return text


def _notes(renames: Sequence[PortRename], published: Collection[Contract], changed: Iterable[Path]) -> Iterable[str]:
    if published:
        names = ", ".join(contract.port for contract in published)
        yield f"{names} was published: its contract stays, retired, and so do its versions."
    own = {path for rename in renames for path in (rename.files.contract, rename.new_path(rename.files.contract))}
    others = [path.name for path in changed if path.name.endswith(CONTRACT_SUFFIX) and path not in own]
    if others:
        yield f"Contracts that refer to it change: {', '.join(others)}. Raise their versions: `mesh contract diff`."


def _rename_all(file: WorkspaceFile, text: str, renames: Iterable[PortRename]) -> str:
    for rename in renames:
        text = rename_in_file(file, text, rename)
    return text


def rename_in_file(file: WorkspaceFile, text: str, rename: PortRename) -> str:
    """Return a file's text with all references to the port, its own entries about it, and its ids renamed.

    Raises ChangeRefused if the layout of YAML does not allow it.
    """
    old, new = rename.old, rename.new
    if file.kind is FileKind.PYTHON:
        module = rename.files.folder and file.path.is_relative_to(rename.files.folder)
        return rename_in_python(text, rename.python(), is_transform=bool(module))
    with _refused_layout(file, rename):
        text = rewrite_file(file, text, lambda port: new if port == old else None)
    if file.domain == old.domain:
        text = rewrite_own_entries(file, text, rename)
    renamed = rename_ids(text, old, new)
    if file.kind is not FileKind.CONTRACT:
        return renamed
    with _refused_layout(file, rename):
        return keep_purposes(text, renamed)


def rewrite_own_entries(file: WorkspaceFile, text: str, rename: PortRename) -> str:
    """Return a file's text in which the contract, the component and dbt's YAML have the new name of their product.

    Raises ChangeRefused if the layout of YAML does not allow it.
    """
    with _refused_layout(file, rename):
        return _rewrite_entries(file, text, rename)


@contextmanager
def _refused_layout(file: WorkspaceFile, rename: PortRename) -> Iterator[None]:
    try:
        yield
    except LayoutNotEditable as error:
        problem = f"{file.path}:{error.line} names it, and {error.problem}. Write it as a plain text there first."
        raise ChangeRefused(rename.contract.port, problem) from None


def _rewrite_entries(file: WorkspaceFile, text: str, rename: PortRename) -> str:
    old, new = rename.old, rename.new
    if file.path == rename.files.contract:
        return rewrite_scalars(
            text,
            lambda path, value: (
                f"{new.domain}.{new.product}"
                if path == ("id",) and value == f"{old.domain}.{old.product}"
                else new.product
                if path in _OWN_NAMES and value == old.product
                else value
            ),
        )
    if file.path == rename.files.component:
        return rewrite_scalars(text, lambda path, value: _in_component(path, value, rename))
    if file.kind is FileKind.COMPONENT:
        return rewrite_scalars(text, lambda path, value: _in_dbt_component(path, value, rename))
    if file.kind is FileKind.DBT_YAML:
        return rewrite_scalars(text, lambda path, value: _in_dbt_yaml(path, value, rename))
    return text


def _in_component(path: NodePath, value: str, rename: PortRename) -> str:
    if path == ("attributes", "contract") and value == rename.old.product:
        return rename.new.product
    if path == ("attributes", "major") and value == str(rename.old.major):
        return str(rename.new.major)
    if path == ("attributes", "transform") and rename.function and value.endswith(f":{rename.function}"):
        return value.removesuffix(rename.function) + rename.new.product
    return value


def _in_dbt_component(path: NodePath, value: str, rename: PortRename) -> str:
    is_key = path[:2] == ("", "attributes") and len(path) == 4 and path[2] in {"repeatable", "partition_inputs"}  # noqa: PLR2004
    return rename.new.table if is_key and value == rename.old.table else value


def _in_dbt_yaml(path: NodePath, value: str, rename: PortRename) -> str:
    match path:
        case ("models", int(), "name") | ("unit_tests", int(), "model") if value == rename.old.table:
            return rename.new.table
        case ("models", int(), "versions", int(), "defined_in"):
            return rename.new.table if value == rename.old.table else value
    return value


def refuse_relative_imports(rename: PortRename, files: Iterable[WorkspaceFile]) -> None:
    """Raise ChangeRefused if a file outside of a folder that moves imports it in a way that is not rewritten.

    That is relatively, as a name of `defs`, or by its path, if its function gets another name.
    """
    python = rename.python()
    if python.folder is None or rename.files.folder is None:
        return
    module = f"{rename.old.domain}.defs.{python.folder[0]}"
    for file in files:
        if file.kind is FileKind.PYTHON and not file.path.is_relative_to(rename.files.folder):
            text = file.path.read_text(encoding="utf-8", errors="replace")
            if found := find_imports(file, text, module, is_relative=True):
                problem = f"{found[0]} imports its module relatively. Write `from {module} import ...` there first."
                raise ChangeRefused(rename.contract.port, problem)
            package, by_path = f"{rename.old.domain}.defs", python.function is not None
            if line := imports_folder(text, package, python.folder[0], by_path=by_path):
                problem = f"{file.path}:{line} imports its folder. Write `from {module}.MODULE import ...` there first."
                raise ChangeRefused(rename.contract.port, problem)


def move_files(draft: WorkspaceDraft, rename: PortRename) -> None:
    """Draft the new paths of a port's files. Raises ChangeRefused if one of them, or the new folder, exists."""
    folder = rename.new_folder
    if folder and folder != rename.files.folder and folder.exists():
        problem = f"{folder.relative_to(draft.root)} exists already. Choose another name."
        raise ChangeRefused(rename.contract.port, problem)
    for path in rename.own_files():
        target = rename.new_path(path)
        if target != path:
            draft.move(path, target)


def check_contracts(draft: WorkspaceDraft) -> None:
    """Raise ContractFaults if the drafted contracts have faults that they did not have before."""
    before = readable_contracts(draft.root)
    changed = {change.path: change for change in draft.changes() if change.path.name.endswith(CONTRACT_SUFFIX)}
    kept = [contract for contract in before if Path(contract.file) not in changed]
    read = [
        read_text(str(path), change.after.decode("utf-8-sig"))
        for path, change in changed.items()
        if change.after is not None
    ]
    faults = {fault for _, found in read for fault in found}
    after = [*kept, *(contract for contract, _ in read if contract)]
    faults |= set(faults_between(after)) - set(faults_between(before))
    if faults:
        raise ContractFaults(faults)
