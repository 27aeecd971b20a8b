"""What counts as a widening: each duty, each kind of dependency, readers with several roles, and rows."""

import json

import polars as pl
import pytest
from helpers.duty_mesh import contract, decide_by, registry

from bankmesh.access.duties.column_flows import find_flows, find_identities, find_reordered
from bankmesh.access.duties.model import Duty, ProductFlow
from bankmesh.access.duties.row_filter_flow import implies
from bankmesh.access.duties.visibility import keeps_mask, reveals_no_more
from bankmesh.access.duties.widening_search import find_widenings
from bankmesh.access.masks.mask_rules import parse_mask
from bankmesh.access.model import ColumnDecision, ColumnOutcome, RowFilter
from bankmesh.lineage.model import ColumnRef, Dependency, StepLineage, TransformationSubtype
from bankmesh.lineage.polars import derive_from_code
from bankmesh.lineage.sql import lineage_of_query

How = TransformationSubtype
S, P = "source.party", "use.score"
KNOWN = registry(
    {
        "analyst": ("confidential", ["model_training", "marketing"]),
        "agent": ("internal", ["service"]),
        "newcomer": ("public", ["model_training"]),
    }
)


def step(how=How.IDENTITY, **more):
    found = frozenset({Dependency(ColumnRef(S, "income"), how)})
    return StepLineage(
        {"score": found, "party_id": frozenset({Dependency(ColumnRef(S, "party_id"), How.IDENTITY)})}, **more
    )


def widenings(source, product, lineage=None, filters=None):
    columns = [column.name for column in product.columns]
    inputs = {source.port: [column.name for column in source.columns]}
    lineage = lineage or step()
    flow = ProductFlow(
        product,
        {source.port: source},
        find_flows(lineage, columns, inputs),
        find_identities(lineage, columns, inputs),
        find_reordered(lineage),
    )
    return find_widenings(flow, KNOWN, decide_by([source, product], KNOWN, filters))


def source_of(income="confidential", purposes=("model_training",), roles=("analyst",)):
    return contract(S, {"party_id": "internal", "income": income}, purposes, roles)


def product_of(score="confidential", purposes=("model_training",), roles=("analyst",)):
    return contract(P, {"party_id": "internal", "score": score}, purposes, roles)


def gist(found):
    return {(one.duty, one.source.column, one.target.column) for one in found}


def test_a_product_that_gives_what_its_input_gives_widens_nothing():
    assert widenings(source_of(), product_of()) == ()


def test_a_purpose_that_the_input_does_not_allow_is_widened_for_every_column():
    found = widenings(source_of(), product_of(purposes=("model_training", "marketing")))
    assert {(one.duty, one.purpose) for one in found} == {(Duty.PURPOSES, "marketing")}
    assert {one.target.column for one in found} == {"party_id", "score"}


def test_a_purpose_allows_those_within_it_and_not_the_one_around_it():
    offers, marketing = ("marketing.offers",), ("marketing",)
    assert widenings(source_of(purposes=marketing), product_of(purposes=offers)) == ()
    assert gist(widenings(source_of(purposes=offers), product_of(purposes=marketing))) >= {
        (Duty.PURPOSES, "income", "score")
    }


def test_a_role_that_the_input_does_not_admit_is_an_audience_that_is_widened():
    found = widenings(source_of(), product_of(roles=("analyst", "newcomer"), score="internal"))
    assert {(one.duty, one.roles) for one in found} == {(Duty.AUDIENCE, ("newcomer",))}
    assert "admits analyst" in found[0].allowed


@pytest.mark.parametrize("how", list(How))
def test_a_mask_is_kept_along_every_kind_of_dependency(how):
    found = widenings(source_of(income="restricted"), product_of(), step(how))
    assert {(one.source, one.given, one.allowed) for one in found} == {
        (ColumnRef(S, "income"), "shows", "masks by redact")
    }


@pytest.mark.parametrize("how", [How.JOIN, How.FILTER, How.GROUP_BY, How.SORT])
def test_what_decides_which_rows_exist_counts_for_every_column(how):
    rows = frozenset({Dependency(ColumnRef(S, "income"), how)})
    found = widenings(source_of(income="restricted"), product_of(score="restricted"), step(rows=rows))
    assert gist(found) == {(Duty.MASKS, "income", "party_id")}


@pytest.mark.parametrize("how", list(How))
def test_a_pseudonym_is_carried_by_all_but_joins_and_groups_which_it_allows_as_well(how):
    rows = frozenset({Dependency(ColumnRef(S, "income"), how)})
    lineage = StepLineage({"party_id": frozenset(), "score": frozenset()}, rows)
    found = widenings(source_of(income="restricted pseudonym"), product_of(), lineage)
    assert bool(found) is (how not in {How.JOIN, How.GROUP_BY})


def test_an_opaque_step_carries_every_column_that_it_read():
    opaque = frozenset({ColumnRef(S, "income")})
    found = widenings(source_of(income="restricted"), product_of(score="restricted null"), step(opaque=opaque))
    assert gist(found) == {(Duty.MASKS, "income", "party_id")}


