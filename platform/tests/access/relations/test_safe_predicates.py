"""Which predicates of readers run below the row filter and the masks, and that they mean the same there."""

import operator
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce

import polars as pl
import pytest
from diff_samples import MONTH, key_column, party_contract, party_port
from hypothesis import given, settings
from hypothesis import strategies as st
from polars import col
from port_samples import publish_months
from relation_samples import FixedKeys, Party, Recorder, decide, party_rows

from bankmesh.access.relations.governed_relation import GovernedRelation
from bankmesh.access.relations.safe_predicates import balance_chains, read_predicate
from bankmesh.ports import open_version

SCHEMA = {
    "i": pl.Int32(),
    "l": pl.Int64(),
    "s": pl.String(),
    "b": pl.Boolean(),
    "d": pl.Date(),
    "t": pl.Datetime("us", "UTC"),
    "m": pl.Decimal(18, 2),
    "f": pl.Float64(),
    "x": pl.List(pl.String()),
}
MOMENT = datetime(2020, 1, 1, 12, 30, 0, 5, UTC)
FRAME = pl.DataFrame(
    {
        "i": [1, 5, -3, None, 2**31 - 1],
        "l": [1, 2, 3, None, -(2**63)],
        "s": ["a", "b", "", None, "é"],
        "b": [True, False, None, True, False],
        "d": [date(2020, 1, 1), date(1, 1, 1), date(9999, 12, 31), None, date(1969, 12, 31)],
        "t": [MOMENT, MOMENT, datetime(1, 1, 1, tzinfo=UTC), None, datetime(1969, 12, 31, tzinfo=UTC)],
        "m": [Decimal("5.00"), Decimal("-0.01"), Decimal("5.01"), None, Decimal(0)],
        "f": [1.0, float("nan"), None, 2.0, 0.0],
        "x": [["a"], [], None, ["b"], ["a", "b"]],
    },
    schema=SCHEMA,
)


def as_polars_hands_it_over(predicate):
    """The predicate after Polars' own type coercion, as a source gets it; None if it stays outside."""
    found = []

    def source(_columns, pushed, _rows, _size):
        found.append(pushed)
        yield FRAME

    from polars.io.plugins import register_io_source

    register_io_source(source, schema=SCHEMA).filter(predicate).collect()
    return found[0]


SAFE = [
    col("i") > 5,
    pl.lit(5) >= col("i"),
    col("l") == 2,
    col("l") != 2,
    col("s") < "b",
    col("b"),
    ~col("b"),
    col("d") >= date(1969, 12, 31),
    col("t") == MOMENT,
    col("m") > Decimal("5.00"),
    col("m") <= 5,
    col("s").is_in(["a", None]),
    col("d").is_in([date(2020, 1, 1)]),
    col("f").is_null(),
    col("s").is_not_null(),
    col("l").is_between(1, 2, closed="left"),
    (col("i") > 1) & (col("s") == "b") | ~(col("d") < date(2000, 1, 1)),
    pl.any_horizontal(col("i") > 1, col("b")),
]
UNSAFE = [
    col("l") == 5.5,
    col("l") > col("i"),
    col("s").str.to_integer() > 0,
    col("s").cast(pl.Int64) > 0,
    col("s").str.starts_with("a"),
    col("d") == datetime(2020, 1, 1),  # noqa: DTZ001 - a cast of the column
    col("f") > 1.0,
    col("m") > Decimal("5.001"),
    col("i") + 1 > 5,
    -col("i") > 5,
    (col("i") > 1) ^ col("b"),
    col("i") > 5_000_000_000,
    col("x").list.get(0) == "a",
    col("x").is_not_null(),
    col("s").map_batches(lambda values: values == "a", return_dtype=pl.Boolean),
    col("i").is_in([1, 2], nulls_equal=True),
    col("s").is_in(["a"]) & (col("s").str.len_chars() > 0),
    pl.when(col("i") > 1).then(col("b")).otherwise(other := pl.lit(value=True)) & other,
    pl.lit(value=True),
]


@pytest.mark.parametrize("predicate", SAFE, ids=str)
def test_a_predicate_that_cannot_fail_runs_below_and_means_the_same(predicate):
    below = read_predicate(as_polars_hands_it_over(predicate), SCHEMA).below
    if predicate.meta.root_names() == ["f"]:
        assert below is None
    else:
        assert FRAME.filter(below).equals(FRAME.filter(predicate))


@pytest.mark.parametrize("predicate", UNSAFE, ids=str)
def test_any_other_predicate_runs_above(predicate):
    try:
        handed_over = as_polars_hands_it_over(predicate)
    except pl.exceptions.PolarsError:
        handed_over = predicate
    assert handed_over is None or read_predicate(handed_over, SCHEMA).below is None
    assert read_predicate(predicate, SCHEMA).below is None


