"""The classifier of intents on a few invented queries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_service.texts.intents import (
    HELD_OUT,
    Example,
    _trained,
    best_steepness,
    confidences,
    held_apart,
    train_intents,
)

QUERIES = {
    "card_lost": "card lost|I lost my card|where is my lost card|my card was stolen|card has gone|a thief took the card",
    "fee": "what is this fee|you charged a fee|the fee is too high|monthly fee again|fee explained please|no more fees",
    "transfer": "send money abroad|transfer has not arrived|wire to a friend|how long is a transfer|transfer back|pay in",
}
EXAMPLES = [Example(text, intent) for intent, texts in QUERIES.items() for text in texts.split("|")]


@pytest.fixture(scope="module")
def model():
    return train_intents(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("lost card!", "card_lost"),
        ("a FEE of ten crowns", "fee"),
        ("has my transfer arrived", "transfer"),
        ("trasnfer", "transfer"),
    ],
)
def test_new_wordings_are_understood(model, text, intent):
    (reading,) = model.read([text])
    assert reading.intent == intent
    assert 1 / 3 < reading.confidence <= 1


def test_nothing_known_is_read_with_little_confidence(model):
    known, unknown = model.read(["I lost my card", "0123456789"])
    assert unknown.confidence < known.confidence - 0.2


def test_the_order_of_examples_does_not_show(model):
    mixed = [EXAMPLES[place] for place in np.random.default_rng(1).permutation(len(EXAMPLES))]
    _trained.cache_clear()
    other = train_intents(mixed)
    assert other is not model
    texts = ["lost card", "a transfer fee", "hello"]
    assert other.version == model.version
    assert other.read(texts) == model.read(texts)


def test_the_same_examples_are_not_learnt_from_twice():
    assert train_intents(EXAMPLES[::-1]) is train_intents(EXAMPLES)


def test_the_version_follows_the_examples(model):
    changed = [EXAMPLES[0]._replace(intent="fee"), *EXAMPLES[1:]]
    assert train_intents(changed).version != model.version
    assert train_intents(EXAMPLES[1:]).version != model.version


@pytest.mark.parametrize("examples", [[], EXAMPLES[:6]])
def test_nothing_is_learnt_from_a_single_intent(examples):
    assert train_intents(examples) is None


def test_two_intents_of_one_example_each_are_enough_to_learn():
    model = train_intents([EXAMPLES[0], EXAMPLES[-1]])
    assert [reading.intent for reading in model.read([EXAMPLES[0].text, EXAMPLES[-1].text])] == [
        "card_lost",
        "transfer",
    ]
    assert model.read([]) == []


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_every_fifth_example_of_an_intent_is_held_apart(intents):
    kept, apart = held_apart([Example(str(n), intent) for n, intent in enumerate(intents)])
    assert sorted(kept + apart) == sorted(Example(str(n), intent) for n, intent in enumerate(intents))
    for intent in set(intents):
        assert sum(e.intent == intent for e in apart) == intents.count(intent) // HELD_OUT


def test_confidences_are_shares_that_grow_with_the_margin():
    found = confidences(np.array([[1.0, 0.0], [800.0, -800.0], [0.0, 0.0]]), 2.0)
    assert found.sum(axis=1) == pytest.approx([1, 1, 1])
    assert found[:, 0] == pytest.approx([1 / (1 + np.exp(-2)), 1, 0.5])


def test_the_steepness_is_the_one_that_margins_were_drawn_with():
    chance = np.random.default_rng(3)
    margins = chance.normal(size=(20_000, 3))
    drawn = np.array([chance.choice(3, p=row) for row in confidences(margins, 2.5)])
    assert best_steepness(margins, drawn) == pytest.approx(2.5, rel=0.05)


def test_a_few_cases_that_are_all_right_make_nobody_sure():
    steepness = best_steepness(np.array([[1.0, 0.0]] * 5), np.zeros(5, dtype=int))
    assert confidences(np.array([[1.0, 0.0]]), steepness)[0, 0] == pytest.approx(6 / 7)


def test_the_steepness_is_bounded_where_margins_say_nothing_or_the_opposite():
    assert best_steepness(np.array([[0.0, 1.0]] * 50), np.zeros(50, dtype=int)) == pytest.approx(0.01, rel=0.01)
