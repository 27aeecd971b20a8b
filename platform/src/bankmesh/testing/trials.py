"""Trials of a product: its real build, gate and publish code on small frames, in a separate folder."""

from __future__ import annotations

import importlib.util
import inspect
import uuid
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bankmesh.contracts.column_types import polars_schema
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import BankmeshError, UnknownName
from bankmesh.names import port_of_asset
from bankmesh.ports import connect, latest, port_at
from bankmesh.products.build_events import CandidateGated, VersionPublished
from bankmesh.products.build_run import BuildRun, StepRun
from bankmesh.products.candidates import gate_relations
from bankmesh.products.dbt.dbt_build import build_with_dbt
from bankmesh.products.dbt.dbt_domain import load_dbt_domain
from bankmesh.products.dbt.dbt_models import find_models, model_inputs
from bankmesh.products.domain_package import read_domain
from bankmesh.products.errors import CandidateRefused
from bankmesh.products.inputs.partition_bounds import partition_keys
from bankmesh.products.inputs.pinned_inputs import PinnedInput, PinnedSources
from bankmesh.products.polars.polars_build import build_with_polars
from bankmesh.products.polars.transform_parameters import check_parameters
from bankmesh.products.product_definition import ProductDefinition, product_input
from bankmesh.products.product_operation import produce
from bankmesh.products.versions.version_reports import VersionReport
from bankmesh.quality.gate import GateResult, Outcome
from bankmesh.settings import find_root, require_literal_path
from bankmesh.sql_text import sql_literal
from bankmesh.testing.trial_sources import KnownSource, known_sources
from bankmesh.workspace.dbt_project_files import DbtProjectPlace, find_dbt_project
from bankmesh.workspace.recorded_data_tests import add_clauses, data_tests_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from bankmesh.contracts.model import Contract
    from bankmesh.ports import Port, Publication
    from bankmesh.products.build_types import Build
    from bankmesh.quality.gate import ClauseResult


class InputsMissing(BankmeshError):
    """A trial has no frame for an input or reference that the product reads."""

    def __init__(self, product: str, argument: str, missing: tuple[str, ...]) -> None:
        """`missing` are the names without a frame, `argument` is the argument of `try_product` for them."""
        self.product, self.argument, self.missing = product, argument, missing
        example = f'{argument}={{"{missing[0]}": pl.DataFrame(...)}}'
        super().__init__(f"{product} also reads {', '.join(missing)}. Give a frame for each: {example}.")


@dataclass(frozen=True)
class Trial:
    """The result of a trial.

    Attributes:
        contract: the product's contract.
        rows: the rows that were built, in the contract's columns and types, published or not.
        gate: every clause with its outcome and counts.
        publication: the published version; None if the gate failed.
        port: the port, for `bankmesh.ports.open_version`.
    """

    contract: Contract
    rows: pl.DataFrame
    gate: GateResult
    publication: Publication | None
    port: Port

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the clauses that failed or could not be evaluated, in the contract's order."""
        return tuple(r.clause.name for r in self.gate.results if r.outcome in {Outcome.FAILED, Outcome.ERRORED})

    def clause(self, name: str) -> ClauseResult:
        """Return the result of the clause `name`. Raises UnknownName, which lists the contract's clauses."""
        found = {result.clause.name: result for result in self.gate.results}
        if name not in found:
            raise UnknownName(f"clause of {self.contract.port}", name, found)
        return found[name]


def try_product(
    contract: Contract | Path,
    inputs: Mapping[str, pl.DataFrame],
    *,
    home: Path,
    transform: Callable[..., pl.LazyFrame] | None = None,
    references: Mapping[str, pl.DataFrame] | None = None,
    partitions: tuple[str, ...] | None = None,
    dbt_target: Path | None = None,
) -> Trial:
    """Build a product from small frames, evaluate the gate and, if it passes, publish the product.

    Args:
        contract: the contract, or its file.
        inputs: for a Polars transform, parameter → rows; for a dbt model, `source.table` → rows, as the model
            names them in `source()`. A landing that is read for `complete_through` needs that column too.
        home: a folder to use as `MESH_HOME`; another trial in the same folder publishes the next version.
        transform: the Polars function; by default the product's dbt model in the workspace of the contract.
        references: `domain.product` → rows, for foreign keys. If a dbt model reads that product anyway,
            the input's rows are used by default.
        partitions: first days of the months or days to build; by default all partitions of the contract.
        dbt_target: folder for dbt's parse results; a folder shared by tests saves a second for each.

    Returns:
        The built rows, the gate's result and, if the gate passed, the published version.

    Raises:
        DbtFaults: a dbt model of the domain has unsupported configuration.
        InputsMissing: there is no frame for an input of the model or a product of a foreign key.
        TransformError: the transform failed, with its own error in full as the cause, or delivered other columns or
            types than promised.
        UnusableHome: the path of `home` contains characters such as brackets.
        TransformNotUsable: the parameters of `transform` are not exactly the names of `inputs`.

    Example:
        >>> trial = try_product(contract, {"cards": cards}, transform=card_use, home=tmp_path)  # doctest: +SKIP
        >>> trial.clause("card_id_unique").failing_rows  # doctest: +SKIP
        0

    """
    require_literal_path(home)
    promise = contract if not isinstance(contract, Path) else read_contract(contract)
    known = known_sources(promise, inputs)
    pinned = {name: _frame_as_input(home, known[name], rows) for name, rows in inputs.items()}
    if transform:
        build = _polars(transform, promise, pinned)
    else:
        promise, build = _dbt(promise, pinned, dbt_target or home / "dbt")
    sources = PinnedSources(pinned, _referenced(promise, home, pinned, references or {}))
    product = ProductDefinition(
        contract=promise,
        inputs={name: item.source for name, item in pinned.items()},
        engine="polars" if transform else "dbt",
        code_version="trial",
        code_files=(),
    )
    run = BuildRun(
        # Events of a trial are no lineage of the workspace; they are made and dropped.
        step=StepRun(f"trial-{uuid.uuid4()}", "trial", None, 0, lambda _event: None),
        partitions=(partitions or partition_keys(promise.partitioning)) if promise.partitioning else None,
        reports=_TrialReports(home),
        pin=lambda _product: sources,
        shows_errors=True,
    )
    return _carry_out(run, product, home, build)


