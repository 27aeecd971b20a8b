"""The whole mesh over the real retail exports, against the source files read a second time in plain Python."""

import csv
import datetime as dt
import gzip
import os
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from reader_sessions import read_as_owner
from real_contacts import known_contacts

import retail
from bankmesh.client import DataMeshClient
from bankmesh.orchestration.asset_keys import landing_key
from bankmesh.orchestration.instance import open_instance
from bankmesh.orchestration.runner.local_runner import run_everything
from bankmesh.products.domain_package import read_domain
from bankmesh.settings import current_settings
from bankmesh.sources import current_landing, read_systems

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()
CORE = REAL / "berka_pkdd99"
AS_OF = dt.date(1994, 10, 30)
CENT = Decimal("0.01")
CARD_WITHDRAWAL = "VYBER KARTOU"
# A balance and the balance before of the booking that follows it differ by no more: the source rounded.
SOURCE_ROUNDING = Decimal("0.10")
AGREEMENT = Decimal("1.00")
PRODUCTS = (
    "account", "credit_card_spending_patterns", "customer_360", "loan_applications", "party", "transaction_history",
)  # fmt: skip

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.system,
    pytest.mark.skipif(not CORE.is_dir(), reason="no real exports here"),
]


class Steps:
    """What was said of each step."""

    def __init__(self):
        self.failures = {}

    def started(self, step):
        """Nothing to keep."""

    def finished(self, step, notes):
        """Nothing to keep."""

    def decided(self, unchanged):
        """Nothing to keep."""

    def failed(self, step, message):
        self.failures[step] = message


def run_mesh(only=(), *, force=False):
    steps, settings = Steps(), current_settings(ROOT)
    with open_instance(settings) as instance:
        outcome = run_everything(settings.root, instance, steps, only, force=force)
    assert steps.failures == {}
    assert outcome.success
    return outcome


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    home = tmp_path_factory.mktemp("mesh")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MESH_HOME", str(home))
        environment.setenv("BANK_DATA", str(REAL))
        environment.setenv("BANKMESH_ROOT", str(ROOT))
        run_mesh()
        read_as_owner(home, "retail", "investment", "customer_service")
        yield SimpleNamespace(home=home, client=DataMeshClient(ROOT, home))


@pytest.fixture(scope="module")
def product(mesh):
    """Rows of a product as it was published first, as dictionaries."""
    kept = {}

    def read(name):
        if name not in kept:
            kept[name] = mesh.client.get_data_product("retail", name, version=0).to_polars().to_dicts()
        return kept[name]

    return read


