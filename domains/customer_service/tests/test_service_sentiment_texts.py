"""How texts are scored and labelled, and how those of every source come together."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_service.defs.sentiment_analysis.transform import sentiment_analysis
from customer_service.texts import intents, sentiment
from customer_service.texts.gathering import gather_texts, review_numbers
from customer_service.texts.reading import read_texts

DAY = dt.date(2014, 5, 5)
HISTORY = "customer_service.customer_interaction_history"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Wonderful service, I am very happy. Thank you!", "POSITIVE"),
        ("They lost my card and were rude.\nTerrible, terrible bank.", "NEGATIVE"),
        ("The branch is on the square.", "NEUTRAL"),
        ("?!", "NEUTRAL"),
    ],
)
def test_texts_are_labelled_as_they_are_meant(text, label):
    assert sentiment.label(sentiment.sentiment_score(text)) == label


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (1, "POSITIVE"),
        (0.05, "POSITIVE"),
        (0.0499, "NEUTRAL"),
        (-0.0499, "NEUTRAL"),
        (-0.05, "NEGATIVE"),
        (-1, "NEGATIVE"),
    ],
)
def test_labels_follow_the_published_thresholds(score, label):
    assert sentiment.label(score) == label


def test_a_text_scores_the_mean_of_its_sentences():
    good, bad = "I love this bank.", "I hate the queue."
    scores = [sentiment.whole_text_score(text) for text in (good, bad)]
    assert scores[1] < 0 < scores[0]
    assert sentiment.sentiment_score(f"{good} {bad}") == round(sum(scores) / 2, 4)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("One\r\n\r\nTwo\n", ["One", "Two"]),
        ("It cost 3.50 today", ["It cost 3.50 today"]),
        ("Really?! Yes...  no", ["Really?!", "Yes...", "no"]),
        (" \n ", []),
    ],
)
def test_sentences_end_at_marks_and_lines(text, parts):
    assert sentiment.sentences(text) == parts


@given(st.text(max_size=200))
def test_any_text_has_a_score_within_bounds_and_none_of_it_is_lost(text):
    assert -1 <= sentiment.sentiment_score(text) <= 1
    assert "".join("".join(sentiment.sentences(text)).split()) == "".join(text.split())


def test_the_version_is_the_lexicons_and_stays():
    assert len(sentiment.sentiment_version()) == 16
    assert sentiment.sentiment_version() == sentiment.sentiment_version()


def review(text, stars=5, **more):
    return {"reviewed_on": DAY, "stars": stars, "text": text, "product": "Mortgage", "district_id": 1} | more


@pytest.fixture
def sources(rows):
    """Frames by parameter of the transform, of the rows that are given."""

    def make(*, reviews=(), narratives=(), texts=(), contacts=(), known=()):
        return {
            "reviews": rows("service_desk.review", *reviews),
            "narratives": rows("cfpb.narrative", *narratives),
            "interaction_texts": rows("service_desk.interaction_text", *texts),
            "interactions": rows(HISTORY, *contacts),
            "known_intents": rows("intents.train", *known),
        }

    return make


@pytest.fixture
def gathered(sources):
    def run(**given):
        frames = sources(**given)
        del frames["known_intents"]
        return gather_texts(**{name: frame.lazy() for name, frame in frames.items()}).sort("text_id").collect()

    return run


def test_a_review_without_words_is_no_text(gathered):
    found = gathered(reviews=[review("Fine."), review(None), review("  \n"), review("Fine.")])
    assert found["text"].to_list() == ["Fine.", "Fine."]


def test_reviews_go_by_the_numbers_of_their_contacts(gathered, build):
    reviews = [
        review("Fine."), review("Fine."), review("Fine.", 1), review(None), review("Dobrý „ano“ | no\nmore"),
        review("Fine.", district_id=2), review("Fine.", product="Bank"), review(None),
    ]  # fmt: skip
    inputs = {
        "service_desk.review": reviews, "service_desk.complaint": [], "call_centre.call": [],
        "retail.party": [{"party_id": 1}], "retail.account": [],
    }  # fmt: skip
    contacts = build("customer_interaction_history", inputs).rows
    found = gathered(reviews=reviews, contacts=contacts.select("interaction_id", "party_id", "contacted_on").to_dicts())
    assert found["text_id"].to_list() == found["interaction_id"].to_list()
    assert found.height == 6
    assert set(found["interaction_id"]) < set(contacts["interaction_id"])
    assert found["written_on"].to_list() == [DAY] * 6


@given(st.lists(st.text(max_size=3), max_size=20))
def test_reviews_have_numbers_of_their_own(written):
    found = review_numbers(written)
    assert len(set(found)) == len(found) == len(written)


def test_texts_of_contacts_have_their_party_and_day_and_narratives_neither(gathered):
    found = gathered(
        narratives=[{"narrative_id": 12, "text": "They charged me twice."}],
        texts=[{"interaction_id": "CR7", "text": "Where is my card?"}, {"interaction_id": "CALL-8", "text": "Hello"}],
        contacts=[
            {"interaction_id": "CR7", "party_id": 3, "contacted_on": DAY},
            {"interaction_id": "CALL-8", "contacted_on": DAY},
        ],
    )
    assert found.drop("text").rows() == [
        ("CFPB-12", "CFPB_NARRATIVE", None, None, None, None),
        ("TEXT-CALL-8", "INTERACTION", "CALL-8", None, DAY, None),
        ("TEXT-CR7", "INTERACTION", "CR7", 3, DAY, None),
    ]


KNOWN = [
    {"text": text, "intent": intent}
    for intent, texts in {
        "card_lost": [
            "I lost my card",
            "my card is lost",
            "lost the card yesterday",
            "cannot find my card",
            "card gone",
        ],
        "fee": ["why this fee", "you charged a fee", "the fee is wrong", "explain the monthly fee", "fee too high"],
    }.items()
    for text in texts
]


def test_the_contract_holds_over_texts_of_every_source(sources, contract, trial, rows):
    (number,) = review_numbers([f"{DAY}|5|1|Mortgage|I love it, thanks."])
    contacts = [
        {"interaction_id": number, "contacted_on": DAY, "stars": 5},
        {"interaction_id": "CR7", "party_id": 3, "contacted_on": DAY},
    ]
    frames = sources(
        reviews=[review("I love it, thanks.")],
        narratives=[{"narrative_id": 12, "text": "A terrible fee. Awful."}],
        texts=[{"interaction_id": "CR7", "text": "I lost my card"}],
        contacts=contacts,
        known=KNOWN,
    )
    references = {"retail.party": rows("retail.party", {"party_id": 3}), HISTORY: frames["interactions"]}
    found = trial(contract("sentiment_analysis"), frames, transform=sentiment_analysis, references=references)
    assert found.broken == ()
    read = found.rows.select("text_id", "label", "intent", "party_id", "stars").rows()
    assert read[0] == ("CFPB-12", "NEGATIVE", "fee", None, None)
    assert read[1][1:2] + read[1][3:] == ("POSITIVE", None, 5)
    assert read[2][2:] == ("card_lost", 3, None)
    assert found.rows["intent_confidence"].is_between(0.5, 1).all()
    assert found.rows["intent_model_version"].n_unique() == 1
    assert "text" not in found.rows.columns


def test_a_text_of_an_unknown_contact_is_refused(sources, contract, trial, rows):
    frames = sources(texts=[{"interaction_id": "CR7", "text": "Hello"}], contacts=[{"interaction_id": "CR8"}])
    references = {"retail.party": rows("retail.party", {"party_id": 3}), HISTORY: frames["interactions"]}
    found = trial(contract("sentiment_analysis"), frames, transform=sentiment_analysis, references=references)
    assert found.publication is None
    assert set(found.broken) == {
        "interaction_id__references_customer_interaction_history", "texts_of_contacts_name_them",
    }  # fmt: skip


def test_without_examples_there_are_scores_but_no_intents(sources, contract, trial, rows):
    frames = sources(narratives=[{"narrative_id": 1, "text": "Good."}], contacts=[{"interaction_id": "CR8"}])
    references = {"retail.party": rows("retail.party", {"party_id": 3}), HISTORY: frames["interactions"]}
    found = trial(contract("sentiment_analysis"), frames, transform=sentiment_analysis, references=references)
    assert found.broken == ()
    assert found.rows.select("label", "intent", "intent_confidence", "intent_model", "intent_model_version").rows() == [
        ("POSITIVE", None, None, None, None)
    ]


def test_batches_and_order_do_not_show():
    model = intents.train_intents(intents.Example(**row) for row in KNOWN)
    texts = pl.DataFrame(
        {"text_id": [f"T{n}" for n in range(60)], "text": [f"{KNOWN[n % 10]['text']} {n}" for n in range(60)]}
    )
    whole = read_texts(texts.lazy(), model).collect()
    parts = [read_texts(texts.slice(n, 7).lazy(), model).collect() for n in range(0, 60, 7)]
    assert pl.concat(reversed(parts)).sort("text_id").equals(whole.sort("text_id"))
    assert read_texts(texts.head(0).lazy(), model).collect().schema == whole.schema
