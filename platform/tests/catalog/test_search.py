"""Search: what is found first, typos, filters, and what a hit tells; the same on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from catalog_samples import NOW, Col, Samples
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from bankmesh.catalog.index.index_connection import Catalog
from bankmesh.catalog.index.index_update import rebuild
from bankmesh.catalog.search.product_search import SearchHit, search
from bankmesh.catalog.search.search_query import parse_search_query
from bankmesh.catalog.search.search_terms import joined
from bankmesh.errors import UnknownName

ENDING = """\
  - property: lifecycle
    value:
      - {status: active, date: "2026-01-05", by: ada, why: first readers}
      - {status: deprecated, date: "2026-05-01", by: ada, why: the second major is out}
"""
END = ENDING + '      - {status: retired, date: "2026-06-01", by: ada, why: nobody reads it}\n'
SUPPORT = """\
  - property: endOfSupport
    value: "2027-01-01"
  - property: replacedBy
    value: shop.customer_view@2
"""


@pytest.fixture
def shop(samples: Samples, catalog: Catalog) -> Catalog:
    """A handful of products; the customer view has two majors, and the old till is retired."""
    samples.contract(
        "shop.card_spending",
        Col("card_id", "The card."),
        Col("amount", "What was paid by card.", "confidential"),
        purpose="How much each card is used.",
        tags="cards",
    )
    samples.contract(
        "shop.customer_view",
        Col("birth_date", "When the customer was born.", "restricted"),
        version="1.1.0",
        status="deprecated",
        custom=ENDING + SUPPORT,
        purpose="One view of each customer.",
    )
    samples.contract(
        "shop.customer_view",
        Col("birth_date", "When the customer was born.", "restricted"),
        Col("phone", "How to call.", "restricted"),
        version="2.0.0",
        purpose="One view of each customer.",
    )
    samples.contract("shop.old_till", Col("paid"), version="1.2.0", status="retired", custom=END, purpose="Takings.")
    samples.contract(
        "desk.market_risk", Col("var_99", "Value at risk."), purpose="What may be lost.", owner="risk-team"
    )
    samples.contract("desk.opening_hour", Col("weekday", "Day.", "public"), purpose="When the desk opens.")
    samples.publish("shop.card_spending")
    samples.clock = NOW
    samples.publish("desk.market_risk")
    rebuild(samples.settings, None, catalog)
    return catalog


def find(catalog: Catalog, text: str, limit: int = 20, **filters) -> list[SearchHit]:
    with catalog.reading() as connection:
        return search(connection, parse_search_query(text, **filters), limit=limit, now=NOW + timedelta(hours=2))


def ids(catalog: Catalog, text: str, **filters) -> list[str]:
    return [hit.id for hit in find(catalog, text, **filters)]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("card spending", "shop.card_spending"),
        ("spending by card", "shop.card_spending"),
        ("cards", "shop.card_spending"),
        ("card_spending", "shop.card_spending"),
        ("cardspending", "shop.card_spending"),
        ("shop.card_spending", "shop.card_spending"),
        ("crad spending", "shop.card_spending"),
        ("spendnig", "shop.card_spending"),
        ("spend", "shop.card_spending"),
        ("spen", "shop.card_spending"),
        ("customer view", "shop.customer_view@2"),
        ("custmer", "shop.customer_view@2"),
        ("birth date", "shop.customer_view@2.birth_date"),
        ("phone", "shop.customer_view@2.phone"),
        ("value at risk", "desk.market_risk"),
        ("what may be lost", "desk.market_risk"),
        ("risk-team", "desk.market_risk"),
        ("opens", "desk.opening_hour"),
    ],
)
def test_what_is_found_first(shop: Catalog, asked: str, first: str) -> None:
    assert ids(shop, asked)[0] == first


def test_a_deprecated_major_is_below_the_new_one_and_a_retired_product_is_not_shown(shop: Catalog) -> None:
    found = ids(shop, "customer_view")
    assert found.index("shop.customer_view@2") < found.index("shop.customer_view")
    assert ids(shop, "old till") == []
    assert ids(shop, "old till", status=["retired"]) == ["shop.old_till"]


def test_nothing_is_found_where_nothing_is(shop: Catalog) -> None:
    assert ids(shop, "xyzzy") == []
    assert ids(shop, "of the") == []
    assert ids(shop, "!?") == []


def test_without_words_everything_that_the_filters_leave(shop: Catalog) -> None:
    assert ids(shop, "") == [
        "desk.market_risk",
        "desk.opening_hour",
        "shop.card_spending",
        "shop.customer_view",
        "shop.customer_view@2",
    ]
    assert len(find(shop, "", limit=2)) == 2


@pytest.mark.parametrize(
    ("filters", "products"),
    [
        ({"domain": ["desk"]}, {"desk.market_risk", "desk.opening_hour"}),
        ({"owner": ["RISK"]}, {"desk.market_risk"}),
        ({"owner": ["desk-help"]}, {"desk.market_risk", "desk.opening_hour"}),
        ({"classification": ["public"]}, {"desk.opening_hour"}),
        ({"classification": ["public", "confidential"]}, {"desk.opening_hour", "shop.card_spending"}),
        ({"freshness": ["fresh"]}, {"desk.market_risk"}),
        ({"freshness": ["late"]}, {"shop.card_spending"}),
        ({"freshness": ["never"], "domain": ["desk"]}, {"desk.opening_hour"}),
        ({"status": ["deprecated"]}, {"shop.customer_view"}),
        ({"status": ["retired"]}, {"shop.old_till"}),
    ],
)
def test_filters(shop: Catalog, filters, products) -> None:
    assert set(ids(shop, "", **filters)) == products


def test_filters_among_the_words(shop: Catalog) -> None:
    assert ids(shop, "domain:desk owner:risk") == ["desk.market_risk"]
    assert ids(shop, "birth date status:deprecated")[0] == "shop.customer_view.birth_date"
    # What no filter is called is a word like any other.
    assert ids(shop, "colour:card")[0] == "shop.card_spending"


def test_a_column_is_filtered_by_its_own_classification(shop: Catalog) -> None:
    hits = find(shop, "card", classification=["internal"])
    assert [hit.id for hit in hits] == ["shop.card_spending.card_id"]
    assert ids(shop, "card", classification=["confidential"]) == ["shop.card_spending", "shop.card_spending.amount"]


@pytest.mark.parametrize("wrong", ["status:alive", "classification:secret", "freshness:stale"])
def test_a_filter_that_cannot_be_names_those_that_can(wrong: str) -> None:
    with pytest.raises(UnknownName, match="Known: "):
        parse_search_query(wrong)


def test_a_hit_tells_what_matched(shop: Catalog) -> None:
    first = find(shop, "card spending")[0].to_json()
    assert first["matched"][0] == {"field": "name", "text": "**card**_**spending**"}
    assert {"field": "tags", "text": "**cards**"} in first["matched"]
    assert (first["kind"], first["status"], first["owner"]) == ("product", "active", "shop-data")
    assert (first["freshness"], first["classification"], first["column"]) == ("late", "confidential", None)
    column = next(hit for hit in find(shop, "when was the customer born") if hit.kind == "column")
    assert column.id == "shop.customer_view@2.birth_date"
    assert {match.field: match.text for match in column.matched}["description"] == "When the **customer** was **born**."
    assert column.classification == "restricted"


def test_a_name_without_any_of_the_words_is_told_as_what_matched(shop: Catalog) -> None:
    hit = find(shop, "marketrisk")[0]
    assert hit.id == "desk.market_risk"
    assert hit.matched[0].field == "name"
    assert "**" in hit.matched[0].text


def test_long_texts_are_cut_to_what_stands_around(samples: Samples, sqlite_catalog: Catalog) -> None:
    samples.contract("shop.sale", purpose=f"{'Nothing here. ' * 20}The needle is here. {'Nor there. ' * 20}")
    rebuild(samples.settings, None, sqlite_catalog)
    ((match,),) = (hit.matched for hit in find(sqlite_catalog, "needle"))
    assert "The **needle** is" in match.text
    assert match.text.startswith("…")
    assert match.text.endswith("…")
    assert len(match.text) < 200


def test_both_databases_answer_the_same(shop: Catalog, samples: Samples, tmp_path) -> None:
    with Catalog(f"sqlite:///{tmp_path / 'other.db'}") as other:
        rebuild(samples.settings, None, other)
        for text in ("card", "customer view", "custmer", "risk", "a", "owner:data", "what may be", "dat", "vieww"):
            assert find(shop, text) == find(other, text)


def test_an_owner_is_found_by_its_name_without_regard_to_capitals_and_accents(
    samples: Samples, catalog: Catalog
) -> None:
    samples.contract("shop.loan", purpose="All loans.", owner="Équipe Risque")
    samples.contract("shop.card", Col("risque", "Risque of the équipe."), purpose="Risque, risque.")
    rebuild(samples.settings, None, catalog)
    for asked in ("Équipe Risque", "ÉQUIPE RISQUE", "equipe risque"):
        assert ids(catalog, asked)[0] == "shop.loan"


@pytest.mark.parametrize(
    "asked", ["card \udcff", "card \x00", "shop.card_spending.\udcff", "shop.card_spending.a\x00b"]
)
def test_characters_that_a_database_refuses_are_not_sent_to_it(shop: Catalog, asked: str) -> None:
    assert ids(shop, asked)[0] == "shop.card_spending"


# --- any names ---

WORDS = [
    "account",
    "balance",
    "booking",
    "broker",
    "budget",
    "channel",
    "charge",
    "collateral",
    "customer",
    "deposit",
    "discount",
    "exchange",
    "exposure",
    "forecast",
    "guarantee",
    "household",
    "insurance",
    "journal",
    "ledger",
    "liquidity",
    "market",
    "merchant",
    "mortgage",
    "movement",
    "overdraft",
    "payment",
    "portfolio",
    "premium",
    "propensity",
    "recovery",
    "reference",
    "retention",
    "revenue",
    "scenario",
    "security",
    "segment",
    "settlement",
    "statement",
    "transaction",
    "treasury",
    "turnover",
    "volatility",
    "warning",
]
NAMES = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True).map("_".join),
    min_size=1,
    max_size=12,
    unique=True,
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory):
    """A hundred products with names of one to four words."""
    draw = random.Random(7)  # noqa: S311
    samples = Samples(tmp_path_factory.mktemp("many"))
    names: dict[str, None] = {}
    while len(names) < 100:
        names["_".join(draw.sample(WORDS, draw.choice((1, 2, 2, 3, 4))))] = None
    for name in names:
        columns = [Col(f"{draw.choice(WORDS)}_{n}", f"The {' '.join(draw.sample(WORDS, 4))}.") for n in range(4)]
        samples.contract(f"shop.{name}", *columns, purpose=f"The {' '.join(draw.sample(WORDS, 6))}.")
    with Catalog(f"sqlite:///{samples.folder}/catalog.db") as catalog:
        rebuild(samples.settings, None, catalog)
        yield catalog, sorted(names)


def test_any_exact_name_is_found_first(many) -> None:
    catalog, names = many
    for name in names:
        assert ids(catalog, name)[0] == f"shop.{name}"
        assert ids(catalog, name.replace("_", " "))[0] == f"shop.{name}"
        assert ids(catalog, f"shop.{name}")[0] == f"shop.{name}"


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def mistype(draw: st.DrawFn, name: str) -> str:
    at = draw(st.integers(0, len(name) - 1))
    kind = draw(st.sampled_from(["leave out", "put in", "replace", "swap"]))
    letter = draw(st.sampled_from(LETTERS))
    if kind == "swap":
        return name[:at] + name[at : at + 2][::-1] + name[at + 2 :]
    return name[:at] + ("" if kind == "leave out" else letter) + name[at + (kind != "put in") :]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_typo_in_any_name_still_finds_it_among_the_first_three(many, data) -> None:
    catalog, names = many
    name = data.draw(st.sampled_from([name for name in names if len(name) >= 5]))
    typed = data.draw(st.composite(mistype)(name))
    # Where what was typed is another product's name, that one was asked for.
    assume(all(OSA.distance(joined(typed), joined(other)) > 1 for other in names if other != name))
    assert f"shop.{name}" in ids(catalog, typed)[:3]


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=40))
def test_any_question_has_an_answer_and_no_error(many, text: str) -> None:
    catalog, _ = many
    hits = find(catalog, text.replace(":", " "))
    assert len({hit.id for hit in hits}) == len(hits)