def source(name):
    with gzip.open(CORE / f"{name}.asc.gz", "rt", encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def day(text):
    return dt.date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


@pytest.fixture(scope="module")
def core():
    """The source files: bookings with day and signed amount, accounts with owner, birth dates, cards."""
    bookings = [
        SimpleNamespace(
            id=int(row["trans_id"]),
            account=int(row["account_id"]),
            day=day(row["date"]),
            amount=Decimal(row["amount"]),
            signed=Decimal(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1),
            balance=Decimal(row["balance"]),
            by_card=row["operation"] == CARD_WITHDRAWAL,
        )
        for row in source("trans_first_99999")
    ]
    by_account = defaultdict(list)
    for booking in bookings:
        if booking.day <= AS_OF:
            by_account[booking.account].append(booking)
    dispositions = source("disp")
    return SimpleNamespace(
        bookings=bookings,
        by_account=by_account,
        opened={int(row["account_id"]): day(row["date"]) for row in source("account")},
        account_of={int(r["client_id"]): int(r["account_id"]) for r in dispositions if r["type"] == "OWNER"},
        disponents={int(r["client_id"]) for r in dispositions if r["type"] == "DISPONENT"},
        disposition={int(r["disp_id"]): (int(r["client_id"]), int(r["account_id"])) for r in dispositions},
        birth={int(row["client_id"]): row["birth_number"] for row in source("client")},
    )


def months_between(first, last):
    """First days of the months from `first` to `last`, both included."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [dt.date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]


def round_half_up(exact):
    return exact.quantize(CENT, ROUND_HALF_UP)


LAST_COMPLETE_MONTH = dt.date(1994, 9, 1)


def test_every_product_is_published_and_no_check_failed(mesh):
    states = {state.contract.name: state for state in mesh.client.products("retail")}
    assert set(PRODUCTS) <= set(states)
    for state in states.values():
        assert state.published_version == 0
        counts = state.checks
        assert (state.contract.name, counts["failed"], counts["errored"], counts["warned"]) == (
            state.contract.name,
            0,
            0,
            0,
        )
        assert counts["passed"] == len(state.contract.clauses)


def test_nothing_was_rejected(mesh):
    for system in read_systems(ROOT / "domains" / "retail" / "src" / "retail" / "sources"):
        for obj in system.objects:
            landing = current_landing(mesh.home, "retail", system.name, obj.name)
            assert (obj.name, landing.rejects, landing.rows) == (obj.name, 0, landing.rows_in)


def test_counts_are_the_published_ones(product, core):
    assert len(product("account")) == len(core.opened) == 4_500
    assert Counter(row["gender"] for row in product("party")) == {"FEMALE": 2_645, "MALE": 5_369 - 2_645}
    assert sum(row["disponent_count"] for row in product("account")) == len(core.disponents) == 869
    assert Counter(row["outcome"] for row in product("loan_applications")) == {
        "FINISHED_OK": 203, "FINISHED_UNPAID": 31, "RUNNING_OK": 403, "RUNNING_IN_DEBT": 45
    }  # fmt: skip
    assert (
        len(product("transaction_history"))
        == len({row["transaction_id"] for row in product("transaction_history")})
        == 99_999
    )


def test_cards_land_as_published(mesh):
    import polars as pl

    landed = pl.read_parquet(current_landing(mesh.home, "retail", "core_banking", "card").rows_paths)
    assert Counter(landed["card_type"]) == {"CLASSIC": 659, "JUNIOR": 145, "GOLD": 88}


def test_all_foreign_keys_resolve(product):
    parties = {row["party_id"] for row in product("party")}
    accounts = {row["account_id"] for row in product("account")}
    assert {row["owner_party_id"] for row in product("account")} < parties
    assert {row["account_id"] for row in product("transaction_history")} < accounts
    assert {row["account_id"] for row in product("loan_applications")} < accounts
    assert {row["account_id"] for row in product("credit_card_spending_patterns")} < accounts
    assert {row["party_id"] for row in product("credit_card_spending_patterns")} < parties
    assert {row["customer_id"] for row in product("customer_360")} == parties


def test_bookings_are_those_of_the_source(product, core):
    made = {row["transaction_id"]: row for row in product("transaction_history")}
    for booking in core.bookings:
        row = made[booking.id]
        assert (row["account_id"], row["booking_date"], row["amount"]) == (booking.account, booking.day, booking.amount)
        assert (row["signed_amount"], row["balance_after"]) == (booking.signed, booking.balance)
        assert (row["operation"] == "CARD_WITHDRAWAL") == booking.by_card
        assert row["is_day_complete"] == (booking.day <= AS_OF)


def closing_balances(bookings):
    """Balances of a day's bookings that are no other booking's balance before, up to the source's rounding."""
    return [
        last.balance
        for last in bookings
        if not any(
            other is not last and abs(other.balance - other.signed - last.balance) <= SOURCE_ROUNDING
            for other in bookings
        )
    ]


def test_sums_agree_with_closing_balances(product):
    by_account = defaultdict(list)
    for row in product("transaction_history"):
        if row["booking_date"] <= AS_OF:
            made = SimpleNamespace(day=row["booking_date"], signed=row["signed_amount"], balance=row["balance_after"])
            by_account[row["account_id"]].append(made)
    assert len(by_account) == 1_515
    apart = {}
    for account, bookings in by_account.items():
        last_day = max(booking.day for booking in bookings)
        closing = closing_balances([booking for booking in bookings if booking.day == last_day])
        assert (account, len(closing)) == (account, 1)
        apart[account] = abs(closing[0] - sum(booking.signed for booking in bookings))
    assert max(apart.values()) <= AGREEMENT
    assert 0 in apart.values()


def full_years(born, at):
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def expected_customer(party, core):
    """Age and money of one party, from the source."""
    number = core.birth[party]
    month = int(number[2:4])
    born = dt.date(1900 + int(number[:2]), month - 50 * (month > 50), int(number[4:6]))
    expected = {"gender": "FEMALE" if month > 50 else "MALE", "age": full_years(born, AS_OF), "as_of": AS_OF}
    account = core.account_of.get(party)
    bookings = core.by_account.get(account, [])
    opened = core.opened.get(account, AS_OF)
    months = {
        month for month in months_between(opened.replace(day=1), LAST_COMPLETE_MONTH) if month >= opened
    } if opened <= LAST_COMPLETE_MONTH else set()  # fmt: skip
    inside = [booking for booking in bookings if booking.day.replace(day=1) in months]
    flows = {
        "average_monthly_inflow": sum((b.signed for b in inside if b.signed > 0), Decimal(0)),
        "average_monthly_outflow": sum((-b.signed for b in inside if b.signed < 0), Decimal(0)),
    }
    return expected | {
        "account_count": int(account is not None),
        "balance": sum(booking.signed for booking in bookings) if bookings else None,
        "transaction_count": len(bookings),
        "last_transaction_on": max((booking.day for booking in bookings), default=None),
        **{name: round_half_up(total / len(months)) if months else None for name, total in flows.items()},
    }


def test_every_customer_is_as_computed_a_second_time(product, core):
    made = {row["customer_id"]: row for row in product("customer_360")}
    assert set(made) == set(core.birth)
    expected = {party: expected_customer(party, core) for party in core.birth}
    wrong = [party for party, wanted in expected.items() if not made[party].items() >= wanted.items()]
    assert wrong == []
    assert sum(wanted["balance"] is not None for wanted in expected.values()) == 1_515
    assert all(made[party]["account_count"] == 0 and made[party]["balance"] is None for party in core.disponents)


def test_holdings_and_counts_are_as_computed_a_second_time(product, core):
    loans = Counter(int(row["account_id"]) for row in source("loan"))
    cards = Counter(
        core.disposition[int(row["disp_id"])][1] for row in source("card") if day(row["issued"]) < dt.date(1994, 10, 1)
    )
    for row in product("customer_360"):
        account = core.account_of.get(row["customer_id"])
        held = {"ACCOUNT": int(account is not None), "CREDIT_CARD": cards[account], "LOAN": loans[account]}
        assert [row["account_count"], row["card_count"], row["loan_count"]] == list(held.values())
        assert row["product_holdings"] == [name for name, count in sorted(held.items()) if count]


def test_contacts_of_a_customer_end_with_the_moment_of_the_view(product):
    counts, last = Counter(), {}
    for party, channel, on in known_contacts(REAL / "retail_banking_demo"):
        if party is not None and on <= AS_OF:
            counts[party, channel] += 1
            last[party] = max(on, last.get(party, on))
    assert sum(counts.values()) == 12_890
    for row in product("customer_360"):
        party = row["customer_id"]
        expected = {name: counts[party, name] for name in ("complaint_count", "call_count")}
        expected |= {"interaction_count": sum(expected.values()), "last_contact_on": last.get(party)}
        assert row.items() >= expected.items()
        # No text of the real exports names a client.
        assert (row["text_count"], row["average_sentiment"]) == (0, None)


def test_a_customers_churn_score_is_that_of_the_last_complete_day(mesh, product):
    scores = mesh.client.get_data_product("customer_service", "customer_churn_propensity", version=0).to_polars()
    expected = {row["party_id"]: (row["current_score"], row["current_reason"]) for row in scores.to_dicts()}
    assert {
        row["customer_id"]: (row["churn_score"], row["churn_reason"]) for row in product("customer_360")
    } == expected
    assert {row["churn_cut_off"] for row in product("customer_360")} == {AS_OF}


def test_the_deprecated_major_says_the_same_of_what_both_know(mesh):
    first, second = (
        mesh.client.get_data_product("retail", "customer_360", major, version=0).to_polars() for major in (1, 2)
    )
    assert second.select(first.columns).equals(first)


def expected_patterns(core):
    """Rows of every card and month, from the source: card, month, count, amount, share, trend."""
    used, debits = defaultdict(list), defaultdict(Decimal)
    for booking in core.bookings:
        if booking.signed < 0 or (booking.signed == 0 and booking.by_card):
            month = (booking.account, booking.day.replace(day=1))
            debits[month] += booking.amount
            if booking.by_card:
                used[month].append(booking.amount)
    rows = {}
    for card in source("card"):
        party, account = core.disposition[int(card["disp_id"])]
        issued = day(card["issued"]).replace(day=1)
        if issued > LAST_COMPLETE_MONTH:
            continue
        amounts = []
        for month in months_between(issued, LAST_COMPLETE_MONTH):
            key, before = (account, month), amounts[-3:]
            amount = sum(used[key], Decimal(0))
            trend = round_half_up(amount - sum(before) / Decimal(3)) if len(before) == 3 else None
            share = float(amount / debits[key]) if debits[key] else None
            rows[int(card["card_id"]), month] = (
                card["type"].upper(),
                party,
                account,
                len(used[key]),
                amount,
                share,
                trend,
            )
            amounts.append(amount)
    return rows


def test_every_card_and_month_is_as_computed_a_second_time(product, core):
    names = ("card_type", "party_id", "account_id", "card_transactions", "card_amount", "share_of_debits", "trend")
    made = {
        (row["card_id"], row["month"]): tuple(row[name] for name in names)
        for row in product("credit_card_spending_patterns")
    }
    expected = expected_patterns(core)
    assert set(made) == set(expected)
    for key, wanted in expected.items():
        found = made[key]
        assert found[:5] + found[6:] == wanted[:5] + wanted[6:]
        assert found[5] == (None if wanted[5] is None else pytest.approx(wanted[5], rel=1e-12))
    assert sum(row[3] for row in expected.values()) > 0
    assert all(row["purchase_transactions"] is None for row in product("credit_card_spending_patterns"))


def test_two_builds_from_the_same_inputs_are_equal_row_for_row(mesh):
    domain = read_domain(Path(retail.__file__).parent)
    landings = [landing_key("retail", s.name, o.name).to_user_string() for s in domain.systems for o in s.objects]
    run_mesh([*landings, *(f"retail/{name}" for name in PRODUCTS), "retail/customer_360/v2"], force=True)
    for name in PRODUCTS:
        key = mesh.client.get_data_product("retail", name).columns[0].name
        first, second = (mesh.client.get_data_product("retail", name, version=v).to_polars() for v in (0, 1))
        assert mesh.client.get_data_product("retail", name).version == 1
        if name == "transaction_history":
            # The files of its partitions may come in any order.
            first, second = first.sort(key), second.sort(key)
        assert first.equals(second), name
