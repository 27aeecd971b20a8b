"""Words of texts as search compares them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.catalog.search.search_terms import joined, stem, words


def terms(text: str) -> list[str]:
    return [word.term for word in words(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("credit_card_spending", "Credit cards spend"),
        ("customerId", "customer ids"),
        ("HTTPServer", "http server"),
        ("value-at-risk", "values of risks"),
        ("parties", "party"),
        ("balances", "balance"),
        ("trading", "trades"),
        ("planned", "plans"),
        ("addresses", "address"),
        ("Müller", "muller"),
        ("customer_360", "Customer 360"),
        ("customer360", "customer_360"),
        ("VaR", "var"),
        ("the party's phone", "party phone"),
    ],
)
def test_the_same_but_for_its_form(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [("class", "clas"), ("status", "statu"), ("string", "str"), ("need", "ne"), ("analysis", "analyst")],
)
def test_not_the_same(one: str, other: str) -> None:
    assert terms(one) != terms(other)


def test_words_know_where_they_stand() -> None:
    text = "the birth_date of maxLoanAmount"
    assert [text[word.start : word.end] for word in words(text)] == ["birth", "date", "max", "Loan", "Amount"]


def test_words_that_say_nothing_are_left_out() -> None:
    assert terms("which of the") == []


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    found = list(words(text))
    assert all(word.plain and word.term and text[word.start : word.end] for word in found)
    assert [word.start for word in found] == sorted({word.start for word in found})
    assert joined(text) == joined(joined(text))


@given(st.from_regex("[a-z]{1,12}", fullmatch=True))
def test_a_stem_is_the_beginning_of_its_word_or_ends_in_y(word: str) -> None:
    root = stem(word)
    assert root
    assert word.startswith(root.removesuffix("y"))


def test_a_letter_that_is_written_as_several_words_gives_each_of_them():
    found = [word.plain for word in words("\ufdfa blessing")]
    assert len(found) == 5
    assert not any(" " in plain for plain in found)
