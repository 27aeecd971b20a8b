"""How an answer is written down, and read: `"identity account.party_id, conditional account.status"`.

An item is `[maybe] [masked] how[|how ...] dataset.column`. Hows are OpenLineage's subtypes, written small; several with
a bar between them are equally right answers. `masked`: nothing of the value remains. `maybe`: an answer that may be
given and need not be, where the specification can be read either way; the case says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bankmesh.lineage.model import ColumnRef, TransformationSubtype, TransformationType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import polars as pl

type_names = {how.value.lower(): how for how in TransformationSubtype}


@dataclass(frozen=True)
class Answer:
    """One dependency that an answer names: any of `hows` will do."""

    source: ColumnRef
    hows: frozenset[TransformationSubtype]
    masking: bool = False
    needed: bool = True

    @property
    def kinds(self) -> frozenset[TransformationType]:
        return frozenset(how.kind for how in self.hows)

    def __str__(self) -> str:
        hows = "|".join(sorted(how.value.lower() for how in self.hows))
        return f"{'' if self.needed else 'maybe '}{'masked ' if self.masking else ''}{hows} {self.source}"


@dataclass(frozen=True)
class Case:
    """A transform with its known answer.

    Attributes:
        name: says what is special in it; unique in the corpus.
        transform: SQL of DuckDB, or a function from Polars frames to a frame.
        schemas: columns of each dataset with their types.
        columns: the answer for every output column; a constant has none.
        rows: the answer for all rows alike.
        either: what an output column needs, whether it is said of the column or of all rows.
        underivable: output columns that may be called underivable instead; where they are not, the answer counts.
        opaque: columns looked at outside any plan; None where the transform is a plan throughout.
        extra: other arguments of a function.
        held: whether the answer can be held against data (see `perturbing`).
        source: where the answer was published by somebody else.
    """

    name: str
    transform: str | Callable[..., pl.LazyFrame]
    schemas: Mapping[str, Mapping[str, Any]]
    columns: Mapping[str, tuple[Answer, ...]]
    rows: tuple[Answer, ...] = ()
    either: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    underivable: frozenset[str] = frozenset()
    opaque: frozenset[ColumnRef] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    held: bool = True
    source: str = ""

    def __str__(self) -> str:
        return self.name

    def effective(self, column: str) -> frozenset[ColumnRef]:
        """All that an output column may depend on, directly or not, if the answer is right."""
        answers = (*self.columns[column], *self.rows, *self.either.get(column, ()))
        return frozenset(answer.source for answer in answers) | (self.opaque or frozenset())


def case(
    name: str,
    transform: str | Callable[..., pl.LazyFrame],
    schemas: Mapping[str, Mapping[str, Any]],
    columns: Mapping[str, str],
    rows: str = "",
    *,
    either: Mapping[str, str] | None = None,
    underivable: Iterable[str] = (),
    opaque: str | None = None,
    extra: Mapping[str, Any] | None = None,
    held: bool = True,
    source: str = "",
) -> Case:
    """A case whose answers are written in this module's notation."""
    return Case(
        name=name,
        transform=transform,
        schemas=schemas,
        columns={column: tuple(_answers(text, schemas)) for column, text in columns.items()},
        rows=tuple(_answers(rows, schemas)),
        either={column: tuple(_answers(text, schemas)) for column, text in (either or {}).items()},
        underivable=frozenset(underivable),
        opaque=None if opaque is None else frozenset(_ref(text.strip(), schemas) for text in opaque.split(",")),
        extra=extra or {},
        held=held,
        source=source,
    )


def _answers(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[Answer]:
    for item in filter(None, (part.strip() for part in text.split(","))):
        words, rest = [], item
        while not words or words[-1] in {"maybe", "masked"}:
            word, rest = rest.split(" ", 1)
            words.append(word)
        yield Answer(
            source=_ref(rest, schemas),
            hows=frozenset(type_names[how] for how in words[-1].split("|")),
            masking="masked" in words,
            needed="maybe" not in words,
        )


def _ref(text: str, schemas: Mapping[str, Mapping[str, Any]]) -> ColumnRef:
    found = [
        ColumnRef(dataset, column)
        for dataset, columns in schemas.items()
        for column in columns
        if f"{dataset}.{column}" == text
    ]
    if len(found) != 1:
        raise ValueError(f"an answer names {text!r}, which is no column of {sorted(schemas)}")
    return found[0]
