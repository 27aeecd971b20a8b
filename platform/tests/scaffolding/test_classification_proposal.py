"""Proposals for classifications: by name in three languages, by shapes of values with their check digits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.model import Classification
from bankmesh.scaffolding.classification_proposal import (
    find_shape,
    is_birth_number,
    is_card_number,
    is_iban,
    measure_shapes,
    propose_classification,
    split_words,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("full_name", "restricted"), ("CustomerName", "restricted"), ("BIRTH_DATE", "restricted"), ("e-mail", "restricted"),
        ("příjmení", "restricted"), ("Geburtsdatum", "restricted"), ("rodne_cislo", "restricted"), ("iban", "restricted"),
        ("cardNumber", "restricted"), ("phone2", "restricted"), ("zip code", "restricted"),
        ("amount", "confidential"), ("Saldo", "confidential"), ("account_id", "confidential"), ("remark", "confidential"),
        ("status", "internal"), ("currency", "internal"), ("trans_id", "internal"), ("booking date", "internal"),
        ("Owner/@custId", "confidential"), ("CUSTNO", "confidential"), ("clientId", "confidential"), ("KD-NR", "confidential"),
        ("Kundennummer", "confidential"), ("klient_id", "confidential"), ("cif", "confidential"), ("custody_type", "internal"),
        ("xyz", "confidential"), ("mailbox_type", "internal"), ("c7", "confidential"),
    ],
)  # fmt: skip
def test_names_propose_a_class(name, expected):
    assert propose_classification(name).classification.label == expected


def test_values_outweigh_a_harmless_name():
    shapes = measure_shapes(["jana.nova@example.com", "petr@example.org", "-"])

    proposal = propose_classification("status", shapes)

    assert proposal.classification is Classification.RESTRICTED
    assert "example" not in proposal.reason


def test_what_nothing_speaks_for_is_confidential_and_says_so():
    proposal = propose_classification("zzz")
    assert (proposal.classification, proposal.by_evidence) == (Classification.CONFIDENTIAL, False)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("CZ65 0800 0000 1920 0014 5399", "IBAN"), ("4111 1111 1111 1111", "card"), ("+420 601 123 456", "phone"),
        ("078-05-1120", "social security"), ("Jana Nováková", "names"), ("a@b.cz", "e-mail"),
    ],
)  # fmt: skip
def test_shapes_are_recognized(value, shape):
    assert shape in (find_shape(value) or "")


@pytest.mark.parametrize(
    "value",
    ["CZ65 0800 0000 1920 0014 5398", "4111111111111112", "2024-05-31", "31.05.2024", "1234.56", "PRAHA", "", "A 1"],
)
def test_wrong_check_digits_dates_and_amounts_have_no_shape(value):
    assert find_shape(value) is None


@given(st.text("0123456789", min_size=11, max_size=18))
@settings(max_examples=20, deadline=None)
def test_one_wrong_digit_is_noticed_by_both_checks(digits):
    account = next(f"DE{check:02d}{digits}" for check in range(2, 99) if is_iban(f"DE{check:02d}{digits}"))
    card = next(f"4{digits}{check}" for check in "0123456789" if is_card_number(f"4{digits}{check}")) if len(digits) < 18 else ""  # fmt: skip
    for at in range(4, len(account)):
        other = str((int(account[at]) + 1) % 10)
        assert not is_iban(account[:at] + other + account[at + 1 :])
    for at in range(1, len(card)):
        other = str((int(card[at]) + 1) % 10)
        assert not is_card_number(card[:at] + other + card[at + 1 :])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("805615/0006", False), ("736028/5163", True), ("7360285163", True), ("530101/123", True), ("530101123", False),
     ("739928/5163", False), ("7360285164", False)],
)  # fmt: skip
def test_birth_numbers_need_a_day_and_their_check_digit(text, expected):
    assert is_birth_number(text) is expected


def test_words_of_names_are_parted():
    assert [split_words(n) for n in ("CustomerID", "IBANCode", "Kód měny", "a-b.c")] == [
        "customer_id", "iban_code", "kod_meny", "a_b_c",
    ]  # fmt: skip
