"""A new source declaration from real files: proposed from all of their rows, written and landed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.classification_proposal import split_words
from bankmesh.scaffolding.file_patterns import FILE_COLUMN, find_patterns
from bankmesh.scaffolding.key_proposal import propose_key
from bankmesh.scaffolding.scaffold_input import CannotScaffold
from bankmesh.scaffolding.source_proposals.file_kinds import propose_declaration
from bankmesh.scaffolding.source_proposals.source_proposal import ProposalOptions, SourceNames, declaration_text
from bankmesh.sources import prepare, read_system
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.scaffolding.file_patterns import FilePatterns
    from bankmesh.scaffolding.key_proposal import ProposedKey
    from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal
    from bankmesh.settings import Settings
    from bankmesh.sources import Landing


@dataclass(frozen=True)
class NewSource:
    """The requested declaration: its domain, files and, where they are not derived from the files, its names."""

    domain: str
    files: Sequence[Path]
    system: str | None = None
    object: str | None = None


@dataclass(frozen=True)
class SourcePlan:
    """A declaration to be written to `file`; `exports` is the folder below which its files are."""

    domain: str
    file: Path
    text: str
    exports: Path
    names: SourceNames
    proposal: FileProposal


def plan_source(settings: Settings, new: NewSource, options: ProposalOptions) -> SourcePlan:
    """Propose a declaration from all rows of the files; writes nothing.

    Raises UnknownName for a domain, CannotScaffold for files that are missing or in several folders and for
    a declaration that exists, CannotPropose for files whose layout is not clear, and LegacyFileError for damaged ones.
    """
    packages = {path.name: path for path in domain_packages(settings.root)}
    if new.domain not in packages:
        raise UnknownName("domain", new.domain, packages)
    files = _existing_files(new.files)
    patterns = find_patterns(files[0].parent, [file.name for file in files])
    names, exports = _names(settings, new, files, patterns)
    target = packages[new.domain] / "sources" / f"{names.system}.yaml"
    if target.exists():
        raise CannotScaffold(
            f"Nothing written: {target.relative_to(settings.root)} already exists. Choose another name with --system, "
            "or add the object to that file."
        )
    proposal = _with_files(propose_declaration(files, options), patterns)
    return SourcePlan(new.domain, target, declaration_text(names, proposal), exports, names, proposal)


def write_source(plan: SourcePlan) -> None:
    """Write the declaration with the files beside it, and read it as every landing does.

    Raises SourceFaults, and leaves no file with faults; CannotScaffold if another file has the name of one beside it.
    """
    plan.file.parent.mkdir(parents=True, exist_ok=True)
    copies = {plan.file.parent / path.name: path.read_bytes() for path in plan.proposal.beside}
    for target, content in copies.items():
        if target.exists() and target.read_bytes() != content:
            raise CannotScaffold(f"Nothing written: {target} already exists, with other text. Rename the file.")
    written = [target for target in copies if not target.exists()]
    for target in written:
        target.write_bytes(copies[target])
    plan.file.write_text(plan.text, encoding="utf-8")
    try:
        read_system(plan.file)
    except BaseException:
        for target in (plan.file, *written):
            target.unlink()
        raise


def land_source(settings: Settings, plan: SourcePlan) -> Landing:
    """Land the files by the declaration that was written, without making the landing current.

    The next run accepts it, if its rejects are tolerated. Raises LegacyFileError.
    """
    obj = read_system(plan.file).object(plan.names.object)
    return prepare(obj, plan.exports, settings.home, plan.domain)


def note_key(settings: Settings, plan: SourcePlan) -> ProposedKey:
    """Return the key that the rows landed last show, and write it as a note into the declaration."""
    obj = read_system(plan.file).object(plan.names.object)
    key = propose_key(settings, plan.domain, obj)
    noted = replace(plan.proposal, notes=(*plan.proposal.notes, str(key)))
    plan.file.write_text(declaration_text(plan.names, noted), encoding="utf-8")
    return key


def _with_files(proposal: FileProposal, found: FilePatterns) -> FileProposal:
    """Return the proposal with what the names of its files leave open, and a column for names that hold a period."""
    questions = (*filter(None, [found.question]), *proposal.questions)
    taken = {split_words(column.header) for column in proposal.columns}
    if not found.period or FILE_COLUMN in taken:
        return replace(proposal, questions=questions)
    return replace(proposal, questions=questions, object_keys={**proposal.object_keys, "file_as": FILE_COLUMN})


def _existing_files(files: Sequence[Path]) -> list[Path]:
    found = sorted({file.absolute() for file in files})
    if missing := [str(file) for file in found if not file.is_file()]:
        raise CannotScaffold(f"Nothing written: {', '.join(missing)} is not a file.")
    if len({file.parent for file in found}) > 1:
        raise CannotScaffold("Nothing written: the files are in several folders. Name those of one folder.")
    return found


def _names(settings: Settings, new: NewSource, files: Sequence[Path], found: FilePatterns) -> tuple[SourceNames, Path]:
    """Return the names of the declaration, and the folder of exports, which has the files below it."""
    folder = files[0].parent
    exports = settings.exports.absolute()
    below = folder.is_relative_to(exports) and folder != exports
    exports = exports if below or folder == exports else folder.parent
    system = new.system or _name(folder.name, "source")
    item = new.object or _name(re.sub(r"[0-9]+", "", files[0].name.partition(".")[0]), "record")
    for name in (system, item):
        if _name(name, "") != name:
            raise CannotScaffold(f"{name!r} is not a valid name: use lower-case letters, digits and underscores.")
    owner = f"{new.domain}-data"
    below_exports = folder.relative_to(exports).as_posix()
    return SourceNames(system, item, owner, below_exports, found.patterns, found.take_all), exports


def _name(text: str, otherwise: str) -> str:
    name = split_words(text)
    return name if re.match("[a-z]", name) else f"{otherwise}_{name}".strip("_")
