"""A published version as one reader may see it for one purpose: rows filtered, columns masked or left out, on record.

`read_batches` is the one place that reads rows under a decision. Lazy frames, SQL and the command line go through it:

1. the pinned version is scanned, only the columns that are needed;
2. the row filter of the decision; with it the reader's predicate, if it cannot fail (`safe_predicates`);
3. the masks;
4. any other predicate of the reader, on what is left.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, NoReturn, Protocol

from bankmesh.access.audit.subject_lookups import predicate_lookups
from bankmesh.access.errors import AccessDenied
from bankmesh.access.masks.mask_expressions import mask_expression
from bankmesh.access.masks.mask_rules import masked_type
from bankmesh.access.masks.pseudonyms import NO_KEYS, KeyUnavailable, Pseudonyms
from bankmesh.access.model import MaskMethod, Reason
from bankmesh.access.relations.batch_stream import StreamFailed, stream_batches
from bankmesh.access.relations.detached_batches import detach_columns
from bankmesh.access.relations.opaque_source import OpaqueSource, refuse_copy
from bankmesh.contracts.column_types import polars_type
from bankmesh.errors import BankmeshError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import polars as pl

    from bankmesh.access.masks.key_provider import KeyProvider
    from bankmesh.access.model import AccessDecision
    from bankmesh.access.receipts.read_receipt import Receipt
    from bankmesh.access.relations.safe_predicates import PredicateReading
    from bankmesh.contracts.model import ColumnType, Contract
    from bankmesh.ports import OpenVersion

_BATCH_VALUES, _FEWEST_ROWS, _MOST_ROWS = 4_000_000, 100_000, 500_000
"""A batch has about so many values, within bounds: each costs a switch between threads and the interpreter's lock."""
_FILES_OF_PLANS = ("POLARS_VISUALIZE_IR", "POLARS_VISUALIZE_PHYSICAL_PLAN")
_DIAGNOSTICS = (
    *_FILES_OF_PLANS,
    "POLARS_VERBOSE",
    "POLARS_VERBOSE_SENSITIVE",
    "POLARS_LOG_METRICS",
    "POLARS_TRACK_METRICS",
    "POLARS_OUTPUT_COLUMN_PREDS",
    "POLARS_OUTPUT_SKIP_BATCH_PREDS",
    "POLARS_PANIC_ON_ERR",
    "POLARS_BACKTRACE_IN_ERR",
)
"""Variables with which Polars writes its plans, the rows before and after each filter, or paths, to its output."""


class OpenRead(Protocol):
    """A read that has begun on record."""

    def end(self, rows: int, cancelled: bool) -> None:  # noqa: FBT001 - two facts of one record
        """Record the end: the rows that the reader got, and whether they stopped early or an error did."""


class ReadRecorder(Protocol):
    """Records reads, before the first byte and after the last."""

    def begin(
        self,
        columns: Sequence[str],
        way: str,
        statement: str | None = None,
        *,
        lookups: Mapping[str, Collection[object]] | None = None,
        confined: Collection[str] = (),
    ) -> OpenRead:
        """Record that a read begins. Raises AuditUnavailable and IdentityRefused, and nothing is read.

        `lookups` are the values that the reader's predicate compares columns with, by column; `confined` are the
        columns that have no other values in the rows that are read.
        """

    def record_refusals(self, way: str, columns: Sequence[str] | None = None) -> AbstractContextManager[None]:
        """Return a block whose refusal is recorded, once, and raised on."""

    @property
    def receipt(self) -> Receipt:
        """The receipt of the last read that has ended. Raises ValueError before the first one."""


class ReadFailed(BankmeshError):
    """A version could not be read. The text holds neither the cause nor a path or value; `kind` is its class."""

    def __init__(self, port: str, version: int, kind: str) -> None:
        self.port, self.version, self.kind = port, version, kind
        super().__init__(f"{port}: version {version} could not be read.")


