"""A pattern that is accepted means the same to DuckDB (RE2) as to Python."""

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.parsing.regular_expressions import check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "[A-Z]{3}",
        r"\d{4}-\d{2}",
        r"(?:a|b)+?",
        r"(?P<x>a)",
        r"(?i)abc",
        r"[^\]\-]*",
        r"a\.b",
        r"\bword\b",
        r"[]a]",
        r"\}+",
    ],
)
def test_common_patterns_are_accepted(pattern):
    assert check_pattern(pattern) is None
    assert duckdb.execute("select regexp_full_match('x', ?)", [pattern]).fetchall() in ([(True,)], [(False,)])


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("(?=a)", "look-arounds"), ("(?!a)", "look-arounds"), ("(?<=a)b", "look-arounds"), ("(?<!a)b", "look-arounds"),
        (r"(a)\1", "backreference"), ("(?P<n>a)(?P=n)", "look-arounds"), ("(?>a)", "atomic"), ("a++", "possessive"),
        ("a{2}+", "possessive"), ("a{,3}", "lower count"), ("a{1001}", "1000"), (r"a\Z", "escape"), (r"[\b]", "not supported"), ("[a", "not a regular expression"), ("(?x)a b", "atomic"),
        (r"\u0041", "escape"), ("[[a]]", "not a regular expression"),
    ],
)  # fmt: skip
def test_what_re2_lacks_or_reads_otherwise_is_refused(pattern, word):
    assert word in (check_pattern(pattern) or "")


PIECES = st.sampled_from(
    [*"ab01.^$|()[]{}*+?\\-,:=!<>P", "\\d", "\\w", "{2}", "{1,3}", "{,2}", "(?:", "(?=", "[^", "(?P<n>", "\\1"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=10).map("".join), st.text("ab01.-", max_size=6))
def test_an_accepted_pattern_matches_alike(pattern, value):
    if check_pattern(pattern) is None:
        [(matched,)] = duckdb.execute("select regexp_full_match(?, ?)", [value, pattern]).fetchall()
        assert matched == (re.fullmatch(pattern, value) is not None)
