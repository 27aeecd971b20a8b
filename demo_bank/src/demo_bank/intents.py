"""An invented corpus of customers' questions with their intent, in the files of a public corpus of that kind.

Every text occurs once; classes are uneven in the training file and even in the test file; a few texts hold
a line break inside their quotes, and there is neither client nor date.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import polars as pl

from demo_bank.draws import stream
from demo_bank.intent_phrases import ENDINGS, INTENTS, OPENERS, SLOTS
from demo_bank.writing import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

FOLDER: Final = "banking77"
FEWEST_TRAIN, MOST_TRAIN, TEST = 52, 70, 20
WITH_LINE_BREAK: Final = 0.03


def write_files(folder: Path, seed: int) -> dict[str, int]:
    """Write both parts of the corpus and the list of intents; return rows by file."""
    train, test = make_corpus(seed)
    (folder / "categories.json").write_text(json.dumps(list(INTENTS), indent=2) + "\n", encoding="ascii")
    return {
        "train": write_csv(folder / "train.csv.gz", [train], line_end="\r\n"),
        "test": write_csv(folder / "test.csv.gz", [test], line_end="\r\n"),
    }


def make_corpus(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the training and the test texts with their categories, by category."""
    rng = stream(seed, "intents")
    train, test = [], []
    for intent, templates in INTENTS.items():
        count = int(rng.integers(FEWEST_TRAIN, MOST_TRAIN + 1))
        texts = _texts(rng, templates, count + TEST)
        test += [(text, intent) for text in texts[:TEST]]
        train += [(text, intent) for text in texts[TEST:]]
    schema = {"text": pl.String, "category": pl.String}
    return tuple(pl.DataFrame(rows, schema=schema, orient="row") for rows in (train, test))  # type: ignore[return-value]


def _texts(rng: np.random.Generator, templates: tuple[str, ...], count: int) -> list[str]:
    """Return different texts from the templates, in the order in which they were drawn."""
    found: dict[str, None] = {}
    while len(found) < count:
        fillers = {slot: words[rng.integers(len(words))] for slot, words in SLOTS.items()}
        opener, ending = OPENERS[rng.integers(len(OPENERS))], ENDINGS[rng.integers(len(ENDINGS))]
        if rng.random() < WITH_LINE_BREAK:
            opener = "Hello,\n"
        found[f"{opener}{templates[rng.integers(len(templates))].format(**fillers)}{ending}"] = None
    return list(found)
