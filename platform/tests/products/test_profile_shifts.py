"""The clause `profile`: distances known by hand, over values, ranges and nulls; it warns and never blocks."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from diff_samples import key_column

from bankmesh.contracts.clause_rules import ProfileShift
from bankmesh.contracts.model import Severity
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.products.profiles.shift_measures import distribution
from bankmesh.quality.profile_check import total_variation
from bankmesh.testing import try_product
from bankmesh.testing.contract_builder import contract_text

COLUMNS = {
    "id": key_column("integer", classification="internal"),
    "country": "string",
    "amount": {"logicalType": "number", "physicalType": "double"},
    "name": {"logicalType": "string", "classification": "confidential"},
}


def contract(limit="{maxShift: 20}", **columns):
    text = contract_text("retail.party", COLUMNS | columns)
    text = text.replace("customProperties:", f"customProperties:\n- property: profile\n  value: {limit}", 1)
    return read_text("party.odcs.yaml", text)


def rows(countries, amounts=None, names=None):
    count = len(countries)
    return pl.DataFrame(
        {
            "id": range(count),
            "country": countries,
            "amount": [1.0] * count if amounts is None else amounts,
            "name": ["Ada"] * count if names is None else names,
        },
        schema={"id": pl.Int32, "country": pl.String, "amount": pl.Float64, "name": pl.String},
    )


def pass_through(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame


def shift_of(home, *frames, limit="{maxShift: 20}"):
    found, faults = contract(limit)
    assert faults == ()
    trials = [try_product(found, {"frame": frame}, transform=pass_through, home=home) for frame in frames]
    assert all(trial.publication is not None for trial in trials)
    return trials[-1].clause("profile")


def test_the_distance_is_that_of_the_formula():
    assert total_variation([0.5, 0.5], [0.5, 0.5]) == 0
    assert total_variation([1, 0], [0, 1]) == 1
    assert total_variation([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]) == pytest.approx(0.3)
    assert distribution(25, 100, [3, 1]) == [0.25, 0.75 * 0.75, 0.75 * 0.25]
    assert distribution(25, 100, []) == [0.25, 0.75]
    assert distribution(0, 0, []) == [0, 1]


@pytest.mark.parametrize(
    ("after", "observed", "outcome"),
    [
        (["GB"] * 100 + ["FR"] * 100, 0, "passed"),
        (["GB"] * 60 + ["FR"] * 140, 20, "passed"),
        (["GB"] * 58 + ["FR"] * 142, 21, "warned"),
        (["GB"] * 100 + ["XX"] * 100, 50, "warned"),  # a value that the version before did not have
        (["GB"] * 100 + ["FR"] * 50 + [None] * 50, 25, "warned"),
        ([None] * 200, 100, "warned"),
    ],
)
def test_values_and_nulls_shift(tmp_path, after, observed, outcome):
    result = shift_of(tmp_path, rows(["GB"] * 100 + ["FR"] * 100), rows(after))
    assert (result.observed, str(result.outcome)) == (pytest.approx(observed), outcome)
    assert "since version 0" in result.message
    assert "XX" not in result.message
    assert ("country" in result.message) is (observed > 0) or outcome == "passed"


def test_ranges_shift_as_much_as_numpy_says(tmp_path):
    source = np.random.default_rng(3)
    before, after = source.normal(100, 10, 4_000), source.normal(105, 10, 4_000)
    result = shift_of(tmp_path, rows(["GB"] * 4_000, before), rows(["GB"] * 4_000, after), limit="{maxShift: 5}")
    # The distance of two normal distributions half a deviation apart is 19.7 %; ranges can only hide some of it.
    edges = np.quantile(before, np.linspace(0.05, 0.95, 19))
    p, q = (np.histogram(v, [-np.inf, *edges, np.inf])[0] / 4_000 for v in (before, after))
    assert result.observed == pytest.approx(50 * np.abs(p - q).sum(), abs=1.5)
    assert result.observed > 15
    assert "amount" in result.message


def test_of_a_confidential_column_only_the_share_of_nulls_is_compared(tmp_path):
    other = shift_of(tmp_path / "a", rows(["GB"] * 200), rows(["GB"] * 200, names=["Bob"] * 200))
    assert other.observed == 0
    fewer = shift_of(tmp_path / "b", rows(["GB"] * 200), rows(["GB"] * 200, names=["Ada"] * 100 + [None] * 100))
    assert (fewer.observed, str(fewer.outcome)) == (50, "warned")
    assert "Ada" not in fewer.message


def test_a_first_version_and_one_of_few_rows_are_not_compared(tmp_path):
    assert "no version before" in shift_of(tmp_path / "a", rows(["GB"] * 200)).message
    result = shift_of(tmp_path / "b", rows(["GB"] * 99), rows(["FR"] * 99))
    assert (str(result.outcome), "compared from 100 rows on" in result.message) == ("passed", True)


def test_a_shift_that_cannot_be_measured_is_a_warning(tmp_path):
    found, _ = contract()
    try_product(found, {"frame": rows(["GB"] * 200)}, transform=pass_through, home=tmp_path)
    for profile in tmp_path.glob("ports/retail/party/v1/_profiles/*.json"):
        profile.write_text('{"format": 1, "rows": 200, "counted": 200, "columns": [{}]}')
    again = try_product(found, {"frame": rows(["GB"] * 200)}, transform=pass_through, home=tmp_path)
    # A damaged profile is computed again.
    assert str(again.clause("profile").outcome) == "passed"


def test_limits_of_columns_precede_those_of_the_contract():
    tight = {"logicalType": "string", "customProperties": [{"property": "profile", "value": {"maxShift": 2.5}}]}
    free = {
        "logicalType": "number",
        "physicalType": "double",
        "customProperties": [{"property": "profile", "value": "free"}],
    }
    found, faults = contract(country=tight, amount=free)
    assert faults == ()
    (clause,) = [clause for clause in found.clauses if clause.name == "profile"]
    assert clause.rule == ProfileShift((("country", Decimal("2.5")), ("name", Decimal(20))))
    assert (clause.severity, clause.whole_table) == (Severity.WARNING, True)
    without, _ = read_text("party.odcs.yaml", contract_text("retail.party", COLUMNS))
    assert "profile" not in [clause.name for clause in without.clauses]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("fre", "write free, or"),
        ("20", "write free, or"),
        ("{}", "write free, or"),
        ("{maxshift: 5}", "there is no maxshift. Did you mean maxShift?"),
        ("{maxShift: 0}", "not a percentage above 0"),
        ("{maxShift: 100}", "not a percentage above 0"),
        ("{maxShift: true}", "not a percentage above 0"),
        ("{maxShift: [5]}", "not a percentage above 0"),
    ],
)
def test_a_limit_that_means_nothing_is_a_fault(limit, message):
    found, faults = contract(limit)
    assert found is None
    assert [fault.rule for fault in faults] == ["bad-profile"]
    assert message in faults[0].message
