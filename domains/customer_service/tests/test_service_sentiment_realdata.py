"""Texts of the real exports: intents of queries kept for testing, stars of reviews, and how long reading takes."""

import csv
import gzip
import itertools
import os
import time
from pathlib import Path

import polars as pl
import pytest

from customer_service.texts.gathering import TEXT_COLUMNS
from customer_service.texts.intents import Example, _trained, train_intents
from customer_service.texts.judging import judge_intents, judge_sentiment
from customer_service.texts.reading import read_texts

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get("BANKMESH_REALDATA") or ROOT / ".." / "shared" / "data").resolve()

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not (REAL / "banking77").is_dir(), reason="no real exports here"),
]


def table(name):
    with gzip.open(REAL / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def examples(name):
    return [Example(row["text"], row["category"]) for row in table(f"banking77/{name}.csv.gz")]


@pytest.fixture(scope="module")
def known():
    return examples("train")


@pytest.fixture(scope="module")
def trained(known):
    """The model, and the seconds of processor time that training took."""
    _trained.cache_clear()
    started = time.process_time()
    return train_intents(known), time.process_time() - started


def test_intents_of_queries_kept_for_testing(trained, known):
    found = {row["metric"]: row for row in judge_intents(trained[0], known, examples("test"))}
    assert (found["accuracy"]["cases"], found["intents"]["value"]) == (3080, 77)
    assert found["accuracy"]["lower"] >= 0.88
    assert found["accuracy_constant"]["value"] < 0.02
    assert found["calibration_error"]["value"] < 0.05
    assert found["repeated_queries"]["value"] == 0


def test_sentiment_against_the_stars_of_the_distinct_reviews():
    reviews = [
        {"stars": int(row["stars"]), "text": None if row["reviews"] == "No Review" else row["reviews"]}
        for row in table("retail_banking_demo/crm_reviews.csv.gz")
    ]
    frame = pl.DataFrame(reviews, schema={"stars": pl.Int32, "text": pl.String})
    found = {row["metric"]: row for row in judge_sentiment(frame)}
    assert found["auc"]["cases"] == 68
    assert found["auc"]["value"] == pytest.approx(0.90, abs=0.01)
    assert (found["auc"]["lower"], found["auc"]["upper"]) == pytest.approx((0.75, 0.96), abs=0.01)
    assert found["prevalence"]["value"] == pytest.approx(53 / 68, abs=1e-6)
    assert found["auc_whole_text"]["value"] < found["auc"]["value"]


@pytest.mark.slow
def test_ten_thousand_texts_are_read_in_less_than_two_minutes_of_one_processor(trained):
    model, training = trained
    narratives = [
        row["Consumer complaint narrative"] for row in table("cfpb_complaints/narratives_by_product_sample.csv.gz")
    ]
    texts = list(itertools.islice(itertools.cycle(narratives), 10_000))
    frame = pl.DataFrame({"text_id": [str(n) for n in range(10_000)], "text": texts}, schema_overrides=TEXT_COLUMNS)
    # Processor time, because other work on the machine does not affect it.
    started = time.process_time()
    read = read_texts(frame.lazy(), model).collect(engine="streaming")
    assert training + time.process_time() - started < 120
    assert read.height == 10_000
    assert read["intent"].null_count() == 0
