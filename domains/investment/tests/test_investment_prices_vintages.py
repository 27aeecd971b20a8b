"""Which vintage a price is taken from, what a later one restated, and which closes a return is made of."""

import datetime as dt

import polars as pl
import pytest

from investment.prices.quotes import share_quotes
from investment.prices.vintages import newest, price_returns, with_neighbours

D = [dt.date(2017, 7, day) for day in (3, 5, 6, 7, 10)]
OLD, NEW = "all_stocks_5yr_vintage_2017-08.csv.gz", "all_stocks_5yr_vintage_2018-02.csv.gz"


@pytest.fixture
def quotes(rows):
    """`quotes((file, day, close), ...)` of one share; further keys as a mapping behind."""

    def make(*given):
        return share_quotes(
            rows(
                "price_vendor.daily_price",
                *(
                    {"source_file": file, "day": day, "close": close, **(more[0] if more else {})}
                    for file, day, close, *more in given
                ),
            ).lazy()
        )

    return make


def test_the_newest_vintage_that_has_the_day_is_taken(quotes):
    taken = newest(quotes((OLD, D[0], 10), (OLD, D[1], 11), (NEW, D[1], 12))).sort("day").collect()
    assert taken["close"].to_list() == [10, 12]
    assert taken["vintage"].to_list() == ["2017-08", "2018-02"]


def test_order_of_rows_and_files_does_not_matter(quotes):
    taken = newest(quotes((NEW, D[1], 12), (OLD, D[1], 11))).collect()
    assert taken["close"].to_list() == [12]
    assert taken["superseded_close"].to_list() == [11]


def test_a_restatement_is_told_with_what_it_changed(quotes):
    taken = newest(quotes((OLD, D[0], 10, {"volume": 100}), (NEW, D[0], 5, {"volume": 200}))).collect()
    row = taken.row(0, named=True)
    assert row["restated"]
    assert row["restated_in"] == "2018-02"
    assert row["restated_fields"] == ["close", "volume"]
    assert row["superseded_close"] == 10


def test_a_value_that_appears_later_is_a_restatement(quotes):
    row = newest(quotes((OLD, D[0], 10, {"open": None}), (NEW, D[0], 10))).collect().row(0, named=True)
    assert row["restated_fields"] == ["open"]


def test_equal_values_in_both_vintages_are_no_restatement(quotes):
    row = newest(quotes((OLD, D[0], 10), (NEW, D[0], 10))).collect().row(0, named=True)
    assert not row["restated"]
    assert row["restated_in"] is None
    assert row["restated_fields"] == []
    assert row["superseded_close"] is None


def test_a_restatement_is_remembered_by_the_vintage_that_brought_it(quotes):
    newer = "all_stocks_5yr_vintage_2018-08.csv.gz"
    row = newest(quotes((OLD, D[0], 10), (NEW, D[0], 5), (newer, D[0], 5))).collect().row(0, named=True)
    assert row["vintage"] == "2018-08"
    assert row["restated_in"] == "2018-02"
    assert row["superseded_close"] == 10


def test_the_last_of_several_restatements_is_told(quotes):
    newer = "all_stocks_5yr_vintage_2018-08.csv.gz"
    row = newest(quotes((OLD, D[0], 10), (NEW, D[0], 5), (newer, D[0], 4))).collect().row(0, named=True)
    assert (row["restated_in"], row["superseded_close"]) == ("2018-08", 5)


def test_a_file_without_a_vintage_in_its_name_is_called_by_its_name(quotes):
    assert newest(quotes(("prices.csv", D[0], 10))).collect()["vintage"].to_list() == ["prices.csv"]


def test_a_row_that_one_file_holds_twice_stays_twice_for_the_gate_to_refuse(quotes):
    assert newest(quotes((NEW, D[0], 10), (NEW, D[0], 11))).collect().height == 2


def test_returns_are_of_closes(quotes):
    found = price_returns(quotes((NEW, D[0], 10), (NEW, D[1], 11), (NEW, D[2], "10.45"))).sort("day").collect()
    assert found["day"].to_list() == D[1:3]
    assert found["price_return"].to_list() == pytest.approx([0.1, -0.05])


def test_a_split_known_to_the_newest_vintage_alone_makes_no_return(quotes):
    # The old file starts a day earlier and is not adjusted for the split: 20 and 22 there are 10 and 11 here.
    found = price_returns(quotes((OLD, D[0], 20), (OLD, D[1], 22), (NEW, D[1], 11), (NEW, D[2], 11)))
    assert found.sort("day").collect()["price_return"].to_list() == pytest.approx([0.1, 0.0])


def test_a_return_is_of_the_newest_vintage_that_has_both_days(quotes):
    found = price_returns(quotes((OLD, D[0], 10), (OLD, D[1], 11), (NEW, D[0], 10), (NEW, D[1], 12)))
    assert found.collect()["price_return"].to_list() == pytest.approx([0.2])


def test_a_missing_day_or_close_makes_no_return(quotes):
    beside = {"ticker": "OTHR"}
    found = price_returns(
        quotes(
            *((NEW, day, 1, beside) for day in D),
            (NEW, D[0], 10),
            (NEW, D[2], 11),  # D[1] is missing: a move over two days
            (NEW, D[3], None),
            (NEW, D[4], 11),
        )
    ).collect()
    assert found.filter(pl.col("instrument_id") == "ACME").is_empty()


def test_instruments_do_not_run_into_each_other(quotes):
    found = price_returns(
        quotes((NEW, D[0], 10), (NEW, D[0], 50, {"ticker": "OTHR"}), (NEW, D[1], 55, {"ticker": "OTHR"}))
    )
    assert found.collect().select("instrument_id", "price_return").rows() == [("OTHR", pytest.approx(0.1))]


def test_neighbours_are_of_the_same_instrument(quotes):
    taken = newest(quotes((NEW, D[0], 10), (NEW, D[2], 11), (NEW, D[1], 5, {"ticker": "OTHR"})))
    found = with_neighbours(taken.with_columns(price_return=0.5)).filter(pl.col("instrument_id") == "ACME").collect()
    assert found["quoted_before"].to_list() == [None, D[0]]
    assert found["day_before"].to_list() == [None, D[1]]
    assert found["quoted_next"].to_list() == [D[2], None]
    assert found["next_return"].to_list() == [None, None]  # the next row is not of the next day