@pytest.mark.parametrize("predicate", SAFE, ids=str)
def test_a_predicate_on_a_column_that_is_not_shown_runs_above(predicate):
    assert read_predicate(as_polars_hands_it_over(predicate), {"other": pl.Int64()}).below is None


def test_values_that_equal_a_column_are_looked_up():
    predicate = (col("l") == 2) & (col("s").is_in(["a", "b"]) | (col("s") != "c")) & (col("i") > 7)
    assert read_predicate(predicate, SCHEMA).lookups == {"l": (2,), "s": ("a", "b")}


UNKNOWN = col("s").str.to_lowercase() == "a"


@pytest.mark.parametrize(
    ("predicate", "confined"),
    [
        (col("l") == 2, {"l"}),
        (col("l").is_in([2, 3]), {"l"}),
        (UNKNOWN & (col("l") == 2), {"l"}),
        (((col("l") == 2) & UNKNOWN) | ((col("l") == 2) & col("b")), {"l"}),
        ((col("l") == 2) | (col("l") == 3), {"l"}),
        ((col("l") == 2) | (col("s") == "a"), set()),
        ((col("l") == 2) | UNKNOWN, set()),
        (~(col("l") == 2), set()),
        (~col("l").is_in([2]), set()),
        (col("l") != 2, set()),
        (col("l").is_between(2, 2), set()),
        ((col("l") == 2).is_null(), set()),
        (((col("l") == 2) == False), set()),  # noqa: E712 - a comparison of Polars
    ],
    ids=str,
)
def test_a_column_is_confined_only_if_each_row_has_a_value_that_is_looked_up(predicate, confined):
    reading = read_predicate(as_polars_hands_it_over(predicate), SCHEMA)
    rows = FRAME.filter(predicate)
    assert reading.confined == confined
    assert all(set(rows[name]) <= set(reading.lookups[name]) for name in confined)


leaves = st.one_of(
    st.builds(lambda value: col("l") >= value, st.integers(-(2**63), 2**63 - 1)),
    st.builds(lambda value: col("i") == value, st.integers(-(2**31), 2**31 - 1)),
    st.builds(lambda value: col("s") <= value, st.text(max_size=3)),
    st.builds(
        lambda values: col("s").is_in(values), st.lists(st.none() | st.sampled_from(["a", "b", "é"]), max_size=3)
    ),
    st.builds(lambda value: col("d") < value, st.dates()),
    st.builds(lambda value: col("t") != value, st.datetimes(timezones=st.just(UTC))),
    st.builds(lambda units: col("m") > Decimal(f"{units}E-2"), st.integers(-(10**17), 10**17)),
    st.builds(lambda name: col(name).is_null(), st.sampled_from(["i", "l", "s", "b", "d", "t", "m"])),
    st.just(col("b")),
)
predicates = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda one, two: one & two, inner, inner)
        | st.builds(lambda one, two: one | two, inner, inner)
        | st.builds(lambda one: ~one, inner)
    ),
    max_leaves=6,
)


@given(predicates)
@settings(max_examples=80, deadline=None)
def test_a_predicate_built_anew_selects_the_same_rows(predicate):
    handed_over = as_polars_hands_it_over(predicate)
    below = None if handed_over is None else read_predicate(handed_over, SCHEMA).below
    if below is not None:
        assert FRAME.filter(below).equals(FRAME.filter(predicate))


def test_files_are_skipped_by_a_partition_and_by_statistics(tmp_path):
    contract = party_contract({"id": key_column("integer"), "name": {"logicalType": "string"}, "month": MONTH})
    port = party_port(tmp_path)
    publish_months(port, {"2024-01-01": range(10), "2024-02-01": range(10, 20), "2024-03-01": range(20, 30)})
    decision = decide(contract, {"id": "show", "name": "redact", "month": "show"}, "resource has name")
    frame = GovernedRelation(decision, contract, open_version(port), Recorder(), FixedKeys()).scan()
    for file in open_version(port).files():
        if "2024-02" not in str(file):
            file.write_bytes(b"not read")
    february = date(2024, 2, 1)
    for predicate in (col("month") == february, col("id").is_between(10, 19), col("id").is_in([12, 15])):
        assert set(frame.filter(predicate).collect()["month"]) == {february}


@pytest.fixture(scope="module")
def party(tmp_path_factory):
    return Party.publish(tmp_path_factory.mktemp("home"), party_rows(range(90)))


@pytest.fixture(scope="module")
def reference(party):
    """What the reader may see, collected once."""
    return party.relation(Recorder()).scan().collect()


