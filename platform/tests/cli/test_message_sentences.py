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
