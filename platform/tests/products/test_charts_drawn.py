"""Charts on the asset page: aggregates over the whole table, small groups of confidential columns left out."""

import base64
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_mesh import MONTHS, Mesh

from bankmesh.contracts.model import Chart, Classification, Partitioning
from bankmesh.contracts.parsing.chart_properties import FEWEST_ROWS
from bankmesh.products.candidates.published_charts import INLINE, draw_charts, fitting, points_query, readable

CLASSES = {"day": Classification.INTERNAL, "amount": Classification.CONFIDENTIAL, "rate": Classification.INTERNAL}


def promise(*charts, partitioning=None):
    return SimpleNamespace(
        charts=charts, partitioning=partitioning, column=lambda name: SimpleNamespace(classification=CLASSES[name])
    )


def decoded(markdown):
    return base64.b64decode(markdown.partition("base64,")[2].removesuffix(")")).decode()


@pytest.fixture
def connection():
    with duckdb.connect() as connected:
        connected.execute(
            "create table bookings as select date '2024-01-01' + (i // 12)::integer as day, i * 1.5 as amount,"
            f" i as rate from range(12 + {FEWEST_ROWS} - 1) as t(i)"
        )
        yield connected


def points(connection, chart):
    return connection.execute(points_query(chart, promise(chart), "bookings")).fetchall()


def test_rows_are_counted_by_day(connection):
    assert points(connection, Chart("T", "day", "day", "rows", None, None)) == [
        ("2024-01-01", 12.0),
        ("2024-01-02", FEWEST_ROWS - 1.0),
    ]


def test_a_confidential_mean_of_few_rows_is_left_out(connection):
    assert points(connection, Chart("T", "day", "day", "mean", "amount", None)) == [("2024-01-01", 8.25)]
    assert len(points(connection, Chart("T", "day", "day", "max", "rate", None))) == 2


def test_few_rows_that_a_confidential_condition_picks_are_left_out(connection):
    assert points(connection, Chart("T", "day", "day", "rows", None, "amount >= 0")) == [("2024-01-01", 12.0)]
    assert points(connection, Chart("T", "day", "day", "mean", "rate", "amount > 20")) == []


def test_a_condition_picks_rows(connection):
    assert points(connection, Chart("T", "day", "month", "rows", None, "rate < 3")) == [("2024-01-01", 3.0)]


def test_a_chart_that_cannot_be_drawn_is_left_out(connection):
    broken, sound = (Chart(title, "day", None, "rows", None, where) for title, where in (("A", "nope"), ("B", None)))
    assert [title for title, _ in draw_charts(promise(broken, sound), "bookings", connection)] == ["B"]


def test_a_partitioned_product_shows_its_rows(connection):
    contract = promise(partitioning=Partitioning("day", "day", "2024-01-01", None))
    [(title, markdown)] = draw_charts(contract, "bookings", connection)
    assert title == "Rows by day"
    assert "2024-01-02" in decoded(markdown)


@given(st.lists(st.tuples(st.text(max_size=12), st.floats(-1e9, 1e9)), min_size=1, max_size=120), st.booleans())
def test_every_drawing_is_xml_that_the_page_shows_in_place(drawn, lines):
    printable = [("".join(c for c in text if c.isprintable()), value) for text, value in drawn]
    markdown = fitting(printable, lines=lines)
    root = ET.fromstring(decoded(markdown))  # noqa: S314
    assert printable[-1][0] in [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert len(markdown) < INLINE


def test_eight_years_of_months_fit():
    months = [(f"20{year:02}-{month:02}-01", 1e4 + 100.0 * month) for year in range(8) for month in range(1, 13)]
    drawing = decoded(fitting(months[:84], lines=False))
    assert "2000-01-01" in drawing


@pytest.mark.parametrize(("value", "text"), [(0.02134, "0.0213"), (45_000, "45k"), (1_234_567, "1.23M"), (0, "0")])
def test_numbers_are_short(value, text):
    assert readable(value) == text


def test_a_run_over_one_month_draws_the_whole_table_and_says_what_it_cost(published: Mesh) -> None:
    run = published.run("monthly_sale", months=(MONTHS[1], MONTHS[1]))
    told = run.metadata("monthly_sale")
    drawing = decoded(told["Rows by month"])
    assert MONTHS[0] in drawing
    assert MONTHS[2] in drawing
    assert list(told["whole-table clauses"]) == ["primary_key_unique"]
    assert told["whole-table seconds"] == pytest.approx(sum(told["whole-table clauses"].values()), abs=0.002)
    check = run.checks("monthly_sale")["primary_key_unique"]
    assert check.metadata["looked at"].value == "the whole table"
