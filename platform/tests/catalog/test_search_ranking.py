"""Ranking as a pure function: what counts, and that stopping early gives the same as looking at everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bankmesh.catalog.search.search_rank import LIFE, Posting, RankedMatch, rank
from bankmesh.catalog.search.term_matches import EXACT, NEAR

PORTS = [f"shop.p{number}" for number in range(12)]
ACTIVE = dict.fromkeys(PORTS, "active")


def posting(term: str, port: str, weight: float = 0.0, **columns: float) -> Posting:
    """`c3=2.5`: the term weighs so much in the third column."""
    packed = " ".join(f"{name[1:]}:{value:.2f}:1" for name, value in columns.items())
    best = max((round(value, 2) for value in columns.values()), default=0.0)
    return Posting(term, port, weight, best, packed)


def ranked(asked: str, *postings: Posting, life=None, names=None, limit: int = 100) -> list[RankedMatch]:
    expansions = [{term: 1.0} for term in asked.split()]
    return rank(expansions, postings, life or ACTIVE, names or {}, lambda _: True, limit)


def order(*args, **kwargs) -> list[str]:
    return [r.port if r.column is None else f"{r.port}.{r.column}" for r in ranked(*args, **kwargs)]


def test_what_has_all_words_is_before_what_has_one_of_them_with_more_weight() -> None:
    both = (posting("card", "shop.p1", 2.0), posting("spend", "shop.p1", 2.0))
    assert order("card spend", *both, posting("card", "shop.p2", 6.0)) == ["shop.p1", "shop.p2"]


def test_a_rare_word_counts_for_more_than_a_frequent_one() -> None:
    frequent = [posting("amount", port, 2.0) for port in PORTS[:10]]
    assert order("amount rare", *frequent, posting("rare", "shop.p11", 2.0))[0] == "shop.p11"


def test_a_single_column_with_all_words_is_before_its_product() -> None:
    assert order("birth date", posting("birth", "shop.p1", c2=5.0), posting("date", "shop.p1", c2=5.0))[:2] == [
        "shop.p1.2",
        "shop.p1",
    ]


def test_a_product_with_a_word_in_each_of_several_columns_is_before_these() -> None:
    found = order("drawdown beta", posting("drawdown", "shop.p1", c1=5.0), posting("beta", "shop.p1", c2=5.0))
    assert found == ["shop.p1"]


def test_a_column_is_helped_by_what_its_product_is_called() -> None:
    found = order("party name", posting("party", "shop.p1", 8.0), posting("name", "shop.p1", c4=5.0))
    assert found == ["shop.p1", "shop.p1.4"]


def test_no_more_than_three_columns_of_a_product() -> None:
    found = ranked("amount", posting("amount", "shop.p1", c1=1.0, c2=4.0, c3=3.0, c4=2.0))
    assert [r.column for r in found] == [2, 3, 4, None]
    assert next(r for r in found if r.column is None).best == (2, 3, 4)


def test_life_and_names() -> None:
    postings = [posting("view", port, 8.0) for port in PORTS[:4]]
    life = dict(zip(PORTS, ["deprecated", "active", "draft", "retired"], strict=False))
    assert order("view", *postings, life=life) == ["shop.p1", "shop.p2", "shop.p0", "shop.p3"]
    named = {"shop.p0": EXACT, "shop.p3": NEAR}
    assert order("view", *postings, life=life, names=named)[:2] == ["shop.p0", "shop.p3"]
    # Who is called so is found without any of the words.
    assert order("veiw", life=life, names={"shop.p2": NEAR}) == ["shop.p2"]


def test_what_may_not_be_found_is_not() -> None:
    assert order("view", posting("view", "shop.p1", 8.0), life={"shop.p2": "active"}) == []


TERMS = ["a", "b", "c", "d"]
WEIGHTS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 8.0])
FEW = PORTS[:5]
POSTINGS = st.dictionaries(
    st.tuples(st.sampled_from(TERMS), st.sampled_from(FEW)),
    st.tuples(WEIGHTS, st.dictionaries(st.sampled_from(["c1", "c2", "c3", "c4", "c5"]), WEIGHTS, max_size=5)),
    max_size=12,
)
EXPANSIONS = st.lists(
    st.dictionaries(st.sampled_from(TERMS), st.sampled_from([0.4, 0.6, 1.0]), max_size=3), min_size=1, max_size=3
)


@given(
    expansions=EXPANSIONS,
    written=POSTINGS,
    statuses=st.tuples(*(st.sampled_from(sorted(LIFE)) for _ in FEW)),
    names=st.dictionaries(st.sampled_from(FEW), st.sampled_from([EXACT, NEAR]), max_size=2),
    limit=st.integers(1, 8),
    classes=st.booleans(),
)
def test_stopping_early_gives_the_same_as_looking_at_everything(
    expansions, written, statuses, names, limit, classes
) -> None:
    life = dict(zip(FEW, statuses, strict=True))
    postings = [posting(term, port, weight, **columns) for (term, port), (weight, columns) in written.items()]

    def wanted(item: RankedMatch) -> bool:
        return not classes or item.column is None or item.column % 2 == 0

    some = rank(expansions, postings, life, names, wanted, limit)
    everything = rank(expansions, postings, life, names, wanted, 1_000)
    assert some == everything[:limit]
    assert everything == sorted(everything, key=lambda r: r.order)
