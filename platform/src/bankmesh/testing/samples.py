"""Small frames for a domain's tests: rows in the declared types, with defaults for columns that a test does not set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from bankmesh.contracts.column_types import polars_schema, polars_type
from bankmesh.errors import UnknownName
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import find_root
from bankmesh.sources import COMPLETE_THROUGH
from bankmesh.testing.trials import package_folder
from bankmesh.workspace.workspace_contracts import find_contract, readable_contracts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from bankmesh.contracts.model import Contract
    from bankmesh.products.domain_package import Domain
    from bankmesh.testing.trials import Trial

Row = dict[str, Any]


@dataclass(frozen=True)
class Samples:
    """Factory of frames for a domain's inputs: landings of its own systems, and products of any domain.

    `defaults` has default values by column, for each `system.object` or `domain.product`.
    """

    domain: Domain
    contracts: Sequence[Contract]
    defaults: Mapping[str, Row]

    def rows(self, source: str, *given: Row) -> pl.DataFrame:
        """Return a frame in the declared types and columns: `rows("retail.party", {"party_id": 1}, ...)`.

        Raises UnknownName for a source, or a column of a row, that is not declared.
        """
        import polars as pl

        schema = self.schema(source)
        for name in {name for row in given for name in row}:
            if name not in schema:
                raise UnknownName(f"column of {source}", name, schema)
        full = [self.defaults.get(source, {}) | row for row in given]
        return pl.DataFrame(
            {name: _column(name, [row.get(name) for row in full], kind) for name, kind in schema.items()}
        )

    def examples(self, source: str, count: int = 2) -> pl.DataFrame:
        """Return made-up rows with a value in every column, which differs from row to row; the greatest come first.

        Raises UnknownName for a source that is not declared.
        """
        import polars as pl

        numbers = range(count, 0, -1)
        return pl.DataFrame(
            [_column(name, [_example(kind, n) for n in numbers], kind) for name, kind in self.schema(source).items()]
        )

    def frame(self, source: str, given: pl.DataFrame | Sequence[Row]) -> pl.DataFrame:
        """Return a frame unchanged, or rows converted to a frame."""
        import polars as pl

        return given if isinstance(given, pl.DataFrame) else self.rows(source, *given)

    def schema(self, source: str) -> dict[str, pl.DataType]:
        """Return columns and types of a landing (with `complete_through`) or of a product."""
        import polars as pl

        left, _, right = source.partition(".")
        if left not in self.domain.system_names:
            return dict(polars_schema(find_contract(self.contracts, source, None)))
        objects = {item.name: item for system in self.domain.systems if system.name == left for item in system.objects}
        if right not in objects:
            raise UnknownName(f"object of {left}", right, objects)
        landed = {column.name: polars_type(column.type) for column in objects[right].columns}
        return landed | {COMPLETE_THROUGH: pl.Date()}

    def build(
        self,
        trial: Callable[..., Trial],
        model: str,
        inputs: Mapping[str, pl.DataFrame | Sequence[Row]],
        references: Mapping[str, pl.DataFrame | Sequence[Row]] | None = None,
        major: int | None = None,
        **options: Any,  # noqa: ANN401 - those of `try_product`
    ) -> Trial:
        """Return the trial of a dbt model of the domain, from rows or frames."""
        frames = {source: self.frame(source, given) for source, given in inputs.items()}
        known = {source: self.frame(source, given) for source, given in (references or {}).items()}
        return trial(self.domain.contract(model, major), frames, references=known, **options)


def samples_of(package: str, defaults: Mapping[str, Row] = MappingProxyType({})) -> Samples:
    """Return the samples of a domain, by its Python package. Raises UnknownName, ContractFaults or SourceFaults."""
    folder = package_folder(package)
    return Samples(read_domain(folder), readable_contracts(find_root(folder)), defaults)


def _column(name: str, values: list[Any], kind: pl.DataType) -> pl.Series:
    import polars as pl

    if isinstance(kind, pl.Decimal):
        values = [None if value is None else Decimal(value) for value in values]
    return pl.Series(name, values).cast(kind)


def _example(kind: pl.DataType, number: int) -> Any:  # noqa: ANN401 - any value of that type
    """Return a value of a type for the row of that number, from 1."""
    import polars as pl

    if isinstance(kind, pl.List):
        return [_example(cast("pl.DataType", kind.inner), number)]  # an item's class in Polars' types alone
    if isinstance(kind, pl.Decimal):
        return Decimal(number).scaleb(-kind.scale)
    if isinstance(kind, pl.Date):
        return date(2024, 1, 1) + timedelta(days=number)
    if isinstance(kind, pl.Datetime):
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number)
    if isinstance(kind, pl.Boolean):
        return number % 2 == 1
    return f"text {number:06}" if isinstance(kind, pl.String) else number
