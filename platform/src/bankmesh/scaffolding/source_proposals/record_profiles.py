"""Profiles of the fields of records, read from all files by the readers that land them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bankmesh.contracts.model import Classification
from bankmesh.scaffolding.classification_proposal import ClassificationProposal
from bankmesh.scaffolding.source_proposals.column_profile import ColumnProfile
from bankmesh.scaffolding.source_proposals.column_proposal import ColumnProposal
from bankmesh.scaffolding.source_proposals.source_proposal import FileProposal, SourceNames, declaration_text
from bankmesh.sources import read_system
from bankmesh.sources.parsing.line_blocks import BLOCK_BYTES
from bankmesh.sources.record_readers import open_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bankmesh.sources import LegacyObject

_SYSTEM, _OBJECT = "draft", "record"


@dataclass
class RecordProfiles:
    """What all records of some files show: a profile of each field by its name, and counts.

    `rejects` are the records that do not read as drafted, `faults` how many of them each field is faulty in (None for
    the record as a whole), `others` the records of other types by name.
    """

    profiles: dict[str, ColumnProfile] = field(default_factory=dict)
    faults: Counter[str | None] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    rejects: int = 0


def draft_column(name: str, keys: Mapping[str, object]) -> ColumnProposal:
    """Return a column by which a field is read to be profiled, of the highest class until its values are known."""
    return ColumnProposal(name, keys, ClassificationProposal(Classification.RESTRICTED, "it is read to be profiled"))


def draft_object(draft: FileProposal, copybook: Path | None = None) -> LegacyObject:
    """Return the object that a drafted declaration declares. Raises SourceFaults."""
    names = SourceNames(_SYSTEM, _OBJECT, "nobody", ".", ["*"])
    with TemporaryDirectory() as folder:
        if copybook is not None:
            (Path(folder) / copybook.name).write_bytes(copybook.read_bytes())
        file = Path(folder) / f"{_SYSTEM}.yaml"
        file.write_text(declaration_text(names, draft), encoding="utf-8")
        return read_system(file).object(_OBJECT)


def profile_records(
    obj: LegacyObject, files: Sequence[Path], *, has_spellings: bool = True, digits: Mapping[str, int] | None = None
) -> RecordProfiles:
    """Read all records of some files, some at a time, and profile their fields as text. Raises LegacyFileError.

    Without `has_spellings`, the spellings of values are not compared, for fields whose type is known. `digits` are
    those of fields of whole numbers that are profiled with leading zeros.
    """
    import polars as pl

    found = RecordProfiles({column.header: ColumnProfile(column.header) for column in obj.in_file})
    if not has_spellings:
        for profile in found.profiles.values():
            profile.fits.clear()
    for file in files:
        reader = open_records(obj, file, BLOCK_BYTES)
        for convert in reader.batches():
            batch = convert()
            found.rejects += len(batch.rejects)
            found.faults.update(fault.column for reject in batch.rejects for fault in reject.faults)
            for column in obj.in_file:
                texts = batch.rows[column.name].cast(pl.String)
                width = digits.get(column.header) if digits else None
                found.profiles[column.header].update(texts.str.zfill(width) if width else texts)
        found.rows += reader.rows_in
        found.others.update(reader.other_records)
    return found
