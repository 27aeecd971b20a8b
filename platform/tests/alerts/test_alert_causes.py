"""One cause is one message to each owner: what is merged, and what is not."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import pytest
from alert_samples import at, check, failed, fresh, made, passed

from bankmesh.alerts.common_causes import MeshContext, nearest_cause, share_causes, upstream_first
from bankmesh.alerts.delivery.alert_messages import message
from bankmesh.alerts.event_facts import ERROR, INPUT, MACHINE, PROCESS, Cause
from bankmesh.alerts.incident_decisions import after
from bankmesh.alerts.model import combine

PRODUCTS = tuple(f"retail/p{number}" for number in range(5))
UPSTREAM = Cause(INPUT, "retail/party", "retail.party")
FULL = Cause(MACHINE, "no space left on device", "no space left on device")
OWNERS = dict.fromkeys(PRODUCTS, "retail-data") | {"retail/score": "risk"}
PARENTS = {
    **{product: frozenset({"retail/party"}) for product in (*PRODUCTS, "retail/score")},
    "retail/party": frozenset({"retail/landing/crm", "elsewhere/client"}),
}


def notices(*facts, elsewhere=None, standing=None):
    around = MeshContext(OWNERS, PARENTS, elsewhere or {})
    return after("retail", standing or {}, share_causes(upstream_first(facts, PARENTS)), around=around)[1]


def told(*facts, **more) -> list[tuple[str, str]]:
    return [(notice.kind, notice.incident.name) for notice in notices(*facts, **more)]


def broken(start: int, *products: str, cause: Cause | None = UPSTREAM):
    return [failed(start + n, product, cause=cause, errors=("NotPublished",)) for n, product in enumerate(products)]


class TestACauseThatTheFailureNames:
    def test_five_products_of_one_owner_are_one_message_that_lists_them(self) -> None:
        found = notices(*broken(1, *PRODUCTS))
        assert [notice.kind for notice in found] == ["opened", *["covered"] * 4]
        said = message(reduce(combine, found))
        assert said.title == "[ERROR] 5 assets affected by retail.party"
        assert all(f"- retail.p{number}: run failed" in said.body for number in range(5))

    def test_each_owner_gets_one(self) -> None:
        opened = [name for kind, name in told(*broken(1, *PRODUCTS, "retail/score")) if kind == "opened"]
        assert opened == ["input:retail/party|retail-data", "input:retail/party|risk"]

    def test_a_product_that_fails_days_later_is_covered_by_what_was_said(self) -> None:
        assert told(*broken(1, *PRODUCTS[:2]), *broken(9_000, PRODUCTS[2]))[-1][0] == "covered"

    def test_it_is_over_for_an_owner_when_the_last_of_his_products_is_made(self) -> None:
        facts = [*broken(1, *PRODUCTS, "retail/score"), *(made(20 + n, p) for n, p in enumerate(PRODUCTS[:4]))]
        assert "recovered" not in [kind for kind, _ in told(*facts)]
        assert told(*facts, made(30, PRODUCTS[4]))[-1] == ("recovered", "input:retail/party|retail-data")

    def test_what_then_fails_for_a_reason_of_its_own_is_reported_by_itself(self) -> None:
        own = failed(9, PRODUCTS[0], errors=("ZeroDivisionError",))
        assert told(*broken(1, *PRODUCTS[:2]), own)[-1] == ("opened", "asset:retail/p0")
        assert told(*broken(1, PRODUCTS[0]), own)[1:] == [
            ("recovered", "input:retail/party|retail-data"),
            ("opened", "asset:retail/p0"),
        ]

    def test_what_is_wrong_with_the_product_itself_is_not_over_because_of_the_cause(self) -> None:
        own = failed(1, PRODUCTS[0], errors=("ZeroDivisionError",))
        assert told(own, *broken(2, PRODUCTS[0])) == [("opened", "asset:retail/p0")]

    def test_a_check_that_fails_is_never_put_down_to_a_cause(self) -> None:
        assert told(*broken(1, *PRODUCTS[:2]), check(5, asset=PRODUCTS[2]))[-1] == ("opened", "asset:retail/p2")

    def test_the_root_is_named_not_what_is_between(self) -> None:
        root = failed(1, "retail/party", cause=FULL)
        assert [name for _, name in told(root, *broken(2, PRODUCTS[0]))] == [
            "machine:no space left on device|retail",
            "machine:no space left on device|retail-data",
        ]

    def test_a_fault_of_the_machine_and_a_process_that_ended_are_one_cause_each(self) -> None:
        died = Cause(PROCESS, "run-1", "a run ended without reporting a result")
        assert [kind for kind, _ in told(*broken(1, *PRODUCTS, cause=FULL))] == ["opened", *["covered"] * 4]
        assert [kind for kind, _ in told(failed(1, *PRODUCTS, cause=died))] == ["opened", *["covered"] * 4]

    def test_a_covered_product_that_is_worse_than_what_was_said_is_said(self) -> None:
        warned = [fresh(1, "late", "retail/party"), fresh(2, "warning", PRODUCTS[0]), fresh(3, "late", PRODUCTS[1])]
        assert [kind for kind, _ in told(*warned)] == ["opened", "opened", "escalated"]


class TestEqualErrorsInOneRun:
    def run(self, number: int, *products: str, signature: str = "KeyError:1", run_id: str = "one"):
        return failed(number, *products, errors=("KeyError",), signature=signature, run_id=run_id)

    def test_they_are_one_message(self) -> None:
        found = notices(self.run(1, *PRODUCTS))
        said = message(reduce(combine, found))
        assert said.title == "[ERROR] 5 assets broken by one error (KeyError)"
        assert found[0].incident.cause.kind == ERROR

    def test_other_errors_and_other_runs_are_not_merged(self) -> None:
        others = [self.run(1, PRODUCTS[0]), self.run(2, PRODUCTS[1], signature="KeyError:2")]
        assert [kind for kind, _ in told(*others, self.run(3, PRODUCTS[2], run_id="two"))] == ["opened"] * 3

    def test_what_is_read_later_is_reported_again(self) -> None:
        around = MeshContext(OWNERS, PARENTS)
        standing, _ = after("retail", {}, share_causes([self.run(1, *PRODUCTS[:2])]), around=around)
        assert [kind for kind, _ in told(self.run(2, PRODUCTS[2]), standing=standing)] == ["opened"]

    def test_the_same_failure_in_the_next_run_is_no_news(self) -> None:
        around = MeshContext(OWNERS, PARENTS)
        standing, _ = after("retail", {}, share_causes([self.run(1, *PRODUCTS)]), around=around)
        again = self.run(2, *PRODUCTS, run_id="two")
        assert told(again, self.run(3, PRODUCTS[0], run_id="three"), standing=standing) == []

    def test_checks_of_several_products_that_could_not_be_evaluated(self) -> None:
        errored = [
            check(10 * n + c, "errored", asset=product, check=f"c{c}", error="IOException", run_id="one")
            for n, product in enumerate(PRODUCTS)
            for c in range(3)
        ]
        said = message(reduce(combine, notices(*errored)))
        assert said.title == "[ERROR] 5 assets broken by one error (IOException)"
        assert "- retail.p0: 3 checks could not be evaluated (IOException): c0, c1, c2" in said.body

    def test_errored_checks_of_one_product_are_in_its_own_list(self) -> None:
        errored = [check(n, "errored", check=f"c{n}", error="IOException", run_id="one") for n in range(38)]
        assert {name for _, name in told(*errored)} == {"asset:retail/party"}
        assert reduce(combine, notices(*errored)).kind == "opened"


class TestLateBehindWhatIsBroken:
    def test_products_behind_a_failed_landing_are_one_message(self) -> None:
        facts = [failed(1, "retail/landing/crm"), *(fresh(5 + n, "late", p) for n, p in enumerate(PRODUCTS))]
        assert told(*facts) == [
            ("opened", "asset:retail/landing/crm"),
            ("opened", "input:retail/landing/crm|retail-data"),
            *[("covered", "input:retail/landing/crm|retail-data")] * 4,
        ]

    def test_promises_that_break_at_once_are_read_from_upstream_on(self) -> None:
        late = [fresh(n, "late", asset) for n, asset in enumerate([*PRODUCTS, "retail/party", "retail/landing/crm"])]
        assert [name for kind, name in told(*late) if kind == "opened"] == [
            "asset:retail/landing/crm",
            "input:retail/landing/crm|retail",
            "input:retail/landing/crm|retail-data",
        ]

    def test_a_warning_upstream_was_published_and_delays_nothing(self) -> None:
        from bankmesh.alerts.event_facts import AlertSeverity

        warned = check(1, severity=AlertSeverity.WARNING)
        assert told(warned, fresh(2, "late", PRODUCTS[0]))[-1] == ("opened", "asset:retail/p0")

    def test_a_product_that_is_late_by_its_own_failure_joins_that(self) -> None:
        facts = [failed(1, "retail/landing/crm"), check(2, asset=PRODUCTS[0]), fresh(3, "late", PRODUCTS[0])]
        assert told(*facts)[-1] == ("joined", "asset:retail/p0")

    def test_an_asset_of_another_domain_counts(self) -> None:
        elsewhere = {"elsewhere/client": FULL}
        assert told(fresh(1, "late", PRODUCTS[0]), elsewhere=elsewhere) == [
            ("opened", "machine:no space left on device|retail-data")
        ]

    def test_the_nearest_broken_asset_is_the_cause_and_a_cycle_ends(self) -> None:
        parents = {"a": frozenset({"b", "c"}), "b": frozenset({"d", "a"}), "c": frozenset(), "d": frozenset({"a"})}
        near, far = replace(UPSTREAM, what="c"), replace(UPSTREAM, what="d")
        assert nearest_cause("a", parents, {"c": near, "d": far}) == near
        assert nearest_cause("a", parents, {"d": far}) == far
        assert nearest_cause("a", parents, {"a": far}) is None
        assert len(upstream_first([fresh(1, "late", "a"), fresh(2, "late", "b")], parents)) == 2


@pytest.mark.parametrize("split", range(1, 6))
def test_however_the_log_is_cut_nothing_that_failed_is_missing(split) -> None:
    facts = [*broken(1, *PRODUCTS[:3]), check(4, asset=PRODUCTS[3]), failed(5, PRODUCTS[4]), passed(6)]
    around = MeshContext(OWNERS, PARENTS)
    standing, first = after("retail", {}, share_causes(facts[:split]), around=around)
    standing, second = after("retail", standing, share_causes(facts[split:]), around=around)
    listed = {p.asset for incident in standing.values() for p in incident.problems}
    assert listed == set(PRODUCTS)
    reported = {name for notice in first + second for name in notice.incident.news}
    assert reported == {p.name for incident in standing.values() for p in incident.problems}
    assert all(notice.at <= at(6) for notice in first + second)
