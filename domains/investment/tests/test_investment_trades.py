"""The dbt product trade_executions on changes with known outcomes, in any files and order."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.sources import land_object, read_systems

MODEL = "trade_executions"
CHANGES = "brokerage.trade"
EIGHTH, NINTH, TENTH = (dt.date(2017, 7, day) for day in (8, 9, 10))
# Values that a completed trade has and any other lacks.
PRICED = {"trade_price": Decimal("5.10"), "charge": 1, "commission": 2, "tax": 3}


def moment(day, hour=12, minute=0):
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=dt.UTC)


def change(trade, sequence, status, at, **more):
    """A change as it lands; only the first of a trade is an INSERT unless `more` says otherwise."""
    priced = PRICED if status == "COMPLETED" else {}
    return (
        {"trade_id": trade, "sequence": sequence, "status": status, "changed_at": at, "change": "UPDATE"}
        | priced
        | more
    )


def opened(trade, sequence, status, at, **more):
    return change(trade, sequence, status, at, change="INSERT", **more)


LIMIT_ORDER = [
    opened(1, 10, "PENDING", moment(EIGHTH, 9)),
    change(1, 11, "SUBMITTED", moment(NINTH, 10)),
    change(1, 12, "COMPLETED", moment(NINTH, 11), quantity=20),
]


@pytest.fixture
def trades(query, rows):
    """Rows of the model by trade."""
    return lambda *changes: by_trade(query(MODEL, {CHANGES: rows(CHANGES, *changes)}))


@pytest.fixture
def published_trades(build):
    """The whole product: built by dbt, gated and, unless refused, published; and its rows by trade."""

    def run(*changes, **options):
        found = build(MODEL, {CHANGES: changes}, **options)
        return found, by_trade(found.rows)

    return run


def by_trade(rows):
    return {row["trade_id"]: row for row in rows.to_dicts()}


def test_a_trade_stands_as_its_last_change_says_and_remembers_when_it_reached_each_state(published_trades):
    found, rows = published_trades(*LIMIT_ORDER)
    assert found.broken == ()
    assert (
        rows[1].items()
        >= {
            "status": "COMPLETED",
            "trade_day": EIGHTH,
            "first_seen_at": moment(EIGHTH, 9),
            "pending_at": moment(EIGHTH, 9),
            "submitted_at": moment(NINTH, 10),
            "completed_at": moment(NINTH, 11),
            "canceled_at": None,
            "last_changed_at": moment(NINTH, 11),
            "last_sequence": 12,
            "change_count": 3,
            "quantity": 20,
            "trade_price": Decimal("5.10"),
            "trade_value": Decimal("102.00"),
            "is_opening_known": True,
            "has_contradiction": False,
        }.items()
    )


def test_sequences_order_the_changes_of_a_trade_not_moments_and_not_files(published_trades):
    found, rows = published_trades(
        change(1, 12, "CANCELED", moment(EIGHTH, 8), source_file="Batch2/Trade.txt"),
        opened(1, 10, "PENDING", moment(EIGHTH, 9), source_file="Batch3/Trade.txt"),
    )
    assert (rows[1]["status"], rows[1]["first_seen_at"]) == ("CANCELED", moment(EIGHTH, 9))
    assert found.broken == ()
    assert found.clause("moments_follow_sequences").outcome.value == "warned"


def test_what_lies_before_the_first_file_is_null(trades):
    rows = trades(change(1, 11, "SUBMITTED", moment(NINTH, 10)), change(1, 12, "COMPLETED", moment(NINTH, 11)))
    assert rows[1]["pending_at"] is None
    assert (rows[1]["submitted_at"], rows[1]["trade_day"]) == (moment(NINTH, 10), NINTH)
    assert rows[1]["is_opening_known"] is False


def test_a_state_that_is_reached_twice_keeps_its_first_moment(trades):
    rows = trades(
        opened(1, 10, "PENDING", moment(EIGHTH, 9)),
        change(1, 11, "SUBMITTED", moment(EIGHTH, 10)),
        change(1, 12, "PENDING", moment(NINTH, 9)),
    )
    assert (rows[1]["status"], rows[1]["pending_at"]) == ("PENDING", moment(EIGHTH, 9))
    assert rows[1]["last_changed_at"] == moment(NINTH, 9)


def test_sequences_of_different_trades_are_not_compared(trades):
    """A stored read position of sequence 500 would lose the second trade's changes."""
    rows = trades(
        opened(1, 500, "SUBMITTED", moment(EIGHTH)),
        change(2, 40, "SUBMITTED", moment(TENTH)),
        change(2, 41, "COMPLETED", moment(TENTH, 13)),
    )
    assert {trade: row["status"] for trade, row in rows.items()} == {1: "SUBMITTED", 2: "COMPLETED"}


