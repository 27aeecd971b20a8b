"""Frequency with a cron expression: what is read, what is a fault on which line, and that it is enforced."""

import datetime as dt
from itertools import islice

import pytest
from contract_samples import PARTY
from dagster._utils.schedules import cron_string_iterator, is_valid_cron_schedule
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bankmesh.contracts.coverage import coverage
from bankmesh.contracts.parsing.contract_reader import read_text
from bankmesh.contracts.parsing.cron_expressions import check_cron

HEAD = f"""\
{PARTY}  - property: scheduleTimezone
    value: Europe/Prague
slaProperties:
  - property: frequency
    value: 1
    unit: d
"""
FIRST = HEAD.count("\n") + 1  # the line behind the head


def _read(*lines, head=HEAD):
    return read_text("party.odcs.yaml", head + "".join(f"    {line}\n" for line in lines))


def test_a_schedule_is_read_and_enforced():
    contract, faults = _read('schedule: "0 6 * * 1-5"', "scheduler: cron")
    assert faults == ()
    level = contract.service_level("frequency")
    assert (level.schedule, level.scheduler, level.seconds) == ("0 6 * * 1-5", "cron", 86_400)
    where = {entry.clause: entry.where for entry in coverage(contract)}
    point = "operations: schedule of the code location"
    for key in ("property", "value", "unit", "schedule", "scheduler"):
        assert where[f"slaProperties[0].{key}"] == point
    assert where["customProperties[1].value"] == point


@pytest.mark.parametrize("status", ["draft", "proposed"])
def test_no_schedule_runs_a_product_that_is_not_active(status):
    contract, faults = _read(
        'schedule: "0 6 * * 1-5"', "scheduler: cron", head=HEAD.replace("status: active", f"status: {status}")
    )
    assert faults == ()
    entries = {entry.clause: entry for entry in coverage(contract)}
    for clause in ("slaProperties[0].schedule", "slaProperties[0].scheduler", "customProperties[1].value"):
        assert not entries[clause].enforced
        assert f"while its status is {status}" in entries[clause].reason


def test_a_frequency_without_a_schedule_is_not_enforced():
    contract, faults = _read()
    assert faults == ()
    [entry] = [entry for entry in coverage(contract) if entry.clause == "slaProperties[0].value"]
    assert not entry.enforced
    assert "runs nothing" in entry.reason


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (['schedule: "0 6 * *"', "scheduler: cron"], 0, "has 4 fields"),
        (['schedule: "0 26 * * *"', "scheduler: cron"], 0, "hour '26': '26' is not allowed; 0 to 23"),
        (['schedule: "@daily"', "scheduler: cron"], 0, "five"),
        (['schedule: "0 6 30 2 *"', "scheduler: cron"], 0, "never run"),
        (['schedule: "0 6 31 2 1"', "scheduler: cron"], 0, "'0 6 31 2 1' names a day that none of its months has"),
        (['schedule: "0 6 30,31 feb mon-fri"', "scheduler: cron"], 0, "names a day that none of its months has"),
        (['schedule: "0 6-6 * * *"', "scheduler: cron"], 0, "hour '6-6': the range 6-6 has one value; write 6"),
        (['schedule: "0 6 */2 * mon"', "scheduler: cron"], 0, "or both without it, such as 1-31/2"),
        (['schedule: "0 6 1 * mon,*"', "scheduler: cron"], 0, "restricts day of month and day of week"),
        (['schedule: "0 6 * * *"'], 0, "write scheduler: cron"),
        (["scheduler: cron"], 0, "without a schedule"),
        (['schedule: "0 6 * * *"', "scheduler: airflow"], 1, "scheduler airflow; write scheduler: cron"),
    ],
)
def test_a_bad_schedule_is_told_on_its_line(lines, line, said):
    _, [fault] = _read(*lines)
    assert (fault.rule, fault.line) == ("bad-schedule", FIRST + line)
    assert said in fault.message


def test_another_level_has_no_schedule():
    _, [fault] = _read('schedule: "0 6 * * *"', head=HEAD.replace("frequency", "freshness"))
    assert (fault.rule, fault.line) == ("bad-schedule", FIRST)
    assert "freshness has no schedule" in fault.message


def test_a_time_zone_has_to_exist():
    _, [fault] = _read(head=HEAD.replace("Europe/Prague", "Europe/Prag"))
    assert (fault.rule, fault.line) == ("bad-schedule", 26)