@pytest.mark.parametrize(
    "lineage",
    [
        StepLineage({"party_id": frozenset()}, underivable={"score": "unresolved"}),
        StepLineage({"party_id": frozenset(), "score": frozenset()}, underivable={"score": "unresolved"}),
    ],
)
def test_a_column_without_lineage_counts_as_made_from_every_column(lineage):
    assert gist(widenings(source_of(income="restricted"), product_of(), lineage)) == {(Duty.MASKS, "income", "score")}


def test_a_count_of_rows_names_no_column_and_keeps_the_audience_all_the_same():
    counted = StepLineage({"party_id": frozenset(), "score": frozenset()})
    found = widenings(source_of(), product_of(roles=("newcomer",), score="internal"), counted)
    assert gist(found) == {(Duty.AUDIENCE, "*", "party_id"), (Duty.AUDIENCE, "*", "score")}


def test_a_reader_with_two_roles_gains_by_the_higher_clearance_of_the_other():
    source = contract(S, {"party_id": "restricted", "income": "restricted"}, ("model_training",), ("newcomer",))
    product = contract(P, {"party_id": "restricted", "score": "confidential"}, ("model_training",), ("newcomer",))
    found = widenings(source, product)
    assert {(one.roles, one.target.column, one.given) for one in found} == {(("analyst", "newcomer"), "score", "shows")}


PARTS = ("pseudonym", "partial(last: 4)")
CARRIED = [(How.IDENTITY,), (How.IDENTITY, How.JOIN), (How.FILTER, How.IDENTITY, How.SORT)]
MADE = [(how,) for how in How if how is not How.IDENTITY] + [
    (How.IDENTITY, How.CONDITIONAL),
    (How.IDENTITY, How.OPAQUE),
]


@pytest.mark.parametrize("mask", PARTS)
@pytest.mark.parametrize(("ways", "is_kept"), [(one, True) for one in CARRIED] + [(one, False) for one in MADE])
def test_a_mask_that_shows_a_part_is_kept_only_by_a_value_that_is_carried_unchanged(mask, ways, is_kept):
    masked = ColumnDecision("a", ColumnOutcome.MASK, parse_mask(mask))
    joined = mask == "pseudonym" and set(ways) <= {How.JOIN, How.GROUP_BY}
    assert keeps_mask(ways, masked, masked, is_required=True) is (is_kept or joined)
    assert keeps_mask(ways, masked, ColumnDecision("a", ColumnOutcome.SHOW), is_required=False)


EXISTENCE = {How.IDENTITY, How.JOIN, How.FILTER, How.GROUP_BY, How.SORT}


@pytest.mark.parametrize("how", list(How))
def test_redact_is_kept_where_no_transform_decides_which_values_are_missing(how):
    redacted = ColumnDecision("a", ColumnOutcome.MASK, parse_mask("redact"))
    for other in (redacted, ColumnDecision("a", ColumnOutcome.MASK, parse_mask("partial(last: 4)"))):
        assert keeps_mask([how], redacted, other, is_required=True)
        assert keeps_mask([how], redacted, other, is_required=False) is (how in EXISTENCE)


@pytest.mark.parametrize("sql", ["case when secret < 'k' then 'x' end", "nullif(secret, 'zoe')", "substr(secret, 2)"])
def test_a_value_that_may_be_null_for_a_reason_of_its_own_is_not_hidden_by_redact(sql):
    found = lineage_of_query(
        f"select party_id, {sql} as score from party", {"party": {"party_id": "BIGINT", "secret": "VARCHAR"}}
    )
    lineage = StepLineage(
        {
            name: frozenset(
                Dependency(ColumnRef(S, {"secret": "income"}.get(d.source.column, d.source.column)), d.how)
                for d in needed
            )
            for name, needed in found.columns.items()
        }
    )
    masked = source_of(income="restricted"), product_of(score="restricted")
    assert {(one.given, one.allowed) for one in widenings(*masked, lineage)} == {
        ("masks by redact (a value made from it)", "masks by redact")
    }


MASKS = [
    parse_mask(t) for t in ("null", "redact", "pseudonym", "partial(last: 2)", "partial(last: 4)", "partial(first: 2)")
]
# By what a reader learns: each number is a fact about the value.
FACTS = [set(), {0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}]


@pytest.mark.parametrize(("given", "facts"), zip(MASKS, FACTS, strict=True), ids=str)
def test_a_mask_reveals_no_more_than_another_if_it_can_be_computed_from_its_result(given, facts):
    masked = ColumnDecision("a", ColumnOutcome.MASK, given)
    for other, known in zip(MASKS, FACTS, strict=True):
        assert reveals_no_more(masked, ColumnDecision("a", ColumnOutcome.MASK, other)) is (facts <= known), other
    assert reveals_no_more(masked, ColumnDecision("a", ColumnOutcome.SHOW))
    assert reveals_no_more(masked, ColumnDecision("a", ColumnOutcome.WITHHOLD)) is (facts == set())


# --- rows --------------------------------------------------------------------------------------------------


