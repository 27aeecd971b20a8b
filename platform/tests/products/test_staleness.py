"""What makes a published version stale: everything that differs from what a build would be made of, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bankmesh.ports import Decision, Kind, Provenance, Publication
from bankmesh.products.staleness import Recipe, find_staleness

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
        (RECIPE, [made(platform_version=None)], "it was built by a release that did not note its own version"),
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
    assert find_staleness(recipe, published) == why


def test_restored_and_withdrawn_versions_are_stale() -> None:
    decision = Decision(Kind.ROLLBACK, "ada", "wrong rows", restored=3)
    assert find_staleness(RECIPE, [replace(made(), decision=decision)]) == (
        "version 5 brought the rows of an earlier one back"
    )
    assert find_staleness(RECIPE, [made()], is_withdrawn=lambda version: version == 5) == "version 5 is withdrawn"
    assert find_staleness(RECIPE, [made()], is_withdrawn=lambda version: version == 4) is None


def test_each_partition_counts_by_the_last_version_that_wrote_it() -> None:
    january, rest = made(6, MONTHS[:1]), made(5, MONTHS)
    assert find_staleness(BY_MONTH, [january, rest]) is None
    assert find_staleness(BY_MONTH, [january, made(5, MONTHS, code_version="other")]) is not None
    assert find_staleness(BY_MONTH, [made(6, MONTHS, run_id="all"), made(5, MONTHS, code_version="other")]) is None
    assert (
        find_staleness(BY_MONTH, [january, rest], is_withdrawn=lambda version: version == 5) == "version 5 is withdrawn"
    )
    only = find_staleness(BY_MONTH, [january])
    assert only == "nobody has built partition 2024-02-01, or it is not known any more by what it was built"
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