def domain_contract(package: str | Path, name: str, major: int | None = None) -> Contract:
    """Return a contract of a domain by name, by default its newest major.

    `package` is the domain's Python package, or its folder. Raises UnknownName if there is no such package or
    contract, ContractFaults with every fault of the domain's contracts.
    """
    return read_domain(package if isinstance(package, Path) else package_folder(package)).contract(name, major)


def package_folder(package: str) -> Path:
    """Return the folder of an installed Python package. Raises UnknownName."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UnknownName("installed package", package, ())
    return Path(spec.origin).parent


def _polars(transform: Callable[..., pl.LazyFrame], contract: Contract, pinned: Mapping[str, PinnedInput]) -> Build:
    file = Path(inspect.getsourcefile(transform) or contract.file)
    check_parameters(transform, set(pinned), file, partitioned=contract.partitioning is not None)
    return partial(build_with_polars, transform, contract)


def _dbt(contract: Contract, pinned: Mapping[str, PinnedInput], target: Path) -> tuple[Contract, Build]:
    """Return the contract with the data tests of its model, and the build of the model."""
    root = find_root(Path(contract.file).resolve().parent)
    package = Path(contract.file).resolve().parents[1]
    domain = read_domain(package)
    place = DbtProjectPlace(find_dbt_project(root, package), domain.name, target / domain.name)
    loaded = load_dbt_domain(place, domain, root)
    models = find_models(loaded.manifest)
    model = contract.port_name.table
    if model not in models:
        raise UnknownName(f"dbt model of {domain.name}", model, models)
    tested = loaded.products.get(model)
    if tested is not None:
        contract = add_clauses(contract, data_tests_of(tested.contract))
    read = model_inputs(loaded.manifest, models[model], domain.name, domain.system_names)
    if missing := tuple(name for name in read if name not in pinned):
        raise InputsMissing(contract.port, "inputs", missing)
    return contract, partial(build_with_dbt, place, model, contract)


def _frame_as_input(home: Path, source: KnownSource, rows: pl.DataFrame) -> PinnedInput:
    """Write the frame as Parquet under `home`, and return it as a pinned input."""
    import polars as pl

    folder = home / "frames"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{uuid.uuid4().hex}.parquet"
    # Without bounds, because Polars leaves NaN out of them, and readers would skip its rows.
    rows.write_parquet(file, statistics={"min": False, "max": False, "null_count": True})
    return PinnedInput(
        source.source,
        file.stem,
        f"read_parquet({sql_literal(str(file))})",
        partial(pl.scan_parquet, file, glob=False),
        source.classes,
    )


def _referenced(
    contract: Contract, home: Path, pinned: Mapping[str, PinnedInput], given: Mapping[str, pl.DataFrame]
) -> dict[str, PinnedInput]:
    wanted = gate_relations.referenced_inputs(contract.clauses)
    found = {
        name: _frame_as_input(home, KnownSource(wanted.get(name) or product_input(name)), rows)
        for name, rows in given.items()
    }
    known = {**{name: pinned[name] for name in wanted if name in pinned}, **found}
    if missing := tuple(name for name in wanted if name not in known):
        raise InputsMissing(contract.port, "references", missing)
    return known


@dataclass(frozen=True)
class _TrialReports:
    """Reports of a trial's home, where every version counts as reported: the trial returned it."""

    home: Path

    def last_report(self, asset: str) -> VersionReport | None:
        """Return the newest version of a port."""
        name = port_of_asset(asset.split("/"))
        newest = latest(port_at(self.home, name.product_id, name.major)) if name else None
        return VersionReport(newest.version, newest.candidate) if newest else None

    def report_restored(self, contract: Contract) -> None:
        """Do nothing: nobody withdraws a version of a trial."""


def _carry_out(run: BuildRun, product: ProductDefinition, home: Path, build: Build) -> Trial:
    contract, publication = product.contract, None
    with suppress(CandidateRefused), closing(produce(run, product, home, build)) as events:
        for event in events:
            if isinstance(event, CandidateGated):
                gate = event.gate
                rows = _rows_of(contract, event.folder) if event.is_written else _no_rows(contract)
            elif isinstance(event, VersionPublished):
                publication = event.publication
    return Trial(contract, rows, gate, publication, port_at(home, contract.product, contract.major))


def _rows_of(contract: Contract, folder: Path) -> pl.DataFrame:
    with connect() as connection:
        return connection.execute(f"from {gate_relations.candidate_relation(contract, folder)}").pl()


def _no_rows(contract: Contract) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=polars_schema(contract))