@dataclass(frozen=True, repr=False, eq=False)
class GovernedRelation:
    """The rows of a version under a decision.

    Attributes:
        decision: the decision on the read.
        contract: the newest contract of the port's major, whose columns, types and classification apply.
        opened: the version, which may be older than the contract.
        recorder: records each read.
        keys: the provider of keys of pseudonyms; needed if a column is masked by one.
    """

    decision: AccessDecision
    contract: Contract
    opened: OpenVersion
    recorder: ReadRecorder
    keys: KeyProvider | None = field(default=None)

    def __post_init__(self) -> None:
        names = {self.decision.port, self.contract.port, self.opened.port.name}
        if len(names) > 1:
            raise ValueError(f"a decision, a contract and a version of one port are needed, not of {sorted(names)}")

    @cached_property
    def columns(self) -> dict[str, ColumnType]:
        """The columns that are shown or masked and that the version has, with their types as stored."""
        found = self._columns_of_version
        return {name: found[name] for name in self.decision.readable if name in found}

    @cached_property
    def masked_types(self) -> dict[str, ColumnType]:
        """The columns that a reader gets, in the contract's order, with their types after masks."""
        masks = self.decision.masks
        return {n: masked_type(masks[n], kind) if n in masks else kind for n, kind in self.columns.items()}

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """The Polars types of `masked_types`."""
        return {name: polars_type(kind) for name, kind in self.masked_types.items()}

    def scan(self, columns: Sequence[str] | None = None, *, way: str = "scan") -> pl.LazyFrame:
        """Return a lazy frame of the readable columns, or of these. Each time that it is collected is a read on record.

        `way` is how the reader reads, for the record. Raises AccessDenied for a column that is withheld, or if the
        read is refused as a whole.
        """
        from polars.io.plugins import register_io_source

        wanted = self.require_columns(columns)
        self._require_reading(wanted)
        schema = {name: self.schema[name] for name in wanted}
        source = OpaqueSource(self.decision.port, wanted, partial(self.read_batches, way=way))
        return register_io_source(source, schema=schema, validate_schema=True, explain_name=self.decision.port)

    def read_batches(
        self,
        columns: Sequence[str] | None,
        predicate: pl.Expr | None = None,
        rows: int | None = None,
        *,
        way: str = "scan",
        statement: str | None = None,
        batch_size: int | None = None,
    ) -> Generator[pl.DataFrame]:
        """Yield the rows of these columns in batches, as the decision permits; at least one, which may be empty.

        Args:
            columns: the columns, all readable ones by default.
            predicate: a condition of the reader on readable columns, as they see them.
            rows: the number of rows after which reading ends, counted before the predicate.
            way: how the reader reads, for the record: `scan`, `sql`, `get`, `diff`.
            statement: the reader's SQL, for the record.
            batch_size: the most rows in a batch; by default as many as are fast in bounded memory, and always so
                where the order of rows is hidden, since rows are mixed within a batch alone.

        The record begins before the first byte is read, and ends with the last batch; as cancelled, if the caller
        stops before that or an error occurs. Raises AccessDenied, IdentityRefused, both on record, AuditUnavailable and
        ReadFailed; and an error of the predicate, which holds only values that its reader may see.
        """
        with self.recorder.record_refusals(way, columns):
            wanted = self.require_columns(columns)
            self._refuse_diagnostics()
        usual = min(max(_BATCH_VALUES // max(len(wanted), 1), _FEWEST_ROWS), _MOST_ROWS)
        size = usual if batch_size is None or self._hides_order else batch_size
        return self._read(wanted, predicate, rows, way, statement, size)

    def require_columns(self, columns: Sequence[str] | None) -> tuple[str, ...]:
        """Return the columns, all readable ones by default. Raises AccessDenied for one that is not readable."""
        if self.decision.is_refused:
            raise AccessDenied(self.decision.port, "no column may be read", self.decision.reasons, self._next_step)
        if columns is None:
            return tuple(self.columns)
        for name in columns:
            if name not in self.columns:
                self._refuse_column(name)
        return tuple(dict.fromkeys(columns))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled. Raises AccessDenied."""
        refuse_copy(self.decision.port)

    def __repr__(self) -> str:
        return f"<governed relation {self.decision.port}, version {self.opened.version}>"

    # --- Reading -----------------------------------------------------------------------------------------

    def _read(
        self,
        wanted: tuple[str, ...],
        predicate: pl.Expr | None,
        rows: int | None,
        way: str,
        statement: str | None,
        batch_size: int,
    ) -> Generator[pl.DataFrame]:
        reading = self._read_predicate(predicate)
        above = None if predicate is None or (reading and reading.below is not None and rows is None) else predicate
        if above is not None:
            from bankmesh.access.relations.safe_predicates import balance_chains

            above = balance_chains(above)
        needed = tuple(dict.fromkeys((*wanted, *(above.meta.root_names() if above is not None else ()))))
        below = reading.below if reading and above is None else None
        with self.recorder.record_refusals(way, needed):
            self.require_columns(needed)
            plan = self._plan(needed, below, None if self._hides_order else rows)
        read = self.recorder.begin(
            needed,
            way,
            statement,
            lookups=self._lookups(predicate, reading),
            confined=reading.confined if reading else (),
        )
        count, last, ended = 0, None, False
        try:
            for masked in self._ordered(self._collect(plan, batch_size), rows):
                batch = (masked if above is None else masked.filter(above)).select(wanted)
                if last is not None:
                    yield last
                last, count = batch, count + batch.height
            ended = True
        finally:
            # The last batch leaves after the end is on record: most readers never request another one.
            read.end(count, not ended)
        if last is not None:
            yield last

    @cached_property
    def _hides_order(self) -> bool:
        """Whether the order of rows could reveal a value: files are often sorted by a key, within each partition."""
        partitions = {column.name for column in self.contract.columns if column.partition_position is not None}
        return not self.decision.shown.issuperset(
            {*self.contract.primary_key, *self.contract.subject_columns, *partitions}
        )

    def _ordered(self, batches: Iterator[pl.DataFrame], rows: int | None) -> Iterator[pl.DataFrame]:
        """Yield the batches, at most `rows` rows; each in a random order where the order could reveal a key."""
        if not self._hides_order:
            yield from batches
            return
        left = rows
        for batch in batches:
            mixed = batch.sample(fraction=1.0, shuffle=True, seed=secrets.randbits(64))
            yield mixed if left is None else mixed.head(left)
            left = None if left is None else left - min(left, batch.height)
            if left == 0:
                return

    def _plan(self, needed: Sequence[str], below: pl.Expr | None, rows: int | None) -> pl.LazyFrame:
        """Return the plan that reads, filters and masks. It stays inside this module."""
        scan = self.opened.scan_polars()
        if not self.decision.row_filter.is_everything:
            scan = scan.filter(self._row_filter)
        if below is not None:
            scan = scan.filter(below)
        if rows is not None:
            scan = scan.head(rows)
        return scan.select(*(self._masked(name) for name in needed))

    def _masked(self, name: str) -> pl.Expr:
        import polars as pl

        mask = self.decision.masks.get(name)
        if mask is None:
            return pl.col(name)
        return mask_expression(name, self.columns[name], mask, self._pseudonyms)

    def _collect(self, plan: pl.LazyFrame, batch_size: int) -> Iterator[pl.DataFrame]:
        """Yield the batches of a plan. Raises ReadFailed outside of the handler of an error.

        Within it, the error of the engine, which may hold a path, would stay reachable as the context of ours.
        """
        try:
            for batch in stream_batches(plan, batch_size):
                yield detach_columns(batch, self._columns_with_remainders(batch.columns))
        except StreamFailed as error:
            kind = error.kind
        else:
            return
        raise ReadFailed(self.decision.port, self.opened.version, kind)

    def _columns_with_remainders(self, names: Iterable[str]) -> list[str]:
        """Return the columns whose buffers may still hold what was hidden: all, if rows are, else the masked ones."""
        is_filtered = not self.decision.row_filter.is_everything
        return [name for name in names if is_filtered or name in self.decision.masks]

    def _read_predicate(self, predicate: pl.Expr | None) -> PredicateReading | None:
        from bankmesh.access.relations.safe_predicates import read_predicate

        if predicate is None:
            return None
        shown = self.decision.shown
        return read_predicate(predicate, {name: kind for name, kind in self.schema.items() if name in shown})

    def _lookups(
        self, predicate: pl.Expr | None, reading: PredicateReading | None
    ) -> Mapping[str, Collection[object]] | None:
        """Return the values that a predicate compares columns with, also in parts that are unknown."""
        if predicate is None or reading is None:
            return None
        found: dict[str, Collection[object]] = dict(reading.lookups)
        for name, texts in predicate_lookups(predicate, self.decision.shown).items():
            known = found.get(name, ())
            found[name] = (*known, *sorted(texts.difference(map(str, known))))
        return found

    # --- Decision and version ----------------------------------------------------------------------------

    @cached_property
    def _columns_of_version(self) -> dict[str, ColumnType]:
        """The contract's columns that the version has; one that it stores in another type counts as missing."""
        stored = self.opened.scan_polars().collect_schema()
        return {c.name: c.type for c in self.contract.columns if stored.get(c.name) == polars_type(c.type)}

    @cached_property
    def _row_filter(self) -> pl.Expr:
        from bankmesh.access.row_filters.filter_translation import filter_expression

        row_filter, found = self.decision.row_filter, self._columns_of_version
        if missing := sorted(row_filter.columns - set(found)):
            problem = f"version {self.opened.version} lacks {', '.join(missing)}, which the permitted rows depend on"
            raise AccessDenied(self.decision.port, problem, row_filter.reasons, "Read a later version")
        return filter_expression(row_filter, found)

    @cached_property
    def _pseudonyms(self) -> Pseudonyms | None:
        """The keys of the decision's pseudonyms, read once, so that all batches have pseudonyms of one version."""
        masked = [name for name, mask in self.decision.masks.items() if mask.method is MaskMethod.PSEUDONYM]
        if not masked:
            return None
        problem = KeyUnavailable("", "")
        try:
            if self.keys is None:
                raise NO_KEYS
            return Pseudonyms(self.keys.current_key(), self.decision.purpose, pseudonym_domains(self.contract))
        except KeyUnavailable as error:
            problem = error
        raise AccessDenied(self.decision.port, str(problem), (), problem.next_step)

    def _require_reading(self, columns: Collection[str]) -> None:
        """Refuse now, where callers record refusals, what would be refused when the lazy frame is collected."""
        self._refuse_diagnostics()
        if not self.decision.row_filter.is_everything:
            _ = self._row_filter
        masks = self.decision.masks
        if any(name in masks and masks[name].method is MaskMethod.PSEUDONYM for name in columns):
            _ = self._pseudonyms

    def _refuse_diagnostics(self) -> None:
        for variable in _DIAGNOSTICS:
            value = os.environ.get(variable)
            if value is not None and (variable in _FILES_OF_PLANS or value not in {"", "0"}):
                problem = f"with {variable} Polars writes how rows are filtered into the output of this process"
                raise AccessDenied(self.decision.port, problem, (), f"Unset {variable}, and read again")

    def _refuse_column(self, name: str) -> NoReturn:
        reasons, port = self.decision.of(name).reasons, self.decision.port
        if name in self.decision.readable:
            problem, reasons = f"version {self.opened.version} has no column {name}, or stores it in another type", ()
        else:
            problem = f"{self.decision.principal.id} may not read column {name} for the purpose {self.decision.purpose}"
        raise AccessDenied(port, problem, reasons or (Reason("no policy permits it"),), self._next_step)

    @property
    def _next_step(self) -> str:
        return (
            f"`mesh policy explain {self.decision.port} --purpose {self.decision.purpose}` shows each column and the "
            f"policies behind it; {self.contract.owner}, who owns the product, can change its contract"
        )


def pseudonym_domains(contract: Contract) -> dict[str, str]:
    """Return the pseudonym domain of each column: its subject, else the column itself, in all majors of the product."""
    subjects = contract.subject_columns
    return {column.name: subjects.get(column.name, f"{contract.product}.{column.name}") for column in contract.columns}
