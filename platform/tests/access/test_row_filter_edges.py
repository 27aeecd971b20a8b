"""Row filters at the edges: refusals, columns of old versions, microseconds, statistics that skip files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import row_policies as generated
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.access.errors import UntranslatableResidual
from bankmesh.access.model import Reason, RowFilter
from bankmesh.access.row_filters.attribute_types import (
    AttributeType,
    attribute_type,
    parse_datetime,
    parse_decimal,
    parse_duration,
)
from bankmesh.access.row_filters.filter_compiler import PartialResult, compile_residuals, permits_no_row
from bankmesh.access.row_filters.filter_translation import filter_expression
from bankmesh.access.row_filters.residual_conditions import RowType
from bankmesh.contracts.model import ColumnType

EVERY_ROW = 'permit(principal, action == Action::"read", resource);'


def compiled(*policies: str, row_type: RowType = generated.ROW_TYPE) -> RowFilter:
    return compile_residuals([generated.evaluate_partially(list(policies))], row_type)


def permit(condition: str) -> str:
    return f'permit(principal, action == Action::"read", resource) when {{ {condition} }};'


def forbid(condition: str) -> str:
    return f'forbid(principal, action == Action::"read", resource) when {{ {condition} }};'


def kept(row_filter: RowFilter, rows: pl.DataFrame | pl.LazyFrame, columns=None) -> pl.DataFrame:
    return rows.lazy().filter(filter_expression(row_filter, columns or generated.COLUMNS)).collect()


# --- What is known without a row ---------------------------------------------------------------------------


def test_a_permit_of_every_row_leaves_no_condition():
    row_filter = compiled(EVERY_ROW, permit("resource.flag"), forbid("principal.clearance > 3"))
    assert row_filter == RowFilter()
    assert row_filter.is_everything


@pytest.mark.parametrize("policies", [[], [forbid("resource.flag")], [EVERY_ROW, forbid("principal.clearance > 0")]])
def test_without_a_permit_or_under_a_forbid_no_row_is_left(policies):
    row_filter = compiled(*policies)
    assert permits_no_row(row_filter)
    assert not permits_no_row(compiled(EVERY_ROW))
    assert kept(row_filter, pl.DataFrame({"flag": [True, False, None]})).is_empty()


def test_a_filter_holds_the_same_text_whatever_the_order_of_policies():
    policies = [
        permit("resource.flag"),
        permit('resource.name == "a"'),
        forbid("resource.optin"),
        forbid("resource.long < 1"),
    ]
    row_filter, reversed_filter = compiled(*policies), compiled(*reversed(policies))
    assert row_filter.residual == reversed_filter.residual
    assert row_filter.digest == reversed_filter.digest != compiled(*policies[1:]).digest
    assert row_filter.columns == {"flag", "name", "optin", "long"}


def test_a_filter_reads_no_column_that_cannot_matter():
    row_filter = compiled(
        permit('resource.flag && (principal.clearance > 3) && resource.name == "a"'), permit("resource.optin")
    )
    assert row_filter.columns == {"optin"}


def test_reasons_are_those_of_the_policies_with_conditions():
    policies = [permit("resource.flag"), permit("principal.clearance > 3"), forbid("resource.optin")]
    left = generated.evaluate_partially(policies)
    reasons = {f"policy{number}": Reason(f"line {number}") for number in range(len(policies))}
    row_filter = compile_residuals([PartialResult(left.residuals, (), reasons)], generated.ROW_TYPE)
    assert row_filter.reasons == (Reason("line 0"), Reason("line 2"))


# --- What is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("resource.long + 1 < 3", r"`\+` is not translated"),
        ("resource.long * 2 == 4", r"`\*` is not translated"),
        ("-resource.long < 3", "`neg` is not translated"),
        ("resource.at.toDate() == resource.day", "`toDate` is not translated"),
        ('resource.at.offset(duration("1d")) < resource.at', "`offset` is translated for literals"),
        ("resource.name.field == 1", "`.` is not translated"),
        ("{key: resource.name}.key == resource.name", "`.` is not translated"),
        ('resource.hasTag("a")', "`hasTag` is not translated"),
        ('(if resource.flag then "a" else "b") == resource.name', "`if-then-else`|Bool"),
        ("resource.name == 1", "compares a String with a Long"),
        ('resource.name < "b"', "`<` has no meaning for a String"),
        ("resource.amount < resource.amount", "`<` has no meaning for a decimal"),
        ("resource.name", "needs a Bool where it has a String"),
        ("[1].contains(resource.name)", "searches a String in a set with a Long"),
        ('resource == retail::party_v2::"7"', "not translated"),
        ('resource in retail::party_v2::"7"', "identity of a row"),
        ('resource.flag || principal.department == "x"', "an attribute of the principal"),
        ('Role::"other" in Role::"analyst" && resource.flag', "depends on an entity"),
        ("resource has balance && resource.flag", "balance, a double, which Cedar cannot hold"),
        ("resource.total == resource.total", "total, a decimal.38,2., which Cedar cannot hold"),
        ("[" + ",".join(map(str, range(1001))) + "].contains(resource.long)", "1,001 elements"),
        ('resource.name like "' + "ab*" * 500 + '"', "more than 1,000 characters"),
        (" || ".join(["resource.flag"] * 70), "nested deeper than 64"),
        ("!(" * 70 + "resource.flag" + ")" * 70, "nested deeper than 64"),
    ],
)
def test_a_condition_that_columns_cannot_evaluate_is_refused(condition, problem):
    more = {"balance": ColumnType("double"), "total": ColumnType("decimal", 38, 2)}
    row_type = RowType(generated.ROWS, {**generated.COLUMNS, **more})
    for policies in ([permit(condition)], [EVERY_ROW, forbid(condition)]):
        with pytest.raises(UntranslatableResidual, match=problem):
            compiled(*policies, row_type=row_type)


def test_policies_that_are_an_error_for_every_row_are_refused():
    with pytest.raises(UntranslatableResidual, match="an error for every row"):
        compiled(EVERY_ROW, forbid("9223372036854775807 + principal.clearance > 0"))


def test_a_residual_with_a_scope_or_an_unknown_part_is_refused():
    (name, residual), *_ = generated.evaluate_partially([permit("resource.flag")]).residuals.items()
    for change in (
        {"resource": {"op": "is", "entity_type": generated.ROWS}},
        {"effect": "allow"},
        {"conditions": [{"kind": "while", "body": {"Value": True}}]},
        {"conditions": [{"kind": "when", "body": {}}]},
    ):
        with pytest.raises(UntranslatableResidual):
            compile_residuals([PartialResult({name: {**residual, **change}})], generated.ROW_TYPE)


@pytest.mark.parametrize(
    "text", ["1", "1.", ".5", "1.23456", "922337203685477.5808", "-922337203685477.5809", "1e2.0", "٣.0"]
)
def test_a_literal_that_a_decimal_of_cedar_cannot_hold_is_refused(text):
    with pytest.raises(ValueError, match="not a decimal of Cedar"):
        parse_decimal(text)
    (name, residual), *_ = generated.evaluate_partially([permit("resource.amount == resource.rate")]).residuals.items()
    amount = {".": {"left": {"Var": "resource"}, "attr": "amount"}}
    body = {"==": {"left": amount, "right": {"decimal": [{"Value": text}]}}}
    changed = {name: {**residual, "conditions": [{"kind": "when", "body": body}]}}
    with pytest.raises(UntranslatableResidual, match="not a decimal of Cedar"):
        compile_residuals([PartialResult(changed)], generated.ROW_TYPE)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (ColumnType("decimal", 15, 4), AttributeType.DECIMAL),
        (ColumnType("decimal", 14, 0), AttributeType.DECIMAL),
        (ColumnType("decimal", 18, 2), AttributeType.DECIMAL),
        (ColumnType("decimal", 38, 4), AttributeType.DECIMAL),
        (ColumnType("decimal", 34, 0), AttributeType.DECIMAL),
        (ColumnType("decimal", 35, 0), None),
        (ColumnType("decimal", 38, 2), None),
        (ColumnType("decimal", 10, 5), None),
        (ColumnType("double"), None),
        (ColumnType("array", item=ColumnType("string")), None),
        (ColumnType("date"), AttributeType.DATETIME),
    ],
)
def test_a_column_is_an_attribute_only_if_cedar_holds_each_of_its_values(column, expected):
    assert attribute_type(column) is expected


@pytest.mark.parametrize(
    "text",
    ["2024-02-30", "2024-1-1", "0000-01-01", "2024-01-01T00:00:00", "2024-01-01T24:00:00Z", "2024-01-01 00:00:00Z", ""],
)
def test_a_malformed_datetime_is_refused(text):
    with pytest.raises(ValueError, match="not a moment"):
        parse_datetime(text)


def test_datetimes_and_durations_are_read_as_cedar_does():
    assert parse_datetime("2024-01-01T01:02:03.004+0130") == datetime(2023, 12, 31, 23, 32, 3, 4000, tzinfo=UTC)
    assert parse_datetime("1969-12-31") == datetime(1969, 12, 31, tzinfo=UTC)
    assert parse_duration("-1d2h3m4s5ms").total_seconds() == -93784.005
    for text in ("", "-", "1x", "1h1d", "1.5h"):
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration(text)


# --- Conditions in the form that Cedar may write ------------------------------------------------------------


def residual_of(effect: str, *conditions: tuple[str, dict]) -> PartialResult:
    every = {"op": "All"}
    written = [{"kind": kind, "body": body} for kind, body in conditions]
    policy = {"effect": effect, "principal": every, "action": every, "resource": every, "conditions": written}
    anything = {**policy, "effect": "permit", "conditions": []}
    return PartialResult({"policy0": policy, **({"policy1": anything} if effect == "forbid" else {})})


def test_each_when_and_unless_of_a_residual_counts():
    flag, optin, name = ({".": {"left": {"Var": "resource"}, "attr": each}} for each in ("flag", "optin", "name"))
    is_a = {"==": {"left": name, "right": {"Value": "a"}}}
    conditions = [("when", flag), ("unless", optin), ("when", is_a)]
    values = [True, False, None]
    rows = pl.DataFrame(
        [
            {"flag": flag, "optin": optin, "name": name}
            for flag in values
            for optin in values
            for name in ("a", "b", None)
        ],
        schema={"flag": pl.Boolean, "optin": pl.Boolean, "name": pl.String},
    )
    permitted = compile_residuals([residual_of("permit", *conditions)], generated.ROW_TYPE)
    assert kept(permitted, rows).rows() == [(True, False, "a")]
    not_forbidden = compile_residuals([residual_of("forbid", *conditions)], generated.ROW_TYPE)
    assert kept(not_forbidden, rows).rows() == [
        *((True, True, name) for name in ("a", "b", None)),  # the first condition that is false ends the evaluation
        (True, False, "b"),
        *((False, optin, name) for optin in values for name in ("a", "b", None)),
    ]


# --- Data that the contract does not promise ----------------------------------------------------------------


def test_a_column_that_an_old_version_lacks_is_null_in_each_row():
    rows = pl.DataFrame({"flag": [True, False]})
    columns = {"flag": ColumnType("boolean")}
    assert kept(compiled(permit("resource.optin || resource.flag")), rows, columns).is_empty()
    assert kept(compiled(permit("resource.flag || resource.optin")), rows, columns)["flag"].to_list() == [True]
    assert kept(compiled(EVERY_ROW, forbid('resource.name == "a"')), rows, columns).is_empty()
    assert kept(
        compiled(EVERY_ROW, forbid('[1].contains(resource.long) || resource.name like "*"')), rows, columns
    ).is_empty()
    assert kept(compiled(permit("!(resource has optin) && resource.flag")), rows, columns).height == 1


def test_a_column_of_another_type_in_an_old_version_is_refused():
    with pytest.raises(UntranslatableResidual, match="compares a Long with a String"):
        filter_expression(compiled(permit('resource.name == "a"')), {"name": ColumnType("long")})


def test_microseconds_count_in_comparisons_with_milliseconds():
    moments = [datetime(2024, 1, 1, 0, 0, 0, micros, tzinfo=UTC) for micros in (0, 1, 499, 500, 999, 1000)]
    rows = pl.DataFrame({"at": moments}, schema={"at": pl.Datetime("us", "UTC")})
    zero, one = 'datetime("2024-01-01")', 'datetime("2024-01-01T00:00:00.001Z")'
    assert kept(compiled(permit(f"resource.at <= {zero}")), rows)["at"].to_list() == moments[:1]
    assert kept(compiled(EVERY_ROW, forbid(f"resource.at > {zero}")), rows)["at"].to_list() == moments[:1]
    assert kept(compiled(permit(f"resource.at == {zero}")), rows)["at"].to_list() == moments[:1]
    assert kept(compiled(permit(f"resource.at < {one}")), rows)["at"].to_list() == moments[:5]
    assert kept(compiled(permit(f"[{zero}, {one}].contains(resource.at)")), rows)["at"].to_list() == [
        moments[0],
        moments[5],
    ]


def test_dates_and_timestamps_far_outside_of_a_calendar_are_compared_without_overflow():
    rows = pl.DataFrame(
        {"day": [-(2**31), 2**31 - 1], "at": [-(2**63), 2**63 - 1]}, schema={"day": pl.Int32, "at": pl.Int64}
    )
    rows = rows.with_columns(pl.col("day").cast(pl.Date), pl.col("at").cast(pl.Datetime("us", "UTC")))
    for condition, expected in (
        ("resource.day < resource.at", [True, False]),
        ('resource.day < datetime("0001-01-01")', [True, False]),
        ('resource.at > datetime("9999-12-31T23:59:59.999Z")', [False, True]),
    ):
        row_filter = compiled(permit(condition))
        assert rows.select(found=filter_expression(row_filter, generated.COLUMNS))["found"].to_list() == expected


@settings(max_examples=60)
@given(
    day=st.dates(), moment=st.datetimes().map(lambda found: found.replace(microsecond=found.microsecond // 1000 * 1000))
)
def test_a_date_is_compared_as_the_moment_of_its_midnight(day: date, moment: datetime):
    literal = f'datetime("{generated.cedar_datetime(moment.replace(tzinfo=UTC))}")'
    midnight = datetime.combine(day, datetime.min.time())
    rows = pl.DataFrame({"day": [day]}, schema={"day": pl.Date})
    for condition, expected in (
        (f"resource.day < {literal}", midnight < moment),
        (f"resource.day <= {literal}", midnight <= moment),
        (f"resource.day > {literal}", midnight > moment),
        (f"{literal} < resource.day", moment < midnight),
        (f"{literal} <= resource.day", moment <= midnight),
        (f"resource.day == {literal}", midnight == moment),
        (f"resource.day != {literal}", midnight != moment),
    ):
        assert kept(compiled(permit(condition)), rows).height == expected, condition


# --- Statistics that skip files -----------------------------------------------------------------------------


def delta_table(folder: Path, values: list, dtype: pl.DataType) -> tuple[pl.LazyFrame, list[Path]]:
    """Return a table with one file for each value."""
    for value in values:
        pl.DataFrame({"value": [value]}, schema={"value": dtype}).write_delta(folder, mode="append")
    files = {pl.read_parquet(path)["value"][0]: path for path in folder.glob("*.parquet")}
    return pl.scan_delta(folder), [files[value] for value in values]


@pytest.mark.parametrize(
    ("column", "dtype", "values", "condition"),
    [
        (ColumnType("string"), pl.String(), ["a", "b", None], 'resource.value == "a"'),
        (ColumnType("string"), pl.String(), ["a", "d", None], '["a", "b"].contains(resource.value)'),
        (ColumnType("integer"), pl.Int32(), [1, 9, None], "resource.value < 5 && resource has value"),
        (ColumnType("long"), pl.Int64(), [1, 9, None], "!(resource.value >= 5)"),
        (ColumnType("boolean"), pl.Boolean(), [True, False, None], "resource.value"),
        (
            ColumnType("decimal", 12, 2),
            pl.Decimal(12, 2),
            [Decimal("1.00"), Decimal("9.00"), None],
            'resource.value.lessThan(decimal("5.0"))',
        ),
        (
            ColumnType("date"),
            pl.Date(),
            [date(2024, 1, 1), date(2024, 3, 1), None],
            'resource.value < datetime("2024-02-01")',
        ),
        (
            ColumnType("timestamp"),
            pl.Datetime("us", "UTC"),
            [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC), None],
            'resource.value < datetime("2024-02-01")',
        ),
    ],
)
def test_files_without_a_permitted_row_are_not_read(tmp_path, column, dtype, values, condition):
    table, files = delta_table(tmp_path, values, dtype)
    row_type = RowType(generated.ROWS, {"value": column})
    conditions = [
        compiled(permit(condition), row_type=row_type),
        compiled(EVERY_ROW, forbid(f"!({condition})"), row_type=row_type),
    ]
    for path in files[1:]:
        path.unlink()
    for row_filter in conditions:
        assert kept(row_filter, table, row_type.columns)["value"].to_list() == values[:1]


@pytest.mark.parametrize("text", ["12345678901.2345", "-99999999999.9999", "0.0001", "72057594037.9279"])
def test_statistics_of_the_longest_decimals_lose_no_row(tmp_path, text):
    value = Decimal(text)
    table, _ = delta_table(tmp_path, [value], pl.Decimal(15, 4))
    row_type = RowType(generated.ROWS, {"value": ColumnType("decimal", 15, 4)})
    for condition in (
        f'resource.value == decimal("{value}")',
        f'resource.value.lessThanOrEqual(decimal("{value}"))',
        f'resource.value.lessThan(decimal("{value + Decimal("0.0001")}"))',
        f'[decimal("{value}")].contains(resource.value)',
    ):
        assert kept(compiled(permit(condition), row_type=row_type), table, row_type.columns).height == 1
