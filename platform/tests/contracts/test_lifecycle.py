"""The record of a contract's life is complete, in order, and agrees with its status."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.contracts.comparison.contract_comparison import compare
from bankmesh.contracts.lifecycle import NEXT, entered
from bankmesh.contracts.model import Status
from bankmesh.contracts.parsing.contract_reader import read_text

HEAD = "customProperties:\n"
END = '  - property: endOfSupport\n    value: "2027-06-30"\n'


def entry(status, on="2026-01-01", by="retail-core", why="The owner decided so."):
    return f'      - status: {status}\n        date: "{on}"\n        by: {by}\n        why: {why}\n'


def record(*entries):
    return "  - property: lifecycle\n    value:\n" + "".join(entries)


def text_of(party, status, *entries, end="", version="1.0.0"):
    written = party.replace("status: active", f"status: {status}").replace("version: 1.0.0", f"version: {version}")
    return written.replace(HEAD, HEAD + (record(*entries) if entries else "") + end)


def faults_in(text):
    _, faults = read_text("party.odcs.yaml", text)
    return [(fault.rule, fault.line) for fault in faults]


def read(text):
    contract, faults = read_text("party.odcs.yaml", text)
    assert faults == ()
    return contract


def line_of(text, part, count=1):
    """The line on which `part` stands for the `count`-th time."""
    found = [number for number, line in enumerate(text.splitlines(), 1) if part in line]
    return found[count - 1]


WHOLE_LIFE = (
    entry("proposed", "2025-01-01"),
    entry("draft", "2025-02-01"),
    entry("active", "2025-02-01"),
    entry("deprecated", "2026-01-01"),
    entry("retired", "2027-07-01"),
)


def test_a_whole_life_is_read_as_it_was_recorded(party):
    contract = read(text_of(party, "retired", *WHOLE_LIFE, end=END))
    assert [(step.status, step.on) for step in contract.lifecycle] == [
        (Status.PROPOSED, "2025-01-01"),
        (Status.DRAFT, "2025-02-01"),
        (Status.ACTIVE, "2025-02-01"),
        (Status.DEPRECATED, "2026-01-01"),
        (Status.RETIRED, "2027-07-01"),
    ]
    assert {(step.by, step.why) for step in contract.lifecycle} == {("retail-core", "The owner decided so.")}
    assert entered(contract, Status.DEPRECATED).on == "2026-01-01"
    assert contract.text.splitlines()[contract.lifecycle[3].place.line - 1].strip() == "- status: deprecated"


def test_a_contract_that_is_not_coming_to_its_end_needs_no_record(party):
    for status in ("proposed", "draft", "active"):
        contract = read(text_of(party, status))
        assert (contract.lifecycle, entered(contract, Status(status))) == ((), None)


@pytest.mark.parametrize("status", ["deprecated", "retired"])
def test_an_end_without_a_record_is_refused_at_the_status(party, status):
    text = text_of(party, status, end=END)
    assert faults_in(text) == [("missing-lifecycle", line_of(text, "status:"))]


def test_a_deprecated_contract_says_until_when(party):
    text = text_of(party, "deprecated", entry("deprecated"))
    assert faults_in(text) == [("missing-end-of-support", line_of(text, "status: deprecated"))]


def test_what_was_never_active_is_withdrawn_without_an_end_of_support(party):
    for first in ("proposed", "draft"):
        assert faults_in(text_of(party, "retired", entry(first, "2025-01-01"), entry("retired"))) == []


def test_support_lasts_as_long_as_was_promised(party):
    early = text_of(party, "retired", entry("deprecated"), entry("retired", "2027-06-29"), end=END)
    assert faults_in(early) == [("retired-early", line_of(early, "2027-06-29"))]
    assert faults_in(early.replace("2027-06-29", "2027-06-30")) == []
    late = text_of(party, "deprecated", entry("deprecated", "2027-07-01"), end=END)
    assert faults_in(late) == [("bad-end-of-support", line_of(late, "2027-07-01"))]


@pytest.mark.parametrize(
    ("old", "new", "rule", "at"),
    [
        ("        why: The owner decided so.\n", "", "lifecycle-incomplete", "- status: active"),
        ("why: The owner decided so.", 'why: " "', "lifecycle-incomplete", "why:"),
        ("why: The owner decided so.", "why: 7", "lifecycle-incomplete", "why:"),
        ("by: retail-core", "by: []", "lifecycle-incomplete", "by:"),
        ("by: retail-core", "by: retail-core\n        who: me", "bad-lifecycle", "who:"),
        ("- status: active", "- status: alive", "bad-lifecycle", "- status: alive"),
        ('date: "2026-01-01"', "date: yesterday", "bad-lifecycle", "date:"),
        ('date: "2026-01-01"', 'date: "2026-02-30"', "bad-lifecycle", "date:"),
        ('date: "2026-01-01"', 'date: "20260101"', "bad-lifecycle", "date:"),
        ("status: active\n        date", "status: draft\n        date", "lifecycle-status", "status:"),
    ],
)
def test_an_entry_is_complete_and_says_what_it_can(party, old, new, rule, at):
    text = text_of(party, "active", entry("active"))
    assert old in text
    text = text.replace(old, new, 1)
    assert faults_in(text) == [(rule, line_of(text, at))]


@pytest.mark.parametrize("value", ["[]", "active", "{status: active}", "[active]"])
def test_a_record_is_a_list_of_entries(party, value):
    text = party.replace(HEAD, f"{HEAD}  - property: lifecycle\n    value: {value}\n")
    assert faults_in(text) == [("bad-lifecycle", line_of(text, "value:"))]


def test_a_record_goes_forward_in_time(party):
    text = text_of(party, "active", entry("draft", "2026-01-02"), entry("active", "2026-01-01"))
    assert faults_in(text) == [("lifecycle-order", line_of(text, "2026-01-01"))]
    assert faults_in(text.replace("2026-01-02", "2026-01-01")) == []  # two steps on one day


STAGES = st.sampled_from(list(Status))


@settings(max_examples=120, deadline=None)
@given(stages=st.lists(STAGES, min_size=1, max_size=6))
def test_a_record_is_sound_if_and_only_if_each_step_may_follow(party, stages):
    entries = [entry(stage, f"2026-01-{day:02}") for day, stage in enumerate(stages, 1)]
    end = END.replace("2027-06-30", "2026-01-01")
    end = end if stages[-1] is Status.RETIRED else END
    text = text_of(party, stages[-1], *entries, end=end)
    allowed = [after in NEXT[before] for before, after in pairwise(stages)]
    wrong = [line for rule, line in faults_in(text) if rule == "lifecycle-step"]
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith("      - status: ")]
    assert wrong == [start for start, fine in zip(starts[1:], allowed, strict=True) if not fine]
    assert bool(faults_in(text)) is not all(allowed)


# --- Comparison --------------------------------------------------------------------------------------------


def rules(old, new):
    return [(c.rule, c.breaking) for c in compare(read(old), read(new)) if c.rule != "version-unchanged"]


ACTIVE = (entry("draft", "2025-01-01"), entry("active", "2025-02-01"))


def test_a_recorded_change_of_status_is_a_change_of_status(party):
    old = text_of(party, "active", *ACTIVE)
    new = text_of(party, "deprecated", *ACTIVE, entry("deprecated"), end=END, version="1.1.0")
    assert rules(old, new) == [("status-changed", False), ("end-of-support-changed", False)]


def test_a_change_of_status_that_nobody_recorded_is_told(party):
    assert rules(text_of(party, "draft"), text_of(party, "active")) == [
        ("status-changed", False),
        ("status-change-unrecorded", False),
    ]
    draft = text_of(party, "draft", ACTIVE[0])
    assert rules(draft, text_of(party, "active", entry("active", "2025-02-01"))) == [
        ("status-changed", False),
        ("lifecycle-rewritten", False),
        ("status-change-unrecorded", False),
    ]


def test_a_skipped_stage_is_told(party):
    skipped = ("status-skipped", False)
    assert skipped in rules(text_of(party, "proposed"), text_of(party, "active"))
    assert skipped in rules(text_of(party, "proposed"), text_of(party, "active", entry("active")))
    assert skipped in rules(text_of(party, "active"), text_of(party, "retired", entry("retired"), end=END))
    assert skipped not in rules(text_of(party, "proposed"), text_of(party, "active", *ACTIVE))
    assert skipped not in rules(text_of(party, "draft"), text_of(party, "retired", entry("draft"), entry("retired")))


def test_history_is_only_added_to(party):
    old = text_of(party, "active", *ACTIVE)
    assert rules(old, old.replace("The owner decided so.", "Nobody knows.")) == [("lifecycle-rewritten", False)]
    assert rules(old, text_of(party, "active")) == [("lifecycle-rewritten", False)]
    assert rules(text_of(party, "active"), old) == [("lifecycle-recorded", False)]


def test_support_that_ends_sooner_breaks_a_promise(party):
    old = text_of(party, "deprecated", entry("deprecated"), end=END)
    sooner = rules(old, old.replace("2027-06-30", "2027-06-29"))
    assert ("end-of-support-shortened", True) in sooner
    assert rules(old, old.replace("2027-06-30", "2027-07-01")) == [("end-of-support-changed", False)]
    retired = text_of(party, "retired", entry("deprecated"), entry("retired", "2026-02-01"))
    assert ("end-of-support-shortened", True) in rules(old, retired)


def test_each_major_has_a_life_of_its_own(party):
    old = text_of(party, "deprecated", entry("deprecated"), end=END)
    second, faults = read_text("party.v2.odcs.yaml", party.replace("version: 1.0.0", "version: 2.0.0"))
    assert faults == ()
    assert [change.rule for change in compare(read(old), second)] == ["status-reverted"]
