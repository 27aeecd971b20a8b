"""Charts are read with the contract: of columns that may be shown, and with conditions that are SQL."""

import pytest

from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.model import Chart
from bankmesh.contracts.parsing.contract_reader import read_contract

END = "  - property: x-cost-centre\n    value: 4711\n"


def with_charts(booking, *charts):
    listed = "".join(f"      - {{{chart}}}\n" for chart in charts)
    return booking.replace(END, f"  - property: charts\n    value:\n{listed}")


def test_charts_become_values(build, booking):
    text = with_charts(
        booking,
        "title: Bookings, by: month, every: quarter",
        "title: Mean amount, by: currency, show: mean, of: amount, where: \"currency = 'CZK'\"",
    )
    assert read_contract(build(text=text)).charts == (
        Chart("Bookings", "month", "quarter", "rows", None, None),
        Chart("Mean amount", "currency", None, "mean", "amount", "currency = 'CZK'"),
    )


def test_a_chart_has_a_point(build, booking):
    contract = read_contract(build(text=with_charts(booking, "title: Bookings, by: month")))
    points = {entry.clause: entry.where for entry in coverage(contract)}
    assert points["customProperties[2].value[0].by"] == "dagster: charts of each published version"


@pytest.mark.parametrize(
    "chart",
    [
        "by: month",
        "title: T",
        "title: T, by: moth",
        "title: T, by: account_id",  # confidential: its values would be shown
        "title: T, by: currency, every: month",
        "title: T, by: month, every: week",
        "title: T, by: month, show: median, of: amount",
        "title: T, by: month, show: rows, of: amount",
        "title: T, by: month, show: mean",
        "title: T, by: month, show: mean, of: currency",
        "title: T, by: month, show: max, of: amount",  # one row's confidential value
        "title: T, by: month, show: mean, of: counterparty",  # restricted
        "title: T, by: month, where: amount >",
        "title: T, by: month, where: amont > 1",
        "title: T, by: month, where: amount in (select 1 from secrets)",
        "title: T, by: month, colour: red",
    ],
)
def test_what_may_not_be_drawn_is_a_fault(faults_of, booking, chart):
    found = faults_of(text=with_charts(booking, chart))
    assert [rule for rule, _ in found] == ["bad-chart"]


def test_charts_is_a_list(faults_of, booking):
    text = booking.replace(END, "  - property: charts\n    value: all\n")
    assert [rule for rule, _ in faults_of(text=text)] == ["bad-chart"]
