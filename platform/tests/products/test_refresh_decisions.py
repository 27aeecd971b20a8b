"""When a product is due, decided over states alone."""

from bankmesh.products.refresh_decisions import (
    AssetState,
    MeshState,
    awaited_inputs,
    is_outdated,
    missing_inputs,
    newer_inputs,
)

LEGACY, LANDING = "legacy/till_sale", "shop/landing/till_sale"
SALE, SPEND, VISITOR = "shop/sale", "shop/spend", "arcade/visitor"
NEEDS = {LANDING: [LEGACY], SALE: [LANDING], SPEND: [SALE], VISITOR: [SPEND]}
SETTLED = {
    LANDING: AssetState("a", 100.0),
    SALE: AssetState("1", 110.0, {LANDING: "a"}),
    SPEND: AssetState("1", 120.0, {SALE: "1"}),
    VISITOR: AssetState("1", 130.0, {SPEND: "1"}),
}


def _mesh(now=300.0, patience=900.0, **changes: AssetState) -> MeshState:
    keys = {"landing": LANDING, "sale": SALE, "spend": SPEND, "visitor": VISITOR}
    return MeshState(SETTLED | {keys[name]: state for name, state in changes.items()}, NEEDS, now, patience)


def _due(mesh: MeshState) -> list[str]:
    return [
        key.partition("/")[2]
        for key in (SALE, SPEND, VISITOR)
        if newer_inputs(mesh, key) and not awaited_inputs(mesh, key)
    ]


def test_nobody_is_due_in_a_settled_mesh():
    assert _due(_mesh()) == []
    assert missing_inputs(_mesh(), SALE) == []


def test_who_reads_what_has_published_is_due():
    assert _due(_mesh(sale=AssetState("2", 200.0, {LANDING: "a"}))) == ["spend"]


def test_a_landing_counts_by_its_time_so_that_an_unchanged_one_is_published_anew():
    assert _due(_mesh(landing=AssetState("a", 200.0))) == ["sale"]


def test_a_product_counts_by_its_version_so_that_one_told_twice_is_no_news():
    assert _due(_mesh(sale=AssetState("1", 200.0, {LANDING: "a"}))) == []


def test_whoever_stands_behind_a_change_waits_however_far_away_it_is():
    changed = _mesh(landing=AssetState("b", 200.0))
    assert awaited_inputs(changed, VISITOR) == [SPEND]
    assert awaited_inputs(changed, SPEND) == [SALE]
    assert awaited_inputs(changed, SALE) == []


def test_what_the_same_run_makes_is_not_waited_for():
    changed = _mesh(landing=AssetState("b", 200.0))
    assert awaited_inputs(changed, SPEND, going_along=[SALE]) == []


def test_a_run_is_waited_out():
    landing = _mesh(now=10_000.0, landing=AssetState("a", 100.0, running=True))
    assert awaited_inputs(landing, VISITOR) == [SPEND]


def test_patience_ends():
    stuck = {"landing": AssetState("b", 200.0), "spend": AssetState("2", 210.0, {SALE: "1"})}
    assert _due(_mesh(now=210.0, **stuck)) == ["sale"]
    assert _due(_mesh(now=1200.0, **stuck)) == ["sale", "visitor"]


def test_an_attempt_is_an_answer_to_all_that_it_could_read():
    refused = {
        "sale": AssetState("2", 200.0, {LANDING: "a"}),
        "spend": AssetState("1", 120.0, {SALE: "1"}, tried_at=205.0),
    }
    assert _due(_mesh(**refused)) == []
    assert awaited_inputs(_mesh(**refused), VISITOR) == []
    repaired = refused | {"sale": AssetState("3", 250.0, {LANDING: "a"})}
    assert _due(_mesh(**repaired)) == ["spend"]


def test_an_attempt_that_began_before_its_input_published_is_no_answer():
    late = {
        "sale": AssetState("2", 200.0, {LANDING: "a"}),
        "spend": AssetState("1", 120.0, {SALE: "1"}, tried_at=190.0),
    }
    assert _due(_mesh(**late)) == ["spend"]


def test_what_was_never_published_is_due_once_its_inputs_are_there():
    nothing = _mesh(spend=AssetState(), visitor=AssetState())
    assert newer_inputs(nothing, SPEND) == [SALE]
    assert missing_inputs(nothing, VISITOR) == [SPEND]


def test_a_circle_in_what_was_read_does_not_hang():
    circle = _mesh(sale=AssetState("1", 110.0, {SPEND: "1"}))
    circle = MeshState(circle.states, {**NEEDS, SALE: [SPEND]}, circle.now, circle.patience)
    assert awaited_inputs(circle, SPEND) == []


def test_nobody_waits_for_a_restored_version_to_follow_its_inputs():
    restored = _mesh(landing=AssetState("b", 200.0), sale=AssetState("3", 210.0, {LANDING: "a"}, restored=True))
    assert awaited_inputs(restored, SPEND) == []
    assert _due(restored)[-1] == "spend"


def test_what_is_built_from_a_withdrawn_version_is_due_until_it_was_tried():
    def outdated(**changes):
        mesh = _mesh(**changes)
        return is_outdated(MeshState(mesh.states, NEEDS, 300.0, 900.0, outdated={SPEND: 150.0}), SPEND)

    assert outdated()
    assert not outdated(spend=AssetState("2", 160.0, {SALE: "1"}))
    assert not outdated(spend=AssetState("1", 120.0, {SALE: "1"}, tried_at=155.0))
    assert not is_outdated(_mesh(), SPEND)
