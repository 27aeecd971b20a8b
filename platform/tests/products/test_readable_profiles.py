"""Profiles as a reader may see them: of shown columns alone, over the rows that the reader may see."""

from __future__ import annotations

import json

import pytest
from diff_samples import key_column, party_contract, party_port, publish_party
from relation_samples import FixedKeys, Recorder, decide

from bankmesh.access.errors import AccessDenied
from bankmesh.access.relations.governed_relation import GovernedRelation, ReadFailed
from bankmesh.errors import error_chain
from bankmesh.ports import open_version
from bankmesh.products.profiles.kept_profiles import keep_profile, profile_version
from bankmesh.products.profiles.readable_profiles import profile_readable

WITHHOLD, REDACT = "withhold", "redact"
FILTER = 'resource has country && resource.country == "GB"'
COLUMNS = {
    "customer": key_column("integer", classification="restricted"),
    "number": key_column("integer", 2),
    "city": "string",
    "secret": "string",
    "country": "string",
}
CONTRACT = party_contract(COLUMNS)
ALL_SHOWN = dict.fromkeys(COLUMNS, "show")


def row(number, city, country="GB"):
    return {"customer": number % 10, "number": number, "city": city, "secret": "CANARY-CELL", "country": country}


ROWS = [
    *(row(n, "Leeds") for n in range(30)),
    *(row(n, "York") for n in range(30, 50)),
    *(row(n, "CANARY-ROW", "XX") for n in range(50, 90)),
]


@pytest.fixture
def opened(tmp_path):
    port = party_port(tmp_path)
    publish_party(port, CONTRACT, ROWS)
    return open_version(port)


def rows_of(opened, outcomes, condition=""):
    decision = decide(CONTRACT, ALL_SHOWN | outcomes, condition)
    return GovernedRelation(decision, CONTRACT, opened, Recorder(), FixedKeys())


def groups(found, name):
    column = found.column(name)
    return [(str(group), group.rows) for group in column.groups], column.why


def test_a_file_that_cannot_be_read_is_refused_without_its_path(opened):
    for file in opened.files():
        file.write_bytes(b"CANARY")
    with pytest.raises(ReadFailed) as failed:
        profile_readable(CONTRACT, rows_of(opened, {"secret": WITHHOLD}))
    said = " ".join(str(error) for error in error_chain(failed.value, with_context=True))
    assert [text for text in ("CANARY", str(opened.port.path), ".parquet") if text in said] == []


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_reader_of_every_row_gets_the_stored_profile_of_shown_columns(opened, is_kept):
    whole = profile_version(CONTRACT, opened)
    if is_kept:
        assert keep_profile(opened.port, opened.publication, None, whole)
    rows = rows_of(opened, {"secret": WITHHOLD, "country": REDACT})
    found = profile_readable(CONTRACT, rows)
    for name in ("customer", "number", "city"):
        assert found.column(name) == whole.column(name)
    for name, why in (
        ("secret", "secret is withheld from you for analytics"),
        ("country", "country is masked for you (redact)"),
    ):
        column = found.column(name)
        assert (column.nulls, column.distinct, column.kind, column.groups, column.why) == (None, None, "none", (), why)
    assert "CANARY-CELL" not in json.dumps(found.to_json())
    (read,) = rows.recorder.reads
    assert (read.columns, read.way) == (("customer", "number", "city"), "profile")
    assert read.ended == (0 if is_kept else len(ROWS), False)


def test_rows_that_are_withheld_are_not_counted(opened):
    assert keep_profile(opened.port, opened.publication, None, profile_version(CONTRACT, opened))
    found = profile_readable(CONTRACT, rows_of(opened, {"secret": WITHHOLD, "country": WITHHOLD}, FILTER))
    assert (found.rows, found.counted) == (50, 50)
    assert groups(found, "city") == ([("Leeds", 30), ("York", 20)], None)
    assert found.column("city").distinct == 2
    assert "CANARY" not in json.dumps(found.to_json())


def test_subjects_are_counted_by_their_pseudonyms_else_no_value_is_shown(opened):
    pseudonyms = profile_readable(CONTRACT, rows_of(opened, {"customer": "pseudonym"}, FILTER))
    assert groups(pseudonyms, "city") == ([("Leeds", 30), ("York", 20)], None)
    withheld = profile_readable(CONTRACT, rows_of(opened, {"customer": WITHHOLD}, FILTER))
    assert groups(withheld, "city")[0] == []
    assert "the subjects of its rows are withheld from you (customer)" in withheld.column("city").why
    assert withheld.column("city").distinct == 2


def test_values_of_few_subjects_stay_hidden_where_the_key_is_shown_in_part(tmp_path):
    """Thirty rows of one customer are one subject, also for a reader from whom the other part of the key is withheld."""
    port = party_port(tmp_path)
    publish_party(port, CONTRACT, [row(n, "Hull") | {"customer": 7} for n in range(30)])
    for outcomes in ({"number": WITHHOLD}, {"customer": WITHHOLD}, {}):
        for condition in (FILTER, ""):
            found = profile_readable(CONTRACT, rows_of(open_version(port), outcomes, condition))
            assert found.column("city").groups == ()


def test_without_a_shown_column_only_rows_are_counted(opened):
    masked = dict.fromkeys(COLUMNS, REDACT)
    for condition, rows in (("", len(ROWS)), (FILTER, 50)):
        found = profile_readable(CONTRACT, rows_of(opened, masked, condition))
        assert (found.rows, {column.kind for column in found.columns}) == (rows, {"none"})
    with pytest.raises(AccessDenied, match="nothing of it is readable"):
        profile_readable(CONTRACT, rows_of(opened, dict.fromkeys(COLUMNS, WITHHOLD)))
