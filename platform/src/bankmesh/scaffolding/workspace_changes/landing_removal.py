"""Removal of a landed legacy object from its source declaration, once nothing of its domain reads it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.errors import SourceFaults, shorten_list
from bankmesh.names import PortName
from bankmesh.scaffolding.workspace_changes.change_plan import ChangePlan, ChangeRefused, WorkspaceDraft
from bankmesh.scaffolding.workspace_changes.product_mentions import find_mentions
from bankmesh.scaffolding.workspace_changes.product_references import FileKind, domain_files, read_references
from bankmesh.sources import landing_folder, read_system, read_systems
from bankmesh.workspace.landing_names import declaration_file
from bankmesh.yaml.node_edits import LayoutNotEditable, remove_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bankmesh.settings import Settings
    from bankmesh.workspace.landing_names import LandingName


_READING = {FileKind.COMPONENT, FileKind.DBT_CODE, FileKind.DBT_YAML}


def plan_landing_removal(settings: Settings, landing: LandingName) -> ChangePlan:
    """Return the removal of a landing's declaration; of the whole file, if it declares no other one.

    Raises ChangeRefused if a product or another object of the file reads it, or the layout of the file does not allow
    an edit in place.
    """
    root = settings.root
    file = declaration_file(root, landing)
    as_port = PortName(landing.system, landing.object)
    readers = [
        place
        for read in domain_files(root)
        if read.domain == landing.domain and read.kind in _READING
        for place in read_references(read, lambda port: (port.domain, port.table) == (landing.system, landing.object))
    ]
    if readers:
        places = shorten_list(str(place.relative_to(root)) for place in readers)
        problem = f"it is read by {places}. Remove these references first."
        raise ChangeRefused(landing.short, problem)
    draft = WorkspaceDraft(root)
    if len(read_system(file).objects) == 1:
        draft.remove(file)
    else:
        draft.write(file, _without(root, file, landing))
        _check_declaration(file, landing, draft.text(file) or "")
    return ChangePlan(
        what=f"remove {landing.short}",
        root=root,
        changes=draft.changes(),
        notes=tuple(_notes(settings, file, landing, draft)),
        review=find_mentions(settings, [as_port], {file}),
        next_steps=("mesh contract check, then reload the code location",),
    )


def _notes(settings: Settings, file: Path, landing: LandingName, draft: WorkspaceDraft) -> Iterator[str]:
    place = landing_folder(settings.home, landing.domain, landing.system, landing.object)
    if place.is_dir():
        yield f"Its landed rows stay in {place}. Delete that folder once no version built from them is needed."
    texts = [draft.text(each) or "" for each in sorted(file.parent.glob("*.yaml"))]
    before = file.read_text(encoding="utf-8")
    for beside in sorted(path for path in file.parent.iterdir() if path.suffix != ".yaml"):
        if beside.name in before and not any(beside.name in text for text in texts):
            yield f"No declaration reads {beside.relative_to(settings.root)} any more, which stays."


def _without(root: Path, file: Path, landing: LandingName) -> str:
    text = file.read_bytes().decode("utf-8")
    try:
        return remove_entries(text, lambda path, _: path == ("objects", landing.object)) or ""
    except LayoutNotEditable as error:
        place = f"{file.relative_to(root)}:{error.line}"
        raise ChangeRefused(landing.short, f"{place}: {error.problem}. Remove it there by hand.") from None


def _check_declaration(file: Path, landing: LandingName, text: str) -> None:
    """Raise ChangeRefused if the rest of the declaration has faults: another object of it needs the removed one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "sources"
        shutil.copytree(file.parent, copy)
        (copy / file.name).write_bytes(text.encode())
        try:
            read_systems(copy)
        except SourceFaults as error:
            faults = shorten_list(f"{Path(fault.file).name}:{fault.line}: {fault.message}" for fault in error.faults)
            raise ChangeRefused(landing.short, f"the rest of its file needs it: {faults}") from None
