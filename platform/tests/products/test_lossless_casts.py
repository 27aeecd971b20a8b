"""A cast to the promised type loses nothing, or nothing is published; the same for dbt and Polars."""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankmesh.contracts.build_casts import CastsRefused
from bankmesh.contracts.parsing.contract_reader import read_contract
from bankmesh.errors import TransformError
from bankmesh.ports import open_version
from bankmesh.products.candidates import duckdb_candidate
from bankmesh.products.polars import polars_candidate
from bankmesh.testing import try_product, write_contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bankmesh.contracts.model import Contract
    from bankmesh.products.candidates.candidate_files import WrittenCandidate

LONG = "logicalType: integer, physicalType: long"
INTEGER = "logicalType: integer, physicalType: integer"
DOUBLE = "logicalType: number, physicalType: double"
STRING, BOOLEAN, DATE, TIMESTAMP = (f"logicalType: {name}" for name in ("string", "boolean", "date", "timestamp"))
PRAGUE = zoneinfo.ZoneInfo("Europe/Prague")


def decimal(precision: int, scale: int) -> str:
    return f'logicalType: number, physicalType: "decimal({precision},{scale})"'


def array(item: str) -> str:
    return f"logicalType: array, items: {{{item}}}"


@pytest.fixture
def promise(tmp_path: Path):
    """A contract of one column `x` of the given type."""

    def make(column: str, *, classification: str = "internal", more: str = "") -> Contract:
        given = yaml.safe_load(f"{{classification: {classification}, {column}{more}}}")
        file = write_contract(tmp_path, "shop.thing", {"x": given})
        return read_contract(file)

    return make


