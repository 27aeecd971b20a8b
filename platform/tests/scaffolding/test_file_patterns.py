"""Patterns of files: names with a day or month are followed by those of later ones, and no other file is taken in."""

import datetime as dt
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.scaffolding.file_patterns import find_patterns, remove_period


@pytest.fixture
def folder(tmp_path):
    def folder(*names):
        for name in names:
            (tmp_path / name).touch()
        return tmp_path

    return folder


@pytest.mark.parametrize(
    ("name", "pattern", "period"),
    [
        ("slips_20240531.csv", "slips_20??????.csv", "day"),
        ("slips-2024-05-31.csv.gz", "slips-20??-??-??.csv.gz", "day"),
        ("31.05.2024_slips.txt", "??.??.20??_slips.txt", "day"),
        ("05312024.txt", "????20??.txt", "day"),
        ("slips_240531.csv", "slips_??????.csv", "day"),
        ("slips_20240531_235959.csv", "slips_20??????_??????.csv", "day"),
        ("slips_20240531T0630.csv", "slips_20??????T????.csv", "day"),
        ("balances_202405.xml", "balances_20????.xml", "month"),
        ("balances_2024-05.xml", "balances_20??-??.xml", "month"),
        ("balances_05-2024.xml", "balances_??-20??.xml", "month"),
        ("limits_Q2_2026.xlsx", "limits_Q?_20??.xlsx", "quarter"),
        ("limits 2026q2.xlsx", "limits 20??q?.xlsx", "quarter"),
        ("2Q2026-limits.xlsx", "?Q20??-limits.xlsx", "quarter"),
        ("limits_H1_2026.xlsx", "limits_H?_20??.xlsx", "half-year"),
        ("limits_2026.xlsx", "limits_20??.xlsx", "year"),
        ("slips.csv", "slips.csv", ""),
        ("slips_20241399.csv", "slips_20241399.csv", ""),
        ("branch_12345.csv", "branch_12345.csv", ""),
        ("from_20240501_to_20240531.csv", "from_20240501_to_20240531.csv", ""),
    ],
)
def test_a_day_or_a_month_in_a_name_is_a_pattern_with_a_question(folder, name, pattern, period):
    found = find_patterns(folder(name), [name])
    assert (found.patterns, found.take_all, found.period) == ((pattern,), False, period)
    assert (f"does each file hold the rows of its {period} alone?" in found.question) == bool(period)


def test_quarters_of_one_year_have_the_pattern_of_the_next_year(folder):
    names = ["limits_Q2_2026.xlsx", "limits_Q3_2026.xlsx"]
    found = find_patterns(folder(*names), names)
    assert (found.patterns, found.period) == (("limits_Q?_20??.xlsx",), "quarter")
    assert fnmatchcase("limits_Q1_2027.xlsx", found.patterns[0])


@pytest.mark.parametrize(
    ("name", "rest"),
    [("limits_Q2_2026.xlsx", "limits_.xlsx"), ("limits_20240531T0630.csv", "limits_.csv"), ("a1.csv", "a1.csv")],
)
def test_a_period_is_removed_from_a_name(name, rest):
    assert remove_period(name) == rest


def test_files_of_several_days_have_the_pattern_of_later_ones(folder):
    names = ["slips_20240531.csv", "slips_20240601.csv"]
    found = find_patterns(folder(*names), names)
    assert found.patterns == ("slips_20??????.csv",)
    assert fnmatchcase("slips_20250101.csv", found.patterns[0])
    assert not fnmatchcase("slips_totals.csv", found.patterns[0])


def test_other_files_of_the_pattern_are_a_question_and_not_taken_in(folder):
    names = ["slips_20240531.csv", "slips_20240601.csv"]
    found = find_patterns(folder(*names, "slips_20240602.csv"), names)
    assert (found.patterns, found.take_all, found.period) == (tuple(names), True, "")
    assert "do all files that slips_20??????.csv matches belong to it, 1 more?" in found.question


def test_files_without_days_have_their_common_pattern_or_their_names(folder):
    assert find_patterns(folder("a1.csv", "a2.csv"), ["a1.csv", "a2.csv"]).patterns == ("a*.csv",)
    found = find_patterns(folder("a3.csv"), ["a1.csv", "a2.csv"])
    assert (found.patterns, found.take_all) == (("a1.csv", "a2.csv"), True)


FORMS = st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%d.%m.%Y", "%d%m%Y", "%m-%d-%Y", "%Y%m", "%Y-%m", "%Y"])
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))


@settings(max_examples=60, deadline=None)
@given(form=FORMS, day=DAYS, later=DAYS)
def test_the_pattern_of_one_file_matches_that_of_every_other_day(tmp_path_factory, form, day, later):
    folder = tmp_path_factory.mktemp("days")
    name, other = (f"slips_{each.strftime(form)}.csv" for each in (day, later))
    (folder / name).touch()
    [pattern] = find_patterns(folder, [name]).patterns
    assert fnmatchcase(name, pattern)
    assert fnmatchcase(other, pattern)