@pytest.mark.parametrize(
    ("trade_type", "side"),
    [
        ("MARKET_BUY", "BUY"),
        ("LIMIT_BUY", "BUY"),
        ("MARKET_SELL", "SELL"),
        ("LIMIT_SELL", "SELL"),
        ("STOP_LOSS", "SELL"),
    ],
)
def test_a_type_of_order_buys_or_sells(query, rows, trade_type, side):
    given_rows = rows(CHANGES, opened(1, 1, "SUBMITTED", moment(EIGHTH), trade_type=trade_type))
    assert query(MODEL, {CHANGES: given_rows})["side"].to_list() == [side]


def test_the_day_of_a_trade_is_that_of_utc(trades):
    rows = trades(
        opened(1, 1, "SUBMITTED", dt.datetime(2017, 7, 8, 23, 59, 59, tzinfo=dt.UTC)),
        opened(2, 2, "SUBMITTED", dt.datetime(2017, 7, 9, tzinfo=dt.UTC)),
    )
    assert {trade: row["trade_day"] for trade, row in rows.items()} == {1: EIGHTH, 2: NINTH}


def test_two_records_of_one_sequence_that_disagree_are_told_and_do_not_depend_on_their_file(published_trades, trades):
    one, other = (
        opened(1, 1, "SUBMITTED", moment(EIGHTH), quantity=n, source_file=f"Batch{n}/Trade.txt") for n in (5, 6)
    )
    swapped = (one | {"source_file": "Batch6/Trade.txt"}, other | {"source_file": "Batch5/Trade.txt"})
    found, rows = published_trades(one, other)
    assert rows == trades(*reversed(swapped))
    assert (rows[1]["change_count"], rows[1]["has_contradiction"]) == (1, True)
    assert found.broken == ()
    assert found.clause("records_agree").observed == 1


def test_a_completed_trade_without_a_price_is_refused(published_trades):
    found, _ = published_trades(
        opened(1, 1, "COMPLETED", moment(EIGHTH), trade_price=None), opened(2, 2, "SUBMITTED", moment(EIGHTH), **PRICED)
    )
    assert found.broken == ("completed_trades_are_priced",)
    assert found.publication is None


def test_a_trade_outside_all_days_does_not_vanish(published_trades):
    with pytest.raises(Exception, match="trade_day 2016-12-31"):
        published_trades(opened(1, 1, "SUBMITTED", moment(dt.date(2016, 12, 31))), *LIMIT_ORDER)


# --- days as partitions ---------------------------------------------------------------------------------------------

LATE = opened(1, 9, "PENDING", moment(EIGHTH, 7))
KNOWN = [change(1, 10, "SUBMITTED", moment(NINTH, 9)), opened(2, 20, "SUBMITTED", moment(NINTH))]


def days(*wanted):
    return {"partitions": tuple(day.isoformat() for day in wanted)}


def published(found):
    table = pl.read_delta(str(found.port.path))
    return dict(table.select("trade_id", "trade_day").sort("trade_id").rows())


def test_building_a_day_again_replaces_it_and_takes_in_changes_of_later_days(published_trades):
    published_trades(*LIMIT_ORDER[:1], opened(2, 20, "SUBMITTED", moment(NINTH)))
    found, rows = published_trades(*LIMIT_ORDER, opened(2, 20, "SUBMITTED", moment(NINTH)), **days(EIGHTH))
    assert rows.keys() == {1}
    assert rows[1]["status"] == "COMPLETED"
    assert published(found) == {1: EIGHTH, 2: NINTH}


def test_a_trade_that_an_earlier_change_moves_is_never_on_two_days(published_trades):
    published_trades(*KNOWN)
    found, rows = published_trades(LATE, *KNOWN, **days(EIGHTH))
    assert rows[1]["trade_day"] == EIGHTH
    assert found.broken == ("primary_key_unique",)
    assert published(found) == {1: NINTH, 2: NINTH}


def test_building_all_days_from_that_of_the_late_change_moves_the_trade(published_trades):
    published_trades(*KNOWN)
    found, _ = published_trades(LATE, *KNOWN, **days(EIGHTH, NINTH))
    assert found.broken == ()
    assert published(found) == {1: EIGHTH, 2: NINTH}


def test_changes_that_come_late_behind_the_first_one_move_nothing(published_trades):
    first = [LIMIT_ORDER[0], LIMIT_ORDER[2]]
    before, _ = published_trades(*first)
    after, rows = published_trades(*LIMIT_ORDER)
    assert published(before) == published(after) == {1: EIGHTH}
    assert rows[1]["submitted_at"] == moment(NINTH, 10)


# --- any delivery of the same changes gives the same trades -------------------------------------------------------------


