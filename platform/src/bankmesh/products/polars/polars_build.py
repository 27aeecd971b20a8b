"""Build a candidate with a plain function from lazy frames to a lazy frame, on Polars' streaming engine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.build_casts import CastsRefused
from bankmesh.errors import TransformError
from bankmesh.lineage.openlineage.attempt_facts import CodeFacts
from bankmesh.products.build_types import BuildResult, or_underivable
from bankmesh.products.code.repository_links import code_place
from bankmesh.products.polars.polars_candidate import write_candidate
from bankmesh.products.polars.polars_errors import explain, place_of
from bankmesh.products.retry_policy import is_disk_full, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from bankmesh.contracts.model import Contract
    from bankmesh.lineage.model import StepLineage
    from bankmesh.lineage.polars.transform_lineage import TransformLineage
    from bankmesh.products.build_types import BuildRequest


def build_with_polars(transform: Callable[..., pl.LazyFrame], contract: Contract, request: BuildRequest) -> BuildResult:
    """Call the transform with its pinned inputs and stream the promised columns to Parquet.

    A transform of a partitioned product also gets `partitions`, the keys that this run builds.
    Raises TransformError if it fails or delivers other columns than the contract promises, CastsRefused if it delivers
    types that cannot become the promised ones.
    """
    frames: dict[str, object] = {name: pinned.scan() for name, pinned in request.inputs.items()}
    if contract.partitioning:
        frames["partitions"] = request.partitions
    lineage: StepLineage | None = None
    try:
        plan, lineage = _plan(transform, contract, frames)
        written = write_candidate(plan, contract, request.target)
    except (TransformError, CastsRefused):
        raise
    except Exception as error:
        if isinstance(error, OSError) and (is_transient(error) or is_disk_full(error)):
            raise  # the machine's fault, not the transform's
        problem = f"{transform.__name__} failed: {type(error).__name__}{place_of(error, transform)}"
        if request.shows_errors:
            raise TransformError(contract.port, f"{problem}: {error}", "") from error
        known = _column_names(request, contract)
        failure = TransformError(
            contract.port, problem, explain(error, transform, known, f"Fix the transform or {contract.file}.")
        )
    else:
        return BuildResult(lineage, _code(transform), written.rows, written.losses)
    # Outside the handler: an error in the chain would take its text, values and all, into the event log.
    raise failure


def _plan(
    transform: Callable[..., pl.LazyFrame], contract: Contract, arguments: dict[str, object]
) -> tuple[pl.LazyFrame, StepLineage]:
    """Return the transform's plan and the lineage of its columns.

    A transform that reads data while it makes the plan gets sources that record which columns it reads; any other gets
    plain frames, which the engine can optimise.
    """
    import polars as pl

    from bankmesh.lineage.polars.recorded_sources import lineage_of_recorded, recorded_sources

    frames = {name: frame for name, frame in arguments.items() if isinstance(frame, pl.LazyFrame)}
    rest = {name: value for name, value in arguments.items() if name not in frames}
    derived = _derived(transform, contract, frames, rest)
    if derived is not None and not derived.opaque:
        return transform(**arguments), derived.lineage
    recording = recorded_sources(frames)
    plan = transform(**recording.frames, **rest)
    return plan, or_underivable(lambda: lineage_of_recorded(plan, recording), contract)


# Derived lineage by transform and schemas of its inputs, so that a long-lived process derives it once.
_DERIVED: dict[object, TransformLineage] = {}


def _derived(
    transform: Callable[..., pl.LazyFrame],
    contract: Contract,
    frames: dict[str, pl.LazyFrame],
    rest: dict[str, object],
) -> TransformLineage | None:
    """Return the lineage by the transform's code; None where it cannot be derived."""
    schemas = {name: frame.collect_schema() for name, frame in frames.items()}
    key = (transform, tuple(rest), tuple((name, tuple(schema.items())) for name, schema in schemas.items()))
    if key not in _DERIVED:
        try:
            _DERIVED[key] = derive_transform(transform, contract, schemas, rest)
        except Exception:  # noqa: BLE001 - lineage never fails a build; the build itself reports what is wrong
            return None
    return _DERIVED[key]


def derive_transform(
    transform: Callable[..., pl.LazyFrame],
    contract: Contract,
    schemas: Mapping[str, pl.Schema],
    rest: Mapping[str, object],
) -> TransformLineage:
    """Return the lineage of a transform's columns, by its code alone."""
    from bankmesh.lineage.polars.transform_lineage import derive_from_code

    return derive_from_code(transform, schemas, rest, [column.name for column in contract.columns])


def _column_names(request: BuildRequest, contract: Contract) -> set[str]:
    names = {column.name for column in contract.columns}
    for pinned in request.inputs.values():
        with suppress(Exception):  # an input that cannot be read has failed the build already
            names |= set(pinned.scan().collect_schema().names())
    return names


def _code(transform: Callable[..., object]) -> CodeFacts | None:
    own = getattr(transform, "__code__", None)
    if own is None:
        return None
    file = Path(own.co_filename)
    if not file.is_file():  # defined in a notebook, or on a command line
        return None
    place = code_place(file)
    return CodeFacts("python", file.read_text(encoding="utf-8"), None, place.url, place.path, place.commit)
