"""Removal of a landed legacy object from its source declaration, once nothing of its domain reads it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bankmesh.errors import Place, SourceFaults, shorten_list
from bankmesh.names import PortName, landing_asset, readable_asset
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft
from bankmesh.scaffolding.workspace_changes.product_mentions import find_mentions
from bankmesh.scaffolding.workspace_changes.product_references import FileKind, domain_files, read_references
from bankmesh.sources import read_systems
from bankmesh.workspace.domain_folders import domain_packages
from bankmesh.yaml.node_edits import LayoutNotEditable, remove_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.settings import Settings


_READING = {FileKind.COMPONENT, FileKind.DBT_CODE, FileKind.DBT_YAML}


@dataclass(frozen=True)
class DeclaredObject:
    """A legacy object that a domain declares, and the file that does."""

    package: Path
    file: Path
    system: str
    name: str
    is_only_one: bool

    @property
    def reference(self) -> str:
        """The name by which its domain reads it."""
        return f"{self.system}.{self.name}"

    @property
    def landing(self) -> str:
        """The name of its asset, which has the domain: `retail.landing.core_banking_trans`."""
        return readable_asset(landing_asset(self.package.name, self.system, self.name))


def declared_objects(root: Path) -> Iterator[DeclaredObject]:
    """Yield the legacy objects of all domains, as their files declare them; files that are no YAML are skipped."""
    for package in domain_packages(root):
        for file in sorted((package / "sources").glob("*.yaml")):
            try:
                data = yaml.safe_load(file.read_text(encoding="utf-8"))
            except (yaml.YAMLError, UnicodeDecodeError):
                continue
            objects = data.get("objects") if isinstance(data, dict) else None
            if isinstance(objects, dict):
                system, is_only_one = str(data.get("system")), len(objects) == 1
                yield from (DeclaredObject(package, file, system, str(name), is_only_one) for name in objects)


def find_declared_object(root: Path, name: str) -> DeclaredObject | None:
    """Return the object `system.object` or `domain.landing.system_object`; None if there is none.

    Raises ChangeRefused if several domains declare `system.object`.
    """
    found = [declared for declared in declared_objects(root) if name in {declared.reference, declared.landing}]
    if len(found) > 1:
        names = " or ".join(declared.landing for declared in found)
        raise ChangeRefused(name, f"several domains land it; write {names}.")
    return found[0] if found else None


def plan_landing_removal(settings: Settings, declared: DeclaredObject) -> ChangePlan:
    """Return the removal of an object's declaration; of the whole file, if it declares no other one.

    Raises ChangeRefused if a product or another object of the file reads it, or the layout of the file does not allow
    an edit in place.
    """
    root = settings.root
    as_port = PortName(declared.system, declared.name)
    readers = [
        place
        for file in domain_files(root)
        if file.domain == declared.package.name and file.kind in _READING
        for place in read_references(file, lambda port: port == as_port)
    ]
    if readers:
        problem = f"it is read by {_places(root, readers)}. Remove these references first."
        raise ChangeRefused(declared.reference, problem)
    draft = WorkspaceDraft(root)
    if declared.is_only_one:
        draft.remove(declared.file)
    else:
        draft.write(declared.file, _without(root, declared))
        _check_declaration(declared, draft.text(declared.file) or "")
    return ChangePlan(
        what=f"remove {declared.reference}",
        root=root,
        changes=draft.changes(),
        notes=tuple(_notes(settings, declared, draft)),
        review=find_mentions(settings, [as_port], {declared.file}),
        next_steps=("mesh contract check, then reload the code location",),
    )


def _notes(settings: Settings, declared: DeclaredObject, draft: WorkspaceDraft) -> Iterator[str]:
    place = settings.home / "landings" / declared.package.name / declared.system / declared.name
    if place.is_dir():
        yield f"Its landed rows stay in {place}. Delete that folder once no version built from them is needed."
    texts = [draft.text(file) or "" for file in sorted(declared.file.parent.glob("*.yaml"))]
    before = declared.file.read_text(encoding="utf-8")
    for beside in sorted(path for path in declared.file.parent.iterdir() if path.suffix != ".yaml"):
        if beside.name in before and not any(beside.name in text for text in texts):
            yield f"No declaration reads {beside.relative_to(settings.root)} any more, which stays."


def _without(root: Path, declared: DeclaredObject) -> str:
    text = declared.file.read_bytes().decode("utf-8")
    try:
        return remove_entries(text, lambda path, _: path == ("objects", declared.name)) or ""
    except LayoutNotEditable as error:
        place = f"{declared.file.relative_to(root)}:{error.line}"
        raise ChangeRefused(declared.reference, f"{place}: {error.problem}. Remove it there by hand.") from None


def _check_declaration(declared: DeclaredObject, text: str) -> None:
    """Raise ChangeRefused if the rest of the declaration has faults: another object of it needs the removed one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "sources"
        shutil.copytree(declared.file.parent, copy)
        (copy / declared.file.name).write_bytes(text.encode())
        try:
            read_systems(copy)
        except SourceFaults as error:
            faults = shorten_list(f"{Path(fault.file).name}:{fault.line}: {fault.message}" for fault in error.faults)
            raise ChangeRefused(declared.reference, f"the rest of its file needs it: {faults}") from None


def _places(root: Path, places: list[Place]) -> str:
    return shorten_list(f"{Path(place.file).relative_to(root)}:{place.line}" for place in places)
