"""Grants of the owner of a source: each lifts one duty of one column, and one that lifts nothing is a fault."""

from dataclasses import replace

import pytest
from helpers.duty_mesh import contract, decide_by, grant, registry

from bankmesh.access.duties.column_flows import find_flows
from bankmesh.access.duties.duty_faults import grant_faults, widening_faults
from bankmesh.access.duties.grant_lifts import apply_grants
from bankmesh.access.duties.model import ProductFlow
from bankmesh.access.duties.widening_search import find_widenings
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype

S, P = "source.party", "use.score@2"
KNOWN = registry({"analyst": ("confidential", ["service"]), "marketer": ("confidential", ["marketing"])})
SCORE = StepLineage(
    {
        "score": frozenset({Dependency(ColumnRef(S, "income"), TransformationSubtype.CONDITIONAL)}),
        "band": frozenset({Dependency(ColumnRef(S, "income"), TransformationSubtype.CONDITIONAL)}),
    }
)


def mesh(*grants):
    source = contract(S, {"income": "restricted"}, ("service",), ("analyst",), grants=grants)
    columns = {"score": "confidential", "band": "confidential"}
    return source, contract(P, columns, ("service", "marketing"), ("analyst", "marketer"))


def applied(*grants):
    source, product = mesh(*grants)
    flow = ProductFlow(product, {S: source}, find_flows(SCORE, ["score", "band"], {S: ["income"]}))
    return source, product, apply_grants(find_widenings(flow, KNOWN, decide_by([source, product], KNOWN)), flow.inputs)


def left(*grants):
    return {(one.duty.value, one.target.column) for one in applied(*grants)[2].kept}


EVERYTHING = {(duty, column) for duty in ("purposes", "masks") for column in ("score", "band")}


def test_without_a_grant_every_duty_is_owed():
    assert left() == EVERYTHING


@pytest.mark.parametrize("duty", ["purposes", "masks"])
def test_a_grant_lifts_the_duty_that_it_names_from_the_columns_that_it_names(duty):
    assert left(grant(P, ["score"], [duty])) == EVERYTHING - {(duty, "score")}


@pytest.mark.parametrize(
    "other", [grant("use.score", ["score"], ["masks"]), grant(P, ["score"], ["masks"], by="use-data")]
)
def test_a_grant_for_another_major_or_by_somebody_else_lifts_nothing(other):
    assert left(other) == EVERYTHING


def test_a_member_of_the_team_who_is_its_owner_may_decide():
    from bankmesh.contracts.model import TeamMember

    entry = grant(P, ["score"], ["masks"], by="ann")
    source, _ = mesh(entry)
    assert left(entry) == EVERYTHING
    owned = replace(source, team=(TeamMember("ann", "owner"), TeamMember("bob", "steward")))
    widenings = applied()[2].kept
    assert {one.target.column for one in apply_grants(widenings, {S: owned}).lifted} == {"score"}


def faults(*grants):
    source, product, accepted = applied(*grants)
    found = grant_faults({S: source, P: product}, accepted.used, {P})
    return [(fault.rule, fault.line, fault.message) for fault in found]


def test_grants_that_are_needed_have_no_fault():
    assert faults(grant(P, ["score", "band"], ["purposes", "masks"])) == []


@pytest.mark.parametrize(
    ("entry", "rule", "words"),
    [
        (
            grant(P, ["score"], ["audience"]),
            "grant-without-effect",
            "score of use.score@2 would keep the duty audience",
        ),
        (grant(P, ["score"], ["masks"], by="use-data"), "grant-not-by-owner", "Allowed: source-data"),
    ],
)
def test_a_grant_for_nothing_or_by_somebody_else_is_a_fault_with_its_line(entry, rule, words):
    ((found, line, message),) = faults(entry)
    assert (found, line) == (rule, 7)
    assert words in message


def test_a_grant_to_a_product_that_did_not_load_is_left_alone():
    source, product, _ = applied(grant(P, ["score"], ["audience"]))
    assert list(grant_faults({S: source, P: product}, set(), set())) == []


def test_the_grant_of_a_fault_lifts_what_the_fault_reports():
    import yaml

    source, product, accepted = applied()
    found = list(widening_faults(product, {S: source}, accepted.kept, lambda ref, column: (str(ref), f"{P}.{column}")))
    pasted = [yaml.safe_load(f.message.partition(source.file + ": ")[2].removesuffix("."))[0] for f in found]
    assert {entry["product"] for entry in pasted} == {P}
    assert left(*(grant(entry["product"], entry["columns"], entry["lifts"], entry["by"]) for entry in pasted)) == set()


def test_a_fault_names_the_path_the_line_of_the_column_and_what_is_allowed():
    source, product, accepted = applied(grant(P, ["score", "band"], ["purposes"]), grant(P, ["band"], ["masks"]))
    (fault,) = widening_faults(
        product, {S: source}, accepted.kept, lambda ref, column: (str(ref), "cte.x", f"{P}.{column}")
    )
    assert (fault.file, fault.line, fault.rule) == ("c", 10, "masks-widened")
    assert "Path: source.party.income → cte.x → use.score@2.score." in fault.message
    assert "score shows, but source.party.income masks by redact" in fault.message
