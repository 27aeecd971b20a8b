"""Decimals beyond Cedar's range are compared as numbers, on versions whose statistics skip files."""

import operator
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
import row_policies as generated
from port_samples import provenance

from bankmesh.access.row_filters.filter_compiler import compile_residuals
from bankmesh.access.row_filters.filter_translation import filter_expression
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.contracts.model import ColumnType
from bankmesh.ports import ReplaceAll, measure_files, open_version, port_at, publish, stage

ORDERS = {
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
}
LITERALS = [
    Decimal(text)
    for text in (
        "-922337203685477.5808",
        "922337203685477.5807",
        "0.0",
        "12345678901234.5678",
        "99999999999999.99",
        "-90071992547409.93",
    )
]


@pytest.mark.parametrize(("precision", "scale"), [(18, 2), (18, 4), (38, 4), (34, 0)])
def test_long_decimals_are_compared_as_numbers(tmp_path: Path, precision: int, scale: int) -> None:
    most = Decimal((0, (9,) * precision, -scale))
    rounded = (literal.quantize(Decimal(1).scaleb(-scale)) for literal in LITERALS)
    values = [most, most.copy_negate(), *(value for value in rounded if value.copy_abs() <= most)]
    rows = published(tmp_path, pl.Decimal(precision, scale), pa.decimal128(precision, scale), values)
    columns = {"x": ColumnType("decimal", precision, scale)}
    for literal in LITERALS:
        text = f'decimal("{generated.cedar_decimal(literal)}")'
        expected = {f"resource.x.{name}({text})": sum(f(v, literal) for v in values) for name, f in ORDERS.items()}
        equal = values.count(literal)
        expected |= {f"resource.x == {text}": equal, f"[{text}].contains(resource.x)": equal}
        for condition, count in expected.items():
            policy = f'permit(principal, action == Action::"read", resource) when {{ {condition} }};'
            residual = generated.evaluate_partially([policy])
            row_filter = compile_residuals([residual], RowType(generated.ROWS, columns))
            assert rows.filter(filter_expression(row_filter, columns)).collect().height == count, condition


def published(home: Path, dtype: pl.DataType, arrow: pa.DataType, values: list[Decimal]) -> pl.LazyFrame:
    """Return a published version with one file for each value, and one with a null."""
    port, schema = port_at(home, "retail.party", 2), pa.schema([pa.field("x", arrow)])
    candidate = stage(port)
    for number, value in enumerate([*values, None]):
        pl.DataFrame({"x": pl.Series([value], dtype=dtype)}).write_parquet(candidate.path / f"{number}.parquet")
    measured = measure_files(candidate, schema, None, ["x"])
    publish(port, candidate, measured, schema, replace=ReplaceAll(), provenance=provenance())
    return open_version(port).scan_polars()
