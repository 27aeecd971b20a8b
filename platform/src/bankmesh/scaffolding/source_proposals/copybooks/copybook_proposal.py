"""Proposals for files of mainframes: fields by their copybook, all else by what the bytes of all records show."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bankmesh.errors import UnknownName
from bankmesh.scaffolding.classification_proposal import propose_classification, split_words
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal, propose_column
from bankmesh.scaffolding.source_proposals.copybooks.copybook_bytes import (
    PREFERRED_PAGES,
    FieldBytes,
    find_code_page,
    find_framing,
    record_blocks,
)
from bankmesh.scaffolding.source_proposals.copybooks.copybook_fields import RecordFields, find_fields, natural_type
from bankmesh.scaffolding.source_proposals.copybooks.copybook_types import FoundTypes, find_types
from bankmesh.scaffolding.source_proposals.record_profiles import (
    RecordProfiles,
    draft_column,
    draft_object,
    profile_records,
)
from bankmesh.scaffolding.source_proposals.source_proposal import CannotPropose, FileProposal, ProposalOptions
from bankmesh.sources.copybook.code_pages import CODE_PAGES
from bankmesh.sources.copybook.copybook_format import FIXED_LENGTH, CopybookFormat
from bankmesh.sources.copybook.copybook_parser import parse_copybook
from bankmesh.sources.copybook.copybook_records import identify_types
from bankmesh.sources.copybook.copybook_source import FIXED, FORMS, CopybookError
from bankmesh.sources.copybook.storage_layout import CHARACTERS, RecordStorage
from bankmesh.sources.declarations.record_layout import TRAILER

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile
    from bankmesh.sources.copybook.storage_layout import FieldReference

_IDENTIFIER = re.compile(
    r"(?:^|_)(?:konto|kto|account|acct|ucet|iban|blz|plz|psc|zip|post_?code|bank_?code|kd|cif|cust|customer|kunden?|client)"
    r"(?:nr|no|number|nummer|id)?(?:_|$)"
)
"""Names of digits that are written with leading zeros."""
_DAY_DIGITS = 8
_LEAST_DAYS = 10
"""The values from which numbers of eight digits that are all days are proposed as days."""
_ZEROS = "0" * _DAY_DIGITS


@dataclass(frozen=True)
class _Copybook:
    """A copybook: its file, form, text, and levels 01."""

    file: Path
    form: str
    source: str
    layouts: dict[str, RecordStorage]


def propose_copybook(files: Sequence[Path], options: ProposalOptions) -> FileProposal:
    """Propose a declaration for files that the copybook of the options describes.

    Raises CannotPropose, UnknownName for a code page or type of record, and LegacyFileError for a damaged file.
    """
    copybook = _read_copybook(files[0], options.copybook)
    if options.encoding is not None and options.encoding not in CODE_PAGES:
        raise UnknownName("code page", options.encoding, CODE_PAGES)
    page = options.encoding or PREFERRED_PAGES[0]
    layouts = copybook.layouts
    bounds = min(each.shortest for each in layouts.values()), max(each.longest for each in layouts.values())
    written = CopybookFormat(copybook=copybook.file.name, source=copybook.source, form=copybook.form, encoding=page)
    written = find_framing(files, written, bounds)
    found_types = find_types(files, written, layouts) if len(layouts) > 1 else next(iter(layouts))
    types = None if isinstance(found_types, str) else found_types
    record = _record_type(types, options.record)
    name = types.layouts[record] if types else str(found_types)
    layout = layouts[name]
    fields = _without_selector(find_fields(layout), types, record)
    keys = _format_keys(written, types)
    if types is None and len(layouts) > 1:
        keys["layout"] = name
    draft = _Draft(files, copybook, keys, record, fields)
    found = draft.read_bytes(layout)
    questions: tuple[str, ...] = ()
    if options.encoding is None:
        page, questions = find_code_page(files[0], found)
    draft = replace(draft, format={**draft.format, "encoding": page})
    columns, rows, open_fields = _propose_columns(draft, found.fills, options)
    questions = (*questions, *_questions(types, record), *draft.fields.questions, *open_fields)
    object_keys = {"record": record} if types else {}
    return FileProposal(draft.format, columns, rows, object_keys, questions, (copybook.file,))


def _read_copybook(file: Path, copybook: Path | None) -> _Copybook:
    if copybook is None:
        raise CannotPropose(file, "its fields are in a copybook", "Name it with --copybook FILE.")
    try:
        source = copybook.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise CannotPropose(copybook, "it is no file of UTF-8 text", "Give a copybook in UTF-8.") from None
    problems: dict[str, CopybookError] = {}
    for form in FORMS:
        try:
            layouts = {item.name: RecordStorage(item) for item in parse_copybook(source, form)}
        except CopybookError as error:
            problems[form] = error
        else:
            return _Copybook(copybook, form, source, layouts)
    likely = max(problems.values(), key=lambda error: error.line)
    advice = "Correct the copybook, or see the reference of copybooks for what is read."
    raise CannotPropose(copybook, str(likely), advice)


def _record_type(types: FoundTypes | None, named: str | None) -> str:
    if named is not None and (types is None or named not in types.details):
        raise UnknownName("type of record of the copybook", named, types.details if types else ())
    return named or (types.details[0] if types else "")


def _without_selector(found: RecordFields, types: FoundTypes | None, record: str) -> RecordFields:
    """Return the fields without a selector that holds the same value in all records of the type."""
    if types is None or len(types.values[record]) > 1:
        return found
    return replace(found, fields={name: each for name, each in found.fields.items() if name != types.selector})


def _format_keys(written: CopybookFormat, types: FoundTypes | None) -> dict[str, object]:
    keys: dict[str, object] = {"kind": "copybook", "copybook": written.copybook, "encoding": written.encoding}
    if written.form != FIXED:
        keys["copybook_form"] = written.form
    if written.recfm != FIXED_LENGTH:
        keys["recfm"] = written.recfm
    if types is not None:
        keys |= {"selector": types.selector, "records": types.declared()}
    return keys


def _questions(types: FoundTypes | None, record: str) -> tuple[str, ...]:
    if types is None:
        return ()
    found = []
    if others := ", ".join(name for name in types.details if name != record):
        found.append(f"which records are needed? These are of type {record}; --record proposes {others}")
    found += [
        f"which fields of {types.layouts[name]} are counts or sums? Declare them as its totals, which are verified"
        for name, role in types.roles.items()
        if role == TRAILER
    ]
    return tuple(found)


@dataclass(frozen=True)
class _Draft:
    """A declaration by which the records are read to be profiled."""

    files: Sequence[Path]
    copybook: _Copybook
    format: Mapping[str, object]
    record: str
    fields: RecordFields

    def proposal(self, missing: Mapping[str, Counter[str]], left_out: frozenset[str]) -> FileProposal:
        """Return the draft with the natural type of each field."""
        columns = []
        for name, reference in self.fields.fields.items():
            kind = natural_type(reference.storage)
            if name in left_out or kind is None:
                continue
            keys: dict[str, object] = {"type": kind, "missing": sorted(missing.get(name, ()))}
            columns.append(draft_column(name, keys))
        object_keys = {"record": self.record} if self.record else {}
        return FileProposal(self.format, tuple(columns), 0, object_keys)

    def read_bytes(self, layout: RecordStorage) -> FieldBytes:
        """Examine the bytes of the fields of all records of the type."""
        written = draft_object(self.proposal({}, frozenset()), self.copybook.file).format
        if not isinstance(written, CopybookFormat):
            raise TypeError(written)
        found, own = FieldBytes(), written.index(self.record)
        steady = {name: each for name, each in self.fields.fields.items() if layout.is_steady(each)}
        for block in record_blocks(self.files, written):
            found.add(block, identify_types(block, written).of_type(own), layout, steady)
        return found

    def profiles(self, missing: Mapping[str, Counter[str]], left_out: frozenset[str]) -> RecordProfiles:
        """Read all records of the type, and profile the values of their fields."""
        digits = {name: _DAY_DIGITS for name, each in self.fields.fields.items() if _may_be_day(each)}
        obj = draft_object(self.proposal(missing, left_out), self.copybook.file)
        return profile_records(obj, self.files, digits=digits)


def _may_be_day(reference: FieldReference) -> bool:
    storage = reference.storage
    return storage.is_exact and not storage.scale and storage.digits == _DAY_DIGITS


def _propose_columns(
    draft: _Draft, missing: Mapping[str, Counter[str]], options: ProposalOptions
) -> tuple[tuple[ColumnProposal, ...], int, tuple[str, ...]]:
    """Return the columns, the number of records, and questions about fields that are left out.

    The fields of an area that is redefined are left out if some records do not hold them: those hold the other fields.
    """
    found = draft.profiles(missing, frozenset())
    open_areas = {
        area: names for area, names in draft.fields.redefined.items() if any(found.faults[name] for name in names)
    }
    left_out = frozenset(name for names in open_areas.values() for name in names)
    if left_out:
        found = draft.profiles(missing, left_out)
    if not found.profiles:
        raise CannotPropose(draft.files[0], "no field of its records can be read", "Declare its columns by hand.")
    columns = tuple(
        _column(draft.fields.fields[name], profile, found.faults[name], sorted(missing.get(name, ())), options)
        for name, profile in found.profiles.items()
    )
    questions = tuple(
        f"{area} is left out, because other records hold other fields there: declare {', '.join(names)} with when"
        for area, names in open_areas.items()
    )
    return columns, found.rows, questions


def _column(
    reference: FieldReference, profile: ColumnProfile, faults: int, missing: list[str], options: ProposalOptions
) -> ColumnProposal:
    found = _typed(reference, profile, options)
    keys = dict(found.keys)
    markers = keys.pop("missing", [])
    if isinstance(markers, list) and (markers or missing):
        keys["missing"] = [*missing, *markers]
    if any(item.occurs for item in reference.path):
        keys.pop("required", None)
    notes, questions = (*found.notes, *_notes(reference, keys)), found.questions
    if reference.path[-1].conditions and not reference.storage.scale:
        question = "are the names of its levels 88 to land? Declare type string and codes: level_88"
        questions = (*questions, question)
    if faults:
        notes = (*notes, f"{faults:,} records do not hold such a value: rejects")
        keys.pop("required", None)
    return replace(found, keys=keys, notes=notes, questions=questions)


def _notes(reference: FieldReference, keys: Mapping[str, object]) -> tuple[str, ...]:
    """Return a note for digits that identify something, whose leading zeros a number does not have."""
    if keys["type"] != "long" or not _IDENTIFIER.search(split_words(reference.path[-1].name)):
        return ()
    return (f"a number, without the leading zeros of its {reference.storage.digits} digits: restore them in a product",)


def _typed(reference: FieldReference, profile: ColumnProfile, options: ProposalOptions) -> ColumnProposal:
    """Return a column of the type of its field, or of that which its values show, for texts and days."""
    if reference.storage.kind == CHARACTERS:
        shown = propose_column(profile, day_first=options.day_first)
        is_number = shown.keys["type"] not in {"string", "date", "timestamp", "boolean"}
        if not is_number or reference.storage.edited:
            return shown
        required = {"required": True} if "required" in shown.keys else {}
        return replace(shown, keys={"type": "string", **required}, notes=(), questions=())  # digits of PIC X are text
    if _may_be_day(reference):
        shown = propose_column(profile, day_first=options.day_first)
        if shown.keys["type"] == "date" and profile.values >= _LEAST_DAYS:
            markers = ["ZEROS"] if profile.missing[_ZEROS] else []
            return replace(shown, keys={**shown.keys, "missing": markers})
    keys: dict[str, object] = {"type": natural_type(reference.storage)}
    if profile.rows and not profile.absent:
        keys["required"] = True
    return ColumnProposal(profile.name, keys, propose_classification(profile.name, profile.shares))
