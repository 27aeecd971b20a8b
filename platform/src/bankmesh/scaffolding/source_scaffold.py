"""A new source declaration from real files: proposed from all of their rows, written and landed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.errors import SourceFaults, UnknownName
from bankmesh.scaffolding.classification_proposal import split_words
from bankmesh.scaffolding.file_patterns import FILE_COLUMN, find_patterns, remove_period
from bankmesh.scaffolding.key_proposal import propose_key
from bankmesh.scaffolding.scaffold_input import CannotScaffold
from bankmesh.scaffolding.source_proposals.file_kinds import propose_declaration
from bankmesh.scaffolding.source_proposals.source_proposal import (
    ProposalOptions,
    SourceNames,
    declaration_text,
    with_object,
)
from bankmesh.sources import prepare, read_system
from bankmesh.workspace.domain_folders import domain_packages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bankmesh.scaffolding.file_patterns import FilePatterns
    from bankmesh.scaffolding.key_proposal import ProposedKey
    from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal
    from bankmesh.settings import Settings
    from bankmesh.sources import Landing, LegacyObject


@dataclass(frozen=True)
class NewSource:
    """The requested declaration: its domain, files and, where they are not derived from the files, its names."""

    domain: str
    files: Sequence[Path]
    system: str | None = None
    object: str | None = None


@dataclass(frozen=True)
class SourcePlan:
    """A declaration to be written to `file`; `exports` is the folder below which its files are.

    `before` is the text of the file that declares other objects of the system, empty for a new one.
    """

    domain: str
    file: Path
    exports: Path
    names: SourceNames
    proposal: FileProposal
    before: str = ""

    @property
    def text(self) -> str:
        """The text of the file."""
        if not self.before:
            return declaration_text(self.names, self.proposal)
        return with_object(self.before, self.names, self.proposal)


def plan_source(settings: Settings, new: NewSource, options: ProposalOptions) -> SourcePlan:
    """Propose a declaration from all rows of the files; writes nothing.

    Raises UnknownName for a domain, CannotScaffold for files that are missing or in several folders and for
    an object that exists, CannotPropose for files whose layout is not clear, and LegacyFileError for damaged ones.
    """
    packages = {path.name: path for path in domain_packages(settings.root)}
    if new.domain not in packages:
        raise UnknownName("domain", new.domain, packages)
    files = _existing_files(new.files)
    patterns = find_patterns(files[0].parent, [file.name for file in files])
    names, exports = _names(settings, new, files, patterns, options.record)
    target = packages[new.domain] / "sources" / f"{names.system}.yaml"
    before = _declared_before(settings, target, names)
    proposal = _with_files(propose_declaration(files, options), patterns)
    return SourcePlan(new.domain, target, exports, names, proposal, before)


def write_source(plan: SourcePlan) -> None:
    """Write the declaration with the files beside it, and read it as every landing does.

    Raises SourceFaults, and leaves no file with faults; CannotScaffold if another file has the name of one beside it,
    and if the object does not fit into a declaration that exists.
    """
    plan.file.parent.mkdir(parents=True, exist_ok=True)
    copies = {plan.file.parent / path.name: path.read_bytes() for path in plan.proposal.beside}
    for target, content in copies.items():
        if target.exists() and target.read_bytes() != content:
            raise CannotScaffold(f"Nothing written: {target} already exists, with other text. Rename the file.")
    others = read_system(plan.file).objects if plan.before else ()
    written = [target for target in copies if not target.exists()]
    for target in written:
        target.write_bytes(copies[target])
    plan.file.write_text(plan.text, encoding="utf-8")
    try:
        _check_objects(plan, others)
    except BaseException:
        for target in written:
            target.unlink()
        if plan.before:
            plan.file.write_text(plan.before, encoding="utf-8")
        else:
            plan.file.unlink()
        raise


def _declared_before(settings: Settings, target: Path, names: SourceNames) -> str:
    """Return the text of a declaration that exists, to which the object can be added; empty if there is none."""
    if not target.exists():
        return ""
    system = read_system(target)
    where = f"Nothing written: {target.relative_to(settings.root)}"
    if names.object in {each.name for each in system.objects}:
        raise CannotScaffold(
            f"{where} already exists, with the object {names.object}. Choose another name with --object or --system."
        )
    if system.folder != names.folder:
        raise CannotScaffold(f"{where} already exists, for another folder. Choose another name with --system.")
    return target.read_text(encoding="utf-8")


def _check_objects(plan: SourcePlan, others: Sequence[LegacyObject]) -> None:
    """Check that a written declaration has the new object, and the others as they were."""
    try:
        declared = {each.name: each.digest for each in read_system(plan.file).objects}
    except SourceFaults as error:
        if not plan.before:
            raise
        raise CannotScaffold(f"Nothing written: with {plan.names.object} it would have {error}") from error
    if declared != {**declared, **{each.name: each.digest for each in others}} or plan.names.object not in declared:
        raise CannotScaffold(f"Nothing written: objects must be the last key of {plan.file.name} to add one.")


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
    plan.file.write_text(replace(plan, proposal=noted).text, encoding="utf-8")
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


def _names(
    settings: Settings, new: NewSource, files: Sequence[Path], found: FilePatterns, record: str | None
) -> tuple[SourceNames, Path]:
    """Return the names of the declaration, and the folder of exports, which has the files below it."""
    folder = files[0].parent
    exports = settings.exports.absolute()
    below = folder.is_relative_to(exports) and folder != exports
    exports = exports if below or folder == exports else folder.parent
    system = new.system or _name(folder.name, "source")
    stem = remove_period(files[0].name).partition(".")[0]
    item = new.object or _name(re.sub(r"[0-9]+", "", stem), record or "record")
    for name in (system, item):
        if _name(name, "") != name:
            raise CannotScaffold(f"{name!r} is not a valid name: use lower-case letters, digits and underscores.")
    owner = f"{new.domain}-data"
    below_exports = folder.relative_to(exports).as_posix()
    return SourceNames(system, item, owner, below_exports, found.patterns, found.take_all), exports


def _name(text: str, otherwise: str) -> str:
    name = split_words(text)
    return name if re.match("[a-z]", name) else f"{otherwise}_{name}".strip("_")
