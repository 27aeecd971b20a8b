"""The record of rejects: by file, line, column and reason, the raw text only on request, older files too."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.sources import count_rejects, current_landing, land_object, latest_attempt, prepare, read_rejects
from bankmesh.sources.landing_rejects import RecordFault, RejectedRecord, describe_rejects

CONTENT = b"n;t;a\n1;x;1\n;secret1;secret2\nsecret3\n4;x;secret4\n5;x;secret5\n"
A_DECIMAL = RecordFault("a", "cannot be read as decimal(6,2)")
N_MISSING = RecordFault("n", "required, but missing")
FIELDS = RecordFault(None, "1 fields instead of 3")


@pytest.fixture
def paths(exports):
    return exports.land(exports.declare(), CONTENT).rejects_paths


def test_each_fault_of_a_record_has_its_column_and_reason(paths):
    assert read_rejects(paths) == (
        RejectedRecord("thing.txt", 3, (N_MISSING, A_DECIMAL)),
        RejectedRecord("thing.txt", 4, (FIELDS,)),
        RejectedRecord("thing.txt", 5, (A_DECIMAL,)),
        RejectedRecord("thing.txt", 6, (A_DECIMAL,)),
    )
    assert str(read_rejects(paths)[0]) == "thing.txt:3: n required, but missing; a cannot be read as decimal(6,2)"
    assert str(read_rejects(paths)[1]) == "thing.txt:4: 1 fields instead of 3"
    assert read_rejects(paths, 1) == read_rejects(paths)[:1]
    assert read_rejects(paths, 0) == ()


def test_raw_text_is_read_only_on_request(paths):
    assert "secret" not in repr(read_rejects(paths)) + repr(count_rejects(paths)) + describe_rejects(paths)
    assert [record.raw for record in read_rejects(paths, 2, raw=True)] == [";secret1;secret2", "secret3"]


def test_counts_by_first_fault_add_up_to_all_rejects(paths):
    counts = count_rejects(paths)
    assert [(count.fault, count.rejects) for count in counts] == [(A_DECIMAL, 2), (N_MISSING, 1), (FIELDS, 1)]


def test_a_description_names_the_first_lines_and_all_reasons(paths):
    assert describe_rejects(paths, shown=2) == (
        "  thing.txt:3: n required, but missing; a cannot be read as decimal(6,2)\n"
        "  thing.txt:4: 1 fields instead of 3\n"
        "  and 2 more; all by their first reason: a cannot be read as decimal(6,2) (2); n required, but missing (1); "
        "1 fields instead of 3 (1)"
    )


def test_a_description_of_many_columns_and_reasons_stays_short(exports):
    names = [f"c{n}" for n in range(30)]
    kind = "{type: long, required: true, classification: internal, description: D.}"
    obj = exports.declare("\n".join(f"{name}: {kind}" for name in names))
    lines = "".join(";".join("x" if at >= row else "1" for at in range(30)) + "\n" for row in range(30))
    text = describe_rejects(exports.land(obj, f"{';'.join(names)}\n{lines}".encode()).rejects_paths)
    first, *_, last = text.split("\n")
    assert (
        first
        == "  thing.txt:2: " + "; ".join(f"c{n} cannot be read as long" for n in range(3)) + "; and 27 more faults"
    )
    assert last.startswith("  and 25 more; all by their first reason: ")
    assert last.endswith(", and 25 other reasons")
    assert len(text) < 1000


def test_a_long_code_table_is_not_listed_in_a_reason(exports):
    codes = ", ".join(f"C{n}: c{n}" for n in range(40))
    obj = exports.declare(f"k: {{type: string, codes: {{{codes}}}, classification: internal, description: D.}}")
    [record] = read_rejects(exports.land(obj, b"k\nC40\n").rejects_paths)
    assert record.faults[0].reason == (
        "not in the code table, which knows C0, C1, C2, C3, C4, C5, C6, C7, C8, C9 and 30 more"
    )


def test_rejects_that_are_gone_are_none(paths):
    paths[0].unlink()
    assert (read_rejects(paths), count_rejects(paths), describe_rejects(paths)) == ((), (), "")


def test_a_landing_without_rejects_has_none(exports):
    paths = exports.land(exports.declare(), b"n;t;a\n1;x;1\n").rejects_paths
    assert (read_rejects(paths), count_rejects(paths), describe_rejects(paths)) == ((), (), "")


labels = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["a", "b: c", "n; t"]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), labels, st.text(max_size=9)), min_size=1, max_size=9))
def test_files_of_the_release_before_are_read_too(tmp_path_factory, rejects):
    """They have one text for all faults, which begins with the first column."""
    path = tmp_path_factory.mktemp("old") / "rejects.parquet"
    table = {
        "file": ["f"] * len(rejects),
        "line": [line for line, *_ in rejects],
        "raw_text": ["secret"] * len(rejects),
        "reason": [reason if column is None else f"{column}: {reason}" for _, column, reason in rejects],
        "column": [column for _, column, _ in rejects],
    }
    pl.DataFrame(table, schema_overrides={"column": pl.String}).write_parquet(path)
    assert read_rejects([path]) == tuple(
        RejectedRecord("f", line, (RecordFault(column, reason),)) for line, column, reason in rejects
    )
    assert sum(count.rejects for count in count_rejects([path])) == len(rejects)


def test_the_latest_attempt_is_the_one_that_was_refused_last(exports, tmp_path):
    obj, home = exports.declare(), tmp_path / "home"

    def attempt(content: bytes):
        exports.write(content)
        landing = land_object(obj, exports.base, home, "d")
        latest = latest_attempt(home, "d", "legacy", "thing")
        assert latest is not None
        assert latest.fingerprint == landing.fingerprint
        return landing

    assert latest_attempt(home, "d", "legacy", "thing") is None
    good, bad = b"n;t;a\n1;x;1\n", b"n;t;a\nbad\n"
    first = attempt(good)
    assert not attempt(bad).acceptable
    assert current_landing(home, "d", "legacy", "thing").fingerprint == first.fingerprint
    attempt(good)
    attempt(bad)  # both are landed already: nothing is made anew, and still the order is known


def test_a_home_of_the_release_before_has_the_newest_landing_as_latest_attempt(exports, tmp_path):
    obj, home = exports.declare(), tmp_path / "home"
    exports.write(b"n;t;a\n1;x;1\n")
    landing = prepare(obj, exports.base, home, "d")
    (landing.folder.parent / "attempt.json").unlink()
    assert latest_attempt(home, "d", "legacy", "thing") == landing