@st.composite
def histories(draw):
    """Changes of a few trades; sequences are unique within a trade, and in one half of all cases only there."""
    changes = []
    for trade in range(1, draw(st.integers(1, 5)) + 1):
        sequences = draw(st.lists(st.integers(1, 30), min_size=1, max_size=5, unique=True))
        for sequence in sorted(sequences):
            status = draw(st.sampled_from(["PENDING", "SUBMITTED", "COMPLETED", "CANCELED"]))
            at = moment(EIGHTH) + dt.timedelta(minutes=draw(st.integers(0, 5_000)))
            flag = draw(st.sampled_from(["INSERT", "UPDATE"]))
            changes.append(change(trade, sequence, status, at, change=flag, quantity=draw(st.integers(1, 9))))
    return changes


@st.composite
def deliveries(draw, changes):
    """Files that together hold every change at least once, each file in an order of its own."""
    files = {f"Batch{number}/Trade.txt": [] for number in range(2, 2 + draw(st.integers(1, 4)))}
    names = sorted(files)
    for one in changes:
        for name in draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
            files[name].append(one)
    return [
        one | {"source_file": name}
        for name in draw(st.permutations(names))
        for one in draw(st.permutations(files[name]))
    ]


def expected_trade(changes):
    """One trade folded in plain Python from its distinct changes."""
    ordered = sorted(changes, key=lambda one: one["sequence"])
    first, last = ordered[0], ordered[-1]
    reached = {}
    for one in ordered:
        reached.setdefault(one["status"], one["changed_at"])
    return {
        "status": last["status"],
        "quantity": last["quantity"],
        "last_sequence": last["sequence"],
        "last_changed_at": last["changed_at"],
        "first_seen_at": first["changed_at"],
        "trade_day": first["changed_at"].date(),
        "is_opening_known": first["change"] == "INSERT",
        "change_count": len(ordered),
        "has_contradiction": False,
        **{f"{status.lower()}_at": reached.get(status) for status in ("PENDING", "SUBMITTED", "COMPLETED", "CANCELED")},
    }


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_files_split_shuffled_or_replayed_change_nothing(query, rows, data):
    changes = data.draw(histories())
    expected = {
        trade: expected_trade([one for one in changes if one["trade_id"] == trade])
        for trade in {one["trade_id"] for one in changes}
    }
    whole = query(MODEL, {CHANGES: rows(CHANGES, *changes)})
    delivered = query(MODEL, {CHANGES: rows(CHANGES, *data.draw(deliveries(changes)))})
    assert delivered.equals(whole)
    found = by_trade(whole)
    assert found.keys() == expected.keys()
    for trade, wanted in expected.items():
        assert found[trade].items() >= wanted.items()


# --- files ----------------------------------------------------------------------------------------------------------------

LINES = (
    "I|10|1|2017-07-08 09:00:00|PNDG|TLB|1|ACME|20|5.00|7100001|412||||",
    "U|11|1|2017-07-09 10:00:00|SBMT|TLB|1|ACME|20|5.00|7100001|412||||",
    "U|12|1|2017-07-09 11:00:00|CMPT|TLB|1|ACME|20|5.00|7100001|412|5.10|1.00|2.00|3.00",
)


@pytest.fixture
def landed(tmp_path, contract):
    """Rows as they land from files in folders: `landed({"Batch2": [line, ...]})`."""
    folder = Path(contract(MODEL).file).parents[1] / "sources"
    (brokerage,) = (system for system in read_systems(folder) if system.name == "brokerage")

    def land(batches, number=0):
        exports = tmp_path / f"exports{number}"
        for batch, lines in batches.items():
            target = exports / "tpcdi_sf3_sample" / batch / "Trade.txt"
            target.parent.mkdir(parents=True)
            target.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
        landing = land_object(brokerage.object("trade"), exports, tmp_path / f"home{number}", "investment")
        assert landing.rejects == 0
        return pl.read_parquet(landing.rows_paths)

    return land


def test_lines_end_with_carriage_returns_and_files_lie_in_folders(landed, query):
    rows = landed({"Batch2": LINES[:1], "Batch3": LINES[1:]})
    assert rows["source_file"].to_list() == ["Batch2/Trade.txt", "Batch3/Trade.txt", "Batch3/Trade.txt"]
    (trade,) = query(MODEL, {CHANGES: rows}).to_dicts()
    assert (trade["status"], trade["is_cash"], trade["tax"]) == ("COMPLETED", True, Decimal("3.00"))
    assert (trade["trade_type"], trade["executor"]) == ("LIMIT_BUY", "412")


def test_a_batch_that_is_sent_again_under_another_name_changes_nothing(landed, query):
    once = landed({"Batch2": LINES[:1], "Batch3": LINES[1:]})
    twice = landed({"Batch2": LINES[1:], "Batch3": LINES[:1], "Batch10": LINES}, number=1)
    assert twice.height == 2 * once.height
    assert query(MODEL, {CHANGES: once}).equals(query(MODEL, {CHANGES: twice}))
