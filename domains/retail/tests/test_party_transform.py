"""The party master: birth numbers, districts, contact data from the CRM, and the latest consent."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retail.defs.party.transform import birth, contacts, marketing_consent, party


def decode(number):
    return pl.DataFrame({"birth_number": [number]}).select(*birth()).row(0)


@pytest.fixture
def master(rows):
    """`master(clients, crm, consents)` in district 1: Praha and district 2: Benesov."""

    def make(clients, crm=(), consents=()):
        districts = rows(
            "core_banking.district",
            {"district_id": 1},
            {"district_id": 2, "district_name": "Benesov", "region": "central Bohemia"},
        )
        frames = (
            rows("core_banking.client", *clients), districts, rows("crm.client", *crm), rows("crm.consent", *consents)
        )  # fmt: skip
        return party(*(frame.lazy() for frame in frames)).collect()

    return make


@pytest.mark.parametrize(
    ("number", "gender", "day"),
    [
        ("701213", "MALE", dt.date(1970, 12, 13)),
        ("706213", "FEMALE", dt.date(1970, 12, 13)),
        ("455104", "FEMALE", dt.date(1945, 1, 4)),
        ("000101", "MALE", dt.date(1900, 1, 1)),
        ("996231", "FEMALE", dt.date(1999, 12, 31)),
        ("960229", "MALE", dt.date(1996, 2, 29)),
    ],
)
def test_birth_number_holds_gender_and_birth_date(number, gender, day):
    assert decode(number) == (gender, day)


@given(st.dates(dt.date(1900, 1, 1), dt.date(1999, 12, 31)), st.booleans())
def test_every_birth_number_of_the_century_reads_as_it_was_written(day, woman):
    number = f"{day.year % 100:02}{day.month + 50 * woman:02}{day.day:02}"
    assert decode(number) == ("FEMALE" if woman else "MALE", day)


def test_district_and_region_are_core_bankings_and_the_city_is_the_crms(master):
    clients = [{"client_id": 1, "birth_number": "706213", "district_id": 2}]
    crm = [
        {
            "client_id": 1, "district_id": 1, "region": "Northeast", "city": "New York City", "gender": "MALE",
            "birth_date": dt.date(1990, 12, 13), "last_name": "Doe",
        }
    ]  # fmt: skip
    row = master(clients, crm).row(0, named=True)
    assert (row["district_id"], row["district_name"], row["region"]) == (2, "Benesov", "central Bohemia")
    assert (row["city"], row["gender"], row["birth_date"]) == ("New York City", "FEMALE", dt.date(1970, 12, 13))


def test_one_row_for_each_client_of_core_banking_sorted(master):
    found = master([{"client_id": 7}, {"client_id": 3}], [{"client_id": 3, "last_name": "Doe"}, {"client_id": 9}])
    assert found["party_id"].to_list() == [3, 7]
    assert found["full_name"].to_list() == ["Doe", None]
    contact = ("full_name", "address", "city", "state", "postal_code", "phone", "email", "national_id")
    assert found.row(1, named=True).items() >= dict.fromkeys((*contact, "marketing_opt_in")).items()


def test_a_client_of_an_unknown_district_stays_and_has_no_region(master):
    row = master([{"client_id": 1, "district_id": 99}]).row(0, named=True)
    assert (row["district_id"], row["district_name"], row["region"]) == (99, None, None)


@pytest.mark.parametrize(
    ("written", "restored"),
    [("501", "00501"), ("7102", "07102"), ("12345", "12345"), ("9", "00009"), (None, None)],
)
def test_leading_zeros_of_postal_codes_come_back(rows, written, restored):
    assert (
        contacts(rows("crm.client", {"client_id": 1, "postal_code": written}).lazy()).collect()["postal_code"].item()
        == restored
    )


@pytest.mark.parametrize(
    ("parts", "name"),
    [(("Ann", "B.", "Cole"), "Ann B. Cole"), (("Ann", None, "Cole"), "Ann Cole"), ((None, None, None), None)],
)
def test_names_are_joined_without_gaps(rows, parts, name):
    given = dict(zip(("first_name", "middle_name", "last_name"), parts, strict=True))
    assert contacts(rows("crm.client", {"client_id": 1, **given}).lazy()).collect()["full_name"].item() == name


@pytest.mark.parametrize(
    ("parts", "address"),
    [(("1 Elm St", "Apt 2"), "1 Elm St, Apt 2"), (("1 Elm St", None), "1 Elm St"), ((None, None), None)],
)
def test_street_and_unit_are_one_address(rows, parts, address):
    given = {"client_id": 1, "address_1": parts[0], "address_2": parts[1]}
    assert contacts(rows("crm.client", given).lazy()).collect()["address"].item() == address


def answers(rows, *given):
    made = [
        {
            "client_id": client,
            "purpose": purpose,
            "granted": granted,
            "updated_at": dt.datetime(2015, 1, day, tzinfo=dt.UTC),
        }
        for client, purpose, granted, day in given
    ]
    return dict(marketing_consent(rows("crm.consent", *made).lazy()).collect().rows())


def test_the_latest_answer_counts_in_whatever_order_they_stand(rows):
    given = [
        (1, "marketing_email", True, 9),
        (1, "marketing_email", False, 2),
        (2, "marketing_email", True, 1),
        (2, "marketing_email", False, 8),
    ]
    assert answers(rows, *given) == answers(rows, *reversed(given)) == {1: True, 2: False}


def test_answers_about_other_uses_do_not_count(rows):
    given = [(1, "marketing_email", False, 1), (1, "profiling", True, 5), (2, "marketing_phone", True, 5)]
    assert answers(rows, *given) == {1: False}


def test_of_two_answers_at_one_moment_the_refusal_wins(rows):
    given = [(1, "marketing_email", False, 4), (1, "marketing_email", True, 4)]
    assert answers(rows, *given) == answers(rows, *reversed(given)) == {1: False}


def test_a_party_without_an_answer_has_none(master):
    consents = [
        {
            "client_id": 1,
            "purpose": "marketing_email",
            "granted": False,
            "updated_at": dt.datetime(2015, 1, 1, tzinfo=dt.UTC),
        }
    ]
    assert master([{"client_id": 1}, {"client_id": 2}], consents=consents)["marketing_opt_in"].to_list() == [
        False,
        None,
    ]


def test_the_product_keeps_its_contract(trial, contract, rows):
    found = trial(
        contract("party"),
        {
            "clients": rows("core_banking.client", {"client_id": 1}),
            "districts": rows("core_banking.district", {"district_id": 1}),
            "crm_clients": rows(
                "crm.client", {"client_id": 1, "last_name": "Doe", "postal_code": "501", "email": "d@example.com"}
            ),
            "consents": rows("crm.consent"),
        },
        transform=party,
    )
    assert found.broken == ()
    assert found.rows["postal_code"].to_list() == ["00501"]


def test_impossible_birth_numbers_are_counted_by_the_gate(trial, contract, rows):
    numbers = ("701301", "700230", "706335", "700101")
    found = trial(
        contract("party"),
        {
            "clients": rows(
                "core_banking.client", *({"client_id": n, "birth_number": b} for n, b in enumerate(numbers, 1))
            ),
            "districts": rows("core_banking.district", {"district_id": 1}),
            "crm_clients": rows("crm.client"),
            "consents": rows("crm.consent"),
        },
        transform=party,
    )
    assert found.clause("birth_date__required").failing_rows == 3
    assert found.publication is None