OPERATIONS = [
    lambda frame: frame.filter(col("id") > 30, col("postcode") == "60200"),
    lambda frame: frame.filter(col("phone") > "***0040"),
    lambda frame: frame.filter(col("phone").str.tail(2).str.to_integer() > 40, col("visits") < 5),
    lambda frame: frame.filter(col("balance") == 0),
    lambda frame: frame.filter(col("name") == "***", col("postcode").is_null()),
    lambda frame: frame.filter(col("born") >= date(1970, 1, 1)).select("id", "born"),
    lambda frame: frame.filter(col("score") > 1.0).select("tags"),
    lambda frame: frame.filter(col("referrer") == frame.lazy().collect()["referrer"][0]),
    lambda frame: frame.select("score", "id").filter(col("id") != 3).head(4),
    lambda frame: frame.head(5).filter(col("id") > 3),
    lambda frame: frame.slice(3, 4),
    lambda frame: frame.tail(2),
    lambda frame: frame.rename({"id": "visits", "visits": "id"}).filter(col("id") > 2),
    lambda frame: frame.group_by("postcode").agg(pl.len(), col("id").sum()).sort("postcode"),
    lambda frame: frame.sort("joined", descending=True).select("id").head(3),
    lambda frame: frame.with_row_index().filter(col("index") > 5).select("index", "id"),
    lambda frame: frame.with_columns(twice=col("visits") * 2).filter(col("twice") > 4),
    lambda frame: frame.join(frame.select("id", again="visits"), on="id").filter(col("again") > 3).sort("id"),
    lambda frame: frame.filter(col("id") > col("id").mean()).select("id"),
    lambda frame: frame.select(pl.len()),
    lambda frame: frame.select(pl.all().null_count()),
    lambda frame: frame.explode("tags").filter(col("tags") == "t1").select("id", "tags"),
]


@given(st.lists(st.sampled_from(OPERATIONS[:9]), min_size=0, max_size=2), st.sampled_from(OPERATIONS))
@pytest.mark.parametrize("engine", ["streaming", "in-memory"])
@settings(max_examples=25, deadline=None)
def test_a_reader_gets_what_the_same_operations_give_on_the_permitted_rows(party, reference, engine, several, last):
    governed, plain = party.relation(Recorder()).scan(), reference.lazy()
    for operation in (*several, last):
        try:
            plain = operation(plain)
            expected = plain.collect()
        except (pl.exceptions.PolarsError, IndexError):
            return
        governed = operation(governed)
    assert governed.collect(engine=engine).equals(expected)


def deepest_brackets(predicate):
    depth = deepest = 0
    for sign in str(predicate):
        depth += (sign in "([") - (sign in ")]")
        deepest = max(deepest, depth)
    return deepest


@pytest.mark.parametrize("combine", [operator.or_, operator.and_])
@pytest.mark.parametrize("terms", [1, 2, 3, 7, 300, 1_000])
def test_a_chain_becomes_a_tree_of_the_same_terms(combine, terms):
    compare = operator.eq if combine is operator.or_ else operator.ne
    chain = reduce(combine, [compare(col("l") % 5, number) for number in range(terms)], col("i") > 0)
    chain = chain & (col("s") != "a")
    balanced = balance_chains(chain)
    assert FRAME.select(balanced).equals(FRAME.select(chain))
    assert re.findall(r"dyn int: (\d+)", str(balanced)) == re.findall(r"dyn int: (\d+)", str(chain))
    assert deepest_brackets(balanced) <= 2 * terms.bit_length() + 12


@pytest.mark.parametrize(
    "predicate",
    [
        col("b"),
        col("i").is_in([1, 2]),
        col("i") > 2,
        ~(col("b") | (col("i") > 1)),
        pl.when(col("b")).then(col("i") > 1).otherwise(col("l") > 1),
        col("s").map_elements(lambda text: text.casefold() == "a", return_dtype=pl.Boolean),
        reduce(lambda found, number: (col("i") == number) | found, range(400), col("b")),
        reduce(lambda found, number: ~((col("i") == number) | found), range(400), col("b")),
    ],
)
def test_a_predicate_means_the_same_when_its_chains_are_balanced(predicate):
    assert FRAME.select(balance_chains(predicate)).equals(FRAME.select(predicate))


@pytest.mark.parametrize("terms", [10, 200])
def test_the_rows_that_a_reader_may_see_are_filtered_by_balanced_chains(party, reference, monkeypatch, terms):
    chain = reduce(operator.or_, [col("visits") * 2 == number for number in range(terms)])
    filtered = []
    of_frames = pl.DataFrame.filter
    monkeypatch.setattr(pl.DataFrame, "filter", lambda frame, by: filtered.append(by) or of_frames(frame, by))
    found = party.relation(Recorder()).scan().filter(chain).collect()
    assert filtered
    assert all(deepest_brackets(by) <= 2 * terms.bit_length() + 12 for by in filtered)
    monkeypatch.undo()
    assert found.equals(reference.filter(chain))