def test_a_filter_implies_another_by_fewer_permits_and_more_forbids():
    def residual(permits, forbids):
        return json.dumps(
            {"every": [{"permit": [{"Value": p} for p in permits], "forbid": [{"Value": f} for f in forbids]}]}
        )

    assert implies(residual("a", "xy"), residual("ab", "x"))
    assert implies(residual("", ""), residual("ab", "x"))
    assert not implies(residual("abc", "x"), residual("ab", "x"))
    assert not implies(residual("a", ""), residual("ab", "x"))
    assert not implies("", residual("ab", ""))
    two = json.dumps({"every": [*json.loads(residual("a", ""))["every"], *json.loads(residual("b", "x"))["every"]]})
    assert implies(two, residual("a", ""))
    assert not implies(residual("a", ""), two)


def agreed(column="agreed"):
    """Return the filter of rows in which a column is true, as the policies leave it."""
    condition = {"==": {"left": {".": {"left": {"Var": "resource"}, "attr": column}}, "right": {"Value": True}}}
    return RowFilter(json.dumps({"every": [{"forbid": [], "permit": [condition]}]}), frozenset({column}))


def filtered(*, own, how=How.IDENTITY, name="agreed", **more):
    source = contract(S, {"agreed": "internal", "income": "internal"}, ("model_training",), ("analyst",))
    product = contract(P, {name: "internal", "score": "internal"}, ("model_training",), ("analyst",))
    ways = how if isinstance(how, tuple) else (how,)
    lineage = StepLineage(
        {
            name: frozenset({Dependency(ColumnRef(S, "agreed"), How.IDENTITY)}),
            "score": frozenset(Dependency(ColumnRef(S, "income"), one) for one in ways),
        },
        **more,
    )
    filters = {(S, "model_training"): agreed()} | ({(P, "model_training"): own} if own else {})
    return {(one.target.column, one.duty) for one in widenings(source, product, lineage, filters)}


def test_a_row_filter_is_kept_by_the_same_filter_on_a_column_that_carries_the_one_of_the_input():
    assert filtered(own=agreed()) == set()
    assert filtered(own=agreed("consent"), name="consent") == set()


def test_a_product_without_the_filter_shows_the_rows_in_every_column():
    assert filtered(own=None) == {("agreed", Duty.ROWS), ("score", Duty.ROWS)}
    assert filtered(own=agreed("other")) == {("agreed", Duty.ROWS), ("score", Duty.ROWS)}


def test_a_column_that_mixes_rows_is_not_covered_by_a_filter_on_its_own_rows():
    assert filtered(own=agreed(), how=How.WINDOW) == {("score", Duty.ROWS)}
    assert filtered(own=agreed(), how=How.AGGREGATION) == {("score", Duty.ROWS)}


def test_a_column_with_an_order_of_its_own_is_not_covered_and_one_in_the_order_of_the_rows_is():
    assert filtered(own=agreed(), how=(How.IDENTITY, How.SORT)) == {("score", Duty.ROWS)}
    assert filtered(own=agreed(), how=(How.IDENTITY, How.FILTER)) == {("score", Duty.ROWS)}
    ordered = frozenset({Dependency(ColumnRef(S, "income"), How.SORT)})
    assert filtered(own=agreed(), rows=ordered) == set()


def test_an_aggregate_of_rows_that_agree_in_the_filter_is_covered():
    grouped = frozenset({Dependency(ColumnRef(S, "agreed"), How.GROUP_BY)})
    assert filtered(own=agreed(), how=How.AGGREGATION, rows=grouped) == set()


def test_a_column_that_a_condition_chooses_carries_no_filter():
    lineage = StepLineage(
        {
            "agreed": frozenset(
                {Dependency(ColumnRef(S, "agreed"), How.IDENTITY), Dependency(ColumnRef(S, "income"), How.CONDITIONAL)}
            )
        }
    )
    assert find_identities(lineage, ["agreed"], [S]) == {}


@pytest.mark.parametrize("how", [How.SORT, How.FILTER])
def test_a_column_with_an_order_of_its_own_carries_no_filter_and_one_in_the_order_of_the_rows_does(how):
    agreed, income = (Dependency(ColumnRef(S, name), way) for name, way in (("agreed", How.IDENTITY), ("income", how)))
    assert find_identities(StepLineage({"agreed": frozenset({agreed, income})}), ["agreed"], [S]) == {}
    ordered = StepLineage({"agreed": frozenset({agreed})}, frozenset({income}))
    assert find_identities(ordered, ["agreed"], [S]) == {"agreed": agreed.source}


def test_a_column_that_a_polars_transform_sorts_by_itself_carries_no_filter():
    schema = pl.Schema({"agreed": pl.Boolean, "income": pl.Int64})
    for sort in (pl.col("agreed").sort(), pl.col("agreed").sort_by("income")):
        found = derive_from_code(lambda party, sort=sort: party.with_columns(sort), {"party": schema})
        assert find_identities(found.lineage, ["agreed", "income"], ["party"]).keys() == {"income"}
