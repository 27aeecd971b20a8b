"""What makes a published version stale: everything that differs from what a build would be made of, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.ports import Decision, DecisionKind, Provenance, Publication
from bankmesh.products.versions.staleness import Recipe, Staleness, find_staleness

MONTHS = ("2024-01-01", "2024-02-01", "2024-03-01")
RECIPE = Recipe("code", "platform", {"retail.party": 3, "till.sale": "f1"}, None)
BY_MONTH = replace(RECIPE, partitions=MONTHS)


def made(version: int = 5, partitions: tuple[str, ...] | None = None, **changes: object) -> Publication:
    """A version that `RECIPE` makes, but for the changes of its provenance."""
    facts = {
        "run_id": "run",
        "contract_version": "1.0.0",
        "code_version": RECIPE.code_version,
        "platform_version": RECIPE.platform_version,
        "inputs": dict(RECIPE.inputs),
        "partitions": partitions,
        "gate": {},
    }
    provenance = Provenance(**(facts | changes))  # type: ignore[arg-type]
    return Publication(version, datetime(2030, 1, 1, tzinfo=UTC), 1, 1, provenance, f"candidate-{version}")


def test_what_a_build_would_make_again_is_not_stale() -> None:
    assert find_staleness(RECIPE, [made()]) is None
    # What older versions were made from does not matter.
    assert find_staleness(RECIPE, [made(), made(4, code_version="other")]) is None


@pytest.mark.parametrize(
    ("recipe", "published", "why"),
    [
        (RECIPE, [], "it was never published"),
        (BY_MONTH, [], "it was never published"),
        (
            replace(RECIPE, unrepeatable=("x.py:1 depends on the clock (now)",)),
            [made()],
            "x.py:1 depends on the clock (now)",
        ),
        (RECIPE, [made(code_version="other")], "its code or contract has changed"),
        (RECIPE, [made(platform_version="other")], "the platform or a library has changed"),
        (RECIPE, [made(platform_version=None)], "it was built by a release that did not record its own version"),
        (RECIPE, [made(inputs={"retail.party": 2, "till.sale": "f1"})], "retail.party changed"),
        (RECIPE, [made(inputs={"retail.party": 3, "till.sale": "f0"})], "till.sale changed"),
        (RECIPE, [made(inputs={"retail.party": 3})], "till.sale changed"),
        (RECIPE, [made(inputs={**RECIPE.inputs, "till.hour": "h"})], "till.hour changed"),
        # The same text is no number: a landing whose fingerprint is digits is no version.
        (RECIPE, [made(inputs={"retail.party": "3", "till.sale": "f1"})], "retail.party changed"),
        (RECIPE, [made(partitions=MONTHS)], "it had partitions before"),
    ],
)
def test_any_difference_is_named(recipe: Recipe, published: list[Publication], why: str) -> None:
    assert find_staleness(recipe, published) == Staleness(why, recipe.partitions)


def test_restored_and_withdrawn_versions_are_stale() -> None:
    decision = Decision(DecisionKind.ROLLBACK, "ada", "wrong rows", restored=3)
    brought_back = Staleness("version 5 restored the rows of an earlier one")
    assert find_staleness(RECIPE, [replace(made(), decision=decision)]) == brought_back
    withdrawn = Staleness("version 5 is withdrawn")
    assert find_staleness(RECIPE, [made()], is_withdrawn=lambda version: version == 5) == withdrawn
    assert find_staleness(RECIPE, [made()], is_withdrawn=lambda version: version == 4) is None


def test_each_partition_counts_by_the_last_version_that_wrote_it() -> None:
    january, rest = made(6, MONTHS[:1]), made(5, MONTHS)
    assert find_staleness(BY_MONTH, [january, rest]) is None
    assert find_staleness(BY_MONTH, [january, made(5, MONTHS, code_version="other")]) is not None
    assert find_staleness(BY_MONTH, [made(6, MONTHS, run_id="all"), made(5, MONTHS, code_version="other")]) is None
    withdrawn = Staleness("version 5 is withdrawn", MONTHS)
    assert find_staleness(BY_MONTH, [january, rest], is_withdrawn=lambda version: version == 5) == withdrawn
    unknown = "partition 2024-02-01 was never built, or its build is no longer recorded"
    assert find_staleness(BY_MONTH, [january]) == Staleness(unknown, MONTHS)
    assert find_staleness(replace(BY_MONTH, partitions=MONTHS[:1]), [january]) is None


def test_a_version_without_partitions_wrote_them_all() -> None:
    assert find_staleness(BY_MONTH, [made(6, MONTHS[:1]), made(5)]) is None


months = st.sets(st.sampled_from(MONTHS), min_size=1).map(lambda names: tuple(sorted(names)))
versions = st.lists(st.tuples(months, st.sampled_from(["code", "old"]), st.sampled_from([2, 3])), max_size=6)


@given(versions)
def test_a_table_is_right_just_if_every_last_writer_is(history: list[tuple[tuple[str, ...], str, int]]) -> None:
    """Against a table that is written out: which code and input each month's rows are from."""
    table: dict[str, tuple[str, int]] = {}
    published = []
    for number, (written, code, party) in enumerate(history):
        table |= dict.fromkeys(written, (code, party))
        inputs = {"retail.party": party, "till.sale": "f1"}
        published.insert(0, made(number, written, code_version=code, inputs=inputs))
    is_right = table == dict.fromkeys(MONTHS, ("code", 3))
    assert (find_staleness(BY_MONTH, published) is None) == is_right


