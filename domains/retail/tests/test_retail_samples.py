"""`bankmesh.testing.samples_of` on this domain: rows in declared types, and errors that list what is allowed."""

from decimal import Decimal

import pytest

from bankmesh.errors import UnknownName
from bankmesh.testing import samples_of


def test_samples_have_the_declared_types_and_defaults() -> None:
    samples = samples_of("retail", {"retail.party": {"gender": "MALE"}})
    frame = samples.rows("retail.party", {"party_id": 1}, {"party_id": 2, "gender": "FEMALE"})
    assert frame["gender"].to_list() == ["MALE", "FEMALE"]
    assert dict(frame.schema) == samples.schema("retail.party")
    assert samples.rows("core_banking.loan", {"amount": "12.50"})["amount"].to_list() == [Decimal("12.50")]
    assert samples.rows("core_banking.loan").columns[-1] == "complete_through"


@pytest.mark.parametrize(
    ("source", "row", "known"),
    [
        ("retail.party", {"parti_id": 1}, "party_id"),
        ("core_banking.loans", {}, "loan"),
        ("retail.parties", {}, "party"),
    ],
)
def test_samples_of_what_is_not_declared_are_refused(source, row, known) -> None:
    with pytest.raises(UnknownName, match=known):
        samples_of("retail", {}).rows(source, row)
