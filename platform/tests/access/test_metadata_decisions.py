"""What a decision lets be shown of metadata: values, measures, keys of comparisons, facts of owners."""

import pytest
from decision_samples import decision_on, reader
from diff_samples import key_column, party_contract

from bankmesh.access.errors import AccessDenied
from bankmesh.access.metadata_decisions import (
    owns_facts,
    require_readable,
    require_steward,
    shows_every_row,
    shows_measure,
    shows_value,
    why_no_pair,
    why_no_value,
    works_for,
)
from bankmesh.access.model import ColumnOutcome, Mask, MaskMethod, RowFilter

SHOW, WITHHOLD = ColumnOutcome.SHOW, ColumnOutcome.WITHHOLD
PSEUDONYM, REDACTED = Mask(MaskMethod.PSEUDONYM), Mask(MaskMethod.REDACT)
FILTER = RowFilter('{"any": "condition"}', frozenset({"country"}))
CONTRACT = party_contract(
    {
        "id": key_column("integer"),
        "country": {"logicalType": "string", "classification": "public"},
        "name": {"logicalType": "string", "classification": "restricted"},
    }
)
ALL_SHOWN = {"id": SHOW, "country": SHOW, "name": SHOW}


def values_shown(decision):
    return {column.name for column in CONTRACT.columns if shows_value(decision, column)}


def test_a_value_is_quoted_only_of_a_column_that_is_shown_in_every_row():
    assert values_shown(decision_on(ALL_SHOWN)) == {"id", "country", "name"}
    assert values_shown(decision_on(ALL_SHOWN | {"id": PSEUDONYM, "name": WITHHOLD})) == {"country"}
    assert values_shown(decision_on(ALL_SHOWN, row_filter=FILTER)) == set()
    assert values_shown(decision_on({})) == set()


def test_without_a_reader_only_values_of_public_columns_are_quoted():
    assert values_shown(None) == {"country"}
    assert not shows_measure(None, CONTRACT, ("country",))
    assert shows_every_row(None)


def test_a_measure_needs_every_column_that_it_reads_and_every_row():
    some = decision_on(ALL_SHOWN | {"name": WITHHOLD})
    assert shows_measure(some, CONTRACT, ("id", "country"))
    assert not shows_measure(some, CONTRACT, ("id", "name"))
    assert not shows_measure(some, CONTRACT, ()), "a query may read any column"
    assert shows_measure(decision_on(ALL_SHOWN), CONTRACT, ())
    assert not shows_measure(decision_on(ALL_SHOWN, row_filter=FILTER), CONTRACT, ("id",))


def test_the_number_of_all_rows_is_not_shown_to_readers_of_some():
    assert shows_every_row(decision_on({"id": PSEUDONYM}))
    assert not shows_every_row(decision_on(ALL_SHOWN, row_filter=FILTER))
    assert not shows_every_row(decision_on({"id": WITHHOLD}))


def test_why_a_value_is_not_shown():
    found = decision_on({"id": SHOW, "country": Mask(MaskMethod.PARTIAL, "last", 4), "name": WITHHOLD})
    assert [why_no_value(found, name) for name in ("id", "country", "name", "other")] == [
        None,
        "country is masked for you (partial(last: 4))",
        "name is withheld from you for service",
        "other is withheld from you for service",
    ]


def test_a_pseudonym_pairs_rows_and_no_other_mask_does():
    assert why_no_pair(decision_on(ALL_SHOWN), ("id",)) is None
    assert why_no_pair(decision_on({"id": PSEUDONYM}), ("id",)) is None
    assert why_no_pair(decision_on({}), ()) is None
    for mask in (REDACTED, Mask(MaskMethod.NULL), Mask(MaskMethod.GENERALISE, "month")):
        assert "id of the primary key is masked" in str(why_no_pair(decision_on({"id": mask}), ("id",)))


def test_a_withheld_key_refuses_the_comparison_with_its_reason():
    with pytest.raises(AccessDenied, match="of which name is withheld") as refused:
        why_no_pair(decision_on({"id": SHOW, "name": WITHHOLD}), ("id", "name"))
    assert "it is withheld from the role analyst" in str(refused.value)
    assert "mesh policy explain retail.party" in str(refused.value)
    with pytest.raises(AccessDenied, match="nothing of it is readable"):
        require_readable(decision_on({"id": WITHHOLD}))


def test_facts_of_owners_are_for_the_domain_and_for_auditors():
    owner, stranger = reader("data_owner", domains=["retail"]), reader("data_steward", domains=["investment"])
    auditor = reader("governance_auditor")
    assert [owns_facts(who, "retail") for who in (owner, stranger, auditor, reader(), None)] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert [works_for(who, "retail") for who in (owner, stranger, auditor, None)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("principal", "purpose"),
    [
        (None, None),
        (reader("analyst", domains=["retail"]), "stewardship"),
        (reader("governance_auditor", domains=["retail"]), "stewardship"),
        (reader("data_owner", domains=["investment"]), "stewardship"),
        (reader("data_owner", domains=["retail"]), None),
        (reader("data_owner", domains=["retail"]), "service"),
        (reader("data_owner", domains=["retail"]), "stewardship_of_others"),
    ],
)
def test_texts_of_files_are_for_owners_and_stewards_at_their_work(principal, purpose):
    with pytest.raises(AccessDenied) as refused:
        require_steward(principal, purpose, "retail", "retail.landing.crm_party", "mesh rejects crm.party --raw")
    assert "mesh token issue --role data_steward --domain retail" in str(refused.value)
    assert "mesh rejects crm.party --raw" in str(refused.value)


@pytest.mark.parametrize("purpose", ["stewardship", "stewardship.corrections"])
@pytest.mark.parametrize("role", ["data_owner", "data_steward"])
def test_stewardship_includes_its_descendants(role, purpose):
    require_steward(reader(role, domains=["retail"]), purpose, "retail", "retail.landing.crm_party", "mesh rejects")
