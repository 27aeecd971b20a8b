"""Messages end each sentence with one full stop, also where a text of a person or of another module ends with one."""

from __future__ import annotations

import pytest

from bankmesh.errors import LegacyFileError, PublishConflict, TransformError, UnknownName, as_sentence


@pytest.mark.parametrize("text", ["The till was replaced", "The till was replaced.", "The till was replaced. ", "a..."])
def test_one_full_stop(text) -> None:
    assert as_sentence(text).count(".") == 1


def test_errors_join_sentences() -> None:
    for error in (
        LegacyFileError("sale.csv", "it has no header.", "one."),
        TransformError("shop.sale", "a column is missing.", "Fix it."),
        PublishConflict("shop.sale", "another came first."),
    ):
        assert ".." not in str(error)


def test_reasons_of_people(mesh, published) -> None:
    assert mesh("run", "shop.sale", "--force").code == 0
    said = [mesh("withdraw", "shop.sale", "--version", "1", "--reason", "The currency was wrong.")]
    said += [mesh(*words) for words in (("run", "shop.sale"), ("get", "shop.sale", "--version", "1"), ("products",))]
    said += [mesh("show", "shop.sale"), mesh("catalog", "show", "shop.sale"), mesh("resume", "shop.sale")]
    for each in said:
        assert ".." not in each.out + each.err
        assert ".)." not in each.err


def test_the_last_part_of_a_name_finds_it() -> None:
    assert "Did you mean retail.party?" in str(UnknownName("product", "party", ["retail.party", "retail.parties"]))


def test_of_many_names_those_that_begin_alike_are_listed() -> None:
    few, many = ([f"d{n % 9}.p{n:03}" for n in range(count)] for count in (40, 41))
    assert str(UnknownName("product", "d3.x", few)).endswith(f"Known: {', '.join(sorted(few))}.")
    listed = str(UnknownName("product", "d3.x", many)).partition("Known: ")[2]
    alike = "d3.p003, d3.p012, d3.p021, d3.p030, d3.p039"
    others = "d0.p000, d0.p009, d0.p018, d0.p027, d0.p036, d1.p001, d1.p010"
    assert listed == f"{alike}, {others} and 29 more."
