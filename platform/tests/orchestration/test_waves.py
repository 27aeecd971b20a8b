"""In which order runs over several code locations go: every asset once, after what it reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.orchestration.runner.run_waves import (
    Runnable,
    Wave,
    behind_absent,
    landings_behind,
    next_wave,
    unbuilt_inputs,
)

LOCATIONS = ("customer_service", "investment", "retail")
PARTITIONS = (None, None, "days", "months")


@st.composite
def graphs(draw: st.DrawFn) -> list[Runnable]:
    """Acyclic graphs of up to twelve assets, with needs that nobody makes among them."""
    count = draw(st.integers(0, 12))
    made = []
    for number in range(count):
        needs = draw(st.frozensets(st.integers(0, number - 1), max_size=4)) if number else frozenset()
        outside = draw(st.frozensets(st.sampled_from(["elsewhere/a", "elsewhere/b"]), max_size=1))
        made.append(
            Runnable(
                key=f"k{number}",
                location=draw(st.sampled_from(LOCATIONS)),
                needs=frozenset(f"k{need}" for need in needs) | outside,
                partitions=draw(st.sampled_from(PARTITIONS)),
            )
        )
    return draw(st.permutations(made))


def _all_waves(runnables: list[Runnable], failing: frozenset[str] = frozenset()) -> list[Wave]:
    known = frozenset(r.key for r in runnables)
    waiting, done, waves = list(runnables), frozenset(), []
    while wave := next_wave(waiting, done, known):
        waves.append(wave)
        done |= frozenset(wave.keys) - failing
        waiting = [r for r in waiting if r.key not in wave.keys]
    return waves


@given(graphs())
def test_every_asset_runs_once_and_after_what_it_reads(runnables: list[Runnable]) -> None:
    by_key = {r.key: r for r in runnables}
    ran: set[str] = set()
    for wave in _all_waves(runnables):
        assert not ran & set(wave.keys)
        for key in wave.keys:
            assert by_key[key].needs & set(by_key) <= ran | set(wave.keys)
        ran |= set(wave.keys)
    assert ran == set(by_key)


@given(graphs())
def test_a_wave_is_of_one_location_and_one_way_of_partitioning(runnables: list[Runnable]) -> None:
    by_key = {r.key: r for r in runnables}
    for wave in _all_waves(runnables):
        held = [by_key[key] for key in wave.keys]
        assert {r.location for r in held} == {wave.location}
        assert {r.partitions for r in held} == {wave.partitions}


@given(graphs(), st.data())
def test_nothing_behind_a_failure_runs_in_a_later_wave(runnables: list[Runnable], data: st.DataObject) -> None:
    keys = sorted(r.key for r in runnables)
    failing = frozenset(data.draw(st.lists(st.sampled_from(keys), unique=True))) if keys else frozenset()
    by_key = {r.key: r for r in runnables}
    before: set[str] = set()
    for wave in _all_waves(runnables, failing):
        for key in wave.keys:
            assert not by_key[key].needs & failing & before
        before |= set(wave.keys)


def test_what_nobody_makes_is_taken_to_be_there() -> None:
    alone = Runnable("retail/party", "retail", frozenset({"legacy/client"}))
    assert next_wave([alone], frozenset(), frozenset({"retail/party"})) == Wave("retail", None, ("retail/party",))


def test_nothing_is_left_to_run() -> None:
    assert next_wave([], frozenset(), frozenset()) is None


def test_the_largest_wave_comes_first() -> None:
    graph = [Runnable("a", "retail", frozenset()), *(Runnable(k, "investment", frozenset()) for k in "bc")]
    wave = next_wave(graph, frozenset(), frozenset("abc"))
    assert wave == Wave("investment", None, ("b", "c"))


def test_what_stands_behind_absent_assets_alone_is_absent() -> None:
    needs = {
        "behind": {"absent"},
        "far_behind": {"behind", "elsewhere/a"},
        "behind_both": {"absent", "failed"},
        "far_behind_both": {"behind", "behind_both"},
        "behind_published_too": {"absent", "published"},
        "not_run": {"published"},
    }
    left = [Runnable(key, "retail", frozenset(on)) for key, on in needs.items()]
    known = frozenset(needs) | {"absent", "failed", "published"}
    found = behind_absent(left, frozenset({"absent"}), frozenset({"published"}), known)
    assert found == {"absent", "behind", "far_behind", "behind_published_too"}


@given(graphs(), st.frozensets(st.integers(0, 11)), st.frozensets(st.integers(0, 11)))
def test_without_a_failure_all_that_is_not_done_is_absent(runnables, missing, broken) -> None:
    keys = frozenset(r.key for r in runnables)
    roots = frozenset(r.key for r in runnables if not r.needs & keys)
    absent = frozenset(f"k{n}" for n in missing) & roots
    failed = frozenset(f"k{n}" for n in broken) & keys - absent
    done: set[str] = set()
    for r in sorted(runnables, key=lambda r: int(r.key[1:])):
        if r.key not in absent | failed and r.needs & keys <= done:
            done.add(r.key)
    left = [r for r in runnables if r.key not in absent | failed | done]
    found = behind_absent(left, absent, frozenset(done), keys)
    skipped = keys - done - failed - found
    by_key = {r.key: r for r in runnables}
    # Behind every skipped asset stands a failed one, directly or through another skipped one; behind absent ones none.
    assert all(by_key[key].needs & keys & (failed | skipped) for key in skipped)
    assert not any(by_key[key].needs & keys & (failed | skipped) for key in found)
    assert failed or not skipped


def test_landings_behind_what_is_named_directly_and_further_off() -> None:
    runnables = [
        Runnable("shop/landing/till_sale", "shop", frozenset({"legacy/till_sale"})),
        Runnable("shop/landing/till_hour", "shop", frozenset()),
        Runnable("shop/sale", "shop", frozenset({"shop/landing/till_sale"})),
        Runnable("shop/spend", "shop", frozenset({"shop/sale", "shop/landing/till_hour", "other/thing"})),
    ]
    direct, indirect = landings_behind(runnables, frozenset({"shop/spend"}))
    assert (direct, indirect) == ({"shop/landing/till_hour"}, {"shop/landing/till_sale"})
    assert landings_behind(runnables, frozenset({"shop/landing/till_sale"})) == (frozenset(), frozenset())


def test_what_was_never_built_is_named_behind_what_it_reads() -> None:
    runnables = [
        Runnable("shop/landing/till_sale", "shop", frozenset()),
        Runnable("shop/sale", "shop", frozenset({"shop/landing/till_sale"})),
        Runnable("shop/spend", "shop", frozenset({"shop/sale", "shop/tariff"})),
        Runnable("shop/tariff", "shop", frozenset()),
        Runnable("shop/top", "shop", frozenset({"shop/spend", "shop/sale", "elsewhere/rate"})),
    ]
    assert unbuilt_inputs(runnables, frozenset({"shop/top"}), lambda key: key == "shop/tariff") == (
        "shop/sale",
        "shop/spend",
    )
    assert unbuilt_inputs(runnables, frozenset({"shop/top", "shop/spend"}), lambda _: True) == ()
