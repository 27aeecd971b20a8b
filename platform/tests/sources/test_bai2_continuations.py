"""BAI2 continuations (88): lines cut between fields, and records that end early with `/`."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from message_samples import columns_of, declared, landed, rejects_of, rows_of

from bankmesh.errors import LegacyFileError

COLUMNS = {
    "summary": columns_of(type_code="string", amount="decimal", item_count="long", funds_type="string"),
    "transaction": columns_of(
        funds_type="string", bank_reference="string", customer_reference="string", information="string"
    ),
}
BEFORE_COUNT = "03: a summary ends with / before its item count"
WITHIN_FUNDS = "03: a summary ends with / within its funds type"
REFERENCE_OR_TEXT = "16: a line ends with / before the references, and what follows may be a reference or text"


def bai2(lines, total, *, file_id=1):
    """A file of one account; `lines` are its 03 record and its transactions."""
    head = [f"01,S,R,240102,1200,{file_id},,,2/", "02,R,S,1,240101,,USD,2/"]
    tail = [f"49,{total},{len(lines) + 1}/", f"98,{total},1,{len(lines) + 3}/", f"99,{total},1,{len(lines) + 5}/"]
    return "".join(f"{line}\n" for line in [*head, *lines, *tail])


def summaries_of(base, lines, total):
    landing = landed(declared(base, "{kind: bai2}", COLUMNS)["summary"], base, bai2(lines, total))
    assert landing.balanced
    return [tuple(row.values())[:4] for row in rows_of(landing)]


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["03,A,,010,500/", "88,015,700,,/"], [("010", 5, None, None), ("015", 7, None, None)]),
        (["03,A,,010,500,3/", "88,015,700,,/"], [("010", 5, 3, None), ("015", 7, None, None)]),
        (["03,A,,010,500,3/", "88,0,015,700,,/"], [("010", 5, 3, "0"), ("015", 7, None, None)]),
        (["03,A,,010,500/", "88,,,015,700,,/"], [("010", 5, None, None), ("015", 7, None, None)]),
        (["03,A,,010,500/", "88,15,0,015,700,,/"], [("010", 5, 15, "0"), ("015", 7, None, None)]),
        (["03,A,,010,500/", "88,150,Z,015,700,,/"], [("010", 5, 150, "Z"), ("015", 7, None, None)]),
        (["03,A,,010,500,,,015/", "88,700,,/"], [("010", 5, None, None), ("015", 7, None, None)]),
        (["03,A,,010,500,,,015/", "88,700/"], [("010", 5, None, None), ("015", 7, None, None)]),
        (["03,A,,010,1200,1,S,100000/", "88,20000,0/"], [("010", 12, 1, "S")]),
    ],
)
def test_a_summary_is_continued_or_ended_as_only_one_reading_allows(tmp_path, lines, rows):
    assert summaries_of(tmp_path, lines, 1200) == [
        (code, Decimal(amount), count, funds) for code, amount, count, funds in rows
    ]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["03,A,,010,500000/", "88,015,0,,/"], BEFORE_COUNT),
        (["03,A,,010,500000/", "88,015,,,/"], BEFORE_COUNT),
        (["03,A,,010,500000/", "88,015/", "88,0,,/"], BEFORE_COUNT),
        (["03,A,,010,500000,1,S,500000/", "88,015,0,,/"], WITHIN_FUNDS),
        (["03,A,,010,500000,1,V/", "88,015,0,,/"], WITHIN_FUNDS),
        (["03,A,,010,500000,1,D/", "88,015,0,,/"], WITHIN_FUNDS),
        (["03,A,,010/", "88,015,500000,,/"], "control_total is not the sum"),
    ],
)
def test_a_summary_that_may_be_continued_or_ended_refuses_the_file(tmp_path, lines, problem):
    for obj in declared(tmp_path, "{kind: bai2}", COLUMNS).values():
        with pytest.raises(LegacyFileError, match=problem):
            landed(obj, tmp_path, bai2(lines, 500000))


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        (["16,475,100,0,123/", "88,SMITH, JOHN"], ("0", "123", None, "SMITH, JOHN")),
        (["16,475,100/", "88,SMITH, JOHN"], (None, None, None, "SMITH, JOHN")),
        (["16,475,100,0/", "88,SMITH, JOHN"], ("0", None, None, "SMITH, JOHN")),
        (["16,475,100,Z,,/", "88,A1,B2/", "88,C,D"], ("Z", None, None, "A1,B2\nC,D")),
        (["16,475,100,S,50,50,0/", "88,AX13,B09,LOCKBOX, MAIN"], ("S", "AX13", "B09", "LOCKBOX, MAIN")),
        (["16,475,100,0,123,C5/", "88,SMITH, JOHN"], ("0", "123", "C5", "SMITH, JOHN")),
        (["16,475/", "88,100,0,123,C5,TEXT"], ("0", "123", "C5", "TEXT")),
    ],
)
def test_what_follows_an_early_end_of_a_transaction_is_text(tmp_path, lines, row):
    obj = declared(tmp_path, "{kind: bai2}", COLUMNS)["transaction"]
    landing = landed(obj, tmp_path, bai2(["03,A,,,,,/", *lines], 100))
    assert [tuple(each.values())[:4] for each in rows_of(landing)] == [row]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["16,475,100,0,123/", "88,7788,JOHN"], REFERENCE_OR_TEXT),
        (["16,475,100,0/", "88,7788,JOHN"], REFERENCE_OR_TEXT),
        (
            ["16,475,100/", "88,0,1,2"],
            "16: a line ends with / before the funds type, and what follows may be a funds type or text",
        ),
    ],
)
def test_what_may_be_a_field_or_text_is_a_reject(tmp_path, lines, reason):
    obj = declared(tmp_path, "{kind: bai2}", COLUMNS)["transaction"]
    landing = landed(obj, tmp_path, bai2(["03,A,,,,,/", *lines], 100))
    assert (landing.rows, rejects_of(landing)) == (0, [(4, reason)])


SUMMARY = st.tuples(
    st.sampled_from(["010", "015", "100", "190"]),
    st.integers(0, 10**7),
    st.one_of(st.none(), st.integers(0, 2000)),
    st.sampled_from(["", "0", "1", "2", "Z"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    summaries=st.lists(SUMMARY, min_size=1, max_size=5), cuts=st.sets(st.integers(2, 21), max_size=4), early=st.booleans()
)  # fmt: skip
def test_summaries_cut_anywhere_land_as_written_or_are_refused(tmp_path, summaries, cuts, early):
    """Whether a writer cuts lines between fields or ends each summary early, no number lands in another's place."""
    fields = [["A", ""]]
    for code, amount, count, funds in summaries:
        fields.append([code, str(amount), "" if count is None else str(count), funds])
    if early:
        groups = [",".join(group).rstrip(",") for group in fields[1:]]
        lines = ["03,A,/", *(f"88,{group}/" for group in groups)]
    else:
        flat = [text for group in fields for text in group]
        bounds = [0, *sorted(cut for cut in cuts if cut < len(flat)), len(flat)]
        parts = [",".join(flat[start:stop]) for start, stop in pairwise(bounds)]
        lines = [f"{'88' if at else '03'},{part}/" for at, part in enumerate(parts)]
    total = sum(amount for _, amount, _, _ in summaries)
    try:
        rows = summaries_of(tmp_path, lines, total)
    except LegacyFileError as error:
        assert "may be a" in str(error)  # noqa: PT017 - a refusal is one of two outcomes
    else:
        written = [(code, Decimal(amount) / 100, count, funds or None) for code, amount, count, funds in summaries]
        assert rows == written