def test_frequency_is_promised_once():
    _, [fault] = _read("description: once", head=HEAD + HEAD[HEAD.index("  - property: frequency") :])
    assert fault.rule == "duplicate-service-level"


_STEPS = st.sampled_from(["", "/2", "/5"])


def _field(first, last):
    number = st.integers(first, last).map(str)
    rising = st.tuples(st.integers(first, last), st.integers(first, last)).map(
        lambda pair: "{}-{}".format(*sorted(pair))
    )
    stepped = st.tuples(st.one_of(st.just("*"), rising), _STEPS).map("".join)
    return st.lists(st.one_of(number, stepped), min_size=1, max_size=3).map(",".join)


CRON = st.tuples(_field(0, 59), _field(0, 23), _field(1, 31), _field(1, 12), _field(0, 7)).map(" ".join)
# Where days that do not exist are met often, as text that people write.
_LATE = st.one_of(_field(28, 31), st.sampled_from(["*", "30-30", "28-31/3", "*/30", "30,30"]))
_MONTHS = st.one_of(
    st.sampled_from(["2", "02", "feb", "FEB", "2-2", "feb,apr", "2,11", "4", "*/2", "2-12/12"]), _field(1, 12)
)
_WEEKDAYS = st.one_of(st.sampled_from(["*", "mon", "mon-fri", "sat,sun", "0-7", "7", "*/2", "MON"]), _field(0, 7))
LATE_CRON = st.tuples(_field(0, 59), _field(0, 23), _LATE, _MONTHS, _WEEKDAYS).map(" ".join)


@given(CRON | LATE_CRON)
def test_whatever_is_accepted_the_scheduler_can_read(text):
    try:
        check_cron(text)
    except ValueError:
        return
    assert is_valid_cron_schedule(text)


START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_MONTH_NAMES = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def _values(text, first, last, names=()):
    values = set()
    for item in text.lower().split(","):
        span, _, step = item.partition("/")
        ends = f"{first}-{last}" if span == "*" else span
        low, _, high = ends.partition("-")
        low, high = (names.index(end) + first if end in names else int(end) for end in (low, high or low))
        values.update(range(low, high + 1, int(step or 1)))
    return values


def _times_by_cron(text):
    """Yield the times of five years by crontab(5): either day field suffices, unless one of them begins with `*`."""
    minute, hour, day, month, weekday = text.split()
    minutes, hours = sorted(_values(minute, 0, 59)), sorted(_values(hour, 0, 23))
    days, months = _values(day, 1, 31), _values(month, 1, 12, _MONTH_NAMES)
    weekdays = {number % 7 for number in _values(weekday, 0, 7, _WEEKDAY_NAMES)}
    meet = all if "*" in (day[0], weekday[0]) else any
    for number in range(5 * 366):
        date = START + dt.timedelta(days=number)
        if date.month in months and meet((date.day in days, date.isoweekday() % 7 in weekdays)):
            yield from (date.replace(hour=at, minute=past) for at in hours for past in minutes)


# The first times of an expression say nothing of its days if it runs every minute, so days and hours are also compared alone.
HOURS = _field(0, 23).map("0 {} * * *".format)
DAYS = (CRON | LATE_CRON).map(lambda text: " ".join(["0", "6", *text.split()[2:]]))


@settings(max_examples=300)
@given(CRON | HOURS | DAYS)
@example("0-0 6 * * *")
@example("0 6-6 * * *")
@example("0 6 */2 * mon")
@example("0 6 1 * mon,*")
def test_the_scheduler_runs_whatever_is_accepted_when_cron_does(text):
    try:
        check_cron(text)
    except ValueError:
        return
    times = list(islice(_times_by_cron(text), 40))
    ticks = cron_string_iterator((START - dt.timedelta(seconds=30)).timestamp(), text, "UTC")
    assert list(islice(ticks, len(times))) == times


@pytest.mark.parametrize(
    "text", ["0 6 29 2 *", "0 6 29 2 mon", "0 6 31 1,2 mon-fri", "0 6 30 4 1", "0 6 28-31 2 *", "0 6,18 * * *"]
)
def test_a_day_that_some_month_has_is_accepted(text):
    check_cron(text)
    assert is_valid_cron_schedule(text)


@given(st.text(alphabet="0123456789*/,- @LWabc#?", max_size=20))
def test_nothing_but_a_cron_expression_is_accepted(text):
    try:
        check_cron(text)
    except ValueError as error:
        assert repr(text) in str(error) or any(f"{part!r}" in str(error) for part in text.split())  # noqa: PT017
        return
    assert is_valid_cron_schedule(text)