# --- One partition at a time -----------------------------------------------------------------------------------------

JANUARY, FEBRUARY, MARCH = MONTHS
FINGERPRINTS = {"till.sale": {JANUARY: "a", FEBRUARY: "b", MARCH: "c"}}


def by_partition(fingerprints: dict[str, dict[str, str]], sale: str = "f2", account: int = 1) -> Recipe:
    """A recipe that reads `till.sale` by partition, and whose gate looks values up in `retail.account`."""
    return replace(
        BY_MONTH,
        inputs={"retail.party": 3, "till.sale": sale, "retail.account": account},
        by_partition=frozenset({"till.sale"}),
        looked_up=frozenset({"retail.account"}),
        fingerprints=lambda: fingerprints,
    )


def with_fingerprints(version: int = 5, partitions: tuple[str, ...] = MONTHS, **changes: object) -> Publication:
    kept = {"till.sale": {month: FINGERPRINTS["till.sale"][month] for month in partitions}}
    inputs = RECIPE.inputs | {"retail.account": 1}  # type: ignore[operator]
    return made(version, partitions, **({"input_partitions": kept, "inputs": inputs} | changes))


def test_partitions_whose_rows_are_the_same_stay() -> None:
    assert find_staleness(by_partition(FINGERPRINTS), [with_fingerprints()]) is None
    changed = {"till.sale": FINGERPRINTS["till.sale"] | {FEBRUARY: "new"}}
    found = Staleness("partition 2024-02-01: till.sale changed", (FEBRUARY,))
    assert find_staleness(by_partition(changed), [with_fingerprints()]) == found


def test_fingerprints_are_read_only_where_the_input_has_changed() -> None:
    def refuse() -> dict[str, dict[str, str]]:
        raise AssertionError

    recipe = replace(by_partition(FINGERPRINTS, sale="f1"), fingerprints=refuse)
    assert find_staleness(recipe, [with_fingerprints()]) is None
    assert find_staleness(replace(recipe, code_version="new"), [with_fingerprints()]) is not None
    # Another input than the declared one concerns every partition.
    changed = {"retail.party": 4, "till.sale": "f2", "retail.account": 2}
    found = find_staleness(replace(recipe, inputs=changed), [with_fingerprints()])
    assert found == Staleness("retail.party, till.sale changed", MONTHS)