class Engines:
    """Both ways to write a candidate from the same rows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, 0

    def polars(self, contract: Contract, frame: pl.DataFrame) -> tuple[WrittenCandidate, list[Any]]:
        return self._written(lambda target: polars_candidate.write_candidate(frame.lazy(), contract, target))

    def duckdb(self, contract: Contract, frame: pl.DataFrame) -> tuple[WrittenCandidate, list[Any]]:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            is_huge = frame["x"].dtype == pl.Int128  # Arrow has no such type
            connection.register("delivered", frame.cast(pl.String).to_arrow() if is_huge else frame.to_arrow())
            query = f"select x{'::hugeint as x' if is_huge else ''} from delivered"
            return self._written(lambda target: duckdb_candidate.write_candidate(connection, query, contract, target))

    def _written(self, write: Callable[[Path], WrittenCandidate]) -> tuple[WrittenCandidate, list[Any]]:
        self.number += 1
        target = self.folder / str(self.number)
        target.mkdir(parents=True)
        written = write(target)
        return written, pl.read_parquet(target / "part-0.parquet")["x"].to_list()


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    return Engines(tmp_path / "candidates")


@pytest.fixture(params=["polars", "duckdb"])
def write(request: pytest.FixtureRequest, engines: Engines):
    return getattr(engines, request.param)


def frame(values: list[Any], dtype: pl.DataType | None = None) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(values, dtype=dtype, strict=False)})


FIRST, LAST, DAY = -719_162, 2_932_896, 86_400_000_000
"""1 January of the year 1 and 31 December 9999 as days since 1970; microseconds of a day."""


def days(*numbers: int | None) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Int32).cast(pl.Date)})


def moments(*numbers: int | None) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(numbers, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))})


KEPT = [
    (DATE, days(FIRST, LAST, None), [dt.date.min, dt.date.max, None]),
    (LONG, frame([2.0, None, -3.0]), [2, None, -3]),
    (LONG, frame(["7"], pl.Decimal(38, 2)), [7]),
    (LONG, frame([2**62], pl.Int128), [2**62]),
    (DOUBLE, frame([2**53, None]), [2.0**53, None]),
    (DOUBLE, frame([0.5], pl.Float32), [0.5]),
    (DOUBLE, frame([Decimal("0.1")], pl.Decimal(20, 4)), [0.1]),
    (decimal(12, 2), frame([14.36, -0.01, None]), [Decimal("14.36"), Decimal("-0.01"), None]),
    (decimal(12, 2), frame([14.36], pl.Float32), [Decimal("14.36")]),
    (decimal(12, 2), frame([Decimal("1.2200")], pl.Decimal(12, 4)), [Decimal("1.22")]),
    (decimal(18, 2), frame([Decimal("9.99")], pl.Decimal(38, 2)), [Decimal("9.99")]),
    (DATE, frame([dt.datetime(2024, 7, 1), None]), [dt.date(2024, 7, 1), None]),  # noqa: DTZ001
    (TIMESTAMP, frame([dt.datetime(2024, 7, 1, 14, tzinfo=PRAGUE)]), [dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)]),
    (array(LONG), frame([[1.0, None], [], None]), [[1, None], [], None]),
    (array(decimal(6, 2)), frame([[0.1, 2.5]]), [[Decimal("0.10"), Decimal("2.50")]]),
]


@pytest.mark.parametrize(("column", "rows", "expected"), KEPT)
def test_a_value_that_survives_is_written_as_it_is(promise, write, column, rows, expected) -> None:
    written, found = write(promise(column), rows)
    assert found == expected
    assert (written.rows, written.losses) == (rows.height, ())


LOST = [
    (LONG, frame([2.7, 1.0, 2.5]), 2),
    (LONG, frame([float("nan"), float("inf"), 1e300, None]), 3),
    (LONG, frame([2**63, 5], pl.Int128), 1),
    (INTEGER, frame([2**31, 2**31 - 1]), 1),
    (DOUBLE, frame([2**53 + 1, 2**53]), 1),
    (DOUBLE, frame([2**63 - 1]), 1),
    (decimal(12, 2), frame([Decimal("1.2250"), Decimal("0.0049")], pl.Decimal(12, 4)), 2),
    (decimal(12, 2), frame([1.005, 1e11, float("nan")]), 3),
    (decimal(12, 2), frame([1e10]), 1),
    (decimal(6, 2), frame([10_000], pl.Int64), 1),
    (DATE, frame([dt.datetime(2024, 7, 1, 23, 59)]), 1),  # noqa: DTZ001
    (array(LONG), frame([[1.5, 2.5], [1.0], None]), 1),
    (DATE, days(FIRST - 1, FIRST, None, LAST, LAST + 1, 2**31 - 1), 3),
    (TIMESTAMP, moments(FIRST * DAY - 1, FIRST * DAY, None, LAST * DAY + DAY - 1, LAST * DAY + DAY), 2),
    (array(DATE), pl.DataFrame({"x": [[0, LAST + 1], [0, None], None]}).cast(pl.List(pl.Date)), 1),
]


@pytest.mark.parametrize(("column", "rows", "lost"), LOST)
def test_a_value_that_does_not_survive_is_counted_by_row(promise, write, column, rows, lost) -> None:
    written, _ = write(promise(column), rows)
    assert [(loss.column, loss.rows) for loss in written.losses] == [("x", lost)]
    assert written.rows == rows.height


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize(
    ("column", "expression"),
    [
        (DATE, "'{}infinity'::date"),
        (DATE, "'{}infinity'::timestamp"),
        (TIMESTAMP, "'{}infinity'::timestamptz"),
        (array(DATE), "['{}infinity'::date]"),
    ],
)
def test_infinity_of_duckdb_is_no_day(promise, tmp_path, column, expression, sign) -> None:
    with duckdb.connect() as connection:
        query = f"select {expression.format(sign)} as x union all select null"
        written = duckdb_candidate.write_candidate(connection, query, promise(column), tmp_path)
    assert [(loss.column, loss.rows) for loss in written.losses] == [("x", 1)]


REFUSED = [
    (LONG, frame([" 12.6 "])),
    (BOOLEAN, frame([7], pl.Int64)),
    (BOOLEAN, frame(["true"])),
    (LONG, frame([True])),
    (LONG, frame([dt.date(2024, 1, 1)])),
    (STRING, frame([{"a": 1}])),
    (STRING, frame([7], pl.Int64)),
    (TIMESTAMP, frame([dt.datetime(2024, 7, 1, 14)])),  # noqa: DTZ001
    (TIMESTAMP, frame([dt.date(2024, 7, 1)])),
    (DATE, frame([dt.datetime(2024, 7, 2, 1, 30, tzinfo=PRAGUE)])),
    (array(STRING), frame([[7]], pl.List(pl.Int64))),
    (LONG, frame([[7]], pl.List(pl.Int64))),
]


@pytest.mark.parametrize(("column", "rows"), REFUSED)
def test_types_that_never_convert_are_refused_before_a_row_is_written(promise, engines, column, rows) -> None:
    for write in (engines.polars, engines.duckdb):
        with pytest.raises(CastsRefused) as caught:
            write(promise(column), rows)
        (loss,) = caught.value.losses
        assert loss.rows is None
        assert f"promised as {loss.promised}" in str(caught.value)
        assert not any((engines.folder / str(engines.number)).iterdir())


def test_untyped_nulls_are_null_of_the_promised_type_and_a_value_among_them_is_lost(promise, tmp_path) -> None:
    with duckdb.connect() as connection:
        for query, lost in (("select null as x", 0), ("select 7 as x union all select null", 1)):
            folder = tmp_path / str(lost)
            folder.mkdir()
            written = duckdb_candidate.write_candidate(connection, query, promise(STRING), folder)
            assert sum(loss.rows or 0 for loss in written.losses) == lost


exact = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(lambda values: frame(values, pl.Int64)),
    st.lists(st.integers(-(10**20), 10**20)).map(lambda values: frame(values, pl.Int128)),
    st.lists(st.floats(width=64)).map(lambda values: frame(values, pl.Float64)),
    st.lists(st.integers(-(10**9), 10**9).map(lambda units: units / 100)).map(lambda values: frame(values, pl.Float64)),
    st.lists(st.integers(-(10**17), 10**17).map(lambda units: Decimal(units).scaleb(-4))).map(
        lambda values: frame(values, pl.Decimal(20, 4))
    ),
)
PROMISES = {"long": LONG, "integer": INTEGER, "money": decimal(12, 2), "fine": decimal(20, 6), "double": DOUBLE}


def survives(value: object, promised: str) -> bool:
    """By exact arithmetic: whether the promised type has this very value, or the one decimal that a double means."""
    if isinstance(value, float) and not math.isfinite(value):
        return promised == "double"
    exactly = Fraction(value)
    if promised in {"long", "integer"}:
        bits = 63 if promised == "long" else 31
        return exactly.denominator == 1 and -(2**bits) <= exactly < 2**bits
    if promised == "double":
        back = Fraction(float(value))
        return back == exactly or (isinstance(value, Decimal) and round(back * 10**4) == exactly * 10**4)
    precision, scale = (12, 2) if promised == "money" else (20, 6)
    units = exactly * 10**scale
    if isinstance(value, float):
        near = round(units)
        return abs(near) < min(2**52, 10**precision) and float(Fraction(near, 10**scale)) == value
    return units.denominator == 1 and abs(units) < 10**precision


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=exact, promised=st.sampled_from(sorted(PROMISES)))
def test_both_engines_lose_just_what_exact_arithmetic_says(promise, engines, rows, promised) -> None:
    values = rows["x"].to_list()
    expected = [survives(value, promised) for value in values]
    for write in (engines.polars, engines.duckdb):
        written, found = write(promise(PROMISES[promised]), rows)
        assert sum(loss.rows or 0 for loss in written.losses) == expected.count(False)
        for value, kept, made in zip(values, expected, found, strict=True):
            if not kept:
                assert made is None
            elif isinstance(value, float) and promised in {"money", "fine"}:
                assert float(made) == value
            elif not (isinstance(value, float) and math.isnan(value)):
                assert made == (float(value) if promised == "double" else value)


def test_the_rows_that_are_counted_are_the_rows_that_are_written(promise, tmp_path) -> None:
    """A second evaluation of a random column would give other rows."""
    with duckdb.connect() as connection:
        query = "select case when random() < 0.5 then 1.5 else 2.0 end::double as x from range(100000)"
        written = duckdb_candidate.write_candidate(connection, query, promise(LONG), tmp_path)
    nulls = pl.read_parquet(tmp_path / "part-0.parquet")["x"].null_count()
    assert 40_000 < nulls < 60_000
    assert [loss.rows for loss in written.losses] == [nulls]


def test_a_loss_is_a_clause_of_the_gate_that_names_column_count_and_types_and_no_value(promise, tmp_path) -> None:
    rows = frame([4711.25, 1.0])
    contract = promise(LONG, classification="restricted")
    trial = try_product(contract, {"rows": rows}, transform=lambda rows: rows, home=tmp_path)
    assert trial.publication is None
    assert trial.broken == ("lossless_casts",)
    message = trial.clause("lossless_casts").message
    assert message == ("casts to the promised types: x loses its value in 1 row when cast from Float64 to long of 2.")
    assert "4711" not in str(trial.gate.to_json())


def test_types_that_never_convert_stop_the_write_and_leave_the_other_clauses_unevaluated(promise, tmp_path) -> None:
    contract = promise(LONG, more=", required: true")
    trial = try_product(contract, {"rows": frame(["7"])}, transform=lambda rows: rows, home=tmp_path)
    assert trial.broken == ("lossless_casts",)
    assert trial.gate.counts == {"passed": 0, "warned": 0, "failed": 1, "errored": 0, "not evaluated": 4}
    assert not trial.gate.publishable
    assert trial.rows.is_empty()
    assert (
        "x is delivered as String and promised as long: text is not cast to long"
        in trial.clause("lossless_casts").message
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("column", "rows"), [(DOUBLE, lambda v: [1.0, v]), (array(DOUBLE), lambda v: [[1.0], [v]])])
def test_a_double_is_finite(promise, tmp_path, column, rows, value) -> None:
    trial = try_product(promise(column), {"rows": frame(rows(value))}, transform=lambda rows: rows, home=tmp_path)
    assert trial.broken == ("x__finite",)
    assert trial.clause("x__finite").failing_rows == 1


def test_a_double_that_allows_nan_is_read_alike_by_all(promise, tmp_path) -> None:
    contract = promise(DOUBLE, more=", customProperties: [{property: allowNaN, value: true}]")
    rows = frame([1.0, float("nan"), 3.0])
    trial = try_product(contract, {"rows": rows}, transform=lambda rows: rows, home=tmp_path)
    assert trial.broken == ()
    opened = open_version(trial.port)
    from bankmesh.ports import connect

    with connect() as connection:
        relation = opened.duckdb_relation_sql()
        assert connection.execute(f"select count(*) from {relation} where x > 2").fetchone() == (2,)
        assert connection.execute(f"select count(*) from {relation} where x > 100").fetchone() == (1,)
    assert opened.scan_polars().filter(pl.col("x") > 100).collect().height == 1
    import pyarrow.compute as pc

    assert opened.to_arrow().filter(pc.field("x") > 2).num_rows in {1, 2}  # Arrow's own order of NaN, on all rows
    assert opened.to_arrow().num_rows == 3


def test_a_column_that_is_delivered_twice_is_named_with_its_places(promise, tmp_path) -> None:
    with duckdb.connect() as connection, pytest.raises(TransformError) as caught:
        duckdb_candidate.write_candidate(connection, "select 1 as x, 2 as y, 3 as X", promise(LONG), tmp_path)
    assert "x is delivered 2 times, as columns 1 and 3 of 3" in str(caught.value)


def test_rows_that_are_missing_from_the_files_are_noticed(promise, tmp_path, monkeypatch) -> None:
    def lose(frame: pl.LazyFrame, contract: Contract, folder: Path) -> WrittenCandidate:
        written = real(frame, contract, folder)
        pl.read_parquet(folder / "part-0.parquet").head(1).write_parquet(folder / "part-0.parquet")
        return written

    real = polars_candidate.write_candidate
    monkeypatch.setattr("bankmesh.products.polars.polars_build.write_candidate", lose)
    with pytest.raises(TransformError, match="wrote 2 rows, but its files hold 1"):
        try_product(promise(LONG), {"rows": frame([1, 2])}, transform=lambda rows: rows, home=tmp_path)


def test_a_build_that_writes_no_file_is_no_empty_product(promise, tmp_path, monkeypatch) -> None:
    def forget(frame: pl.LazyFrame, contract: Contract, folder: Path) -> WrittenCandidate:
        written = real(frame, contract, folder)
        (folder / "part-0.parquet").unlink()
        return written

    real = polars_candidate.write_candidate
    monkeypatch.setattr("bankmesh.products.polars.polars_build.write_candidate", forget)
    with pytest.raises(TransformError, match="the build wrote no file"):
        try_product(promise(LONG), {"rows": frame([1, 2])}, transform=lambda rows: rows, home=tmp_path)
