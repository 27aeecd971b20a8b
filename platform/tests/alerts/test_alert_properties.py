"""Whatever happens in whatever order: one open incident each, told in turns, kept whole in between."""

from __future__ import annotations

from dataclasses import replace

from alert_samples import abandoned, at, check, ended, failed, fresh, made, passed
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.alerts import storing
from bankmesh.alerts.facts import Severity
from bankmesh.alerts.incidents import after

ASSETS = ("retail/party", "retail/account", "retail/loan")
asset = st.sampled_from(ASSETS)
run = st.sampled_from([f"run-{number}" for number in range(6)])
flag = st.booleans()
units = st.sets(st.sampled_from([*ASSETS, "retail/loan|2026-01", "job:expiry"]), min_size=1)
severity = st.sampled_from([Severity.WARNING, Severity.ERROR])
fact = st.one_of(
    st.builds(
        lambda a, o, s, r, w: check(0, o, s, asset=a, run_id=r, will_retry=w),
        asset, st.sampled_from(["failed", "errored"]), severity, run, flag,
    ),
    st.builds(lambda a: passed(0, asset=a), asset),
    st.builds(lambda u, r, w: failed(0, *u, run_id=r, will_retry=w), units, run, flag),
    st.builds(
        lambda r, p, w, m, f: ended(0, r, p, will_retry=w, made=frozenset(m), refused=frozenset(f)),
        run, st.none() | run, flag, st.sets(st.just("job:expiry")), st.sets(asset),
    ),
    st.builds(lambda a, p: made(0, a, p), asset, st.sampled_from([None, "2026-01"])),
    st.builds(lambda a, s: fresh(0, s, a), asset, st.sampled_from(["fresh", "warning", "late", "none"])),
    st.builds(lambda r: abandoned(0, r), run),
)  # fmt: skip
facts = st.lists(fact, max_size=40).map(
    lambda found: [replace(each, id=number, at=at(number)) for number, each in enumerate(found)]
)


@given(facts)
@settings(max_examples=300, deadline=None)
def test_each_incident_is_opened_then_perhaps_escalated_then_over(history) -> None:
    standing, notices = after("retail", {}, history)
    by_incident: dict[str, list[str]] = {}
    for notice in notices:
        by_incident.setdefault(notice.incident.id, []).append(notice.kind)
    for kinds in by_incident.values():
        assert kinds[0] == "opened"
        assert kinds.count("opened") == 1
        assert all(kind == "escalated" for kind in kinds[1:-1])
        assert "recovered" not in kinds[:-1]
    over = {key for key, kinds in by_incident.items() if kinds[-1] == "recovered"}
    assert {i.id for i in standing.values() if not i.held} == by_incident.keys() - over


@given(facts)
@settings(max_examples=300, deadline=None)
def test_nothing_is_in_two_incidents_that_were_told(history) -> None:
    open_names: list[str] = []
    for notice in after("retail", {}, history)[1]:
        if notice.kind == "opened":
            assert notice.incident.name not in open_names
            open_names.append(notice.incident.name)
        elif notice.kind == "recovered":
            open_names.remove(notice.incident.name)
    standing = after("retail", {}, history)[0]
    runs = [incident for incident in standing.values() if incident.kind == "run" and not incident.held]
    waiting = [unit for incident in runs for unit in incident.waiting]
    assert len(waiting) == len(set(waiting))
    assert all(name == incident.name for name, incident in standing.items())


@given(facts)
@settings(max_examples=100, deadline=None)
def test_ids_of_notices_never_repeat(history) -> None:
    ids = [notice.id for notice in after("retail", {}, history)[1]]
    assert len(ids) == len(set(ids))


@given(facts, st.data())
@settings(max_examples=200, deadline=None)
def test_taken_in_parts_with_a_restart_in_between_it_is_the_same(history, data) -> None:
    cut = data.draw(st.integers(0, len(history)))
    standing, notices = after("retail", {}, history)
    before, first = after("retail", {}, history[:cut])
    kept = {name: storing.from_text(storing.to_text(incident)) for name, incident in before.items()}
    assert kept == before
    later, second = after("retail", kept, history[cut:])
    assert (later, first + second) == (standing, notices)


@given(facts)
@settings(max_examples=100, deadline=None)
def test_every_failure_without_a_retry_is_told_or_stands(history) -> None:
    """The last word about each check decides whether an incident of it stands."""
    standing, _ = after("retail", {}, history)
    last = {each.asset: each for each in history if type(each).__name__ == "CheckEvaluated"}
    for name, each in last.items():
        incident = standing.get(f"check:{name}:has_rows")
        assert (incident is not None) == (each.outcome != "passed")
        if incident is not None and not each.will_retry:
            assert not incident.held