@pytest.mark.parametrize("known", [None, {}, {"till.sale": {}}, {"till.hour": FINGERPRINTS["till.sale"]}])
def test_what_is_not_known_of_a_partition_makes_it_stale(known: dict[str, dict[str, str]] | None) -> None:
    assert find_staleness(by_partition(FINGERPRINTS), [with_fingerprints(input_partitions=known)]) == Staleness(
        "till.sale changed", MONTHS
    )
    assert find_staleness(by_partition(known or {}), [with_fingerprints()]) == Staleness("till.sale changed", MONTHS)


def test_partitions_that_nobody_has_built_are_built_alone() -> None:
    found = find_staleness(
        by_partition(FINGERPRINTS), [with_fingerprints(6, (JANUARY,)), with_fingerprints(5, (MARCH,))]
    )
    assert found is not None
    assert found.partitions == (FEBRUARY,)
    # A version that was withdrawn since, too.
    found = find_staleness(
        by_partition(FINGERPRINTS),
        [with_fingerprints(6, (JANUARY,)), with_fingerprints(5)],
        lambda version: version == 6,
    )
    assert found == Staleness("partition 2024-01-01: version 6 is withdrawn", (JANUARY,))


def test_restored_rows_make_all_of_it_stale() -> None:
    restored = replace(
        with_fingerprints(6, (JANUARY,)), decision=Decision(DecisionKind.WITHDRAW, "ada", "wrong", restored=3)
    )
    found = find_staleness(by_partition(FINGERPRINTS), [restored, with_fingerprints(5)])
    assert found == Staleness("version 6 restored the rows of an earlier one", MONTHS)


def test_what_the_gate_looks_up_counts_as_the_newest_version_has_it() -> None:
    recipe = by_partition(FINGERPRINTS, account=2)
    assert find_staleness(recipe, [with_fingerprints()]) == Staleness(
        "partition 2024-03-01: retail.account changed", (MARCH,)
    )
    followed = with_fingerprints(6, (MARCH,), inputs=recipe.inputs)
    assert find_staleness(recipe, [followed, with_fingerprints()]) is None
    # Whatever is built, the gate looks values up for the whole table.
    changed = {"till.sale": FINGERPRINTS["till.sale"] | {FEBRUARY: "new"}}
    found = find_staleness(by_partition(changed, account=2), [with_fingerprints()])
    assert found == Staleness("partition 2024-02-01: till.sale changed", (FEBRUARY,))
    # A version that did not follow it is not the newest one.
    older = with_fingerprints(5, inputs=recipe.inputs)
    assert find_staleness(recipe, [with_fingerprints(6, (MARCH,)), older]) is not None


stories = st.lists(
    st.tuples(months, st.sampled_from(["code", "old"]), st.integers(1, 2), st.sampled_from(["f1", "f2", "f3"])),
    max_size=6,
)
contents = st.fixed_dictionaries(
    {name: st.fixed_dictionaries({month: st.sampled_from("xyz") for month in MONTHS}) for name in ("f1", "f2", "f3")}
)


@given(stories, contents, st.sampled_from(["f1", "f2", "f3"]))
def test_each_partition_is_stale_just_if_its_own_rows_are(
    story: list[tuple[tuple[str, ...], str, int, str]], rows: dict[str, dict[str, str]], now: str
) -> None:
    """Against a table that is written out: code and own rows of each month, and what the last gate looked up."""
    table: dict[str, tuple[str, str]] = {}
    published = []
    for number, (written, code, account, sale) in enumerate(story):
        table |= {month: (code, rows[sale][month]) for month in written}
        facts = {
            "code_version": code,
            "inputs": {"retail.party": 3, "till.sale": sale, "retail.account": account},
            "input_partitions": {"till.sale": {month: rows[sale][month] for month in written}},
        }
        published.insert(0, made(number, written, **facts))
    due = tuple(month for month in MONTHS if table.get(month) != ("code", rows[now][month]))
    if not due and story[-1][2] != 1:
        due = (MARCH,)
    found = find_staleness(by_partition({"till.sale": rows[now]}, sale=now), published)
    assert (found.partitions if found else ()) == due
