"""Date formats of one column: no text has two readings, or the declaration is refused."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.errors import SourceFaults
from bankmesh.sources import read_system
from bankmesh.sources.declarations.date_formats import BadFormat, compile_format
from bankmesh.sources.declarations.format_ambiguity import _read, find_ambiguity

AMBIGUOUS = [
    (["%d/%m/%Y", "%m/%d/%Y"], "UTC"),
    (["%Y-%m-%d", "%d.%m.%Y", "%-m.%-d.%Y"], "UTC"),
    (["%Y%m%d", "%d%m%Y"], "UTC"),
    (["%y%m%d", "%d%m%y"], "UTC"),
    (["%-d%m%Y", "%Y%m%-d"], "UTC"),
    (["iso8601", "%Y-%d-%m %H:%M:%S"], "UTC"),
    (["%Y-%m-%dT%H:%M:%SZ", "iso8601"], "Europe/Prague"),
]
PLAIN = [
    (["%d.%m.%Y", "%Y-%m-%d"], "UTC"),
    (["%-d.%-m.%Y", "%d.%m.%Y"], "UTC"),
    (["%d/%m/%Y", "%m-%d-%Y"], "UTC"),
    (["%y%m%d", "%y%m%d 00:00:00"], "UTC"),
    (["iso8601", "%Y-%m-%d %H:%M:%S"], "Europe/Prague"),
    (["%Y-%m-%dT%H:%M:%SZ", "iso8601"], "UTC"),
    (["%d/%m/%Y"], "UTC"),
]


@pytest.mark.parametrize(("formats", "zone"), AMBIGUOUS)
def test_formats_that_read_one_text_differently_are_found_in_any_order(formats, zone):
    for listed in (formats, formats[::-1]):
        found = find_ambiguity(listed, 1900, zone)
        assert found is not None
        assert {found.first, found.second} <= set(listed)
        assert found.read_first != found.read_second


@pytest.mark.parametrize(("formats", "zone"), PLAIN)
def test_formats_that_agree_or_share_no_text_are_allowed(formats, zone):
    assert find_ambiguity(formats, 1900, zone) is None


separators = st.sampled_from(["", "", ".", "/", "-", " "])


@st.composite
def formats(draw):
    """Formats of dates, with the parts in any order and any separators between them."""
    parts = draw(
        st.permutations([draw(st.sampled_from(pair)) for pair in (["%Y", "%y"], ["%m", "%-m"], ["%d", "%-d"])])
    )
    text = parts[0] + draw(separators) + parts[1] + draw(separators) + parts[2]
    try:
        compile_format(text, 1900 if "%y" in text else None, with_time=False)
    except BadFormat:
        return draw(formats())
    return text


def _written(day: dt.date, form: str) -> str:
    for directive, value in {
        "%Y": f"{day.year:04d}", "%y": f"{day.year % 100:02d}", "%m": f"{day.month:02d}", "%d": f"{day.day:02d}",
        "%-m": str(day.month), "%-d": str(day.day),
    }.items():  # fmt: skip
        form = form.replace(directive, value)
    return form


@settings(max_examples=300, deadline=None)
@given(formats(), formats(), st.lists(st.dates(), min_size=20, max_size=20))
def test_no_day_has_two_readings_in_formats_that_are_allowed(first, second, days):
    found = find_ambiguity([first, second], 1900, "UTC")
    if found is not None:
        readings = [_read(found.text, form, 1900, "UTC") for form in (first, second)]
        assert None not in readings
        assert readings[0] != readings[1]
        return
    for day in days:
        for form in (first, second):
            text = _written(day, form)
            one, other = (_read(text, each, 1900, "UTC") for each in (first, second))
            assert one is None or other is None or one == other, text


DECLARATION = """\
system: core
description: The core.
owner: team-core
format: {delimiter: ";", encoding: utf-8}
objects:
  account:
    description: Accounts.
    files: ["a.csv"]
    columns:
      day:
        type: date
        classification: internal
        description: Day.
        format: ["%d/%m/%Y", "%m/%d/%Y"]
"""


def test_a_declaration_with_an_ambiguous_list_is_refused_at_its_line(tmp_path):
    file = tmp_path / "core.yaml"
    file.write_text(DECLARATION)
    with pytest.raises(SourceFaults) as caught:
        read_system(file)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.rule) == (str(file), 14, "ambiguous-formats")
    assert '01/11/1111 is 1111-11-01 in "%d/%m/%Y" and 1111-01-11 in "%m/%d/%Y"' in fault.message
    assert "declare an object for each kind of file" in fault.message
    file.write_text(DECLARATION.replace("%m/%d/%Y", "%Y-%m-%d"))
    assert read_system(file).objects[0].columns[0].formats == ("%d/%m/%Y", "%Y-%m-%d")
