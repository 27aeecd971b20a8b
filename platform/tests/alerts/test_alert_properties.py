"""Whatever happens in whatever order: one open incident each, notified in turns, kept whole in between."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from alert_samples import abandoned, at, check, ended, failed, fresh, made, passed
from hypothesis import given, settings
from hypothesis import strategies as st

from bankmesh.alerts.common_causes import MeshContext, share_causes
from bankmesh.alerts.delivery import incident_serialization
from bankmesh.alerts.event_facts import ERROR, INPUT, AlertSeverity, Cause
from bankmesh.alerts.incident_decisions import after
from bankmesh.alerts.model import ENDINGS, combine

ASSETS = ("retail/party", "retail/account", "retail/loan")
MONTHS = ("2026-01", "2026-02", "2026-03")
AROUND = MeshContext({"retail/loan": "lending"}, {"retail/loan": frozenset({"retail/account"})})
asset = st.sampled_from(ASSETS)
run = st.sampled_from([f"run-{number}" for number in range(6)])
flag = st.booleans()
months = st.sets(st.sampled_from(MONTHS))
units = st.sets(st.sampled_from([*ASSETS, "retail/loan|2026-01", "job:expiry"]), min_size=1)
severity = st.sampled_from([AlertSeverity.WARNING, AlertSeverity.ERROR])
clause = st.sampled_from(["has_rows", "schema"])
cause = st.none() | st.sampled_from(
    [Cause(INPUT, "retail/party", "retail.party"), Cause(ERROR, "run-1/retail/loan", "KeyError")]
)


def of(asset: str, found: set[str]) -> frozenset[str]:
    return frozenset(f"{asset}|{month}" for month in found)


fact = st.one_of(
    st.builds(
        lambda a, n, o, s, r, w, c, m: check(
            0, o, s, asset=a, check=n, run_id=r, will_retry=w, units=of(a, m),
            error="KeyError" if o == "errored" else None, cause=c if o == "errored" else None,
        ),
        asset, clause, st.sampled_from(["failed", "errored", "not evaluated"]), severity, run, flag, cause, months,
    ),
    st.builds(lambda a, n, m, w: passed(0, asset=a, check=n, units=of(a, m), whole_table=w), asset, clause, months, flag),
    st.builds(
        lambda u, r, w, c, e: failed(0, *u, run_id=r, will_retry=w, cause=c, errors=e),
        units, run, flag, cause, st.sampled_from([(), ("KeyError",)]),
    ),
    st.builds(
        lambda r, p, w, m, f: ended(0, r, p, will_retry=w, made=frozenset(m), refused=frozenset(f)),
        run, st.none() | run, flag, st.sets(st.just("job:expiry")), st.sets(asset),
    ),
    st.builds(lambda a, p: made(0, a, p), asset, st.sampled_from([None, "2026-01"])),
    st.builds(lambda a, s: fresh(0, s, a), asset, st.sampled_from(["fresh", "warning", "late", "none"])),
    st.builds(lambda r: abandoned(0, r), run),
)  # fmt: skip


def numbered(found):
    return [replace(each, id=number, at=at(number)) for number, each in enumerate(found)]


facts = st.lists(fact, max_size=40).map(numbered)


def decide(history, standing=None):
    return after("retail", standing or {}, history, around=AROUND)


@given(facts)
@settings(max_examples=300, deadline=None)
def test_each_incident_is_opened_then_perhaps_joined_or_escalated_then_over(history) -> None:
    standing, notices = decide(history)
    by_incident: dict[str, list[str]] = {}
    for notice in notices:
        by_incident.setdefault(notice.incident.id, []).append(notice.kind)
    for kinds in by_incident.values():
        assert kinds[0] == "opened"
        assert kinds.count("opened") == 1
        assert set(kinds[1:-1]) <= {"escalated", "joined", "covered"}
        assert "recovered" not in kinds[:-1]
    over = {key for key, kinds in by_incident.items() if kinds[-1] == "recovered"}
    assert {i.id for i in standing.values() if not i.held} == by_incident.keys() - over


@given(facts)
@settings(max_examples=300, deadline=None)
def test_nothing_is_in_two_incidents(history) -> None:
    open_names: list[str] = []
    standing, notices = decide(history)
    for notice in notices:
        if notice.kind == "opened":
            assert notice.incident.name not in open_names
            open_names.append(notice.incident.name)
        elif notice.kind == "recovered":
            open_names.remove(notice.incident.name)
    listed = [p.name for incident in standing.values() for p in incident.problems if not p.has_ended]
    assert len(listed) == len(set(listed))
    assert all(name == incident.name for name, incident in standing.items())


@given(facts)
@settings(max_examples=200, deadline=None)
def test_what_is_open_has_a_list_and_what_is_over_has_none(history) -> None:
    standing, notices = decide(history)
    for incident in standing.values():
        left = [p for p in incident.problems if not p.has_ended]
        assert left
        assert incident.held == (not incident.reported)
        assert incident.severity == max(p.severity for p in incident.reported or left)
    for notice in notices:
        assert (notice.kind == "recovered") == (not notice.incident.reported)
        if notice.kind != "recovered":
            assert set(notice.incident.news) <= {p.name for p in notice.incident.reported}


@given(facts)
@settings(max_examples=100, deadline=None)
def test_ids_of_notices_never_repeat(history) -> None:
    ids = [notice.id for notice in decide(history)[1]]
    assert len(ids) == len(set(ids))


@given(facts, st.data())
@settings(max_examples=200, deadline=None)
def test_taken_in_parts_with_a_restart_in_between_it_is_the_same(history, data) -> None:
    cut = data.draw(st.integers(0, len(history)))
    standing, notices = decide(history)
    before, first = decide(history[:cut])
    kept = {
        name: incident_serialization.from_text(incident_serialization.to_text(incident))
        for name, incident in before.items()
    }
    assert kept == before
    later, second = decide(history[cut:], kept)
    assert (later, first + second) == (standing, notices)


@given(facts)
@settings(max_examples=100, deadline=None)
def test_every_failure_without_a_retry_is_reported(history) -> None:
    """The last result of each check decides whether a problem is listed, and whether it is held."""
    standing, notices = decide(history)
    results = [each for each in history if type(each).__name__ == "CheckEvaluated" and each.outcome != "not evaluated"]
    last = {(each.asset, each.check): each for each in results}
    listed = {p.name: p for incident in standing.values() for p in incident.problems if not p.has_ended}
    news = {name for notice in notices for name in notice.incident.news}
    for (of_asset, name), each in last.items():
        problem = listed.get(f"check:{of_asset}:{name}")
        if each.outcome != "passed":
            assert problem is not None
            assert problem.units >= (each.units if each.severity is AlertSeverity.ERROR else frozenset())
            if not each.will_retry:
                assert not problem.held
                assert problem.name in news
        elif not each.units:
            assert problem is None


class Model:
    """What owners are to hear of checks, each of one product: so simple that it can be seen to be right."""

    def __init__(self) -> None:
        self.broken: dict[tuple[str, str], set[str]] = {}
        self.messages: list[tuple[str, str]] = []

    def take(self, each) -> None:
        clause, others = (each.asset, each.check), {name for of, name in self.broken if of == each.asset}
        where = set(each.units) or {each.asset}
        if each.outcome != "passed":
            if clause not in self.broken:
                self.messages.append(("joined" if others else "opened", each.asset))
            self.broken[clause] = self.broken.get(clause, set()) | where
        elif clause in self.broken:
            left = self.broken[clause] - where if each.units else set()
            if left:
                self.broken[clause] = left
                return
            del self.broken[clause]
            if others == {each.check}:
                self.messages.append(("recovered", each.asset))


result = st.builds(
    lambda a, n, o, m: check(0, o, asset=a, check=n, units=of(a, m)),
    asset, st.sampled_from(["a", "b", "c"]), st.sampled_from(["failed", "errored", "passed", "passed"]), months,
)  # fmt: skip


@given(st.lists(result, max_size=60).map(numbered))
@settings(max_examples=400, deadline=None)
def test_checks_with_partitions_are_what_the_model_says(history) -> None:
    model = Model()
    for each in history:
        model.take(each)
    standing, notices = decide(history)
    assert [(notice.kind, notice.incident.name.removeprefix("asset:")) for notice in notices] == model.messages
    listed = {(p.asset, p.check): set(p.units) for i in standing.values() for p in i.problems if not p.has_ended}
    assert listed == model.broken


failure = st.one_of(
    st.builds(lambda a: failed(0, a, cause=Cause(INPUT, "up", "up")), asset), st.builds(lambda a: made(0, a), asset)
)


@given(st.lists(failure, max_size=40).map(numbered))
@settings(max_examples=200, deadline=None)
def test_each_owner_hears_of_a_cause_once_until_all_his_products_are_made(history) -> None:
    broken: dict[str, set[str]] = {"lending": set(), "retail": set()}
    expected: Counter[tuple[str, str]] = Counter()
    for each in history:
        name = each.asset if hasattr(each, "asset") else min(each.units)
        mine = broken[AROUND.owners.get(name, "retail")]
        owner = "lending" if mine is broken["lending"] else "retail"
        if hasattr(each, "asset"):
            expected["recovered", owner] += mine == {name}
            mine.discard(name)
        else:
            expected["opened", owner] += not mine
            mine.add(name)
    found = Counter((n.kind, n.incident.owner) for n in decide(history)[1] if n.kind != "covered")
    assert found == +expected


@given(facts, st.lists(st.integers(1, 8), min_size=40, max_size=40))
@settings(max_examples=100, deadline=None)
def test_one_look_is_at_most_one_message_of_an_incident_between_its_endings(history, looks) -> None:
    """However facts fall into looks, what is combined says everything that its notices said."""
    standing: dict = {}
    taken = 0
    while taken < len(history):
        size = looks.pop()
        standing, noted = decide(share_causes(history[taken : taken + size]), standing)
        taken += size
        kept: list = []
        for notice in noted:
            earlier = next((k for k in reversed(kept) if k.incident.id == notice.incident.id), None)
            together = combine(earlier, notice) if earlier else None
            if together:
                kept[kept.index(earlier)] = together
            else:
                kept.append(notice)
        per_incident = Counter(n.incident.id for n in kept if n.kind not in ENDINGS)
        assert set(per_incident.values()) <= {1}
        assert {name for n in noted for name in n.incident.news} == {name for n in kept for name in n.incident.news}
